"""ψ_α, the potential whose mirror flow diagonal networks follow, and its Bregman divergence.

A network of depth D, w = w₊^D − w₋^D, under dw±/dt = ∓(D/2) w±^(D−1) ∇L̄(w), follows

    d∇ψ_α(w)/dt = −∇L̄(w),

from w(0) = 0. At depth 2 the start is w±(0) = α/√2 (that is u(0) = √2 α, v(0) = 0 for w = u ⊙ v),
at depth D > 2 it is w±(0) = α.
"""

from __future__ import annotations

import numpy as np

from . import _checks, _factors


def hyperbolic_entropy(w: np.ndarray, alpha: float | np.ndarray, depth: int = 2) -> float:
    """ψ_α(w) = ½ Σ_i [ w_i arcsinh(w_i/α_i²) − √(w_i² + α_i⁴) + α_i² ] at depth 2.

    At depth D > 2, with z_i in (−1, 1) the solution of w_i = α_i^D h_D(z_i),

        ψ_α(w) = Σ_i 2/(D(D−2) α_i^(D−2)) [ w_i z_i − α_i^D H_D(z_i) ],
        h_D(z) = (1−z)^(−D/(D−2)) − (1+z)^(−D/(D−2)),
        H_D(z) = (D−2)/2 [ (1−z)^(−2/(D−2)) + (1+z)^(−2/(D−2)) − 2 ],    H_D' = h_D.

    Parameters
    ----------
    w : array, shape (d,)
        Regression weights, none larger than 1e300 in size.
    alpha : float or array, shape (d,)
        Initialization scale, positive, with alpha**depth between 1e-300 and 1e300.
    depth : int
        D, from 2 to 6.

    Returns
    -------
    float
        ψ_α(w) ≥ 0, zero only at w = 0; ``inf`` where it is beyond the largest float.

    Raises
    ------
    ValueError
        If an argument is out of the ranges above.

    Notes
    -----
    Computed as the divergence of w from 0, a sum of terms none of which is negative.

    References
    ----------
    Woodworth, Gunasekar, Lee, Moroshko, Savarese, Golan, Soudry and Srebro (2020), "Kernel and
    rich regimes in overparametrized models", theorems 1 (depth 2) and 3 (depth D).
    """
    w = _checks.array("w", w, (None,), "(d,)")
    return bregman_divergence(w, np.zeros_like(w), alpha, depth)


def mirror_map(w: np.ndarray, alpha: float | np.ndarray, depth: int = 2) -> np.ndarray:
    """∇ψ_α(w) = ½ arcsinh(w/α²) at depth 2, and 2/(D(D−2) α^(D−2)) h_D⁻¹(w/α^D) at depth D > 2.

    Along the flow it is Xᵀν(t), with ν' = (y − X w)/N and ν(0) = 0.

    Parameters
    ----------
    w : array, shape (d,)
        Regression weights, none larger than 1e300 in size.
    alpha : float or array, shape (d,)
        Initialization scale, positive, with alpha**depth between 1e-300 and 1e300.
    depth : int
        D, from 2 to 6; h_D is given at ``hyperbolic_entropy``.

    Returns
    -------
    array, shape (d,)
        The gradient of ``hyperbolic_entropy`` at w.

    Raises
    ------
    ValueError
        If an argument is out of the ranges above.

    References
    ----------
    Woodworth et al. (2020), "Kernel and rich regimes in overparametrized models", theorems 1
    and 3; Ghai, Hazan and Singer (2020), "Exponentiated gradient meets gradient descent".
    """
    w = _weights("w", w, None)
    log_alpha, depth = _factors.log_scale(alpha, len(w), depth)
    r = _factors.log_ratio(w, log_alpha, depth)
    if depth == 2:
        return r / 2
    k = depth - 2
    return 2 / (depth * k) * np.exp(-k * log_alpha) * np.tanh(k * r / 2)


