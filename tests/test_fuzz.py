"""Hostile input in small: fifteen random calls of each public function, always the same ones.

And, one by one, what the many calls of ``python -m tests.fuzz 100000`` have found.
"""

import itertools
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from matplotlib.figure import Figure

import lib
from lib import (
    Problem,
    axis,
    check,
    explore,
    graded_student,
    gradient_flow,
    min_l1,
    min_potential,
    sharpness,
    show,
    sparse_regression,
    spread,
    step_size_band,
    student_seed,
    sweep,
    tidy,
    train,
)
from tests.fuzz import ANSWERS, FUNCTIONS, MAKERS, Call, Fault, Liar, Unprintable, judge, make_call

CALLS = 15

tiny = Problem([[1.0, 2.0]], [1.0])


def refused(name):
    return pytest.raises(ValueError, match=rf"^{name} must be (.|\n)+, got ")


def test_every_public_function_is_called():
    assert set(MAKERS) == set(ANSWERS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_call_is_answered_or_refused(name, monkeypatch):
    # An integration may take a quarter of a million evaluations before it gives up.
    monkeypatch.setattr(lib.flow, "MAX_EVALUATIONS", 500)
    first = FUNCTIONS.index(name)
    for number in range(first, first + CALLS * len(FUNCTIONS), len(FUNCTIONS)):
        call = make_call(number)
        try:
            judge(call)
        except Fault as fault:
            pytest.fail(f"python -m tests.fuzz --call {number}: {fault}\n{call}")


def test_the_judge_sees_what_is_wrong(monkeypatch):
    """A fuzzer that lets everything pass would pass as well."""
    assert judge(Call("tidy", {"value": 1.0})) == "answered"

    def warns(value, digits=2):
        warnings.warn("mind the gap", stacklevel=1)

    def raises(value, digits=2):
        raise ZeroDivisionError

    def refuses(value, digits=2):
        raise ValueError("value must be another, got this")

    def mumbles(value, digits=2):
        raise ValueError("no")

    for wrong in (warns, raises, refuses, mumbles, lambda value, digits=2: "nan"):
        monkeypatch.setattr(lib, "tidy", wrong)
        with pytest.raises(Fault):
            judge(Call("tidy", {"value": 1.0}))


@pytest.mark.parametrize("value", [10**5000, Unprintable()], ids=["too long", "raises"])
def test_what_cannot_be_printed_is_refused_all_the_same(value):
    with pytest.raises(ValueError, match=r"^seed must be .*, got a \w+ that cannot be printed$"):
        sparse_regression(seed=[value])
    with refused("alpha"):
        train(tiny, alpha=value)
    with refused("w_star"):
        Problem([[1.0]], [1.0], value)


@pytest.mark.parametrize(
    "value",
    [np.ma.array([1.0, 2.0], mask=[False, True]), [1.0, np.ma.masked], np.ma.masked_all(2)],
)
def test_masked_numbers_are_no_numbers(value):
    with refused("w_star"):
        Problem([[1.0, 2.0]], [1.0], value)
    with refused("values"):
        spread(value)
    with refused("value"):
        tidy(np.ma.masked)
    with refused("tol"):
        train(tiny, tol=np.ma.masked)
    assert spread(np.ma.array([1.0, 2.0])) == "1.5 (1 to 2)"


def test_a_fraction_is_a_number():
    third = Fraction(1, 3)
    assert tidy(third) == "0.33"
    assert np.array_equal(train(tiny, third, third).w, train(tiny, 1 / 3, 1 / 3).w)


def test_durations_are_no_whole_numbers():
    with refused("seed"):
        sparse_regression(seed=np.timedelta64(1, "s"))
    with refused("std"):
        sparse_regression(std=np.timedelta64(1, "s"))


@pytest.mark.parametrize("endless", [itertools.count(), itertools.repeat(1)])
def test_what_has_no_end_is_refused(endless):
    with refused("record"):
        train(tiny, record=endless)
    with refused("seed"):
        step_size_band(tiny, seed=endless, step_size=[0.1])
    with refused("values"):
        axis(endless)
    with refused("g"):
        explore(lambda g: Figure(), g=endless)
    with refused("seed"):
        sweep(tiny, seed=range(10**12))
    with refused("seed"):
        sweep(tiny, alpha=[0.1] * 2000, seed=range(1000))
    with refused("n_samples"):
        sparse_regression(10**12, 10**12)


def test_seeds_that_are_no_list_are_named():
    with refused("seed"):
        step_size_band(tiny, seed=3, step_size=[0.1])


def test_steps_to_record_may_lie_beyond_any_run():
    assert list(train(tiny, record=10**30, max_steps=3, tol=0).history.step) == [0, 3]
    assert list(train(tiny, record=[10**30, 1], max_steps=3, tol=0).history.step) == [1, 3]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("X", {"X": [[1.0, 0.0], [1e-80, 0.0]]}),
        ("X", {"X": [[1e76, 0.0], [1.0, 0.0]]}),
        ("y", {"y": [1e-160, 0.0]}),
        ("y", {"y": [1e151, 0.0]}),
        ("w_star", {"w_star": [1e151, 0.0]}),
    ],
)
def test_data_whose_squares_are_no_floats_are_refused(name, change):
    with refused(name):
        Problem(**{"X": [[1.0, 0.0], [1.0, 2.0]], "y": [1.0, 0.0]} | change)


