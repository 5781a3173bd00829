// Before the first paint, and before the theme's scripts, which would settle the reader's colour
// scheme only after it and report to the console.
(() => {
  "use strict";
  const page = document.documentElement;
  page.dataset.mode ||= "auto";
  if (page.dataset.mode === "auto") {
    page.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  // What book.css needs to set a formula no wider than the paper: its width in ems of its size.
  addEventListener("beforeprint", () => {
    for (const formula of document.querySelectorAll('mjx-container[display="true"]')) {
      const size = parseFloat(getComputedStyle(formula).fontSize);
      const width = formula.querySelector("mjx-math")?.offsetWidth ?? 0;
      const number = formula.parentElement.querySelector(".eqno")?.offsetWidth ?? 0;
      formula.style.setProperty("--size", `${size}px`);
      formula.style.setProperty("--ems", (width / size).toFixed(2));
      formula.style.setProperty("--number", `${number}px`);
    }
  });
  const log = console.log;
  console.log = (...words) => {
    // The toggle buttons also hand over, as an element, every box they open for the printer.
    const idle = words[0] instanceof Element || /^\[(PST|togglebutton)\]/.test(words[0]);
    if (!idle) log.apply(console, words);
  };
})();
