"""One run of (S)GD: against a plain loop, at its three ends, and with everything that is refused."""

import warnings
from itertools import islice

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lib import (
    Problem,
    critical_step_size,
    hyperbolic_entropy,
    min_potential,
    sparse_regression,
    train,
)
from lib.training import batches
from tests import oracle

small = sparse_regression(20, 30, 3, seed=1)


def is_gd(problem, batch_size, replacement):
    return batch_size is None or (batch_size == problem.n_samples and not replacement)


def drawn(problem, batch_size, seed, replacement, count):
    """The batches that a run with these arguments takes."""
    if is_gd(problem, batch_size, replacement):
        return [np.arange(problem.n_samples)] * count
    blocks = batches(problem.n_samples, batch_size, seed, replacement)
    return list(islice((batch for block in blocks for batch in block), count))


@settings(max_examples=60)
@given(
    n_samples=st.integers(1, 13),
    dim=st.integers(1, 17),
    batch=st.floats(0, 1),
    replacement=st.booleans(),
    seed=st.integers(0, 2**32),
    step_size=st.floats(1e-4, 0.05),
    alpha=st.floats(1e-3, 2),
    steps=st.integers(0, 60),
)
def test_every_kernel_agrees_with_plain_loops(
    n_samples, dim, batch, replacement, seed, step_size, alpha, steps
):
    problem = sparse_regression(n_samples, dim, min(dim, 2), seed % 97)
    batch_size = 1 + round(batch * (n_samples - 1))
    run = train(
        problem, alpha, step_size, batch_size, seed,
        replacement=replacement, max_steps=steps, tol=0,
    )  # fmt: skip
    assume(run.status == "stopped")  # large α may make the largest of these step sizes diverge
    taken = drawn(problem, batch_size, seed, replacement, run.steps)
    u, v = oracle.descend(problem, alpha, step_size, taken)
    plus, minus, _, gain, phi = oracle.descend_factors(
        problem, alpha, [step_size] * run.steps, taken, full=is_gd(problem, batch_size, replacement)
    )
    w = (plus - minus) * (plus + minus)
    size = np.abs(u).max() + np.abs(v).max()
    assert run.steps == steps
    assert np.allclose(run.u, u, rtol=0, atol=1e-11 * size)
    assert np.allclose(run.v, v, rtol=0, atol=1e-11 * size)
    assert np.array_equal(run.u, plus + minus)
    assert np.array_equal(run.v, plus - minus)
    assert np.array_equal(run.w, w)
    assert np.allclose(run.gain, gain, rtol=1e-8, atol=1e-12)
    assert np.allclose(run.effective_alpha, alpha * np.exp(-gain / 2), rtol=1e-10)
    assume(np.abs(phi).max() < 700)
    assert np.allclose(run.start, run.effective_alpha**2 * np.sinh(phi), atol=1e-11 * size**2)
    assert run.loss == oracle.loss(problem.X, problem.y, w)


def test_a_long_run_crosses_blocks_without_losing_a_step():
    taken = drawn(small, 1, 5, False, 20_000)
    run = train(small, 0.1, 0.01, 1, seed=5, max_steps=20_000, tol=0)
    plus, minus, _, gain, phi = oracle.descend_factors(small, 0.1, [0.01] * 20_000, taken)
    assert run.steps == 20_000
    assert np.array_equal(run.u, plus + minus)
    assert np.array_equal(run.w, (plus - minus) * (plus + minus))
    assert np.allclose(run.gain, gain, rtol=1e-9)
    assert np.allclose(run.start, run.effective_alpha**2 * np.sinh(phi), rtol=0, atol=1e-10)


