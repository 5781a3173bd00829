"""Many runs at once: the same runs as one by one, whoever computes them."""

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from lib import sparse_regression, step_size_band, sweep, train

small = sparse_regression(20, 30, 3, seed=1)
options = dict(tol=1e-10, max_steps=50_000)


def test_every_cell_is_the_run_of_its_coordinates():
    grid = sweep(
        small, alpha=[0.1, 0.3], step_size=[0.01, 0.05], batch_size=[None, 1, 3], seed=range(2), **options
    )  # fmt: skip
    assert grid.sizes == {"alpha": 2, "step_size": 2, "batch_size": 3, "seed": 2, "coordinate": 30}
    assert list(grid.batch_size.values) == [20, 1, 3]
    for alpha in (0.1, 0.3):
        for gamma in (0.01, 0.05):
            for batch_size in (20, 1, 3):
                for seed in range(2):
                    cell = grid.sel(alpha=alpha, step_size=gamma, batch_size=batch_size, seed=seed)
                    run = train(small, alpha, gamma, batch_size, seed, **options)
                    assert cell.status == run.status
                    assert cell.steps == run.steps
                    if run.status == "diverged":
                        continue
                    for name in (
                        "w",
                        "gain",
                        "effective_alpha",
                        "start",
                        "loss",
                        "budget",
                        "gain_budget",
                    ):
                        assert np.array_equal(cell[name], getattr(run, name), equal_nan=True), name


def test_scalars_make_no_dimension_and_problems_make_one():
    problems = [sparse_regression(20, 30, 3, seed=k) for k in range(3)]
    grid = sweep(problems, 0.1, 0.02, **options)
    assert grid.loss.dims == ("problem",)
    assert grid.w.dims == ("problem", "coordinate")
    assert float(grid.alpha) == 0.1
    one = sweep(small, 0.1, 0.02, **options)
    assert one.loss.dims == ()


def test_vectors_and_schedules_are_told_apart_by_their_place():
    vectors = [np.full(30, 0.1), np.geomspace(0.1, 1, 30)]
    grid = sweep(small, alpha=vectors, step_size=[lambda t: 0.02, lambda t: 0.05], **options)
    assert list(grid.alpha.values) == [0, 1]
    assert list(grid.step_size.values) == [0, 1]
    assert np.array_equal(grid.w[1, 0], train(small, vectors[1], 0.02, **options).w)


def test_a_diverged_run_is_nan_everywhere_but_in_its_status():
    grid = sweep(small, 0.1, [0.05, 50.0], batch_size=[None, 1], **options)
    lost = grid.sel(step_size=50.0)
    assert (lost.status == "diverged").all()
    for name in ("w", "gain", "effective_alpha", "start", "loss"):
        assert np.isnan(lost[name]).all()
        assert np.isfinite(grid.sel(step_size=0.05)[name]).all()
    assert np.isnan(lost.budget).all()


def test_threads_and_processes_change_no_bit():
    settings = dict(alpha=[0.1], step_size=[0.02, 0.04], batch_size=[None, 1, 4], seed=range(3))
    one = sweep(small, **settings, executor=ThreadPoolExecutor(1), **options)
    many = sweep(small, **settings, executor=ThreadPoolExecutor(8), **options)
    assert one.identical(many)
    with ProcessPoolExecutor(2) as processes:
        assert one.identical(sweep(small, **settings, executor=processes, **options))
    assert one.identical(sweep(small, **settings, **options))


def test_gd_is_run_once_whatever_the_seed_and_the_name_of_the_full_batch(monkeypatch):
    from lib import sweeps

    calls = []
    whole = sweeps.train
    monkeypatch.setattr(sweeps, "train", lambda *a, **k: calls.append(a) or whole(*a, **k))
    grid = sweep(small, 0.1, 0.02, batch_size=[None, 20, 1], seed=range(5), **options)
    assert len(calls) == 1 + 5
    assert (grid.loss[0] == grid.loss[0, 0]).all()


def test_the_band_of_gd_holds_its_own_definition():
    grid = np.geomspace(0.1, 10, 12)
    band = step_size_band(small, step_size=grid)
    statuses = [train(small, 0.1, gamma, tol=1e-12, max_steps=200_000).status for gamma in grid]
    diverged = np.array([status == "diverged" for status in statuses])
    assert np.array_equal(band.diverged, diverged)
    assert not diverged[grid <= band.low].any()
    assert diverged[grid >= band.high].all()
    assert diverged[np.searchsorted(grid, band.low) + 1]
    assert not diverged[np.searchsorted(grid, band.high) - 1]
    assert ((band.converged == 0) | (band.diverged == 0)).all()


def test_the_band_of_sgd_lies_below_that_of_gd_and_is_wide():
    gd = step_size_band(small, 0.1)
    sgd = step_size_band(small, 0.1, 1, seed=range(8))
    assert 0 < sgd.low < sgd.high < gd.low <= gd.high < np.inf
    assert np.any((sgd.diverged > 0) & (sgd.diverged < 1))


def test_a_band_beyond_the_grid_says_so():
    assert step_size_band(small, step_size=[1e-3, 2e-3]).high == np.inf
    assert step_size_band(small, step_size=[1e-3, 2e-3]).low == 2e-3
    assert step_size_band(small, step_size=[50.0, 60.0]).low == 0
    assert step_size_band(small, step_size=[50.0, 60.0]).high == 50.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("problem", None),
        ("problem", [small, 3]),
        ("problem", [small, sparse_regression(10, 30, 3)]),
        ("problem", []),
        ("alpha", []),
        ("alpha", [0.1, -1]),
        ("step_size", [0.1, np.nan]),
        ("batch_size", [None, 21]),
        ("seed", range(0)),
        ("seed", [-1]),
        ("executor", "threads"),
        ("tol", -1),
    ],
)
def test_bad_arguments_are_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be .*, got "):
        sweep(**{"problem": small, name: value})


@pytest.mark.parametrize("grid", [[0.2, 0.1], [], [0.1, np.nan], 0.1, "x"])
def test_a_bad_grid_is_named(grid):
    with pytest.raises(ValueError, match=r"^step_size must be .*, got "):
        step_size_band(small, step_size=grid)


def test_default_executor_uses_the_processors(monkeypatch):
    from lib import sweeps

    seen = []

    class Spy(ThreadPoolExecutor):
        def __init__(self, workers):
            seen.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(sweeps, "ThreadPoolExecutor", Spy)
    sweep(small, 0.1, 0.05, **options)
    assert seen == [os.cpu_count()]
