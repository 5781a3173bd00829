"""(S)GD in plain NumPy on (u, v) themselves: slow, obvious, and the measure of the fast loops."""

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


def descend_factors(problem, alpha, step_sizes, batches):
    """The same in w± = (u ± v)/2, with the sums of the theorem added up term by term.

    Returns w, Σ q(x_t) and Σ [log|(1 − x_t)/(1 + x_t)| + 2 x_t].
    """
    plus = alpha / np.sqrt(2) * np.ones(problem.dim)
    minus = plus.copy()
    gain, phi = np.zeros(problem.dim), np.zeros(problem.dim)
    for gamma, batch in zip(step_sizes, batches, strict=True):
        X, y = problem.X[batch], problem.y[batch]
        x = gamma * X.T @ (X @ (plus**2 - minus**2) - y) / len(batch)
        plus, minus = plus * (1 - x), minus * (1 + x)
        gain -= np.log(np.abs(1 - x**2))
        phi += np.log(np.abs((1 - x) / (1 + x))) + 2 * x
    return plus**2 - minus**2, gain, phi
