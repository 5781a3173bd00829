"""The inner loops: one step of (S)GD on w = w₊² − w₋², as many times as asked.

One step with residual r = X_B w − y_B and x = γ X_Bᵀ r / b is

    w₊ ← w₊ (1 − x),    w₋ ← w₋ (1 + x),    z_B ← z_B + γ r / b,

so that Σ_t x_t = Xᵀ z at any time. No logarithm and no further vector of length d is carried
along: the gain and the start of the exact limit follow from (w₊, w₋, z) at the end.

**The written order.** Beyond the edge of stability the last bit of a step decides where a run ends,
so every sum has one order, no product is fused with a sum, and a run is the same bit for bit on
every processor and in the browser (engine.js). w is computed as (w₊ − w₋)(w₊ + w₋), which is
exactly 0 at the start where the difference of two squares would be rounding errors of size α².

    full batch, loss:  r_i = ((−y_i + X_i0 w_0) + X_i1 w_1) + …,   total = (r_0² + r_1²) + …
    batches of SGD:    r_i = total of the eight sums Σ_{j ≡ k mod 8} X_ij w_j, minus y_i
    always:            slope_j = (r_0 X_0j + r_1 X_1j) + …, samples in the order of the batch

The three loops share their arguments. ``data`` is what :func:`prepared` makes. ``step_sizes`` (T,)
are the steps to take, in place, on ``plus``, ``minus`` (padded) and ``z`` (N,). ``marks`` lists,
in order, the steps t < T before which the state is copied to a row of ``shelf`` (K, 2 d + N);
copying from inside keeps a run the same whatever is recorded. Where the loss is looked at,
``sums`` (2,) gathers γ L̄ and γ² L̄. They return the number of steps taken and RUNNING, CONVERGED
(loss < ``tol``) or DIVERGED (loss, or one sample's share of it, not < ``bound``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ._lanes import WIDTH, fill, load, load_row, padded, store, total, zeros

# No fastmath: it is the licence to reorder and to fuse.
_FLAGS = {"nogil": True, "cache": True}

RUNNING, CONVERGED, DIVERGED = 0, 1, 2


class Data(NamedTuple):
    """X by rows and by columns, and y, each filled up with zeros to be read eight at a time."""

    rows: np.ndarray  # (N, d rounded up)
    columns: np.ndarray  # (d, N rounded up)
    targets: np.ndarray  # (N rounded up,)


def prepared(X: np.ndarray, y: np.ndarray) -> Data:
    """The data in the form that the loops read."""
    return Data(padded(X), padded(X.T), padded(y))


@njit(**_FLAGS)
def _move(plus, minus, j, x):
    """The step of coordinates j, …, j + 7, by x of each; returns their new w."""
    one = fill(1.0)
    p, m = load(plus, j) * (one - x), load(minus, j) * (one + x)
    store(plus, j, p)
    store(minus, j, m)
    return (p - m) * (p + m)


@njit(**_FLAGS)
def _add_rows(sums, matrix, factors, count):
    """sums ← ((sums + factors_0 matrix_0) + factors_1 matrix_1) + …, over ``count`` rows."""
    # Four rows at a time: the sums pass through the registers once for all four.
    blocks = count - count % 4
    for i in range(0, blocks, 4):
        f0, f1, f2, f3 = (
            fill(factors[i]),
            fill(factors[i + 1]),
            fill(factors[i + 2]),
            fill(factors[i + 3]),
        )
        for j in range(0, len(sums), WIDTH):
            s = load(sums, j) + f0 * load_row(matrix, i, j)
            s = s + f1 * load_row(matrix, i + 1, j)
            s = s + f2 * load_row(matrix, i + 2, j)
            store(sums, j, s + f3 * load_row(matrix, i + 3, j))
    for i in range(blocks, count):
        f0 = fill(factors[i])
        for j in range(0, len(sums), WIDTH):
            store(sums, j, load(sums, j) + f0 * load_row(matrix, i, j))


@njit(**_FLAGS)
def _all_residuals(data, w, r):
    """r ← X w − y, and L̄(w)."""
    dim, n_samples = len(data.columns), len(data.rows)
    for i in range(len(r)):
        r[i] = -data.targets[i]
    _add_rows(r, data.columns, w, dim)
    squares = 0.0
    for i in range(n_samples):
        squares += r[i] * r[i]
    return squares / (2 * n_samples)


@njit(**_FLAGS)
def _row_times(data, i, w):
    """x_i · w, in eight sums."""
    s = fill(0.0)
    for j in range(0, len(w), WIDTH):
        s = s + load_row(data.rows, i, j) * load(w, j)
    return total(s)


@njit(**_FLAGS)
def _weights(plus, minus):
    """w, from the two factors."""
    w = zeros(len(plus))
    for j in range(len(plus)):
        w[j] = (plus[j] - minus[j]) * (plus[j] + minus[j])
    return w


@njit(**_FLAGS)
def full_loss(data, plus, minus):
    """L̄(w₊² − w₋²)."""
    return _all_residuals(data, _weights(plus, minus), zeros(len(data.targets)))


@njit(**_FLAGS)
def losses(data, shelf):
    """L̄ at every recorded state."""
    dim = len(data.columns)
    plus, minus = zeros(data.rows.shape[1]), zeros(data.rows.shape[1])
    found = np.empty(len(shelf))
    for k in range(len(shelf)):
        plus[:dim], minus[:dim] = shelf[k, :dim], shelf[k, dim : 2 * dim]
        found[k] = full_loss(data, plus, minus)
    return found


@njit(**_FLAGS)
def summed_steps(X, shelf):
    """Σ_t x_t = Xᵀ z for every row z of ``shelf``; no BLAS, whose threads would show in the bits."""
    sums = np.zeros((shelf.shape[0], X.shape[1]))
    for k in range(shelf.shape[0]):
        for i in range(X.shape[0]):
            for j in range(X.shape[1]):
                sums[k, j] += shelf[k, i] * X[i, j]
    return sums


@njit(**_FLAGS)
def _put(row, plus, minus, z):
    dim = (len(row) - len(z)) // 2
    for j in range(dim):
        row[j] = plus[j]
        row[dim + j] = minus[j]
    for i in range(len(z)):
        row[2 * dim + i] = z[i]


@njit(**_FLAGS)
def _seen(loss, step_size, tol, bound, sums):
    """What a look at the loss tells; a run that goes on adds it to the sums."""
    if not loss < bound:
        return DIVERGED
    if loss < tol:
        return CONVERGED
    sums[0] += step_size * loss
    sums[1] += step_size * step_size * loss
    return RUNNING


@njit(**_FLAGS)
def full_batch(data, plus, minus, z, step_sizes, marks, shelf, tol, bound, sums):
    """Steps of GD; the loss is looked at before every one."""
    n_samples, count = len(data.rows), len(step_sizes)
    w, slope, r = _weights(plus, minus), zeros(len(plus)), zeros(len(data.targets))
    recorded = 0
    for t in range(count):
        if recorded < len(marks) and t == marks[recorded]:
            _put(shelf[recorded], plus, minus, z)
            recorded += 1
        loss = _all_residuals(data, w, r)
        state = _seen(loss, step_sizes[t], tol, bound, sums)
        if state != RUNNING:
            return t, state
        slope[:] = 0.0
        _add_rows(slope, data.rows, r, n_samples)
        rate = step_sizes[t] / n_samples
        for i in range(n_samples):
            z[i] += rate * r[i]
        for j in range(0, len(plus), WIDTH):
            store(w, j, _move(plus, minus, j, fill(rate) * load(slope, j)))
    return count, RUNNING


@njit(**_FLAGS)
def single_sample(
    data, plus, minus, z, step_sizes, marks, shelf, tol, bound, sums, indices, first, every
):
    """Steps of SGD with batch size 1; step t takes the sample ``indices[t, 0]``.

    ``first`` steps were taken before; the loss is looked at before every step whose number,
    counted from the very first, ``every`` divides.
    """
    largest, count = np.sqrt(2 * len(data.rows) * bound), len(step_sizes)
    recorded, look = 0, -first % every
    i = indices[0, 0]
    product = _row_times(data, i, _weights(plus, minus))
    for t in range(count):
        if recorded < len(marks) and t == marks[recorded]:
            _put(shelf[recorded], plus, minus, z)
            recorded += 1
        if t == look:
            look += every
            state = _seen(full_loss(data, plus, minus), step_sizes[t], tol, bound, sums)
            if state != RUNNING:
                return t, state
        r = product - data.targets[i]
        if not abs(r) < largest:
            return t, DIVERGED
        rate = step_sizes[t] * r
        z[i] += rate
        # The next sample is known already: its row meets w in the pass that moves w.
        k = indices[t + 1, 0] if t + 1 < count else i
        s, rates = fill(0.0), fill(rate)
        for j in range(0, len(plus), WIDTH):
            w = _move(plus, minus, j, rates * load_row(data.rows, i, j))
            s = s + load_row(data.rows, k, j) * w
        i, product = k, total(s)
    return count, RUNNING


@njit(**_FLAGS)
def mini_batch(
    data, plus, minus, z, step_sizes, marks, shelf, tol, bound, sums, indices, first, every
):
    """Steps of SGD; step t takes the samples ``indices[t]``. See :func:`single_sample`."""
    largest, count = np.sqrt(2 * len(data.rows) * bound), len(step_sizes)
    batch_size = indices.shape[1]
    w, slope, r = _weights(plus, minus), zeros(len(plus)), np.empty(batch_size)
    recorded, look = 0, -first % every
    for t in range(count):
        if recorded < len(marks) and t == marks[recorded]:
            _put(shelf[recorded], plus, minus, z)
            recorded += 1
        if t == look:
            look += every
            state = _seen(full_loss(data, plus, minus), step_sizes[t], tol, bound, sums)
            if state != RUNNING:
                return t, state
        slope[:] = 0.0
        for k in range(batch_size):
            i = indices[t, k]
            r[k] = _row_times(data, i, w) - data.targets[i]
            if not abs(r[k]) < largest:
                return t, DIVERGED
            factor = fill(r[k])
            for j in range(0, len(slope), WIDTH):
                store(slope, j, load(slope, j) + factor * load_row(data.rows, i, j))
        rate = step_sizes[t] / batch_size
        for k in range(batch_size):
            z[indices[t, k]] += rate * r[k]
        for j in range(0, len(plus), WIDTH):
            store(w, j, _move(plus, minus, j, fill(rate) * load(slope, j)))
    return count, RUNNING


@njit(**_FLAGS)
def shuffled_prefixes(uniforms, order):
    """Batches without replacement: row t holds the first b places of a fresh partial shuffle.

    ``uniforms`` (T, b) in [0, 1) steer Fisher and Yates's exchanges; ``order`` (N,) is permuted in
    place, and any permutation is as good a start for the next batch as any other.
    """
    count, batch_size = uniforms.shape
    batches = np.empty((count, batch_size), np.int64)
    for t in range(count):
        for k in range(batch_size):
            j = k + int(uniforms[t, k] * (len(order) - k))
            order[k], order[j] = order[j], order[k]
            batches[t, k] = order[k]
    return batches
