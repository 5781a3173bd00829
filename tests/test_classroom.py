"""The grader: each submission gets its grade or a clear line, whatever it is and does."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from lib.students import STUDENT_VARIABLE
from tests.assignments import COURSE, SETS, open_set, wrong_answers
from tests.class_of_120 import (
    ALL,
    NOTHING,
    TASK,
    UNREADABLE,
    Student,
    hand_in,
    kinds,
    metadata,
    small_course,
)

from classroom import isolation, manual  # isort: skip
from classroom.__main__ import main  # isort: skip
from classroom.submissions import UnreadableError, find, lay_over, parse  # isort: skip

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the grader needs Linux or macOS")

# It takes half a minute; the class of 120 has it too.
SLOW = {"loops-on"}
KINDS = [kind.name for kind in kinds() if kind.name not in SLOW]
TIMEOUT = "60"  # seconds a cell: those of the small course take milliseconds


def classroom(course: Path, *words: object) -> subprocess.CompletedProcess:
    """``python -m classroom`` in this process, where it starts no other."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["--course", *map(str, (course, *words))])
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def start(course: Path, *words: object) -> subprocess.Popen:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "classroom", "--course", course, *words]
    return subprocess.Popen(
        [str(word) for word in command],
        cwd=COURSE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,
    )


def grade(
    course: Path, submitted: Path, *words: object, name: str = "small", seconds: str = TIMEOUT
):
    running = start(course, "grade", name, "--submitted", submitted, "--timeout", seconds, *words)
    out, err = running.communicate()
    return subprocess.CompletedProcess(words, running.returncode, out, err)


def checksums(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def results(out: Path) -> dict[str, dict]:
    found = {}
    for path in (out / "results").glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        found[result["student"]] = result
    return found


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def printed(out: Path, student: str) -> str:
    notebook = nbformat.read(out / "notebooks" / f"{student}.ipynb", as_version=4)
    return "\n".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return small_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, course):
    """The mixed class, graded: (expected by kind, results, folder of results, what was said)."""
    submitted = tmp_path_factory.mktemp("submitted")
    chosen = [kind for kind in kinds((str(course), str(submitted))) if kind.name in KINDS]
    expected = {each.kind: each for each in hand_in(submitted, course, "small", chosen)}
    before = checksums(submitted), checksums(course / "source")
    # What never ends is given up: no cell may take four times what a whole honest submission takes.
    trial = tmp_path_factory.mktemp("trial")
    (honest,) = hand_in(trial / "in", course, "small", [k for k in chosen if k.name == "right"])
    ran = grade(course, trial / "in", "--out", trial / "out")
    assert ran.returncode == 0, ran.stderr
    limit = max(4.0, 4 * results(trial / "out")[honest.student]["seconds"])
    ran = grade(course, submitted, "--budget", 15 * limit, seconds=f"{limit}")
    assert ran.returncode == 0, ran.stderr
    assert (checksums(submitted), checksums(course / "source")) == before
    return expected, results(course / "graded" / "small"), course / "graded" / "small", ran.stdout


@pytest.fixture
def few(tmp_path, course):
    """Four honest submissions and a folder for their results."""
    chosen = [kind for kind in kinds() if kind.name in ("right", "untouched", "raises", "bare")]
    expected = list(hand_in(tmp_path / "in", course, "small", chosen))
    return tmp_path / "in", tmp_path / "out", expected


# The mixed class


@pytest.mark.parametrize("kind", KINDS)
def test_a_submission_loses_what_it_must_and_no_more(hostile, kind):
    expected, found, _, _ = hostile
    wanted = expected[kind]
    result = found[wanted.student]
    tests = {item["id"]: item for item in result["items"] if "answer" not in item}
    lost = {name for name, item in tests.items() if item["score"] == 0}
    assert result["status"] == ("unreadable" if wanted.loses == UNREADABLE else "graded")
    assert lost == {
        NOTHING: set(), TASK: set(wanted.tests), ALL: set(tests), UNREADABLE: set(),
    }[wanted.loses], result  # fmt: skip
    assert wanted.says in "; ".join(result["notes"])
    for item in tests.values():
        assert bool(item["message"]) == (item["score"] == 0)
        assert item["score"] in (0, item["of"])


