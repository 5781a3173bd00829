// The controls of an explorer on a page: they flip through figures that were drawn ahead.
(() => {
  "use strict";

  const unpack = async (packed) => {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).json();
  };

  const whenIdle = window.requestIdleCallback ?? ((task) => setTimeout(task, 200));

  const enliven = (explorer, packed) => {
    const figure = explorer.querySelector(".explorer-figure");
    const readout = explorer.querySelector(".explorer-readout");
    const controls = [...explorer.querySelectorAll(".explorer-control")].map((element) => ({
      range: element.querySelector("input[type=range]"),
      radios: [...element.querySelectorAll("input[type=radio]")],
      output: element.querySelector("output"),
      play: element.querySelector(".explorer-play"),
    }));

    const position = ({ range, radios }) =>
      range ? Number(range.value) : radios.findIndex((radio) => radio.checked);

    let unpacking;
    const frames = () => (unpacking ??= unpack(packed.textContent));

    let awaited = false;
    const update = async () => {
      if (awaited) return; // the frame that is on its way will read the newest positions
      awaited = true;
      const [kept] = await Promise.all([frames(), new Promise(requestAnimationFrame)]);
      awaited = false;
      let index = 0;
      controls.forEach((control, i) => {
        const { shown, spoken } = kept.axes[i];
        const at = position(control);
        index = index * shown.length + at;
        if (control.range) {
          control.output.innerHTML = shown[at];
          control.range.setAttribute("aria-valuetext", spoken[at]);
        }
      });
      const [panels, description, alternative] = kept.frames[index];
      figure.innerHTML = panels.map((i) => kept.panels[i]).join("");
      figure.setAttribute("aria-label", alternative);
      if (readout) readout.innerHTML = description;
    };

    const playable = ({ range, play }) => {
      const last = Number(range.max);
      let timer = null;
      const stop = () => {
        clearInterval(timer);
        timer = null;
        play.setAttribute("aria-pressed", "false");
      };
      const advance = () => {
        range.value = Number(range.value) + 1;
        update();
        if (Number(range.value) === last) stop();
      };
      play.addEventListener("click", () => {
        if (timer !== null) return stop();
        if (Number(range.value) === last) range.value = 0;
        update();
        play.setAttribute("aria-pressed", "true");
        timer = setInterval(advance, Math.min(Math.max(6000 / last, 120), 500));
      });
      range.addEventListener("input", stop);
    };

    controls.forEach((control) => {
      for (const input of control.range ? [control.range] : control.radios) {
        input.addEventListener("input", update);
      }
      if (control.play) playable(control);
    });

    // Unpacked before the first move, but not before the page has been drawn.
    new IntersectionObserver(
      (entries, observer) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        whenIdle(frames);
      },
      { rootMargin: "300px" },
    ).observe(explorer);
  };

  for (const packed of document.querySelectorAll(".explorer-frames")) {
    enliven(packed.closest(".explorer"), packed);
  }
})();
