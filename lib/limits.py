"""The interpolators that training ends at: least potential, least ℓ1 norm, least ℓ2 norm."""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr, solve_triangular
from scipy.optimize import linprog

from . import _checks, _factors, _newton
from ._blas import single_thread
from .problem import Problem, checked

RESIDUAL = 1e-12  # ‖Xw − y‖/‖y‖ that a solution may have
CONSISTENT = 1e-10  # the same of the least-norm solution, above which y is not in the range of X


@single_thread
def min_l2(problem: Problem) -> np.ndarray:
    """‖w‖₂ → min subject to X w = y: the limit α → ∞, and of plain (S)GD from 0.

    Parameters
    ----------
    problem : Problem
        Data with at least one interpolator. Rows of X may depend on one another.

    Returns
    -------
    array, shape (d,)
        Xᵀ(XXᵀ)⁺ y.

    Raises
    ------
    ValueError
        If no w satisfies X w = y.
    RuntimeError
        If the residual ‖Xw − y‖ stays above 1e-12 ‖y‖.

    References
    ----------
    Gunasekar, Lee, Soudry and Srebro (2018), "Characterizing implicit bias in terms of
    optimization geometry", section 2.
    """
    _, _, w = _independent_equations(problem)
    return _certified(problem, w, "the least-norm solution")


