"""Hostile input: random calls of every public function of lib, each answered well or refused well.

On demand, from the top of the repository:

    python -m tests.fuzz 100000              # so many calls, and the figures
    python -m tests.fuzz 100000 --first 7    # others: call k is made from the seed k alone
    python -m tests.fuzz --call 4711         # one of them, told in full

A call has right arguments at the extremes of what is documented, in every disguise that an array
or a number can wear; in more than half of the calls one or two of them are replaced by anything at
all. What may come of it:

- an answer: finite, of the documented shape and range (`ANSWERS` says what that is);
- a refusal: a ValueError that names the argument, what was expected and what was given; right
  arguments are refused only where the documentation says so;
- a TypeError where the call itself is malformed, or where the documentation names one;
- a RuntimeError, where the documentation names one;
- an error of the caller's own function, untouched.

All else is a fault: another error, a warning, a NaN that nobody was told of, an argument changed
on the way, a process that dies, a call that does not end. Calls run in child processes, so that
the last two are seen as well.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import io
import itertools
import json
import math
import os
import queue
import random
import re
import subprocess
import sys
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import ipywidgets
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

import lib
from lib import Problem
from lib._axis import Axis
from lib.explorer import PAGE_VARIABLE
from lib.sweeps import StepSizeBand
from lib.training import Run

FUNCTIONS = tuple(name for name in lib.__all__ if callable(getattr(lib, name)))
PATIENCE = 300.0  # seconds without a word from a child, until its call counts as one that hangs
EVALUATIONS = 5000  # of a flow, in one of five attempts
MEMORY = 6 * 2**30  # bytes of address space of a child: a call for more is seen as a MemoryError


class OwnError(Exception):
    """What a caller's own function raises."""


class Fault(Exception):
    """What must not come of a call."""


@dataclass
class Call:
    """One call: the function's name, its arguments, and what may come of it."""

    name: str
    arguments: dict[str, object]
    positional: tuple = ()
    refusable: set[str] = field(default_factory=set)  # arguments that may be refused though right
    replaced: list[str] = field(default_factory=list)
    malformed: bool = False
    on_page: bool = False

    def __str__(self) -> str:
        with np.printoptions(threshold=60):
            words = [*map(_shown, self.positional)]
            words += [f"{name}={_shown(value)}" for name, value in self.arguments.items()]
        return f"{self.name}({', '.join(words)})"


def _shown(value: object) -> str:
    if isinstance(value, Problem):
        return f"Problem({value.X!r}, {value.y!r}, {value.w_star!r})"
    try:
        text = repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if len(text) <= 600 else f"{text[:600]}…"


# ------------------------------------------------------------------ what is right


