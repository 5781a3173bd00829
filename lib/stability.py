"""What bounds the step size and the gain: sharpness, the unit of step size, gain constants."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigvalsh, svd
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from . import _checks
from ._blas import single_thread
from .limits import RESIDUAL, min_l1
from .problem import Problem, checked

LARGEST_DENSE = 600  # the size of a Hessian above which its largest eigenvalue is iterated for
# The last digits of an eigenvalue are the processor's. They are dropped, or a step size made of it
# would differ there, and with it any run that is chaotic.
DIGITS = 10


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


@single_thread
def sharpness(problem: Problem, u: np.ndarray, v: np.ndarray) -> float:
    """λ_max(∇²F(u, v)), where F(u, v) = L̄(u ⊙ v).

    With H = XᵀX/N and g = ∇L̄(u ⊙ v),

        ∇²F = [[diag(v) H diag(v), diag(v) H diag(u) + diag(g)], [transpose, diag(u) H diag(u)]].

    Parameters
    ----------
    problem : Problem
        The data of L̄.
    u, v : array, shape (d,)
        The two layers.

    Returns
    -------
    float
        The largest eigenvalue, of 2d. A step size above 2 over it makes gradient descent unstable
        at a minimiser.

    Raises
    ------
    ValueError
        If an array is not finite or not of shape (d,), or so large that the Hessian is not finite.
    RuntimeError
        If d > 300 and the Lanczos iteration does not converge.

    References
    ----------
    Cohen, Kaur, Li, Kolter and Talwalkar (2021), "Gradient descent on neural networks typically
    occurs at the edge of stability".
    """
    X, n_samples, dim = checked(problem).X, problem.n_samples, problem.dim
    u = _checks.array("u", u, (dim,), "(d,)")
    v = _checks.array("v", v, (dim,), "(d,)")
    with np.errstate(all="ignore"):
        jacobian = np.hstack([X * v, X * u])
        gradient = X.T @ (X @ (u * v) - problem.y) / n_samples
        if not np.isfinite(np.sum(jacobian**2) + np.abs(gradient).max()):
            raise _checks.complaint("u", u, "such that with v the Hessian is finite")
    crossed = np.concatenate([gradient, gradient])

    def apply(direction: np.ndarray) -> np.ndarray:
        direction = direction.ravel()
        return jacobian.T @ (jacobian @ direction) / n_samples + crossed * np.roll(direction, dim)

    if 2 * dim <= LARGEST_DENSE:
        hessian = jacobian.T @ jacobian / n_samples
        coordinates = np.arange(dim)
        hessian[coordinates, coordinates + dim] += gradient
        hessian[coordinates + dim, coordinates] += gradient
        return float(eigvalsh(hessian, subset_by_index=[2 * dim - 1, 2 * dim - 1])[0])
    start = np.random.default_rng(0).standard_normal(2 * dim)
    operator = LinearOperator((2 * dim, 2 * dim), matvec=apply, dtype=float)
    try:
        return float(eigsh(operator, k=1, which="LA", v0=start, return_eigenvectors=False)[0])
    except ArpackError as error:
        raise RuntimeError(
            f"the largest eigenvalue of the Hessian was not found: {error}"
        ) from None


@single_thread
def critical_step_size(problem: Problem, batch_size: int | None = None) -> float:
    """γ_c = N / λ_max(X diag|w*| Xᵀ) for GD, and γ_ms = 1 / max_i Σ_j |w*_j| x_ij² at batch size 1.

    γ_c is 2 over the sharpness of F(u, v) = L̄(u ⊙ v) at w* as α → 0, where u² + v² → 2|w*|: above
    it gradient descent cannot settle at w*. γ_ms is 2 over the largest sharpness of a single
    sample's loss there.

    Parameters
    ----------
    problem : Problem
        w* is ``problem.w_star`` where that is known and interpolates, else ``min_l1(problem)``.
    batch_size : int, optional
        N, or not given, for gradient descent; 1 for stochastic gradient descent one sample at a
        time. Nothing in between, of which neither formula speaks.

    Returns
    -------
    float
        The step size, above 0, rounded to 10 significant digits: the same on every processor.

    Raises
    ------
    ValueError
        If the batch size is neither 1 nor N, or w* is 0 (no step size is then too large).
    RuntimeError
        If w* is asked of ``min_l1`` and is not found.

    References
    ----------
    Even, Pesme, Gunasekar and Flammarion (2023), "(S)GD over diagonal linear networks: implicit
    regularisation, large stepsizes and edge of stability".
    """
    n_samples = checked(problem).n_samples
    if batch_size is not None:
        batch_size = _checks.integer("batch_size", batch_size, at_least=1, at_most=n_samples)
        if batch_size not in (1, n_samples):
            raise _checks.complaint(
                "batch_size", batch_size, f"1 or N = {n_samples}, or None for N"
            )
    size = np.abs(_sparse_solution(problem))
    if batch_size in (None, n_samples):
        largest = eigvalsh((problem.X * size) @ problem.X.T)[-1] / n_samples
    else:
        largest = (problem.X**2 @ size).max()
    if not largest > 1e-300:
        raise _checks.complaint("problem", problem, "one whose sparse solution w* is not 0")
    return _rounded(1 / largest)


def _sparse_solution(problem: Problem) -> np.ndarray:
    if problem.w_star is not None:
        residual = np.linalg.norm(problem.X @ problem.w_star - problem.y)
        if residual <= RESIDUAL * np.linalg.norm(problem.y):
            return problem.w_star
    return min_l1(problem)


@single_thread
def gain_constants(
    problem: Problem, batch_size: int | None = None, replacement: bool = False
) -> tuple[float, float]:
    """The largest λ_b and the least Λ_b such that λ_b H ⪯ E[H_B²] ⪯ Λ_b H.

    H = XᵀX/N, and H_B = (1/b) Σ_{i∈B} x_i x_iᵀ for a batch B of b samples drawn uniformly:

        E[H_B²] = c (1/N) Σ_i ‖x_i‖² x_i x_iᵀ + (1−c) H²,
        c = (N−b)/(b(N−1)) without replacement, c = 1/b with.

    Then 2λ_b γ² Σ_t L̄(w_t) ≤ E‖Gain‖₁ ≲ 2Λ_b γ² Σ_t L̄(w_t) for (S)GD of constant step size γ.

    Parameters
    ----------
    problem : Problem
        Data, X not all 0.
    batch_size : int, optional
        b, from 1 to N; N if not given.
    replacement : bool
        Whether a batch may hold a sample more than once. With replacement b = N is not GD.

    Returns
    -------
    tuple of float
        (λ_b, Λ_b), both positive: the extreme eigenvalues of H^(−½) E[H_B²] H^(−½) on the range
        of H. For b = N without replacement they are H's own extreme non-zero eigenvalues.

    Raises
    ------
    ValueError
        If an argument is out of the ranges above.

    Notes
    -----
    With X = U S Vᵀ the matrix is c Uᵀ diag(‖x_i‖²) U + (1−c) S²/N, of the size of X's rank.

    References
    ----------
    Even, Pesme, Gunasekar and Flammarion (2023), "(S)GD over diagonal linear networks: implicit
    regularisation, large stepsizes and edge of stability", the bounds on the sum of the gain.
    """
    n_samples = checked(problem).n_samples
    if batch_size is None:
        batch_size = n_samples
    batch_size = _checks.integer("batch_size", batch_size, at_least=1, at_most=n_samples)
    replacement = _checks.choice("replacement", replacement, [False, True])
    U, S, _ = svd(problem.X, full_matrices=False)
    smallest = max(problem.X.shape) * np.finfo(float).eps * S[0]
    rank = np.count_nonzero(smallest < S)
    if rank == 0:
        raise _checks.complaint("problem", problem, "one whose X is not all 0")
    U, S = U[:, :rank], S[:rank]
    if replacement:
        share = 1 / batch_size
    else:
        share = (n_samples - batch_size) / (batch_size * max(1, n_samples - 1))
    squares = np.sum(problem.X**2, axis=1)
    matrix = share * (U.T * squares) @ U + (1 - share) * np.diag(S**2 / n_samples)
    values = eigvalsh(matrix)
    return float(values[0]), float(values[-1])
