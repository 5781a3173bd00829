"""min_ν Σ_i ψ*_i(u_i) − ⟨y, ν⟩ with u = ∇ψ(w̃₀) + Xᵀν: the dual of the least potential, solved.

Two difficulties set the form of what follows. The weights g² = dw/du of the dual's Hessian
X diag(g²) Xᵀ may span hundreds of decades: the equations are therefore rewritten in N of the
unknowns, B⁻¹X w = B⁻¹y with B made of the columns that weigh most, after which the Hessian is
well conditioned once its diagonal is scaled to 1. And Newton's method needs a start that is
near: the scale comes down to α by stages, from one at which the problem is linear.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lu_solve, qr
from scipy.linalg.lapack import dgetrf

from . import _factors

MAX_STEPS = 3000
MAX_SWAPS = 10_000
FRESH = (4, 1)  # swaps after which B⁻¹X is computed anew: first tried, and if that fails
NEAR = 0.5  # relative change of w± at which a full step certainly decreases the dual
CONVERGED = 1e-8  # and at which the step after it would change nothing, being quadratically smaller
CLOSE = 1e-13  # ‖Xw − y‖/‖y‖ at the end
LARGEST_ENTRY = 100.0  # of the weighted B⁻¹X
NOISE = 1e-13  # share of their terms at which entries of B⁻¹X and B⁻¹y may be rounding errors
SMALLEST_METRIC = 1e-260  # below it √(dw/du) need not be right: such a weight is nothing beside 1
STAGE, LONGEST_STAGE = 6.0, 96.0  # how far log α^D comes down in a stage


def solve(
    X: np.ndarray,
    y: np.ndarray,
    columns: np.ndarray,
    log_alpha: np.ndarray,
    start: np.ndarray,
    depth: int,
) -> np.ndarray:
    """The least-potential w, for independent rows of X and weights of about size 1.

    ``columns`` are those of :func:`independent_columns`. RuntimeError if Newton's method does not converge.
    """
    for fresh in FRESH:
        try:
            return _solve(X, y, columns, log_alpha, start, depth, fresh)
        except (np.linalg.LinAlgError, RuntimeError) as error:
            reason = error
    raise RuntimeError(f"the least potential was not reached: {reason}")


def _solve(X, y, basis, log_alpha, start, depth, fresh):
    # Scales are raised until all is linear, the large ones only as far as α^D stays a float.
    ceiling = np.maximum(log_alpha, 450 / depth)
    raised = max(0.0, 5 / depth - log_alpha.min())
    log_scale = np.minimum(log_alpha + raised, ceiling)
    r = _factors.log_ratio(start, log_scale, depth)
    table, stage, steps_before = None, STAGE, 0

    for step in range(MAX_STEPS):
        w = _factors.weight(r, log_scale, depth)
        g = np.maximum(_factors.root_metric(r, log_scale, depth), SMALLEST_METRIC)
        weighted = None if table is None else _weighted(table, basis, g)
        if weighted is None or np.abs(weighted).max() > LARGEST_ENTRY:
            basis, table, targets, lu = _rewrite(X, y, g, basis, fresh)
            weighted = _weighted(table, basis, g)
        hessian = cho_factor(weighted @ weighted.T, check_finite=False)
        move = cho_solve(hessian, (targets - table @ w) / g[basis], check_finite=False)
        g_du = move @ weighted  # u = Xᵀν itself may be too small for a float

        plus = np.exp(_factors.log_rate(r, log_scale, depth)) / g * g_du
        minus = np.exp(_factors.log_rate(-r, log_scale, depth)) / g * g_du
        change = depth * max(np.abs(plus).max(), np.abs(minus).max())
        if not np.isfinite(change):
            break
        length = 1.0 if change <= NEAR else _safe_length(change, depth)
        r = r + _change_of_ratio(length * plus, length * minus, depth)

        if raised == 0 and change <= CONVERGED:
            w = _factors.weight(r, log_scale, depth)
            for _ in range(2):
                gap = lu_solve(lu, y - X @ w, check_finite=False) / g[basis]
                w = w + g * (cho_solve(hessian, gap, check_finite=False) @ weighted)
            if np.linalg.norm(X @ w - y) > CLOSE * np.linalg.norm(y):
                # Entries taken for rounding errors were none: the basis alone can make up for them.
                for _ in range(2):
                    w[basis] += lu_solve(lu, y - X @ w, check_finite=False)
            return w
        if raised > 0 and change <= NEAR:
            if step - steps_before <= 4:
                stage = min(2 * stage, LONGEST_STAGE)
            steps_before = step
            lowered = max(0.0, raised - stage / depth)
            new_scale = np.minimum(log_alpha + lowered, ceiling)
            r = _carried(r, start, log_scale, new_scale, raised - lowered, depth)
            raised, log_scale = lowered, new_scale
    raise RuntimeError(f"Newton's method stopped at relative change {change:.1e}")


def _safe_length(change: float, depth: int) -> float:
    """The minimiser of the bound on the dual that generalized self-concordance gives."""
    if depth == 2:
        return math.log1p(change) / change
    k = depth - 2
    # A slack that falls to less than this in one step is lost among rounding errors of 1.
    capped = min(change, 1e8)
    return (1 - (1 + capped) ** (-k / depth)) * depth / (k * change)


def _change_of_ratio(plus: np.ndarray, minus: np.ndarray, depth: int) -> np.ndarray:
    """Change of log(w₊/w₋) when log w₊ and −log w₋ set out at these rates for a unit of time."""
    if depth == 2:
        return plus + minus
    k = depth - 2
    return (np.log1p(k * minus) - np.log1p(-k * plus)) / k


def _carried(r, start, old_scale, new_scale, lowered, depth):
    """A start for the next stage: the same ν at depth 2, the same z = h⁻¹(w/α^D) at depth D > 2."""
    if depth == 2:
        return r + (
            _factors.log_ratio(start, new_scale, depth)
            - _factors.log_ratio(start, old_scale, depth)
        )
    # Where the ceiling keeps the scale, z ∝ α^(D−2) Xᵀν must grow with ν. It is minute there.
    k = depth - 2
    growth = k * (lowered + new_scale - old_scale)
    kept = growth <= 1e-9
    z = np.where(kept, 0, np.tanh(k * r / 2)) * np.exp(growth)
    return np.where(kept, r, 2 / k * np.arctanh(z))


def _weighted(table, basis, g):
    # Ratios beyond a float belong to entries that are zero, or to a basis about to change.
    return table * np.minimum(g / g[basis, None], 1e250)


def independent_columns(X: np.ndarray) -> np.ndarray:
    """As many columns as X has rows, chosen for their directions alone."""
    lengths = np.linalg.norm(X, axis=0)
    return qr(X / np.where(lengths > 0, lengths, 1), mode="r", pivoting=True)[1][: len(X)]


def _rewrite(X, y, g, basis, fresh):
    """A better basis of columns, B⁻¹X, B⁻¹y and the factors of B: no weighted entry is large."""
    basis = basis.copy()
    table, inverse, lu = _table(X, basis)
    since = 0
    for _ in range(MAX_SWAPS):
        # Every swap multiplies |det B diag(g_B)| by the entry, so that none is ever undone.
        weighted = np.abs(_weighted(table, basis, g))
        out, into = np.unravel_index(np.argmax(weighted), weighted.shape)
        small = weighted[out, into] <= LARGEST_ENTRY
        if small and since == 0:
            break
        if not small:
            row = table[out] / table[out, into]
            change = np.outer(table[:, into], row)
            swapped = table - change
            swapped[np.abs(swapped) < NOISE * np.abs(change)] = 0
            swapped[out] = row
            table, since = swapped, since + 1
            basis[out] = into
        # Weights make a rounding error of zero look like a column of its own.
        if small or since == fresh:
            table, inverse, lu = _table(X, basis)
            since = 0
    targets = lu_solve(lu, y, check_finite=False)
    # Where fewer than N weights are needed the rest must be as small as the scale makes them,
    # not as large as the rounding errors of y.
    targets[np.abs(targets) <= NOISE * (np.abs(inverse) @ np.abs(y))] = 0
    return basis, table, targets, lu


def _table(X, basis):
    """B⁻¹X without the entries that are rounding errors of X, which weights may make huge; B⁻¹."""
    *lu, singular = dgetrf(X[:, basis])
    if singular:
        raise np.linalg.LinAlgError("its columns are dependent within rounding")
    table = lu_solve(lu, X, check_finite=False)
    inverse = lu_solve(lu, np.eye(len(basis)), check_finite=False)
    terms = np.abs(inverse) @ np.abs(X)
    lengths = np.linalg.norm(X, axis=0)
    # Where B⁻¹ has zeros, theirs are the errors of the elimination, small beside the columns.
    errors = np.maximum(terms, lengths / lengths[basis, None])
    table[np.abs(table) <= NOISE * errors] = 0
    table[:, basis] = np.eye(len(basis))
    return table, inverse, lu
