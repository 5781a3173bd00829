"""The problem sets: solutions that pass, wrong answers that lose, releases that give nothing away."""

import functools
import re

import nbformat
import pytest

from tests.assignments import (
    COURSE,
    SETS,
    grade_id,
    is_grade,
    is_solution,
    lost,
    open_set,
    run,
    wrong_answers,
)

POINTS = 20
WRONG = [
    pytest.param(name, *answer[1:], id=f"{name}-{answer[0]}")
    for name in SETS
    for answer in wrong_answers(name)
]

each_set = pytest.mark.parametrize("name", SETS)


def source(name):
    return open_set(COURSE, name).notebook.cells


def release(name):
    return nbformat.read(open_set(COURSE, name).release, as_version=4).cells


def tasks(cells):
    """The text that precedes each graded cell, back to the heading of its task."""
    text, found = "", {}
    for cell in cells:
        if cell.cell_type == "markdown" and not is_solution(cell):
            text = cell.source if re.match(r"#{1,3} ", cell.source) else text + cell.source
        if is_grade(cell):
            found[grade_id(cell)] = text
    return found


def test_there_are_four_sets():
    assert SETS == [
        "effective_initialization",
        "gd_against_sgd",
        "implicit_bias",
        "sparse_recovery",
    ]


@each_set
def test_the_release_is_made_of_the_source(name):
    problem_set = open_set(COURSE, name)
    made = problem_set.released()
    assert problem_set.release.read_text(encoding="utf-8") == made, (
        f"run 'python -m classroom release {name}' in book/assignments"
    )
    assert problem_set.released() == made


@each_set
def test_the_release_gives_nothing_away(name):
    text = open_set(COURSE, name).release.read_text(encoding="utf-8")
    assert "HIDDEN TESTS" not in text
    assert "SOLUTION" not in text
    known = {line for cell in release(name) for line in map(str.strip, cell.source.split("\n"))}
    told = open_set(COURSE, name).hidden_lines() & known
    # A line that students see in other tests is no secret.
    seen = {
        line.strip()
        for cell in source(name)
        if cell.cell_type == "code" and not is_solution(cell)
        for line in re.sub(
            r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS", "", cell.source, flags=re.S
        ).split("\n")
    }
    assert told <= seen


@each_set
@pytest.mark.parametrize("student", ["", "Zoë", "s123456"])
def test_the_solution_has_all_points(name, student):
    assert run(source(name), student=student) == {}


@each_set
def test_the_untouched_release_has_none(name):
    cells = release(name)
    raised = run(cells)
    for k, error in raised.items():
        assert type(error) is NotImplementedError, f"{cells[k].source}\nraised {error!r}"
        assert str(error) == "write your code here"
    tests = {c.metadata.nbgrader.grade_id for c in cells if is_grade(c) and c.cell_type == "code"}
    assert set(lost(cells, raised)) == tests


@each_set
def test_points_add_up_and_are_told_at_the_top(name):
    items = open_set(COURSE, name).items
    assert sum(item.points for item in items) == POINTS
    assert {item.manual for item in items} == {True, False}
    text = next(c.source for c in source(name) if re.search(r"^\|.*points", c.source, re.M | re.I))
    numbers = [float(n) for n in re.findall(r"\|\s*\**(\d+(?:\.\d+)?)\**\s*\|\s*$", text, re.M)]
    told = numbers[:-1] if numbers[-1] == sum(numbers[:-1]) else numbers
    assert sum(told) == POINTS
    by_task = {}
    for item in items:
        by_task[item.title] = by_task.get(item.title, 0) + item.points
    assert told == list(by_task.values())


@each_set
def test_every_task_names_its_claim(name):
    for item, text in tasks(source(name)).items():
        assert re.search(r"\bclaims? C\d\d\b", text, re.I), item


@each_set
def test_written_answers_have_a_rubric_worth_their_points(name):
    for cell in source(name):
        if is_grade(cell) and is_solution(cell):
            solution = re.search(r"### BEGIN SOLUTION(.*)### END SOLUTION", cell.source, re.S)
            assert solution, grade_id(cell)
            points = re.findall(
                r"\|\s*(\d+(?:\.\d+)?|½)\s*\|\s*$|^\s*[-*] \(?(\d+(?:\.\d+)?|½)", solution[1], re.M
            )
            values = [0.5 if "½" in pair else float(pair[0] or pair[1]) for pair in points]
            total = float(cell.metadata.nbgrader.points)
            assert sum(values) in (total, 2 * total), (grade_id(cell), values)  # or with its sum


@each_set
def test_cells_that_must_not_be_edited_are_locked(name):
    for cell in release(name):
        if is_grade(cell) and not is_solution(cell):
            assert cell.metadata.editable is False
            assert cell.metadata.deletable is False


@each_set
def test_wrong_answers_are_tried_on_every_task(name):
    tests = [item.id for item in open_set(COURSE, name).items if not item.manual]
    tried = [test for _, _, losing in wrong_answers(name) for test in losing]
    assert {test: min(tried.count(test), 2) for test in tests} == dict.fromkeys(tests, 2)


@pytest.mark.parametrize(("name", "code", "losing"), WRONG)
def test_a_wrong_answer_loses_its_points_and_no_others(name, code, losing):
    cells = source(name)
    raised = lost(cells, run(cells, code, student="s123456"))
    assert set(raised) == set(losing), raised
    # Nor for want of a cell that was left out: with the solution the same cells raise nothing.
    assert not any(isinstance(error, NameError) for error in raised.values()), raised
    assert raised_by_the_solution(name, frozenset(code)) == {}


@functools.cache
def raised_by_the_solution(name, replaced):
    cells = source(name)
    solution = {grade_id(cell): cell.source for cell in cells if grade_id(cell) in replaced}
    return run(cells, solution, student="s123456")


def test_every_set_begins_with_the_same_cell():
    first = {name: next(c.source for c in source(name) if c.cell_type == "code") for name in SETS}
    assert len(set(first.values())) <= 1, list(first)
    for name in SETS:
        second = [c.source for c in source(name) if c.cell_type == "code"][1]
        assert 'STUDENT = ""' in second


def test_sets_share_no_identifier():
    for name in SETS:
        cells = source(name)
        assert len({cell.id for cell in cells}) == len(cells)
