// The controls of an explorer on a page: they flip through figures that were drawn ahead.
(() => {
  "use strict";

  // --- Frames ------------------------------------------------------------------------------

  // Runs in a worker too, from its own source text: it must need nothing from around it.
  const unpack = async (packed) => {
    const letters = atob(packed);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };

  const serve = (unpack) => {
    self.onmessage = ({ data }) =>
      unpack(data).then(
        (kept) => self.postMessage(kept),
        () => self.postMessage(null),
      );
  };

  // Beside the page, so that reading and typing never wait for megabytes of text. A worker made
  // from text works from a file as well.
  const unpackBeside = (packed) => {
    const source = new Blob([`(${serve})(${unpack})`], { type: "text/javascript" });
    const address = URL.createObjectURL(source);
    let worker;
    return new Promise((resolve, reject) => {
      worker = new Worker(address);
      worker.onmessage = ({ data }) => (data ? resolve(data) : reject());
      worker.onerror = (event) => {
        event.preventDefault();
        reject(event);
      };
      worker.postMessage(packed);
    }).finally(() => {
      worker?.terminate();
      URL.revokeObjectURL(address);
    });
  };

  const whenIdle = window.requestIdleCallback ?? ((task) => setTimeout(task, 200));

  // --- Controls ----------------------------------------------------------------------------

  const CALM = 1000; // milliseconds a frame, for readers who asked for less motion
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  class Control {
    constructor(element) {
      this.name = element.dataset.name;
      this.values = JSON.parse(element.dataset.values);
      this.shared = element.dataset.shared;
      this.range = element.querySelector("input[type=range]");
      this.radios = [...element.querySelectorAll("input[type=radio]")];
      this.output = element.querySelector("output");
      this.play = element.querySelector(".explorer-play");
      this.timer = null;
    }

    get at() {
      return this.range
        ? Number(this.range.value)
        : this.radios.findIndex((radio) => radio.checked);
    }

    set at(index) {
      if (this.range) this.range.value = index;
      else this.radios[index].checked = true;
    }

    get value() {
      return this.values[this.at];
    }

    // The place of the value, or of the nearest number; -1 for what is no value of this control.
    place(value) {
      if (!this.range) return this.values.indexOf(String(value));
      const number = String(value).trim() === "" ? NaN : Number(value);
      if (!Number.isFinite(number)) return -1;
      const far = this.values.map((own) => Math.abs(own - number));
      return far.indexOf(Math.min(...far));
    }

    show({ shown, spoken }) {
      if (!this.range) return;
      this.output.innerHTML = shown[this.at];
      this.range.setAttribute("aria-valuetext", spoken[this.at]);
    }

    stop() {
      if (this.timer === null) return;
      clearInterval(this.timer);
      this.timer = null;
      this.play.setAttribute("aria-pressed", "false");
    }
  }

  const explorers = [];

  class Explorer {
    constructor(element) {
      this.element = element;
      this.figure = element.querySelector(".explorer-figure");
      this.readout = element.querySelector(".explorer-readout");
      this.packed = element.querySelector(".explorer-frames");
      this.heard = element.querySelector(".explorer-heard");
      this.controls = [...element.querySelectorAll(".explorer-control")].map(
        (control) => new Control(control),
      );
      this.awaited = false;
      for (const control of this.controls) {
        for (const input of control.range ? [control.range] : control.radios) {
          input.addEventListener("input", () => {
            control.stop();
            this.moved(control);
          });
        }
        if (control.play) this.makePlayable(control);
      }
      this.told = element.querySelector(".explorer-told");
      element.querySelector(".explorer-link").addEventListener("click", () => this.giveLink());
    }

    frames() {
      return (this.unpacking ??= unpackBeside(this.packed.textContent).catch(() =>
        unpack(this.packed.textContent),
      ));
    }

    // After a move of one's own: the figure here, and what answers to the same parameter.
    moved(control) {
      this.update();
      this.announce();
      if (control.shared === undefined) return;
      for (const other of explorers) {
        for (const follower of other.controls) {
          if (follower === control || follower.shared !== control.shared) continue;
          const at = follower.place(control.value);
          if (at < 0 || at === follower.at) continue;
          follower.stop();
          follower.at = at;
          other.update();
        }
      }
    }

    async update() {
      if (this.awaited) return; // the frame that is on its way will read the newest positions
      this.awaited = true;
      let kept;
      try {
        [kept] = await Promise.all([this.frames(), new Promise(requestAnimationFrame)]);
      } catch {
        this.told.textContent = "This browser cannot unpack the other frames";
        return;
      } finally {
        this.awaited = false;
      }
      let index = 0;
      this.controls.forEach((control, i) => {
        index = index * control.values.length + control.at;
        control.show(kept.axes[i]);
      });
      const [panels, description, alternative] = kept.frames[index];
      this.figure.innerHTML = panels.map((i) => kept.panels[i]).join("");
      this.figure.setAttribute("aria-label", alternative);
      if (this.readout) this.readout.innerHTML = description;
    }

    // A slider speaks its value at every move; what the figure then shows is said once the reader
    // rests. It is taken back, lest who reads on meets the same sentence twice.
    announce() {
      clearTimeout(this.resting);
      this.resting = setTimeout(() => {
        if (this.awaited || this.controls.some(({ timer }) => timer !== null)) {
          this.announce();
          return;
        }
        this.heard.textContent = this.figure.getAttribute("aria-label");
        this.resting = setTimeout(() => (this.heard.textContent = ""), 5000);
      }, 700);
    }

    makePlayable(control) {
      const { range, play } = control;
      const last = Number(range.max);
      const advance = () => {
        control.at += 1;
        if (control.at === last) control.stop();
        this.moved(control);
      };
      play.addEventListener("click", () => {
        if (control.timer !== null) return control.stop();
        if (control.at === last) control.at = 0;
        play.setAttribute("aria-pressed", "true");
        const pace = Math.min(Math.max(6000 / last, 120), 500); // about six seconds in all
        control.timer = setInterval(advance, calm.matches ? CALM : pace);
        this.moved(control);
      });
    }

    // --- A link to the state, as in gain.html#explorer-1?share=0.3&batch_size=1

    async giveLink() {
      const state = this.controls.map(({ name, value }) => [name, value]);
      const page = location.href.split("#")[0];
      const address = `${page}#${this.element.id}?${new URLSearchParams(state)}`;
      try {
        await navigator.clipboard.writeText(address);
        this.told.textContent = "Link copied";
      } catch {
        history.replaceState(history.state, "", address);
        this.told.textContent = "Link is in the address bar";
      }
      clearTimeout(this.telling);
      this.telling = setTimeout(() => (this.told.textContent = ""), 4000);
    }

    restore(state) {
      for (const control of this.controls) {
        const at = state.has(control.name) ? control.place(state.get(control.name)) : -1;
        if (at < 0) continue;
        control.stop();
        control.at = at;
        this.moved(control);
      }
    }
  }

  // The state that the address holds, if it does; other fragments are the browser's.
  const arrive = () => {
    const [id, query] = location.hash.slice(1).split("?");
    const explorer = explorers.find(({ element }) => element.id === id);
    if (query === undefined || !explorer) return;
    explorer.restore(new URLSearchParams(query));
    goTo(explorer.element);
  };

  const goTo = (element) => {
    for (let box = element; (box = box.parentElement?.closest("details")); ) box.open = true;
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
    let away = false;
    const settle = () => away || element.scrollIntoView({ behavior: "instant" });
    settle();
    // Formulas are set later and push it away; a reader who has moved on by then is left alone.
    for (const act of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      addEventListener(act, () => (away = true), { once: true, passive: true });
    }
    const formulas = () => window.MathJax?.startup?.promise?.then(settle);
    if (document.readyState === "complete") formulas();
    else addEventListener("load", formulas, { once: true });
  };

  // Unpacked before the first move, but not before the page has been drawn.
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        const explorer = explorers.find(({ element }) => element === target);
        whenIdle(() => explorer.frames().catch(() => {}));
      }
    },
    { rootMargin: "300px" },
  );

  for (const packed of document.querySelectorAll(".explorer-frames")) {
    const explorer = new Explorer(packed.closest(".explorer"));
    explorers.push(explorer);
    near.observe(explorer.element);
  }
  addEventListener("hashchange", arrive);
  arrive();
})();
