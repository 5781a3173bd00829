"""A class as it comes: right, wrong, careless and hostile submissions of a problem set.

Each kind of submission says what it must lose: nothing, the tests of the one task that it spoils,
or everything. The kinds fit any set, as they are made from its source and its release.
"""

from __future__ import annotations

import ast
import copy
import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.assignments import COURSE, grade_id, is_grade, is_solution, open_set

NOTHING, TASK, ALL, UNREADABLE = "nothing", "task", "all", "unreadable"


def metadata(name: str, kind: str = "code", points: float | None = None, **roles: bool) -> dict:
    """What nbgrader writes into a cell."""
    known = {"schema_version": 3, "grade_id": name, "task": False, "cell_type": kind}
    known |= {role: roles.get(role, False) for role in ("grade", "solution", "locked")}
    return {"nbgrader": known | ({} if points is None else {"points": points})}


def small_course(folder: Path) -> Path:
    """A course of one set, "small", of three tasks that do not lean on each other."""
    solve = "    ### BEGIN SOLUTION\n    return {}\n    ### END SOLUTION"
    hidden = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
    test = {"grade": True, "locked": True, "points": 4}
    cells = [
        new_markdown_cell("# A small set"),
        new_code_cell("import numpy as np\n\nfrom lib import sparse_regression, student_seed"),
        new_code_cell('STUDENT = ""'),
        new_code_cell(
            "problem = sparse_regression(\n"
            '    8, 12, 2, student_seed(STUDENT or "practice", "small")\n)'
        ),
        new_markdown_cell("## Task 1. The loss"),
        new_code_cell(
            "def loss(problem, w):\n"
            + solve.format("((problem.X @ w - problem.y) ** 2).sum() / (2 * len(problem.y))"),
            metadata=metadata("loss", solution=True),
        ),
        new_code_cell(
            "assert np.isclose(loss(problem, problem.w_star), 0), 'zero at w*'\n"
            + hidden.format(
                "from lib import graded_student, sparse_regression, student_seed\n\n"
                "truth = sparse_regression(\n"
                "    8, 12, 2, student_seed(graded_student(STUDENT), 'small')\n)\n"
                "assert np.isclose(loss(truth, np.ones(12)), truth.loss(np.ones(12))), (\n"
                "    'the factor of one half'\n)"
            ),
            metadata=metadata("loss_test", **test),
        ),
        new_code_cell("print(loss(problem, np.zeros(12)))"),
        new_markdown_cell("## Task 2. The gradient"),
        new_code_cell(
            "def gradient(problem, w):\n"
            + solve.format("problem.X.T @ (problem.X @ w - problem.y) / len(problem.y)"),
            metadata=metadata("gradient", solution=True),
        ),
        new_code_cell(
            "assert gradient(problem, np.ones(12)).shape == (12,), 'd numbers'\n"
            + hidden.format(
                "w, secret_step = np.arange(12.0), 1e-6 * np.eye(12)\n"
                "slopes = [\n"
                "    (problem.loss(w + h) - problem.loss(w - h)) / 2e-6\n"
                "    for h in secret_step\n]\n"
                "assert np.allclose(gradient(problem, w), slopes, rtol=1e-4, atol=1e-6)"
            ),
            metadata=metadata("gradient_test", **test),
        ),
        new_markdown_cell("## Task 3. The step"),
        new_code_cell(
            "def step(w, slope, size):\n" + solve.format("w - size * slope"),
            metadata=metadata("step", solution=True),
        ),
        new_code_cell(
            "assert step(1.0, 2.0, 0.5) == 0, 'downhill'\n"
            + hidden.format("assert step(1.0, 4.0, 0.5) == -1"),
            metadata=metadata("step_test", **test),
        ),
        new_markdown_cell("## Task 4. Why it works"),
        new_markdown_cell(
            "### BEGIN SOLUTION\nBecause it is **convex**.\n### END SOLUTION",
            metadata=metadata("why", "markdown", 3, grade=True, solution=True),
        ),
    ]
    for k, cell in enumerate(cells):
        cell["id"] = f"small-{k}"
    path = folder / "source" / "small" / "small.ipynb"
    path.parent.mkdir(parents=True)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(
        new_notebook(
            cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
        ),
        path,
    )
    config = "nbgrader_config.py"
    (folder / config).write_text((COURSE / config).read_text(encoding="utf-8"), encoding="utf-8")
    return folder


