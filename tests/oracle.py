"""(S)GD in plain NumPy: slow, obvious, and the measure of the fast loops.

``descend`` works on (u, v) themselves and leaves sums to NumPy: the equations, up to rounding.
``descend_factors`` works on w± and sums one term after the other, in the order that lib/_kernels.py
writes down: the same run, to the last bit.
"""

import numpy as np


def descend(problem, alpha, step_size, batches):
    """Steps on u and v, one for each batch of indices; returns (u, v)."""
    u = np.sqrt(2) * alpha * np.ones(problem.dim)
    v = np.zeros(problem.dim)
    for batch in batches:
        X, y = problem.X[batch], problem.y[batch]
        slope = X.T @ (X @ (u * v) - y) / len(batch)
        u, v = u - step_size * slope * v, v - step_size * slope * u
    return u, v


def full_residual(X, y, w):
    """((−y + X_0 w_0) + X_1 w_1) + …, column after column."""
    r = -y
    for j in range(len(w)):
        r = r + X[:, j] * w[j]
    return r


def batch_residual(X, y, w):
    """Eight sums a row, over the columns j, j + 8, j + 16, …, then those eight, minus y."""
    sums = np.zeros((len(X), 8))
    for j in range(len(w)):
        sums[:, j % 8] += X[:, j] * w[j]
    for half in (4, 2, 1):
        sums = sums[:, :half] + sums[:, half:]
    return sums[:, 0] - y


def loss(X, y, w):
    """L̄(w), squares added one after the other."""
    total = 0.0
    for r in full_residual(X, y, w):
        total = total + r * r
    return total / (2 * len(y))


def descend_factors(problem, alpha, step_sizes, batches, full=False):
    """Steps on w± = (u ± v)/2, for ``full`` batches in the order of GD's sums.

    Returns w₊, w₋, z, and the sums of the theorem added up term by term, Σ q(x_t) and
    Σ [log|(1 − x_t)/(1 + x_t)| + 2 x_t].
    """
    plus = alpha / np.sqrt(2) * np.ones(problem.dim)
    minus, z = plus.copy(), np.zeros(problem.n_samples)
    gain, phi = np.zeros(problem.dim), np.zeros(problem.dim)
    for gamma, batch in zip(step_sizes, batches, strict=True):
        X, y = problem.X[batch], problem.y[batch]
        r = (full_residual if full else batch_residual)(X, y, (plus - minus) * (plus + minus))
        if (
            len(batch) == 1 and not full
        ):  # one sample's step is (γ r) x_i, several samples' (γ/b) Σ r_i x_i
            rate, slope = gamma * r[0], X[0]
            z[batch] += rate
        else:
            rate, slope = gamma / len(batch), np.zeros(problem.dim)
            for i, row in zip(range(len(batch)), X, strict=True):
                slope = slope + r[i] * row
                z[batch[i]] += rate * r[i]
        x = rate * slope
        plus, minus = plus * (1 - x), minus * (1 + x)
        gain -= np.log(np.abs(1 - x**2))
        phi += np.log(np.abs((1 - x) / (1 + x))) + 2 * x
    return plus, minus, z, gain, phi
