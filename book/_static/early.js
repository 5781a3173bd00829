// Before the first paint, and before the theme's scripts, which would settle the reader's colour
// scheme only after it and report to the console.
(() => {
  "use strict";
  const page = document.documentElement;
  page.dataset.mode ||= "auto";
  if (page.dataset.mode === "auto") {
    page.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  // What book.css needs to set a formula no wider than the paper: its width in ems of its size. In
  // a line of text only a long one could be too wide.
  const LONG = 250; // pixels
  addEventListener("beforeprint", () => {
    const found = [];
    for (const formula of document.querySelectorAll("mjx-container")) {
      const width = formula.querySelector("mjx-math")?.offsetWidth ?? 0;
      if (formula.getAttribute("display") !== "true" && width < LONG) continue;
      const size = parseFloat(getComputedStyle(formula).fontSize);
      const number = formula.parentElement.querySelector(".eqno")?.offsetWidth ?? 0;
      found.push([formula, size, width, number]);
    }
    for (const [formula, size, width, number] of found) {
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
