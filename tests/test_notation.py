"""The page of notation names what there is: every code name in it is one of lib's."""

import inspect
import re
from dataclasses import fields

import lib
from lib.training import Run
from tests.conftest import ROOT

ROWS = [
    row
    for row in (ROOT / "book" / "notation.md").read_text(encoding="utf-8").splitlines()
    if row.startswith("| ") and not row.startswith("| meaning") and not row.startswith("| :--")
]
NAMES = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row.rsplit("|", 2)[1])]


def exists(name):
    """Whether lib has a function f, a class with a member C.m, or a function with f(argument=)."""
    head, dot, member = name.partition(".")
    if dot:
        owner = {"Problem": lib.Problem, "Run": Run}[head]
        return member in {field.name for field in fields(owner)} or hasattr(owner, member)
    function, bracket, argument = name.partition("(")
    if bracket:
        return argument.removesuffix("=)") in inspect.signature(getattr(lib, function)).parameters
    return name in lib.__all__


def test_every_code_name_exists():
    assert len(NAMES) > 20
    assert [name for name in NAMES if not exists(name)] == []


def test_every_function_of_the_theory_is_on_the_page():
    about_pages = {
        "LINES", "PALETTE", "axis", "band", "coordinate_panel", "coordinate_places", "dots",
        "explore", "panel", "show", "spread", "table", "tidy", "with_error",
    }  # fmt: skip
    about_students = {"graded_student", "student_seed"}
    wanted = set(lib.__all__) - about_pages - about_students - {"Problem", "sparse_regression"}
    assert wanted <= {re.split(r"[.(]", name)[0] for name in NAMES}


def test_rows_have_as_many_cells_as_the_head():
    unescaped = [re.sub(r"\\\|", "", row) for row in ROWS]
    assert {row.count("|") for row in unescaped} == {7}