def test_everybody_is_in_the_table_and_in_the_report(hostile):
    expected, _, out, said = hostile
    table = rows(out / "grades.csv")
    assert set(table) == {each.student for each in expected.values()}
    for row in table.values():
        assert row["of"] == "15"
        assert row["total"] == ("0" if row["status"] == "graded" else "")
    assert f"isolation: {isolation.isolation()}" in said
    assert f"{len(expected)} submissions" in said
    for kind, each in expected.items():
        assert each.says in said, kind
    assert (out / "class.svg").stat().st_size > 5000
    assert (out / "class.png").read_bytes().startswith(b"\x89PNG")


def test_walls_keep_the_curious_and_the_destructive_in(hostile):
    expected, found, out, _ = hostile
    result = found[expected["spy"].student]
    if result["isolation"] == isolation.LIMITS:
        pytest.skip("no isolation on this machine, as the report says")
    seen = printed(out, expected["spy"].student)
    assert "FOUND" in seen
    assert not re.search(r"small|grades|manual|nbgrader_config", seen)
    assert "WRITTEN []" in printed(out, expected["vandal"].student)


def test_no_page_for_students_shows_a_hidden_test(hostile, course):
    _, _, out, _ = hostile
    done = classroom(course, "return", "small")
    assert done.returncode == 0, done.stderr
    pages = sorted((out / "feedback").glob("*.html"))
    assert len(pages) == len(KINDS)
    hidden = open_set(course, "small").hidden_lines()
    assert any("secret_step" in line for line in hidden)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "HIDDEN" not in text
        assert not [line for line in hidden if line in text]
        assert not re.search(r"https?://|<script", text)


def test_a_message_that_quotes_a_hidden_test_is_blackened(tmp_path, course):
    student = Student(open_set(course, "small"), "quotes", 1)
    student.answer(
        "import inspect\nraise ValueError(inspect.currentframe().f_back.f_code.co_names, "
        "'secret_step = np.arange(12.0), 1e-6 * np.eye(12)', "
        "'w, secret_step = np.arange(12.0), 1e-6 * np.eye(12)')"
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "quotes.ipynb").write_bytes(student.data())
    assert grade(course, tmp_path / "in", "--out", tmp_path / "out").returncode == 0
    items = {item["id"]: item for item in results(tmp_path / "out")["quotes"]["items"]}
    assert "[hidden]" in items["gradient_test"]["message"]
    assert "w, secret_step" not in items["gradient_test"]["message"]


# Without walls


def test_limits_alone_hold_what_they_can(tmp_path, course):
    names = ("right", "patricide", "ends", "forges", "multiplies", "terabyte")
    chosen = [kind for kind in kinds() if kind.name in names]
    expected = {e.kind: e for e in hand_in(tmp_path / "in", course, "small", chosen)}
    ran = grade(course, tmp_path / "in", "--out", tmp_path / "out", "--isolation", "off")
    assert ran.returncode == 0, ran.stderr
    assert f"isolation: {isolation.LIMITS}" in ran.stdout
    found = results(tmp_path / "out")
    for kind, wanted in expected.items():
        result = found[wanted.student]
        if kind == "patricide":  # its parent is the process that graded it
            assert result["status"] == "broken off"
            assert "was killed; grade it by hand" in result["notes"][0]
            assert rows(tmp_path / "out" / "grades.csv")[wanted.student]["total"] == ""
            continue
        lost = {i["id"] for i in result["items"] if i["score"] == 0}
        assert lost == (set(wanted.tests) if wanted.loses == TASK else set()), kind


# Again, and after a crash