@functools.cache
def _released(problem_set) -> str:
    return problem_set.released()


class Student:
    """The notebook of a student who has solved everything, before something is spoilt in it."""

    def __init__(self, problem_set, student: str, spoilt: int) -> None:
        self.problem_set, self.name = problem_set, student
        released = nbformat.reads(_released(problem_set), as_version=4)
        solutions = {grade_id(c): c.source for c in problem_set.notebook.cells if is_solution(c)}
        self.notebook = released
        for cell in self.cells:
            if is_solution(cell):
                cell.source = re.sub(
                    r"^ *### (BEGIN|END) SOLUTION\n?", "", solutions[grade_id(cell)], flags=re.M
                )
            elif cell.source.strip().startswith("STUDENT ="):
                cell.source = f"STUDENT = {student!r}"
        tasks = self.tasks()
        self.task = tasks[spoilt % len(tasks)]

    @property
    def cells(self) -> list:
        return self.notebook.cells

    def tasks(self) -> list[str]:
        """The solution cells that tests follow."""
        return list(self.tests_of())

    def tests_of(self) -> dict[str, list[str]]:
        found, last = {}, None
        for cell in self.cells:
            if cell.cell_type == "code" and is_solution(cell):
                last = grade_id(cell)
            elif is_grade(cell) and not is_solution(cell):
                found.setdefault(last, []).append(grade_id(cell))
        return found

    def cell(self, name: str):
        return next(cell for cell in self.cells if grade_id(cell) == name)

    def answer(self, body: str) -> None:
        """Gives the function of the spoilt task another body."""
        cell = self.cell(self.task)
        function = [n for n in ast.parse(cell.source).body if isinstance(n, ast.FunctionDef)][-1]
        lines = "\n".join(f"    {line}" for line in body.split("\n"))
        cell.source = f"def {function.name}(*arguments, **named):\n{lines}"

    def add(self, code: str) -> None:
        """A cell of the student's own, before the first task."""
        at = next(k for k, cell in enumerate(self.cells) if is_solution(cell))
        self.cells.insert(at, new_code_cell(code))

    def data(self) -> bytes:
        return nbformat.writes(self.notebook).encode()


# What a submission can get at is told on its output, which only the lecturer sees.
SPY = """
import os

found = []
for top in ("/", os.getcwd(), os.path.expanduser("~")):
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if f not in ("proc", "sys", "dev", "site-packages")]
        for name in files:
            if name.endswith((".ipynb", ".csv", ".db")) or name == "nbgrader_config.py":
                found.append(os.path.join(folder, name))
for folder in {where}:
    try:
        found += os.listdir(folder)
    except OSError:
        pass
print("FOUND", found)
"""

VANDAL = """
import os, pathlib

written = []
for folder in {where} + ["/tmp", "/usr", os.path.dirname(os.__file__)]:
    try:
        pathlib.Path(folder, "vandal.txt").write_text("here")
        written.append(folder)
    except OSError:
        pass
import lib
try:
    with open(lib.__file__, "a") as file:
        written.append(lib.__file__)
except OSError:
    pass
print("WRITTEN", written)
"""

FORGER = """
import builtins, numpy, numpy.testing
from IPython import get_ipython

numpy.allclose = lambda *a, **k: True
numpy.isclose = lambda *a, **k: True
numpy.all = lambda *a, **k: True
builtins.abs = lambda x: 0
numpy.testing.assert_allclose = lambda *a, **k: None
shell = get_ipython()
shell.display_pub.publish({"text/plain": "20.0"})
print('{"score": 20, "max_score": 20}')
"""

