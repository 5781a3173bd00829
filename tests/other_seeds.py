"""Does the book hold on other data? Every notebook, with every data seed shifted by K.

Run on demand, from the top of the repository:

    python -m tests.other_seeds 100 200 300
    python -m tests.other_seeds 100 --only gain --only assignments/implicit_bias

Data are what a notebook draws itself: with ``sparse_regression``, and with generators that it
seeds with a whole number. What `train`, `sweep` and the like draw their batches from stays as it
is. More than one failure among all runs ends the command with an error: claims that hold on the
book's own data only are none.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import numbers
import sys
from collections.abc import Callable

import numpy as np

import lib
import lib.problem

ALLOWED = 1  # failures among all runs


def shift(by: int) -> None:
    """From now on, in this process, data come from the seed ``by`` above the one asked for.

    To be called before a notebook's own imports. What is no whole number is passed on as it is,
    so that bad seeds are refused as ever.
    """

    def moved(seed: object) -> object:
        whole = isinstance(seed, numbers.Integral) and seed >= 0
        return int(seed) + by if whole else seed

    def shifted(make: Callable) -> Callable:
        signature = inspect.signature(make)

        @functools.wraps(make)
        def made(*given: object, **named: object) -> object:
            try:
                bound = signature.bind(*given, **named)
            except TypeError:
                return make(*given, **named)
            bound.apply_defaults()
            bound.arguments["seed"] = moved(bound.arguments["seed"])
            return make(*bound.args, **bound.kwargs)

        return made

    lib.sparse_regression = lib.problem.sparse_regression = shifted(lib.sparse_regression)

    generator = np.random.default_rng

    @functools.wraps(generator)
    def default_rng(seed: object = None) -> np.random.Generator:
        asking = sys._getframe(1).f_globals["__name__"]
        return generator(moved(seed) if asking == "__main__" else seed)

    np.random.default_rng = default_rng


def prelude(by: int) -> str:
    """The cell that shifts the seeds of the notebook behind it, and leaves no name there."""
    return f"__import__('tests.other_seeds', fromlist=['shift']).shift({by})"


def main(arguments: list[str] | None = None) -> int:
    """0 if at most one of all runs failed, else 1; what failed is printed."""
    from tests.notebooks import chosen, execute, side_by_side  # kernels do without these

    parser = argparse.ArgumentParser(prog="python -m tests.other_seeds", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("shifts", metavar="K", type=int, nargs="+", help="what seeds are raised by")
    parser.add_argument("--only", metavar="NOTEBOOK", action="append", default=[])
    asked = parser.parse_args(arguments)
    if min(asked.shifts) < 0:
        parser.error("K must be 0 or more")
    notebooks = chosen(asked.only)

    def task(name: str, by: int) -> Callable[[], str]:
        return lambda: execute(notebooks[name], prelude(by))[1]

    shifts = list(dict.fromkeys(asked.shifts))
    failures: dict[tuple[str, int], str] = {}
    for (name, by), failure in side_by_side(
        {(name, by): task(name, by) for by in shifts for name in notebooks}
    ):
        failures[name, by] = failure
        print(f"{name}, K = {by}: {failure or 'passed'}")

    wide = max(map(len, notebooks))
    print(f"\n{'':{wide}}" + "".join(f"{by:>8}" for by in shifts))
    for name in notebooks:
        marks = ("failed" if failures[name, by] else "passed" for by in shifts)
        print(f"{name:{wide}}" + "".join(f"{mark:>8}" for mark in marks))
    failed = {run: failure for run, failure in failures.items() if failure}
    for (name, by), failure in sorted(failed.items()):
        print(f"{name}, K = {by}: {failure}")
    print(f"{len(failed)} of {len(failures)} runs failed.")
    return int(len(failed) > ALLOWED)


if __name__ == "__main__":
    raise SystemExit(main())
