"""The flow: against small steps on the layers themselves, and against what theory says of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import lib.flow
from lib.flow import gradient_flow
from lib.limits import min_potential
from lib.potential import bregman_divergence, hyperbolic_entropy, mirror_map
from lib.problem import Problem, sparse_regression


def distance(w, other):
    """Largest error beside the largest entry, time by time."""
    error, size = np.abs(w - other).max(axis=-1), np.abs(other).max(axis=-1)
    return (error / np.where(size > 0, size, 1)).max()


def outside_range(problem, dual):
    fitted = problem.X.T @ np.linalg.lstsq(problem.X.T, dual)[0]
    return np.linalg.norm(dual - fitted) / np.linalg.norm(dual)


def layers_flow(problem, alpha, times, depth):
    """w(t) from an explicit method of order 8 on w₊ and w₋."""
    dim, n_samples = problem.dim, problem.n_samples
    begin = np.broadcast_to(alpha, dim) / (np.sqrt(2) if depth == 2 else 1)

    def slope(_, state):
        plus, minus = state[:dim], state[dim:]
        gradient = problem.X.T @ (problem.X @ (plus**depth - minus**depth) - problem.y) / n_samples
        return (
            depth
            / 2
            * np.concatenate([-(plus ** (depth - 1)), minus ** (depth - 1)])
            * np.tile(gradient, 2)
        )

    path = solve_ivp(
        slope, (0, times[-1]), np.tile(begin, 2), "DOP853", times, rtol=1e-12, atol=1e-14
    )
    return (path.y[:dim] ** depth - path.y[dim:] ** depth).T


@pytest.mark.parametrize("depth", [2, 3, 4, 6])
@pytest.mark.parametrize("alpha", [1.0, 0.5, [0.3, 1.0, 0.4, 0.5, 0.8, 0.6]])
def test_the_layers_take_the_same_way(depth, alpha):
    problem = sparse_regression(3, 6, 2, seed=2)
    times = np.linspace(0, 8, 30)
    flow = gradient_flow(problem, alpha, times, depth)
    assert np.array_equal(flow.times, times)
    assert flow.w.shape == (30, 6)
    assert not flow.w[0].any()
    assert distance(flow.w, layers_flow(problem, alpha, times, depth)) < 1e-7


def test_u_times_v_takes_the_same_way():
    problem = sparse_regression(5, 10, 2, seed=2)
    times, alpha = np.linspace(0, 10, 20), 0.1

    def slope(_, state):
        u, v = state[:10], state[10:]
        gradient = problem.X.T @ (problem.X @ (u * v) - problem.y) / 5
        return -np.concatenate([gradient * v, gradient * u])

    begin = np.concatenate([np.full(10, np.sqrt(2) * alpha), np.zeros(10)])
    path = solve_ivp(slope, (0, 10), begin, "DOP853", times, rtol=1e-12, atol=1e-14)
    assert distance(gradient_flow(problem, alpha, times).w, (path.y[:10] * path.y[10:]).T) < 1e-7


@pytest.mark.parametrize("shape", [(20, 30, 3), (40, 100, 5)])
@pytest.mark.parametrize("alpha", [1e3, 1.0, 0.1, 1e-2, 1e-3, 1e-5, 1e-8])
def test_the_whole_way_at_depth_two(shape, alpha):
    problem = sparse_regression(*shape)
    flow = gradient_flow(problem, alpha)
    assert flow.times[0] == 0
    assert (np.diff(flow.times) > 0).all()
    assert len(flow.times) <= 201
    assert flow.loss[0] == pytest.approx(problem.loss(np.zeros(problem.dim)), rel=1e-14)
    assert flow.loss[-1] <= 1.01e-16 * flow.loss[0]
    assert (np.diff(flow.loss) <= 1e-12 * flow.loss[0]).all()
    assert distance(flow.w[-1], min_potential(problem, alpha)) < 1e-6
    for w in flow.w[1::20]:
        assert outside_range(problem, mirror_map(w, alpha)) < 1e-7
    # Accuracy, asked of the integrator at tolerances of its own.
    again = gradient_flow(problem, alpha, flow.times)
    assert distance(again.w, flow.w) < 1e-5


@pytest.mark.parametrize(
    ("depth", "alpha"),
    [(2, 1e-2), (2, "vector"), (3, 1.0), (3, 0.1), (3, "vector"), (4, 0.5), (4, 0.1), (6, 0.5)],
)
def test_mirror_flow_and_budget(depth, alpha):
    problem = sparse_regression(20, 30, 3)
    if alpha == "vector":
        alpha = 10 ** np.random.default_rng(0).uniform(-1, 0, 30)
    end = gradient_flow(problem, alpha, depth=depth).times[-1]
    # Gauss–Legendre in log t, whence ∫ dt is exact to many digits.
    nodes, mass = np.polynomial.legendre.leggauss(12)
    edges = np.linspace(np.log(1e-4), np.log(end), 240)
    half = np.diff(edges)[:, None] / 2
    log_times = (edges[:-1, None] + half * (1 + nodes)).ravel()
    flow = gradient_flow(problem, alpha, np.exp(log_times), depth)
    measure = (half * mass).ravel() * flow.times

    limit = min_potential(problem, alpha, depth=depth)
    assert distance(flow.w[-1], limit) < 1e-6
    spent = measure @ flow.loss + 1e-4 * flow.loss[0]
    assert spent == pytest.approx(hyperbolic_entropy(limit, alpha, depth) / 2, rel=1e-4)

    force = -(flow.w @ problem.X.T - problem.y) @ problem.X / 20
    first, last = 40, 160
    between = slice(12 * first, 12 * last)
    moved = measure[between] @ force[between]
    span = gradient_flow(problem, alpha, np.exp([edges[first], edges[last]]), depth)
    expected = mirror_map(span.w[1], alpha, depth) - mirror_map(span.w[0], alpha, depth)
    assert distance(moved, expected) < 1e-5
    assert outside_range(problem, mirror_map(flow.w[-1], alpha, depth)) < 1e-6

    left = [bregman_divergence(limit, w, alpha, depth) for w in flow.w[::48]]
    assert (np.diff(left) <= 1e-9 * left[0]).all()


@settings(max_examples=25)
@given(
    n_samples=st.integers(1, 6),
    dim=st.integers(1, 12),
    seed=st.integers(0, 1000),
    depth=st.sampled_from([2, 3, 4]),
)
def test_any_shape_ends_at_the_least_potential(n_samples, dim, seed, depth):
    problem = sparse_regression(n_samples, dim, 1, seed)
    alpha = 10 ** np.random.default_rng(seed).uniform(-0.5, 0.5, dim)
    flow = gradient_flow(problem, alpha, depth=depth)
    assert flow.loss[-1] <= 1.01e-16 * flow.loss[0]
    slowest = np.linalg.svd(problem.X, compute_uv=False).min() / np.abs(problem.X).max()
    limit = min_potential(problem, alpha, depth=depth)
    assert distance(flow.w[-1], limit) < 1e-6 / slowest


def test_nothing_to_learn():
    still = Problem(np.eye(2, 4), [0.0, 0.0])
    flow = gradient_flow(still, 0.1)
    assert flow.times.tolist() == [0.0]
    assert not flow.w.any()
    flow = gradient_flow(still, 0.1, [0.0, 1.0, 5.0], depth=3)
    assert flow.w.shape == (3, 4)
    assert not flow.w.any()
    flow = gradient_flow(sparse_regression(5, 10, 2), 0.1, [0.0])
    assert not flow.w.any()


def test_data_that_cannot_be_interpolated():
    noisy = sparse_regression(30, 4, 2, noise=0.5)
    flow = gradient_flow(noisy, 0.5, [0.0, 1.0, 1e4])
    assert distance(flow.w[-1], np.linalg.lstsq(noisy.X, noisy.y)[0]) < 1e-6
    with pytest.raises(ValueError, match=r"^problem must be"):
        gradient_flow(noisy, 0.5)


def test_what_float64_does_not_resolve_is_said():
    with pytest.raises(RuntimeError, match="depth 6"):
        gradient_flow(sparse_regression(5, 10, 2), 1e-8, depth=6)


def test_integrations_that_break_off_are_no_answer(monkeypatch):
    problem = sparse_regression(5, 10, 2)
    sound = lib.flow._integrate

    def first_two_break(system, problem, times, method, tolerance):
        return sound(system, problem, times, method, tolerance) if tolerance < 1e-10 else None

    monkeypatch.setattr("lib.flow._integrate", first_two_break)
    assert distance(gradient_flow(problem, 0.1).w[-1], min_potential(problem, 0.1)) < 1e-6
    monkeypatch.setattr("lib.flow._integrate", lambda *_: None)
    with pytest.raises(RuntimeError, match="not found"):
        gradient_flow(problem, 0.1)


def test_integrations_that_differ_are_no_answer(monkeypatch):
    problem = sparse_regression(5, 10, 2)
    sound = lib.flow._sample
    calls = iter(range(100))
    monkeypatch.setattr("lib.flow._sample", lambda *args: sound(*args) * (1 + 1e-3 * next(calls)))
    with pytest.raises(RuntimeError, match="not found"):
        gradient_flow(problem, 0.1)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("alpha", {"alpha": 0.0}),
        ("alpha", {"alpha": np.nan}),
        ("alpha", {"alpha": np.ones(3)}),
        ("alpha", {"alpha": None}),
        ("alpha", {"alpha": 1e-80, "depth": 4}),
        ("times", {"times": []}),
        ("times", {"times": 1.0}),
        ("times", {"times": [-1.0, 1.0]}),
        ("times", {"times": [0.0, 0.0]}),
        ("times", {"times": [1.0, 0.5]}),
        ("times", {"times": [0.0, np.inf]}),
        ("times", {"times": "now"}),
        ("depth", {"depth": 1}),
        ("depth", {"depth": 2.5}),
    ],
)
def test_bad_arguments_are_named(name, change):
    with pytest.raises(ValueError, match=f"^{name} must be"):
        gradient_flow(sparse_regression(5, 10, 2), **({"alpha": 0.1} | change))
