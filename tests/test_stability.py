"""Sharpness, step sizes and gain constants: against differences, enumeration and runs."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.limits import min_l1
from lib.problem import Problem, sparse_regression
from lib.stability import critical_step_size, gain_constants, sharpness


@given(n_samples=st.integers(1, 6), dim=st.integers(1, 8), seed=st.integers(0, 1000))
def test_sharpness_is_the_top_of_the_hessian_by_differences(n_samples, dim, seed):
    problem = sparse_regression(n_samples, dim, 1, seed)
    u, v = np.random.default_rng(seed).standard_normal((2, dim))

    def gradient(theta):
        slope = problem.X.T @ (problem.X @ (theta[:dim] * theta[dim:]) - problem.y) / n_samples
        return np.concatenate([slope * theta[dim:], slope * theta[:dim]])

    theta, h = np.concatenate([u, v]), 1e-3
    # The gradient is a polynomial of degree 3: five points differentiate it exactly.
    hessian = np.array(
        [
            (
                8 * (gradient(theta + h * e) - gradient(theta - h * e))
                - (gradient(theta + 2 * h * e) - gradient(theta - 2 * h * e))
            )
            / (12 * h)
            for e in np.eye(2 * dim)
        ]
    )
    top = np.linalg.eigvalsh(hessian)[-1]
    scale = np.abs(hessian).max()
    assert sharpness(problem, u, v) == pytest.approx(top, rel=1e-9, abs=1e-9 * scale)


@pytest.mark.parametrize("dim", [100, 1000])
def test_sharpness_at_a_balanced_interpolator(dim):
    problem = sparse_regression(20, dim, 5)
    size = np.sqrt(np.abs(problem.w_star))
    gram = (problem.X * np.abs(problem.w_star)) @ problem.X.T / 20
    expected = 2 * np.linalg.eigvalsh(gram)[-1]
    top = sharpness(problem, size, size * np.sign(problem.w_star))
    assert top == pytest.approx(expected, rel=1e-12)
    # Ten significant digits are kept: half a unit of the tenth is 5e-10 of the value at most.
    assert critical_step_size(problem) == pytest.approx(2 / top, rel=5e-10 + 1e-12)
    assert critical_step_size(problem) == float(f"{critical_step_size(problem):.10g}")


def test_both_ways_to_the_eigenvalue_agree(monkeypatch):
    problem = sparse_regression(20, 60, 5)
    u, v = np.random.default_rng(0).standard_normal((2, 60))
    dense = sharpness(problem, u, v)
    monkeypatch.setattr("lib.stability.LARGEST_DENSE", 0)
    assert sharpness(problem, u, v) == pytest.approx(dense, rel=1e-12)
    assert sharpness(problem, u, v) == sharpness(problem, u, v)


def test_sharpness_at_the_origin_is_the_largest_slope():
    for dim in (30, 400):
        problem = sparse_regression(20, dim, 5)
        slope = np.abs(problem.X.T @ problem.y).max() / 20
        assert sharpness(problem, np.zeros(dim), np.zeros(dim)) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize(("ratio", "settles"), [(0.95, True), (1.05, False)])
def test_gradient_descent_settles_below_the_critical_step_size_only(ratio, settles):
    problem = sparse_regression(20, 40, 3, seed=1)
    step_size = ratio * critical_step_size(problem)
    rng = np.random.default_rng(0)
    u = np.sqrt(np.abs(problem.w_star)) + 1e-9 * rng.standard_normal(40)
    v = u * np.sign(problem.w_star)
    first = problem.loss(u * v)
    for _ in range(200):
        slope = problem.X.T @ (problem.X @ (u * v) - problem.y) / 20
        u, v = u - step_size * slope * v, v - step_size * slope * u
    assert (problem.loss(u * v) < first) == settles


def test_the_single_sample_step_size_is_the_least_of_one_sample_problems():
    problem = sparse_regression(20, 40, 3, seed=1)
    singles = [
        critical_step_size(Problem(problem.X[i : i + 1], problem.y[i : i + 1], problem.w_star))
        for i in range(20)
    ]
    assert critical_step_size(problem, 1) == min(singles)
    assert critical_step_size(problem, 20) == critical_step_size(problem)


def test_the_sparse_solution_is_found_where_it_is_not_known():
    problem = sparse_regression(20, 40, 3, seed=1)
    unknown = Problem(problem.X, problem.y)
    for batch_size in (None, 1):
        expected = critical_step_size(problem, batch_size)
        assert critical_step_size(unknown, batch_size) == pytest.approx(expected, rel=1e-12)
    noisy = sparse_regression(20, 40, 3, seed=1, noise=0.5)
    known = Problem(noisy.X, noisy.y, min_l1(noisy))
    assert critical_step_size(noisy) == critical_step_size(known)


def batch_square(problem, batch_size, replacement):
    """E[H_B²] by going through every batch."""
    X, n_samples = problem.X, problem.n_samples
    batches = (
        itertools.product(range(n_samples), repeat=batch_size)
        if replacement
        else itertools.combinations(range(n_samples), batch_size)
    )
    squares = []
    for batch in batches:
        rows = X[list(batch)]
        hessian = rows.T @ rows / batch_size
        squares.append(hessian @ hessian)
    return np.mean(squares, axis=0)


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dim", [3, 8])
def test_gain_constants_are_the_tightest(dim, batch_size, replacement):
    problem = sparse_regression(5, dim, 2, seed=3)
    square = batch_square(problem, batch_size, replacement)
    hessian = problem.X.T @ problem.X / 5
    values, vectors = np.linalg.eigh(hessian)
    kept = values > 1e-10
    root = vectors[:, kept] / np.sqrt(values[kept])
    expected = np.linalg.eigvalsh(root.T @ square @ root)[[0, -1]]
    found = gain_constants(problem, batch_size, replacement)
    assert found == pytest.approx(tuple(expected), rel=1e-9)


def test_gain_constants_of_gradient_descent_are_the_hessians_own():
    problem = sparse_regression(20, 40, 3)
    values = np.linalg.eigvalsh(problem.X @ problem.X.T / 20)
    for given_size in (None, 20):
        found = gain_constants(problem, given_size)
        assert found == pytest.approx((values[0], values[-1]), rel=1e-12)
    assert gain_constants(Problem([[2.0, 0.0]], [1.0]), 1) == pytest.approx((4.0, 4.0))
    twice = Problem(np.vstack([problem.X, problem.X]), np.tile(problem.y, 2))
    assert gain_constants(twice) == pytest.approx((values[0], values[-1]), rel=1e-9)


def test_bad_arguments_are_named():
    problem = sparse_regression(10, 25, 3)
    good = np.zeros(25)
    for bad in (np.zeros(3), np.full(25, np.nan), np.full(25, np.inf), "uv", None, good[:, None]):
        with pytest.raises(ValueError, match=r"^u must be"):
            sharpness(problem, bad, good)
        with pytest.raises(ValueError, match=r"^v must be"):
            sharpness(problem, good, bad)
    for bad in (0, -1, 11, 2.0, "1", True, np.nan):
        with pytest.raises(ValueError, match=r"^batch_size must be"):
            gain_constants(problem, bad)
        with pytest.raises(ValueError, match=r"^batch_size must be"):
            critical_step_size(problem, bad)
    with pytest.raises(ValueError, match=r"^batch_size must be"):
        critical_step_size(problem, 5)
    for bad in (1, "yes", None):
        with pytest.raises(ValueError, match=r"^replacement must be"):
            gain_constants(problem, 5, bad)
    with pytest.raises(ValueError, match=r"^problem must be"):
        gain_constants(Problem(np.zeros((2, 3)), [0.0, 0.0]))
    with pytest.raises(ValueError, match=r"^problem must be"):
        critical_step_size(Problem(problem.X, np.zeros(10)))
    with pytest.raises(ValueError, match=r"^problem must be"):
        critical_step_size(Problem([[1.0, 0.0], [1.0, 0.0]], [1.0, 2.0]))
