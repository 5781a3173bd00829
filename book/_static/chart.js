// Charts of the laboratory: lines, points, bands, rules and shades on linear or logarithmic axes.
//
//     const chart = bookChart.make(parent, { height: 240 });
//     chart.draw({
//       title: "Loss", xlabel: "steps", alternative: "GD's loss falls from 1 to 0.001.",
//       x: { scale: "log", range: [1, 1000] }, y: { scale: "log", range: [1e-4, 10] },
//       series: [{ kind: "line", role: "gd", label: "GD", x: [1, 1000], y: [1, 1e-3] }],
//     });
//
// A role ("gd", "sgd", "flow", …) stands for a colour, a dash and a marker, the same as in
// lib/style.py; colours are the variables of explorer.css and so follow the page into dark mode.
// Titles, labels and keys are trusted text in which <sub>, <sup> and <i> are markup.
const bookChart = (() => {
  "use strict";

  const ROLES = {
    gd: { colour: "gd", dash: "", marker: "circle" },
    sgd: { colour: "sgd", dash: "11 3", marker: "square" },
    flow: { colour: "flow", dash: "10 3 2 3", marker: "triangle" },
    truth: { colour: "truth", dash: "2 2.5", marker: "cross" },
    ink: { colour: "ink", dash: "", marker: "dot" },
    muted: { colour: "muted", dash: "3 3", marker: "dot" },
  };

  const MARKERS = {
    circle: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
    square: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    triangle: (x, y, r) => `M${x} ${y - 1.15 * r}l${1.1 * r} ${2 * r}h${-2.2 * r}z`,
    cross: (x, y, r) => `M${x - r} ${y - r}l${2 * r} ${2 * r}m0 ${-2 * r}l${-2 * r} ${2 * r}`,
  };
  MARKERS.dot = MARKERS.circle;

  const MARGIN = { left: 46, right: 14, top: 8, bottom: 36 };
  const LETTER = 6.3; // pixels, the mean width of a letter of 12 px

  // ——— Numbers as text ———

  // 1.3e-8 as 1.3 × 10<sup>−8</sup>, as lib.tidy writes it.
  function tidy(value, digits = 2) {
    if (Number.isNaN(value)) return "no number";
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
    if (value === 0) return "0";
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    const power = Number(exponent);
    if (power >= -4 && power < Math.max(digits, 3)) {
      return String(Number(value.toPrecision(digits))).replace("-", "−");
    }
    const short = String(Number(mantissa));
    const tens = `10<sup>${power}</sup>`;
    return (short === "1" ? tens : `${short}\u00a0×\u00a0${tens}`).replaceAll("-", "−");
  }

  const plain = (text) =>
    text.replace(/<sup>(.*?)<\/sup>/g, " to the power $1").replace(/<[^>]*>/g, "");

  // <sub> and <sup> as letters lowered and raised: SVG text has no such elements.
  function spans(text) {
    const shifts = { sub: [3.5, 9], sup: [-4.5, 9] };
    let back = 0;
    return text
      .split(/(<(?:sub|sup)>.*?<\/(?:sub|sup)>)/)
      .filter((part) => part !== "")
      .map((part) => {
        const marked = /^<(sub|sup)>(.*?)<\/\1>$/.exec(part);
        const [shift, size] = marked ? shifts[marked[1]] : [0, null];
        const moved = shift - back;
        back = shift;
        const slanted = (marked ? marked[2] : part).replace(/<\/?i>/g, "");
        if (!moved && !marked) return slanted;
        const font = size ? ` font-size="${size}"` : "";
        return `<tspan dy="${moved}"${font}>${slanted}</tspan>`;
      })
      .join("");
  }

  const written = (text) => text.replace(/<[^>]*>/g, "").length * LETTER;

  // ——— Axes ———

  function linearTicks([low, high], most = 5) {
    const rough = (high - low) / most;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * ten).find((s) => s >= rough * 0.999);
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
      ticks.push(Number((k * step).toPrecision(12)));
    }
    return ticks.map((at) => ({ at, label: String(at).replace("-", "−") }));
  }

  // Powers of ten, thinned out where many, with 2 and 5 between them where few.
  function logTicks([low, high], most = 6) {
    const decades = Math.log10(high / low);
    const ticks = [];
    if (decades < 1.8) {
      for (let k = Math.floor(Math.log10(low)); k <= Math.ceil(Math.log10(high)); k++) {
        for (const m of [1, 2, 5]) ticks.push(Number(`${m}e${k}`));
      }
    } else {
      const every = Math.ceil(decades / most);
      for (let k = Math.floor(Math.log10(low)); k <= Math.ceil(Math.log10(high)); k++) {
        if (k % every === 0) ticks.push(Number(`1e${k}`));
      }
    }
    const seen = ticks.filter((at) => at >= low * 0.999 && at <= high * 1.001);
    const short = seen.every((at) => at >= 0.9e-3 && at < 1e4);
    return seen.map((at) => {
      const [mantissa, exponent] = at.toExponential(0).split("e");
      const power = `10<sup>${String(Number(exponent)).replace("-", "−")}</sup>`;
      return { at, label: short ? String(at) : mantissa === "1" ? power : `${mantissa}·${power}` };
    });
  }

  function axis({ scale = "linear", range, ticks }, from, to) {
    const [low, high] = range;
    if (!(high > low && high - low < Infinity) || (scale === "log" && !(low > 0))) {
      throw new Error(`a ${scale} axis cannot run from ${low} to ${high}`);
    }
    const [a, b] = scale === "log" ? [Math.log(low), Math.log(high)] : [low, high];
    const place = (value) => {
      const t = scale === "log" ? Math.log(value) : value;
      return Math.round((from + ((t - a) / (b - a)) * (to - from)) * 100) / 100;
    };
    const most = Math.floor(Math.abs(to - from) / (from > to ? 28 : 44)); // labels stand closer upwards
    const own = scale === "log" ? logTicks : linearTicks;
    const isIn = (value) => Number.isFinite(value) && (scale !== "log" || value > 0);
    // Within the axis, up to rounding: a mark beyond it would be cut through its middle.
    const slack = 1e-6 * (b - a);
    const shows = (value) => {
      if (!isIn(value)) return false;
      const t = scale === "log" ? Math.log(value) : value;
      return t >= a - slack && t <= b + slack;
    };
    return { place, isIn, shows, ticks: ticks ?? own(range, Math.min(Math.max(most, 2), 6)) };
  }

  // ——— Marks ———

  function path(series, x, y) {
    let d = "";
    let pen = "M";
    for (let k = 0; k < series.x.length; k++) {
      if (x.isIn(series.x[k]) && y.isIn(series.y[k])) {
        d += `${pen}${x.place(series.x[k])} ${y.place(series.y[k])}`;
        pen = "L";
      } else {
        pen = "M"; // a gap where there is no number
      }
    }
    return d;
  }

  function markers(series, x, y) {
    const role = ROLES[series.role];
    const shape = MARKERS[series.marker ?? role.marker];
    const radius = series.size ?? 3;
    let d = "";
    for (let k = 0; k < series.x.length; k++) {
      if (x.shows(series.x[k]) && y.shows(series.y[k])) {
        d += shape(x.place(series.x[k]), y.place(series.y[k]), radius);
      }
    }
    return d;
  }

  const DRAW = {
    line(series, x, y) {
      const { colour, dash } = ROLES[series.role];
      return (
        `<path class="line" d="${path(series, x, y)}" style="stroke:var(--book-${colour});` +
        `stroke-dasharray:${series.dash ?? dash}"/>`
      );
    },
    points(series, x, y) {
      const { colour, marker } = ROLES[series.role];
      const open = series.open || (series.marker ?? marker) === "cross";
      const look = open
        ? `fill:none;stroke:var(--book-${colour});stroke-width:1.4`
        : `fill:var(--book-${colour})`;
      return `<path class="points" d="${markers(series, x, y)}" style="${look}"/>`;
    },
    band(series, x, y) {
      const there = [...series.x.keys()].filter(
        (k) => y.isIn(series.low[k]) && y.isIn(series.high[k]),
      );
      if (there.length === 0) return "";
      const edge = (k, values) => `${x.place(series.x[k])} ${y.place(values[k])}`;
      const up = there.map((k) => edge(k, series.high));
      const down = there.reverse().map((k) => edge(k, series.low));
      const { colour } = ROLES[series.role];
      return (
        `<path class="band" d="M${[...up, ...down].join("L")}z" ` +
        `style="fill:var(--book-${colour})"/>`
      );
    },
    // A straight line across the whole panel, at `at` on the axis `across` ("x" or "y").
    rule(series, x, y, box) {
      const { colour, dash } = ROLES[series.role];
      const at = (series.across === "x" ? x : y).place(series.at);
      const d =
        series.across === "x"
          ? `M${at} ${box.top}V${box.bottom}`
          : `M${box.left} ${at}H${box.right}`;
      return (
        `<path class="rule" d="${d}" style="stroke:var(--book-${colour});` +
        `stroke-dasharray:${series.dash ?? dash}"/>`
      );
    },
    shade(series, x, y, box) {
      const [from, to] = series.between.map(x.place);
      return `<rect class="shade" x="${from}" y="${box.top}" width="${to - from}" height="${box.bottom - box.top}"/>`;
    },
  };

  // Where a label stands: beside the end of its line, moved until it covers no other label.
  function labels(all, x, y, box) {
    const placed = [];
    for (const series of all.filter((one) => one.label)) {
      const width = written(series.label);
      let anchor;
      if (series.kind === "rule") {
        if (series.across === "x") anchor = [x.place(series.at) + 5, box.top + 11];
        else
          anchor = [
            series.labelLeft ? box.left + 6 : box.right - width - 2,
            y.place(series.at) - 5,
          ];
      } else {
        let last = series.x.length - 1;
        while (last >= 0 && !(x.isIn(series.x[last]) && y.isIn(series.y[last]))) last--;
        if (last < 0) continue;
        anchor = [x.place(series.x[last]) + 7, y.place(series.y[last]) + 4];
      }
      const left = Math.min(Math.max(anchor[0], box.left + 2), box.right - width);
      const inside = (top) => Math.min(Math.max(top, box.top + 10), box.bottom - 4);
      const free = (top) =>
        placed.every(
          (other) =>
            Math.abs(other.top - top) > 12 ||
            left > other.left + other.width + 4 ||
            other.left > left + width + 4,
        );
      const shifts = [0, -13, 13, -26, 26, -39, 39];
      const crowded = anchor[0] > left + 1 && series.kind !== "rule" ? -12 : 0;
      const top =
        shifts.map((s) => inside(anchor[1] + crowded + s)).find(free) ?? inside(anchor[1]);
      placed.push({ left, top, width, series });
    }
    return placed
      .map(
        ({ left, top, series }) =>
          `<text class="label" x="${left}" y="${top}" style="fill:var(--book-${ROLES[series.role].colour})">${spans(series.label)}</text>`,
      )
      .join("");
  }

  function key(series) {
    const { colour, dash } = ROLES[series.role];
    const stroke = `stroke:var(--book-${colour})`;
    const line = `<path d="M0 6h22" style="${stroke};stroke-dasharray:${dash};stroke-width:1.6"/>`;
    const one = { ...series, x: [series.kind === "line" ? 11 : 6], y: [6] };
    const flat = { shows: () => true, place: (value) => value };
    const shown = series.kind === "line" ? line : DRAW.points(one, flat, flat);
    const width = series.kind === "line" ? 22 : 12;
    return `<span class="chart-key"><svg width="${width}" height="12" aria-hidden="true">${shown}</svg>${series.key}</span>`;
  }

  function picture(spec, width, height) {
    const box = {
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: height - MARGIN.bottom,
    };
    const x = axis(spec.x, box.left, box.right);
    const y = axis(spec.y, box.bottom, box.top);
    const gridX =
      spec.x.grid === false
        ? []
        : x.ticks.map(({ at }) => `M${x.place(at)} ${box.top}V${box.bottom}`);
    const gridY = y.ticks.map(({ at }) => `M${box.left} ${y.place(at)}H${box.right}`);
    const inner = spec.series.map((series) => DRAW[series.kind](series, x, y, box)).join("");
    // Marks may reach a little beyond the axes, so that a point on the edge is drawn whole.
    const [w, h] = [box.right - box.left + 10, box.bottom - box.top + 10];
    return {
      svg:
        `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">` +
        `<path class="grid" d="${[...gridX, ...gridY].join("")}"/>` +
        `<svg x="${box.left - 5}" y="${box.top - 5}" width="${w}" height="${h}" ` +
        `viewBox="${box.left - 5} ${box.top - 5} ${w} ${h}">${inner}</svg>` +
        `<path class="axis" d="M${box.left} ${box.top}V${box.bottom}H${box.right}"/>` +
        x.ticks
          .map(
            ({ at, label }) =>
              `<text x="${x.place(at)}" y="${box.bottom + 15}" text-anchor="middle">${spans(label)}</text>`,
          )
          .join("") +
        y.ticks
          .map(
            ({ at, label }) =>
              `<text x="${box.left - 7}" y="${y.place(at) + 4}" text-anchor="end">${spans(label)}</text>`,
          )
          .join("") +
        (spec.xlabel
          ? `<text x="${(box.left + box.right) / 2}" y="${height - 5}" text-anchor="middle">${spans(spec.xlabel)}</text>`
          : "") +
        `${labels(spec.series, x, y, box)}</svg>`,
      x,
      y,
    };
  }

  // ——— Points that can be chosen: one tab stop, arrow keys from point to point ———

  function choices(group, points, x, y) {
    const held = group.contains(document.activeElement)
      ? document.activeElement.dataset.name
      : null;
    const rows = [...new Set(points.map((point) => point.row))];
    group.replaceChildren(
      ...points.map((point, k) => {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.name = point.name;
        button.tabIndex = k === 0 ? 0 : -1;
        button.setAttribute("aria-label", plain(point.says));
        button.title = plain(point.says);
        button.style.left = `${x.place(point.x)}px`;
        button.style.top = `${y.place(point.y)}px`;
        button.addEventListener("click", point.choose);
        return button;
      }),
    );
    const buttons = [...group.children];
    const go = (k) => {
      buttons.forEach((button, other) => (button.tabIndex = other === k ? 0 : -1));
      buttons[k].focus();
    };
    group.onkeydown = (event) => {
      const k = buttons.indexOf(event.target);
      if (k < 0) return;
      const inRow = (row) => [...points.keys()].filter((other) => points[other].row === row);
      const row = inRow(points[k].row);
      const at = row.indexOf(k);
      const beside = (step) => {
        const others = inRow(
          rows[(rows.indexOf(points[k].row) + step + rows.length) % rows.length],
        );
        const distance = (other) => Math.abs(x.place(points[other].x) - x.place(points[k].x));
        return others.reduce((best, other) => (distance(other) < distance(best) ? other : best));
      };
      const target = {
        ArrowRight: () => row[Math.min(at + 1, row.length - 1)],
        ArrowLeft: () => row[Math.max(at - 1, 0)],
        Home: () => row[0],
        End: () => row.at(-1),
        ArrowUp: () => beside(-1),
        ArrowDown: () => beside(1),
      }[event.key];
      if (!target) return;
      event.preventDefault();
      go(target());
    };
    const again = held === null ? -1 : points.findIndex((point) => point.name === held);
    if (again >= 0) go(again);
  }

  // ——— A chart in the page ———

  function make(parent, { height = 230 } = {}) {
    const element = document.createElement("figure");
    element.className = "chart";
    element.innerHTML =
      '<figcaption class="chart-head"><span class="chart-title"></span><span class="chart-keys"></span></figcaption>' +
      '<div class="chart-plot"><div class="chart-picture" role="img" ' +
      'aria-label="Not drawn yet"></div></div>';
    const [title, keys, plot, image] = [
      ".chart-title",
      ".chart-keys",
      ".chart-plot",
      ".chart-picture",
    ].map((name) => element.querySelector(name));
    parent.append(element);
    let shown = null;
    let group = null;
    let width = 0;

    const set = (place, html) => {
      if (place.innerHTML !== html) place.innerHTML = html;
    };

    function draw(spec) {
      shown = spec;
      width = Math.max(240, Math.round(plot.clientWidth) || 360);
      const { svg, x, y } = picture(spec, width, height);
      set(title, spec.title);
      set(
        keys,
        spec.series
          .filter((one) => one.key)
          .map(key)
          .join(""),
      );
      image.innerHTML = svg;
      image.setAttribute("aria-label", plain(spec.alternative));
      if (spec.points) {
        if (!group) {
          group = document.createElement("div");
          group.className = "chart-choices";
          group.setAttribute("role", "group");
          plot.append(group);
        }
        group.setAttribute("aria-label", plain(spec.pointsLabel ?? spec.title));
        choices(group, spec.points, x, y);
      }
    }

    new ResizeObserver(() => {
      if (shown && Math.abs(plot.clientWidth - width) > 1 && plot.clientWidth > 0) draw(shown);
    }).observe(plot);
    return { element, draw };
  }

  return { make, tidy, plain, ROLES, linearTicks, logTicks };
})();
