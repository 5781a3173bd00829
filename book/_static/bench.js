// What the laboratory computes: one experiment, or a sweep, in slices between which it can be told
// to stop or to begin another.
//
// makeBench, like makeEngine, is closed over nothing, so that the source text of both makes a
// worker, on a page opened from a file as well. Where workers are refused it runs on the page, in
// slices short enough to type and scroll between.
//
// `send` takes what was found, `later` a function to call once messages have been heard. The bench
// itself is a function of messages: { task: "run" | "sweep" | "stop", id, who: "gd" | "sgd", … }.

function makeBench(engine, send, later) {
  "use strict";

  const SLICE = 8; // milliseconds
  const BETWEEN_PICTURES = 80;
  const LOOKS = 40; // at the sharpness, along one run
  let active = null;
  let kept = { key: "" };

  function data({ N, d, s, noise, seed }) {
    const key = [N, d, s, noise, seed].join();
    if (kept.key !== key) {
      const problem = engine.sparseRegression({
        nSamples: N,
        dim: d,
        sparsity: s,
        seed,
        noise,
        std: 1,
      });
      kept = { key, problem, unit: engine.criticalStepSize(problem), least: null, flow: new Map() };
    }
    return kept;
  }

  function flowOf({ problem, flow }, alpha) {
    if (!flow.has(alpha)) flow.set(alpha, engine.minPotential(problem, { alpha, start: 0 }));
    return flow.get(alpha);
  }

  const begin = (problem, settings, who, stepSize) =>
    engine.startRun(problem, {
      alpha: settings.alpha,
      stepSize,
      batchSize: who === "gd" || settings.b === settings.N ? null : settings.b,
      seed: settings.order,
      maxSteps: settings.steps,
      tol: settings.tol,
    });

  const stateOf = (run, size) => ({
    status: run.status,
    steps: run.steps,
    loss: run.loss,
    w: Float64Array.from(run.w),
    gain: Float64Array.from(run.gain),
    history: {
      step: Float64Array.from(run.history.step),
      loss: Float64Array.from(run.history.loss),
      error: Float64Array.from(run.history.error, (value) => value / size),
      l1: Float64Array.from(run.history.norm1),
    },
  });

  const distance = (a, b) => Math.hypot(...a.map((value, j) => value - b[j])) / Math.hypot(...b);

  function* experiment({ who, settings }, job) {
    const found = data(settings);
    const { problem, unit } = found;
    const gamma = settings.gamma ?? settings.share * unit;
    yield { kind: "data", unit, gamma, wStar: problem.wStar };
    const run = begin(problem, settings, who, gamma);
    let pictured = performance.now();
    while (!job.stopped && run.advance(SLICE)) {
      if (performance.now() - pictured > BETWEEN_PICTURES) {
        yield { kind: "run", over: false, run: stateOf(run, Math.hypot(...problem.wStar)) };
        pictured = performance.now();
      } else {
        yield null;
      }
    }
    run.stop();
    yield {
      kind: "run",
      over: true,
      byHand: job.stopped,
      run: stateOf(run, Math.hypot(...problem.wStar)),
    };
    if (who === "sgd") {
      yield { kind: "flow", flow: flowOf(found, settings.alpha) };
    }
    if (run.status !== "diverged") {
      // Where w₊ or w₋ has all but vanished, as for a run that cannot settle, nothing is foretold.
      const alpha = run.effectiveAlpha;
      if (Math.min(...alpha) > 1e-150) {
        const limit = engine.minPotential(problem, { alpha, start: run.start });
        yield {
          kind: "limit",
          limit,
          distance: distance(run.w, limit),
          start: Math.max(...run.start.map(Math.abs)),
        };
      } else {
        yield { kind: "limit", limit: null };
      }
    }
    const { history } = run;
    const last = history.step.length - 1;
    const looks = [
      ...new Set(Array.from({ length: LOOKS }, (_, k) => Math.round((k * last) / (LOOKS - 1)))),
    ];
    const steps = [];
    const values = [];
    for (const k of looks) {
      const [plus, minus] = [history.plus[k], history.minus[k]];
      const [u, v] = [plus.map((p, j) => p + minus[j]), plus.map((p, j) => p - minus[j])];
      if (!u.every((value) => Math.abs(value) < 1e12)) break; // a run that is diverging
      // The last one stands in the table; of those on the way six digits are seen.
      const value = engine.sharpness(problem, u, v, k === last ? 1e-14 : 1e-6);
      steps.push(history.step[k]);
      values.push(value);
      yield null;
    }
    yield { kind: "sharpness", steps, values };
    if (who === "gd") {
      found.least ??= {
        l1: norm1(engine.minL1(problem)),
        l2: Math.hypot(...engine.minL2(problem)),
      };
      yield { kind: "least", least: found.least };
    }
    yield { kind: "done" };
  }

  const norm1 = (w) => w.reduce((total, value) => total + Math.abs(value), 0);

  // Every step size on one data set, then the next data set: the curves stand early, the bands grow.
  function* sweep({ who, settings, shares, sets }, job) {
    for (let k = 0; k < sets && !job.stopped; k++) {
      const these = { ...settings, seed: settings.seed + k, order: settings.order + k };
      const found = data(these);
      const { problem, unit } = found;
      if (who === "sgd") {
        yield {
          kind: "flowError",
          set: k,
          error: distance(flowOf(found, these.alpha), problem.wStar),
        };
      }
      for (let i = 0; i < shares.length && !job.stopped; i++) {
        const run = begin(problem, these, who, shares[i] * unit);
        while (!job.stopped && run.advance(SLICE)) yield null;
        if (job.stopped) break;
        yield {
          kind: "point",
          set: k,
          at: i,
          status: run.status,
          error: distance(run.w, problem.wStar),
          gain: run.gain.reduce((total, value) => total + value, 0) / run.gain.length,
        };
      }
    }
    yield { kind: "swept" };
  }

  function pump(job) {
    if (job !== active) return;
    const until = performance.now() + SLICE;
    try {
      do {
        const { value, done } = job.way.next();
        if (value) send({ id: job.id, who: job.who, ...value });
        if (done) return;
      } while (performance.now() < until);
    } catch (error) {
      send({ id: job.id, who: job.who, kind: "failure", text: error.message });
      return;
    }
    later(() => pump(job));
  }

  return (message) => {
    if (message.task === "stop") {
      if (active) active.stopped = true;
      return;
    }
    const job = { id: message.id, who: message.who, stopped: false };
    job.way = (message.task === "sweep" ? sweep : experiment)(message, job);
    active = job;
    pump(job);
  };
}