def test_a_tiny_entry_beside_others_and_a_row_of_zeros_are_fine():
    assert Problem([[1.0, 1e-300], [0.0, 0.0]], [1e-300, 1.0]).dim == 2


def test_a_loss_beyond_the_largest_float_is_infinite():
    problem = Problem([[1.0, -1.0]], [0.0])
    assert problem.loss([1e200, 0]) == problem.loss([1.7e308, -1.7e308]) == math.inf


def test_layers_too_large_for_their_hessian_are_refused():
    with refused("u"):
        sharpness(tiny, [1e200, 1.0], [1.0, 1.0])


def test_arguments_beyond_their_range_are_refused():
    with refused("start"):
        min_potential(tiny, 0.1, start=[1e151, 0.0])
    with refused("start"):
        min_potential(tiny, 0.1, start=[[1.0], 2.0])
    with refused("weights"):
        min_l1(tiny, weights=[1e-90, 1.0])
    for step_size in (1e151, [0.1, 1e151], lambda t: 1e151):
        with refused(r"step_size(\(0\))?"):
            train(tiny, step_size=step_size)
    with refused("noise"):
        sparse_regression(noise=1e-100)


def test_a_factor_that_has_become_zero_leaves_no_nan():
    """A step x = −1 exactly: w₋ = 0 from then on, with nothing of the scale left."""
    run = train(Problem([[1.0]], [1.0]), 0.1, 1.0, max_steps=1)
    assert run.status == "stopped"
    assert run.effective_alpha == 0
    assert run.gain == math.inf
    # w̃₀ = w₊² e^{2Σx} − w₋² e^{−2Σx}, with w₊ = 2 α/√2 and Σx = −1.
    assert run.start == pytest.approx(2 * 0.01 * math.exp(-2), rel=1e-14)
    # The step after it, x = 1, would take the other factor too.
    both = train(Problem([[1.0]], [-2.0]), 0.5, [0.5, 1 / 2.5], max_steps=2, tol=0)
    assert not np.isnan(both.start).any()


def test_a_start_is_found_where_sinh_is_beyond_a_float():
    """x = 400 in one step at α = 1e-150: w̃₀ = w₊² e^{2x} − w₋² e^{−2x} is an ordinary number."""
    run = train(Problem([[1.0]], [-400.0]), 1e-150, 1.0, max_steps=1)
    assert run.status == "stopped"
    # w₊ = (1 − 400) α/√2, and what is subtracted is smaller by e^{−1600}.
    assert math.log(run.start[0]) == pytest.approx(2 * math.log(399e-150) - math.log(2) + 800)


@pytest.mark.parametrize("kind", [np.float16, np.longdouble, np.float32])
def test_floats_of_any_width_are_coordinates(kind):
    grid = sweep(tiny, step_size=np.array([0.25, 0.5], kind), max_steps=3)
    assert grid.step_size.dtype == float
    assert list(grid.step_size.values) == [0.25, 0.5]


def test_a_start_whose_square_is_no_float_is_left_for_the_nearest_interpolator():
    w = min_potential(Problem([[1.0]], [0.0]), 1e-70, start=-1e149)
    assert abs(w[0]) <= 1e149 * 1e-14


def test_an_executor_that_does_not_do_its_work_is_told():
    with pytest.raises(RuntimeError, match=r"^the executor gave 0 results for 2 runs$"):
        sweep(tiny, alpha=[0.1, 0.2], executor=Liar())


@pytest.mark.parametrize(("alpha", "depth"), [(1e90, 2), (1e-20, 4)])
def test_a_flow_beyond_floats_gives_up(alpha, depth, monkeypatch):
    """What SciPy says of an overflow, or of a step that leads nowhere, is no argument's fault."""
    monkeypatch.setattr(lib.flow, "MAX_EVALUATIONS", 2000)
    with pytest.raises(RuntimeError, match="was not found to a relative accuracy"):
        gradient_flow(Problem([[1.0]], [-1.5]), alpha, [0, 1.0, 1e95], depth)


def test_spread_of_the_largest_numbers():
    assert spread([-1.7e308, 1.7e308]).startswith("0 (−1.7")
    assert tidy(-0.0) == "0"


def test_letters_that_cannot_be_written_are_refused():
    half = "a\ud800"
    with refused("student"):
        student_seed(half, "gain")
    with refused("assignment"):
        student_seed("ada", half)
    with refused("student"):
        graded_student(half)
    with refused("quantity"):
        check("C01", half, predicted="1", measured="1", holds=True)
    with refused("claim"):
        check("C٠٣", "slope", predicted="1", measured="1", holds=True)
    with refused("description"):
        show(Figure(), half)
    with refused("description"):
        explore(lambda g: (Figure(), half), g=[1, 2])
    with refused("label"):
        axis([1, 2], label=half)


def test_axes_of_neighbouring_and_of_the_largest_floats():
    for values in ([1.0, np.nextafter(1.0, 2.0)], [-1.7e308, 0.0, 1.7e308], np.array([1, 2], "g")):
        made = axis(values)
        assert len(set(made.keys)) == len(values)
        assert all(type(value) is float for value in made.values)
        explore(lambda g: Figure((2, 2)), g=made)


@pytest.mark.parametrize("fmt", ["c", "x>20.1e"])
def test_a_format_that_some_value_does_not_bear_is_refused(fmt):
    with refused("fmt"):
        axis([10**9, 2 * 10**9], fmt=fmt)


def test_names_of_controls_are_names():
    with refused("axes"):
        explore(lambda **_: Figure(), **{'g" onclick="x': [1, 2]})