def test_the_same_grades_again_and_known_ones_are_kept(few, course):
    submitted, out, expected = few
    first = grade(course, submitted, "--out", out)
    assert first.returncode == 0, first.stderr
    before, files = results(out), checksums(out / "results")
    kept = grade(course, submitted, "--out", out)
    assert f"{len(expected)} of them known from before" in kept.stdout
    assert checksums(out / "results") == files
    again = grade(course, submitted, "--out", out, "--again")
    assert "0 of them known from before" in again.stdout
    after = results(out)
    for result in (*before.values(), *after.values()):
        result.pop("seconds")
    assert after == before
    # One submission changes: it alone is graded anew.
    path = submitted / expected[0].student / "small.ipynb"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changed = grade(course, submitted, "--out", out)
    assert f"{len(expected) - 1} of them known from before" in changed.stdout


def test_a_killed_run_goes_on_where_it_was(tmp_path, course):
    right = next(kind for kind in kinds() if kind.name == "right")
    expected = list(hand_in(tmp_path / "in", course, "small", [right] * 5))
    words = ("grade", "small", "--submitted", tmp_path / "in", "--out", tmp_path / "out")
    words = (*words, "--timeout", TIMEOUT)
    running = start(course, *words, "--jobs", "1")
    family = set()
    deadline = time.monotonic() + 300
    while not list((tmp_path / "out" / "results").glob("*.json")):
        assert running.poll() is None
        assert time.monotonic() < deadline
        family |= set(psutil.Process(running.pid).children(recursive=True))
        time.sleep(0.1)
    family |= set(psutil.Process(running.pid).children(recursive=True))
    running.send_signal(signal.SIGKILL)
    running.communicate()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive, "what a killed run has started ends with it"
    done = checksums(tmp_path / "out" / "results")
    assert 0 < len(done) < len(expected)
    ran = grade(course, tmp_path / "in", "--out", tmp_path / "out")
    assert ran.returncode == 0, ran.stderr
    assert f"{len(done)} of them known from before" in ran.stdout
    assert checksums(tmp_path / "out" / "results").items() >= done.items()
    assert {row["loss_test"] for row in rows(tmp_path / "out" / "grades.csv").values()} == {"4"}


@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["alone", "from a terminal"])
def test_an_interrupted_run_says_how_to_go_on(tmp_path, course, send):
    # of themselves these end long after the test: the run cannot be over before it is interrupted
    endless = next(kind for kind in kinds() if kind.name == "loops")
    list(hand_in(tmp_path / "in", course, "small", [endless] * 3))
    words = ("grade", "small", "--submitted", tmp_path / "in", "--out", tmp_path / "out")
    words = (*words, "--timeout", "3600")
    running = start(course, *words)
    deadline = time.monotonic() + 300
    while not (tmp_path / "out" / ".lock").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    second = classroom(course, *words)
    assert second.returncode == 1
    assert "another run is at work" in second.stderr
    send(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=120)
    # A shell shows 130 for both: CPython ends itself by the signal if the
    # exception has passed through exec of a string, which imports make use of.
    assert running.returncode in (130, -signal.SIGINT), said
    assert "the same command goes on from here" in said
    assert "Traceback" not in said


def test_a_machine_on_which_the_model_solution_fails_grades_nobody(tmp_path, few):
    broken = small_course(tmp_path / "course")
    path = broken / "source" / "small" / "small.ipynb"
    path.write_text(
        path.read_text(encoding="utf-8").replace("step(1.0, 4.0, 0.5) == -1", "1 == 2"),
        encoding="utf-8",
    )
    ran = grade(broken, few[0], "--out", tmp_path / "none")
    assert ran.returncode == 1
    assert "the model solution itself loses points" in ran.stderr
    assert "step_test: AssertionError" in ran.stderr
    assert not (tmp_path / "none" / "results").exists()


def test_grader_and_simulator_mean_the_same_variable():
    assert isolation.STUDENT_VARIABLE == STUDENT_VARIABLE


# Graded by hand


