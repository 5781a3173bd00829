"""The gradient flow of a diagonal network: the limit of vanishing step size, all along its way."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import LSODA, OdeSolution, OdeSolver, Radau

from . import _checks, _factors
from ._blas import single_thread
from .limits import min_l2
from .potential import mirror_map
from .problem import Problem, checked

ACCURACY = 1e-5  # of w, relative to its largest entry at the same time
FALLEN = 1e-16  # of the loss at the start: where a flow without given times ends
POINTS = 200  # of a grid of times that is not given
BEYOND = 1e6  # times the size of the least-squares solution: where no flow goes
ATTEMPTS = ((LSODA, 1e-8), (LSODA, 1e-10), (LSODA, 1e-12), (LSODA, 1e-13), (Radau, 1e-8))
MAX_EVALUATIONS = 50_000  # in one attempt


@dataclass(frozen=True, eq=False)
class Flow:
    """w(t), the solution of dw±/dt = ∓(D/2) w±^(D−1) ∇L̄(w), w = w₊^D − w₋^D.

    Parameters
    ----------
    times : array, shape (T,)
        t, in units of step size times number of steps.
    w : array, shape (T, d)
        w(t), one time a row.
    loss : array, shape (T,)
        L̄(w(t)).
    """

    times: np.ndarray
    w: np.ndarray
    loss: np.ndarray


@single_thread
def gradient_flow(
    problem: Problem,
    alpha: float | np.ndarray,
    times: np.ndarray | None = None,
    depth: int = 2,
) -> Flow:
    """w(t) = α² sinh(2 Xᵀν(t)), ν' = (y − X w)/N, ν(0) = 0: the flow at depth 2 and scale α.

    At depth D > 2, w = α^D h_D(z) with z = (D(D−2)/2) α^(D−2) Xᵀν and h_D as given at
    ``hyperbolic_entropy``. At every depth d∇ψ_α(w)/dt = −∇L̄(w), and ∫L̄ dt = ½ D_ψ(w(∞), 0).

    Parameters
    ----------
    problem : Problem
        The data; if times are not given, with at least one interpolator.
    alpha : float or array, shape (d,)
        Initialization scale, positive, with alpha**depth between 1e-300 and 1e300.
    times : array, shape (T,), optional
        Times at which w is wanted, increasing, from 0 up, in units of step size times number of
        steps. If not given: 0, then up to 200, from where w begins to move to where the loss has
        fallen to 1e-16 of what it was, half in geometric progression and half where w moves most.
    depth : int
        D, from 2 to 6.

    Returns
    -------
    Flow
        With max_i |error of w_i(t)| ≤ 1e-5 max_i |w_i(t)| at each of the times, as far as two
        integrations at tolerances a factor of 100 apart can tell.

    Raises
    ------
    ValueError
        If an argument is out of the ranges above.
    RuntimeError
        If no two integrations agree to that accuracy. At depth D > 2 and small α the flow leaves
        0 after a time of order α^−(D−2), within a time of order 1: where float64 does not resolve
        the one beside the other, there is no answer to give.

    References
    ----------
    Woodworth et al. (2020), "Kernel and rich regimes in overparametrized models", sections 4 and
    5; Pesme and Flammarion (2023), "Saddle-to-saddle dynamics in diagonal linear networks".
    """
    log_alpha, depth = _factors.log_scale(alpha, checked(problem).dim, depth)
    if times is not None:
        times = _checks.array("times", times, (None,), "(T,)")
        if len(times) == 0 or times[0] < 0 or not (np.diff(times) > 0).all():
            raise _checks.complaint("times", times, "increasing, from 0 up, and not empty")
    else:
        min_l2(problem)  # refuses a problem whose loss cannot fall to nothing
    if not (problem.X.T @ problem.y).any() or (times is not None and times[-1] == 0):
        times = np.zeros(1) if times is None else times
        return _flow(problem, times, np.zeros((len(times), problem.dim)))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LSODA's: what it warns of shows in what it returns
        times, w = _agreed(problem, log_alpha, depth, times)
    return _flow(problem, times, w)


def _flow(problem: Problem, times: np.ndarray, w: np.ndarray) -> Flow:
    residual = w @ problem.X.T - problem.y
    return Flow(times, w, np.sum(residual**2, axis=1) / (2 * problem.n_samples))


def _agreed(
    problem: Problem, log_alpha: np.ndarray, depth: int, times: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Times and w(t) that two integrations agree on."""
    system = _system(problem, log_alpha, depth)
    coarse = None
    for method, tolerance in ATTEMPTS:
        fine = _integrate(system, problem, times, method, tolerance)
        if fine is None:
            continue
        if coarse is not None:
            asked = _grid(system, fine) if times is None else times
            found, rough = (_sample(system, path, asked) for path in (fine, coarse))
            error = np.abs(found - rough).max(axis=1)
            if (error <= ACCURACY * np.abs(found).max(axis=1)).all():
                return asked, found
        coarse = fine
    raise RuntimeError(
        f"the flow at depth {depth} was not found to a relative accuracy of {ACCURACY:g}"
    )


