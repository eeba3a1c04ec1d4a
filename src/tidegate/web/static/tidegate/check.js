/* The check page is a plain GET form; htmx makes it live. This file only minds focus and empty rows. */
(() => {
  "use strict";
  const form = document.getElementById("check");
  if (!form) return;

  // A question that was answered leaves the page: the next one takes the focus, so that a keyboard goes on there.
  let asked = null;
  form.addEventListener("htmx:before:request", () => {
    const active = document.activeElement;
    asked = active && active.closest("#ask") ? "ask-title" : active && active.closest("#checks") ? "checks-title" : null;
  });
  form.addEventListener("htmx:after:swap", () => {
    const lost = !document.activeElement || document.activeElement === document.body || !document.activeElement.isConnected;
    if (asked && lost) {
      const next = document.getElementById(asked) || document.getElementById("verdict-title");
      if (next) next.focus({ preventScroll: false });
    }
    asked = null;
    document.title = document.getElementById("verdict")?.dataset.title || document.title;
  });

  // "Fill in below" leads to the field.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-ck-goto]");
    const field = link && document.getElementById(link.getAttribute("href").slice(1));
    if (field) { event.preventDefault(); field.closest("details")?.setAttribute("open", ""); field.focus(); }
  });

  // A further State on the way: one empty list is always left.
  const rows = document.getElementById("via-rows");
  rows?.addEventListener("change", () => {
    const lists = [...rows.querySelectorAll("select")];
    const last = lists[lists.length - 1];
    if (last.value && lists.length < 8) {
      const next = last.cloneNode(true);
      next.id = `via-${lists.length}`;
      next.value = "";
      last.after(next);
    }
  });

  // The bar with the verdict at the foot of a phone hides while the verdict itself is in sight.
  if ("IntersectionObserver" in window) {
    let seen = false;
    const bar = () => document.querySelectorAll("[data-ck-bar]").forEach((one) => { one.hidden = seen; });
    const watch = new IntersectionObserver((entries) => { seen = entries[entries.length - 1].isIntersecting; bar(); }, { rootMargin: "0px 0px -60px" });
    const follow = () => { const title = document.getElementById("verdict-title"); watch.disconnect(); if (title) watch.observe(title); bar(); };
    form.addEventListener("htmx:after:swap", follow);
    follow();
  }

  // A rule named beside a paper: open its layer before the browser jumps there.
  const reveal = () => {
    const target = location.hash.startsWith("#rule-") && document.getElementById(location.hash.slice(1));
    if (target) { target.closest("details")?.setAttribute("open", ""); target.scrollIntoView(); }
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#rule-"]');
    if (!link) return;
    document.getElementById(link.getAttribute("href").slice(1))?.closest("details")?.setAttribute("open", "");
  });
  window.addEventListener("hashchange", reveal);
  reveal();
})();