def test_code_that_a_person_grades_is_shown_with_what_it_displayed(tmp_path):
    course = small_course(tmp_path / "course")
    path = course / "source" / "small" / "small.ipynb"
    notebook = nbformat.read(path, as_version=4)
    known = metadata("picture", "code", 2, grade=True, solution=True)
    code = "### BEGIN SOLUTION\nprint('drawn', 6 * 7)\n### END SOLUTION"
    notebook.cells.append(new_code_cell(code, metadata=known, id="picture"))
    nbformat.write(notebook, path)
    (tmp_path / "in").mkdir()
    nbformat.write(notebook, tmp_path / "in" / "ada.ipynb")
    assert grade(course, tmp_path / "in", "--out", tmp_path / "out").returncode == 0
    answer = nbformat.read(tmp_path / "out" / "answers" / "picture.ipynb", as_version=4).cells[-1]
    assert answer.cell_type == "code"
    assert answer.outputs[0].text == "drawn 42\n"
    # A model solution whose picture fails is no solution either.
    notebook.cells[-1].source = code.replace("6 * 7", "6 / 0")
    nbformat.write(notebook, path)
    ran = grade(course, tmp_path / "in", "--out", tmp_path / "none")
    assert ran.returncode == 1
    assert "picture: ZeroDivisionError" in ran.stderr


