"""Many runs at once: a grid of arguments in, a labelled array of results out."""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import xarray as xr

from . import _checks
from .problem import Problem, checked
from .stability import critical_step_size
from .training import batching, train

_VECTORS = ("w", "gain", "effective_alpha", "start")
_NUMBERS = ("loss", "budget", "gain_budget")
MOST_RUNS = 1_000_000


def sweep(
    problem: Problem | list[Problem],
    alpha=0.1,
    step_size=0.05,
    batch_size=None,
    seed=0,
    executor: Executor | None = None,
    *,
    replacement: bool = False,
    max_steps: int = 1_000_000,
    tol: float = 1e-16,
    full_loss: bool = False,
) -> xr.Dataset:
    """run[p, α, γ, b, seed] = train(p, α, γ, b, seed) for every combination of the lists given.

    Parameters
    ----------
    problem : Problem or list of Problem
        One data set, or several of the same shape (N, d): paired, each meets every setting.
    alpha, step_size, batch_size, seed : as in :func:`train`, or a list, tuple, range or array of them
        Each list becomes a dimension of the result, named after its argument, with the values as
        coordinate (GD, ``batch_size=None``, stands there as N; vectors, schedules and problems as
        their place in the list). To sweep over vectors α, give a list of arrays.
    executor : concurrent.futures.Executor, optional
        Where the runs take place; by default threads, one a processor, since the inner loops hold
        no lock. Any other executor serves, a Dask client's ``get_executor()`` among them.
    replacement, max_steps, tol, full_loss
        As in :func:`train`, the same for all runs.

    Returns
    -------
    xarray.Dataset
        ``w``, ``gain``, ``effective_alpha``, ``start`` (…, coordinate), and ``loss``, ``budget``,
        ``gain_budget``, ``steps``, ``status`` (…). What a diverged run holds is replaced by NaN (its status and steps stay),
        so that no mean or median takes it for a solution.

    Raises
    ------
    ValueError
        If a list is empty, problems differ in shape, there are more than 10⁶ runs, or
        :func:`train` refuses a value.
    RuntimeError
        If the executor does not give one result for each run, or has been shut down. What it
        raises of its own is passed on.

    Notes
    -----
    Runs of GD that differ only in their seed are one run, done once.
    """
    axes = {
        "problem": _listed("problem", problem),
        "alpha": _listed("alpha", alpha),
        "step_size": _listed("step_size", step_size),
        "batch_size": _listed("batch_size", batch_size),
        "seed": _listed("seed", seed),
    }
    problems = axes["problem"][0]
    for other in problems:
        if checked(other).X.shape != checked(problems[0]).X.shape:
            raise _checks.complaint(
                "problem",
                [p.X.shape for p in problems],
                "a list of problems of one shape (N, d)",
            )
    if not isinstance(executor, Executor | None):
        raise _checks.complaint("executor", executor, "a concurrent.futures.Executor or None")
    options = {
        "replacement": replacement,
        "max_steps": max_steps,
        "tol": tol,
        "full_loss": full_loss,
    }

    lengths = [len(values) for values, _ in axes.values()]
    if math.prod(lengths) > MOST_RUNS:
        raise _checks.complaint(
            "seed", seed, f"such that there are at most {MOST_RUNS} runs, not {math.prod(lengths)}"
        )
    places = list(product(*(range(len(values)) for values, _ in axes.values())))
    jobs, job_of = [], {}
    for place in places:
        settings = [values[k] for k, (values, _) in zip(place, axes.values(), strict=True)]
        drawn, _, _ = batching(problems[0].n_samples, *settings[3:], replacement)
        key = place if drawn is not None else place[:3]
        if key not in job_of:
            job_of[key] = len(jobs)
            jobs.append((settings, options))
        job_of[place] = job_of[key]

    if executor is None:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            results = list(threads.map(_one_run, jobs))
    else:
        results = list(executor.map(_one_run, jobs))

    if len(results) != len(jobs):
        raise RuntimeError(f"the executor gave {len(results)} results for {len(jobs)} runs")
    dims = list(axes)
    data = {}
    for name in results[0]:
        stacked = np.array([results[job_of[place]][name] for place in places])
        vector = ["coordinate"] if name in _VECTORS else []
        data[name] = (dims + vector, stacked.reshape(*lengths, *stacked.shape[1:]))
    coordinates = {
        name: _coordinate(name, values, problems[0]) for name, (values, _) in axes.items()
    }
    dataset = xr.Dataset(data, coordinates)
    return dataset.squeeze([name for name, (_, is_list) in axes.items() if not is_list])


