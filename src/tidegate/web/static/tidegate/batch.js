/* The batch page works without this file. It shows the chosen file, refuses what is too large before it is sent, takes
   a dropped one, and opens the layer that a rule's link leads to. */
(() => {
  "use strict";
  const form = document.querySelector("[data-ba-upload]");
  if (form) {
    const input = form.querySelector("input[type=file]");
    const drop = form.querySelector("[data-ba-drop]");
    const said = form.querySelector("[data-ba-chosen]");
    const button = form.querySelector("[data-ba-busy]");
    const label = button.textContent;
    const size = (bytes) => {
      const units = ["B", "KB", "MB", "GB"];
      let n = bytes, unit = 0;
      while (n >= 1024 && unit < 3) { n /= 1024; unit += 1; }
      return `${unit ? n.toFixed(1) : n} ${units[unit]}`;
    };
    const named = (files) => files.slice(0, 3).map((f) => f.name).join(", ") + (files.length > 3 ? ` + ${files.length - 3}` : "");
    const show = () => {
      const files = [...input.files];
      const total = files.reduce((sum, file) => sum + file.size, 0);
      const large = total > Number(form.dataset.largest);
      said.textContent = large ? said.dataset.tooLarge : files.length ? `${named(files)} · ${size(total)}` : "";
      said.classList.toggle("ba-wrong", large);
      button.disabled = large;
    };
    // Another file: what was wrong with the last one is no longer true.
    const chosen = () => { show(); form.querySelector("#upload-errors")?.remove(); input.removeAttribute("aria-invalid"); };
    input.addEventListener("change", chosen);
    for (const type of ["dragenter", "dragover"]) drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("ba-over"); });
    for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("ba-over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; chosen(); }
    });
    form.addEventListener("submit", () => { button.disabled = true; button.textContent = button.dataset.baBusy; });
    // A page that comes back from the browser's memory still says "uploading".
    window.addEventListener("pageshow", () => { button.textContent = label; show(); });
  }

  // On a phone the filters take a line until they are asked for.
  const filters = document.querySelector(".ba-filter-more:not([data-ba-filtered])");
  if (filters && window.matchMedia("(max-width: 767.98px)").matches) filters.open = false;

  const reveal = (hash) => document.getElementById(hash.slice(1))?.closest("details")?.setAttribute("open", "");
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#rule-"]');
    if (link) reveal(link.getAttribute("href"));
  });
  if (location.hash.startsWith("#rule-")) { reveal(location.hash); document.getElementById(location.hash.slice(1))?.scrollIntoView(); }
})();
