"""The inner loops: one step of (S)GD on w = w₊² − w₋², as many times as asked.

One step with residual r = X_B w − y_B and x = γ X_Bᵀ r / b is

    w₊ ← w₊ (1 − x),    w₋ ← w₋ (1 + x),    z_B ← z_B + γ r / b,

so that Σ_t x_t = Xᵀ z at any time. No logarithm and no further vector of length d is carried
along: the gain and the start of the exact limit follow from (w₊, w₋, z) at the end.

The three loops share their arguments. ``step_sizes`` (T,) are the steps to take, in place, on
``plus``, ``minus`` (d,) and ``z`` (N,). ``marks`` lists, in order, the steps t < T before which
the state is copied to a row of ``shelf`` (K, 2 d + N); copying from inside keeps a run the same
to the last bit whatever is recorded. Where the loss is looked at, ``sums`` (2,) gathers γ L̄ and
γ² L̄. w is computed as (w₊ − w₋)(w₊ + w₋), which is exactly 0 at the start where the difference of
two squares would be rounding errors of size α². They return the number of steps taken and RUNNING,
CONVERGED (loss < ``tol``) or DIVERGED (loss, or one sample's share of it, not < ``bound``).
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Plain fastmath=True would also license 'no NaN occurs', and with it drop the tests for divergence.
_FLAGS = {"nogil": True, "cache": True, "fastmath": {"reassoc", "contract", "nsz", "arcp"}}

RUNNING, CONVERGED, DIVERGED = 0, 1, 2


@njit(**_FLAGS)
def full_loss(X, y, plus, minus):
    """L̄(w₊² − w₋²)."""
    n_samples, dim = X.shape
    w = np.empty(dim)
    for j in range(dim):
        w[j] = (plus[j] - minus[j]) * (plus[j] + minus[j])
    total = 0.0
    for i in range(n_samples):
        r = -y[i]
        for j in range(dim):
            r += X[i, j] * w[j]
        total += r * r
    return total / (2 * n_samples)


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
    dim = len(plus)
    for j in range(dim):
        row[j] = plus[j]
        row[dim + j] = minus[j]
    for i in range(len(z)):
        row[2 * dim + i] = z[i]


@njit(**_FLAGS)
def full_batch(X, y, plus, minus, z, step_sizes, marks, shelf, tol, bound, sums):
    """Steps of GD; the loss is looked at before every one."""
    n_samples, dim = X.shape
    w, slope, r = np.empty(dim), np.zeros(dim), np.empty(n_samples)
    for j in range(dim):
        w[j] = (plus[j] - minus[j]) * (plus[j] + minus[j])
    recorded = 0
    for t in range(len(step_sizes)):
        if recorded < len(marks) and t == marks[recorded]:
            _put(shelf[recorded], plus, minus, z)
            recorded += 1
        total = 0.0
        # Four rows at a time: w and the gradient pass through the registers once for all four.
        blocks = n_samples - n_samples % 4
        for i in range(0, blocks, 4):
            r0, r1, r2, r3 = -y[i], -y[i + 1], -y[i + 2], -y[i + 3]
            for j in range(dim):
                r0 += X[i, j] * w[j]
                r1 += X[i + 1, j] * w[j]
                r2 += X[i + 2, j] * w[j]
                r3 += X[i + 3, j] * w[j]
            for j in range(dim):
                slope[j] += r0 * X[i, j] + r1 * X[i + 1, j] + r2 * X[i + 2, j] + r3 * X[i + 3, j]
            r[i], r[i + 1], r[i + 2], r[i + 3] = r0, r1, r2, r3
            total += r0 * r0 + r1 * r1 + r2 * r2 + r3 * r3
        for i in range(blocks, n_samples):
            r0 = -y[i]
            for j in range(dim):
                r0 += X[i, j] * w[j]
            for j in range(dim):
                slope[j] += r0 * X[i, j]
            r[i] = r0
            total += r0 * r0
        loss = total / (2 * n_samples)
        if not loss < bound:
            return t, DIVERGED
        if loss < tol:
            return t, CONVERGED
        sums[0] += step_sizes[t] * loss
        sums[1] += step_sizes[t] ** 2 * loss
        rate = step_sizes[t] / n_samples
        for i in range(n_samples):
            z[i] += rate * r[i]
        for j in range(dim):
            x = rate * slope[j]
            p, m = plus[j] * (1 - x), minus[j] * (1 + x)
            plus[j], minus[j] = p, m
            w[j] = (p - m) * (p + m)
            slope[j] = 0.0
    return len(step_sizes), RUNNING


@njit(**_FLAGS)
def single_sample(
    X, y, plus, minus, z, step_sizes, marks, shelf, tol, bound, sums, indices, first, every
):
    """Steps of SGD with batch size 1; step t takes the sample ``indices[t, 0]``.

    ``first`` steps were taken before; the loss is looked at before every step whose number,
    counted from the very first, ``every`` divides.
    """
    n_samples, dim = X.shape
    largest = np.sqrt(2 * n_samples * bound)
    count = len(step_sizes)
    recorded = t = 0
    while t < count:
        if (first + t) % every == 0:
            loss = full_loss(X, y, plus, minus)
            if not bound > loss >= tol:
                if recorded < len(marks) and t == marks[recorded]:
                    _put(shelf[recorded], plus, minus, z)
                return t, CONVERGED if loss < tol else DIVERGED
            sums[0] += step_sizes[t] * loss
            sums[1] += step_sizes[t] ** 2 * loss
        stop = min(count, t + every - (first + t) % every)
        i = indices[t, 0]
        r = -y[i]
        for j in range(dim):
            r += X[i, j] * ((plus[j] - minus[j]) * (plus[j] + minus[j]))
        while t < stop:
            if recorded < len(marks) and t == marks[recorded]:
                _put(shelf[recorded], plus, minus, z)
                recorded += 1
            if not abs(r) < largest:
                return t, DIVERGED
            x = step_sizes[t] * r
            z[i] += x
            t += 1
            # The next sample is known already: its residual is summed in the pass that moves w.
            k = indices[t, 0] if t < stop else i
            r = -y[k]
            for j in range(dim):
                p, m = plus[j] * (1 - x * X[i, j]), minus[j] * (1 + x * X[i, j])
                plus[j], minus[j] = p, m
                r += X[k, j] * ((p - m) * (p + m))
            i = k
    return count, RUNNING


@njit(**_FLAGS)
def mini_batch(
    X, y, plus, minus, z, step_sizes, marks, shelf, tol, bound, sums, indices, first, every
):
    """Steps of SGD; step t takes the samples ``indices[t]``. See :func:`single_sample`."""
    n_samples, dim = X.shape
    largest = np.sqrt(2 * n_samples * bound)
    batch_size = indices.shape[1]
    w, slope, r = np.empty(dim), np.zeros(dim), np.empty(batch_size)
    for j in range(dim):
        w[j] = (plus[j] - minus[j]) * (plus[j] + minus[j])
    recorded = 0
    for t in range(len(step_sizes)):
        if recorded < len(marks) and t == marks[recorded]:
            _put(shelf[recorded], plus, minus, z)
            recorded += 1
        if (first + t) % every == 0:
            loss = full_loss(X, y, plus, minus)
            if not loss < bound:
                return t, DIVERGED
            if loss < tol:
                return t, CONVERGED
            sums[0] += step_sizes[t] * loss
            sums[1] += step_sizes[t] ** 2 * loss
        rate = step_sizes[t] / batch_size
        for k in range(batch_size):
            i = indices[t, k]
            r0 = -y[i]
            for j in range(dim):
                r0 += X[i, j] * w[j]
            if not abs(r0) < largest:
                return t, DIVERGED
            r[k] = r0
            for j in range(dim):
                slope[j] += r0 * X[i, j]
        for k in range(batch_size):
            z[indices[t, k]] += rate * r[k]
        for j in range(dim):
            x = rate * slope[j]
            p, m = plus[j] * (1 - x), minus[j] * (1 + x)
            plus[j], minus[j] = p, m
            w[j] = (p - m) * (p + m)
            slope[j] = 0.0
    return len(step_sizes), RUNNING


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