@pytest.mark.parametrize("batch_size", [None, 1, 3])
def test_step_sizes_as_number_sequence_and_function(batch_size):
    rule = lambda t: 0.02 / (1 + t / 100)  # noqa: E731
    listed = [rule(t) for t in range(500)]
    by_function = train(small, 0.1, rule, batch_size, max_steps=500, tol=0)
    by_sequence = train(small, 0.1, listed, batch_size, tol=0)
    by_array = train(small, 0.1, np.array(listed), batch_size, tol=0)
    assert by_sequence.steps == by_function.steps == 500
    assert by_sequence.status == "stopped"
    assert np.array_equal(by_function.w, by_sequence.w)
    assert np.array_equal(by_array.w, by_sequence.w)
    plus, minus, _, gain, _ = oracle.descend_factors(
        small, 0.1, listed, drawn(small, batch_size, 0, False, 500), full=batch_size is None
    )
    assert np.array_equal(by_sequence.u, plus + minus)
    assert np.array_equal(by_sequence.v, plus - minus)
    assert np.allclose(by_sequence.gain, gain, rtol=1e-9, atol=1e-13)


def test_batches_without_replacement_hold_no_sample_twice_and_miss_none():
    block = next(batches(12, 5, seed=0, replacement=False))
    assert all(len(set(batch)) == 5 for batch in block)
    # Every sample is in a batch with probability 5/12: four standard errors over the block.
    counts = np.bincount(block.ravel(), minlength=12)
    p = 5 / 12
    assert np.abs(counts - len(block) * p).max() < 4 * np.sqrt(len(block) * p * (1 - p))
    pairs = np.bincount(12 * block[:-1, 0] + block[1:, 0], minlength=144)
    assert np.abs(pairs - len(block) / 144).max() < 5 * np.sqrt(len(block) / 144)


@pytest.mark.parametrize(("batch_size", "replacement"), [(1, False), (5, False), (5, True)])
def test_batches_are_the_same_in_any_blocks(batch_size, replacement):
    whole = next(batches(12, batch_size, 3, replacement))
    lengths = [1, 511, 7, 1024]
    parts = list(batches(12, batch_size, 3, replacement, lengths))
    assert [len(part) for part in parts] == lengths
    assert np.array_equal(np.concatenate(parts), whole[: sum(lengths)])


def test_full_batch_without_replacement_is_gd_and_with_it_is_not():
    gd = train(small, 0.1, 0.05)
    assert np.array_equal(train(small, 0.1, 0.05, 20, seed=9).w, gd.w)
    assert not np.array_equal(train(small, 0.1, 0.05, 20, seed=9, replacement=True).w, gd.w)


@pytest.mark.parametrize("batch_size", [None, 1, 4])
def test_what_is_recorded_changes_nothing(batch_size):
    settings = dict(alpha=0.1, step_size=0.02, batch_size=batch_size, tol=1e-10)
    plain = train(small, **settings)
    every = train(small, **settings, record=1)
    listed = train(small, **settings, record=[7, 0, 3, 10**9])
    nothing = train(small, **settings, record=())
    assert plain.status == "converged"
    for other in (every, listed, nothing):
        assert np.array_equal(other.w, plain.w)
        assert np.array_equal(other.start, plain.start)
        assert other.steps == plain.steps
    assert np.array_equal(every.history.step, np.arange(plain.steps + 1))
    assert np.array_equal(listed.history.step, [0, 3, 7, plain.steps])
    assert np.array_equal(nothing.history.step, [plain.steps])
    for history in (plain.history, listed.history):
        for name in ("w", "gain", "start", "loss", "effective_alpha"):
            rows = getattr(every.history, name)[history.step]
            assert np.array_equal(rows, getattr(history, name)), name
    assert plain.history.step[0] == 0
    assert plain.history.step[-1] == plain.steps


def test_partial_sums_are_those_of_a_shorter_run():
    run = train(small, 0.1, 0.02, 1, seed=3, record=[50], tol=1e-10)
    shorter = train(small, 0.1, 0.02, 1, seed=3, max_steps=50)
    assert np.array_equal(run.history.w[0], shorter.w)
    assert np.array_equal(run.history.gain[0], shorter.gain)
    assert np.array_equal(run.history.start[0], shorter.start)