FORGED = """
from IPython import get_ipython
shell = get_ipython()
for kind in ("execute_result", "display_data"):
    shell.kernel.session.send(
        shell.kernel.iopub_socket, kind,
        {"data": {"text/plain": "20"}, "metadata": {}, "execution_count": 1},
        parent=shell.parent_header,
    )
return None
"""


@dataclass(frozen=True)
class Kind:
    """A way of handing in, and what it must lose."""

    name: str
    make: Callable[[Student], bytes | None]
    loses: str = NOTHING
    file: str = "{set}.ipynb"
    says: str = ""  # a part of the note in the report


def _own(code: str) -> Callable[[Student], bytes]:
    def make(student: Student) -> bytes:
        student.add(code)
        return student.data()

    return make


def _body(code: str) -> Callable[[Student], bytes]:
    def make(student: Student) -> bytes:
        student.answer(code)
        return student.data()

    return make


def _answer(source: str) -> Callable[[Student], bytes]:
    def make(student: Student) -> bytes:
        student.cell(student.task).source = source
        return student.data()

    return make


def _untouched(student: Student) -> bytes:
    return _released(student.problem_set).encode()


def _edited_tests(student: Student) -> bytes:
    student.answer("return 'nonsense'")
    for cell in student.cells:
        if is_grade(cell) and not is_solution(cell):
            cell.source = "pass"
            cell.metadata.nbgrader.points = 100
    return student.data()


def _without_tests(student: Student) -> bytes:
    student.notebook.cells = [c for c in student.cells if not is_grade(c) or is_solution(c)]
    return student.data()


def _without_answer(student: Student) -> bytes:
    student.cells.remove(student.cell(student.task))
    return student.data()


def _without_imports(student: Student) -> bytes:
    at = next(k for k, cell in enumerate(student.cells) if is_solution(cell))
    student.notebook.cells = [c for c in student.cells[:at] if c.cell_type != "code"] + (
        student.cells[at:]
    )
    return student.data()


def _twice(student: Student) -> bytes:
    """An earlier attempt, copied with its metadata, stands before the answer; the tests too."""
    doubled = []
    for cell in student.cells:
        if grade_id(cell) == student.task:
            attempt = copy.deepcopy(cell)
            attempt.source = "1 / 0"
            attempt["id"] = "attempt"
            doubled.append(attempt)
        if is_grade(cell):
            doubled.append(copy.deepcopy(cell))
        doubled.append(cell)
    student.notebook.cells = doubled
    return json.dumps(student.notebook).encode()


def _bare(student: Student) -> bytes:
    """Saved by an editor that drops what nbgrader wrote."""
    for cell in student.cells:
        cell.metadata.clear()
    return student.data()


def _old(student: Student) -> bytes:
    """The format of 2013."""
    cells = []
    for cell in student.cells:
        code = cell.cell_type == "code"
        old = {"cell_type": cell.cell_type, "metadata": cell.metadata}
        old |= {"language": "python", "outputs": [], "collapsed": False} if code else {}
        cells.append(old | {"input" if code else "source": cell.source.splitlines(True)})
    sheet = {"cells": cells, "metadata": {}}
    return json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [sheet]}
    ).encode()


def _bytes(data: bytes | None) -> Callable[[Student], bytes | None]:
    return lambda student: data


