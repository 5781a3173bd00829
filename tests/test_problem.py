"""The data: what is drawn, what is kept, what is refused."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import Problem, sparse_regression


@given(
    n_samples=st.integers(1, 30),
    dim=st.integers(1, 40),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**40),
)
def test_targets_come_from_a_sparse_vector(n_samples, dim, share, seed):
    sparsity = round(share * dim)
    problem = sparse_regression(n_samples, dim, sparsity, seed)
    assert problem.X.shape == (n_samples, dim)
    assert np.count_nonzero(problem.w_star) == sparsity
    assert problem.loss(problem.w_star) <= 1e-28 * (1 + problem.y @ problem.y)
    again = sparse_regression(n_samples, dim, sparsity, seed)
    assert np.array_equal(problem.X, again.X)
    assert np.array_equal(problem.y, again.y)


def test_streams_are_separate():
    plain = sparse_regression(40, 100, 5, seed=3)
    noisy = sparse_regression(40, 100, 5, seed=3, noise=0.5)
    longer = sparse_regression(60, 100, 5, seed=3)
    wider = sparse_regression(40, 100, 5, seed=3, std=2.0)
    assert np.array_equal(plain.X, noisy.X)
    assert np.array_equal(plain.w_star, longer.w_star)
    assert np.array_equal(plain.X, longer.X[:40])
    assert np.allclose(2 * plain.X, wider.X, rtol=1e-15)
    assert not np.array_equal(plain.y, noisy.y)


def test_moments_of_the_draw():
    problem = sparse_regression(400, 500, 100, seed=0, std=1.5)
    entries = problem.X.ravel()
    # 200 000 independent entries: four standard errors each way.
    assert abs(entries.mean()) < 4 * 1.5 / np.sqrt(entries.size)
    assert abs(entries.var() / 1.5**2 - 1) < 4 * np.sqrt(2 / entries.size)


def test_a_problem_is_frozen_and_owns_its_arrays():
    X, y = np.eye(2, 3), np.ones(2)
    problem = Problem(X, y)
    X[0, 0] = 7
    assert problem.X[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        problem.X[0, 0] = 7
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.y = y


def test_loss_is_the_mean_square_over_two():
    problem = Problem([[1.0, 0.0], [0.0, 2.0]], [1.0, 1.0])
    assert problem.loss([0.0, 1.0]) == (1 + 1) / 4


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([[1.0, np.nan]], [1.0]), "X"),
        (([[1.0, np.inf]], [1.0]), "X"),
        (([1.0, 2.0], [1.0]), "X"),
        (([["a", "b"]], [1.0]), "X"),
        (([[1j, 2]], [1.0]), "X"),
        (([[1.0], [1.0, 2.0]], [1.0]), "X"),
        ((np.empty((0, 3)), []), "X"),
        (([[1.0, 2.0]], [1.0, 2.0]), "y"),
        (([[1.0, 2.0]], [np.nan]), "y"),
        (([[1.0, 2.0]], None), "y"),
        (([[1.0, 2.0]], [1.0], [1.0]), "w_star"),
    ],
)
def test_bad_arrays_are_named(arguments, named):
    with pytest.raises(ValueError, match=rf"^{named} must be .*, got "):
        Problem(*arguments)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_samples", 0),
        ("n_samples", 2.0),
        ("n_samples", True),
        ("dim", -1),
        ("dim", "100"),
        ("sparsity", 101),
        ("sparsity", -1),
        ("seed", -1),
        ("seed", None),
        ("noise", -0.1),
        ("noise", np.nan),
        ("std", 0),
        ("std", np.inf),
        ("std", "1"),
    ],
)
def test_bad_settings_are_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be .*, got "):
        sparse_regression(**{name: value})
