"""The interpolators: against general solvers, in their limits, and as the ends of runs."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from lib.limits import min_l1, min_l2, min_potential
from lib.potential import bregman_divergence, hyperbolic_entropy, mirror_map
from lib.problem import Problem, sparse_regression
from tests.hard_problems import Hard, hard_problem, judged, solved

SHAPES = [(20, 30, 3), (40, 100, 5), (100, 1000, 10)]
DEPTHS = [2, 3, 4, 5, 6]


@pytest.fixture(scope="module", params=SHAPES, ids=str)
def problem(request):
    return sparse_regression(*request.param, seed=0)


def residual(problem, w):
    return np.linalg.norm(problem.X @ w - problem.y) / np.linalg.norm(problem.y)


def distance(w, other):
    return np.linalg.norm(w - other) / np.linalg.norm(other)


def outside_range(problem, dual):
    """The part of a vector that is not Xᵀν for any ν, relative to the vector."""
    fitted = problem.X.T @ np.linalg.lstsq(problem.X.T, dual)[0]
    return np.linalg.norm(dual - fitted) / np.linalg.norm(dual)


def spread(problem, low, high, seed=0):
    return 10 ** np.random.default_rng(seed).uniform(low, high, problem.dim)


@pytest.mark.parametrize("alpha", [1e3, 10, 1, 0.1, 1e-2, 1e-3, 1e-5, 1e-8, 1e-20, 1e-80, 1e-150])
def test_the_residual_at_every_scale(problem, alpha):
    assert residual(problem, min_potential(problem, alpha)) <= 1e-12


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_residual_at_mixed_scales(problem, depth):
    low = -300 / depth
    mixed = np.where(spread(problem, 0, 1) < 3, 1e3, 10**low)
    for alpha in (mixed, spread(problem, low, 3), spread(problem, -3, 0), 10**low, 10**-low):
        assert residual(problem, min_potential(problem, alpha, depth=depth)) <= 1e-12


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("alpha", [3.0, 0.3, 0.05, "spread"])
def test_the_gradient_of_the_potential_is_in_the_range_of_x(problem, depth, alpha):
    if alpha == "spread":
        alpha = spread(problem, -1, 1)
    w = min_potential(problem, alpha, depth=depth)
    assert outside_range(problem, mirror_map(w, alpha, depth)) < 1e-11


@pytest.mark.parametrize("alpha", [1.0, 1e-3, 1e-8])
def test_a_start_adds_its_own_gradient(problem, alpha):
    start = 0.3 * np.random.default_rng(1).standard_normal(problem.dim)
    w = min_potential(problem, alpha, start)
    assert residual(problem, w) <= 1e-12
    change = mirror_map(w, alpha) - mirror_map(start, alpha)
    assert outside_range(problem, change) < 1e-11
    assert np.array_equal(
        min_potential(problem, alpha, 0.25),
        min_potential(problem, alpha, np.full(problem.dim, 0.25)),
    )


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_general_solver_finds_the_same(depth):
    problem = sparse_regression(4, 8, 2, seed=2)
    alpha = spread(problem, -0.7, 0)
    least = min_l2(problem)
    free = np.linalg.svd(problem.X)[2][4:].T  # w = least + free @ s, for every s, interpolates

    def objective(s):
        w = least + free @ s
        return hyperbolic_entropy(w, alpha, depth), free.T @ mirror_map(w, alpha, depth)

    found = minimize(objective, np.zeros(4), jac=True, method="BFGS", options={"gtol": 1e-9})
    assert distance(min_potential(problem, alpha, depth=depth), least + free @ found.x) < 1e-7


@settings(max_examples=60)
@given(
    n_samples=st.integers(1, 8),
    dim=st.integers(1, 20),
    seed=st.integers(0, 1000),
    depth=st.sampled_from(DEPTHS),
    low=st.floats(-40, 0),
)
def test_no_other_interpolator_has_less_potential(n_samples, dim, seed, depth, low):
    problem = sparse_regression(n_samples, dim, min(dim, 3), seed)
    alpha = spread(problem, low, 1, seed)
    w = min_potential(problem, alpha, depth=depth)
    assert residual(problem, w) <= 1e-12
    _, values, rows = np.linalg.svd(problem.X)
    free = rows[len(values) :]
    rng = np.random.default_rng(seed)
    least = hyperbolic_entropy(w, alpha, depth)
    for size in (1e-3, 0.1, 1.0):
        other = w + size * free.T @ rng.standard_normal(len(free))
        assert hyperbolic_entropy(other, alpha, depth) >= least * (1 - 1e-9)


def test_pythagoras_of_the_divergence(problem):
    alpha, start = spread(problem, -2, 0), 0.1 * spread(problem, -1, 0)
    w = min_potential(problem, alpha, start)
    far = bregman_divergence(problem.w_star, start, alpha)
    legs = bregman_divergence(problem.w_star, w, alpha) + bregman_divergence(w, start, alpha)
    assert legs == pytest.approx(far, rel=1e-12)


def test_limits_in_the_scale(problem):
    l1, l2 = min_l1(problem), min_l2(problem)
    for depth in DEPTHS:
        assert distance(min_potential(problem, 1e40, depth=depth), l2) < 1e-13
        assert distance(min_potential(problem, 1e-40, depth=depth), l1) < 1e-13
    errors = [distance(min_potential(problem, alpha), l1) for alpha in (1e-2, 1e-4, 1e-8, 1e-16)]
    assert errors == sorted(errors, reverse=True)
    errors = [distance(min_potential(problem, alpha), l2) for alpha in (1, 1e1, 1e2, 1e3)]
    assert errors == sorted(errors, reverse=True)


def test_a_scale_that_shrinks_as_a_power_weights_the_l1_norm(problem):
    exponents = 1 + np.random.default_rng(3).uniform(0, 0.5, problem.dim)
    weighted = min_l1(problem, exponents)
    assert distance(min_potential(problem, 1e-90**exponents), weighted) < 1e-6
    plain = min_l1(problem)
    assert distance(min_potential(problem, 1e-90 * np.exp(-exponents)), plain) < 1e-6


def test_the_least_l1_norm_recovers_a_sparse_vector(problem):
    w = min_l1(problem)
    assert distance(w, problem.w_star) < 1e-13
    assert residual(problem, w) < 1e-14


@settings(max_examples=50)
@given(n_samples=st.integers(1, 10), extra=st.integers(0, 20), seed=st.integers(0, 1000))
def test_the_least_l1_norm_has_a_dual_certificate(n_samples, extra, seed):
    dim = n_samples + extra
    problem = sparse_regression(n_samples, dim, dim, seed, noise=0.1)
    weights = spread(problem, -3, 3, seed)
    w = min_l1(problem, weights)
    support = np.flatnonzero(w)
    assert len(support) <= n_samples
    assert residual(problem, w) <= 1e-12
    # Generic data: N entries, and the dual that is ±c on them is at most c elsewhere.
    assert len(support) == n_samples
    dual = np.linalg.solve(problem.X[:, support].T, (weights * np.sign(w))[support])
    assert (np.abs(problem.X.T @ dual) <= weights * (1 + 1e-9)).all()
    assert np.array_equal(min_l1(problem, np.ones(dim)), min_l1(problem))


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_hard_problems_have_an_exact_certificate(first):
    # One in eight of these is refused by a solver that leaves it at the tolerances of HiGHS.
    for seed in range(first, first + 10):
        hard = hard_problem(np.random.default_rng(seed))
        w, proof = solved(hard)
        if proof is not None:
            judgement = judged(hard, w, proof)
            assert judgement.residual <= 1e-12, seed
            assert judgement.excess <= 1e-12, seed
            assert judgement.gap <= 1e-12, seed


def test_weights_from_the_gain_of_a_run_have_an_exact_certificate():
    """A solver that leaves it at the tolerances of HiGHS is off by 2e-9 here, on every machine."""
    X = sparse_regression(40, 100, 5, seed=10).X
    with np.load(Path(__file__).with_name("cases") / "weights_of_a_run.npz") as case:
        problem, weights = Problem(X, case["y"]), case["weights"]
    hard = Hard(problem, weights, kinds=frozenset())
    w, proof = solved(hard)
    judgement = judged(hard, w, proof)
    assert max(judgement.residual, judgement.excess, judgement.gap) <= 1e-12
    assert np.array_equal(w, min_l1(problem, weights))
    assert np.count_nonzero(w) == 5


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([0, 1, 2, 3, 4], [4, 0, 0, 1, 0]),
        ([2, 1, 4, 0, 3], [4, 0, 0, 0, 1]),
        ([4, 3, 2, 1, 0], [3, 0, 1, 0, 0]),
    ],
)
def test_of_tied_solutions_the_first_columns_have_most(order, expected):
    # Columns 0 to 2 cost the same for the same share of y_1, and 4 costs as much as 0 and 3.
    X = np.array([[1.0, 2.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 3.0, 1.0]])
    weights = np.array([1.0, 2.0, 1.0, 3.0, 2.0])
    assert np.array_equal(min_l1(Problem(X[:, order], [4.0, 3.0]), weights[order]), expected)


def test_a_tie_is_seen_through_rounding():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5, 12))
    problem = Problem(np.hstack([X, 0.1 * X, -X / 3]), X @ rng.standard_normal(12))
    weights = rng.uniform(1, 2, 12)
    w = min_l1(problem, np.concatenate([weights, 0.1 * weights, weights / 3]))
    assert np.count_nonzero(w) == 5
    assert not w[12:].any()


def test_the_least_l2_norm_is_the_pseudoinverse(problem):
    assert distance(min_l2(problem), np.linalg.pinv(problem.X) @ problem.y) < 1e-13


SOLVERS = [
    min_l1,
    min_l2,
    *(
        lambda problem, alpha=alpha, depth=depth: min_potential(problem, alpha, depth=depth)
        for alpha in (1e3, 0.1, 1e-40)
        for depth in DEPTHS
    ),
]


@pytest.mark.parametrize("solver", SOLVERS)
def test_dependent_rows_change_nothing(solver):
    base = sparse_regression(10, 25, 3, seed=4)
    mix = np.random.default_rng(5).standard_normal((4, 10))
    X = np.vstack([base.X, mix @ base.X, np.zeros(25)])
    redundant = Problem(X, X @ base.w_star)
    assert distance(solver(redundant), solver(base)) < 1e-12


@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_of_all_sizes(solver):
    base = sparse_regression(10, 25, 3, seed=4)
    sizes = 10.0 ** np.arange(-20, 20, 4)
    # The first nine rows in ‖y‖ are nothing beside the last, but not in the solution.
    assert distance(solver(Problem(sizes[:, None] * base.X, sizes * base.y)), solver(base)) < 1e-12


@pytest.mark.parametrize("solver", SOLVERS)
def test_degenerate_problems(solver):
    rng = np.random.default_rng(6)
    X = rng.standard_normal((6, 12))
    assert np.array_equal(solver(Problem(X, np.zeros(6))), np.zeros(12))
    assert np.array_equal(solver(Problem(np.zeros((2, 3)), np.zeros(2))), np.zeros(3))
    only = np.arange(1.0, 4.0)
    tall = rng.standard_normal((7, 3))
    assert distance(solver(Problem(tall, tall @ only)), only) < 1e-12
    assert distance(solver(Problem(np.eye(3), only)), only) < 1e-14
    assert distance(solver(Problem([[2.0]], [3.0])), np.array([1.5])) < 1e-14


@pytest.mark.parametrize("solver", SOLVERS)
def test_data_without_an_interpolator_are_refused(solver):
    X = np.vstack([np.eye(2, 4), np.eye(2, 4)])
    for bad in (Problem(X, [1, 2, 1, 3]), Problem(np.zeros((1, 2)), [1.0])):
        with pytest.raises(ValueError, match=r"^problem must be"):
            solver(bad)


def test_equal_columns_share_by_their_scales():
    X = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    shared = min_potential(Problem(X, [1.0, 2.0]), [1e3, 1e3, 1e-150])
    assert np.allclose(shared, [0.5, 0.5, 2.0], rtol=1e-14)
    alpha = np.array([0.5, 0.2, 1e-100])
    w = min_potential(Problem(X, [1.0, 2.0]), alpha)
    assert w[0] / alpha[0] ** 2 == pytest.approx(w[1] / alpha[1] ** 2, rel=1e-13)


@settings(max_examples=60)
@given(seed=st.integers(0, 1000), depth=st.sampled_from(DEPTHS), low=st.floats(0, 1))
def test_dependent_columns_at_scales_far_apart(seed, depth, low):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((8, 20))
    X[:, rng.integers(20, size=8)] = X[:, rng.integers(20, size=8)]
    X *= rng.random((8, 20)) < 0.7
    problem = Problem(X, X @ (rng.standard_normal(20) * (rng.random(20) < 0.3)))
    alpha = 10 ** rng.uniform(-300 * low / depth, 3, 20)
    w = min_potential(problem, alpha, depth=depth)
    assert np.linalg.norm(X @ w - problem.y) <= 1e-12 * np.linalg.norm(problem.y)


def test_y_zero_with_a_start_projects_onto_the_kernel():
    problem = Problem(sparse_regression(6, 12, 2).X, np.zeros(6))
    start = np.random.default_rng(0).standard_normal(12)
    w = min_potential(problem, 1e6, start)
    expected = start - np.linalg.pinv(problem.X) @ (problem.X @ start)
    assert np.linalg.norm(w - expected) < 1e-9
    assert np.linalg.norm(problem.X @ w) < 1e-13
    tall = Problem(np.random.default_rng(1).standard_normal((9, 4)), np.zeros(9))
    assert np.abs(min_potential(tall, 0.1, 1.0)).max() < 1e-12
    blank = Problem(np.zeros((2, 12)), np.zeros(2))
    assert np.array_equal(min_potential(blank, 0.1, start), start)


def reference_run(problem, alpha, step_size, batch_size, seed, tol=1e-26, max_steps=400_000):
    """(S)GD with nothing between the page and it; also α_∞ and w̃₀ of the theorem."""
    X, y, (n_samples, dim) = problem.X, problem.y, problem.X.shape
    rng = np.random.default_rng(seed)
    plus = np.full(dim, alpha / np.sqrt(2))
    minus, dual = plus.copy(), np.zeros(n_samples)
    batch = np.arange(n_samples)
    for t in range(max_steps):
        w = (plus - minus) * (plus + minus)
        if t % 100 == 0 and problem.loss(w) <= tol:
            break
        if batch_size is not None:
            batch = rng.choice(n_samples, batch_size, replace=False)
        r = X[batch] @ w - y[batch]
        x = step_size * (r @ X[batch]) / len(batch)
        dual[batch] += step_size * r / len(batch)
        plus, minus = plus * (1 - x), minus * (1 + x)
    assert problem.loss(w) <= tol, "the reference run did not converge"
    square = 2 * np.abs(plus * minus)
    phi = np.log(np.abs(plus / minus)) + 2 * X.T @ dual
    return w, np.sqrt(square), square * np.sinh(phi)


@pytest.mark.parametrize(
    ("shape", "alpha", "step_size", "batch_size"),
    [
        ((20, 30, 3), 0.1, 0.32, None),
        ((20, 30, 3), 0.1, 1.07, None),
        ((20, 30, 3), 0.1, 1.39, None),  # α_∞ from 5e-11 to 0.1
        ((20, 30, 3), 0.01, 1.39, None),  # from 1e-25
        ((20, 30, 3), 0.1, 0.5, 5),
        ((40, 100, 5), 0.1, 0.22, None),
        ((40, 100, 5), 0.1, 0.97, None),
        ((40, 100, 5), 0.01, 0.97, None),
        ((40, 100, 5), 0.1, 0.11, 1),
        ((40, 100, 5), 0.1, 0.19, 5),
    ],
)
def test_effective_initialization(shape, alpha, step_size, batch_size):
    problem = sparse_regression(*shape, seed=0)
    w, effective_alpha, start = reference_run(problem, alpha, step_size, batch_size, seed=1)
    assert distance(min_potential(problem, effective_alpha, start), w) < 1e-11


def test_no_warning_and_no_change_of_floating_point_state():
    problem = sparse_regression(10, 25, 3)
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        for depth in DEPTHS:
            min_potential(problem, 10 ** (-300 / depth), depth=depth)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("alpha", {"alpha": 0.0}),
        ("alpha", {"alpha": -0.1}),
        ("alpha", {"alpha": np.nan}),
        ("alpha", {"alpha": np.inf}),
        ("alpha", {"alpha": np.ones(3)}),
        ("alpha", {"alpha": "small"}),
        ("alpha", {"alpha": 1e-151}),
        ("alpha", {"alpha": 1e-101, "depth": 3}),
        ("start", {"start": np.nan}),
        ("start", {"start": np.ones(3)}),
        ("start", {"start": "0"}),
        ("start", {"start": None}),
        ("start", {"start": 0.1, "depth": 3}),
        ("depth", {"depth": 1}),
        ("depth", {"depth": 7}),
        ("depth", {"depth": "2"}),
    ],
)
def test_bad_arguments_of_the_potential_are_named(name, change):
    arguments = {"alpha": 0.1} | change
    with pytest.raises(ValueError, match=f"^{name} must be"):
        min_potential(sparse_regression(10, 25, 3), **arguments)


@pytest.mark.parametrize(
    "weights",
    [np.zeros(25), -np.ones(25), np.full(25, np.nan), np.full(25, np.inf), np.ones(3), 1.0, "ones"],
)
def test_bad_weights_are_named(weights):
    with pytest.raises(ValueError, match=r"^weights must be"):
        min_l1(sparse_regression(10, 25, 3), weights)
