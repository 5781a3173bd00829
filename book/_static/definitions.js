// Definitions of terms and symbols, shown where a reader points, tabs or touches. They can be
// pointed at themselves, stay until left, and go away with Escape; without scripts the links lead
// to the glossary.
(() => {
  "use strict";
  const APPEAR = 150, LEAVE = 250, GAP = 6; // milliseconds, milliseconds, pixels
  let link = null, box = null, timer = 0, touched = false;

  const linkAt = (target) => (target instanceof Element ? target.closest("a.defined") : null);
  const boxOf = (one) => document.getElementById(one.getAttribute("aria-describedby"));

  function place() {
    const at = link.getClientRects()[0] ?? link.getBoundingClientRect();
    const width = document.documentElement.clientWidth;
    const left = Math.min(at.left, width - box.offsetWidth - GAP);
    const below = at.bottom + GAP + box.offsetHeight <= innerHeight || at.top < innerHeight / 2;
    box.style.left = `${Math.max(GAP, left)}px`;
    box.style.top = `${below ? at.bottom + GAP : at.top - GAP - box.offsetHeight}px`;
  }

  function show(one) {
    clearTimeout(timer);
    if (one === link) return;
    hide();
    box = boxOf(one);
    if (box === null) return;
    link = one;
    box.hidden = false;
    place();
  }

  function hide() {
    clearTimeout(timer);
    if (box !== null) box.hidden = true;
    link = box = null;
  }

  function later(task, wait) {
    clearTimeout(timer);
    timer = setTimeout(task, wait);
  }

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const one = linkAt(event.target);
    if (one !== null) later(() => show(one), APPEAR);
    else if (box?.contains(event.target)) clearTimeout(timer);
    else if (link === null) clearTimeout(timer);
    else if (link !== document.activeElement) later(hide, LEAVE);
  });
  document.addEventListener("focusin", (event) => {
    const one = linkAt(event.target);
    if (one?.matches(":focus-visible")) show(one);
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === link) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    if (box?.contains(event.target) || linkAt(event.target) === link) return;
    hide();
  });
  // The first touch shows, the second one follows the link.
  document.addEventListener("click", (event) => {
    const one = linkAt(event.target);
    if (one === null || !touched || one === link) return;
    event.preventDefault();
    show(one);
  });
  addEventListener("scroll", () => link !== null && place(), { passive: true });
  addEventListener("resize", () => link !== null && place());
})();