@dataclass(frozen=True)
class _System:
    """ν' = (y − X w(ν))/N: N unknowns, however stiff it is."""

    unit: float  # of ν: an error that is small beside it is small in w
    weight: Callable
    slope: Callable
    jacobian: Callable


def _system(problem: Problem, log_alpha: np.ndarray, depth: int) -> _System:
    X, n_samples, k = problem.X, problem.n_samples, depth - 2
    least = np.linalg.lstsq(X, problem.y)[0]
    reachable = X @ least  # what else there is of y moves ν, but not w
    size = np.full(problem.dim, np.abs(least).max())
    # A trial step may go where w overflows. No flow does, so there it may be anything that is
    # finite and large enough to have the step refused.
    furthest = _factors.log_ratio(BEYOND * size, log_alpha, depth)

    def ratio(nu: np.ndarray) -> np.ndarray:
        u = nu @ X
        if k == 0:
            return np.clip(2 * u, -furthest, furthest)
        z = depth * k / 2 * np.exp(k * log_alpha) * u
        return np.clip(2 / k * np.arctanh(np.clip(z, -1, 1)), -furthest, furthest)

    def weight(nu: np.ndarray) -> np.ndarray:
        return _factors.weight(ratio(nu), log_alpha, depth)

    def slope(_, nu: np.ndarray) -> np.ndarray:
        return (reachable - X @ weight(nu)) / n_samples

    def jacobian(_, nu: np.ndarray) -> np.ndarray:
        root = X * _factors.root_metric(ratio(nu), log_alpha, depth)
        return -(root @ root.T) / n_samples

    unit = min(1.0, mirror_map(size, np.exp(log_alpha), depth).min())
    return _System(unit / np.abs(X).sum(axis=0).max(), weight, slope, jacobian)


def _integrate(
    system: _System,
    problem: Problem,
    times: np.ndarray | None,
    method: type[OdeSolver],
    tolerance: float,
) -> OdeSolution | None:
    """The solution up to the last time, or to where the loss has fallen; None if it breaks off."""
    try:
        return _solution(system, problem, times, method, tolerance)
    except ValueError:  # SciPy's, of a Jacobian or a step beyond float64
        return None


def _solution(
    system: _System,
    problem: Problem,
    times: np.ndarray | None,
    method: type[OdeSolver],
    tolerance: float,
) -> OdeSolution | None:
    solver = method(
        system.slope,
        0.0,
        np.zeros(problem.n_samples),
        np.inf if times is None else times[-1],
        rtol=tolerance,
        atol=tolerance * system.unit,
        jac=system.jacobian,
    )
    enough = FALLEN * problem.loss(np.zeros(problem.dim)) if times is None else -1.0
    reached, pieces = [0.0], []
    while solver.nfev < MAX_EVALUATIONS:
        solver.step()
        if solver.status == "failed" or not np.isfinite(solver.y).all():
            return None
        reached.append(solver.t)
        pieces.append(solver.dense_output())
        if solver.status == "finished" or problem.loss(system.weight(solver.y)) <= enough:
            return OdeSolution(reached, pieces)
    return None


def _grid(system: _System, path: OdeSolution) -> np.ndarray:
    """0, then times in geometric progression and, as many, steps of the integration.

    The first suit where little happens for long, the second where much happens at once. They set
    out from a hundredth of the time in which w begins to move.
    """
    origin = np.zeros_like(path(0.0))
    first = 0.01 * system.unit / np.abs(system.slope(0.0, origin)).max()
    first = min(first, path.t_max / 2)
    steps = path.ts[path.ts > first]
    steps = steps[np.linspace(0, len(steps) - 1, POINTS // 2).astype(int)]
    even = np.geomspace(first, path.t_max, POINTS // 2)
    return np.unique(np.concatenate([[0.0], even, steps]))


def _sample(system: _System, path: OdeSolution, times: np.ndarray) -> np.ndarray:
    # A path that ends earlier than another has converged by then.
    return np.stack([system.weight(nu) for nu in path(np.minimum(times, path.t_max)).T])
