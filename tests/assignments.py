"""Problem sets run cell by cell in this process, as nbgrader would, only faster."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import symtable
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

import nbformat
from matplotlib import pyplot as plt

from lib.students import STUDENT_VARIABLE
from tests.conftest import ROOT

COURSE = ROOT / "book" / "assignments"
sys.path.insert(0, str(COURSE))

from classroom.course import grade_id, is_grade, is_solution, open_set  # noqa: E402

SETS = sorted(path.parent.name for path in (COURSE / "source").glob("*/*.ipynb"))


def wrong_answers(name: str) -> list[tuple[str, dict[str, str], set[str]]]:
    """What ``tests/wrong_answers/<name>.py`` lists: (name, {solution: code}, {tests lost})."""
    path = Path(__file__).parent / "wrong_answers" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"wrong_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.WRONG


def _names(source: str) -> tuple[set[str], set[str]]:
    """The global names that a cell binds, and those that it uses, also inside its functions."""
    bound, used = set(), set()
    tables = [symtable.symtable(source, "cell", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table.get_type() == "module" or symbol.is_global():
                if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                    bound.add(symbol.get_name())
                if symbol.is_referenced():
                    used.add(symbol.get_name())
    return bound, used


def _concerned(code: list[tuple[int, nbformat.NotebookNode]], replaced: dict[str, str]) -> set[int]:
    """The cells that other answers can reach, and those that these need: pictures are rarely both.

    Which names a cell takes from which earlier one is read off its text.
    """
    names = {}
    for k, cell in code:
        bound, used = _names(cell.source)
        if grade_id(cell) in replaced:
            try:
                also_bound, also_used = _names(replaced[grade_id(cell)])
            except SyntaxError:
                also_bound = also_used = set()
            bound, used = bound | also_bound, used | also_used
        names[k] = bound, used

    def sources(k: int) -> Iterable[int]:
        for name in names[k][1] - names[k][0]:  # what a cell binds it does not take
            binding = [j for j in names if name in names[j][0]]
            earlier = [j for j in binding if j < k]
            yield from earlier[-1:] or binding  # a function may use what is bound after it

    taken_from = {k: set(sources(k)) for k in names}
    reached = {k for k, cell in code if grade_id(cell) in replaced}
    while more := {k for k in names if taken_from[k] & reached} - reached:
        reached |= more
    wanted = {k for k, cell in code if k in reached and (is_grade(cell) or is_solution(cell))}
    while more := {j for k in wanted for j in taken_from[k]} - wanted:
        wanted |= more
    return wanted


def run(
    cells: list[nbformat.NotebookNode],
    replaced: dict[str, str] | None = None,
    student: str = "",
) -> dict[int, Exception]:
    """{number of the cell: what it raised}, all code cells but the first run in one namespace.

    ``replaced`` holds other code for solution cells; what these cannot reach is then left out.
    ``student`` is who the grader says it is.
    """
    replaced = dict(replaced or {})
    code = [(k, cell) for k, cell in enumerate(cells) if cell.cell_type == "code"][1:]
    unknown = set(replaced) - {grade_id(cell) for _, cell in code if is_solution(cell)}
    assert not unknown, f"no solution cells: {unknown}"
    if replaced:
        concerned = _concerned(code, replaced)
        code = [(k, cell) for k, cell in code if k in concerned]
    namespace: dict[str, object] = {"__name__": "__main__"}
    raised: dict[int, Exception] = {}
    environment = {STUDENT_VARIABLE: student} if student else {}
    with (
        mock.patch.dict(os.environ, environment),
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        if not student:
            os.environ.pop(STUDENT_VARIABLE, None)
        # In a notebook a warning is a remark; and there figures show themselves.
        warnings.simplefilter("ignore")
        with plt.rc_context({"figure.max_open_warning": 0}):
            for k, cell in code:
                try:
                    exec(
                        compile(
                            replaced.get(grade_id(cell), cell.source), f"<{grade_id(cell)}>", "exec"
                        ),
                        namespace,
                    )
                except Exception as error:
                    raised[k] = error
                finally:
                    plt.close("all")
    return raised


def lost(cells: list[nbformat.NotebookNode], raised: dict[int, Exception]) -> dict[str, Exception]:
    """{grade_id: what it raised} for the tests among the cells."""
    return {cells[k].metadata.nbgrader.grade_id: e for k, e in raised.items() if is_grade(cells[k])}


__all__ = ["COURSE", "SETS", "grade_id", "is_grade", "is_solution", "lost", "open_set", "run"]
