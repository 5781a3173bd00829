"""Broken off at random moments and started again: nothing half-written is taken for whole.

On demand, from the top of the repository:

    python -m tests.interruptions 100                    # so many of each kind
    python -m tests.interruptions 100 --kinds sweep      # of one
    python -m tests.interruptions 4 --kinds grading page

- sweep: a process at work on a `sweep` gets SIGINT or SIGKILL, in turns. It ends, with nothing
  left of it, and has returned no part of a result; after every tenth with Numba's cache emptied
  first. A new process then finds the same bits as one that was never disturbed.
- grading: a small class is graded and the grader killed; nothing that it has started outlives it.
  The same command again gives the results, tables and answers of an undisturbed one.
- page: `jupyter-book build` of a book of one executed page is killed with all that it has started.
  Built again, the book is that of an undisturbed build, byte for byte.

The moments are uniform over the time that an undisturbed process took. Only POSIX systems have
these signals.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lib import Problem, sparse_regression, sweep

ROOT = Path(__file__).parents[1]
PATIENCE = 600.0  # seconds after which a process that should have ended counts as one that hangs
SWEEP = "from tests.interruptions import digest; print('ready', flush=True); print(digest())"


class Broken(Exception):
    """Something was left behind, or taken for whole."""


def digest(problem: Problem | None = None) -> str:
    """The bits of a sweep that takes about a second."""
    grid = sweep(
        problem or sparse_regression(20, 30, 3, seed=1),
        alpha=[0.01, 0.1],
        step_size=[0.01, 0.02, 0.04],
        batch_size=[None, 1, 4],
        seed=range(3),
        max_steps=200_000,
        tol=1e-24,
    )
    found = hashlib.sha256()
    for name in sorted(grid.data_vars):
        found.update(f"{name} {grid[name].dims} {grid[name].shape}".encode())
        # texts by their letters: an array of them holds padding
        values = grid[name].values
        found.update(
            values.astype("U16").tobytes() if values.dtype.kind == "U" else values.tobytes()
        )
    return found.hexdigest()


def _start(command: list[str], cwd: Path, **variables: str) -> subprocess.Popen:
    # The grader's walls show the lib that is installed, and no other may be meant outside of them.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.Popen(
        command,
        cwd=cwd,
        env=inherited | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def _ended(process: subprocess.Popen, family: set[psutil.Process]) -> tuple[str, str]:
    """What it said, once it and all that it had started are gone."""
    try:
        said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Broken("it does not end") from None
    _, alive = psutil.wait_procs(family, timeout=60)
    if alive:
        for left in alive:
            left.kill()
        raise Broken(f"it has left behind: {[left.pid for left in alive]}")
    return said


def _family(process: subprocess.Popen) -> set[psutil.Process]:
    try:
        return set(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def interrupted_sweep(
    moment: float, how: signal.Signals, once_ready: bool = False, **variables: str
) -> str:
    """When the signal came: "before", "during" or "after" the sweep. Broken if it did not end well."""
    process = _start([sys.executable, "-c", SWEEP], ROOT, **variables)
    said = process.stdout.readline() if once_ready else ""
    time.sleep(moment)
    running = process.poll() is None
    if running:
        process.send_signal(how)
    rest, errors = _ended(process, set())
    said += rest
    if re.search(r"Segmentation|Fatal Python error", errors):
        raise Broken(errors)
    # CPython may end itself by the signal after a KeyboardInterrupt, or with exit code 1 or 130.
    if process.returncode < 0 and -process.returncode != how:
        raise Broken(f"it ended by another signal than {how.name}: {process.returncode}")
    if running and process.returncode == 0 and said.count("\n") < 2:
        raise Broken("it ended as if all were well, and has said nothing")
    return ["before", "during", "after"][min(said.count("\n"), 2)]


def sweeps(count: int, moments: random.Random) -> None:
    """Interrupts so many sweeps, and prints the figures."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "numba"

        def whole() -> str:
            process = _start([sys.executable, "-c", SWEEP], ROOT, NUMBA_CACHE_DIR=str(cache))
            said, errors = _ended(process, set())
            if process.returncode:
                raise Broken(f"a new process fails: {errors}")
            return said.split()[-1]

        began = time.monotonic()
        expected = whole()
        cold, began = time.monotonic() - began, time.monotonic()
        if whole() != expected:
            raise Broken("two undisturbed processes differ")
        warm = time.monotonic() - began
        came: Counter = Counter()
        for k in range(count):
            how = (signal.SIGINT, signal.SIGKILL)[k % 2]
            longest = warm
            if k % 10 == 0:
                shutil.rmtree(cache)
                longest = cold
            when = interrupted_sweep(moments.uniform(0, longest), how, NUMBA_CACHE_DIR=str(cache))
            came[f"{how.name} {when}"] += 1
            if whole() != expected:
                raise Broken(f"after {k + 1} interruptions the bits are others")
        print(f"sweep: {count} interruptions, every rerun with the same bits")
        print(f"  an undisturbed process: {warm:.1f} s, {cold:.1f} s with compilation")
        print("  " + ", ".join(f"{number} × {name} it" for name, number in sorted(came.items())))


def _folder_of(out: Path) -> dict[str, str]:
    """Everything in it by its bytes; of the results all but the seconds that they took."""
    found = {}
    for path in sorted(out.rglob("*")):
        name = str(path.relative_to(out))
        if path.is_dir() or name == ".lock":
            continue
        data = path.read_bytes()
        if path.suffix == ".json":
            result = json.loads(data)
            result.pop("seconds", None)
            data = json.dumps(result, sort_keys=True).encode()
        found[name] = hashlib.sha256(data).hexdigest()
    return found


