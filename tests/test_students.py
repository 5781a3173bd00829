"""Data of one's own: the same wherever they are drawn, and nobody else's."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import __main__ as checkup
from lib import graded_student, sparse_regression, student_seed
from lib.students import STUDENT_VARIABLE

names = st.text(min_size=1).filter(str.strip)


def test_the_seed_is_the_same_on_every_machine_and_for_ever():
    # SHA-256 of b"7:student13:implicit_bias": data handed out may never change under a student.
    assert student_seed("student", "implicit_bias") == 2565409106946415195
    assert student_seed("practice", "gd_against_sgd") == 5335795584795171554
    said = subprocess.run(
        [sys.executable, "-c", "import lib; print(lib.student_seed('zoë', 'gain'))"],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={"PYTHONHASHSEED": "7"},
    ).stdout
    assert int(said) == student_seed("zoë", "gain")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        (" ada\n", "ada"),
        ("Zoe\u0308", "zoë"),  # a letter and its dots, or one character
        ("\uff41da", "ada"),  # full-width a
        ("STRASSE", "straße"),
        ("\u0149a", "\u02bcNa"),
    ],
)
def test_ways_of_writing_the_same_name(one, other):
    assert student_seed(one, "gain") == student_seed(other, "gain")
    assert student_seed("s", one) == student_seed("s", other)


@given(names, names)
def test_seeds_are_seeds(student, assignment):
    seed = student_seed(student, assignment)
    assert 0 <= seed < 2**63
    assert student_seed(f"  {student}", assignment) == seed
    sparse_regression(2, 3, 1, seed)


def test_no_two_share_their_data():
    pairs = [(f"s{k}", name) for k in range(500) for name in ("implicit_bias", "gd_against_sgd")]
    pairs += [("ab", "c"), ("a", "bc"), ("1:a", "b"), ("a", "1:b")]
    assert len({student_seed(*pair) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize("value", ["", "  ", "\u00a0", None, 7, b"ada"])
def test_who_is_nobody_is_told_so(value):
    with pytest.raises(ValueError, match=r"^student must be your identifier, .*, got "):
        student_seed(value, "gain")
    with pytest.raises(ValueError, match=r"^assignment must be the name of .*, got "):
        student_seed("ada", value)


def test_the_grader_has_the_last_word(monkeypatch):
    monkeypatch.delenv(STUDENT_VARIABLE, raising=False)
    assert graded_student("ada") == "ada"
    assert graded_student("") == graded_student("  ") == "practice"
    monkeypatch.setenv(STUDENT_VARIABLE, " ")
    assert graded_student("ada") == "ada"
    monkeypatch.setenv(STUDENT_VARIABLE, "emmy")
    assert graded_student("ada") == graded_student("") == "emmy"
    with pytest.raises(ValueError, match=r"^student must be a string, got None"):
        graded_student(None)


def test_an_environment_is_checked(monkeypatch, capsys):
    assert checkup.main() == 0
    said = capsys.readouterr().out
    assert said.endswith("Everything is in place.\n")
    for name in ("Python", "numpy", "scipy", "numba"):
        assert f"{name} " in said
    monkeypatch.setattr(checkup, "min_potential", lambda problem, **_: problem.w_star)
    assert checkup.main() == 1
    assert "something is wrong with this environment" in capsys.readouterr().out