@single_thread
def min_l1(problem: Problem, weights: np.ndarray | None = None) -> np.ndarray:
    """Σ_i c_i |w_i| → min subject to X w = y: the limit α → 0, with c = ``weights``.

    Parameters
    ----------
    problem : Problem
        Data with at least one interpolator. Rows of X may depend on one another.
    weights : array, shape (d,), optional
        c, all positive; all 1 if not given.

    Returns
    -------
    array, shape (d,)
        A solution with at most N non-zero entries; where there are several, one of them.

    Raises
    ------
    ValueError
        If no w satisfies X w = y, or a weight is not positive. (At weight 0 the problem is no
        longer one of least norm: a coordinate that costs nothing may be anything.)
    RuntimeError
        If the solver fails, if the residual ‖Xw − y‖ stays above 1e-12 ‖y‖, or if the duality
        gap is above 1e-9 of the value.

    References
    ----------
    Woodworth et al. (2020), "Kernel and rich regimes in overparametrized models", theorem 2;
    for weights, Azulay et al. (2021), "On the implicit bias of initialization shape".
    """
    X, y, _ = _independent_equations(problem)
    if weights is None:
        weights = np.ones(problem.dim)
    else:
        weights = _checks.array("weights", weights, (problem.dim,), "(d,)")
        if not (weights > 0).all():
            raise _checks.complaint("weights", weights, "positive")
    if not y.any():
        return np.zeros(problem.dim)
    # In the unknowns c ∘ w, with X and y of size 1, the solver's absolute tolerances mean something.
    columns = X / weights
    size, unit = np.abs(columns).max(), np.abs(y).max()
    columns, targets = columns / size, y / unit
    found = linprog(
        np.ones(2 * problem.dim),
        A_eq=np.hstack([columns, -columns]),
        b_eq=targets,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise RuntimeError(f"the least ℓ1 norm: its linear program was not solved: {found.message}")
    w = _solve_on_support(X, y, found.x[: problem.dim] - found.x[problem.dim :])
    value = weights @ np.abs(w) * size / unit
    dual = found.eqlin.marginals
    gap = value - dual @ targets / max(1.0, np.abs(dual @ columns).max())
    if not abs(gap) <= 1e-9 * value:
        raise RuntimeError(
            f"the least ℓ1 norm was left with a relative duality gap of {gap / value:.1e}"
        )
    return _certified(problem, w, "the least ℓ1 norm")


@single_thread
def min_potential(
    problem: Problem,
    alpha: float | np.ndarray,
    start: float | np.ndarray = 0.0,
    depth: int = 2,
) -> np.ndarray:
    """D_ψ(w, w̃₀) → min subject to X w = y, with ψ = ψ_α of the given depth and w̃₀ = ``start``.

    From ``start`` = 0 it is the limit of the gradient flow of scale α. At depth 2, with the
    effective scale and start of a run of GD or SGD that converged, it is where that run ended.

    Parameters
    ----------
    problem : Problem
        Data with at least one interpolator. Rows of X may depend on one another.
    alpha : float or array, shape (d,)
        Initialization scale, positive, with alpha**depth between 1e-300 and 1e300.
    start : float or array, shape (d,)
        w̃₀; at depth D > 2 it must be 0.
    depth : int
        D, from 2 to 6.

    Returns
    -------
    array, shape (d,)
        The minimiser, with ‖Xw − y‖ ≤ 1e-12 ‖y‖.

    Raises
    ------
    ValueError
        If no w satisfies X w = y, or an argument is out of the ranges above.
    RuntimeError
        If the solver does not reach that residual.

    Notes
    -----
    Newton's method on the dual, min_ν Σ ψ*(∇ψ(w̃₀) + Xᵀν) − ⟨y, ν⟩. With R the largest relative
    change that a full step would make to a factor w±, the dual is generalized self-concordant
    in R, so that a step of a length known in advance decreases it: there is no line search.
    The scale comes down to α by stages, from one at which the problem is linear.

    References
    ----------
    Even, Pesme, Gunasekar and Flammarion (2023), "(S)GD over diagonal linear networks: implicit
    regularisation, large stepsizes and edge of stability", theorem 1 (runs); Woodworth et al.
    (2020), "Kernel and rich regimes in overparametrized models", theorems 1 and 3 (flow);
    Bach (2010), "Self-concordant analysis for logistic regression", proposition 1 (step).
    """
    log_alpha, depth = _factors.log_scale(alpha, checked(problem).dim, depth)
    start = _start(start, problem.dim, depth)
    X, y, least_norm = _independent_equations(problem)
    size = max(np.abs(least_norm).max(), np.abs(start).max())
    if size == 0 or len(y) == 0:
        return start
    with np.errstate(over="ignore", under="ignore"):
        try:
            w = _newton.solve(X, y, log_alpha, start, depth, size)
        except np.linalg.LinAlgError as error:
            raise RuntimeError(f"the least potential was not reached: {error}") from None
    return _certified(problem, w, "the least potential", start)


def _start(value: object, dim: int, depth: int) -> np.ndarray:
    if np.ndim(value) == 0:
        value = np.full(dim, _checks.number("start", value))
    start = _checks.array("start", value, (dim,), "(d,)")
    if depth > 2 and start.any():
        raise _checks.complaint("start", value, f"0 at depth {depth}")
    return start


def _independent_equations(problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Linearly independent rows of (X, y), each divided by its norm, and their least-norm w."""
    norms = np.linalg.norm(checked(problem).X, axis=1)
    rows = np.flatnonzero(norms)
    X, y = problem.X[rows] / norms[rows, None], problem.y[rows] / norms[rows]
    w = np.zeros(problem.dim)
    if len(rows):
        Q, R, order = qr(X.T, mode="economic", pivoting=True, check_finite=False)
        diagonal = np.abs(np.diag(R))
        rank = np.count_nonzero(diagonal > max(X.shape) * np.finfo(float).eps * diagonal[0])
        X, y = X[order[:rank]], y[order[:rank]]
        w = Q[:, :rank] @ solve_triangular(R[:rank, :rank], y, trans="T")
    residual, size = np.linalg.norm(problem.X @ w - problem.y), np.linalg.norm(problem.y)
    if not residual <= CONSISTENT * size:
        raise _checks.complaint(
            "problem", problem, f"one with an interpolator (its least residual is {residual:.3g})"
        )
    return X, y, w


def _certified(
    problem: Problem, w: np.ndarray, what: str, start: np.ndarray | float = 0.0
) -> np.ndarray:
    """The solution itself, if it interpolates as nearly as floating point lets it."""
    residual = np.linalg.norm(problem.X @ w - problem.y)
    # Where y is tiny beside the terms that make it up, rounding alone leaves more than 1e-12 of it.
    terms = np.abs(w) if problem.y.any() else np.abs(w) + np.abs(start)
    rounding = 8 * np.finfo(float).eps * np.linalg.norm(np.abs(problem.X) @ terms)
    if not residual <= max(RESIDUAL * np.linalg.norm(problem.y), rounding):
        raise RuntimeError(f"{what} was not reached: the residual ‖Xw − y‖ is {residual:.1e}")
    return w


def _solve_on_support(X: np.ndarray, y: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """X w = y solved on the smallest support, by size in ``rough``, that allows it."""
    for threshold in (1e-7, 1e-9, 1e-11, 0.0):
        support = np.flatnonzero(np.abs(rough) > threshold * np.abs(rough).max())
        w = np.zeros_like(rough)
        w[support] = np.linalg.lstsq(X[:, support], y)[0]
        if np.linalg.norm(X @ w - y) <= RESIDUAL / 10 * np.linalg.norm(y):
            break
    return w
