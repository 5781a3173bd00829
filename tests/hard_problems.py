"""Problems that are hard for the exact limits: how many are refused, and how right the rest are.

Run on demand, from the top of the repository, for as many random problems as wished:

    python -m tests.hard_problems 10000

Solutions of `min_l1` are judged in exact arithmetic, with a dual that comes from their support
and signs alone. `tests/test_limits.py` does the same for a few.
"""

from __future__ import annotations

import math
import operator
import sys
import warnings
from dataclasses import dataclass
from fractions import Fraction
from unittest import mock

import numpy as np

from lib import limits
from lib.limits import min_l1, min_potential
from lib.problem import Problem

EPS = np.finfo(float).eps


@dataclass(frozen=True)
class Hard:
    """A problem with its weights, and what makes it hard."""

    problem: Problem
    weights: np.ndarray
    kinds: frozenset[str]


def hard_problem(rng: np.random.Generator, largest: int = 16) -> Hard:
    """Up to ``largest`` independent rows, up to four times as many columns, and several difficulties."""
    n_samples = int(rng.integers(1, largest + 1))
    dim = int(rng.integers(n_samples, 4 * n_samples + 2))
    names = ["correlated", "scaled columns", "scaled rows", "near-copies", "copies", "whole numbers",
             "zeros", "dependent rows", "sparse w", "size of y", "equal weights"]  # fmt: skip
    kinds = {name for name in names if rng.random() < 0.3}
    X = rng.standard_normal((n_samples, dim))
    if "whole numbers" in kinds:
        X = np.round(X)
    if "zeros" in kinds:
        X *= rng.random(X.shape) < 0.5
    if "correlated" in kinds:
        X += 10 ** rng.uniform(0, 3) * rng.standard_normal((n_samples, 1))
    if "near-copies" in kinds:
        for _ in range(rng.integers(1, dim + 1)):
            i, j = rng.integers(dim, size=2)
            difference = 10 ** rng.uniform(-16, -2) * rng.standard_normal(n_samples)
            X[:, j] = X[:, i] * rng.choice([1.0, -1.0]) + difference
    if "copies" in kinds:
        for _ in range(rng.integers(1, dim + 1)):
            i, j = rng.integers(dim, size=2)
            X[:, j] = X[:, i] * rng.choice([1.0, -1.0, 2.0, 0.1])
    weights = np.ones(dim) if "equal weights" in kinds else np.exp(rng.uniform(-8, 8, dim))
    if "scaled columns" in kinds:
        X *= 10 ** rng.uniform(-6, 6, dim)
    w = rng.standard_normal(dim)
    if "sparse w" in kinds:
        w *= rng.random(dim) < 0.2
    if "size of y" in kinds:
        w *= 10 ** rng.uniform(-125, 125)
    if "dependent rows" in kinds:
        X = np.vstack([X, rng.standard_normal((int(rng.integers(1, 5)), n_samples)) @ X])
    if "scaled rows" in kinds:
        X *= 10 ** rng.uniform(-8, 8, (len(X), 1))
    return Hard(Problem(X, X @ w), weights, frozenset(kinds))


Rational = tuple[list[int], int]  # numbers n_i / q, exactly


