// A formula or a table wider than its column scrolls; then, and only then, the keyboard must
// reach it.
(() => {
  "use strict";
  const mark = (element) => {
    if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  };
  const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  window.addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    const wide = "mjx-container, .pst-scrollable-table-container";
    const elements = document.querySelectorAll(wide);
    for (const element of elements) watch.observe(element);
    await document.fonts.ready; // letters may change their width, the column does not
    elements.forEach(mark);
  });
})();
