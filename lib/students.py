"""Whose data: every student works on problems of their own, drawn from their identifier."""

from __future__ import annotations

import hashlib
import os
import unicodedata

from . import _checks

# Set by whoever grades: it says whose submission is running, whatever the submission itself says.
STUDENT_VARIABLE = "DIAGONAL_BOOK_STUDENT"
PRACTICE = "practice"


def _normalised(name: str, value: object, expected: str) -> str:
    _checks.text(name, value, expected)
    # Casefolding can undo the normal form (ŉ becomes two letters), hence once more afterwards.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).strip()
    if not folded:
        raise _checks.complaint(name, value, expected)
    return folded


def student_seed(student: str, assignment: str) -> int:
    """The first 63 bits of SHA-256(student, assignment): a seed for data of one's own.

    Parameters
    ----------
    student : str
        The identifier as the lecturer writes it. Letter case, blanks at the ends and the ways in
        which Unicode can write the same letters make no difference; "practice" is the data set
        of those who have no identifier yet.
    assignment : str
        The name of the problem set, as "implicit_bias", compared in the same way.

    Returns
    -------
    int
        From 0 to 2⁶³ − 1, the same on every machine. Another student or another set gives a seed
        that has nothing to do with it.

    Raises
    ------
    ValueError
        If one of the two is not a string, or blank, or holds half a Unicode character.
    """
    who = _normalised("student", student, f'your identifier, or "{PRACTICE}"')
    what = _normalised("assignment", assignment, "the name of a problem set")
    # Lengths in front, or ("ab", "c") and ("a", "bc") would share their data.
    message = f"{len(who)}:{who}{len(what)}:{what}".encode()
    return int.from_bytes(hashlib.sha256(message).digest()[:8], "big") >> 1


def graded_student(student: str) -> str:
    """Whose data count: the grader's word if there is one, else the notebook's, else "practice".

    Parameters
    ----------
    student : str
        What the notebook says; blank stands for "practice".

    Returns
    -------
    str
        The environment variable ``DIAGONAL_BOOK_STUDENT`` unless it is unset or blank, else
        ``student`` unless it is blank, else "practice".

    Raises
    ------
    ValueError
        If ``student`` is not a string, or holds half a Unicode character.
    """
    _checks.text("student", student, "a string", blank=True)
    named = os.environ.get(STUDENT_VARIABLE, "")
    return next((name for name in (named, student) if name.strip()), PRACTICE)
