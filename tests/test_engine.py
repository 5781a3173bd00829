"""The simulator of the laboratory, in Chromium, against lib: the same data, steps and limits.

Runs are the same to the last bit, whatever the batch size, for 10⁵ steps and beyond the edge of
stability, where any difference would grow: lib/_kernels.py and engine.js sum in the same order.
What is computed from a run with logarithms, and the exact limits, agree to 1e-10.
"""

from __future__ import annotations

import base64
import functools
import itertools
import re
from collections.abc import Callable, Iterator
from unittest import mock

import numpy as np
import pytest

from lib import (
    Problem,
    critical_step_size,
    min_l1,
    min_l2,
    min_potential,
    sharpness,
    sparse_regression,
    train,
    training,
)
from lib.training import Run, batches
from tests.conftest import ROOT

SOURCE = ROOT / "book" / "_static" / "engine.js"
PARITY = 1e-10
LONG = 10_000
VERY_LONG = 100_000

# What the tests ask of the page: arrays go there and back as lists.
HELPERS = """() => {
    window.engine = makeEngine();
    window.floats = (value) => Array.isArray(value) ? Float64Array.from(value) : value;
    window.asProblem = (given) => given.X === undefined ? engine.sparseRegression(given) : ({
        ...given, X: floats(given.X), y: floats(given.y), wStar: given.wStar && floats(given.wStar),
    });
    window.asList = (value) => ArrayBuffer.isView(value) ? [...value] : value;
    window.ask = ([name, given, ...rest]) =>
        asList(engine[name](asProblem(given), ...rest.map(floats)));
    window.limit = ([given, alpha, start]) =>
        [...engine.minPotential(asProblem(given), { alpha: floats(alpha), start: floats(start) })];
    window.runOf = ([given, options]) => engine.startRun(asProblem(given), {
        ...options, alpha: floats(options.alpha),
        ...(options.indices && { indices: Int32Array.from(options.indices) }),
    });
    window.reported = (run) => ({
        ...Object.fromEntries(["status", "steps", "loss"].map((name) => [name, run[name]])),
        ...Object.fromEntries(
            ["plus", "minus", "z", "w", "gain", "effectiveAlpha", "start"]
                .map((name) => [name, [...run[name]]])
        ),
        recorded: run.history.step,
        losses: run.history.loss,
    });
    window.trained = (settings) => {
        const run = runOf(settings);
        run.advance();
        return reported(run);
    };
}"""


@pytest.fixture(scope="module")
def page(browser: object) -> Iterator[object]:
    context = browser.new_context()
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_script_tag(path=str(SOURCE))
    page.evaluate(HELPERS)
    yield page
    context.close()
    assert complaints == []


def plain(value: object) -> object:
    """Arrays as lists, for the way into the page."""
    return value.ravel().tolist() if isinstance(value, np.ndarray) else value


def sent(problem: Problem) -> dict:
    return {
        "X": plain(problem.X),
        "y": plain(problem.y),
        "wStar": plain(problem.w_star),
        "nSamples": problem.n_samples,
        "dim": problem.dim,
    }


def trained(page: object, problem: object, **options: object) -> dict:
    return page.evaluate("trained", [problem, {name: plain(v) for name, v in options.items()}])


def near(found: object, expected: np.ndarray, rtol: float = PARITY, atol: float = 0.0) -> None:
    """Agreement relative to the largest entry."""
    expected = np.asarray(expected)
    difference = np.abs(np.asarray(found, dtype=float) - expected).max()
    assert difference <= rtol * np.abs(expected).max() + atol


@functools.cache
def data(n_samples: int, dim: int, sparsity: int, noise: float = 0.0, seed: int = 0) -> Problem:
    return sparse_regression(n_samples, dim, sparsity, seed, noise=noise)


# ── Random numbers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", [0, 1, 20_26, 2**32 - 1, 2**32, 2**40 + 5, 2**53 - 1])
@pytest.mark.parametrize(
    ("n_samples", "dim", "sparsity", "noise", "std"),
    [(40, 100, 5, 0.0, 1.0), (100, 400, 10, 0.1, 1.0), (13, 700, 700, 0.3, 0.3),
     (1, 1, 1, 0.0, 1.0), (1, 1, 0, 0.5, 2.5), (2, 10_000, 200, 0.0, 1.0)],
)  # fmt: skip
def test_the_data_are_those_of_lib_to_the_last_bit(
    page: object, n_samples: int, dim: int, sparsity: int, noise: float, std: float, seed: int
) -> None:
    problem = sparse_regression(n_samples, dim, sparsity, seed, noise=noise, std=std)
    found = page.evaluate(
        """(settings) => {
            const { X, y, wStar } = engine.sparseRegression(settings);
            return [[...X], [...y], [...wStar]];
        }""",
        {"nSamples": n_samples, "dim": dim, "sparsity": sparsity, "seed": seed,
         "noise": noise, "std": std},
    )  # fmt: skip
    assert np.array_equal(np.reshape(found[0], problem.X.shape), problem.X)
    assert np.array_equal(found[2], problem.w_star)
    assert np.array_equal(found[1], problem.y)


