// A link that leads into something folded unfolds it, and the printer gets all folds open.
(() => {
  "use strict";
  const CLOSED = "details.fold:not([open])";
  const reveal = () => {
    // An explorer's address goes on with its settings.
    const target = document.getElementById(location.hash.slice(1).split("?")[0]);
    const fold = target?.closest(CLOSED);
    const box = target?.closest(".admonition.toggle-hidden");
    if (fold) fold.open = true;
    box?.querySelector("button.toggle-button")?.click();
    if (fold || box) target.scrollIntoView();
  };
  window.addEventListener("load", reveal);
  window.addEventListener("hashchange", reveal);
  // Followed a second time, a link changes no address.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href*='#']");
    if (link && link.href === location.href) reveal();
  });
  let opened = [];
  // Captured, so that this comes before early.js measures what will be printed.
  window.addEventListener(
    "beforeprint",
    () => {
      opened = [...document.querySelectorAll(CLOSED)];
      for (const fold of opened) fold.open = true;
    },
    true,
  );
  window.addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
    opened = [];
  });
})();
