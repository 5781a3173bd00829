"""The interpolators that training ends at: least potential, least ℓ1 norm, least ℓ2 norm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from scipy.linalg import qr, solve_triangular
from scipy.optimize import linprog

from . import _checks, _factors, _newton, _simplex
from ._blas import single_thread
from .problem import Problem, checked

EPS = np.finfo(float).eps
RESIDUAL = 1e-12  # ‖Xw − y‖/‖y‖ that a solution may have
OPTIMAL = 1e-12  # relative duality gap, and excess of the dual over its bounds, likewise
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
    optimization geometry", on mirror descent for linear regression.
    """
    return _certified(problem, _equations(problem).least_norm.copy(), "the least-norm solution")


@single_thread
def min_l1(problem: Problem, weights: np.ndarray | None = None) -> np.ndarray:
    """Σ_i c_i |w_i| → min subject to X w = y: the limit α → 0, with c = ``weights``.

    Parameters
    ----------
    problem : Problem
        Data with at least one interpolator. Rows of X may depend on one another.
    weights : array, shape (d,), optional
        c, all positive, from 1e-75 to 1e75; all 1 if not given.

    Returns
    -------
    array, shape (d,)
        The solution, with at most N non-zero entries. Where there are several, the one with the
        largest |w_1|; of these the one with the largest |w_2|; and so on.

    Raises
    ------
    ValueError
        If no w satisfies X w = y, or a weight is out of its range. (At weight 0 the problem is no
        longer one of least norm: a coordinate that costs nothing may be anything.)
    RuntimeError
        If it is not proved to 1e-12: |x_jᵀν| ≤ c_j (1 + 1e-12) for every column x_j of X,
        Σ c |w| ≤ ⟨y, ν⟩ (1 + 1e-12) and ‖Xw − y‖ ≤ 1e-12 ‖y‖ (or rounding of Xw where its terms
        cancel). Not known to happen unless w leaves the range of floats.

    Notes
    -----
    HiGHS finds the solution to about 1e-9. From its basis the simplex goes on in arithmetic of
    twice the precision, which takes no step in most cases and a few where weights lie far apart.
    X, y and c count as exact, so that the result does not depend on the processor, with two
    allowances for their having been rounded. Solutions whose Σ c |w| differ by less than about
    1e-14 of it are a tie: x and 0.1 x of weights 1 and 0.1 are told apart by their places and not
    by the last bit of 0.1. And entries that a change of y by the rounding of Xw would remove are 0.

    References
    ----------
    Woodworth et al. (2020), "Kernel and rich regimes in overparametrized models", theorem 2;
    for weights, Azulay et al. (2021), "On the implicit bias of initialization shape".
    Dekker (1971), "A floating-point technique for extending the available precision".
    """
    if weights is None:
        weights = np.ones(checked(problem).dim)
    else:
        weights = _checks.array("weights", weights, (checked(problem).dim,), "(d,)")
        if not ((weights >= 1 / _checks.LARGEST_ROW) & (weights <= _checks.LARGEST_ROW)).all():
            raise _checks.complaint("weights", weights, "positive, and from 1e-75 to 1e75")
    equations = _equations(problem)
    X, y, rough = equations.X, equations.y, equations.some
    if not y.any():
        return np.zeros(problem.dim)
    # Columns, y and costs come to size 1 by powers of 2, which leave every digit as it is.
    columns, unit = _exponents(X.T), _exponents(y)
    X, y = np.ldexp(X, -columns), np.ldexp(y, -unit)
    digits, powers = np.frexp(weights)
    powers -= columns
    costs = np.ldexp(digits, powers - (powers.min() + powers.max()) // 2)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        sizes, dual = _linear_program(X, y, costs, np.ldexp(rough, columns - unit))
        found = _simplex.solve(X, y, costs, sizes, dual)
        w = np.ldexp(found.w, unit - columns)
    if not (found.excess <= OPTIMAL and found.gap <= OPTIMAL):
        raise RuntimeError(
            f"the least ℓ1 norm was left with a relative duality gap of {found.gap:.1e}"
            f" and bounds of the dual exceeded by {found.excess:.1e}"
        )
    return _certified(problem, w, "the least ℓ1 norm")


def _linear_program(
    X: np.ndarray, y: np.ndarray, costs: np.ndarray, rough: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """c ∘ |w| and the dual as HiGHS finds them; those of ``rough`` and 0 if it finds none."""
    n_equations, dim = X.shape
    columns = X / costs
    size = np.abs(columns).max()
    if n_equations < dim and np.isfinite(size):
        # In the unknowns c ∘ w the solver's absolute tolerances mean something.
        columns = columns / size
        found = linprog(
            np.ones(2 * dim),
            A_eq=np.hstack([columns, -columns]),
            b_eq=y,
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        if found.status == 0:
            return np.abs(found.x[:dim] - found.x[dim:]), found.eqlin.marginals / size
    return costs * np.abs(rough), np.zeros(n_equations)


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
        w̃₀, at most 1e150 in size; at depth D > 2 it must be 0.
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
        If the solver does not reach that residual: where equations or columns that differ only
        by about the rounding of X meet scales that lie hundreds of decades apart, or a start far
        larger than the weights.

    Notes
    -----
    Newton's method on the dual, min_ν Σ ψ*(∇ψ(w̃₀) + Xᵀν) − ⟨y, ν⟩. With R the largest relative
    change that a full step would make to a factor w±, the dual is generalized self-concordant
    in R, so that a step of a length known in advance decreases it: there is no line search.
    The scale comes down to α by stages, from one at which the problem is linear.

    References
    ----------
    Even, Pesme, Gunasekar and Flammarion (2023), "(S)GD over diagonal linear networks: implicit
    regularisation, large stepsizes and edge of stability" (runs); Woodworth et al.
    (2020), "Kernel and rich regimes in overparametrized models", theorems 1 and 3 (flow);
    Bach (2010), "Self-concordant analysis for logistic regression" (step).
    """
    log_alpha, depth = _factors.log_scale(alpha, checked(problem).dim, depth)
    start = _start(start, problem.dim, depth)
    equations = _equations(problem)
    size = max(np.abs(equations.least_norm).max(), np.abs(start).max())
    if size == 0 or len(equations.y) == 0:
        return start
    # In units in which the weights are of size 1, α^D alone may be beyond the range of floats.
    unit = np.frexp(size)[1]
    log_unit = unit * math.log(2) / depth
    with np.errstate(all="ignore"):  # what is no number ends as an error below
        w = _newton.solve(
            equations.X,
            np.ldexp(equations.y, -unit),
            equations.columns,
            log_alpha - log_unit,
            np.ldexp(start, -unit),
            depth,
        )
        w = np.ldexp(w, unit)
    return _certified(problem, w, "the least potential", start)


def _start(value: object, dim: int, depth: int) -> np.ndarray:
    if not isinstance(value, list | tuple) and getattr(value, "ndim", 0) == 0:
        value = np.full(dim, _checks.number("start", value))
    start = _checks.array("start", value, (dim,), "(d,)")
    if (np.abs(start) > _checks.LARGEST_TARGET).any():
        raise _checks.complaint("start", value, f"at most {_checks.LARGEST_TARGET:g} in size")
    if depth > 2 and start.any():
        raise _checks.complaint("start", value, f"0 at depth {depth}")
    return start


def _exponents(rows: np.ndarray) -> np.ndarray:
    """The power of 2 just above the largest entry of every row; 0 for a row of zeros."""
    return np.frexp(np.abs(rows).max(axis=-1, initial=0))[1]


@dataclass(frozen=True)
class _Equations:
    """Linearly independent rows of (X, y), brought to size 1 by powers of 2, and some w for all."""

    X: np.ndarray
    y: np.ndarray
    some: np.ndarray

    @cached_property
    def least_norm(self) -> np.ndarray:
        return _least_norm(self.X, self.y)

    @cached_property
    def columns(self) -> np.ndarray:
        return _newton.independent_columns(self.X)


# They do not depend on scales and weights, and cost more than what does: a search for a scale asks
# for the same ones again and again. They go when their problem goes.
_known: WeakKeyDictionary[Problem, _Equations] = WeakKeyDictionary()


def _equations(problem: Problem) -> _Equations:
    """What every limit needs of the problem, worked out once. ValueError if no w solves it."""
    found = _known.get(checked(problem))
    if found is None:
        found = _known[problem] = _independent_equations(problem)
    return found


def _independent_equations(problem: Problem) -> _Equations:
    rows = np.flatnonzero(problem.X.any(axis=1))
    powers = _exponents(problem.X[rows])
    X, y = np.ldexp(problem.X[rows], -powers[:, None]), np.ldexp(problem.y[rows], -powers)
    w, chosen = np.zeros(problem.dim), rows
    if len(rows):
        # The sizes of the columns do not decide which rows depend on which, but hide it.
        columns = _exponents(X.T)
        even = np.ldexp(X, -columns)
        powers = _exponents(even)
        even = np.ldexp(even, -powers[:, None])
        Q, R, order = qr(even.T, mode="economic", pivoting=True, check_finite=False)
        diagonal = np.abs(np.diag(R))
        rank = np.count_nonzero(diagonal > max(*X.shape, 100) * EPS * diagonal[0])
        order = order[:rank]
        X, y, powers, chosen = X[order], y[order], powers[order], rows[order]
        w = Q[:, :rank] @ solve_triangular(R[:rank, :rank], np.ldexp(y, -powers), trans="T")
        w = np.ldexp(w, -columns)
    # The equations chosen have a solution in any case: it is the others that may contradict them.
    others = np.setdiff1d(np.arange(problem.n_samples), chosen)
    residual, size, rounding = _residual(problem, w, rows=others)
    if not residual <= max(CONSISTENT * size, rounding):
        raise _checks.complaint(
            "problem",
            problem,
            f"one with an interpolator (its least residual is {residual:.3g} where ‖y‖ is {size:.3g})",
        )
    return _Equations(X, y, w)


def _least_norm(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Xᵀ(XXᵀ)⁻¹y for independent rows."""
    w = np.zeros(X.shape[1])
    if len(y):
        # With the largest columns first, Householder's reflections keep the small ones' digits.
        order = np.argsort(-np.abs(X).max(axis=0), kind="stable")
        Q, R, pivots = qr(X[:, order].T, mode="economic", pivoting=True, check_finite=False)
        for _ in range(2):
            w[order] += Q @ solve_triangular(R, (y - X @ w)[pivots], trans="T")
    return w


def _residual(
    problem: Problem,
    w: np.ndarray,
    start: np.ndarray | float = 0.0,
    rows: np.ndarray | slice = slice(None),
) -> tuple[float, float, float]:
    """‖Xw − y‖ on these rows, ‖y‖ and how much of the former is rounding.

    They are in a unit in which they are floats.
    """
    parts = [part for part in map(np.atleast_1d, (problem.y, w, start)) if part.any()]
    unit = max(map(_exponents, parts), default=0)
    w, y = np.ldexp(w, -unit), np.ldexp(problem.y, -unit)
    # Where y is tiny beside the terms that make it up, rounding alone leaves more than 1e-12 of it.
    terms = np.abs(w) if problem.y.any() else np.abs(w) + np.abs(np.ldexp(start, -unit))
    rounding = 8 * EPS * np.linalg.norm(np.abs(problem.X) @ terms)
    return np.linalg.norm((problem.X @ w - y)[rows]), np.linalg.norm(y), rounding


def _certified(
    problem: Problem, w: np.ndarray, what: str, start: np.ndarray | float = 0.0
) -> np.ndarray:
    """The solution itself, if it interpolates as nearly as floating point lets it."""
    residual, size, rounding = _residual(problem, w, start)
    if not residual <= max(RESIDUAL * size, rounding):
        raise RuntimeError(
            f"{what} was not reached: ‖Xw − y‖ is {residual:.1e} where ‖y‖ is {size:.1e}"
        )
    return w
