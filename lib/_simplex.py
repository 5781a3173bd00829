"""min Σ c_i |w_i| subject to X w = y, exactly: a simplex in arithmetic of twice the precision.

A basis is N independent columns B of X. It has one w = B⁻¹y and, with s the signs of w, one dual
ν = B⁻ᵀ(s ∘ c). Whatever the basis, w interpolates and Σ c |w| = ⟨y, ν⟩; it is optimal if
|x_jᵀν| ≤ c_j for every column. While one column breaks that, it enters the basis and another
leaves, and Σ c |w| decreases: this is the primal simplex, which needs no first phase here.

Every number is a sum of two floats, about 32 digits, so that a basis with two near-copies of one
column is no different from others, and so that what is decided is decided by the data alone. The
sums have one written order and nothing in them may be reassociated or fused: no ``fastmath``.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
from numba import njit

_FLAGS = {"nogil": True, "cache": True}
_SPLITTER = 134217729.0  # 2^27 + 1

EPS = np.finfo(float).eps
ROUNDED = 8 * EPS  # y = Xw*, as a program computes it, is known to this share of its terms
EXACT = 1e-28  # to this share of their terms, sums of pairs are right
VIOLATED = 1e-18  # |x_jᵀν| is above c_j by more than this share of it
TIED = (1e-14, 1e-18)  # it is not below c_j by more: first tried for data that were rounded
ALLOWED = 1e-13  # what a rounded solution may lack in optimality
CHANGING = 1e-11  # an entry of B⁻¹x_j, in units of cost, above which it is not 0
SUPPORT, TIGHT = 1e-9, 1e-9  # an entry of c ∘ |w| that is one; room of the dual that is none
# What of a column is not in the span of the basis so far, for it to be taken into the basis at
# will, if the rough solution uses it, and as a pivot of the simplex.
SURE, SUPPORTED, POSSIBLE = 1e-8, 1e-13, 1e-18


@njit(inline="always")
def _product(a, b):
    """a·b as a sum of two floats (Dekker 1971, with Veltkamp's splitting)."""
    t = _SPLITTER * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = _SPLITTER * b
    b_high = t - (t - b)
    b_low = b - b_high
    p = a * b
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(inline="always")
def _plus_product(s, s_low, a, a_low, b, b_low):
    """s + a·b, each a sum of two floats."""
    p, p_low = _product(a, b)
    p_low += a * b_low + a_low * b
    t = s + p
    v = t - s
    t_low = (s - (t - v)) + (p - v) + (s_low + p_low)
    high = t + t_low
    return high, t_low - (high - t)


@njit(**_FLAGS)
def _combine(x, A, A_low):
    """Σ_k x_k A_k, the rows of A with these weights; x has shape (2, K): floats, and what they lack."""
    total = np.zeros((2, A.shape[1]))
    s, s_low = total[0], total[1]
    for k in range(A.shape[0]):
        a, a_low = x[0, k], x[1, k]
        if a != 0.0:
            for j in range(A.shape[1]):
                s[j], s_low[j] = _plus_product(s[j], s_low[j], a, a_low, A[k, j], A_low[k, j])
    return total


@njit(**_FLAGS)
def _pivot(inverse, inverse_low, column, out):
    """B⁻¹ after the column at position ``out`` of B is replaced by the one that is B·``column``."""
    n = inverse.shape[0]
    row, row_low = inverse[out], inverse_low[out]
    a, a_low = column[0, out], column[1, out]
    for k in range(n):
        q = row[k] / a
        r, r_low = _plus_product(row[k], row_low[k], -q, 0.0, a, a_low)
        q_low = (r + r_low) / a
        high = q + q_low
        r, r_low = _plus_product(r, r_low, -q_low, 0.0, a, a_low)
        row[k] = high
        row_low[k] = (q_low - (high - q)) + (r + r_low) / a
    for i in range(n):
        b, b_low = -column[0, i], -column[1, i]
        if i != out and b != 0.0:
            for k in range(n):
                inverse[i, k], inverse_low[i, k] = _plus_product(
                    inverse[i, k], inverse_low[i, k], b, b_low, row[k], row_low[k]
                )


def _pair(x):
    return np.stack([x, np.zeros_like(x)])


def _minus(a, b):
    """a − b for pairs, b a vector of floats."""
    t = a[0] - b
    v = t - a[0]
    low = (a[0] - (t - v)) - (b + v) + a[1]
    high = t + low
    return np.stack([high, low - (high - t)])


def _plus(a, b):
    t = a[0] + b[0]
    v = t - a[0]
    low = (a[0] - (t - v)) + (b[0] - v) + (a[1] + b[1])
    high = t + low
    return np.stack([high, low - (high - t)])


class Solution(NamedTuple):
    """w, and how nearly it is proved to be optimal."""

    w: np.ndarray
    excess: float  # the largest (|x_jᵀν| − c_j)/c_j
    gap: float  # |Σ c |w| − ⟨y, ν⟩|, relative to the former
    columns: np.ndarray  # the basis, and the signs with which ν is tight on it
    signs: np.ndarray


class _Basis:
    """Independent columns of X, the inverse of the matrix they make, and the signs of w on them."""

    def __init__(self, X, y, costs, sizes, dual):
        n_equations = len(X)
        self.X, self.zeros, self.y, self.costs = X, np.zeros_like(X), y, costs
        self.inverse, self.inverse_low = np.eye(n_equations), np.zeros((n_equations, n_equations))
        self.columns, self.signs = np.full(n_equations, -1), np.ones(n_equations)
        # The columns of w come first, then those on which the dual is tight. Gauss-Jordan
        # elimination puts them, one by one, in the place of columns of the unit matrix.
        used = sizes > SUPPORT * sizes.max()
        slack = 1 - np.abs(dual @ X) / costs
        order = np.lexsort((slack, np.where(used, -sizes, 0)))
        for j in order[: np.count_nonzero(used | (slack < TIGHT))]:
            column = self.coordinates(j)
            sizes_left = np.where(self.columns < 0, np.abs(column[0]), 0)
            out = np.argmax(sizes_left)
            if sizes_left[out] > (SUPPORTED if used[j] else SURE):
                self.replace(out, j, column, 1.0)
        # Row k of the inverse is a direction for ν that only a unit column in place k resists:
        # it is followed to the first other column that becomes tight.
        for out in np.flatnonzero(self.columns < 0):
            direction = np.stack([self.inverse[out], self.inverse_low[out]])
            pull, u = _combine(direction, X, self.zeros)[0], dual @ X
            possible = np.abs(pull) > SURE * np.abs(pull).max()
            possible[self.columns[self.columns >= 0]] = False
            left = np.maximum(costs - np.outer([1, -1], np.sign(pull) * u), 0)
            with np.errstate(divide="ignore", invalid="ignore"):
                room = np.where(possible, left / np.abs(pull), np.inf)
            side, j = np.unravel_index(np.argmin(room), room.shape)
            dual = dual + (1 - 2 * side) * room[side, j] * direction[0]
            self.replace(out, j, self.coordinates(j), 1.0)
        self.signs = np.where(dual @ X[:, self.columns] < 0, -1.0, 1.0)

    def copy(self) -> _Basis:
        other = copy.copy(self)
        for name in ("inverse", "inverse_low", "columns", "signs"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def coordinates(self, j: int) -> np.ndarray:
        """B⁻¹x_j."""
        return self.times_inverse(_pair(self.X[:, j]))

    def times_inverse(self, x: np.ndarray) -> np.ndarray:
        transposed = np.ascontiguousarray(self.inverse.T), np.ascontiguousarray(self.inverse_low.T)
        return _combine(x, *transposed)

    def replace(self, out: int, j: int, column: np.ndarray, sign: float) -> None:
        _pivot(self.inverse, self.inverse_low, column, out)
        self.columns[out], self.signs[out] = j, sign

    def weights(self) -> np.ndarray:
        """B⁻¹y, once refined."""
        w = self.times_inverse(_pair(self.y))
        B = np.ascontiguousarray(self.X[:, self.columns].T)
        lacking = _minus(_combine(w, B, np.zeros_like(B)), self.y)
        return _plus(w, -self.times_inverse(lacking))

    def dual(self) -> np.ndarray:
        """ν = B⁻ᵀ(s ∘ c), once refined."""
        right = self.signs * self.costs[self.columns]
        nu = _combine(_pair(right), self.inverse, self.inverse_low)
        B = np.ascontiguousarray(self.X[:, self.columns])
        lacking = _minus(_combine(nu, B, np.zeros_like(B)), right)
        return _plus(nu, -_combine(lacking, self.inverse, self.inverse_low))

    def noise(self, w: np.ndarray, share: float) -> np.ndarray:
        """How far w can move while every equation changes by this share of its terms."""
        terms = np.abs(self.y) + np.abs(self.X[:, self.columns]) @ np.abs(w)
        return share * (np.abs(self.inverse) @ terms)

    def excess(self) -> np.ndarray:
        """(|x_jᵀν| − c_j)/c_j for every column."""
        u = _combine(self.dual(), self.X, self.zeros)
        self.sides = np.where(u[0] < 0, -1.0, 1.0)
        excess = _minus(u * self.sides, self.costs)[0] / self.costs
        excess[self.columns] = 0
        return excess

    def optimise(self, share: float, steps: int) -> bool:
        """Steps of the simplex until no column breaks the dual's bounds; False if there are more."""
        least, waited = np.inf, 0
        for _ in range(steps):
            w = self.weights()[0]
            zero = np.abs(w) <= self.noise(w, share)
            self.signs = np.where(zero, self.signs, np.sign(w))
            excess = self.excess()
            if excess.max() <= VIOLATED:
                return True
            value = self.costs[self.columns] @ np.abs(w)
            waited = 0 if value < least * (1 - EPS) else waited + 1
            least = min(value, least)
            # Bland's rule, slow but never in a circle, once the value has long been the same.
            cautious = waited > 10 + len(w)
            j = np.flatnonzero(excess > VIOLATED)[0] if cautious else np.argmax(excess)
            side = self.sides[j]
            column = self.coordinates(j)
            falling = self.signs * column[0] * side
            possible = np.flatnonzero(falling > POSSIBLE * np.abs(falling).max())
            times = np.where(zero, 0, np.abs(w))[possible] / falling[possible]
            order = possible[np.lexsort((self.columns[possible], times))]
            # Beyond the first entry to reach 0 the value still falls while its slope is negative.
            slope = -excess[j] * self.costs[j] + np.cumsum(
                2 * self.costs[self.columns[order]] * falling[order]
            )
            last = 0 if cautious else np.argmax(slope >= 0)
            self.signs[order[:last]] *= -1
            self.replace(order[last], j, column, side)
        return False

    def settle_ties(self, tied: float, share: float, steps: int) -> bool:
        """Of the solutions, the one with the largest |w_1|, then the largest |w_2|, and so on.

        Solutions differ in columns alone that the dual is tight on, whose signs it tells: there
        |w_j| is linear, and this is the simplex again, with Bland's rule. False if it takes more steps.
        """
        excess = self.excess()
        sides = self.sides
        candidates = np.flatnonzero(excess >= -tied)
        if len(candidates) == len(self.columns):
            return True
        for _ in range(steps):
            w = self.weights()[0]
            left = np.where(np.abs(w) <= self.noise(w, share), 0, np.abs(w))
            for j in candidates:
                if j in self.columns:
                    continue
                column = self.coordinates(j)
                falling = self.signs * column[0] * sides[j]
                scaled = np.abs(falling) * self.costs[self.columns]
                changing = scaled > CHANGING * self.costs[j]
                first = np.argmin(np.where(changing, self.columns, self.X.shape[1]))
                if j < self.columns[first] or falling[first] < 0:
                    break
            else:
                return True
            possible = np.flatnonzero(changing & (falling > 0))
            times = left[possible] / falling[possible]
            out = possible[np.lexsort((self.columns[possible], times))[0]]
            self.replace(out, j, column, sides[j])
        return False

    def solution(self) -> Solution:
        """w on the smallest support that the rounding of y allows, else on all of the basis."""
        entries, nu, excess = self.weights()[0], self.dual(), self.excess().max()
        least = _combine(nu, self.y[:, None], np.zeros((len(self.y), 1)))[0, 0]

        def judged(w):
            value = self.costs @ np.abs(w)
            return Solution(w, excess, abs(value - least) / value, self.columns, self.signs)

        full, short = np.zeros((2, self.X.shape[1]))
        full[self.columns] = entries
        nonzero = np.abs(entries) > self.noise(entries, ROUNDED)
        if nonzero.all() or not nonzero.any():
            return judged(full)
        support = np.sort(self.columns[nonzero])
        short[support] = _least_squares(self.X[:, support], self.y)
        lacking = _minus(_combine(_pair(short), self.X.T, self.zeros.T), self.y)[0]
        terms = np.abs(self.y) + np.abs(self.X) @ np.abs(short)
        interpolates = (np.abs(lacking) <= 10 * ROUNDED * terms).all()
        return judged(short if interpolates and judged(short).gap <= ALLOWED else full)


def _least_squares(A: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(AᵀA)⁻¹Aᵀy; with twice the digits the normal equations are as good as any."""
    A = np.ascontiguousarray(A)
    zeros, n = np.zeros_like(A), A.shape[1]
    gram = np.stack([_combine(_pair(column), A, zeros) for column in A.T], axis=1)
    right = _combine(_pair(y), A, zeros)
    inverse = np.stack([np.eye(n), np.zeros((n, n))])
    for k in range(n):
        transposed = np.ascontiguousarray(inverse.transpose(0, 2, 1))
        _pivot(*inverse, _combine(np.ascontiguousarray(gram[:, k]), *transposed), k)
    transposed = np.ascontiguousarray(inverse.transpose(0, 2, 1))
    w = _combine(right, *transposed)
    return _plus(w, -_combine(_plus(_combine(w, *gram), -right), *transposed))[0]


def solve(
    X: np.ndarray, y: np.ndarray, costs: np.ndarray, sizes: np.ndarray, dual: np.ndarray
) -> Solution:
    """The w of least Σ c |w|, from c ∘ |w| and ν that are roughly right.

    Rows of X are independent, its columns of size 1. Of several solutions it is the one with the
    largest |w_1|, of these the one with the largest |w_2|, and so on.

    RuntimeError if the simplex takes too many steps.
    """
    basis = _Basis(X, y, costs, sizes, dual)
    # Entries that are rounding errors of y have the signs of the dual, which is then usually
    # optimal at once. Where these errors matter, y is taken as it is, to the last bit.
    for share, steps in ((ROUNDED, 20 * len(y)), (EXACT, 1000 + 50 * sum(X.shape))):
        if not basis.optimise(share, steps):
            continue
        found = basis.copy()
        for tied in TIED:
            if basis.settle_ties(tied, share, steps) and basis.excess().max() <= ALLOWED:
                break
            basis = found.copy()
        solution = basis.solution()
        if solution.gap <= ALLOWED:
            return solution
    raise RuntimeError(f"the least ℓ1 norm: the simplex was not done after {steps} steps")