def test_enough_normal_numbers_are_drawn_to_meet_every_branch(page: object) -> None:
    # The tail beyond the last layer takes one draw in four thousand.
    count = 1_000_000
    found = page.evaluate(
        """(count) => {
            const { X } = engine.sparseRegression({ nSamples: count / 1000, dim: 1000, seed: 5 });
            const bytes = new Uint8Array(X.buffer);
            let text = "";
            for (let i = 0; i < bytes.length; i += 8192) {
                text += String.fromCharCode(...bytes.subarray(i, i + 8192));
            }
            return btoa(text);
        }""",
        count,
    )
    drawn = np.frombuffer(base64.b64decode(found))
    expected = sparse_regression(count // 1000, 1000, seed=5).X.ravel()
    assert (np.abs(expected) > 3.654152885361009).sum() > 200
    assert np.array_equal(drawn, expected)


@pytest.mark.parametrize(
    ("n_samples", "batch_size", "seed"),
    # A million and a half samples make one draw in three thousand a rejected one.
    [(2, 1, 0), (40, 1, 3), (40, 5, 3), (40, 39, 2**35), (1_500_000, 1, 9), (37, 36, 2**53 - 1)],
)
def test_the_batches_are_those_of_lib(
    page: object, n_samples: int, batch_size: int, seed: int
) -> None:
    count = 20_000  # more than are drawn at a time
    blocks = batches(n_samples, batch_size, seed, replacement=False)
    expected = np.concatenate([next(blocks) for _ in range(3)])[:count]
    found = page.evaluate(
        """([n, b, seed, counts]) => {
            const source = engine.batches(n, b, seed);
            return counts.flatMap((count) => [...source.take(count)]);
        }""",
        [n_samples, batch_size, seed, [1, 2, 7, 9_990, count - 10_000]],
    )
    assert np.array_equal(found, expected.ravel())


# ── Runs ─────────────────────────────────────────────────────────────────────────────────────────

# Step sizes in the unit of their batch size. Above 1 gradient descent is beyond the edge of
# stability of w* itself and yet settles; SGD at batch size 5 bears some 2.5 times γ_ms.
RUNS = [
    (shape, batch_size, share, alpha)
    for shape in ((40, 100, 5), (20, 30, 3))
    for batch_size in (None, 1, 5)
    for share in ((0.02, 0.3, 0.9, 1.1, 1.3) if batch_size is None else (0.02, 0.3, 0.9, 1.2))
    for alpha in (0.1, 1e-3)
]


def step_size_of(problem: Problem, batch_size: int | None, share: float) -> float:
    if batch_size is None:
        return share * critical_step_size(problem)
    return share * critical_step_size(problem, 1) * {1: 1.0, 5: 2.5}[batch_size]


def states(problem: Problem, *settings: object, **options: object) -> tuple[Run, np.ndarray]:
    """A run, and (w₊, w₋, z) at its end, of which a run reports what follows from them."""
    kept = []

    def spy(problem: Problem, data: object, alpha: object, step: object, shelf: object) -> object:
        kept.append(shelf[-1])
        return history(problem, data, alpha, step, shelf)

    history = training._history
    with mock.patch.object(training, "_history", spy):
        run = train(problem, *settings, **options)
    return run, kept[0]


def the_same_bits(found: dict, run: Run, state: np.ndarray) -> None:
    assert (found["status"], found["steps"]) == (run.status, run.steps)
    assert found["recorded"] == run.history.step.tolist()
    here = np.concatenate([found["plus"], found["minus"], found["z"]]).astype(float)
    assert np.array_equal(here, state, equal_nan=True)
    assert np.array_equal(np.asarray(found["w"], float), run.w, equal_nan=True)
    assert np.array_equal(np.asarray(found["losses"], float), run.history.loss, equal_nan=True)


@pytest.mark.parametrize("from_the_seed", [False, True], ids=["given", "seed"])
@pytest.mark.parametrize(("shape", "batch_size", "share", "alpha"), RUNS)
def test_a_long_run_is_that_of_lib(
    page: object,
    shape: tuple[int, int, int],
    batch_size: int | None,
    share: float,
    alpha: float,
    from_the_seed: bool,
) -> None:
    problem = data(*shape)
    step_size = step_size_of(problem, batch_size, share)
    run, state = states(problem, alpha, step_size, batch_size, seed=3, max_steps=LONG, tol=0)
    assert run.status == "stopped"
    if from_the_seed:
        given, indices = dict(zip(("nSamples", "dim", "sparsity"), shape, strict=True)), None
    else:
        given, indices = sent(problem), None
        if batch_size is not None:
            blocks = batches(problem.n_samples, batch_size, 3, replacement=False)
            indices = np.concatenate([next(blocks) for _ in range(2)])[:LONG]
    found = trained(
        page, given, alpha=alpha, stepSize=step_size, batchSize=batch_size, seed=3,
        maxSteps=LONG, tol=0, indices=indices,
    )  # fmt: skip
    the_same_bits(found, run, state)
    near(found["gain"], run.gain, atol=1e-12)  # a difference of logarithms of size 10
    near(np.asarray(found["effectiveAlpha"]) / run.effective_alpha, np.ones(problem.dim))
    # w̃₀ is α_∞² sinh φ with φ a difference of sums of size 10 in which 1e-13 is rounding.
    near(found["start"], run.start, atol=1e-12 * run.effective_alpha.max() ** 2)

    limit = page.evaluate("limit", [given, found["effectiveAlpha"], found["start"]])
    near(limit, min_potential(problem, run.effective_alpha, run.start))


@pytest.mark.parametrize(
    ("batch_size", "share", "status"),
    [(None, 0.5, "converged"), (1, 0.7, "converged"), (7, 0.7, "converged"),
     (None, 4.0, "diverged"), (1, 9.0, "diverged"), (7, 60.0, "diverged"),
     (None, 0.001, "stopped"), (1, 0.001, "stopped"), (40, 0.001, "stopped")],
)  # fmt: skip
def test_a_run_ends_as_in_lib(
    page: object, batch_size: int | None, share: float, status: str
) -> None:
    problem = data(40, 100, 5)
    step_size = share * critical_step_size(problem, 1 if batch_size in (1, 7) else None)
    options = {"alpha": 0.1, "seed": 1, "tol": 1e-12}
    run, state = states(
        problem, step_size=step_size, batch_size=batch_size, max_steps=50_001, **options
    )
    found = trained(
        page, {}, stepSize=step_size, batchSize=batch_size, maxSteps=50_001, **options
    )  # fmt: skip
    assert run.status == status
    the_same_bits(found, run, state)


@pytest.mark.parametrize("batch_size", [None, 1, 5])
def test_the_bits_do_not_depend_on_how_time_is_sliced(page: object, batch_size: int | None) -> None:
    options = {"stepSize": 0.05, "batchSize": batch_size, "maxSteps": 3000, "tol": 0}
    whole = trained(page, {}, **options)
    sliced = page.evaluate(
        """(settings) => {
            const run = runOf(settings);
            let slices = 1;
            while (run.advance(0)) slices++;
            return [slices, reported(run), run.advance(), run.steps];
        }""",
        [{}, options],
    )
    assert sliced[0] > 1
    assert sliced[1] == whole
    assert sliced[2:] == [False, 3000]


def test_a_run_can_be_stopped_and_says_so(page: object) -> None:
    found = page.evaluate(
        """() => {
            const run = runOf([{}, { stepSize: 1e-6 }]);
            run.advance(0);
            const before = [run.status, run.steps];
            run.stop();
            return [before, reported(run), run.advance()];
        }"""
    )
    (running, steps), report, more = found
    assert running == "running"
    assert steps > 0
    assert report["status"] == "stopped"
    assert report["steps"] == report["recorded"][-1] == steps
    assert more is False


def test_beyond_the_edge_a_hundred_thousand_steps_are_the_same_bits(page: object) -> None:
    """Where rows in another order end elsewhere: no agreement but that of bits would last."""
    problem = data(20, 30, 3)
    backwards = Problem(problem.X[::-1], problem.y[::-1], problem.w_star)
    options = {"alpha": 0.01, "seed": 0, "tol": 1e-26}
    step_size = 1.6 * critical_step_size(problem)
    run, state = states(problem, step_size=step_size, max_steps=VERY_LONG, **options)
    found = trained(page, sent(problem), stepSize=step_size, maxSteps=VERY_LONG, **options)
    assert (run.status, run.steps) == ("stopped", VERY_LONG)
    the_same_bits(found, run, state)
    again = train(backwards, step_size=step_size, max_steps=VERY_LONG, **options)
    assert np.abs(again.w - run.w).max() > 1e-3


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_hundred_thousand_steps_of_sgd_are_the_same_bits(page: object, batch_size: int) -> None:
    problem = data(13, 17, 2)
    step_size = 0.5 * critical_step_size(problem, 1)
    options = {"alpha": 0.1, "seed": 7, "tol": 0}
    run, state = states(
        problem, step_size=step_size, batch_size=batch_size, max_steps=VERY_LONG, **options
    )
    found = trained(
        page, sent(problem), stepSize=step_size, batchSize=batch_size, maxSteps=VERY_LONG, **options
    )
    assert run.steps == VERY_LONG
    the_same_bits(found, run, state)


def test_a_scale_for_each_coordinate(page: object) -> None:
    problem = data(40, 100, 5)
    alpha = np.geomspace(1e-4, 0.3, 100)
    run, state = states(problem, alpha, 0.1, max_steps=2000, tol=0)
    found = trained(page, {}, alpha=alpha, stepSize=0.1, maxSteps=2000, tol=0)
    the_same_bits(found, run, state)
    near(found["gain"], run.gain, atol=1e-12)


def test_a_worker_is_made_of_the_source_text(page: object) -> None:
    found = page.evaluate(
        """() => new Promise((resolve, reject) => {
            const source = `const engine = (${makeEngine})();
                const run = engine.startRun(engine.sparseRegression({}), { stepSize: 0.1, tol: 1e-9 });
                run.advance();
                postMessage([run.status, run.steps, ...run.w]);`;
            const worker = new Worker(URL.createObjectURL(new Blob([source])));
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = (error) => reject(error.message);
        })"""
    )
    here = trained(page, {}, stepSize=0.1, tol=1e-9)
    assert found == [here["status"], here["steps"], *here["w"]]


# ── Exact limits and step sizes ──────────────────────────────────────────────────────────────────


def dependent_rows() -> Problem:
    problem = data(20, 60, 4)
    X = np.vstack([problem.X, 2 * problem.X[:7], problem.X[0] + problem.X[1], np.zeros(60)])
    return Problem(X, X @ problem.w_star, problem.w_star)


def degenerate() -> Problem:
    X = np.random.default_rng(4).integers(-1, 2, (12, 30)).astype(float)
    w = np.zeros(30)
    w[:3] = 1, -2, 1
    return Problem(X, X @ w, w)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "book": lambda: data(40, 100, 5),
    "noise": lambda: data(40, 100, 5, 0.3),
    "large": lambda: data(100, 400, 10, 0.1),
    "one": lambda: data(1, 1, 1),
    "row": lambda: data(1, 7, 3, 0.1),
    "square": lambda: data(10, 10, 2, 0.1),
    "small": lambda: sparse_regression(12, 300, 12, std=1e-3),
    "dependent": dependent_rows,
    "degenerate": degenerate,
    "unit": lambda: Problem(np.eye(4, 9), np.array([1.0, 0, -3, 1e-9])),
}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("alpha", [1e3, 0.1, 1e-3, 1e-8, 1e-150, None])
@pytest.mark.parametrize("with_start", [False, True], ids=["flow", "start"])
def test_the_least_potential_is_that_of_lib(
    page: object, name: str, alpha: float | None, with_start: bool
) -> None:
    problem = PROBLEMS[name]()
    rng = np.random.default_rng(11)
    if alpha is None:
        alpha = 10 ** rng.uniform(-6, 0, problem.dim)
    start = np.zeros(problem.dim)
    if with_start:
        start = alpha**2 * np.sinh(rng.standard_normal(problem.dim))
    found = page.evaluate("limit", [sent(problem), plain(alpha), plain(start)])
    near(found, min_potential(problem, alpha, start))