def exactly(numbers: np.ndarray) -> Rational:
    """Floats as whole numbers over a power of 2."""
    ratios = [float(x).as_integer_ratio() for x in numbers]
    q = max((q for _, q in ratios), default=1)
    return [p * (q // own) for p, own in ratios], q


def dot(x: Rational, y: Rational) -> Fraction:
    return Fraction(sum(map(operator.mul, x[0], y[0])), x[1] * y[1])


def exact_solution(A: list[Rational], b: Rational) -> Rational | None:
    """x with Σ_j A_ij x_j = b_i for the rows A_i, by fraction-free elimination (Bareiss 1968).

    None if A is singular.
    """
    n = len(A)
    # b_i = B_i/p and A_ij = N_ij/q_i: Σ_j N_ij x_j = q_i B_i/p.
    rows = [[*row, q * y] for (row, q), y in zip(A, b[0], strict=True)]
    previous = 1
    for k in range(n):
        out = next((i for i in range(k, n) if rows[i][k]), None)
        if out is None:
            return None
        rows[k], rows[out] = rows[out], rows[k]
        pivot = rows[k]
        for i in range(n):
            if i != k:
                head = rows[i][k]
                rows[i] = [
                    (pivot[k] * x - head * p) // previous
                    for x, p in zip(rows[i], pivot, strict=True)
                ]
        previous = pivot[k]
    return [row[n] for row in rows], previous * b[1]


@dataclass(frozen=True)
class Judgement:
    """How far w is from a least ℓ1 norm: 0, 0, 0 if it is one."""

    residual: float  # ‖Xw − y‖/‖y‖, or of the terms of Xw where they cancel
    excess: float  # the largest |x_jᵀν|/c_j − 1
    gap: float  # (Σ c |w| − ⟨y, ν⟩)/Σ c |w|


@dataclass(frozen=True)
class Proof:
    """Rows and as many columns of X; ν is 0 on other rows and makes x_jᵀν = ±c_j on the columns."""

    rows: list[int]
    columns: np.ndarray
    signs: np.ndarray


def solved(hard: Hard) -> tuple[np.ndarray, Proof | None]:
    """w and a dual that may prove it, as `min_l1` has found them; no dual where y is 0.

    The support of w does not tell the dual where it has fewer entries than there are equations.
    """
    found, solve = [], limits._simplex.solve

    def remembered(*args):
        found.append(solve(*args))
        return found[-1]

    with mock.patch.object(limits._simplex, "solve", remembered):
        w = min_l1(hard.problem, hard.weights)
    if not found:
        return w, None
    # Rows come back divided by powers of 2 and are known by their digits.
    X = hard.problem.X
    X = np.ldexp(X, -np.frexp(np.abs(X).max(axis=1, keepdims=True))[1])
    rows = [int((row == X).all(axis=1).argmax()) for row in limits._equations(hard.problem).X]
    return w, Proof(rows, found[0].columns, found[0].signs)


def judged(hard: Hard, w: np.ndarray, proof: Proof) -> Judgement:
    """The certificate of w, computed without rounding from the problem, w and the proof alone."""
    X, y = hard.problem.X, hard.problem.y
    weights = exactly(w)
    lacking = [
        float(dot(exactly(row), weights) - Fraction(float(t))) for row, t in zip(X, y, strict=True)
    ]
    unit = np.abs(y).max()
    terms = np.linalg.norm(np.abs(X) @ np.abs(w) / unit)
    allowed = max(np.linalg.norm(y / unit), 8 * EPS * terms / 1e-12)
    residual = np.linalg.norm(np.array(lacking) / unit) / allowed

    steep = len(proof.rows) < len(X) or _condition(X) > 1e8
    X, y = X[proof.rows], y[proof.rows]
    value = dot(exactly(hard.weights), exactly(np.abs(w)))
    # Where rows nearly depend on one another the last bits of y decide about the value, and w is
    # held to be the least-norm solution for y = Xw, which the residual says is as good as y.
    targets = _rational([dot(exactly(row), weights) for row in X]) if steep else exactly(y)
    columns = [exactly(column) for column in X.T]
    bounds = exactly(hard.weights[proof.columns] * proof.signs)
    nu = exact_solution([columns[j] for j in proof.columns], bounds)
    if nu is None:
        return Judgement(residual, math.inf, math.inf)
    excess = max(
        abs(dot(column, nu)) / Fraction(float(c)) - 1
        for column, c in zip(columns, hard.weights, strict=True)
    )
    return Judgement(residual, float(excess), float(abs(1 - dot(targets, nu) / value)))


def _condition(X: np.ndarray) -> float:
    for _ in range(5):
        for axis in (0, 1):
            largest = np.abs(X).max(axis=axis, keepdims=True)
            X = X / np.where(largest > 0, largest, 1)
    values = np.linalg.svd(X)[1]
    return values[0] / max(values[-1], 1e-300)


def _rational(numbers: list[Fraction]) -> Rational:
    q = math.lcm(*(x.denominator for x in numbers))
    return [x.numerator * (q // x.denominator) for x in numbers], q


def potential_arguments(rng: np.random.Generator, dim: int) -> dict:
    """α from the least allowed to 1e3, one, near one another or far apart; depth; start at depth 2."""
    depth = int(rng.integers(2, 7))
    low, kind = -300 / depth, rng.choice(["one", "near", "far"])
    exponents = rng.uniform(low, 3) + {"one": 0, "near": rng.uniform(-3, 3, dim), "far": 0}[kind]
    if kind == "far":
        exponents = rng.uniform(low, 3, dim)
    start = 0.0
    if depth == 2 and rng.random() < 0.5:
        start = rng.standard_normal(dim) * 10 ** rng.uniform(-5, 2)
    return {"alpha": 10 ** np.clip(exponents, low, 3), "start": start, "depth": depth}


def main(count: int) -> None:
    """Count, and print every failure with the seed that makes it again."""
    refused, worst = {"min_l1": 0, "min_potential": 0}, {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(count):
            rng = np.random.default_rng(seed)
            hard = hard_problem(rng)
            try:
                name = "min_potential"
                min_potential(hard.problem, **potential_arguments(rng, hard.problem.dim))
            except Exception as error:  # a warning counts too
                refused[name] += 1
                print(name, seed, sorted(hard.kinds), repr(error)[:300], flush=True)
            try:
                name = "min_l1"
                w, proof = solved(hard)
            except Exception as error:
                refused[name] += 1
                print(name, seed, sorted(hard.kinds), repr(error)[:300], flush=True)
                continue
            if proof is None:
                continue
            judgement = judged(hard, w, proof)
            for name in ("residual", "excess", "gap"):
                value = getattr(judgement, name)
                worst[name] = max(worst.get(name, (0.0, -1)), (float(value), seed))
                if value > 1e-12:
                    print("min_l1", seed, sorted(hard.kinds), judgement, flush=True)
    print(f"of {count} problems, min_l1 refused {refused['min_l1']}", end=", ")
    print(f"min_potential {refused['min_potential']}")
    for name, (value, seed) in worst.items():
        print(f"min_l1: largest {name} {value:.1e}, of seed {seed}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
