/* Send the body in the form to the operation beside it and show what comes back. The page is whole without this. */
(() => {
  "use strict";
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const path = form.dataset?.apTry;
    if (!path) return;
    event.preventDefault();
    const status = form.querySelector("[data-ap-status]");
    const answer = form.querySelector("[data-ap-answer]");
    const address = form.elements.changes.checked ? `${path}?changes=true` : path;
    const started = performance.now();
    try {
      const response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: form.querySelector("textarea").value,
        credentials: "omit",
      });
      const text = await response.text();
      const took = Math.round(performance.now() - started);
      status.textContent = `${response.status} · ${took} ms · ${response.headers.get("Content-Type")}`;
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it came */ }
      answer.textContent = shown;
    } catch (error) {
      status.textContent = String(error);
      answer.textContent = "";
    }
    answer.hidden = !answer.textContent;
  });
})();