@pytest.mark.parametrize("name", PROBLEMS)
def test_least_norms_step_sizes_and_sharpness_are_those_of_lib(page: object, name: str) -> None:
    problem = PROBLEMS[name]()
    near(page.evaluate("ask", ["minL2", sent(problem)]), min_l2(problem))
    # Where several interpolators have the least ℓ1 norm, any of them is right.
    found = np.asarray(page.evaluate("ask", ["minL1", sent(problem)]))
    near(np.abs(found).sum(), np.abs(min_l1(problem)).sum())
    near(problem.X @ found, problem.y, rtol=1e-11)
    for batch_size in (None, 1):
        expected = critical_step_size(problem, batch_size)
        assert page.evaluate("ask", ["criticalStepSize", sent(problem), batch_size]) == expected
    for u, v in np.random.default_rng(5).standard_normal((3, 2, problem.dim)):
        found = page.evaluate("ask", ["sharpness", sent(problem), plain(u), plain(v)])
        near(found, sharpness(problem, u, v))


def test_sharpness_along_a_run_is_that_of_lib(page: object) -> None:
    problem = data(40, 100, 5)
    found = page.evaluate(
        """() => {
            const problem = asProblem({}), run = engine.startRun(problem, { stepSize: 0.5 });
            run.advance();
            const { plus, minus } = run.history;
            return plus.map((p, k) => engine.sharpness(
                problem, p.map((value, j) => value + minus[k][j]), p.map((value, j) => value - minus[k][j])
            ));
        }"""
    )
    run = train(problem, 0.1, 0.5)
    marks = itertools.islice(enumerate(run.history.step.tolist()), 0, None, 9)
    for k, step in marks:
        states = train(problem, 0.1, 0.5, max_steps=step)
        near(found[k], sharpness(problem, states.u, states.v))


