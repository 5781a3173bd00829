"""u, v ← u − γ ∇_u L_B(u ⊙ v), v − γ ∇_v L_B(u ⊙ v): one run of GD or mini-batch SGD."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from . import _checks, _kernels
from ._lanes import padded
from .problem import Problem, checked

# Step sizes and batches are fixed this many steps ahead, at the most. Many runs end after a few
# hundred steps, so that the first blocks are shorter; the batches are the same in any blocks.
CHUNK = 8192
_BLOCKS = (512, 512, 1024, 2048, 4096)
# SGD looks at the full loss once in so many passes over the data: oftener costs time for nothing.
_EPOCHS_BETWEEN_LOOKS = 8
# A run has diverged once its loss is not below this multiple of max(1, its first loss).
_DIVERGED_FACTOR = 1e12
_LARGEST_STEP = 1e150  # its square, which the sums take, must be a float
# The recorded steps, unless others are asked for: so many to every tenfold of t.
_RECORDS_PER_DECADE = 24

_STATUS = {
    _kernels.RUNNING: "stopped",
    _kernels.CONVERGED: "converged",
    _kernels.DIVERGED: "diverged",
}


@dataclass(frozen=True, eq=False)
class History:
    """What was recorded of a run: K states, the last one of the run always among them.

    Attributes
    ----------
    step : array of int, shape (K,)
        Steps taken before the record; 0 is the initialization.
    loss : array, shape (K,)
        L̄(w_t).
    w : array, shape (K, d)
        w_t.
    gain, effective_alpha, start : array, shape (K, d)
        As in :class:`Run`, with every sum taken up to step t only.
    """

    step: np.ndarray
    loss: np.ndarray
    w: np.ndarray
    gain: np.ndarray
    effective_alpha: np.ndarray
    start: np.ndarray


@dataclass(frozen=True, eq=False)
class Run:
    """Where a run of (S)GD ended, and what its exact limit is made of.

    Attributes
    ----------
    status : {"converged", "stopped", "diverged"}
        "converged": the loss fell below ``tol``. "stopped": the steps were spent before that.
        "diverged": the loss was no longer below 10¹² max(1, L̄(w_0)), or was no number; the
        arrays then hold the state in which that was seen, which may be infinite.
    steps : int
        Steps taken.
    loss : float
        L̄(w) at the end.
    w, u, v : array, shape (d,)
        The last iterate, w = u ⊙ v.
    gain : array, shape (d,)
        Σ_t q(x_t) = log(α²/α_∞²), with x_t = γ_t ∇L_{B_t}(w_t) and q(x) = −log|1 − x²|. Infinite,
        and α_∞ = 0, where a factor w± has become 0: by a step x_t = ±1, or below the least float.
    effective_alpha : array, shape (d,)
        α_∞ = α exp(−gain/2).
    start : array, shape (d,)
        w̃₀ = α_∞² sinh φ, with φ = Σ_t [log|(1 − x_t)/(1 + x_t)| + 2 x_t]; ±inf beyond the
        largest float.
    budget, gain_budget : float
        Σ_t γ_t L̄(w_t) and Σ_t γ_t² L̄(w_t) over all steps. NaN for SGD, which does not look at the
        full loss at every step, unless ``full_loss`` was asked for; inf beyond the largest float.
    history : History
        The recorded states.

    Notes
    -----
    A converged run's limit is argmin_{Xw=y} D_{ψ_{α_∞}}(w, w̃₀), that is
    ``min_potential(problem, alpha=run.effective_alpha, start=run.start)``, exactly and for every
    step size; a run that has come down to the loss L̄ agrees with it to about √L̄.

    References
    ----------
    Even, Pesme, Gunasekar and Flammarion (2023), "(S)GD over diagonal linear networks: implicit
    regularisation, large stepsizes and edge of stability": the characterisation of the limit.
    """

    status: str
    steps: int
    loss: float
    w: np.ndarray
    u: np.ndarray
    v: np.ndarray
    gain: np.ndarray
    effective_alpha: np.ndarray
    start: np.ndarray
    budget: float
    gain_budget: float
    history: History


def train(
    problem: Problem,
    alpha: float | np.ndarray = 0.1,
    step_size: float | Sequence[float] | Callable[[int], float] = 0.05,
    batch_size: int | None = None,
    seed: int = 0,
    *,
    replacement: bool = False,
    max_steps: int = 1_000_000,
    tol: float = 1e-16,
    record: int | Iterable[int] | None = None,
    full_loss: bool = False,
) -> Run:
    """w₊ ← w₊ (1 − γ_t g_t), w₋ ← w₋ (1 + γ_t g_t), with g_t = ∇L_{B_t}(w_t) and w = w₊² − w₋².

    This is (S)GD on the factors of w = u ⊙ v from u = √2 α, v = 0, written in w± = (u ± v)/2,
    which keeps α_∞ where (u, v) would lose it to rounding.

    Parameters
    ----------
    problem : Problem
        The data.
    alpha : float or array, shape (d,)
        Initialization scale α, from 1e-150 to 1e150.
    step_size : float, sequence of floats, or function
        γ for every step, above 0 and at most 1e150; or γ_0, γ_1, … (the run ends with the
        sequence, if not before); or a function of the step number t = 0, 1, … that returns γ_t,
        and may be asked ahead.
    batch_size : int or None
        b, from 1 to N. None is the full batch, that is GD; so is N, unless with replacement.
    seed : int
        The batches are drawn from it, each independently of the others; GD draws nothing.
    replacement : bool
        Whether a batch may hold a sample twice.
    max_steps : int
        The budget of steps.
    tol : float
        The loss below which the run has converged. GD looks at every step, SGD once in eight
        passes over the data. Rounding keeps the loss above about 1e-27 on data of size one.
    record : int, iterable of int, or None
        Steps to keep in ``history``: every ``record``-th; those listed; or, for None, a
        geometric choice of them. The last state is always kept.
    full_loss : bool
        Whether SGD too looks at the full loss before every step, and sums it. A step then costs
        as much as one of GD, and the run ends at the very first loss below ``tol``.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        If an argument is out of range, naming it; also if a step size of a sequence or function
        is not a number above 0 and at most 1e150.

    Notes
    -----
    The same arguments give the same run, bit for bit, on every processor, whatever is recorded and
    however often the loss is looked at: every sum has one order, which ``_kernels`` writes down.
    (The logarithms in ``gain``, ``effective_alpha`` and ``start`` are the C library's.)

    References
    ----------
    Woodworth et al. (2020), "Kernel and rich regimes in overparametrized models", section 4, for
    the network; Even et al. (2023) for the recursion.
    """
    problem = checked(problem)
    n_samples = problem.n_samples
    alpha = _checks.scale(alpha, problem.dim)
    max_steps = _checks.integer("max_steps", max_steps, at_least=0)
    step_sizes, max_steps = _step_sizes(step_size, max_steps)
    marks_within = _marks(record)
    batch_size, seed, replacement = batching(n_samples, batch_size, seed, replacement)
    tol = _checks.number("tol", tol, at_least=0)
    full_loss = _checks.choice("full_loss", full_loss, (False, True))

    data = _kernels.prepared(problem.X, problem.y)
    plus, minus, z = padded(alpha / np.sqrt(2)), padded(alpha / np.sqrt(2)), np.zeros(n_samples)
    bound = _DIVERGED_FACTOR * max(1.0, _kernels.full_loss(data, plus, minus))
    if batch_size is not None:
        draws = batches(n_samples, batch_size, seed, replacement, _block_lengths())
        every = 1 if full_loss else -(-_EPOCHS_BETWEEN_LOOKS * n_samples // batch_size)
        kernel = _kernels.single_sample if batch_size == 1 else _kernels.mini_batch

    shelves, recorded, sums = [], [], np.zeros(2)
    steps, state, lengths = 0, _kernels.RUNNING, _block_lengths()
    while state == _kernels.RUNNING and steps < max_steps:
        first, last = steps, min(steps + next(lengths), max_steps)
        marks = marks_within(first, last)
        shelf = np.empty((len(marks), 2 * problem.dim + n_samples))
        steps_to_take = step_sizes(first, last)
        job = (data, plus, minus, z, steps_to_take, marks - first, shelf, tol, bound, sums)
        if batch_size is None:
            taken, state = _kernels.full_batch(*job)
        else:
            taken, state = kernel(*job, next(draws), first, every)
        steps += taken
        kept = np.searchsorted(marks, steps, side="right")
        recorded.append(marks[:kept])
        shelves.append(shelf[:kept])

    loss = _kernels.full_loss(data, plus, minus)
    plus, minus = plus[: problem.dim], minus[: problem.dim]
    if state == _kernels.RUNNING:
        if not loss < bound:
            state = _kernels.DIVERGED
        elif loss < tol:
            state = _kernels.CONVERGED
    if batch_size is not None and not full_loss:
        sums[:] = np.nan
    if not any(steps in part for part in recorded):
        recorded.append([steps])
        shelves.append(np.concatenate([plus, minus, z])[None])
    history = _history(problem, data, alpha, np.concatenate(recorded), np.concatenate(shelves))
    with np.errstate(all="ignore"):  # a diverged run may hold anything
        u, v = plus + minus, plus - minus
    return Run(
        status=_STATUS[state],
        steps=steps,
        loss=float(loss),
        w=history.w[-1].copy(),
        u=u,
        v=v,
        gain=history.gain[-1].copy(),
        effective_alpha=history.effective_alpha[-1].copy(),
        start=history.start[-1].copy(),
        budget=float(sums[0]),
        gain_budget=float(sums[1]),
        history=history,
    )


def _history(problem: Problem, data: _kernels.Data, alpha, step, shelf) -> History:
    dim = problem.dim
    plus, minus, z = shelf[:, :dim], shelf[:, dim : 2 * dim], shelf[:, 2 * dim :]
    sums = _kernels.summed_steps(problem.X, np.ascontiguousarray(z))
    # A diverged run may hold anything, and a step of x = 1 exactly makes a factor zero.
    with np.errstate(all="ignore"):
        log_plus, log_minus = np.log(np.abs(plus)), np.log(np.abs(minus))
        effective_alpha = np.sqrt(2 * np.abs(plus)) * np.sqrt(np.abs(minus))
        angle = log_plus - log_minus + 2 * sums
        start = effective_alpha**2 * np.sinh(angle)
        # The same as w₊² e^{2Σx} − w₋² e^{−2Σx}, where α_∞² is 0 or sinh is beyond a float.
        larger = 2 * np.where(angle > 0, log_plus + sums, log_minus - sums)
        other = np.sign(angle) * np.exp(larger) * -np.expm1(-2 * np.abs(angle))
        start = np.where(np.isfinite(start), start, np.where((plus == 0) & (minus == 0), 0, other))
        return History(
            step=np.asarray(step, dtype=np.int64),
            loss=_kernels.losses(data, shelf),
            w=(plus - minus) * (plus + minus),
            gain=2 * np.log(alpha) - np.log(2) - log_plus - log_minus,
            effective_alpha=effective_alpha,
            start=start,
        )


def batching(n_samples: int, batch_size, seed, replacement) -> tuple[int | None, int, bool]:
    """The checked (b, seed, replacement), with b = None where nothing is left to chance."""
    replacement = bool(_checks.choice("replacement", replacement, (False, True)))
    seed = _checks.integer("seed", seed, at_least=0)
    if batch_size is not None:
        batch_size = _checks.integer("batch_size", batch_size, at_least=1, at_most=n_samples)
        if batch_size == n_samples and not replacement:
            batch_size = None
    return batch_size, seed, replacement


def batches(
    n_samples: int,
    batch_size: int,
    seed: int,
    replacement: bool,
    lengths: Iterable[int] = itertools.repeat(CHUNK),
) -> Iterator[np.ndarray]:
    """Blocks of batches, shape (length, b), each batch uniform and independent of the others."""
    rng = np.random.default_rng(seed)
    order = np.arange(n_samples)
    for length in lengths:
        if replacement or batch_size == 1:
            yield rng.integers(n_samples, size=(length, batch_size))
        else:
            yield _kernels.shuffled_prefixes(rng.random((length, batch_size)), order)


def _block_lengths() -> Iterator[int]:
    return itertools.chain(_BLOCKS, itertools.repeat(CHUNK))


def _step_sizes(step_size, max_steps: int) -> tuple[Callable[[int, int], np.ndarray], int]:
    """A function (first, last) ↦ γ_first … γ_{last−1}, and the budget that it leaves."""
    if callable(step_size):

        def asked(first: int, last: int) -> np.ndarray:
            return np.array(
                [
                    _checks.number(f"step_size({t})", step_size(t), above=0, at_most=_LARGEST_STEP)
                    for t in range(first, last)
                ]
            )

        return asked, max_steps
    if isinstance(step_size, Sequence) or getattr(step_size, "ndim", 0) != 0:
        listed = _checks.array("step_size", step_size, (None,), "(T,)")
        if not ((listed > 0) & (listed <= _LARGEST_STEP)).all():
            raise _checks.complaint(
                "step_size", step_size, f"positive and at most {_LARGEST_STEP:g} throughout"
            )
        return lambda first, last: listed[first:last], min(max_steps, len(listed))
    constant = np.full(
        CHUNK, _checks.number("step_size", step_size, above=0, at_most=_LARGEST_STEP)
    )
    return lambda first, last: constant[: last - first], max_steps


def _marks(record) -> Callable[[int, int], np.ndarray]:
    """A function (first, last) ↦ the steps in [first, last) to record, in order."""
    if record is None:
        decades = np.geomspace(1, 1e18, 18 * _RECORDS_PER_DECADE + 1)
        listed = np.unique(np.concatenate([[0], np.rint(decades)]).astype(np.int64))
    elif isinstance(record, Iterable) and getattr(record, "ndim", 1) > 0:
        steps = _checks.listed("record", record, "a step, a list of steps or None")
        steps = [_checks.integer("record", t, at_least=0) for t in steps]
        # No run gets beyond what an int64 can count.
        listed = np.unique(np.array([min(t, 2**63 - 1) for t in steps], dtype=np.int64))
    else:
        every = min(_checks.integer("record", record, at_least=1), 2**62)
        return lambda first, last: np.arange(-(-first // every) * every, last, every)
    return lambda first, last: listed[
        np.searchsorted(listed, first) : np.searchsorted(listed, last)
    ]