def _kill_and_redo(
    command: Callable[[], subprocess.Popen],
    outcome: Callable[[], dict[str, str]],
    clear: Callable[[], None],
    count: int,
    moments: random.Random,
    whole_group: bool,
) -> tuple[Counter, float]:
    """Undisturbed once, then killed and started again so many times."""

    def whole() -> None:
        process = command()
        said, errors = process.communicate(timeout=PATIENCE)
        if process.returncode:
            raise Broken(f"a new process fails: {said[-2000:]} {errors[-2000:]}")

    began = time.monotonic()
    whole()
    expected, took = outcome(), time.monotonic() - began
    came: Counter = Counter()
    for _ in range(3 * count):
        if came.total() - came["over"] == count:
            break
        clear()
        process = command()
        family, until = set(), time.monotonic() + moments.uniform(0, took)
        while (left := until - time.monotonic()) > 0 and process.poll() is None:
            family |= _family(process)
            time.sleep(min(left, 0.1))
        family |= _family(process)
        running = process.poll() is None
        if running:
            (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
        if whole_group:  # what is in a session of its own: a kernel ends when its parent is gone
            for member in family:
                if member.is_running():
                    member.kill()
        _ended(process, family)
        there = len(outcome())
        came["over" if not running else "nothing" if not there else "a part"] += 1
        began = time.monotonic()
        whole()
        took = min(took, time.monotonic() - began)  # a busy machine may have become quiet
        found = outcome()
        wrong = {n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n)}
        if wrong:
            raise Broken(f"other than undisturbed: {sorted(wrong)}")
    return came, took


def grading(count: int, moments: random.Random) -> None:
    """Kills so many graders, and prints the figures."""
    from tests.assignments import COURSE
    from tests.class_of_120 import hand_in, kinds, small_course

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        course = small_course(place / "course")
        chosen = [kind for kind in kinds() if kind.name in ("right", "raises", "bare", "pdf")]
        list(hand_in(place / "in", course, "small", chosen))
        out = place / "out"
        words = ["--course", course, "grade", "small", "--submitted", place / "in", "--out", out]
        words += ["--timeout", "60"]

        def command() -> subprocess.Popen:
            line = [sys.executable, "-m", "classroom", *map(str, words)]
            return _start(line, COURSE)

        came, took = _kill_and_redo(
            command,
            lambda: _folder_of(out),
            lambda: shutil.rmtree(out, ignore_errors=True),
            count,
            moments,
            whole_group=False,
        )
    killed = came.total() - came["over"]
    print(f"grading: {killed} graders killed, every second start with the same results")
    print(f"  an undisturbed one: {took:.1f} s; {_told(came)}")


def _told(came: Counter) -> str:
    words = {"nothing": "nothing was there yet", "a part": "a part was there", "over": "too late"}
    return ", ".join(f"{came[name]} × {told}" for name, told in words.items())


def _tiny_book(place: Path) -> None:
    """The book's own settings and extensions, and one page that computes and draws."""
    shutil.copy(ROOT / "_config.yml", place)
    ignored = shutil.ignore_patterns("*.ipynb", "assignments", "__pycache__", "_build")
    shutil.copytree(ROOT / "book", place / "book", ignore=ignored)
    shutil.copytree(ROOT / "lib", place / "lib", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", place)
    (place / "_toc.yml").write_text("format: jb-book\nroot: book/tiny\n", encoding="utf-8")
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A page\n\nWhat it computes takes a while.", id="title"),
            new_code_cell(
                "from lib import explore, panel, sparse_regression, sweep, tidy\n\n"
                "runs = sweep(sparse_regression(20, 30, 3), step_size=[0.01, 0.02, 0.04],\n"
                "             batch_size=[None, 1])",
                id="runs",
            ),
            new_code_cell(
                "def draw(k):\n"
                "    fig, ax = panel(xlabel='coordinate', ylabel='weight')\n"
                "    ax.plot(runs.w[k].T)\n"
                "    return fig, f'The loss is {tidy(float(runs.loss[k, 0]))}.'\n\n\n"
                "explore(draw, k=[0, 1, 2])",
                id="figure",
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, place / "book" / "tiny.ipynb")


def page(count: int, moments: random.Random) -> None:
    """Kills so many builds of a book of one page, and prints the figures."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _tiny_book(place)
        program = Path(sys.executable).with_name("jupyter-book")

        def outcome() -> dict[str, str]:
            html = place / "_build" / "html"
            return {} if not html.exists() else _folder_of(html)

        came, took = _kill_and_redo(
            lambda: _start([str(program), "build", str(place)], place, PYTHONPATH=str(place)),
            outcome,
            lambda: shutil.rmtree(place / "_build", ignore_errors=True),
            count,
            moments,
            whole_group=True,
        )
    killed = came.total() - came["over"]
    print(f"page: {killed} builds killed, every second build with the same bytes")
    print(f"  an undisturbed one: {took:.1f} s; {_told(came)}")


KINDS = {"sweep": sweeps, "grading": grading, "page": page}


def main() -> int:
    """Prints the figures; 1 if something was left behind, or taken for whole."""
    parser = argparse.ArgumentParser(prog="python -m tests.interruptions")
    parser.add_argument("count", type=int, nargs="?", default=10)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")
    given = parser.parse_args()
    failed = 0
    for kind in given.kinds:
        try:
            KINDS[kind](given.count, random.Random(given.seed))
        except Broken as broken:
            print(f"{kind}: BROKEN: {broken}")
            failed = 1
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