def test_written_answers_count_once_a_person_has_read_them(few, course):
    submitted, out, expected = few
    by_kind = {each.kind: each.student for each in expected}
    assert grade(course, submitted, "--out", out).returncode == 0
    table = rows(out / "grades.csv")
    assert table[by_kind["right"]]["status"] == "not yet graded by hand"
    assert table[by_kind["right"]]["total"] == table[by_kind["right"]]["why"] == ""
    assert table[by_kind["untouched"]]["total"] == "0"  # nothing was written
    early = classroom(course, "return", "small", "--out", out)
    assert early.returncode == 0
    assert "3 not yet graded by hand, hence without a total" in early.stdout
    page = (out / "feedback" / f"{by_kind['right']}.html").read_text(encoding="utf-8")
    assert "No total yet: not yet graded by hand" in page
    assert "not yet graded</span>" in page

    answers = nbformat.read(out / "answers" / "why.ipynb", as_version=4)
    assert "Because it is **convex**." in answers.cells[0].source
    assert len(answers.cells) == 1 + 2 * 3

    sheet = manual.read(out / "manual.csv")
    assert {row["student"] for row in sheet} == set(by_kind.values()) - {by_kind["untouched"]}
    for row in sheet:
        if row["student"] == by_kind["right"]:
            row |= {"points": "2,5", "comment": "Good, *but* <script>alert(1)</script> ½"}
        if row["student"] == by_kind["bare"]:
            row |= {"points": "0", "comment": "=1+1; no"}
    text = manual.as_csv(manual.COLUMNS, sheet)
    (out / "manual.csv").write_text(text, encoding="utf-8")
    done = classroom(course, "return", "small", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "1 not yet graded by hand" in done.stdout
    table = rows(out / "grades.csv")
    assert table[by_kind["right"]]["total"] == "14.5"
    assert table[by_kind["bare"]]["total"] == "12"
    assert table[by_kind["raises"]]["total"] == ""
    page = (out / "feedback" / f"{by_kind['right']}.html").read_text(encoding="utf-8")
    assert "14.5 of 15 points" in page
    assert "<em>but</em> &lt;script&gt;alert(1)&lt;/script&gt; ½" in page

    # Grading again keeps what was written; a new answer is asked for anew.
    assert grade(course, submitted, "--out", out).returncode == 0
    assert (out / "manual.csv").read_text(encoding="utf-8") == text
    path = submitted / by_kind["right"] / "small.ipynb"
    path.write_text(
        path.read_text(encoding="utf-8").replace("**convex**", "smooth"), encoding="utf-8"
    )
    assert grade(course, submitted, "--out", out).returncode == 0
    sheet = [r for r in manual.read(out / "manual.csv") if r["student"] == by_kind["right"]]
    assert [row["points"] for row in sheet] == ["2,5", ""]
    assert rows(out / "grades.csv")[by_kind["right"]]["total"] == ""

    for points in ("4", "-1", "two", "nan"):
        sheet[-1]["points"] = points
        (out / "manual.csv").write_text(manual.as_csv(manual.COLUMNS, sheet), encoding="utf-8")
        bad = classroom(course, "return", "small", "--out", out)
        assert bad.returncode == 1
        assert f"line 3: points must be a number from 0 to 3, got '{points}'" in bad.stderr


def test_a_sheet_saved_by_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "manual.csv"
    path.write_bytes(
        "\ufeffstudent;task;answer;of;points;comment\r\nZoë;why;abc;3;1,5;ok; so\r\n".encode()
    )
    assert manual.given(path) == {("Zoë", "why", "abc"): (1.5, "ok")}


def test_who_handed_in_nothing_is_listed(tmp_path, few, course):
    submitted, out, expected = few
    roster = tmp_path / "roster.txt"
    roster.write_text(f"\ufeffNobody\n\n{expected[0].student}\n", encoding="utf-8")
    ran = grade(course, submitted, "--out", out, "--roster", roster)
    assert ran.returncode == 0, ran.stderr
    table = rows(out / "grades.csv")
    assert table["Nobody"]["status"] == "not handed in"
    assert table["Nobody"]["total"] == ""
    assert len(table) == len(expected) + 1


# Released


def test_a_release_that_was_edited_is_not_overwritten(tmp_path):
    course = small_course(tmp_path / "course")
    path = course / "release" / "small" / "small.ipynb"
    assert classroom(course, "release", "small").returncode == 0
    first = path.read_bytes()
    assert b"SOLUTION" not in first
    assert b"HIDDEN" not in first
    assert classroom(course, "release", "small").returncode == 0
    assert path.read_bytes() == first
    path.write_bytes(first + b"\n")
    refused = classroom(course, "release", "small")
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert path.read_bytes() == first + b"\n"
    assert classroom(course, "release", "small", "--force").returncode == 0
    assert path.read_bytes() == first
    assert sorted(p.name for p in course.iterdir()) == [
        "nbgrader_config.py", "release", "source",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("grade", "other", "--submitted", "."), "set must be one of small, got 'other'"),
        (("release", "../small"), "set must be one of small, got '../small'"),
        (("grade", "small", "--submitted", "/no/such"), "no folder of submissions: /no/such"),
        (("grade", "small", "--submitted", "{empty}"), "no submissions in"),
        (("grade", "small", "--submitted", "{twice}"), "handed in twice, as a file and as a"),
        (("grade", "small", "--submitted", "{twice}", "--jobs", "0"), "--jobs must be above 0"),
        (("grade", "small", "--submitted", "{twice}", "--timeout", "nan"), "--timeout must be"),
        (("grade", "small", "--submitted", "{twice}", "--roster", "/no"), "/no: No such file"),
        (("return", "small"), "run grade small first"),
        (("--course", "{empty}", "release", "small"), "has no nbgrader_config.py"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_a_line(tmp_path, words, said):
    course = small_course(tmp_path / "course")
    (tmp_path / "empty").mkdir()
    (tmp_path / "twice" / "ada").mkdir(parents=True)
    (tmp_path / "twice" / "ada.ipynb").write_text("", encoding="utf-8")
    places = {name: tmp_path / name for name in ("empty", "twice")}
    ran = classroom(course, *(word.format(**places) for word in words))
    assert ran.returncode == 1
    assert ran.stderr.startswith("error: ")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_source_that_is_unsound_is_told(tmp_path):
    course = small_course(tmp_path / "course")
    path = course / "source" / "small" / "small.ipynb"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("### END SOLUTION", "###"), encoding="utf-8")
    ran = classroom(course, "release", "small")
    assert ran.returncode == 1
    assert "small.ipynb" in ran.stderr
    assert "Traceback" not in ran.stderr
    path.write_text(text.replace('"grade_id": "step"', '"grade_id": "loss"'), encoding="utf-8")
    ran = classroom(course, "release", "small")
    assert "Duplicate grade id: loss" in ran.stderr


# Read


def test_submissions_are_found_in_the_usual_places(tmp_path):
    for path in ("a/small.ipynb", "b/small/small.ipynb", "c.ipynb", "Zoë/x.IPYNB", "d/y.txt",
                 "e/1.ipynb", "e/2.ipynb", ".hidden/small.ipynb",
                 "f/.ipynb_checkpoints/small.ipynb", "notes.txt"):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("{}", encoding="utf-8")
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "small.ipynb").symlink_to(tmp_path / "c.ipynb")
    found = {each.student: each for each in find(tmp_path, "small")}
    assert sorted(found) == ["Zoë", "a", "b", "c", "d", "e", "f", "g"]
    assert found["Zoë"].note == "handed in as x.IPYNB"
    assert found["d"].note == found["f"].note == "no notebook in the folder"
    assert found["e"].note == "2 notebooks, none named small.ipynb: 1.ipynb, 2.ipynb"
    with pytest.raises(UnreadableError, match="a link to another file"):
        found["g"].read()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "x"]) | values,
        "source": st.text() | st.lists(st.text()) | values,
        "id": st.sampled_from(["small-5", "small-6"]) | values,
        "metadata": st.fixed_dictionaries(
            {}, optional={"nbgrader": st.fixed_dictionaries(
                {}, optional={"grade_id": st.sampled_from(["loss", "loss_test", "why"]) | values}
            ) | values}
        ) | values,
        "outputs": values,
        "attachments": values,
    },
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    cells=st.lists(cells | values, max_size=5),
    form=st.sampled_from([(4, 5), (4, 2), (3, 0), (2, 0), (9, 9)]) | st.tuples(values, values),
)
def test_any_notebook_is_read_or_refused_and_its_tests_are_the_source_s(course, cells, form):
    raw = {"nbformat": form[0], "nbformat_minor": form[1], "metadata": {}, "cells": cells}
    raw["worksheets"] = [{"cells": cells}]
    problem_set = open_set(course, "small")
    try:
        paper = lay_over(problem_set, parse(json.dumps(raw).encode()))
    except UnreadableError:
        return
    tests = [
        c.source
        for c in problem_set.notebook.cells
        if c.metadata.get("nbgrader", {}).get("points") == 4
    ]
    assert [c.source for c in paper.cells if c.metadata.get("nbgrader", {}).get("points") == 4] == tests  # fmt: skip


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(UnreadableError):
        assert parse(data).cells is not None