def _one_run(job) -> dict:
    settings, options = job
    run = train(*settings, **options, record=())
    lost = run.status == "diverged"
    result = {name: getattr(run, name) for name in (*_VECTORS, *_NUMBERS)}
    if lost:
        result = {name: np.full_like(value, np.nan) for name, value in result.items()}
    return result | {"steps": run.steps, "status": run.status}


def _listed(name: str, value) -> tuple[list, bool]:
    is_list = isinstance(value, list | tuple | range) or (
        isinstance(value, np.ndarray) and value.ndim == 1
    )
    if not is_list:
        return [value], False
    if len(value) == 0:
        raise _checks.complaint(name, value, "a list with at least one entry")
    if len(value) > MOST_RUNS:
        raise _checks.complaint(name, value, f"a list with at most {MOST_RUNS} entries")
    return list(value), True


def _coordinate(name: str, values: list, problem: Problem):
    if name == "batch_size":
        values = [problem.n_samples if b is None else b for b in values]
    if all(isinstance(value, int | float | np.number) for value in values):
        # As plain numbers: an index holds no half and no extended floats.
        plain = int if all(isinstance(value, numbers.Integral) for value in values) else float
        return np.array([plain(value) for value in values])
    return np.arange(len(values))


@dataclass(frozen=True, eq=False)
class StepSizeBand:
    """Between ``low`` and ``high`` it depends on chance, or on fine detail, whether a run diverges.

    Attributes
    ----------
    low : float
        The largest step size of the grid up to which, and at which, no run diverged; 0 if a run
        diverged at the smallest.
    high : float
        The smallest step size of the grid from which on every run diverged; infinite if a run
        did not at the largest.
    step_size : array, shape (K,)
        The grid γ.
    diverged, converged : array, shape (K,)
        The share of the runs that did, at each step size. What is missing to 1 was stopped.
    """

    low: float
    high: float
    step_size: np.ndarray
    diverged: np.ndarray
    converged: np.ndarray


def step_size_band(
    problem: Problem | list[Problem],
    alpha=0.1,
    batch_size: int | None = None,
    *,
    step_size=None,
    seed: Iterable[int] = range(10),
    executor: Executor | None = None,
    replacement: bool = False,
    max_steps: int = 200_000,
    tol: float = 1e-12,
) -> StepSizeBand:
    """γ_low = max{γ : no run at any γ' ≤ γ diverges}, γ_high = min{γ : every run at γ' ≥ γ does}.

    The largest step size of GD is no number to two digits, since GD may fail at one step size and
    settle at a larger one; that of SGD depends on the batches. Hence a band, from runs on a grid.

    Parameters
    ----------
    problem : Problem or list of Problem
        One data set, or several of the same shape.
    alpha, batch_size, replacement, max_steps, tol
        As in :func:`train`.
    step_size : increasing array, shape (K,), optional
        The grid. By default 40 step sizes in geometric progression, from a twentieth of the
        smaller to four times the larger of the two units that :func:`critical_step_size` knows
        (one for GD, one for b = 1), taken over the data sets.
    seed : iterable of int
        Seeds for the batches; GD needs none.
    executor
        As in :func:`sweep`.

    Returns
    -------
    StepSizeBand

    Raises
    ------
    ValueError
        If the grid is not increasing, or :func:`sweep` refuses an argument.
    RuntimeError
        As :func:`sweep`; or if there is no grid and :func:`critical_step_size` finds no unit.

    References
    ----------
    The two largest step sizes are those of Even et al. (2023).
    """
    problems = _listed("problem", problem)[0]
    if step_size is None:
        units = [critical_step_size(p, b) for p in problems for b in (None, 1)]
        step_size = np.geomspace(min(units) / 20, 4 * max(units), 40)
    grid = _checks.array("step_size", step_size, (None,), "(K,)")
    if len(grid) == 0 or not (np.diff(grid) > 0).all():
        raise _checks.complaint("step_size", step_size, "an increasing array")
    runs = sweep(
        list(problems),
        alpha,
        grid,
        batch_size,
        _checks.listed("seed", seed, "a list of whole numbers of at least 0"),
        executor,
        replacement=replacement,
        max_steps=max_steps,
        tol=tol,
    )
    across = [dim for dim in runs.status.dims if dim != "step_size"]
    diverged = (runs.status == "diverged").mean(across).values
    converged = (runs.status == "converged").mean(across).values
    some, not_all = np.flatnonzero(diverged > 0), np.flatnonzero(diverged < 1)
    first_with_some = some[0] if len(some) else len(grid)
    last_without_all = not_all[-1] if len(not_all) else -1
    return StepSizeBand(
        low=float(grid[first_with_some - 1]) if first_with_some > 0 else 0.0,
        high=float(grid[last_without_all + 1]) if last_without_all + 1 < len(grid) else np.inf,
        step_size=grid,
        diverged=diverged,
        converged=converged,
    )
