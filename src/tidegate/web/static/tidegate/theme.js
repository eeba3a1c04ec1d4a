/* Runs before the page is painted, so that a dark page never flashes white. Without JavaScript the
   style sheet follows the system's own preference. */
(() => {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const kept = () => {
    try { return localStorage.getItem("tidegate-theme"); } catch { return null; }
  };
  const apply = () => {
    const choice = kept();
    root.dataset.bsTheme = choice === "dark" || choice === "light" ? choice : system.matches ? "dark" : "light";
  };
  apply();
  root.classList.add("js");
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  window.tidegateTheme = {
    toggle() {
      const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
      try { localStorage.setItem("tidegate-theme", next); } catch { /* private window: this page only */ }
      root.dataset.bsTheme = next;
      return next;
    },
  };
})();
