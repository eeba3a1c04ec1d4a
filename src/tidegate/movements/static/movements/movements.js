/* Helps of the pages of movements. Each page works without this file. */
(() => {
  "use strict";
  // A decision: show what the chosen outcome, and what the chosen kind of condition, has fields for.
  const hide = (element, hidden) => element.toggleAttribute("data-mv-hidden", hidden);
  const decide = document.querySelector("[data-mv-decide]");
  if (decide) {
    const show = () => {
      const chosen = decide.querySelector('input[name="outcome"]:checked')?.value;
      decide.querySelectorAll("[data-mv-for]").forEach((part) => hide(part, !part.dataset.mvFor.split(" ").includes(chosen)));
      decide.querySelectorAll("[data-mv-condition]").forEach((row) => {
        const kind = row.querySelector("select").value;
        row.querySelectorAll("[data-mv-kinds]").forEach((part) => hide(part, !kind || !part.dataset.mvKinds.split(" ").includes(kind)));
      });
    };
    decide.addEventListener("change", show);
    show();
  }
  // A draft: what the page keeps by itself may reach the server after what was typed later. Each says its turn.
  const turns = document.querySelector("[data-mv-turns]");
  let turn = 0;
  turns?.addEventListener("formdata", (event) => {
    turn = Math.max(turn + 1, Date.now());
    event.formData.set("turn", turn);
  });
})();
