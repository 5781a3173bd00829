// The laboratory's page: settings, pictures, numbers, sweeps, and the way back to Python.
//
// It computes nothing that is long: runs are made by bench.js, in workers, and drawn by chart.js.
(() => {
  "use strict";

  const root = document.getElementById("laboratory");
  if (!root) return;
  const { make: makeChart, tidy, plain } = bookChart;

  // ——— What can be set ———

  const wholeFrom = (least, most) => ({
    least,
    most,
    ok: (value) => Number.isInteger(value) && value >= least && value <= most,
    expected: `a whole number from ${least} to ${most}`,
  });
  const realFrom = (least, most) => ({
    least,
    most,
    ok: (value) => value >= least && value <= most,
    expected: `a number from ${least} to ${most}`,
  });

  const digits = (value, count) => Number(value.toPrecision(count));
  const geometric = (from, to, perDecade, round) => {
    const count = Math.round(Math.log10(to / from) * perDecade);
    const values = Array.from({ length: count + 1 }, (_, k) =>
      round(from * (to / from) ** (k / count)),
    );
    return [...new Set(values)];
  };
  const counting = (from, to) =>
    Array.from({ length: Math.max(to - from + 1, 1) }, (_, k) => from + k);

  const LARGEST = 200_000; // N d: beyond it a step takes longer than a picture may wait
  const SHARES = geometric(0.005, 5, 30, (value) => digits(value, 3));
  const ALPHAS = geometric(1e-4, 10, 20, (value) => digits(value, 2));

  // `grid` lists the values of the slider, which may depend on what else is set.
  const FIELDS = {
    N: {
      name: "N",
      label: "samples <i>N</i>",
      ...wholeFrom(1, 400),
      grid: ({ d }) => counting(2, Math.min(d, 200)),
    },
    d: {
      name: "d",
      label: "unknowns <i>d</i>",
      ...wholeFrom(1, 2000),
      grid: () => geometric(10, 1000, 40, (v) => Math.round(digits(v, 2))),
    },
    s: {
      name: "s",
      label: "non-zero <i>s</i>",
      ...wholeFrom(1, 2000),
      grid: ({ d }) => counting(1, Math.min(d, 40)),
    },
    noise: {
      name: "noise",
      label: "noise on <i>y</i>",
      ...realFrom(0, 100),
      grid: () => counting(0, 100).map((v) => v / 100),
    },
    seed: { name: "seed", label: "data seed", ...wholeFrom(0, 999_999_999) },
    alpha: { name: "α", label: "scale <i>α</i>", ...realFrom(1e-6, 100), grid: () => ALPHAS },
    share: {
      name: "γ/γ_c",
      label: "step <i>γ</i>/<i>γ</i><sub>c</sub>",
      ...realFrom(0.0001, 100),
      grid: () => SHARES,
    },
    gamma: { name: "γ", label: "that is, <i>γ</i>", ...realFrom(1e-8, 1000) },
    b: {
      name: "b",
      label: "batch <i>b</i>",
      ...wholeFrom(1, 400),
      grid: ({ N }) => geometric(1, Math.max(N, 2), 20, Math.round).filter((b) => b <= N),
    },
    order: { name: "batch seed", label: "batch seed", ...wholeFrom(0, 999_999_999) },
    tol: { name: "the loss to reach", label: "converged below", ...realFrom(1e-26, 1) },
    steps: { name: "the budget", label: "steps at most", ...wholeFrom(1, 10_000_000) },
  };

  // What is drawn over the steps; no setting of the run, but kept with the settings.
  const KINDS = {
    sharpness: "sharpness · <i>γ</i>/2",
    error: "error",
    l1: "‖<i>w</i>‖<sub>1</sub>",
  };

  const START = {
    N: 40,
    d: 100,
    s: 5,
    noise: 0,
    seed: 6,
    alpha: 0.1,
    share: 0.2,
    b: 1,
    order: 6,
    tol: 1e-12,
    steps: 200_000,
    over: "sharpness",
  };

  // A number, or a word on why not.
  function read(name, text) {
    const field = FIELDS[name];
    const written = text.trim();
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written) ? Number(written) : NaN;
    if (field.ok(value)) return { value };
    const shown =
      written === ""
        ? "nothing"
        : `“${written.length > 16 ? `${written.slice(0, 15)}…` : written}”`;
    return { word: `${field.name} must be ${field.expected}, not ${shown}.` };
  }

  // What is wrong between two numbers that are each in order: [where it is said, what].
  function clash({ N, d, s, b, noise }) {
    if (N > d)
      return [
        "N",
        `N must be at most d = ${d}: with more equations than unknowns nothing is left to choose.`,
      ];
    if (N * d > LARGEST)
      return ["d", `N · d must be at most ${LARGEST}, not ${N * d}: larger runs belong in Python.`];
    if (s > d) return ["s", `s must be at most d = ${d}.`];
    if (b > N) return ["b", `b must be at most N = ${N}.`];
    return null;
  }

  // ——— The address: #preset-rich, or #N=40&d=100&… ———

  const presets = new Map(
    [...document.querySelectorAll(".lab-preset")].map((element) => [
      element.dataset.name,
      { element, title: element.querySelector("a").textContent, state: element.dataset.state },
    ]),
  );

  function decoded(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  // The state that a text such as "N=40&share=0.2" asks for, and a word on what was refused.
  function stateFrom(text) {
    const state = { ...START };
    const refused = [];
    for (const part of text.split("&").filter(Boolean).slice(0, 40)) {
      const [key, ...rest] = part.split("=");
      const name = decoded(key);
      const text = decoded(rest.join("="));
      let found = { word: `“${name.slice(0, 16)}” is not a setting.` };
      if (Object.hasOwn(FIELDS, name)) found = read(name, text);
      if (name === "over" && Object.hasOwn(KINDS, text)) found = { value: text };
      if (found.word) refused.push(found.word);
      else state[name] = found.value;
    }
    if (state.gamma !== undefined && !/(^|&)share=/.test(text)) delete state.share;
    else delete state.gamma;
    const wrong = clash(state);
    return {
      state: wrong ? { ...START } : state,
      refused: wrong ? [...refused, wrong[1]] : refused,
    };
  }

  const textOf = (state) =>
    [...Object.keys(FIELDS), "over"]
      .filter(
        (name) => state[name] !== undefined && !(name === "over" && state.over === START.over),
      )
      .map((name) => `${name}=${state[name]}`)
      .join("&");

  const presetOf = (state) =>
    [...presets].find(
      ([, preset]) => textOf(stateFrom(preset.state).state) === textOf(state),
    )?.[0] ?? null;

  let writing = null;
  function writeAddress() {
    clearTimeout(writing);
    writing = setTimeout(() => {
      const preset = presetOf(state);
      const hash = `#${preset ? `preset-${preset}` : textOf(state)}`;
      try {
        if (location.hash !== hash) history.replaceState(null, "", hash);
      } catch {
        // A browser may limit how often a page writes its address; the next move writes it again.
      }
    }, 400);
  }

  // ——— The page ———

  const ROWS = {
    status: "ended",
    steps: "steps",
    loss: "loss",
    error: "error ‖<i>w</i> − <i>w</i>*‖ / ‖<i>w</i>*‖",
    l1: "‖<i>w</i>‖<sub>1</sub>",
    l2: "‖<i>w</i>‖<sub>2</sub>",
    gain_on: "mean gain on the support",
    gain_off: "mean gain off it",
    sharpness: "sharpness · <i>γ</i>/2 at the end",
    start: "max |<i>w̃</i><sub>0</sub>| / <i>α</i><sup>2</sup>",
    distance: "distance from the limit foretold",
  };
  const WHO = { gd: "GD", sgd: "SGD" };

  function row(name, { stepper = false } = {}) {
    const { label, grid } = FIELDS[name];
    const spoken = plain(label);
    const middle = grid
      ? `<input type="range" id="lab-${name}-slider" aria-label="${spoken}" autocomplete="off" min="0" step="1">`
      : stepper
        ? `<span class="lab-steppers"><button type="button" data-step="-1" aria-label="previous ${spoken}">−</button><button type="button" data-step="1" aria-label="next ${spoken}">+</button></span>`
        : "<span></span>";
    return (
      `<div class="lab-row" data-name="${name}"><label for="lab-${name}">${label}</label>${middle}` +
      `<input type="text" id="lab-${name}" inputmode="decimal" autocomplete="off" spellcheck="false" maxlength="400">` +
      `<p class="lab-word" id="lab-${name}-word" hidden></p></div>`
    );
  }

  const cell = (who, name) =>
    `<td><data data-who="${who}" data-name="${name}" value="">–</data></td>`;

  root.querySelector("noscript")?.remove();
  const body = document.createElement("div");
  body.className = "lab";
  body.innerHTML = `
    <form class="lab-controls" aria-label="Settings of the laboratory"><div class="lab-stay">
      <fieldset class="lab-dials"><legend>Training</legend><div class="lab-rows">
        ${row("share")}${row("gamma")}${row("b")}${row("alpha")}
      </div></fieldset>
      <fieldset class="lab-data"><legend>Data and seeds</legend><div class="lab-rows">
        ${row("N")}${row("d")}${row("s")}${row("noise")}${row("seed", { stepper: true })}${row("order", { stepper: true })}
      </div></fieldset>
      <details class="lab-ends"><summary>When a run ends</summary><div class="lab-rows">${row("tol")}${row("steps")}</div></details>
    </div></form>
    <div class="lab-view">
      <p class="lab-notice" role="alert" hidden></p>
      <div class="lab-status"><span class="lab-run" data-who="gd"></span><span class="lab-run" data-who="sgd"></span>
        
        <span class="lab-actions"><span class="lab-said" id="lab-said" role="status"></span><button type="button" class="lab-button" id="lab-stop" disabled>Stop</button>
        <button type="button" class="lab-button" id="lab-python" aria-expanded="false" aria-controls="lab-cell">Python</button>
        <button type="button" class="lab-button" id="lab-link">Copy link</button></span></div>
      <div class="lab-charts"></div>
      <p class="lab-readout" aria-live="polite"></p>
      <div class="lab-cell" id="lab-cell" role="region" aria-label="Python cell that repeats the runs" tabindex="0" hidden><pre></pre></div>
      <div class="lab-table"><table>
        <caption><span class="lab-time"></span> The button <i>Python</i> gives a cell that prints these numbers unrounded.</caption>
        <thead><tr><td></td><th scope="col" class="gd">GD</th><th scope="col" class="sgd">SGD</th><th scope="col" class="flow">flow</th></tr></thead>
        <tbody>${Object.entries(ROWS)
          .map(
            ([name, label]) =>
              `<tr><th scope="row"><span>${label}</span><span class="lab-least" data-least="${name}"></span></th>${["gd", "sgd", "flow"].map((who) => cell(who, name)).join("")}</tr>`,
          )
          .join("")}</tbody>
      </table></div>
    </div>
    <section class="lab-sweep" aria-labelledby="lab-sweep-title">
      <div class="lab-sweep-head">
        <h2 id="lab-sweep-title">All step sizes at once</h2>
        <label for="lab-sets">data sets</label>
        <input type="text" id="lab-sets" inputmode="numeric" autocomplete="off" maxlength="20" value="11" aria-describedby="lab-sets-word">
        <button type="button" class="lab-button" id="lab-sweep">Sweep</button>
        <p class="lab-word" id="lab-sets-word" hidden></p>
      </div>
      <p class="lab-sweep-said" aria-live="polite">Both algorithms on several data sets, at 20 step sizes from 0.02 to 3.2 <i>γ</i><sub>c</sub> of each, with the settings above. A point of the curves can be clicked, and opens its run.</p>
      <div class="lab-charts lab-sweep-charts" hidden></div>
    </section>`;
  root.append(body);
  const $ = (selector) => body.querySelector(selector);
  const at = (name) => body.querySelector(`#lab-${name}`);

  const charts = {};
  for (const name of ["loss", "weights", "time", "gain"])
    charts[name] = makeChart($(".lab-charts"), { height: 216 });
  for (const name of ["sweepError", "sweepGain", "sweepEnds"])
    charts[name] = makeChart($(".lab-sweep-charts"), { height: 240 });
  const kinds = document.createElement("fieldset");
  kinds.className = "lab-kinds";
  kinds.innerHTML =
    "<legend>Over the steps</legend>" +
    Object.entries(KINDS)
      .map(
        ([name, short]) =>
          `<label><input type="radio" name="lab-kind" value="${name}" autocomplete="off"><span>${short}</span></label>`,
      )
      .join("");
  charts.time.element.querySelector(".chart-head").append(kinds);
  kinds.addEventListener("change", (event) => {
    state.over = event.target.value;
    draw();
    markPreset();
    writeAddress();
  });

  // ——— Controls ———

  let state = { ...START };
  const grids = {};

  const shownNumber = (value) => {
    if (value === undefined || !Number.isFinite(value)) return "";
    const short = Number(value.toPrecision(4));
    return Math.abs(short) < 1e-3 && short !== 0
      ? short.toExponential().replace("e+", "e")
      : String(short);
  };

  function say(name, word) {
    const input = at(name);
    const place = at(`${name}-word`);
    place.textContent = word ?? "";
    place.hidden = !word;
    if (word) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", place.id);
    } else {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
  }

  // Slider and field of `name` at its value; the field in which the reader types is left alone.
  function showField(name, value, { except = null } = {}) {
    const input = at(name);
    if (name !== except)
      input.value = ["share", "gamma"].includes(name) ? shownNumber(value) : String(value ?? "");
    const slider = at(`${name}-slider`);
    if (!slider || value === undefined) return;
    const grid = FIELDS[name].grid(state);
    grids[name] = grid;
    slider.max = grid.length - 1;
    const nearest = grid.reduce(
      (best, one, k) => (Math.abs(one - value) < Math.abs(grid[best] - value) ? k : best),
      0,
    );
    slider.value = nearest;
    slider.style.setProperty("--filled", `${(100 * nearest) / Math.max(grid.length - 1, 1)}%`);
    slider.setAttribute("aria-valuetext", `${shownNumber(value)}`);
  }

  const tied = () => {
    const unit = current?.data?.unit;
    return {
      share: state.share ?? (unit ? state.gamma / unit : undefined),
      gamma: state.gamma ?? (unit ? state.share * unit : undefined),
    };
  };

  function showState(options = {}) {
    for (const name of Object.keys(FIELDS)) {
      if (name !== "share" && name !== "gamma") showField(name, state[name], options);
    }
    const both = tied();
    showField("share", both.share, options);
    showField("gamma", both.gamma, options);
    kinds.querySelector(`[value=${state.over}]`).checked = true;
  }

  // Takes over one setting; false, with a word beside the field, if it is refused.
  function take(name, value, options = {}) {
    const next = { ...state, [name]: value };
    if (name === "share") delete next.gamma;
    if (name === "gamma") delete next.share;
    state = next;
    for (const other of Object.keys(FIELDS)) say(other, null);
    const wrong = clash(state);
    if (wrong) say(...wrong);
    showState(options);
    if (wrong) return hold(wrong[1]);
    notice(null);
    begin();
    markPreset();
    writeAddress();
  }

  function hold(word) {
    notice(`Not run: ${word} The pictures show the settings before.`);
  }

  function notice(text) {
    const place = $(".lab-notice");
    place.hidden = !text;
    place.textContent = text ?? "";
  }

  body.addEventListener("input", (event) => {
    const line = event.target.closest(".lab-row");
    if (!line) return;
    const { name } = line.dataset;
    if (event.target.type === "range") {
      take(name, grids[name][Number(event.target.value)]);
      return;
    }
    const found = read(name, event.target.value);
    if (found.word) {
      say(name, found.word);
      hold(found.word);
    } else {
      take(name, found.value, { except: name });
    }
  });
  body.addEventListener("change", (event) => {
    // What was typed and refused stays in the field, with its word; what was taken is tidied.
    const line = event.target.closest(".lab-row");
    if (line && event.target.type === "text" && !event.target.hasAttribute("aria-invalid"))
      showState();
  });
  body.addEventListener("click", (event) => {
    const by = Number(event.target.dataset?.step);
    if (!by) return;
    const { name } = event.target.closest(".lab-row").dataset;
    take(name, Math.min(Math.max(state[name] + by, FIELDS[name].least), FIELDS[name].most));
  });
  $("form").addEventListener("submit", (event) => event.preventDefault());

  // ——— Presets: the titles become buttons, of the texts one is shown ———

  const list = document.querySelector(".lab-presets");
  const chips = document.createElement("div");
  chips.className = "lab-chips";
  chips.setAttribute("role", "group");
  chips.setAttribute("aria-label", "Experiments");
  for (const [name, preset] of presets) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "lab-chip";
    chip.dataset.name = name;
    chip.textContent = preset.title;
    chip.addEventListener("click", () => choose(name));
    chips.append(chip);
  }
  list?.classList.add("live");
  // Their addresses are answered here, and must not move the page as anchors do.
  for (const { element } of presets.values()) element.removeAttribute("id");
  list?.prepend(chips);

  function choose(name) {
    open(stateFrom(presets.get(name).state).state);
  }

  // The text last chosen stays while the reader moves on from it.
  function markPreset() {
    const name = presetOf(state);
    for (const chip of chips.children)
      chip.setAttribute("aria-pressed", String(chip.dataset.name === name));
    if (name)
      for (const [other, { element }] of presets)
        element.classList.toggle("chosen", other === name);
  }

  function open(next) {
    state = next;
    for (const name of Object.keys(FIELDS)) say(name, null);
    notice(null);
    begin();
    showState();
    markPreset();
    writeAddress();
  }

  function readAddress() {
    let asked = location.hash.slice(1);
    const named = /^preset[-=](.*)$/.exec(asked);
    if (!named && !asked.includes("=")) return false; // an anchor of the page
    const refused = [];
    if (named) {
      const name = decoded(named[1]);
      if (presets.has(name)) asked = presets.get(name).state;
      else {
        refused.push(`there is no preset “${name.slice(0, 16)}”.`);
        asked = "";
      }
    }
    const found = stateFrom(asked);
    refused.push(...found.refused);
    open(found.state);
    if (refused.length > 0) notice(`Of the address, refused: ${refused.slice(0, 3).join(" ")}`);
    return true;
  }

  // ——— Runs ———

  function makeHand(answer) {
    const source = `const engine = (${makeEngine})();
      const ports = new MessageChannel();
      let task = null;
      ports.port1.onmessage = () => task();
      const later = (next) => { task = next; ports.port2.postMessage(0); };
      const bench = (${makeBench})(engine, (m) => postMessage(m), later);
      onmessage = (event) => bench(event.data);`;
    const onPage = () => {
      const bench = makeBench(makeEngine(), answer, (next) => setTimeout(next, 0));
      return (message) => setTimeout(() => bench(message), 0);
    };
    if (new URLSearchParams(location.search).has("slices")) return onPage();
    try {
      const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const worker = new Worker(address);
      worker.onmessage = (event) => answer(event.data);
      let post = (message) => worker.postMessage(message);
      let sent = null;
      worker.onerror = (event) => {
        event.preventDefault();
        post = onPage();
        if (sent) post(sent);
      };
      return (message) => {
        if (message.task !== "stop") sent = message;
        post(message);
      };
    } catch {
      return onPage();
    }
  }

  const hands = { gd: makeHand(hear), sgd: makeHand(hear) };
  let current = null; // the experiment asked for last
  let shown = null; // the last one of which both algorithms have shown something

  function begin() {
    current = {
      id: (current?.id ?? 0) + 1,
      settings: { ...state },
      moved: performance.now(),
      data: current && sameData(current.settings, state) ? current.data : null,
      least: current && sameData(current.settings, state) ? current.least : null,
      gd: {},
      sgd: {},
    };
    root.dataset.state = "working";
    for (const who of ["gd", "sgd"])
      hands[who]({ task: "run", id: current.id, who, settings: current.settings });
  }

  const sameData = (a, b) => ["N", "d", "s", "noise", "seed"].every((name) => a[name] === b[name]);

  function hear(message) {
    if (message.id !== current.id) return;
    const part = current[message.who];
    if (message.kind === "data") {
      current.data = message;
      const both = tied();
      const typed = document.activeElement?.id;
      for (const name of ["share", "gamma"]) {
        if (state[name] === undefined && typed !== `lab-${name}`) showField(name, both[name]);
      }
      return;
    }
    if (message.kind === "run")
      Object.assign(part, { run: message.run, over: message.over, byHand: message.byHand });
    if (message.kind === "flow") current.flow = message.flow;
    if (message.kind === "least") current.least = message.least;
    if (message.kind === "limit") part.limit = message;
    if (message.kind === "sharpness") part.sharpness = message;
    if (message.kind === "done") part.done = true;
    if (message.kind === "failure")
      Object.assign(part, { failure: message.text, done: true, over: true });
    if (current.gd.failure || current.sgd.failure) {
      notice(`The run failed: ${current.gd.failure ?? current.sgd.failure}`);
      root.dataset.state = "settled";
    }
    if (current.gd.run && current.sgd.run) {
      shown = current;
      schedule();
    }
  }

  let scheduled = false;
  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      draw();
    });
  }

  // ——— Numbers ———

  const norm1 = (w) => w.reduce((total, value) => total + Math.abs(value), 0);
  const norm2 = (w) => Math.hypot(...w);
  const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
  const errorOf = (w, wStar) => Math.hypot(...w.map((value, j) => value - wStar[j])) / norm2(wStar);

  function numbersOf(who) {
    const { run, limit, sharpness } = shown[who];
    const { wStar, gamma } = shown.data;
    const on = [...wStar.keys()].filter((j) => wStar[j] !== 0);
    const off = [...wStar.keys()].filter((j) => wStar[j] === 0);
    const numbers = { status: run.status, steps: run.steps };
    if (run.status === "diverged") return numbers;
    Object.assign(numbers, {
      loss: run.loss,
      error: errorOf(run.w, wStar),
      l1: norm1(run.w),
      l2: norm2(run.w),
      gain_on: mean(on.map((j) => run.gain[j])),
    });
    if (off.length > 0) numbers.gain_off = mean(off.map((j) => run.gain[j]));
    if (sharpness?.values.length) numbers.sharpness = (gamma / 2) * sharpness.values.at(-1);
    if (limit?.limit) {
      numbers.start = limit.start / shown.settings.alpha ** 2;
      numbers.distance = limit.distance;
    }
    return numbers;
  }

  function allNumbers() {
    const { wStar } = shown.data;
    const numbers = { gd: numbersOf("gd"), sgd: numbersOf("sgd"), flow: {} };
    if (shown.flow) {
      numbers.flow = {
        status: "limit",
        loss: 0,
        error: errorOf(shown.flow, wStar),
        l1: norm1(shown.flow),
        l2: norm2(shown.flow),
        gain_on: 0,
        gain_off: 0,
      };
    }
    return numbers;
  }

  const STATUS = {
    converged: "converged",
    stopped: "stopped",
    diverged: "diverged",
    running: "running …",
  };

  // 200 000, by thin blanks.
  const grouped = (whole) => whole.toLocaleString("en").replaceAll(",", "\u202f");

  function fillTable(numbers) {
    for (const place of body.querySelectorAll(".lab-table data")) {
      const value = numbers[place.dataset.who][place.dataset.name];
      const html =
        value === undefined
          ? "–"
          : typeof value === "string"
            ? (STATUS[value] ?? value)
            : Number.isInteger(value)
              ? grouped(value)
              : tidy(value, 3);
      if (place.innerHTML !== html) place.innerHTML = html;
      place.value = value ?? "";
    }
    const { least, data } = shown;
    const truth = { l1: norm1(data.wStar), l2: norm2(data.wStar) };
    for (const place of body.querySelectorAll(".lab-least")) {
      const { least: name } = place.dataset;
      const html =
        least && truth[name]
          ? `<i>w</i>*: ${tidy(truth[name], 3)}, least possible: ${tidy(least[name], 3)}`
          : "";
      if (place.innerHTML !== html) place.innerHTML = html;
    }
  }

  // Where the support is everything, nothing is off it.
  const gains = ({ gain_on, gain_off }) =>
    `${tidy(gain_on)} on the support${gain_off === undefined ? "" : ` and ${tidy(gain_off)} off it`}`;

  function describe(numbers) {
    const one = (who) => {
      const { status, steps, error } = numbers[who];
      if (status === "diverged") return `${WHO[who]} diverges after ${steps} steps`;
      const ended = {
        converged: "converges in",
        stopped: "was stopped after",
        running: "has taken",
      }[status];
      return `${WHO[who]} ${ended} ${steps} steps with an error of ${tidy(error)} and a mean gain of ${gains(numbers[who])}`;
    };
    const { share } = tied();
    const flow =
      numbers.flow.error === undefined ? "" : ` The flow’s error is ${tidy(numbers.flow.error)}.`;
    return `At ${tidy(share, 3)} <i>γ</i><sub>c</sub>, ${one("gd")}; ${one("sgd")}.${flow}`;
  }

  // ——— Pictures ———

  const HOW = {
    converged: { marker: "circle" },
    stopped: { marker: "square", open: true },
    running: { marker: "dot" },
    diverged: { marker: "cross" },
  };

  const niceAbove = (value) => {
    const ten = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((m) => m * ten).find((one) => one >= value * 0.999);
  };

  function timeRange() {
    return [1, niceAbove(Math.max(10, shown.gd.run.steps, shown.sgd.run.steps))];
  }

  // Step 0 has no place on a logarithmic axis; it stands at its left end, half a step.
  function overTime(who, x, y, range) {
    const top = range[1];
    const { status } = shown[who].run;
    const series = { kind: "line", role: who, label: WHO[who], x, y };
    const last = x.length - 1;
    const value =
      Number.isFinite(y[last]) && y[last] < top ? y[last] : status === "diverged" ? top : y[last];
    const end = { kind: "points", role: who, x: [x[last]], y: [value], size: 4.5, ...HOW[status] };
    return [series, end];
  }

  function drawLoss() {
    const first = shown.gd.run.history.loss[0] || 1;
    const range = [
      10 ** Math.floor(Math.log10(Math.min(shown.settings.tol, first / 10) * 0.3)),
      10 ** Math.ceil(Math.log10(first * 20)),
    ];
    const ends = ["gd", "sgd"].map((who) => {
      const { status, steps, loss } = shown[who].run;
      if (status === "diverged")
        return `${WHO[who]}’s grows without bound and the run has diverged after ${steps} steps`;
      return `${WHO[who]}’s comes to ${tidy(loss)} after ${steps} steps (${STATUS[status]})`;
    });
    charts.loss.draw({
      title: "Loss",
      xlabel: "steps",
      x: { scale: "log", range: timeRange() },
      y: { scale: "log", range },
      series: [
        {
          kind: "rule",
          role: "muted",
          across: "y",
          at: shown.settings.tol,
          label: "converged",
          labelLeft: true,
        },
        ...["gd", "sgd"].flatMap((who) =>
          overTime(who, shown[who].run.history.step, shown[who].run.history.loss, range),
        ),
      ],
      alternative: `Loss over steps, from ${tidy(first)}: ${ends.join("; ")}.`,
    });
  }

  // The support spread over the first third, by size in w*; the others beside it.
  let places = { of: null };
  function layout(wStar) {
    if (places.of !== wStar) {
      const order = [...wStar.keys()].sort(
        (i, j) => Math.abs(wStar[j]) - Math.abs(wStar[i]) || i - j,
      );
      const size = order.filter((j) => wStar[j] !== 0).length;
      const x = new Float64Array(wStar.length);
      order.forEach((j, k) => {
        x[j] =
          k < size
            ? (0.32 * (k + 0.5)) / size
            : 0.35 + (0.65 * (k - size + 0.5)) / (wStar.length - size);
      });
      places = { of: wStar, x, size };
    }
    return places;
  }

  function coordinateAxis(wStar) {
    const { size } = layout(wStar);
    const ticks = [{ at: 0.16, label: "support" }];
    if (size < wStar.length) ticks.push({ at: 0.675, label: "other coordinates" });
    return { range: [0, 1], ticks, grid: false };
  }

  function drawWeights(numbers) {
    const { wStar } = shown.data;
    const { x } = layout(wStar);
    const finite = ["gd", "sgd"].filter((who) => shown[who].run.status !== "diverged");
    const most = wStar.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
    const extent = [
      ...finite.flatMap((who) => [...shown[who].run.w]),
      ...(shown.flow ?? []),
      ...wStar,
    ];
    const bound = (value) => Math.min(Math.max(value, -2.5 * most), 2.5 * most);
    const step = niceAbove(most / 4);
    const range = [
      step * Math.floor(bound(Math.min(...extent)) / step - 0.2),
      step * Math.ceil(bound(Math.max(...extent)) / step + 0.2),
    ];
    const series = [{ kind: "shade", between: [0, 0.335] }];
    if (shown.flow)
      series.push({
        kind: "points",
        role: "flow",
        key: "flow",
        open: true,
        size: 3.4,
        x,
        y: shown.flow,
      });
    for (const who of finite) {
      series.push({
        kind: "points",
        role: who,
        key: WHO[who],
        open: true,
        size: who === "gd" ? 4 : 3.6,
        x,
        y: shown[who].run.w,
      });
      if (shown[who].limit?.limit)
        series.push({
          kind: "points",
          role: who,
          marker: "dot",
          size: 1.5,
          x,
          y: shown[who].limit.limit,
        });
    }
    series.push({ kind: "points", role: "ink", key: "limit foretold", size: 1.5, x: [], y: [] });
    series.push({
      kind: "points",
      role: "truth",
      key: "<i>w</i>*",
      size: 5,
      x: x.filter((_, j) => wStar[j] !== 0),
      y: wStar.filter((value) => value !== 0),
    });
    const off = (w) =>
      Math.max(0, ...[...wStar.keys()].filter((j) => wStar[j] === 0).map((j) => Math.abs(w[j])));
    const parts = finite.map(
      (who) =>
        `${WHO[who]}’s end is off by ${tidy(numbers[who].error)} of the length of w*, with up to ${tidy(off(shown[who].run.w))} on coordinates that should be zero`,
    );
    charts.weights.draw({
      title: "Coefficients",
      x: coordinateAxis(wStar),
      y: { range },
      series,
      alternative: `Coefficients: ${layout(wStar).size} on the support, the largest of size ${tidy(most)}. ${parts.join("; ") || "Both runs have diverged"}.`,
    });
  }

  function drawGain(numbers) {
    const { wStar } = shown.data;
    const { x } = layout(wStar);
    const finite = ["gd", "sgd"].filter((who) => shown[who].run.status !== "diverged");
    const all = finite
      .flatMap((who) => [...shown[who].run.gain])
      .filter((value) => value > 0 && Number.isFinite(value))
      .sort((a, b) => a - b);
    const low = Math.min(1e-3, 10 ** Math.floor(Math.log10(all[Math.floor(all.length / 20)] ?? 1)));
    const high = Math.max(10, 10 ** Math.ceil(Math.log10(all.at(-1) ?? 1)));
    const negative = finite
      .flatMap((who) => [...shown[who].run.gain])
      .filter((value) => value < 0).length;
    const said = finite.map(
      (who) => `${WHO[who]}’s mean gain is ${gains(numbers[who])}`,
    );
    charts.gain.draw({
      title: `Gain of each coordinate${negative ? ` (${negative} below 0)` : ""}`,
      x: coordinateAxis(wStar),
      y: { scale: "log", range: [Math.max(low, 1e-12), high] },
      series: [
        { kind: "shade", between: [0, 0.335] },
        ...finite.map((who) => ({
          kind: "points",
          role: who,
          key: WHO[who],
          size: 2.8,
          x,
          y: shown[who].run.gain,
        })),
      ],
      alternative: `Gain: ${said.join("; ") || "both runs have diverged"}.${negative ? ` ${negative} gains are negative and not drawn.` : ""}`,
    });
  }

  function drawTime() {
    const { gamma } = shown.data;
    const kind = state.over;
    const paths = {};
    for (const who of ["gd", "sgd"]) {
      const { history } = shown[who].run;
      if (kind === "sharpness") {
        const { steps = [], values = [] } = shown[who].sharpness ?? {};
        paths[who] = { x: steps, y: values.map((value) => (value * gamma) / 2) };
      } else {
        paths[who] = { x: history.step, y: history[kind] };
      }
    }
    const seen = ["gd", "sgd"]
      .flatMap((who) => [...paths[who].y])
      .filter((value) => Number.isFinite(value) && value < 1e6);
    const most = seen.length ? seen.reduce((a, b) => Math.max(a, b)) : 1;
    const top = {
      sharpness: Math.min(Math.max(1.25, most * 1.08), 3),
      error: Math.min(Math.max(1.1, most * 1.05), 5),
      l1: Math.min(most * 1.08, 4 * norm1(shown.data.wStar)),
    }[kind];
    const range = [0, top];
    const rules = {
      sharpness: [
        {
          kind: "rule",
          role: "ink",
          across: "y",
          at: 1,
          dash: "1 3",
          label: "edge",
          labelLeft: true,
        },
      ],
      error: shown.flow
        ? [
            {
              kind: "rule",
              role: "flow",
              across: "y",
              at: errorOf(shown.flow, shown.data.wStar),
              label: "flow",
            },
          ]
        : [],
      l1: [
        {
          kind: "rule",
          role: "truth",
          across: "y",
          at: norm1(shown.data.wStar),
          label: "‖<i>w</i>*‖<sub>1</sub>",
          labelLeft: true,
        },
      ],
    }[kind];
    const lines = ["gd", "sgd"]
      .filter((who) => paths[who].x.length > 0)
      .flatMap((who) => overTime(who, paths[who].x, paths[who].y, range));
    const ends = ["gd", "sgd"]
      .filter((who) => paths[who].x.length > 0)
      .map((who) => {
        const { y } = paths[who];
        const peak = [...y].filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0);
        return `${WHO[who]}’s ends at ${tidy(y.at(-1))}, with a peak of ${tidy(peak)}`;
      });
    charts.time.draw({
      title: "Over the steps",
      xlabel: "steps",
      x: { scale: "log", range: timeRange() },
      y: { range },
      series: [...rules, ...lines],
      alternative: `${plain(KINDS[kind])} over steps: ${ends.join("; ") || "not yet computed"}.`,
    });
  }

  let speaking = null;
  function draw() {
    if (!shown?.data) return;
    const numbers = allNumbers();
    root.numbers = numbers;
    drawLoss();
    drawWeights(numbers);
    drawTime();
    drawGain(numbers);
    fillTable(numbers);
    fillStatus();
    fillCell();
    const sentence = describe(numbers);
    clearTimeout(speaking);
    speaking = setTimeout(() => {
      const place = $(".lab-readout");
      if (place.innerHTML !== sentence) place.innerHTML = sentence;
    }, 350);
    if (shown !== current) return;
    const answered =
      ["gd", "sgd"].every(
        (who) => shown[who].over && (shown[who].limit || shown[who].run.status === "diverged"),
      ) && shown.flow;
    if (answered && shown.answer === undefined) {
      shown.answer = performance.now() - shown.moved;
      root.dataset.answer = `${shown.id}:${shown.answer.toFixed(1)}`;
      fillStatus();
    }
    if (shown.gd.done && shown.sgd.done) root.dataset.state = "settled";
  }

  function fillStatus() {
    for (const place of body.querySelectorAll(".lab-run")) {
      const { who } = place.dataset;
      const { run, byHand } = shown[who];
      const steps = grouped(run.steps);
      const words = {
        converged: `converged after ${steps} steps`,
        diverged: `diverged after ${steps} steps`,
        stopped: `${byHand ? "stopped by you" : "not converged"} after ${steps} steps`,
        running: `at step ${steps} of at most ${grouped(shown.settings.steps)}`,
      };
      place.innerHTML = `<b class="${who}">${WHO[who]}</b> ${words[run.status]}`;
      place.dataset.status = run.status;
    }
    const running = !(current.gd.over && current.sgd.over);
    at("stop").disabled = !running;
    $(".lab-time").textContent =
      running || shown.answer === undefined
        ? ""
        : `Computed in ${shown.answer < 1000 ? `${Math.round(shown.answer)} ms` : `${(shown.answer / 1000).toFixed(1)} s`}.`;
  }

  at("stop").addEventListener("click", () => {
    for (const who of ["gd", "sgd"]) hands[who]({ task: "stop" });
  });
  // A run that is slow to show itself can be stopped too.
  setInterval(() => {
    if (
      current &&
      !(current.gd.over && current.sgd.over) &&
      performance.now() - current.moved > 200
    )
      at("stop").disabled = false;
  }, 200);

  // ——— The way back to Python ———

  function pythonCell() {
    const { settings, data, gd, sgd } = shown;
    const { N, d, s, noise, seed, alpha, b, order, tol } = settings;
    const noisy = noise > 0 ? `, noise=${noise}` : "";
    const budget = (part) => (part.byHand ? part.run.steps : settings.steps);
    const batch = `batch_size=${b}, seed=${order}, `;
    const comment = settings.share === undefined ? "" : `  # ${settings.share} γ_c`;
    return `import numpy as np

from lib import min_potential, sharpness, sparse_regression, train

problem = sparse_regression(
    n_samples=${N}, dim=${d}, sparsity=${s}, seed=${seed}${noisy}
)
alpha = ${alpha}
step_size = ${data.gamma}${comment}
runs = {
    "GD": train(
        problem, alpha, step_size, tol=${tol}, max_steps=${budget(gd)}
    ),
    "SGD": train(
        problem, alpha, step_size, ${batch}
        tol=${tol}, max_steps=${budget(sgd)},
    ),
}
on = problem.w_star != 0
norm = np.linalg.norm
numbers = {}
for name, run in runs.items():
    shown = numbers[name] = {"status": run.status, "steps": run.steps}
    if run.status != "diverged":
        shown |= {
            "loss": run.loss,
            "error": norm(run.w - problem.w_star) / norm(problem.w_star),
            "l1": norm(run.w, 1),
            "l2": norm(run.w),
            "gain_on": run.gain[on].mean(),
            "sharpness": step_size / 2 * sharpness(problem, run.u, run.v),
        }
        if not on.all():
            shown["gain_off"] = run.gain[~on].mean()
    if run.status != "diverged" and run.effective_alpha.min() > 1e-150:
        limit = min_potential(problem, run.effective_alpha, run.start)
        shown |= {
            "start": abs(run.start).max() / alpha**2,
            "distance": norm(run.w - limit) / norm(limit),
        }
    print(name, *(f"{k} {v}" for k, v in shown.items()), sep="\\n  ")
`;
  }

  function fillCell() {
    const place = $("#lab-cell pre");
    if (!at("cell").hidden) place.textContent = pythonCell();
  }

  let quiet = null;
  function told(text) {
    at("said").textContent = text;
    clearTimeout(quiet);
    quiet = setTimeout(() => (at("said").textContent = ""), 4000);
  }

  async function copy(text, refused) {
    try {
      await navigator.clipboard.writeText(text);
      told("Copied.");
    } catch {
      told(refused);
    }
  }

  at("python").addEventListener("click", () => {
    const open = at("cell").hidden;
    at("cell").hidden = !open;
    at("python").setAttribute("aria-expanded", String(open));
    if (!open || !shown) return;
    fillCell();
    copy($("#lab-cell pre").textContent, "Select the cell to copy it.");
    at("cell").scrollIntoView({ block: "nearest" });
  });
  at("link").addEventListener("click", () => {
    const preset = presetOf(state);
    const address =
      location.href.replace(/#.*$/, "") + `#${preset ? `preset-${preset}` : textOf(state)}`;
    copy(address, "The link is in the address bar.");
  });

  // ——— Sweeps ———

  const SWEPT = geometric(0.02, 3.2, 8.62, (value) => digits(value, 3));
  const MOST_SETS = 51;
  let swept = null;
  let sweepHands = null;

  const median = (sorted, q = 0.5) => {
    const at = q * (sorted.length - 1);
    const low = Math.floor(at);
    return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
  };

  at("sets").addEventListener("input", () => sets());
  function sets() {
    const written = at("sets").value.trim();
    const value = /^\d+$/.test(written) ? Number(written) : NaN;
    const ok = value >= 1 && value <= MOST_SETS;
    say(
      "sets",
      ok ? null : `The number of data sets must be a whole number from 1 to ${MOST_SETS}.`,
    );
    return ok ? value : null;
  }

  at("sweep").addEventListener("click", () => {
    if (swept?.running) {
      for (const who of ["gd", "sgd"]) sweepHands[who]({ task: "stop" });
      return;
    }
    const count = sets();
    if (count === null || body.querySelector("form [aria-invalid]")) return;
    const settings = { ...state };
    swept = {
      id: (swept?.id ?? 0) + 1,
      settings,
      count,
      running: true,
      flow: [],
      gd: SWEPT.map(() => []),
      sgd: SWEPT.map(() => []),
      over: 0,
    };
    sweepHands ??= { gd: makeHand(hearSweep), sgd: makeHand(hearSweep) };
    $(".lab-sweep-charts").hidden = false;
    root.dataset.sweep = "working";
    at("sweep").textContent = "Stop the sweep";
    for (const who of ["gd", "sgd"]) {
      sweepHands[who]({ task: "sweep", id: swept.id, who, settings, shares: SWEPT, sets: count });
    }
    drawSweep();
  });

  let sweepDrawn = 0;
  function hearSweep(message) {
    if (message.id !== swept.id) return;
    if (message.kind === "point") swept[message.who][message.at].push(message);
    if (message.kind === "flowError") swept.flow.push(message.error);
    if (message.kind === "failure") notice(`The sweep failed: ${message.text}`);
    if (message.kind === "swept" || message.kind === "failure") {
      swept.over += 1;
      if (swept.over === 2) {
        swept.running = false;
        at("sweep").textContent = "Sweep";
        root.dataset.sweep = "settled";
      }
    }
    // Ten pictures a second are enough to see it fill in.
    if (!swept.running) drawSweep();
    else if (performance.now() - sweepDrawn > 100) requestAnimationFrame(() => drawSweep());
  }

  // Per step size: how many converged, were stopped, diverged; and of those that converged the
  // median, the band, and the run in the middle.
  function summary(who, quantity) {
    return SWEPT.map((share, k) => {
      const runs = swept[who][k];
      const ended = { converged: 0, stopped: 0, diverged: 0 };
      for (const run of runs) ended[run.status] += 1;
      const good = runs
        .filter((run) => run.status === "converged")
        .sort((a, b) => a[quantity] - b[quantity]);
      const values = good.map((run) => run[quantity]);
      return {
        share,
        ended,
        count: runs.length,
        middle:
          good[Math.floor((good.length - 1) / 2)] ??
          runs.find((run) => run.status === "diverged") ??
          runs[0],
        median: values.length ? median(values) : NaN,
        low: values.length ? median(values, 0.1) : NaN,
        high: values.length ? median(values, 0.9) : NaN,
        most: values.length >= runs.length / 2 && values.length > 0,
      };
    });
  }

  function openRun(share, set) {
    open({
      ...START,
      ...swept.settings,
      gamma: undefined,
      share,
      seed: swept.settings.seed + set,
      order: swept.settings.order + set,
    });
    root.scrollIntoView({ block: "start", behavior: "instant" });
    say("share", null);
    at("share").focus({ preventScroll: true });
  }

  function drawSweep() {
    sweepDrawn = performance.now();
    const here = swept.settings.gamma === undefined ? swept.settings.share : null;
    const x = {
      scale: "log",
      range: [0.017, 3.8],
      ticks: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2].map((v) => ({ at: v, label: String(v) })),
    };
    const xlabel = "step size <i>γ</i>/<i>γ</i><sub>c</sub>";
    const now = here ? [{ kind: "rule", role: "muted", across: "x", at: here, dash: "1 3" }] : [];
    const both = (quantity) =>
      Object.fromEntries(["gd", "sgd"].map((who) => [who, summary(who, quantity)]));
    const counted = (one) =>
      `${one.ended.converged} of ${one.count} converge, ${one.ended.stopped} are stopped, ${one.ended.diverged} diverge`;
    const panel = (chart, quantity, title, range, extra) => {
      const found = both(quantity);
      const series = [...now, ...extra];
      const points = [];
      const bottom = range[0];
      const top = range[1];
      const inside = (value) => Math.min(Math.max(value, bottom), top);
      for (const who of ["gd", "sgd"]) {
        const all = found[who].filter((one) => one.count > 0);
        const most = found[who].map((one) => ({
          ...one,
          median: one.most ? one.median : NaN,
          low: one.most ? one.low : NaN,
          high: one.most ? one.high : NaN,
        }));
        const grid = SWEPT;
        series.push({
          kind: "band",
          role: who,
          x: grid,
          low: most.map((one) => inside(one.low)),
          high: most.map((one) => inside(one.high)),
        });
        series.push({
          kind: "line",
          role: who,
          label: WHO[who],
          x: grid,
          y: most.map((one) => one.median),
        });
        series.push({
          kind: "points",
          role: who,
          size: 2.8,
          x: grid,
          y: most.map((one) => one.median),
        });
        const few = all.filter((one) => !one.most && one.ended.converged > 0);
        series.push({
          kind: "points",
          role: who,
          size: 2.8,
          open: true,
          x: few.map((one) => one.share),
          y: few.map((one) => one.median),
        });
        // Where no run converges the crosses stand at the upper edge, one line for each algorithm.
        const level = top / (top / bottom) ** (who === "gd" ? 0.02 : 0.075);
        const none = all.filter((one) => one.ended.converged === 0);
        series.push({
          kind: "points",
          role: who,
          marker: "cross",
          open: true,
          size: 3,
          x: none.map((one) => one.share),
          y: none.map(() => level),
        });
        for (const one of all) {
          const value = one.ended.converged > 0 ? inside(one.median) : level;
          const set = one.middle.set;
          points.push({
            row: who,
            name: `${who} ${one.share}`,
            x: one.share,
            y: value,
            says: `${WHO[who]} at ${one.share} γ_c: ${one.ended.converged > 0 ? `median ${plain(tidy(one.median))}; ` : ""}${counted(one)}. Open the run on data set ${swept.settings.seed + set}.`,
            choose: () => openRun(one.share, set),
          });
        }
      }
      const ends = ["gd", "sgd"].map((who) => {
        const good = found[who].filter((one) => one.most);
        if (good.length === 0) return `${WHO[who]}: no run has converged`;
        const first = good[0];
        const last = good.at(-1);
        return `${WHO[who]} from ${tidy(first.median)} at ${first.share} to ${tidy(last.median)} at ${last.share} γ_c, the largest at which half of its runs converge`;
      });
      chart.draw({
        title,
        xlabel,
        x,
        y: { scale: "log", range },
        series,
        points,
        pointsLabel: `${title}: points to open`,
        alternative: `${title}. ${ends.join("; ")}.`,
      });
    };
    const flow = [...swept.flow].sort((a, b) => a - b);
    panel(
      charts.sweepError,
      "error",
      "Error, median and 10–90 %",
      [0.004, 4],
      flow.length
        ? [
            {
              kind: "rule",
              role: "flow",
              across: "y",
              at: Math.max(median(flow), 0.004),
              label: "flow",
              labelLeft: true,
            },
          ]
        : [],
    );
    panel(charts.sweepGain, "gain", "Mean gain, median and 10–90 %", [1e-3, 100], []);
    const found = both("error");
    const share = (who, how) =>
      found[who].map((one) => (one.count ? (100 * one.ended[how]) / one.count : NaN));
    const firstFailing = (who) => found[who].find((one) => one.ended.diverged > 0)?.share;
    charts.sweepEnds.draw({
      title: "Runs that diverge, %",
      xlabel,
      x,
      y: {
        range: [-2, 104],
        ticks: [0, 25, 50, 75, 100].map((v) => ({ at: v, label: String(v) })),
      },
      series: [
        ...now,
        ...["gd", "sgd"].flatMap((who) => {
          const stopped = share(who, "stopped");
          const some = SWEPT.map((_, k) => k).filter((k) => stopped[k] > 0);
          return [
            { kind: "line", role: who, label: WHO[who], x: SWEPT, y: share(who, "diverged") },
            { kind: "points", role: who, size: 2.8, x: SWEPT, y: share(who, "diverged") },
            {
              kind: "points",
              role: who,
              open: true,
              size: 4.5,
              ...(some.length ? { key: `${WHO[who]} stopped before` } : {}),
              x: some.map((k) => SWEPT[k]),
              y: some.map((k) => stopped[k]),
            },
          ];
        }),
      ],
      alternative: `Share of runs that diverge. ${["gd", "sgd"].map((who) => (firstFailing(who) ? `${WHO[who]} begins to at ${firstFailing(who)} γ_c` : `${WHO[who]} nowhere`)).join("; ")}.`,
    });
    const { N, d, s, noise, alpha, b } = swept.settings;
    const done = ["gd", "sgd"].reduce(
      (total, who) => total + swept[who].reduce((sum, runs) => sum + runs.length, 0),
      0,
    );
    const all = 2 * SWEPT.length * swept.count;
    const set = `<i>N</i> = ${N}, <i>d</i> = ${d}, <i>s</i> = ${s}, noise ${noise}, <i>α</i> = ${alpha}, <i>b</i> = ${b}, data seeds ${swept.settings.seed} to ${swept.settings.seed + swept.count - 1}`;
    const sentence = swept.running
      ? `Computing: ${set}.`
      : `${done < all ? `Stopped after ${done} of ${all} runs` : `${all} runs`}: ${set}. Hollow points: fewer than half of the runs converge. Crosses: none does. A click, or Enter, opens the run in the middle.`;
    const place = $(".lab-sweep-said");
    if (place.innerHTML !== sentence) place.innerHTML = sentence;
  }

  // ——— Start ———

  window.addEventListener("hashchange", readAddress);
  root.dataset.state = "working";
  if (!readAddress()) {
    showState();
    begin();
    markPreset();
  }
})();