@pytest.mark.parametrize("seed", range(20))
def test_the_simplex_method_ends_at_every_degenerate_vertex(page: object, seed: int) -> None:
    problem = data(30, 80, 3, 0.0, seed)
    found = page.evaluate("ask", ["minL1", sent(problem)])
    near(found, problem.w_star)


# ── Nonsense ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ("engine.sparseRegression({ dim: 0 })", "dim must be a whole number from 1 to 10000, got 0"),
        ("engine.sparseRegression({ nSamples: 2.5 })", "nSamples must be a whole number"),
        ("engine.sparseRegression({ sparsity: 101 })", "from 0 to 100, got 101"),
        ("engine.sparseRegression({ seed: -1 })", "seed must be a whole number"),
        ("engine.sparseRegression({ seed: 2 ** 53 })", "seed must be a whole number"),
        ("engine.sparseRegression({ noise: -1 })", "noise must be a finite number at least 0"),
        ("engine.sparseRegression({ std: 0 })", "std must be a finite number above 0"),
        ("engine.sparseRegression({ noise: '1' })", "noise must be a finite number"),
        ("engine.batches(40, 41, 0)", "batchSize must be a whole number from 1 to 40, got 41"),
        ("runOf([{}, { alpha: 0 }])", "alpha must be from 1e-150 to 1e150"),
        ("runOf([{}, { alpha: NaN }])", "alpha must be"),
        ("runOf([{}, { alpha: [1, 2] }])", "alpha must be 100 finite numbers"),
        ("runOf([{}, { stepSize: 0 }])", "stepSize must be a finite number above 0, got 0"),
        ("runOf([{}, { stepSize: Infinity }])", "stepSize must be a finite number"),
        ("runOf([{}, { batchSize: 0 }])", "batchSize must be a whole number"),
        ("runOf([{}, { maxSteps: 1e16 }])", "maxSteps must be a whole number"),
        ("runOf([{}, { tol: -1 }])", "tol must be a finite number at least 0"),
        ("runOf([{}, { batchSize: 1, maxSteps: 9, indices: [1] }])", "indices must be"),
        ("runOf([{}, { batchSize: 1, maxSteps: 1, indices: [40] }])", "indices must be"),
        ("limit([{}, 0, 0])", "alpha must be from"),
        ("limit([{}, 0.1, [1]])", "start must be 100 finite numbers"),
        ("ask(['criticalStepSize', {}, 5])", "batchSize must be 1 or 40"),
        ("ask(['criticalStepSize', { sparsity: 0 }])", "w* is 0"),
        ("ask(['criticalStepSize', { nSamples: 200, noise: 1 }])", "X w = y has no solution"),
        ("ask(['minL2', { nSamples: 200, noise: 1 }])", "X w = y has no solution"),
        ("limit([{ nSamples: 200, noise: 1 }, 0.1, 0])", "X w = y has no solution"),
        ("ask(['sharpness', {}, [1], [1]])", "u must be 100 finite numbers"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_a_word(page: object, call: str, complaint: str) -> None:
    found = page.evaluate(
        f"() => {{ try {{ {call}; }} catch (error) {{ return error.message; }} }}"
    )
    assert found is not None
    assert re.search(re.escape(complaint), found)


@pytest.mark.parametrize("batch_size", [None, 1, 5])
@pytest.mark.parametrize(
    ("step_size", "alpha"), [(1e9, 0.1), (1e150, 0.1), (0.1, 1e3), (0.1, 1e150)]
)
def test_the_enormous_diverges_at_once(
    page: object, batch_size: int | None, step_size: float, alpha: float
) -> None:
    found = trained(page, {}, stepSize=step_size, batchSize=batch_size, alpha=alpha)
    run = train(data(40, 100, 5), alpha, step_size, batch_size)
    assert (found["status"], found["steps"]) == (run.status, run.steps) == ("diverged", run.steps)
    assert run.steps < 10


def test_the_minute_and_the_smallest(page: object) -> None:
    tiny = trained(page, {}, alpha=1e-150, stepSize=0.1, maxSteps=500)
    run = train(data(40, 100, 5), 1e-150, 0.1, max_steps=500)
    assert tiny["status"] == run.status == "stopped"
    near(np.asarray(tiny["effectiveAlpha"]) / run.effective_alpha, np.ones(100))
    one = trained(
        page, {"nSamples": 1, "dim": 1, "sparsity": 1}, stepSize=0.1, batchSize=1, tol=1e-20
    )
    expected = train(data(1, 1, 1), 0.1, 0.1, 1, tol=1e-20)
    assert (one["status"], one["steps"]) == (expected.status, expected.steps)
    near(one["w"], expected.w)
    nothing = page.evaluate("limit", [{"sparsity": 0}, 0.1, 0])
    assert not any(nothing)


def test_more_samples_than_unknowns_settle_at_the_truth(page: object) -> None:
    problem = {"nSamples": 200, "dim": 50, "sparsity": 3}
    near(page.evaluate("limit", [problem, 0.1, 0]), data(200, 50, 3).w_star)


# ── Time ─────────────────────────────────────────────────────────────────────────────────────────

# Milliseconds of what a move of a slider asks for: data, GD and SGD to convergence, their limits.
ANSWER = """(stepSizes) => {
    const start = performance.now(), problem = engine.sparseRegression({});
    const runs = stepSizes.map((stepSize, i) => engine.startRun(
        problem, { stepSize, batchSize: i === 0 ? null : 1, tol: 1e-12 }
    ));
    for (const run of runs) {
        run.advance();
        engine.minPotential(problem, { alpha: run.effectiveAlpha, start: run.start });
    }
    return { taken: performance.now() - start, runs: runs.map(({ status, steps }) =>
        ({ status, steps })) };
}"""
# The products of as many steps, in loops that anyone would write: residuals, then the gradient.
PLAIN = """([samples, dim, steps]) => {
    const start = performance.now();
    const X = new Float64Array(samples * dim).fill(1e-3), w = new Float64Array(dim).fill(1e-3);
    for (const [count, batch] of [[steps[0], samples], [steps[1], 1]]) {
        for (let t = 0; t < count; t++) {
            for (let i = 0; i < batch; i++) {
                const row = ((t + i) % samples) * dim;
                let residual = 0;
                for (let j = 0; j < dim; j++) residual += X[row + j] * w[j];
                for (let j = 0; j < dim; j++) w[j] -= 1e-9 * residual * X[row + j];
            }
        }
    }
    if (!w.every(Number.isFinite)) throw new Error("the loops went astray");
    return performance.now() - start;
}"""


def test_a_move_of_a_slider_takes_little_more_than_its_products(page: object) -> None:
    """The best of several rounds, taken in turns: a busy machine slows both alike."""
    problem = data(40, 100, 5)
    step_sizes = [0.5 * critical_step_size(problem), 0.5 * critical_step_size(problem, 1)]
    answers, plain_loops = [], []
    for _ in range(12):
        answers.append(found := page.evaluate(ANSWER, step_sizes))
        assert [run["status"] for run in found["runs"]] == ["converged", "converged"]
        steps = [run["steps"] for run in found["runs"]]
        plain_loops.append(page.evaluate(PLAIN, [40, 100, steps]))
    assert min(one["taken"] for one in answers) < 4 * min(plain_loops)
