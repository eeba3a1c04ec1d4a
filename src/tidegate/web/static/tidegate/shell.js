/* Small helps that every page shares. Each page works without this file. */
(() => {
  "use strict";
  const on = (type, selector, act) =>
    document.addEventListener(type, (event) => {
      const found = event.target instanceof Element ? event.target.closest(selector) : null;
      if (found) act(found, event);
    });

  // Light or dark.
  const say = (button) => button.setAttribute("aria-pressed", String(document.documentElement.dataset.bsTheme === "dark"));
  document.querySelectorAll("[data-td-theme]").forEach((button) => { button.hidden = false; say(button); });
  on("click", "[data-td-theme]", (button) => { window.tidegateTheme.toggle(); say(button); });

  // A form that sends itself when its choice changes (the language).
  on("change", "[data-td-autosubmit]", (control) => control.form.requestSubmit());

  // Copy a text; the button says that it was done, and so does the screen reader.
  on("click", "[data-td-copy]", async (button) => {
    const text = button.dataset.tdCopy || location.href;
    try { await navigator.clipboard.writeText(text); } catch { window.prompt(button.dataset.tdPrompt || "", text); return; }
    const label = button.querySelector("[data-td-label]") || button;
    const before = label.textContent;
    label.textContent = button.dataset.tdDone || before;
    announce(label.textContent);
    setTimeout(() => { label.textContent = before; }, 2000);
  });
  on("click", "[data-td-print]", () => window.print());

  // One polite voice for the whole page.
  const voice = document.getElementById("td-voice");
  function announce(text) { if (voice) { voice.textContent = ""; setTimeout(() => { voice.textContent = text; }, 50); } }
  window.tidegate = { announce, on };

  // A menu (<details data-td-menu>) closes on Escape and on a click elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = event.target.closest?.("details[data-td-menu][open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[data-td-menu][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
})();