class Source:
    """Everything random about one call."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def choose(self, *options: object) -> object:
        return self.random.choice(options)

    def between(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def power(self, low: float, high: float) -> float:
        """10 to a power between the two, often to one of the ends."""
        if self.chance(0.15):
            return 10.0 ** self.choose(low, high)
        return 10.0 ** self.random.uniform(low, high)

    def normal(self, *shape: int) -> np.ndarray:
        return self.numpy.standard_normal(shape)

    def data(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """X, y and perhaps w*, with the degeneracies that data may have."""
        n_samples, dim = self.between(1, 5), self.between(1, 7)
        X, w = self.normal(n_samples, dim), self.normal(dim)
        w[self.numpy.random(dim) < 0.4] = 0
        for _ in range(self.between(0, 2)):
            i, j, k = (
                self.between(0, n_samples - 1),
                self.between(0, dim - 1),
                self.between(0, dim - 1),
            )
            match self.between(0, 9):
                case 0:
                    X[i] = 0
                case 1:
                    X[:, j] = 0
                case 2:
                    X[:, j] = X[:, k]
                case 3:
                    X[i] = X[self.between(0, n_samples - 1)]
                case 4:
                    X = np.outer(X[:, 0], X[0])
                case 5:
                    X = np.rint(3 * X)
                case 6:
                    X[i] *= self.power(-8, 8)
                case 7:
                    X[:, j] *= self.power(-8, 8)
                case 8:
                    X[:, j] = X[:, k] * (1 + 1e-9 * self.normal(n_samples))
                case 9:
                    X[:] = self.choose(0.0, 1.0)
        y = X @ w
        if self.chance(0.15):
            y = self.normal(n_samples)
        elif self.chance(0.1):
            y[:] = 0
        if self.chance(0.25):
            X, y = X * self.power(-60, 60), y * self.power(-60, 60)
            w = w * self.power(-60, 60)
        return X, y, w if self.chance(0.5) else None

    def problem(self) -> Problem:
        return Problem(*self.data())

    def alpha(self, dim: int, depth: int = 2) -> object:
        ends = -300 / depth, 300 / depth
        if self.chance(0.5):
            ends = -3, 1
        if self.chance(0.3):
            return np.array([self.power(*ends) for _ in range(dim)])
        return self.power(*ends)

    def weights(self, dim: int) -> np.ndarray:
        """Weights of any size, some of them tiny, huge or 0."""
        w = self.normal(dim)
        for _ in range(self.between(0, 2)):
            if dim:
                w[self.between(0, dim - 1)] = self.choose(
                    0.0, -0.0, 1e300, -1e300, 1e-300, 5e-324, 1e-160, 1e150, self.power(-300, 299)
                )
        return w

    def disguised(self, value: object) -> object:
        """The same number or array in other clothes."""
        if isinstance(value, float):
            options = [np.float64(value), np.array(value), np.longdouble(value)]
            if math.isfinite(value):
                options.append(Fraction(value))
            if 1e-30 < abs(value) < 1e30:
                options.append(np.float32(value))
            return self.choose(*options)
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim not in (1, 2):
            return value
        frozen = value.copy()
        frozen.flags.writeable = False
        options = [
            frozen,
            np.repeat(value, 2, axis=-1)[..., ::2],
            np.asfortranarray(value),
            value[::-1].copy()[::-1],
            value.astype(">f8"),
            value.astype(np.longdouble),
            value.view(Subclass),
            np.ma.array(value),
            value.tolist(),
            (pd.Series if value.ndim == 1 else pd.DataFrame)(value),
            xr.DataArray(value),
        ]
        if (
            value.size
            and (np.abs(value[value != 0]) > 1e-30).all()
            and (np.abs(value) < 1e30).all()
        ):
            options.append(value.astype(np.float32))
        return self.choose(*options)

    def odd(self) -> object:
        """Anything at all."""
        return self.choose(*ODD)()

    def spoilt(self, value: object) -> object:
        """Nearly right: the wrong length, shape, type or entry."""
        if isinstance(value, np.ndarray) and value.ndim and value.size and value.dtype.kind == "f":
            broken = np.array(value, dtype=float)
            entry = self.between(0, broken.size - 1)
            broken.flat[entry] = self.choose(np.nan, np.inf, -np.inf, 1.7e308, -1.0, 0.0, 1e-320)
            return self.choose(
                broken,
                value[:-1],
                np.append(value, 1.0),
                value[None],
                value.astype(object),
                value.astype(complex),
                value.astype(str),
                value > 0,
                np.ma.array(value, mask=self.numpy.random(value.shape) < 0.5),
                np.array(value.flat[0]),
                [*value.tolist(), [1.0]],
                [value.flat[0], np.ma.masked],
                iter(value),
                float(value.flat[0]),
            )
        if isinstance(value, list | tuple) and value:
            return self.choose(
                [], [*value, self.odd()], [self.odd()], [value], iter(value), value * 2
            )
        if isinstance(value, bool):
            return self.choose(int(value), np.bool_(value), None)
        if isinstance(value, int):
            return self.choose(-value, value + 0.5, float(value), -1, 0, np.int8(3), np.uint64(3), [value],
                               np.array(value), np.array([value]), str(value), value + 1)  # fmt: skip
        if isinstance(value, float):
            return self.choose(-value, 0.0, [value], complex(value), str(value), 2 * value, 5e-324)
        if isinstance(value, str):
            return self.choose(
                "", " ", value + "\ud800", value.encode(), "\x00", value * 300, "<b>&"
            )
        return self.odd()


class Subclass(np.ndarray):
    """An array of another name."""


class Unprintable:
    """Nothing can be asked of it."""

    def __repr__(self) -> str:
        raise OwnError

    def __array__(self, *_: object, **__: object) -> np.ndarray:
        raise OwnError

    def __float__(self) -> float:
        raise OwnError

    __len__ = __iter__ = __index__ = __bool__ = __eq__ = __float__
    __hash__ = None


def _nested(depth: int) -> list:
    made: list = []
    for _ in range(depth):
        made = [made]
    return made


def _raises(*_: object, **__: object) -> None:
    raise OwnError


def _of_objects() -> np.ndarray:
    made = np.empty(2, dtype=object)
    made[0] = Unprintable()
    return made


ODD: tuple[Callable[[], object], ...] = (
    *(
        (lambda value=value: value)
        for value in (
            None, True, False, np.True_, "", "x", "0.1", "\ud800", b"1", 0, -1, 1, 2, 3.0, 0.5, -0.0,
            math.nan, math.inf, -math.inf, 5e-324, 1e-200, 1e200, 1.7e308, -1e308, 2**31, 2**63,
            -(2**63), 10**30, 10**400, -(10**5000), 1j, np.complex64(1), np.float32(0.1),
            np.float16(3), np.longdouble("1e4000"), np.int8(3), np.uint64(2**64 - 1),
            np.datetime64("2020-01-01"), np.timedelta64(1, "s"), Fraction(1, 3), Decimal("0.1"), (),
            frozenset({1}), range(0), range(3), range(10**12), int, Ellipsis, np.ma.masked, np.nan,
            abs, NotImplemented, pd.NA, pd.NaT,
        )
    ),
    list, dict, set, Unprintable, object,
    lambda: [[]], lambda: [None], lambda: [1, [2]], lambda: [1, 1], lambda: [2, 1], lambda: [0.1, math.nan],
    lambda: ["a", "a"], lambda: ["a", 1], lambda: ["a", "b"], lambda: [{}, []], lambda: {"a": 1},
    lambda: [10**30, 1], lambda: [np.ma.masked, 1.0], lambda: _nested(5000), lambda: _nested(40),
    lambda: np.array(0.1), lambda: np.array("x"), lambda: np.zeros(0), lambda: np.zeros((0, 3)),
    lambda: np.zeros((2, 0)), lambda: np.zeros((2, 2, 2)), lambda: np.array([1, None]),
    _of_objects, lambda: np.ones(3, dtype=bool),
    lambda: np.ma.array([1.0, 2.0], mask=[True, False]), lambda: np.ma.masked_all((2, 3)),
    lambda: np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), lambda: np.full(3, "1.0"),
    lambda: np.array([1e308, 1e308]), lambda: np.array([1 + 2j, 3]), lambda: np.array([np.nan]),
    lambda: pd.Series([1.0, None]), lambda: pd.Series(["a"]), lambda: pd.DataFrame({"a": [1.0]}),
    lambda: xr.DataArray([1.0, 2.0]), lambda: xr.DataArray(0.1), lambda: xr.Dataset(),
    lambda: (k for k in range(3)), lambda: iter([]), lambda: itertools.count(1), lambda: itertools.repeat(0.1),
    lambda: lambda *_, **__: 0.01, lambda: lambda *_, **__: None, lambda: lambda *_, **__: math.nan,
    lambda: lambda: 1, lambda: _raises, lambda: Problem([[1.0]], [1.0]), lambda: Figure((2, 2)), Future,
    lambda: io.StringIO("x"), lambda: memoryview(b"abc"), lambda: bytearray(b"abc"),
)  # fmt: skip


# ------------------------------------------------------------------ right calls of each function


class Liar(Executor):
    """An executor whose answers are not what it was asked for."""

    def submit(self, *_: object, **__: object) -> Future:
        raise OwnError

    def map(self, *_: object, **__: object) -> object:
        return iter([])


class Runner(Executor):
    """An executor of the plainest kind."""

    def submit(self, work: Callable, *arguments: object, **named: object) -> Future:
        future = Future()
        try:
            future.set_result(work(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


def _closed(kind: type[Executor] = ThreadPoolExecutor) -> Executor:
    executor = kind(1)
    executor.shutdown()
    return executor


def _batch(source: Source, n_samples: int) -> dict:
    return {
        "batch_size": source.choose(None, 1, source.between(1, n_samples), n_samples),
        "replacement": source.choose(True, False),
    }


def _step_size(source: Source) -> float:
    return source.power(-3, 0) if source.chance(0.7) else source.power(-300, 150)


def _schedule(source: Source) -> object:
    match source.between(0, 5):
        case 0:
            return np.array([_step_size(source) for _ in range(source.between(1, 30))])
        case 1:
            return lambda t: 0.1 / (1 + t)
        case 2:
            return source.choose(lambda t: 0.1 - 0.01 * t, lambda t: "x", lambda t: None, _raises)
    return _step_size(source)


def _train(source: Source) -> Call:
    problem = source.problem()
    arguments = {
        "problem": problem,
        "alpha": source.alpha(problem.dim),
        "step_size": _schedule(source),
        "seed": source.choose(0, 7, 2**63, 10**40),
        **_batch(source, problem.n_samples),
        "max_steps": source.choose(0, 1, 100, 3000, 9000),
        "tol": source.choose(0, 1e-16, 1e-4, 1e300),
        "record": source.choose(None, 1, 7, (), [0, 5, 10**7], range(0, 100, 9), 10**30, [10**30]),
        "full_loss": source.choose(True, False),
    }
    if isinstance(arguments["step_size"], np.ndarray):
        arguments["max_steps"] = 10**30  # the list of step sizes ends the run
    refusable = {"step_size"} if callable(arguments["step_size"]) else set()
    return Call("train", arguments, refusable=refusable)


def _several(source: Source, make: Callable[[], object]) -> object:
    if source.chance(0.5):
        return make()
    made = [make() for _ in range(source.between(1, 3))]
    if source.chance(0.2):
        made.append(made[0])
    return tuple(made) if source.chance(0.3) else made


def _sweep(source: Source) -> Call:
    X, y, w_star = source.data()
    problems = [Problem(X, y, w_star), Problem(X[::-1], y[::-1]), Problem(X, 2 * y)]
    n_samples, dim = X.shape
    batch = _batch(source, n_samples)
    pool = source.choose(None, None, None, Runner(), Liar(), _closed())
    if source.chance(0.01):
        pool = _closed(ProcessPoolExecutor)
    arguments = {
        "problem": _several(source, lambda: source.choose(*problems)),
        "alpha": _several(source, lambda: source.alpha(dim)),
        "step_size": _several(source, lambda: _step_size(source)),
        "seed": source.choose(0, [1, 1], range(3), [2**63, 10**30], np.arange(2)),
        **batch,
        "executor": pool,
        "max_steps": source.choose(0, 1, 50, 300),
        "tol": source.choose(0, 1e-16, 1e-4),
        "full_loss": source.choose(True, False),
    }
    return Call("sweep", arguments)


def _step_size_band(source: Source) -> Call:
    problem = source.problem()
    arguments = {
        "problem": [problem, problem] if source.chance(0.2) else problem,
        "alpha": source.alpha(problem.dim),
        **_batch(source, problem.n_samples),
        "seed": source.choose(range(2), [3], (5, 5), np.arange(2), iter([1, 2]), {4}),
        "max_steps": source.choose(0, 1, 60),
        "tol": source.choose(0, 1e-12),
    }
    if source.chance(0.6):
        arguments["step_size"] = np.cumsum(
            [source.power(-4, 1) for _ in range(source.between(1, 5))]
        )
    return Call("step_size_band", arguments, refusable={"problem"})


def _problem(source: Source) -> Call:
    X, y, w_star = source.data()
    arguments = {"X": X, "y": y} | ({} if w_star is None else {"w_star": w_star})
    return Call("Problem", arguments)


def _sparse_regression(source: Source) -> Call:
    dim = source.between(1, 30)
    arguments = {
        "n_samples": source.between(1, 30),
        "dim": dim,
        "sparsity": source.between(0, dim),
        "seed": source.choose(0, 5, 2**64, 10**400),
        "noise": source.choose(0, source.power(-60, 60)),
        "std": source.power(-60, 60),
    }
    return Call("sparse_regression", arguments)


def _min(name: str) -> Callable[[Source], Call]:
    def make(source: Source) -> Call:
        problem = source.problem()
        arguments: dict = {"problem": problem}
        if name == "min_l1" and source.chance(0.5):
            arguments["weights"] = np.array([source.power(-8, 8) for _ in range(problem.dim)])
        if name == "min_potential":
            depth = source.choose(2, 2, 2, 3, 4, 5, 6)
            arguments |= {"alpha": source.alpha(problem.dim, depth), "depth": depth}
            if depth == 2 and source.chance(0.4):
                start = source.normal(problem.dim) * source.choose(
                    1.0, 1.0, source.power(-300, 149)
                )
                arguments["start"] = source.choose(start, float(start[0]))
        return Call(name, arguments, refusable={"problem"})

    return make


def _gradient_flow(source: Source) -> Call:
    problem = source.problem()
    depth = source.choose(2, 2, 2, 3, 4, 6)
    arguments = {"problem": problem, "alpha": source.alpha(problem.dim, depth), "depth": depth}
    if source.chance(0.7):
        times = np.unique([source.power(-8, 8) for _ in range(source.between(1, 5))])
        if source.chance(0.2):
            times = np.unique([*times, 0.0, source.power(-300, 300)])
        arguments["times"] = times
    return Call(
        "gradient_flow", arguments, refusable=set() if "times" in arguments else {"problem"}
    )


def _sharpness(source: Source) -> Call:
    problem = source.problem()
    size = source.power(-60, 60) if source.chance(0.3) else 1.0
    arguments = {
        "problem": problem,
        "u": size * source.normal(problem.dim),
        "v": size * source.normal(problem.dim),
    }
    return Call("sharpness", arguments)


def _constants(name: str) -> Callable[[Source], Call]:
    def make(source: Source) -> Call:
        problem = source.problem()
        arguments = {"problem": problem, **_batch(source, problem.n_samples)}
        if name == "critical_step_size":
            arguments.pop("replacement")
            arguments["batch_size"] = source.choose(None, 1, problem.n_samples)
        return Call(name, arguments, refusable={"problem"})

    return make


def _potential(name: str) -> Callable[[Source], Call]:
    def make(source: Source) -> Call:
        depth, dim = source.choose(2, 2, 3, 4, 5, 6), source.between(0, 6)
        arguments = {"w": source.weights(dim), "alpha": source.alpha(dim, depth), "depth": depth}
        if name == "bregman_divergence":
            arguments["w0"] = source.weights(dim)
            if source.chance(0.3):
                arguments["w0"] = arguments["w"] * (1 + source.choose(0, 1e-9, -1e-16))
                arguments["w0"] = np.clip(arguments["w0"], -1e300, 1e300)
        return Call(name, arguments)

    return make


def _check(source: Source) -> Call:
    arguments = {
        "claim": source.choose("C03", "E1", "R7"),
        "quantity": source.choose("slope", "a<sub>1</sub> & <script>", "10⁻³"),
        "predicted": source.choose("1", "γ", "<i>"),
        "measured": source.choose("1.0", "\x7f", "−4"),
        "holds": source.choose(True, True, np.True_, False),
    }
    return Call("check", arguments)


def _text(source: Source) -> str:
    letters = [
        source.choose("a", "ŉ", "İ", "ß", "é", "\u0301", "中", "𝔸", "\x00", "​", "\n", " ", "ﬁ", "<")
        for _ in range(9)
    ]
    return "".join(letters[: source.between(1, 9)])


def _student_seed(source: Source) -> Call:
    arguments = {"student": f"a{_text(source)}", "assignment": f"b{_text(source)}"}
    return Call("student_seed", arguments)


def _graded_student(source: Source) -> Call:
    return Call("graded_student", {"student": source.choose("", " ", _text(source))})


def _number(source: Source) -> float:
    return source.choose(
        source.power(-323, 308), -source.power(-300, 300), 0.0, -0.0, 999.5, 99.95, 1e21, 1.7e308,
        float(source.between(-2000, 2000)),
    )  # fmt: skip


def _tidy(source: Source) -> Call:
    value = source.choose(_number(source), math.inf, -math.inf, math.nan, 3, -250, 10**15)
    return Call("tidy", {"value": value, "digits": source.between(1, 17)})


def _spread(source: Source) -> Call:
    shape = source.choose((3,), (1,), (2, 3), (5,))
    values = np.array([_number(source) for _ in range(math.prod(shape))]).reshape(shape)
    return Call("spread", {"values": values, "digits": source.between(1, 17)})


def _with_error(source: Source) -> Call:
    values = source.normal(source.between(2, 5)) * source.power(-150, 150)
    arguments = {"values": values, "digits": source.between(1, 17), "of_mean": source.chance(0.5)}
    return Call("with_error", arguments)


def _relative_distance(source: Source) -> Call:
    dim = source.between(1, 5)
    w = source.normal(*source.choose((), (3,), (2, 3)), dim)
    return Call("relative_distance", {"w": w, "reference": source.normal(dim)})


def _band(source: Source) -> Call:
    count = source.between(1, 5)
    values = source.normal(source.between(1, 6), count)
    values[source.numpy.random(values.shape) < 0.2] = math.nan
    arguments = {
        "ax": lib.panel()[1],
        "x": np.arange(count) * source.power(-3, 3),
        "values": values,
        "role": source.choose(*lib.LINES),
        "label": source.choose(None, "GD", "α<sub>∞</sub>"),
        "share": source.choose(0.0, 0.5, 1.0),
    }
    return Call("band", arguments)


def _dots(source: Source) -> Call:
    arguments = {"role": source.choose(*lib.LINES), "size": source.power(-1, 2)}
    return Call("dots", arguments)


def _w_star(source: Source) -> np.ndarray:
    w_star = source.normal(source.between(2, 9))
    w_star[: source.between(1, len(w_star) - 1)] = 0
    return source.numpy.permutation(w_star)


def _coordinate_places(source: Source) -> Call:
    return Call("coordinate_places", {"w_star": _w_star(source)})


def _coordinate_panel(source: Source) -> Call:
    arguments = {
        "w_star": _w_star(source),
        "width": source.choose(1.5, 2.35, 3.4, 100),
        "truth": source.chance(0.5),
    }
    return Call("coordinate_panel", arguments)


def _table(source: Source) -> Call:
    width = source.between(1, 4)
    options = ("", "a", r"\|w\|", "1.3 × 10<sup>−8</sup>", "$x_t$", 3, np.int64(12), "GD ")
    arguments = {
        "head": [str(source.choose(*options)) for _ in range(width)],
        "rows": [
            [source.choose(*options) for _ in range(width)] for _ in range(source.between(0, 3))
        ],
        "before": source.choose("", "**Seen.**", "Two\n\nparagraphs."),
        "after": source.choose("", "So."),
        "align": source.choose(None, "l" * width, "r" * width),
    }
    return Call("table", arguments)


def _grid(source: Source) -> object:
    count = source.between(2, 4)
    match source.between(0, 8):
        case 0:
            return ["a", "b<i>", "γ"][:count]
        case 1:
            return sorted({source.between(-5, 9) for _ in range(6)} | {0, 1})
        case 2:
            return np.geomspace(source.power(-300, 0), source.power(1, 300), count)
        case 3:
            return range(3)
        case 4:
            return [1.0, np.nextafter(1.0, 2.0)]
        case 5:
            return [-1.7e308, 0.0, 1.7e308]
        case 6:
            return [1e300, np.nextafter(1e300, 2e300)]
        case 7:
            return [2**62, 2**53, 0]
    return np.linspace(source.choose(0.0, -1.0), source.power(-3, 3), count)


def _axis(source: Source) -> Call:
    values = _grid(source)
    numeric = not isinstance(values[0], str)
    arguments = {
        "values": values,
        "label": source.choose(None, "γ<sub>c</sub>", "<script>", ""),
        "unit": source.choose("", "s", "&"),
        "start": source.choose(None, values[0], values[len(values) - 1]),
        "fmt": source.choose(
            None, str, "", *([".2e", "g", "+.1%", " >12.1e"] if numeric else ["", "x>9"])
        ),
        "play": source.choose(True, False) and numeric,
        "shared": source.choose(None, "gamma", "<"),
    }
    if isinstance(values[0], int):
        arguments["fmt"] = source.choose(None, "d", ".3f", str)
    return Call("axis", arguments, refusable={"start"})  # rounded to fewer bits it may be outside


def _drawing(source: Source) -> Callable:
    def plain(**values: object) -> object:
        return Figure((2, 2))

    def described(**values: object) -> object:
        fig = Figure((2, 2))
        fig.text(0.1, 0.1, "x")
        return [fig, Figure((1, 2))], f"At {values} <b>it</b> is."

    def nonsense(**values: object) -> object:
        return source.odd()

    return source.choose(
        plain, plain, described, nonsense, _raises, lambda **_: (Figure((2, 2)), "")
    )


def _explore(source: Source) -> Call:
    draw = _drawing(source)
    arguments = {}
    for name in ["gamma", "b", "n_1"][: source.between(1, 2)]:
        arguments[name] = _grid(source)
        if source.chance(0.3):
            axis = _axis(source)
            arguments[name] = lib.axis(**axis.arguments)
    return Call("explore", arguments, (draw,), on_page=source.chance(0.5))


def _show(source: Source) -> Call:
    fig = Figure((2, 2))
    figures = source.choose(fig, [fig], (fig, Figure((1, 1))), [fig, fig])
    arguments = {
        "figures": figures,
        "description": source.choose(None, "A line.", "<b>", "\x00 10⁻³"),
    }
    return Call("show", arguments, on_page=source.chance(0.5))


def _panel(source: Source) -> Call:
    arguments = {"width": source.power(0.2, 1), "height": source.choose(2, 1.5, 2.6, 100)}
    for name in (
        "xlabel",
        "ylabel",
        "title",
        "xscale",
        "yscale",
        "xlim",
        "ylim",
        "alpha",
        "nothing",
    ):
        if source.chance(0.15):
            arguments[name] = source.choose(
                "x", "log", "linear", "symlog", (0.1, 1), (1, 0.1), (1e-12, 1e12), (3, 3), (0, 1),
                None, 0.5, math.nan, (math.nan, 1), [], "$\\frac{1}$", "<&>", object(),
            )  # fmt: skip
    return Call("panel", arguments, refusable=set(arguments) - {"width", "height"})


MAKERS: dict[str, Callable[[Source], Call]] = {
    "Problem": _problem,
    "axis": _axis,
    "band": _band,
    "bregman_divergence": _potential("bregman_divergence"),
    "check": _check,
    "coordinate_panel": _coordinate_panel,
    "coordinate_places": _coordinate_places,
    "critical_step_size": _constants("critical_step_size"),
    "dots": _dots,
    "explore": _explore,
    "gain_constants": _constants("gain_constants"),
    "graded_student": _graded_student,
    "gradient_flow": _gradient_flow,
    "hyperbolic_entropy": _potential("hyperbolic_entropy"),
    "min_l1": _min("min_l1"),
    "min_l2": _min("min_l2"),
    "min_potential": _min("min_potential"),
    "mirror_map": _potential("mirror_map"),
    "panel": _panel,
    "relative_distance": _relative_distance,
    "sharpness": _sharpness,
    "show": _show,
    "sparse_regression": _sparse_regression,
    "spread": _spread,
    "step_size_band": _step_size_band,
    "student_seed": _student_seed,
    "sweep": _sweep,
    "table": _table,
    "tidy": _tidy,
    "train": _train,
    "with_error": _with_error,
}


def make_call(number: int) -> Call:
    """Call ``number``: the functions take turns."""
    name = FUNCTIONS[number % len(FUNCTIONS)]
    source = Source(number)
    call = MAKERS[name](source)
    for argument, value in call.arguments.items():
        if source.chance(0.25):
            call.arguments[argument] = source.disguised(value)
    if source.chance(0.6):
        for _ in range(source.between(1, 2)):
            argument = source.choose(*call.arguments)
            value = call.arguments[argument]
            spoil = source.chance(0.4)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    value = source.spoilt(value) if spoil else source.odd()
            except Exception:  # what is odd already need not bear to be spoilt
                value = source.odd()
            if argument in ("max_steps", "step_size") and _endless(argument, value):
                continue
            call.arguments[argument] = value
            call.replaced.append(argument)
        if call.positional and source.chance(0.2):
            call.positional = (source.odd(),)
            call.replaced.append("draw")
    if source.chance(0.03):
        call.malformed = True
        if source.chance(0.5):
            call.arguments["no_such_argument"] = source.odd()
        else:
            call.arguments = dict(list(call.arguments.items())[1:])
    return call


def _endless(argument: str, value: object) -> bool:
    """Whether the call would take as long as it was, rightly, told to."""
    if argument == "step_size":
        return False
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return int(value) > 10_000
    return False


# ------------------------------------------------------------------ what a good answer is


def _is(condition: object, what: str) -> None:
    if not condition:
        raise Fault(f"the answer is wrong: {what}")


def _finite(name: str, value: object, shape: tuple[int, ...] | None = None) -> None:
    array = np.asarray(value)
    _is(array.dtype.kind in "iuf", f"{name} is not real: {array.dtype}")
    _is(shape is None or array.shape == shape, f"{name} has shape {array.shape}, not {shape}")
    _is(np.isfinite(array).all(), f"{name} = {value!r}")


def _good_problem(call: Call, answer: Problem) -> None:
    _finite("X", answer.X, (answer.n_samples, answer.dim))
    _finite("y", answer.y, (answer.n_samples,))
    _is(answer.n_samples >= 1 and answer.dim >= 1, "it is empty")
    if answer.w_star is not None:
        _finite("w_star", answer.w_star, (answer.dim,))
        _finite("the loss at w_star", answer.loss(answer.w_star))
    _is(not answer.X.flags.writeable and not answer.y.flags.writeable, "it can be written to")
    _is(repr(answer).startswith("Problem("), repr(answer))


def _good_vector(call: Call, answer: np.ndarray) -> None:
    _finite("w", answer, (call.arguments["problem"].dim,))


def _good_run(call: Call, run: Run) -> None:
    problem = call.arguments["problem"]
    dim = problem.dim
    _is(run.status in ("converged", "stopped", "diverged"), run.status)
    records = len(run.history.step)
    _is((np.diff(run.history.step) > 0).all() and run.history.step[-1] == run.steps, "records")
    for name in ("w", "gain", "effective_alpha", "start"):
        _is(getattr(run, name).shape == (dim,), name)
        _is(getattr(run.history, name).shape == (records, dim), f"history.{name}")
    if run.status == "diverged":
        return
    for of, who in ((run, ""), (run.history, "history.")):
        _finite(f"{who}w", of.w)
        _finite(f"{who}loss", of.loss)
        _is(not np.isnan(of.start).any(), f"{who}start = {of.start}")  # inf is documented
        _finite(f"{who}effective_alpha", of.effective_alpha)
        # A factor that has become 0 exactly has an infinite gain, as is documented.
        _finite(f"{who}gain", np.where(of.effective_alpha > 0, of.gain, 0))
        _is((of.gain[of.effective_alpha == 0] == np.inf).all(), f"{who}gain without scale")
    _finite("u", run.u, (dim,))
    _finite("v", run.v, (dim,))
    batch = call.arguments.get("batch_size")
    full = batch is None or (batch == problem.n_samples and not call.arguments.get("replacement"))
    for name in ("budget", "gain_budget"):
        if full or call.arguments.get("full_loss"):
            _is(getattr(run, name) >= 0, f"{name} = {getattr(run, name)}")  # inf is documented
        else:
            _is(math.isnan(getattr(run, name)), f"{name} of a run that did not look")


def _good_sweep(call: Call, answer: xr.Dataset) -> None:
    _is(isinstance(answer, xr.Dataset), type(answer))
    kept = answer.status != "diverged"
    for name in ("w", "start", "effective_alpha", "loss", "steps"):
        good = np.isfinite(answer[name]) if name != "start" else ~np.isnan(answer[name])
        _is(bool(good.where(kept, True).all()), f"{name} is not finite")
        if name != "steps":
            _is(bool(np.isnan(answer[name]).where(~kept, True).all()), f"{name} of a lost run")
    for name in ("problem", "alpha", "step_size", "batch_size", "seed"):
        value = call.arguments.get(name)
        if isinstance(value, list | tuple | range):
            _is(answer.sizes.get(name) == len(value), f"the dimension {name}")


def _good_band(call: Call, band: StepSizeBand) -> None:
    _finite("step_size", band.step_size)
    _finite("low", band.low)
    _is(band.high > 0, "high")
    for share in (band.diverged, band.converged):
        _finite("a share", share, band.step_size.shape)
        _is(((share >= 0) & (share <= 1)).all(), "a share")


def _good_flow(call: Call, flow: lib.flow.Flow) -> None:
    _finite("times", flow.times)
    _finite("w", flow.w, (len(flow.times), call.arguments["problem"].dim))
    _finite("loss", flow.loss, (len(flow.times),))
    _is(len(flow.times) and flow.times[0] >= 0 and (np.diff(flow.times) > 0).all(), "times")


def _good_number(low: float, infinite: bool = False) -> Callable:
    def check(call: Call, answer: float) -> None:
        _is(type(answer) is float, f"a {type(answer).__name__}")
        _is(answer >= low, answer)
        _is(infinite or math.isfinite(answer), answer)

    return check


def _good_gradient(call: Call, answer: np.ndarray) -> None:
    _finite("the gradient", answer, np.shape(call.arguments["w"]))


def _good_constants(call: Call, answer: tuple[float, float]) -> None:
    _finite("the constants", answer, (2,))
    _is(0 < answer[0] <= answer[1], answer)


def _good_axis(call: Call, answer: Axis) -> None:
    _is(len(answer.values) >= 2, "too few values")
    _is(len(set(answer.keys)) == len(answer.values), f"keys {answer.keys}")
    json.dumps(answer.keys, allow_nan=False)
    _is(answer.values[answer.start_index] is not None, "start")
    if not callable(call.arguments.get("fmt")):
        for value in answer.values:
            _is(isinstance(answer.shown(value), str), value)


def _good_html(call: Call, answer: object) -> None:
    if isinstance(answer, ipywidgets.Widget):
        _wiggle(answer)
        text = answer.children[-1].value
    else:
        text = answer.data
    _is(text.encode().startswith((b"<div", b"<style")), text[:80])


def _wiggle(box: ipywidgets.Widget) -> None:
    for child in getattr(box, "children", ()):
        _wiggle(child)
    if hasattr(box, "min") and hasattr(box, "max"):
        log = isinstance(box, ipywidgets.FloatLogSlider)
        box.value = box.base**box.max if log else box.max


def _good_panel(call: Call, answer: tuple) -> None:
    fig, ax = answer
    _is(ax in fig.axes, "axes of another figure")


def _good_places(call: Call, answer: tuple) -> None:
    order, place = answer
    _is(sorted(order) == list(range(len(place))), "not every coordinate has its place")
    _is((np.diff(place) > 0).all(), "two coordinates have one place")


def _good_distance(call: Call, answer: object) -> None:
    _is((np.isnan(answer) | (np.asarray(answer) >= 0)).all(), f"a distance of {answer!r}")


def _good_table(call: Call, answer: object) -> None:
    _is("|\n|:--|" in answer.data or "|\n|--:|" in answer.data, answer.data)


def _good_seed(call: Call, answer: int) -> None:
    _is(type(answer) is int and 0 <= answer < 2**63, answer)


def _good_text(call: Call, answer: str) -> None:
    _is(isinstance(answer, str) and answer.strip(), repr(answer))
    _is(not re.search(r"nan|inf|e[+-]?\d", answer), answer)


ANSWERS: dict[str, Callable] = {
    "Problem": _good_problem,
    "axis": _good_axis,
    "band": lambda call, answer: _is(answer is None, answer),
    "bregman_divergence": _good_number(0, infinite=True),
    "check": lambda call, answer: _is(answer is None, answer),
    "coordinate_panel": _good_panel,
    "coordinate_places": _good_places,
    "critical_step_size": _good_number(5e-324),
    "dots": lambda call, answer: _is(answer["linestyle"] == "", answer),
    "explore": _good_html,
    "gain_constants": _good_constants,
    "graded_student": lambda call, answer: _is(answer.strip(), repr(answer)),
    "gradient_flow": _good_flow,
    "hyperbolic_entropy": _good_number(0, infinite=True),
    "min_l1": _good_vector,
    "min_l2": _good_vector,
    "min_potential": _good_vector,
    "mirror_map": _good_gradient,
    "panel": _good_panel,
    "relative_distance": _good_distance,
    "sharpness": _good_number(-math.inf),
    "show": _good_html,
    "sparse_regression": _good_problem,
    "spread": _good_text,
    "step_size_band": _good_band,
    "student_seed": _good_seed,
    "sweep": _good_sweep,
    "table": _good_table,
    "tidy": _good_text,
    "train": _good_run,
    "with_error": _good_text,
}


def _snapshot(call: Call) -> dict[str, bytes]:
    """The arrays among the arguments, by their bits."""
    found = {}
    for name, value in call.arguments.items():
        if type(value) is np.ndarray and value.dtype != object:
            found[name] = value.tobytes()
        if isinstance(value, Problem):
            found[name] = value.X.tobytes() + value.y.tobytes()
    return found


def judge(call: Call) -> str:
    """What came of the call: "answered", "refused", "gave up" or "passed on"; Fault for all else."""
    function = getattr(lib, call.name)
    before, variable = _snapshot(call), os.environ.pop(PAGE_VARIABLE, None)
    if call.on_page:
        os.environ[PAGE_VARIABLE] = "1"
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("error")
            try:
                answer = function(*call.positional, **call.arguments)
            except Exception as error:
                return _judge_error(call, function, error)
            if call.malformed and "no_such_argument" in call.arguments and not _takes_any(function):
                raise Fault("an argument that does not exist was taken")
            try:
                ANSWERS[call.name](call, answer)
            except OwnError:
                return "passed on"
    finally:
        os.environ.pop(PAGE_VARIABLE, None)
        if variable is not None:
            os.environ[PAGE_VARIABLE] = variable
    if _snapshot(call) != before:
        raise Fault("an argument was changed")
    return "answered"


def _takes_any(function: Callable) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def _judge_error(call: Call, function: Callable, error: Exception) -> str:
    said = f"{type(error).__name__}: {error}"
    documented = type(error).__name__ in (function.__doc__ or "")
    if isinstance(error, OwnError):
        return "passed on"
    if isinstance(error, TypeError) and "<lambda>" in said:
        return "passed on"  # a function of the caller's that does not take what it is given
    if type(error) is ValueError:
        found = re.match(r"(\w+)(\(\d+\))? must be .+, got .+", str(error), re.DOTALL)
        known = {*inspect.signature(function).parameters, *call.arguments}
        known |= {"description"} if call.name == "explore" else set()  # of what draw returned
        if call.name == "panel" and call.refusable & set(call.arguments):
            return "refused"  # by Matplotlib, whose properties these are
        if not found or found[1] not in known:
            raise Fault(f"a refusal that names no argument: {said}") from error
        if not call.replaced and not call.malformed and found[1] not in call.refusable:
            raise Fault(f"a right argument was refused: {said}") from error
        return "refused"
    if call.name == "panel" and call.refusable & set(call.arguments):
        return "refused"
    if isinstance(error, TypeError):
        if (call.malformed and "argument" in said) or documented:
            return "refused"
        raise Fault(said) from error
    if isinstance(error, AssertionError | AttributeError) and documented:
        return "refused"
    if type(error) is RuntimeError and documented:
        return "gave up"
    raise Fault(said) from error


# ------------------------------------------------------------------ many calls, in child processes


def _work(first: int, last: int, step: int) -> None:
    """In a child: the calls, one line each."""
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # A flow that float64 does not resolve gives up in either case: here sooner, to have more calls.
    lib.flow.MAX_EVALUATIONS = EVALUATIONS
    out = sys.stdout
    for number in range(first, last, step):
        fault, began = "", time.perf_counter()
        try:
            outcome = judge(make_call(number))
        except Fault as error:
            outcome, fault = "fault", str(error)
        except BaseException as error:
            outcome, fault = "fault", f"{type(error).__name__}: {error}"
        spent = time.perf_counter() - began
        print(json.dumps([number, outcome, round(spent, 4), fault[:2000]]), file=out, flush=True)


def _lines(stream: io.TextIOBase, lines: queue.Queue) -> None:
    for line in stream:
        lines.put(line)
    lines.put("")


def _supervise(first: int, last: int, step: int, report: Callable[[list], None]) -> None:
    """The calls of one child, and of another in its place wherever it dies or hangs."""
    while first < last:
        command = [sys.executable, "-m", "tests.fuzz", "--work", *map(str, (first, last, step))]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=_lines, args=(child.stdout, lines), daemon=True).start()
        while first < last:
            try:
                line = lines.get(timeout=PATIENCE)
            except queue.Empty:
                child.kill()
                report([first, "fault", PATIENCE, "it does not end"])
                first += step
                break
            if not line:
                report([first, "fault", 0.0, f"the process ended with {child.wait()}"])
                first += step
                break
            report(json.loads(line))
            first += step
        child.wait()


def main() -> int:
    """Prints the figures; 1 if there was a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("calls", type=int, nargs="?", default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first call (0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--call", type=int, help="this one only, told in full")
    parser.add_argument("--work", type=int, nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        _work(*given.work)
        return 0
    if given.call is not None:
        call = make_call(given.call)
        print(call)
        print("replaced:", ", ".join(call.replaced) or "nothing")
        try:
            print(judge(call))
        except Fault:
            traceback.print_exc()
            return 1
        return 0

    outcomes: dict[str, Counter] = {name: Counter() for name in FUNCTIONS}
    seconds: dict[str, list[float]] = {name: [] for name in FUNCTIONS}
    faults = []
    lock = threading.Lock()

    def report(line: list) -> None:
        number, outcome, spent, fault = line
        with lock:
            name = FUNCTIONS[number % len(FUNCTIONS)]
            outcomes[name][outcome] += 1
            seconds[name].append(spent)
            if outcome == "fault":
                faults.append(line)
                print(f"FAULT in call {number}, {name}: {fault[:300]}", flush=True)

    last = given.first + given.calls
    threads = [
        threading.Thread(
            target=_supervise, args=(given.first + k, last, given.processes, report), daemon=True
        )
        for k in range(given.processes)
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        print("Broken off; the figures so far:")

    columns = ("answered", "refused", "gave up", "passed on", "fault")
    print(f"{'':20}{'calls':>8}" + "".join(f"{c:>10}" for c in columns) + "   slowest (s)")
    for name in FUNCTIONS:
        counts = [outcomes[name][column] for column in columns]
        slowest = max(seconds[name], default=0)
        print(f"{name:20}{sum(counts):8}" + "".join(f"{c:10}" for c in counts) + f"{slowest:14.2f}")
    whole = [sum(outcomes[name][column] for name in FUNCTIONS) for column in columns]
    print(f"{'all':20}{sum(whole):8}" + "".join(f"{c:10}" for c in whole))
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