def bregman_divergence(
    w: np.ndarray, w0: np.ndarray, alpha: float | np.ndarray, depth: int = 2
) -> float:
    """D_ψ(w, w₀) = ψ_α(w) − ψ_α(w₀) − ⟨∇ψ_α(w₀), w − w₀⟩.

    Parameters
    ----------
    w, w0 : array, shape (d,)
        Regression weights, none larger than 1e300 in size.
    alpha : float or array, shape (d,)
        Initialization scale, positive, with alpha**depth between 1e-300 and 1e300.
    depth : int
        D, from 2 to 6.

    Returns
    -------
    float
        D_ψ(w, w₀) ≥ 0, zero only at w = w₀; ``inf`` where it is beyond the largest float.

    Raises
    ------
    ValueError
        If an argument is out of the ranges above.

    Notes
    -----
    Not computed as it is written, which loses everything when w is near w₀, but from the
    factors w± of w, w±⁰ of w₀ and their logarithmic differences y± = log(w±⁰/w±):

        D_ψ(w, w₀) = (1/D) Σ_i Σ_± w±² [ f(2y±) + (2/(D−2)) f(−(D−2) y±) ],   f(x) = eˣ − 1 − x,

    without the second term at depth 2. No term is negative.

    References
    ----------
    Even, Pesme, Gunasekar and Flammarion (2023), "(S)GD over diagonal linear networks: implicit
    regularisation, large stepsizes and edge of stability", for its role.
    """
    w = _weights("w", w, None)
    w0 = _weights("w0", w0, len(w))
    log_alpha, depth = _factors.log_scale(alpha, len(w), depth)
    k = depth - 2

    r = _factors.log_ratio(w, log_alpha, depth)
    r0 = _factors.log_ratio(w0, log_alpha, depth)
    change = _change_of_ratio(r, r0, w0 - w, log_alpha, depth)
    total = 0.0
    with np.errstate(over="ignore", under="ignore"):
        for sign in (1, -1):
            log_factor = _factors.log_factor(sign * r, log_alpha, depth)
            y = _change_of_log_factor(sign * r, sign * change, depth)
            total += np.sum(_scaled_excess(2 * log_factor, 2 * y))
            if k:
                total += np.sum(2 / k * _scaled_excess(2 * log_factor, -k * y))
    return float(total) / depth


def _weights(name: str, value: object, dim: int | None) -> np.ndarray:
    w = _checks.array(name, value, (dim,), "(d,)")
    if (np.abs(w) > _factors.LARGEST_WEIGHT).any():
        raise _checks.complaint(name, value, f"at most {_factors.LARGEST_WEIGHT:g} in size")
    return w


def _change_of_log_factor(r: np.ndarray, change: np.ndarray, depth: int) -> np.ndarray:
    """The change of log w₊ when r changes by ``change``."""
    if depth == 2:
        return change / 2
    k = depth - 2
    log_share, log_rest = -np.logaddexp(0, -k * r), -np.logaddexp(0, k * r)
    small = np.clip(k * change, -1, 1)
    return (
        np.where(
            np.abs(k * change) < 1,
            np.log1p(np.exp(log_share) * np.expm1(small)),
            np.logaddexp(log_rest, log_share + k * change),
        )
        / k
    )


def _change_of_ratio(
    r: np.ndarray, r0: np.ndarray, difference: np.ndarray, log_alpha: np.ndarray, depth: int
) -> np.ndarray:
    """r₀ − r, to full relative precision also where w₀ − w = ``difference`` is tiny."""
    change = r0 - r
    near = np.abs(change) < 1
    r, r0, log_alpha = r[near], r0[near], log_alpha[near]
    plus, minus = (depth * _factors.log_factor(sign * r, log_alpha, depth) for sign in (1, -1))
    unit = depth * _factors.log_factor(np.abs(r0), log_alpha, depth)
    plus, minus = np.exp(plus - unit), np.exp(minus - unit)
    with np.errstate(over="ignore"):
        difference = difference[near] * np.exp(-unit)
    smaller = np.exp(-np.abs(r0))
    slope = depth * (1 + smaller ** (2 * depth - 2)) / (1 + smaller ** (depth - 2))
    refined = change[near]
    for _ in range(3):
        gap = (
            plus * np.expm1(depth * _change_of_log_factor(r, refined, depth))
            - minus * np.expm1(depth * _change_of_log_factor(-r, -refined, depth))
            - difference
        )
        refined = refined - gap / slope
    change[near] = refined
    return change


def _scaled_excess(log_a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The product a (eˣ − 1 − x), with a given by its logarithm and possibly tiny where eˣ overflows."""
    a = np.exp(log_a)
    large = np.maximum(x, 1)
    medium = np.minimum(x, 1)
    series = np.zeros_like(x)
    small = np.clip(x, -1, 1)
    for n in range(20, 2, -1):
        series = small / n * (1 + series)
    return np.where(
        x > 1,
        np.exp(log_a + large) - a * (1 + large),
        a * np.where(x < -1, np.expm1(medium) - medium, small**2 / 2 * (1 + series)),
    )
