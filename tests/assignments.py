"""Problem sets run cell by cell in this process, as nbgrader would, only faster."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
import warnings
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


def run(
    cells: list[nbformat.NotebookNode],
    replaced: dict[str, str] | None = None,
    student: str = "",
) -> dict[int, Exception]:
    """{number of the cell: what it raised}, all code cells but the first run in one namespace.

    ``replaced`` holds other code for solution cells. Tests that stand before the first of them
    cannot notice and are left out. ``student`` is who the grader says it is.
    """
    replaced = dict(replaced or {})
    code = [(k, cell) for k, cell in enumerate(cells) if cell.cell_type == "code"][1:]
    unknown = set(replaced) - {grade_id(cell) for _, cell in code if is_solution(cell)}
    assert not unknown, f"no solution cells: {unknown}"
    first = min((k for k, cell in code if grade_id(cell) in replaced), default=0)
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
                if k < first and is_grade(cell):
                    continue
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