def test_own_cells_stay_behind_the_cell_they_followed(course):
    problem_set = open_set(course, "small")
    student = Student(problem_set, "own", 0)
    at = student.cells.index(student.cell("gradient"))
    student.cells.insert(at, new_code_cell("help_me = 1"))
    paper = lay_over(problem_set, parse(student.data()))
    source = [cell.source for cell in paper.cells]
    assert source.index("help_me = 1") + 1 == source.index(student.cell("gradient").source)
    assert paper.notes == []


def test_an_empty_notebook_is_laid_over(course):
    paper = lay_over(open_set(course, "small"), parse(nbformat.writes(new_notebook()).encode()))
    assert paper.answered == set()
    assert "the cell why is missing" in paper.notes


# A set of the book


def test_a_set_of_the_book_is_graded(tmp_path):
    name = SETS[0]
    chosen = [kind for kind in kinds() if kind.name in ("right", "untouched")]
    wrong = wrong_answers(name)[:2]
    expected = list(hand_in(tmp_path / "in", COURSE, name, chosen, wrong))
    ran = grade(COURSE, tmp_path / "in", "--out", tmp_path / "out", name=name, seconds="60")
    assert ran.returncode == 0, ran.stderr
    for wanted in expected:
        items = results(tmp_path / "out")[wanted.student]["items"]
        tests = {item["id"]: item for item in items if "answer" not in item}
        lost = {item["id"] for item in tests.values() if item["score"] == 0}
        right = {NOTHING: set(), ALL: set(tests), "these": set(wanted.tests)}[wanted.loses]
        assert lost == right, (wanted, tests)