def kinds(where: tuple[str, ...] = ()) -> list[Kind]:
    """All kinds; ``where`` lists folders that the curious and the destructive go for."""
    folders = list(where)
    grow = "kept = []\nwhile True:\n    kept.append(b'x' * 10_000_000)"
    return [
        Kind("right", Student.data),
        Kind("untouched", _untouched, ALL),
        Kind("no-cells", _bytes(nbformat.writes(new_notebook()).encode()), ALL, says="missing"),
        Kind("empty-file", _bytes(b""), UNREADABLE, says="an empty file"),
        Kind("pdf", _bytes(b"%PDF-1.7\n\xff\xfe"), UNREADABLE, says="begins with '%PDF-1.7'"),
        Kind("json", _bytes(b'{"a": [1]}'), UNREADABLE, says="no cells"),
        Kind("no-file", _bytes(None), UNREADABLE, says="no notebook in the folder"),
        Kind("syntax", _answer("def broken(:\n    return"), TASK),
        Kind("raises", _answer("1 / 0"), TASK),
        Kind("loops", _body("while True:\n    pass"), TASK),
        Kind(
            "loops-on",
            _body(
                "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"
            ),
            TASK,
            says="would not stop",
        ),
        Kind("terabyte", _body("import numpy\nreturn numpy.ones(2**37)"), TASK),
        Kind("grows", _body(grow), TASK),
        Kind("floods", _own("print('x' * 100_000_000)")),
        Kind("floods-on", _body("while True:\n    print('x' * 1000)"), TASK),
        Kind(
            "multiplies",
            _own(
                "import subprocess, sys\n"
                "children = [subprocess.Popen(['sleep', '600']) for _ in range(300)]\n"
                "import time\ntime.sleep(60)"
            ),
            says="more than 64 processes",
        ),
        Kind(
            "fork-bomb",
            _body("import os, time\nwhile True:\n    os.fork()\n    time.sleep(0.05)"),
            TASK,
        ),
        Kind("edits-tests", _edited_tests, TASK, says="were edited: put back"),
        Kind("deletes-tests", _without_tests, says="were missing: put back"),
        Kind("deletes-answer", _without_answer, TASK, says="is missing"),
        Kind("deletes-imports", _without_imports, says="deleted"),
        Kind("twice", _twice, says="the last counts"),
        Kind("bare", _bare),
        Kind("old-format", _old),
        Kind("other-name", Student.data, file="My Homework (final).ipynb", says="handed in as"),
        Kind("spy", _own(SPY.format(where=folders))),
        Kind("vandal", _own(VANDAL.format(where=folders))),
        Kind("patricide", _own("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)")),
        Kind("exits", _body("import sys\nsys.exit(0)"), TASK),
        Kind("ends", _body("import os\nos._exit(0)"), TASK, says="ended its own kernel"),
        Kind("reads-input", _body("return input('points? ')"), TASK),
        Kind("forges", lambda s: (s.add(FORGER), s.answer("return None"), s.data())[-1], TASK),
        Kind("forges-more", _body(FORGED), TASK),
        Kind("other-student", _own("import os\nos.environ['DIAGONAL_BOOK_STUDENT'] = 'x'")),
    ]


@dataclass(frozen=True)
class HandedIn:
    """One submission and what is expected of it."""

    student: str
    kind: str
    loses: str
    tests: frozenset[str]  # of the spoilt task, or those a wrong answer must lose
    before: frozenset[str]  # tests that come before them, and can lose nothing
    says: str


def hand_in(
    folder: Path,
    course: Path,
    name: str,
    chosen: list[Kind],
    wrong: list[tuple[str, dict[str, str], set[str]]] = (),
) -> Iterator[HandedIn]:
    """Writes a submission of each kind, then of each wrong answer, under ``folder``."""
    problem_set = open_set(course, name)
    for k, kind in enumerate(chosen):
        student = Student(problem_set, f"{kind.name}-ü{k}", k)
        place = folder / student.name / kind.file.format(set=name)
        place.parent.mkdir(parents=True)
        data = kind.make(student)
        if data is not None:
            place.write_bytes(data)
        own = Student(problem_set, student.name, k)  # as it was before it was spoilt
        tests = own.tests_of()
        order = [test for group in tests.values() for test in group]
        first = order.index(tests[own.task][0])
        yield HandedIn(
            student.name, kind.name, kind.loses,
            frozenset(tests[own.task]), frozenset(order[:first]), kind.says,
        )  # fmt: skip
    for k, (title, code, losing) in enumerate(wrong):
        student = Student(problem_set, f"wrong-{k}", 0)
        for answer, source in code.items():
            student.cell(answer).source = source
        place = folder / student.name / f"{name}.ipynb"
        place.parent.mkdir(parents=True)
        place.write_bytes(student.data())
        yield HandedIn(student.name, title, "these", frozenset(losing), frozenset(), "")
