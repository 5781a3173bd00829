// The simulator of these notes for the browser: the equations of lib, in plain JavaScript.
//
// makeEngine() is closed over nothing, so that its source text alone starts a worker:
// new Blob([`const engine = (${makeEngine})();`, …]). What it returns are functions on
// Float64Arrays; a matrix lies row after row; a problem is { X, y, wStar, nSamples, dim }.
function makeEngine() {
  "use strict";

  const demand = (holds, name, value, expected) => {
    if (!holds) throw new Error(`${name} must be ${expected}, got ${String(value).slice(0, 40)}`);
  };
  const demandInteger = (name, value, least, most) => {
    const holds = Number.isSafeInteger(value) && value >= least && value <= most;
    demand(holds, name, value, `a whole number from ${least} to ${most}`);
  };
  const demandNumber = (name, value, holds, expected) =>
    demand(Number.isFinite(value) && holds(value), name, value, `a finite number ${expected}`);
  const demandVector = (name, value, length) => {
    const holds = value instanceof Float64Array && value.length === length;
    demand(holds && value.every(Number.isFinite), name, value, `${length} finite numbers`);
  };

  // ── Vectors ──────────────────────────────────────────────────────────────────────────────────

  // Every sum that a run depends on has one order, that of lib/_kernels.py, and JavaScript fuses no
  // product with a sum: a run here and one of lib.train are the same to the last bit.

  // x ⋅ w, for the row of X that begins `at`: eight sums over j, j + 8, j + 16, …, then those eight.
  function rowTimes(X, at, w) {
    const dim = w.length, blocks = dim - (dim % 8);
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (let j = 0, a = at; j < blocks; j += 8, a += 8) {
      s0 += X[a] * w[j];
      s1 += X[a + 1] * w[j + 1];
      s2 += X[a + 2] * w[j + 2];
      s3 += X[a + 3] * w[j + 3];
      s4 += X[a + 4] * w[j + 4];
      s5 += X[a + 5] * w[j + 5];
      s6 += X[a + 6] * w[j + 6];
      s7 += X[a + 7] * w[j + 7];
    }
    const left = dim - blocks, a = at + blocks;
    if (left > 0) s0 += X[a] * w[blocks];
    if (left > 1) s1 += X[a + 1] * w[blocks + 1];
    if (left > 2) s2 += X[a + 2] * w[blocks + 2];
    if (left > 3) s3 += X[a + 3] * w[blocks + 3];
    if (left > 4) s4 += X[a + 4] * w[blocks + 4];
    if (left > 5) s5 += X[a + 5] * w[blocks + 5];
    if (left > 6) s6 += X[a + 6] * w[blocks + 6];
    return s0 + s4 + (s2 + s6) + (s1 + s5 + (s3 + s7));
  }
  const dot = (a, b) => rowTimes(a, 0, b);
  const norm = (a) => Math.sqrt(dot(a, a));
  const distance = (a, b) => norm(a.map((value, i) => value - b[i]));
  const greatest = (a) => a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  function addTo(target, factor, source) {
    for (let j = 0; j < target.length; j++) target[j] += factor * source[j];
  }

  // ── Random numbers, the very ones of numpy.random.default_rng ────────────────────────────────

  const LARGEST_SEED = Number.MAX_SAFE_INTEGER;
  const LARGEST_DIM = 10000; // NumPy draws a subset of more in another way

  // Eight words of 32 bits from a seed and the number of a spawned stream: NumPy's SeedSequence.
  function seedWords(seed, stream) {
    const entropy = seed < 2 ** 32 ? [seed] : [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
    if (stream !== undefined) entropy.push(...Array(4 - entropy.length).fill(0), stream);
    let constant, factor;
    const hashed = (value) => {
      value ^= constant;
      constant = Math.imul(constant, factor);
      value = Math.imul(value, constant);
      return value ^ (value >>> 16);
    };
    const mixed = (a, b) => {
      const value = Math.imul(0xca01f9dd, a) - Math.imul(0x4973f715, b);
      return value ^ (value >>> 16);
    };
    [constant, factor] = [0x43b0d7e5, 0x931e8875];
    const pool = [0, 1, 2, 3].map((i) => hashed(entropy[i] ?? 0));
    for (let from = 0; from < 4; from++) {
      for (let to = 0; to < 4; to++) {
        if (to !== from) pool[to] = mixed(pool[to], hashed(pool[from]));
      }
    }
    for (const word of entropy.slice(4)) {
      for (let to = 0; to < 4; to++) pool[to] = mixed(pool[to], hashed(word));
    }
    [constant, factor] = [0x8b51f9dd, 0x58f38ded];
    return Uint32Array.from({ length: 8 }, (_, i) => hashed(pool[i % 4]));
  }

  // PCG64: s ← a s + c modulo 2¹²⁸, and of s what is drawn; with NumPy's ways of drawing.
  function generator(seed, stream) {
    const words = seedWords(seed, stream);
    const state = new Uint32Array(4); // least word first
    const shift = Uint32Array.of(words[6], words[7], words[4], words[5]);
    for (let i = 3; i >= 0; i--) shift[i] = (shift[i] << 1) | (i > 0 ? shift[i - 1] >>> 31 : 1);
    const drawn = new Uint32Array(2), kept = new Uint32Array(1);
    let full = false; // whether `kept` holds the other half of a draw

    // The upper word of a product whose lower one is `low`. The float is off by 2¹⁰ at most.
    const upper = (product, low) => Math.floor((product - low) / 2 ** 32 + 0.5);

    function step() {
      const A0 = 0x9fccf645, A1 = 0x4385df64, A2 = 0x1fc65da4, A3 = 0x2360ed05; // a, least first
      const s0 = state[0], s1 = state[1], s2 = state[2], s3 = state[3];
      const low00 = Math.imul(s0, A0) >>> 0, low01 = Math.imul(s0, A1) >>> 0;
      const low10 = Math.imul(s1, A0) >>> 0, low02 = Math.imul(s0, A2) >>> 0;
      const low11 = Math.imul(s1, A1) >>> 0, low20 = Math.imul(s2, A0) >>> 0;
      const top = Math.imul(s0, A3) + Math.imul(s1, A2) + Math.imul(s2, A1) + Math.imul(s3, A0);
      let sum = shift[0] + low00;
      state[0] = sum;
      sum = (sum - state[0]) / 2 ** 32 + shift[1] + low01 + low10 + upper(s0 * A0, low00);
      state[1] = sum;
      sum = (sum - state[1]) / 2 ** 32 + shift[2] + low02 + low11 + low20 + upper(s0 * A1, low01) +
        upper(s1 * A0, low10);
      state[2] = sum;
      state[3] = (sum - state[2]) / 2 ** 32 + shift[3] + top + upper(s0 * A2, low02) +
        upper(s1 * A1, low11) + upper(s2 * A0, low20);
    }
    step();
    [words[2], words[3], words[0], words[1]].reduce((carry, word, i) => {
      const sum = state[i] + word + carry;
      state[i] = sum;
      return Math.floor(sum / 2 ** 32);
    }, 0);
    step();

    function draw() {
      step();
      const turn = state[3] >>> 26, bits = turn & 31;
      const a = state[0] ^ state[2], b = state[1] ^ state[3];
      const low = turn < 32 ? a : b, high = turn < 32 ? b : a;
      drawn[0] = bits === 0 ? low : (low >>> bits) | (high << (32 - bits));
      drawn[1] = bits === 0 ? high : (high >>> bits) | (low << (32 - bits));
    }

    const uniform = () => {
      draw();
      return (drawn[1] * 2 ** 21 + (drawn[0] >>> 11)) / 2 ** 53;
    };

    const word = () => {
      full = !full;
      if (!full) return kept[0];
      draw();
      kept[0] = drawn[1];
      return drawn[0];
    };

    // A whole number below n, n ≤ 2²¹, by Lemire's method.
    const below = (n) => {
      if (n === 1) return 0;
      for (;;) {
        const product = word() * n, rest = product >>> 0;
        if (rest >= n || rest >= 2 ** 32 % n) return (product - rest) / 2 ** 32;
      }
    };

    // N(0, 1), by Marsaglia and Tsang's ziggurat.
    const normal = () => {
      const { edge, share, density } = (ziggurat ??= buildZiggurat());
      for (;;) {
        draw();
        const layer = drawn[0] & 255, sign = drawn[0] & 256 ? -1 : 1;
        const part = (drawn[1] & 0x1fffffff) * 2 ** 23 + (drawn[0] >>> 9);
        const x = part * edge[layer];
        if (part < share[layer]) return sign * x;
        if (layer > 0) {
          const height = density[layer] + (density[layer - 1] - density[layer]) * uniform();
          if (height < Math.exp(-0.5 * x * x)) return sign * x;
          continue;
        }
        const tailSign = Math.floor(part / 256) % 2 ? -1 : 1;
        for (;;) {
          const beyond = -Math.log1p(-uniform()) * INVERSE, y = -Math.log1p(-uniform());
          if (2 * y > beyond * beyond) return tailSign * (LAST_EDGE + beyond);
        }
      }
    };
    return { uniform, below, normal };
  }

  // The 256 layers of equal area under exp(−x²/2), x in units of 2⁻⁵². NumPy's tables came from
  // this recursion in doubles, which multiplies their rounding, and they are met to the last bit
  // here: browsers round exp and log each in its own way, hence `exactly`.
  const LAST_EDGE = 3.6541528853610088, INVERSE = 0.27366123732975828, AREA = 0.004928673233974652;
  let ziggurat = null;

  function buildZiggurat() {
    const x = new Float64Array(256), density = new Float64Array(256), share = new Float64Array(256);
    x[255] = LAST_EDGE;
    for (let i = 255; i > 0; i--) {
      density[i] = exactly.exp(-0.5 * x[i] * x[i]);
      if (i === 38) density[i] += 2 ** -53; // the one value that NumPy's table has rounded up
      if (i === 1) break;
      x[i - 1] = Math.sqrt(-2 * exactly.log(AREA / x[i] + density[i]));
      share[i] = Math.floor((x[i - 1] / x[i]) * 2 ** 52);
    }
    density[0] = 1;
    x[0] = AREA / density[255];
    share[0] = Math.floor((LAST_EDGE / x[0]) * 2 ** 52);
    return { edge: x.map((value) => value * 2 ** -52), share, density };
  }

  // exp(x) and log(x) for 2⁻²² < |x| < 2⁹, correctly rounded: fixed point with 128 binary places.
  const exactly = (() => {
    const PLACES = 128n, ONE = 1n << PLACES;
    const fixed = (x) => BigInt(x * 2 ** 75) << (PLACES - 75n);
    const float = (value) => Number(value) / 2 ** 128;
    const exp = (x) => {
      let sum = ONE;
      for (let n = 1n, term = ONE; term !== 0n; n++) {
        term = ((term * x) >> PLACES) / n;
        sum += term;
      }
      return sum;
    };
    const log = (x) => {
      let guess = fixed(Math.log(float(x)));
      for (let n = 0; n < 2; n++) guess += ((x * exp(-guess)) >> PLACES) - ONE;
      return guess;
    };
    return { exp: (x) => float(exp(fixed(x))), log: (x) => float(log(fixed(x))) };
  })();

  // y = X w* + noise · N(0, I), rows of X from N(0, std² I), w* with s entries N(0, 1): the data
  // that lib.sparse_regression draws for the same arguments.
  function sparseRegression({
    nSamples = 40, dim = 100, sparsity = 5, seed = 0, noise = 0, std = 1,
  } = {}) {
    demandInteger("nSamples", nSamples, 1, LARGEST_DIM);
    demandInteger("dim", dim, 1, LARGEST_DIM);
    demandInteger("sparsity", sparsity, 0, dim);
    demandInteger("seed", seed, 0, LARGEST_SEED);
    demandNumber("noise", noise, (value) => value >= 0, "at least 0");
    demandNumber("std", std, (value) => value > 0, "above 0");
    const [signal, rows, errors] = [0, 1, 2].map((stream) => generator(seed, stream));

    // Floyd's subset, then shuffled: numpy.random.Generator.choice without replacement.
    const support = [];
    for (let last = dim - sparsity; last < dim; last++) {
      const place = signal.below(last + 1);
      support.push(support.includes(place) ? last : place);
    }
    for (let i = sparsity - 1; i > 0; i--) {
      const j = signal.below(i + 1);
      [support[i], support[j]] = [support[j], support[i]];
    }
    const wStar = new Float64Array(dim);
    for (const j of support) wStar[j] = signal.normal();
    const X = new Float64Array(nSamples * dim).map(() => std * rows.normal());
    const y = new Float64Array(nSamples);
    support.sort((a, b) => a - b); // the order in which lib sums
    for (let i = 0; i < nSamples; i++) {
      for (const j of support) y[i] += X[i * dim + j] * wStar[j];
      y[i] += noise * errors.normal();
    }
    return { X, y, wStar, nSamples, dim };
  }

  // The batches that lib.train draws, each uniform, without replacement, independent of the others:
  // take(n) gives the next n of them in one Int32Array.
  function batches(nSamples, batchSize, seed) {
    demandInteger("batchSize", batchSize, 1, nSamples);
    demandInteger("seed", seed, 0, LARGEST_SEED);
    const random = generator(seed);
    if (batchSize === 1) {
      const take = (count) => {
        const indices = new Int32Array(count);
        for (let t = 0; t < count; t++) indices[t] = random.below(nSamples);
        return indices;
      };
      return { take };
    }
    const order = Int32Array.from({ length: nSamples }, (_, i) => i);
    const take = (count) => {
      const indices = new Int32Array(count * batchSize);
      for (let t = 0; t < indices.length; t += batchSize) {
        for (let k = 0; k < batchSize; k++) {
          const j = k + Math.floor(random.uniform() * (nSamples - k));
          const chosen = order[j];
          order[j] = order[k];
          order[k] = indices[t + k] = chosen;
        }
      }
      return indices;
    };
    return { take };
  }

  // ── One run of (S)GD: w₊ ← w₊ (1 − x), w₋ ← w₋ (1 + x), x = γ X_Bᵀ(X_B w − y_B)/b ────────────

  const DIVERGED_FACTOR = 1e12; // of max(1, first loss); a loss not below it has diverged
  const EPOCHS_BETWEEN_LOOKS = 8; // of SGD at the full loss
  const RECORDS_PER_DECADE = 24;

  // w₊² − w₋² as a product, which is exactly 0 at the start.
  const coefficients = (plus, minus) => plus.map((p, j) => (p - minus[j]) * (p + minus[j]));

  // r ← X w − y, each entry ((−y + x_0 w_0) + x_1 w_1) + …; returns ‖r‖², summed likewise.
  function allResiduals({ X, y, nSamples, dim }, w, r) {
    const blocks = nSamples - (nSamples % 4);
    let total = 0;
    // Four rows at a time, whose sums do not wait for one another.
    for (let i = 0; i < blocks; i += 4) {
      const a = i * dim, b = a + dim, c = b + dim, d = c + dim;
      let r0 = -y[i], r1 = -y[i + 1], r2 = -y[i + 2], r3 = -y[i + 3];
      for (let j = 0; j < dim; j++) {
        const wj = w[j];
        r0 += X[a + j] * wj;
        r1 += X[b + j] * wj;
        r2 += X[c + j] * wj;
        r3 += X[d + j] * wj;
      }
      r[i] = r0;
      r[i + 1] = r1;
      r[i + 2] = r2;
      r[i + 3] = r3;
    }
    for (let i = blocks; i < nSamples; i++) {
      let r0 = -y[i];
      for (let j = 0, a = i * dim; j < dim; j++) r0 += X[a + j] * w[j];
      r[i] = r0;
    }
    for (let i = 0; i < nSamples; i++) total += r[i] * r[i];
    return total;
  }

  // X w − y.
  function residual(problem, w) {
    const r = new Float64Array(problem.nSamples);
    allResiduals(problem, w, r);
    return r;
  }

  // L̄(w) = ‖X w − y‖² / (2 N).
  const loss = (problem, w) =>
    allResiduals(problem, w, new Float64Array(problem.nSamples)) / (2 * problem.nSamples);

  // Xᵀ z.
  function transposedTimes({ X, nSamples, dim }, z) {
    const sums = new Float64Array(dim);
    for (let i = 0, at = 0; i < nSamples; i++) {
      for (let j = 0; j < dim; j++) sums[j] += z[i] * X[at++];
    }
    return sums;
  }

  // Has the run ended? A loss that is no number is not below the bound.
  function look(state, value) {
    state.loss = value;
    if (value < state.tol) state.status = "converged";
    else if (!(value < state.bound)) state.status = "diverged";
  }
  const diverged = (state, t) => {
    state.status = "diverged";
    return t;
  };

  // slope ← ((r_0 x_B0 + r_1 x_B1) + …, in the order of the batch B: indices[from], ….
  function gather({ X, dim }, { slope, r }, indices, from, batchSize) {
    const blocks = batchSize - (batchSize % 4);
    slope.fill(0);
    // Four rows at a time: the slope is read and written once for all four.
    for (let k = 0; k < blocks; k += 4) {
      const a = indices[from + k] * dim, b = indices[from + k + 1] * dim;
      const c = indices[from + k + 2] * dim, d = indices[from + k + 3] * dim;
      const r0 = r[k], r1 = r[k + 1], r2 = r[k + 2], r3 = r[k + 3];
      for (let j = 0; j < dim; j++) {
        slope[j] = slope[j] + r0 * X[a + j] + r1 * X[b + j] + r2 * X[c + j] + r3 * X[d + j];
      }
    }
    for (let k = blocks; k < batchSize; k++) {
      for (let j = 0, a = indices[from + k] * dim; j < dim; j++) slope[j] += r[k] * X[a + j];
    }
  }

  // w± ← w± (1 ∓ x) with x = rate · slope, the slope being row `at` of X or an array of its own.
  function move({ plus, minus, w }, rate, slopes, at) {
    for (let j = 0; j < w.length; j++) {
      const x = rate * slopes[at + j];
      const p = plus[j] * (1 - x), m = minus[j] * (1 + x);
      plus[j] = p;
      minus[j] = m;
      w[j] = (p - m) * (p + m);
    }
  }

  // The kernels take up to `count` steps and return how many they took before the run ended.

  // GD: the loss is looked at before every step.
  function fullBatch(problem, state, everyone, count) {
    const { w, z, r, slope, stepSize } = state, n = problem.nSamples, rate = stepSize / n;
    for (let t = 0; t < count; t++) {
      look(state, allResiduals(problem, w, r) / (2 * n));
      if (state.status !== "running") return t;
      gather(problem, state, everyone, 0, n);
      for (let i = 0; i < n; i++) z[i] += rate * r[i];
      move(state, rate, slope, 0);
    }
    return count;
  }

  // SGD: step t is on the samples indices[b t], …, indices[b t + b − 1].
  function miniBatch(problem, state, indices, count) {
    const { X, y, dim } = problem, rate = state.stepSize / state.batchSize;
    const { w, z, r, slope, batchSize, largestResidual } = state;
    for (let t = 0; t < count; t++) {
      const from = t * batchSize;
      for (let k = 0; k < batchSize; k++) {
        const i = indices[from + k];
        r[k] = rowTimes(X, i * dim, w) - y[i];
        if (!(Math.abs(r[k]) < largestResidual)) return diverged(state, t);
      }
      gather(problem, state, indices, from, batchSize);
      for (let k = 0; k < batchSize; k++) z[indices[from + k]] += rate * r[k];
      move(state, rate, slope, 0);
    }
    return count;
  }

  // The same with one sample at a time, whose row is the slope.
  function singleSample({ X, y, dim }, state, indices, count) {
    const { z, w, stepSize, largestResidual } = state;
    for (let t = 0; t < count; t++) {
      const i = indices[t], at = i * dim, r = rowTimes(X, at, w) - y[i];
      if (!(Math.abs(r) < largestResidual)) return diverged(state, t);
      z[i] += stepSize * r;
      move(state, stepSize * r, X, at);
    }
    return count;
  }

  const scales = (alpha, dim) => {
    const scale = typeof alpha === "number" ? new Float64Array(dim).fill(alpha) : alpha;
    demandVector("alpha", scale, dim);
    const holds = scale.every((value) => value >= 1e-150 && value <= 1e150);
    demand(holds, "alpha", alpha, "from 1e-150 to 1e150, so that its square is a float");
    return scale;
  };

  // Batches that were drawn elsewhere, one after the other in `indices`.
  function given(indices, batchSize, maxSteps, nSamples) {
    const holds = indices instanceof Int32Array && indices.length >= maxSteps * batchSize;
    demand(holds, "indices", indices, `an Int32Array of ${maxSteps} batches of ${batchSize}`);
    demand(indices.every((i) => i >= 0 && i < nSamples), "indices", indices, "numbers of samples");
    let taken = 0;
    return { take: (count) => indices.subarray(taken, (taken += count * batchSize)) };
  }

  // A run that has taken no step yet; lib.train with the same arguments takes the same steps.
  // advance(milliseconds) takes steps for about so long, and tells whether there are more to take.
  // `status` is "running", then "converged" (loss below `tol`), "stopped" (steps spent, or stop()
  // called) or "diverged". `indices`, where given, are the batches, one after the other.
  function startRun(problem, {
    alpha = 0.1, stepSize = 0.05, batchSize = null, seed = 0, maxSteps = 1e6, tol = 1e-16,
    indices = null,
  } = {}) {
    const { nSamples, dim } = problem;
    const scale = scales(alpha, dim);
    demandNumber("stepSize", stepSize, (value) => value > 0, "above 0");
    if (batchSize !== null) demandInteger("batchSize", batchSize, 1, nSamples);
    demandInteger("seed", seed, 0, LARGEST_SEED);
    demandInteger("maxSteps", maxSteps, 0, Number.MAX_SAFE_INTEGER);
    demandNumber("tol", tol, (value) => value >= 0, "at least 0");
    const everyone = Int32Array.from({ length: nSamples }, (_, i) => i);
    const stochastic = batchSize !== null && batchSize !== nSamples;
    const kernel = !stochastic ? fullBatch : batchSize === 1 ? singleSample : miniBatch;
    const source = !stochastic
      ? { take: () => everyone }
      : indices
        ? given(indices, batchSize, maxSteps, nSamples)
        : batches(nSamples, batchSize, seed);

    const plus = scale.map((value) => value / Math.SQRT2), minus = plus.slice();
    const z = new Float64Array(nSamples); // Σ x_t = Xᵀ z
    const firstLoss = loss(problem, new Float64Array(dim));
    const bound = DIVERGED_FACTOR * Math.max(1, firstLoss);
    const state = {
      plus, minus, z, stepSize, batchSize, tol, bound, loss: firstLoss, status: "running",
      largestResidual: Math.sqrt(2 * nSamples * bound), // of one sample, whose loss is then `bound`
      w: new Float64Array(dim), slope: new Float64Array(dim), r: new Float64Array(nSamples),
    };
    const every = stochastic ? Math.ceil((EPOCHS_BETWEEN_LOOKS * nSamples) / batchSize) : Infinity;
    // Steps that take about a millisecond: how finely time can be sliced.
    const slice = Math.ceil(1e6 / (dim * (stochastic ? 3 * batchSize : 2 * nSamples)));
    const history = { step: [], loss: [], norm1: [], error: [], w: [], plus: [], minus: [] };
    let steps = 0, decade = 0, mark = 0;

    function record() {
      const w = coefficients(plus, minus);
      history.step.push(steps);
      history.loss.push(loss(problem, w));
      history.norm1.push(w.reduce((sum, value) => sum + Math.abs(value), 0));
      history.error.push(problem.wStar ? distance(w, problem.wStar) : NaN);
      history.w.push(w);
      history.plus.push(plus.slice());
      history.minus.push(minus.slice());
    }

    function finish() {
      state.loss = loss(problem, coefficients(plus, minus));
      if (history.step.at(-1) !== steps) record();
      if (state.status !== "running") return;
      const ended = state.loss < tol ? "converged" : "stopped";
      state.status = state.loss < bound ? ended : "diverged";
    }

    // Steps up to the next record, the next look at the loss, or the end of the slice.
    function proceed() {
      if (steps === mark) {
        record();
        while (mark <= steps) mark = Math.round(10 ** (decade++ / RECORDS_PER_DECADE));
      }
      const sinceLook = steps % every;
      if (stochastic && sinceLook === 0 && steps < maxSteps) {
        look(state, loss(problem, coefficients(plus, minus)));
      }
      if (state.status === "running" && steps < maxSteps) {
        const count = Math.min(mark - steps, maxSteps - steps, every - sinceLook, slice);
        steps += kernel(problem, state, source.take(count), count);
        if (state.status === "running") return;
      }
      finish();
    }

    return {
      plus, minus, z, history,
      advance(milliseconds = Infinity) {
        const deadline = performance.now() + milliseconds;
        while (state.status === "running") {
          proceed();
          if (performance.now() >= deadline) break;
        }
        return state.status === "running";
      },
      stop() {
        if (state.status === "running") finish();
      },
      get status() { return state.status; },
      get steps() { return steps; },
      get loss() { return state.loss; },
      get w() { return coefficients(plus, minus); },
      get gain() { return gains(scale, plus, minus); },
      get effectiveAlpha() { return effectiveAlphas(plus, minus); },
      get start() { return effectiveStart(problem, plus, minus, z); },
    };
  }

  // Σ q(x_t) = log(α²/α_∞²), with q(x) = −log|1 − x²|.
  const gains = (scale, plus, minus) =>
    scale.map((alpha, j) => {
      const logs = Math.log(Math.abs(plus[j])) + Math.log(Math.abs(minus[j]));
      return 2 * Math.log(alpha) - Math.LN2 - logs;
    });

  // α_∞ = α exp(−gain/2) = √(2 |w₊ w₋|).
  const effectiveAlphas = (plus, minus) =>
    plus.map((p, j) => Math.sqrt(2 * Math.abs(p)) * Math.sqrt(Math.abs(minus[j])));

  // w̃₀ = α_∞² sinh φ, φ = Σ [log|(1 − x_t)/(1 + x_t)| + 2 x_t] = log|w₊/w₋| + 2 Xᵀ z.
  const effectiveStart = (problem, plus, minus, z) => {
    const sums = transposedTimes(problem, z);
    return effectiveAlphas(plus, minus).map((alpha, j) => {
      const ratio = Math.log(Math.abs(plus[j])) - Math.log(Math.abs(minus[j]));
      return alpha ** 2 * Math.sinh(ratio + 2 * sums[j]);
    });
  };

  // ── Linear algebra: what the exact limits need ───────────────────────────────────────────────

  const rowsOf = ({ X, nSamples, dim }) =>
    Array.from({ length: nSamples }, (_, i) => X.slice(i * dim, (i + 1) * dim));

  // B ↦ A⁻¹ B by elimination with partial pivoting; A and B are lists of rows, A is overwritten.
  function factorized(A) {
    const n = A.length, order = A.map((_, i) => i);
    for (let k = 0; k < n; k++) {
      let pivot = k;
      for (let i = k + 1; i < n; i++) if (Math.abs(A[i][k]) > Math.abs(A[pivot][k])) pivot = i;
      [A[k], A[pivot]] = [A[pivot], A[k]];
      [order[k], order[pivot]] = [order[pivot], order[k]];
      const upper = A[k];
      for (let i = k + 1; i < n; i++) {
        const row = A[i], factor = (row[k] /= upper[k]);
        for (let j = k + 1; j < n; j++) row[j] -= factor * upper[j];
      }
    }
    return (B) => {
      const found = order.map((i) => B[i].slice());
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < i; k++) addTo(found[i], -A[i][k], found[k]);
      }
      for (let i = n - 1; i >= 0; i--) {
        for (let k = i + 1; k < n; k++) addTo(found[i], -A[i][k], found[k]);
        for (let j = 0; j < found[i].length; j++) found[i][j] /= A[i][i];
      }
      return found;
    };
  }
  const asColumn = (values) => Array.from(values, (value) => Float64Array.of(value));
  const asVector = (rows) => new Float64Array(rows.length).map((_, i) => rows[i][0]);

  // λ_max of a symmetric operator, by Lanczos's method with its vectors kept orthogonal.
  function largestEigenvalue(apply, size, precision) {
    const random = generator(0), basis = [], diagonal = [], beside = [];
    // Of the tridiagonal matrix: by bisection, on the signs of its pivots.
    const largestOfSmall = () => {
      const off = (i) => Math.abs(beside[i] ?? 0);
      let low = Math.max(...diagonal);
      let high = Math.max(...diagonal.map((a, i) => a + off(i - 1) + off(i)));
      for (;;) {
        const middle = (low + high) / 2;
        if (!(middle > low && middle < high)) return high;
        let pivot = diagonal[0] - middle;
        for (let i = 1; i < diagonal.length && pivot < 0; i++) {
          pivot = diagonal[i] - middle - beside[i - 1] ** 2 / pivot;
        }
        if (pivot < 0) high = middle;
        else low = middle;
      }
    };
    let next = new Float64Array(size).map(random.normal), length = norm(next), found = -Infinity;
    for (;;) {
      const current = next.map((value) => value / length);
      basis.push(current);
      next = apply(current);
      diagonal.push(dot(next, current));
      const scale = norm(next);
      for (let again = 0; again < 2; again++) {
        for (const before of basis) addTo(next, -dot(next, before), before);
      }
      length = norm(next);
      const complete = basis.length === size || !(length > 1e-14 * scale);
      if (complete || basis.length % 4 === 0) {
        const before = found;
        found = largestOfSmall();
        if (complete || Math.abs(found - before) <= precision * Math.abs(found)) return found;
      }
      beside.push(length);
    }
  }

  // ── The interpolators that training ends at ──────────────────────────────────────────────────

  const RESIDUAL = 1e-12; // ‖Xw − y‖/‖y‖ that a solution may have
  const CONSISTENT = 1e-10; // the same of the least-norm solution, above which there is none
  const NOISE = 1e-13; // entries of B⁻¹X, relative to the columns', that are rounding errors of 0
  const MAX_SWAPS = 10000;

  // Row after row, column `into` takes the place of the one in row `out`: T ← B⁻¹T.
  function exchange(table, basis, out, into) {
    const pivotRow = table[out], pivot = pivotRow[into];
    for (let j = 0; j < pivotRow.length; j++) pivotRow[j] /= pivot;
    table.forEach((row, i) => {
      const factor = row[into];
      if (i === out || factor === 0) return;
      for (let j = 0; j < row.length; j++) {
        const change = factor * pivotRow[j], value = row[j] - change;
        row[j] = Math.abs(value) < NOISE * Math.abs(change) ? 0 : value;
      }
      row[into] = 0;
    });
    basis[out] = into;
  }

  // X w = y rewritten as T w = B⁻¹y with T = B⁻¹X, B being the columns of X that `basis` lists.
  function rewritten(rows, targets, sizes, basis) {
    const solve = factorized(rows.map((row) => Float64Array.from(basis, (j) => row[j])));
    const table = solve(rows), values = asVector(solve(asColumn(targets)));
    const grain = NOISE * norm(targets);
    basis.forEach((own, i) => {
      const row = table[i];
      for (let j = 0; j < row.length; j++) {
        if (Math.abs(row[j]) * sizes[own] < NOISE * sizes[j]) row[j] = 0;
      }
      for (const j of basis) row[j] = 0;
      row[own] = 1;
      // Where fewer than N weights are needed the rest must be as small as the scale makes them,
      // not as large as the rounding errors of y.
      if (Math.abs(values[i]) * sizes[own] < grain) values[i] = 0;
    });
    return { basis, table, values, solve: (b) => asVector(solve(asColumn(b))) };
  }

  // gaps ↦ the change of g⁻¹ ∘ w, least in norm, that makes up for the gaps of T w: a weighted
  // least-squares problem, well conditioned so long as no entry of g_B⁻¹ T g is large.
  function corrector({ basis, table }, g) {
    const weighted = table.map((row, i) => {
      const own = g[basis[i]];
      // A ratio beyond a float belongs to an entry that is zero, or to a basis about to change.
      return row.map((entry, j) => entry * Math.min(g[j] / own, 1e250));
    });
    const largest = Math.max(...weighted.map(greatest));
    const correct = () => {
      const gram = weighted.map(() => new Float64Array(weighted.length));
      for (let i = 0; i < gram.length; i++) {
        for (let k = 0; k <= i; k++) gram[i][k] = gram[k][i] = dot(weighted[i], weighted[k]);
      }
      const solve = factorized(gram);
      return (gaps) => {
        const scaled = gaps.map((gap, i) => gap / g[basis[i]]), sums = new Float64Array(g.length);
        asVector(solve(asColumn(scaled))).forEach((share, i) => addTo(sums, share, weighted[i]));
        return sums;
      };
    };
    return { weighted, largest, correct };
  }

  // Linearly independent rows of (X, y), each divided by its norm, rewritten in as many columns,
  // and their least-norm solution.
  const known = new WeakMap();
  function equations(problem) {
    if (!known.has(problem)) known.set(problem, solveEquations(problem));
    const found = known.get(problem);
    if (found.consistent) return found;
    throw new Error("X w = y has no solution: there is nothing that training could end at");
  }

  function solveEquations(problem) {
    const { y, nSamples, dim } = problem;
    const all = rowsOf(problem), lengths = all.map(norm);
    all.forEach((row, i) => lengths[i] > 0 && row.forEach((x, j) => (row[j] = x / lengths[i])));
    const sizes = new Float64Array(dim);
    for (const row of all) for (let j = 0; j < dim; j++) sizes[j] += row[j] * row[j];
    for (let j = 0; j < dim; j++) sizes[j] = Math.sqrt(sizes[j]);

    // Elimination by the largest entry there is, relative to its column.
    const left = all.map((row) => row.slice()), basis = Array(nSamples).fill(-1);
    const smallest = Math.max(nSamples, dim) * Number.EPSILON;
    for (;;) {
      let most = smallest, out = -1, into = -1;
      left.forEach((row, i) => {
        if (basis[i] >= 0) return;
        for (let j = 0; j < dim; j++) {
          const entry = Math.abs(row[j]);
          if (entry > most * sizes[j]) [most, out, into] = [entry / sizes[j], i, j];
        }
      });
      if (out < 0) break;
      exchange(left, basis, out, into);
    }
    const chosen = basis.flatMap((j, i) => (j >= 0 ? [i] : []));
    const rows = chosen.map((i) => all[i]);
    const targets = Float64Array.from(chosen, (i) => y[i] / lengths[i]);
    const leastNorm = new Float64Array(dim);
    let system = null;
    if (rows.length > 0) {
      system = rewritten(rows, targets, sizes, chosen.map((i) => basis[i]));
      const correction = corrector(system, new Float64Array(dim).fill(1)).correct();
      for (let again = 0; again < 3; again++) {
        const gaps = targets.map((target, i) => target - dot(rows[i], leastNorm));
        addTo(leastNorm, 1, correction(system.solve(gaps)));
      }
    }
    const consistent = norm(residual(problem, leastNorm)) <= CONSISTENT * norm(y);
    return { rows, targets, sizes, system, leastNorm, consistent };
  }

  // The solution itself, if it interpolates as nearly as floating point lets it.
  function certified(problem, w, what, start = null) {
    const missing = norm(residual(problem, w)), size = norm(problem.y);
    // Where y is tiny beside the terms that make it up, rounding alone leaves more of it.
    const terms = w.map((value, j) => Math.abs(value) + (size > 0 ? 0 : Math.abs(start?.[j] ?? 0)));
    const sums = rowsOf(problem).map((row) => dot(row.map(Math.abs), terms));
    if (missing <= Math.max(RESIDUAL * size, 8 * Number.EPSILON * norm(sums))) return w;
    throw new Error(`${what} was not reached: ‖Xw − y‖ is ${missing.toExponential(1)}`);
  }

  // ‖w‖₂ → min subject to X w = y.
  const minL2 = (problem) =>
    certified(problem, equations(problem).leastNorm.slice(), "the least ℓ2 norm");

  // ‖w‖₁ → min subject to X w = y, by the simplex method. Along one column the norm is piecewise
  // linear: a step goes past the zeros of coefficients for as long as the norm still falls.
  function minL1(problem) {
    const { rows, targets, sizes, system } = equations(problem);
    const w = new Float64Array(problem.dim);
    if (greatest(targets) === 0) return w;
    const basis = system.basis.slice(), table = system.table.map((row) => row.slice());
    // Where fewer than N coefficients are enough, a grain on each tells the others apart.
    const lengths = basis.map((j) => sizes[j]);
    const grain = 1e-11 * greatest(system.values.map((value, i) => value * lengths[i]));
    const values = system.values.map((v, i) => v + (grain / lengths[i]) * (1 + ((0.618 * i) % 1)));
    const sign = () => values.map((value) => (value < 0 ? -1 : 1));
    // What the coefficients of the basis save when one more of column j comes in.
    const savings = (entries) => {
      const sums = new Float64Array(problem.dim);
      sign().forEach((sense, i) => addTo(sums, sense, entries[i]));
      return sums;
    };
    for (let swaps = 0; ; swaps++) {
      const saved = savings(table), most = greatest(saved);
      if (most <= 1 + 1e-10) break;
      if (swaps === MAX_SWAPS) throw new Error("the least ℓ1 norm: the simplex method did not end");
      const into = saved.findIndex((value) => Math.abs(value) === most);
      const sense = Math.sign(saved[into]), zeros = [];
      sign().forEach((own, i) => {
        const rate = sense * own * table[i][into];
        if (rate > NOISE) zeros.push({ i, rate, at: Math.abs(values[i]) / rate });
      });
      zeros.sort((a, b) => a.at - b.at);
      let slope = 1 - most, last = -1;
      while (slope < 0 && last + 1 < zeros.length) slope += 2 * zeros[++last].rate;
      const { i: out, at } = zeros[last];
      for (let i = 0; i < values.length; i++) values[i] -= sense * at * table[i][into];
      values[out] = sense * at;
      exchange(table, basis, out, into);
    }
    // Solved afresh, and certified: λ = B⁻ᵀ sign(w_B) has |Xᵀλ| ≤ 1 and ⟨λ, y⟩ = ‖w‖₁.
    const fresh = rewritten(rows, targets, sizes, basis), length = greatest(savings(fresh.table));
    const dual = dot(sign(), fresh.values) / Math.max(1, length);
    const value = fresh.values.reduce((sum, entry) => sum + Math.abs(entry), 0);
    if (!(value - dual <= 1e-9 * value)) throw new Error("the least ℓ1 norm was not reached");
    basis.forEach((j, i) => (w[j] = fresh.values[i]));
    return certified(problem, w, "the least ℓ1 norm");
  }

  const MAX_STEPS = 3000;
  const NEAR = 0.5; // change of r at which a full step certainly decreases the dual
  const SETTLED = 1e-8; // and at which the step after it would change nothing
  const LARGEST_ENTRY = 100; // of g_B⁻¹ T g
  const STAGE = 6, LONGEST_STAGE = 96; // how far log α² comes down in a stage

  // r with α² sinh r = w, from log α.
  const ratios = (w, logScale) =>
    w.map((value, j) => {
      const size = Math.log(Math.abs(value)) - 2 * logScale[j];
      return Math.sign(value) * (size < 300 ? Math.asinh(Math.exp(size)) : size + Math.LN2);
    });

  // D_ψ(w, w̃₀) → min subject to X w = y, with ψ = ψ_α and w̃₀ = `start`: where the gradient flow
  // of scale α ends, from `start` = 0; and a converged run, for its own α_∞ and w̃₀.
  //
  // The minimiser has arcsinh(w/α²) = r = r₀ + Xᵀν, and Newton's method on the dual solves
  // X diag(g²) Xᵀ Δν = y − X w, with g² = dw/dr = α² cosh r. These weights may span hundreds of
  // decades, so that the equations are rewritten in the columns that weigh most; and α comes down
  // by stages, from where the problem is linear. A step that changes r by R at most certainly
  // decreases the dual at length log(1 + R)/R: there is no line search.
  function minPotential(problem, { alpha, start = 0 }) {
    const scale = scales(alpha, problem.dim);
    const from = start === 0 ? new Float64Array(problem.dim) : start;
    demandVector("start", from, problem.dim);
    const { rows, targets, sizes, leastNorm, ...first } = equations(problem);
    const size = Math.max(greatest(leastNorm), greatest(from));
    if (size === 0 || rows.length === 0) return from.slice();

    const logAlpha = scale.map(Math.log), logSize = Math.log(size);
    let raised = Math.max(0, (logSize + 5) / 2 - Math.min(...logAlpha));
    // The scales are raised only as far as α² stays a float.
    const raisedBy = (raise) =>
      logAlpha.map((a) => Math.min(a + raise, Math.max(a, (logSize + 450) / 2)));
    let logScale = raisedBy(raised), r = ratios(from, logScale);
    let system = first.system, stage = STAGE, stepsBefore = 0;

    const solution = () =>
      r.map((value, j) => {
        const away = Math.abs(value);
        return (Math.sign(value) * Math.exp(2 * logScale[j] + away) * -Math.expm1(-2 * away)) / 2;
      });
    for (let step = 0; step < MAX_STEPS; step++) {
      const w = solution();
      const g = r.map((value, j) => {
        const away = Math.abs(value);
        return Math.exp(logScale[j] + away / 2) * Math.sqrt((1 + Math.exp(-2 * away)) / 2);
      });
      let found = corrector(system, g);
      if (found.largest > LARGEST_ENTRY) {
        system = reweighed(rows, targets, sizes, system, g);
        found = corrector(system, g);
      }
      const correct = found.correct(), { table, values, solve } = system;
      const change = correct(values.map((value, i) => value - dot(table[i], w)));
      for (let j = 0; j < change.length; j++) change[j] /= g[j];
      const R = greatest(change);
      if (!Number.isFinite(R)) break;
      addTo(r, R <= NEAR ? 1 : Math.log1p(R) / R, change);

      if (raised === 0 && R <= SETTLED) {
        const limit = solution();
        for (let again = 0; again < 2; again++) {
          const moved = correct(solve(targets.map((y, i) => y - dot(rows[i], limit))));
          for (let j = 0; j < limit.length; j++) limit[j] += g[j] * moved[j];
        }
        return certified(problem, limit, "the least potential", from);
      }
      if (raised > 0 && R <= NEAR) {
        if (step - stepsBefore <= 4) stage = Math.min(2 * stage, LONGEST_STAGE);
        stepsBefore = step;
        raised = Math.max(0, raised - stage / 2);
        const lowered = raisedBy(raised);
        const before = ratios(from, logScale), after = ratios(from, lowered);
        for (let j = 0; j < r.length; j++) r[j] += after[j] - before[j]; // the same ν
        logScale = lowered;
      }
    }
    throw new Error("the least potential: Newton's method did not end");
  }

  // The equations rewritten in a basis in which no entry of g_B⁻¹ T g is large.
  function reweighed(rows, targets, sizes, system, g) {
    const basis = system.basis.slice(), table = system.table.map((row) => row.slice());
    for (let swaps = 0; swaps < MAX_SWAPS; swaps++) {
      let most = LARGEST_ENTRY, out = -1, into = -1;
      table.forEach((row, i) => {
        const own = g[basis[i]];
        for (let j = 0; j < row.length; j++) {
          const entry = Math.abs(row[j]) * Math.min(g[j] / own, 1e250);
          if (entry > most) [most, out, into] = [entry, i, j];
        }
      });
      if (out < 0) break;
      // Every swap multiplies |det B diag(g_B)| by the entry, so that none is ever undone.
      exchange(table, basis, out, into);
    }
    return rewritten(rows, targets, sizes, basis);
  }

  // ── What bounds the step size ────────────────────────────────────────────────────────────────

  // λ_max(∇²F(u, v)), F(u, v) = L̄(u ⊙ v): with H = XᵀX/N and g = ∇L̄(u ⊙ v),
  // ∇²F = [[diag(v) H diag(v), diag(v) H diag(u) + diag(g)], [transpose, diag(u) H diag(u)]].
  function sharpness(problem, u, v, precision = 1e-14) {
    const { nSamples, dim } = problem;
    demandVector("u", u, dim);
    demandVector("v", v, dim);
    const linear = { ...problem, y: new Float64Array(nSamples) };
    const gradient = transposedTimes(problem, residual(problem, u.map((value, j) => value * v[j])));
    const apply = (a) => {
      const moved = u.map((value, j) => v[j] * a[j] + value * a[dim + j]);
      const slope = transposedTimes(problem, residual(linear, moved));
      const image = new Float64Array(2 * dim);
      for (let j = 0; j < dim; j++) {
        image[j] = (v[j] * slope[j] + gradient[j] * a[dim + j]) / nSamples;
        image[dim + j] = (u[j] * slope[j] + gradient[j] * a[j]) / nSamples;
      }
      return image;
    };
    return largestEigenvalue(apply, 2 * dim, precision);
  }

  // γ_c = N / λ_max(X diag|w*| Xᵀ) for GD, γ_ms = 1 / max_i Σ_j |w*_j| x_ij² at batch size 1, where
  // w* is problem.wStar if that interpolates, else the interpolator of least ℓ1 norm.
  const DIGITS = 10; // of a critical step size, as in lib: the last ones depend on who computes them

  function criticalStepSize(problem, batchSize = null) {
    const { y, wStar, nSamples } = problem;
    const fits = wStar && norm(residual(problem, wStar)) <= RESIDUAL * norm(y);
    const size = (fits ? wStar : minL1(problem)).map(Math.abs);
    let most;
    if (batchSize === null || batchSize === nSamples) {
      const linear = { ...problem, y: new Float64Array(nSamples) };
      const apply = (a) => residual(linear, transposedTimes(problem, a).map((v, j) => v * size[j]));
      most = largestEigenvalue(apply, nSamples, 1e-14) / nSamples;
    } else if (batchSize === 1) {
      most = Math.max(...rowsOf(problem).map((row) => dot(row.map((x) => x * x), size)));
    } else {
      throw new Error(`batchSize must be 1 or ${nSamples}: of what is between neither formula speaks`);
    }
    if (most > 0) return Number((1 / most).toPrecision(DIGITS));
    throw new Error("w* is 0: no step size is then too large, and none critical");
  }

  return {
    sparseRegression, batches, startRun, loss, minPotential, minL1, minL2, sharpness,
    criticalStepSize,
  };
}
