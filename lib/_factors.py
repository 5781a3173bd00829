"""w = w₊^D − w₋^D along the flow, one coordinate at a time, as a function of r = log(w₊/w₋).

The flow dw±/dt = ∓(D/2) w±^(D−1) g keeps, coordinate by coordinate,

    D = 2:  w₊ w₋ = α²/2,                           from w±(0) = α/√2,
    D > 2:  w₊^−(D−2) + w₋^−(D−2) = 2 α^−(D−2),     from w±(0) = α,

so that r alone tells where on this curve a coordinate is. It stays a number of ordinary size
where w₊, w₋ and α^D span hundreds of decades, hence logarithms of α throughout.
"""

from __future__ import annotations

import math

import numpy as np

from . import _checks

LARGEST_WEIGHT = 1e300  # room for a factor of 2 and a sum before float64 ends
LARGEST_DEPTH = 6


def log_scale(alpha: object, dim: int, depth: object) -> tuple[np.ndarray, int]:
    """The vector log α, and the depth, once both are known to be good."""
    depth = _checks.integer("depth", depth, at_least=2, at_most=LARGEST_DEPTH)
    log_alpha = np.log(_checks.scale(alpha, dim))
    # Slightly above log(1e300): 1e-150 at depth 2 must pass whatever the last bit of its logarithm.
    if (np.abs(depth * log_alpha) > 300.001 * math.log(10)).any():
        raise _checks.complaint(
            "alpha", alpha, f"such that alpha**{depth} lies between 1e-300 and 1e300"
        )
    return log_alpha, depth


def log_factor(r: np.ndarray, log_alpha: np.ndarray, depth: int) -> np.ndarray:
    """The logarithm of w₊ at r, which is that of w₋ at −r."""
    if depth == 2:
        return log_alpha + (r - math.log(2)) / 2
    k = depth - 2
    return log_alpha + (np.logaddexp(0, k * r) - math.log(2)) / k


def weight(r: np.ndarray, log_alpha: np.ndarray, depth: int) -> np.ndarray:
    """The weight w₊^D − w₋^D at r, without subtracting the two."""
    size = np.abs(r)
    largest = np.exp(depth * log_factor(size, log_alpha, depth))
    return np.sign(r) * largest * -np.expm1(-depth * size)


def log_ratio(w: np.ndarray, log_alpha: np.ndarray, depth: int) -> np.ndarray:
    """The r at which w is: the inverse of ``weight``."""
    with np.errstate(divide="ignore"):
        log_size = np.log(np.abs(w)) - depth * log_alpha  # log |w| / α^D
    target = _arcsinh_exp(log_size)
    if depth == 2:
        return np.sign(w) * target
    # arcsinh(w/α^D) is nearly D r at both ends, and Newton's method on it takes a few steps.
    r = target / depth
    zero = np.zeros_like(r)
    for _ in range(8):
        log_largest = depth * log_factor(r, zero, depth)
        shrink = -np.expm1(-depth * r)
        with np.errstate(divide="ignore"):
            reached = _arcsinh_exp(log_largest + np.log(shrink))
        slope = (
            depth
            * (1 + np.exp(-(2 * depth - 2) * r))
            / ((1 + np.exp(-(depth - 2) * r)) * np.hypot(np.exp(-log_largest), shrink))
        )
        r = np.maximum(r - (reached - target) / slope, 0)
    return np.sign(w) * r


def _arcsinh_exp(log_size: np.ndarray) -> np.ndarray:
    moderate = np.minimum(log_size, 300)
    return np.where(log_size < 300, np.arcsinh(np.exp(moderate)), log_size + math.log(2))


def root_metric(r: np.ndarray, log_alpha: np.ndarray, depth: int) -> np.ndarray:
    """√(dw/du), where u = Xᵀν drives the flow: dw/du = (D²/2)(w₊^(2D−2) + w₋^(2D−2))."""
    plus = np.exp((depth - 1) * log_factor(r, log_alpha, depth))
    minus = np.exp((depth - 1) * log_factor(-r, log_alpha, depth))
    return depth / math.sqrt(2) * np.hypot(plus, minus)


def log_rate(r: np.ndarray, log_alpha: np.ndarray, depth: int) -> np.ndarray:
    """The logarithm of d log w₊/du = (D/2) w₊^(D−2), which at −r is that of −d log w₋/du."""
    return math.log(depth / 2) + (depth - 2) * log_factor(r, log_alpha, depth)
