"""y = X w, with fewer equations than unknowns: the data that every experiment starts from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from . import _checks

MOST_ENTRIES = 10**8  # of X: more are a slip, and would not fit into the memory of many machines


@dataclass(frozen=True, eq=False)
class Problem:
    """L̄(w) = ‖X w − y‖² / (2 N): least squares on data that are held fixed.

    Parameters
    ----------
    X : array, shape (N, d)
        One sample x_i a row.
    y : array, shape (N,)
        Targets.
    w_star : array, shape (d,), optional
        The vector that the targets were made from, where there is one.

    Raises
    ------
    ValueError
        If an array is empty, not finite, not real, or of the wrong shape; or if its largest entry
        is of a size, unless 0, out of 1e-75 to 1e75 for a row of X, 1e-150 to 1e150 for y and w*.

    Notes
    -----
    The arrays are copied and made read-only, so that a problem can be shared between threads.
    Two problems are equal only if they are the same object.
    """

    X: np.ndarray
    y: np.ndarray
    w_star: np.ndarray | None = field(default=None)

    def __post_init__(self) -> None:
        X = _checks.array("X", self.X, (None, None), "(N, d)")
        if 0 in X.shape:
            raise _checks.complaint(
                "X", f"an array of shape {X.shape}", "an array (N, d) with N ≥ 1 and d ≥ 1"
            )
        y = _checks.array("y", self.y, (X.shape[0],), "(N,)")
        w_star = self.w_star
        if w_star is not None:
            w_star = _checks.array("w_star", w_star, (X.shape[1],), "(d,)")
        _checks.moderate("X", X, _checks.LARGEST_ROW)
        _checks.moderate("y", y, _checks.LARGEST_TARGET)
        if w_star is not None:
            _checks.moderate("w_star", w_star, _checks.LARGEST_TARGET)
        for name, value in (("X", X), ("y", y), ("w_star", w_star)):
            if value is not None:
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def n_samples(self) -> int:
        """N, the number of samples."""
        return self.X.shape[0]

    @property
    def dim(self) -> int:
        """d, the number of unknowns."""
        return self.X.shape[1]

    def loss(self, w: np.ndarray) -> float:
        """L̄(w) = ‖X w − y‖² / (2 N), for w of shape (d,); inf beyond the largest float."""
        w = _checks.array("w", w, (self.dim,), "(d,)")
        with np.errstate(all="ignore"):
            residual = self.X @ w - self.y
            loss = float(residual @ residual) / (2 * self.n_samples)
        return math.inf if math.isnan(loss) else loss  # no number: two infinities in one sum

    def __repr__(self) -> str:
        known = "" if self.w_star is None else f", sparsity={np.count_nonzero(self.w_star)}"
        return f"Problem(n_samples={self.n_samples}, dim={self.dim}{known})"


def checked(problem: object) -> Problem:
    """The problem itself, once it is known to be one."""
    if not isinstance(problem, Problem):
        raise _checks.complaint("problem", problem, "a Problem, as sparse_regression makes them")
    return problem


def sparse_regression(
    n_samples: int = 40,
    dim: int = 100,
    sparsity: int = 5,
    seed: int = 0,
    *,
    noise: float = 0.0,
    std: float = 1.0,
) -> Problem:
    """y = X w* + noise · N(0, I), rows of X from N(0, std² I), w* with ``sparsity`` entries N(0, 1).

    Parameters
    ----------
    n_samples, dim : int
        N and d, each at least 1, with N d at most 10⁸.
    sparsity : int
        s, the number of non-zero entries of w*, from 0 to ``dim``, in uniformly random places.
    seed : int
        Everything is drawn from it. The entries of w*, the rows of X and the noise come from
        three separate streams: asking for noise, or for more samples, changes neither w* nor
        the rows already there.
    noise : float
        Standard deviation of the noise on y, from 1e-70 to 1e70, or 0, which gives data that w* interpolates.
    std : float
        σ, the standard deviation of each entry of X, from 1e-70 to 1e70.

    Returns
    -------
    Problem
        With ``w_star`` set.

    Raises
    ------
    ValueError
        If an argument is out of the ranges above.

    References
    ----------
    The set-up of the experiments in Even, Pesme, Gunasekar and Flammarion (2023).
    """
    n_samples = _checks.integer("n_samples", n_samples, at_least=1)
    dim = _checks.integer("dim", dim, at_least=1)
    sparsity = _checks.integer("sparsity", sparsity, at_least=0, at_most=dim)
    seed = _checks.integer("seed", seed, at_least=0)
    noise = _checks.number("noise", noise, at_least=0, at_most=1e70)
    if 0 < noise < 1e-70:
        raise _checks.complaint("noise", noise, "0 or at least 1e-70")
    std = _checks.number("std", std, at_least=1e-70, at_most=1e70)
    if n_samples * dim > MOST_ENTRIES:
        raise _checks.complaint(
            "n_samples", n_samples, f"such that X has at most {MOST_ENTRIES:g} entries"
        )

    signal, rows, errors = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(3)
    )
    w_star = np.zeros(dim)
    support = signal.choice(dim, size=sparsity, replace=False)
    w_star[support] = signal.standard_normal(sparsity)
    X = std * rows.standard_normal((n_samples, dim))
    # Coordinate after coordinate, not by BLAS: the targets are the same bits on every processor.
    y = np.zeros(n_samples)
    for j in np.flatnonzero(w_star):
        y += X[:, j] * w_star[j]
    y += noise * errors.standard_normal(n_samples)
    return Problem(X, y, w_star)
