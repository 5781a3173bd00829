// Before the first paint, and before the theme's scripts, which would settle the reader's colour
// scheme only after it and report to the console.
(() => {
  "use strict";
  const page = document.documentElement;
  page.dataset.mode ||= "auto";
  if (page.dataset.mode === "auto") {
    page.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  const log = console.log;
  console.log = (...words) => {
    if (!/^\[(PST|togglebutton)\]/.test(words[0])) log.apply(console, words);
  };
})();