def test_three_outcomes():
    converged = train(small, 0.1, 0.05, tol=1e-12)
    assert converged.status == "converged"
    assert converged.loss < 1e-12
    # The loss is looked at before every step: one step earlier it was not below tol.
    before = train(small, 0.1, 0.05, tol=0, max_steps=converged.steps - 1)
    assert before.status == "stopped"
    assert before.loss >= 1e-12
    stopped = train(small, 0.1, 0.05, max_steps=10)
    assert (stopped.status, stopped.steps) == ("stopped", 10)
    for batch_size in (None, 1, 4):
        diverged = train(small, 0.1, 50.0, batch_size)
        assert diverged.status == "diverged"
        assert not diverged.loss < 1e12
    assert train(small, 0.1, 0.05, max_steps=0).status == "stopped"
    still = Problem(small.X, np.zeros(20))
    assert train(still, 0.1, 0.05, tol=1e-12).steps == 0
    assert train(still, 0.1, 0.05, tol=1e-12).status == "converged"


@settings(max_examples=100)
@given(
    exponent=st.floats(-12, 12),
    size=st.floats(-120, 149),
    log_alpha=st.floats(-149, 100),
    batch_size=st.sampled_from([None, 1, 2, 3]),
    seed=st.integers(0, 5),
)
def test_hostile_sizes_never_warn_and_no_nan_is_a_solution(
    exponent, size, log_alpha, batch_size, seed
):
    base = sparse_regression(3, 5, 2, seed)
    problem = Problem(base.X, 10.0**size * base.y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = train(problem, 10.0**log_alpha, 10.0**exponent, batch_size, seed, max_steps=400)
    assert run.status in ("converged", "stopped", "diverged")
    if run.status != "diverged":
        assert np.isfinite(run.w).all()
        assert np.isfinite(run.loss)
        terms = np.abs(problem.X) @ np.abs(run.w) + np.abs(problem.y)
        rounding = (1e-15 * terms) @ terms / 2
        assert np.isclose(run.loss, problem.loss(run.w), rtol=1e-12, atol=rounding)
    if run.status == "converged":
        assert run.loss < 1e-16


@pytest.mark.parametrize("batch_size", [None, 1, 4, 5])
@pytest.mark.parametrize("alpha", [0.1, 0.01])
@pytest.mark.parametrize(("shape", "seed"), [((20, 30, 3), 9), ((40, 100, 5), 2)])
def test_the_limit_is_exact_at_every_step_size(shape, seed, alpha, batch_size):
    """The theorem, from a hundredth of the largest step size to just under it.

    The data are such that even the smallest steps get down to the loss that is asked for.
    """
    problem = sparse_regression(*shape, seed=seed)
    unit = {None: 1.0, 1: 0.16, 4: 0.45, 5: 0.5}[batch_size] * critical_step_size(problem)
    settled = []
    for share in (0.01, 0.1, *(0.5 * 1.1 ** np.arange(30))):
        budget = 40_000_000 if share < 0.5 else 4_000_000
        run = train(problem, alpha, share * unit, batch_size, tol=1e-26, max_steps=budget)
        if run.status == "converged":
            settled.append(share)
            limit = min_potential(problem, alpha=run.effective_alpha, start=run.start)
            assert np.linalg.norm(limit - run.w) <= 1e-10 * np.linalg.norm(run.w), share
        elif run.status == "diverged":
            break
    assert run.status == "diverged"  # the step sizes reached the end of what converges
    assert settled[:3] == [0.01, 0.1, 0.5]


def test_a_vector_alpha_and_a_schedule_have_their_exact_limit_too():
    alpha = np.geomspace(0.01, 1, small.dim)
    run = train(small, alpha, lambda t: 0.1 / (1 + t) ** 0.1, 2, tol=1e-26, replacement=True)
    assert run.status == "converged"
    limit = min_potential(small, alpha=run.effective_alpha, start=run.start)
    assert np.linalg.norm(limit - run.w) <= 1e-10 * np.linalg.norm(run.w)


def test_budget_of_small_steps():
    """Σ γ L̄(w_t) → ½ ψ_α(w_∞), an error of order γ."""
    errors = []
    for step_size in (0.08, 0.04, 0.02):
        spent = train(small, 0.1, step_size, tol=1e-12).budget
        errors.append(spent / (0.5 * hyperbolic_entropy(min_potential(small, 0.1), 0.1)) - 1)
    assert errors[0] > errors[1] > errors[2] > 0
    assert 1.8 < errors[0] / errors[1] < 2.2
    assert 1.8 < errors[1] / errors[2] < 2.2


@pytest.mark.parametrize("batch_size", [None, 1, 4])
def test_the_sums_of_the_loss_are_those_of_its_record(batch_size):
    gammas = 0.03 / (1 + np.arange(300) / 100)
    run = train(small, 0.1, gammas, batch_size, record=1, full_loss=True, tol=0)
    losses = run.history.loss[:-1]  # the loss after the last step is not followed by one
    assert np.isclose(run.budget, (gammas * losses).sum(), rtol=1e-12)
    assert np.isclose(run.gain_budget, (gammas**2 * losses).sum(), rtol=1e-12)
    without = train(small, 0.1, gammas, batch_size, tol=0)
    assert np.isnan(without.budget) == (batch_size is not None)
    assert np.array_equal(without.w, run.w)


def test_alpha_survives_where_u_and_v_would_lose_it():
    run = train(small, 1e-8, 0.3, tol=1e-12)
    assert run.status == "converged"
    assert np.all(run.gain > 0)
    u, v = run.u, run.v
    by_subtraction = np.abs(u**2 - v**2) / 2  # α_∞² in the letters of (u, v)
    large = np.abs(run.w) > 0.1
    assert np.any(large)
    lost = np.abs(by_subtraction[large] / run.effective_alpha[large] ** 2 - 1)
    assert lost.max() > 0.1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("problem", None),
        ("problem", (small.X, small.y)),
        ("alpha", 0),
        ("alpha", -1.0),
        ("alpha", np.nan),
        ("alpha", np.inf),
        ("alpha", 1e-200),
        ("alpha", "0.1"),
        ("alpha", [0.1, 0.2]),
        ("alpha", np.zeros(30)),
        ("alpha", None),
        ("step_size", 0),
        ("step_size", -0.1),
        ("step_size", np.nan),
        ("step_size", np.inf),
        ("step_size", "0.1"),
        ("step_size", [0.1, -0.1]),
        ("step_size", [0.1, np.nan]),
        ("step_size", [[0.1]]),
        ("step_size", None),
        ("batch_size", 0),
        ("batch_size", 21),
        ("batch_size", 1.0),
        ("batch_size", True),
        ("batch_size", "all"),
        ("seed", -1),
        ("seed", 0.5),
        ("seed", None),
        ("replacement", 1),
        ("replacement", None),
        ("max_steps", -1),
        ("max_steps", 1e6),
        ("tol", -1e-9),
        ("tol", np.nan),
        ("record", 0),
        ("record", [-1]),
        ("record", "all"),
        ("record", [0.5]),
        ("full_loss", 1),
    ],
)
def test_bad_arguments_are_named(name, value):
    arguments = {"problem": small, name: value}
    with pytest.raises(ValueError, match=rf"^{name} must be .*, got "):
        train(**arguments)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, "x", None])
def test_a_bad_value_of_a_step_size_function_is_named(value):
    with pytest.raises(ValueError, match=r"^step_size\(3\) must be .*, got "):
        train(small, step_size=lambda t: 0.1 if t < 3 else value)


@pytest.mark.parametrize("batch_size", [None, 1, 4])
def test_a_large_alpha_starts_at_exactly_zero(batch_size):
    run = train(small, 1e6, 1e-14, batch_size, max_steps=0)
    assert not run.w.any()
    assert run.loss == pytest.approx(small.y @ small.y / 40, rel=1e-15)
