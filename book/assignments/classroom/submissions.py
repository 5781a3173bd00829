"""What was handed in: found, read, and laid over the source."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from . import ClassroomError
from .course import ProblemSet, grade_id, is_grade, is_solution, visible

LARGEST = (
    50_000_000  # bytes of a submission; a page of figures has one or two
)
MOST_CELLS = 2000


class UnreadableError(Exception):
    """A submission that is no notebook; the message says what it is."""


@dataclass(frozen=True)
class Submission:
    """A student's notebook, or the reason why there is none."""

    student: str
    path: Path | None
    note: str = ""

    def read(self) -> bytes:
        """The file as it is; nothing here ever writes to it."""
        if self.path is None:
            raise UnreadableError(self.note)
        if self.path.is_symlink():
            raise UnreadableError("a link to another file")
        if not self.path.is_file():
            raise UnreadableError("not a file")
        try:
            if self.path.stat().st_size > LARGEST:
                raise UnreadableError(
                    f"larger than {LARGEST // 10**6} MB: clear its outputs"
                )
            return self.path.read_bytes()
        except OSError as error:
            raise UnreadableError(error.strerror or str(error)) from error

    @property
    def folder(self) -> str:
        """A name for files about the student, short enough for any disk."""
        name = self.student.replace(os.sep, "_")
        if len(name.encode()) <= 120 and not name.startswith("."):
            return name
        return hashlib.sha256(name.encode()).hexdigest()[:32]


def _printable(name: str) -> str:
    """A file's name that can be written as text, whatever it was made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _notebook_in(folder: Path, name: str) -> tuple[Path | None, str]:
    """The one notebook of a student's folder and what to say about it."""
    for path in (folder / f"{name}.ipynb", folder / name / f"{name}.ipynb"):
        if path.is_symlink() or path.exists():
            return path, ""
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() == ".ipynb"
        and ".ipynb_checkpoints" not in path.parts
    ]
    if len(found) == 1:
        told = _printable(str(found[0].relative_to(folder)))
        return found[0], f"handed in as {told}"
    if not found:
        return None, "no notebook in the folder"
    told = ", ".join(_printable(path.name) for path in found[:4])
    return None, f"{len(found)} notebooks, none named {name}.ipynb: {told}"


def find(submitted: Path, name: str) -> list[Submission]:
    """All submissions of a folder, one a student, in the order of names.

    Either ``<student>/<set>.ipynb`` or ``<student>/<set>/<set>.ipynb``, or
    ``<student>.ipynb`` side by side.
    """
    if not submitted.is_dir():
        raise ClassroomError(f"no folder of submissions: {submitted}")
    found = []
    for entry in sorted(submitted.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            path, note = _notebook_in(entry, name)
            found.append(Submission(_printable(entry.name), path, note))
        elif entry.suffix.lower() == ".ipynb":
            found.append(Submission(_printable(entry.stem), entry))
    students: dict[str, int] = {}
    for submission in found:
        students[submission.student] = students.get(submission.student, 0) + 1
    twice = [student for student, count in students.items() if count > 1]
    if twice:
        raise ClassroomError(
            f"handed in twice, as a file and as a folder: {', '.join(twice)}"
        )
    if not found:
        raise ClassroomError(
            f"no submissions in {submitted}: expected <student>/{name}.ipynb or <student>.ipynb"
        )
    return found


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """What a format of long ago is missing is no news to anybody."""
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def parse(data: bytes) -> NotebookNode:
    """A notebook of the current format, however old or untidy it was."""
    if not data.strip():
        raise UnreadableError("an empty file")
    try:
        raw = json.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        start = data[:8].decode("ascii", "backslashreplace")
        raise UnreadableError(
            f"not a notebook: it begins with {start!r}"
        ) from None
    if not isinstance(raw, dict) or not (
        isinstance(raw.get("cells"), list)
        or isinstance(raw.get("worksheets"), list)
    ):
        raise UnreadableError("not a notebook: it has no cells")
    try:
        with (
            warnings.catch_warnings(),
            _quiet(logging.getLogger("traitlets")),
        ):
            warnings.simplefilter("ignore")
            notebook = nbformat.convert(nbformat.from_dict(raw), 4)
    except Exception as error:
        raise UnreadableError(
            f"a notebook of an unknown format ({type(error).__name__})"
        ) from None
    cells, seen = [], set()
    for cell in map(_tidied, notebook.get("cells", [])):
        if cell is None:
            continue
        if cell.id in seen:  # copied by hand, as an earlier attempt
            cell["id"] = f"{len(cells)}-{cell.id}"[:64]
        seen.add(cell.id)
        cells.append(cell)
    if len(cells) > MOST_CELLS:
        raise UnreadableError(f"a notebook of {len(cells)} cells")
    return new_notebook(cells=cells)


def _tidied(cell: object) -> NotebookNode | None:
    """The cell with only what grading looks at, and of the right types."""
    if not isinstance(cell, dict):
        return None
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return None
    # A lone surrogate cannot be sent to a kernel.
    source = source.encode("utf-8", "replace").decode()
    make = (
        new_code_cell
        if cell.get("cell_type") == "code"
        else new_markdown_cell
    )
    tidied = make(source)
    known = cell.get("id")
    if isinstance(known, str) and re.fullmatch(
        r"[\w-]{1,64}", known, re.ASCII
    ):
        tidied["id"] = known
    name = grade_id(cell) if isinstance(cell.get("metadata"), dict) else None
    if name:
        tidied.metadata["grade_id"] = name
    pictures = cell.get("attachments")
    if make is new_markdown_cell and isinstance(pictures, dict):
        tidied["attachments"] = {
            name: data
            for name, data in pictures.items()
            if isinstance(data, dict)
            and all(isinstance(text, str) for text in data.values())
        }
    return tidied


@dataclass
class Paper:
    """A submission laid over the source: what is run, and what is missing."""

    cells: list[NotebookNode]  # of the source, or of the student's own
    answered: set[str]  # solution cells that were found
    notes: list[str]


def lay_over(problem_set: ProblemSet, submitted: NotebookNode) -> Paper:
    """The source's tests around the submission's answers.

    Graded and locked cells are those of the source, each once and in its
    order, whatever became of them in the submission; solutions are the
    submission's, known by their grade_id, the last of them where there are
    several; the cells of the student's own stay behind the cell that they
    followed.
    """
    source = problem_set.notebook.cells
    anchors = {grade_id(cell): cell for cell in source if grade_id(cell)}
    by_id = {cell.id: name for name, cell in anchors.items()}
    known = [cell.metadata.pop("grade_id", None) for cell in submitted.cells]
    named = set(known)
    # Some editors drop what nbgrader wrote but keep the identifier.
    known = [
        by_id[cell.id]
        if name not in anchors
        and cell.get("id") in by_id
        and by_id[cell.id] not in named
        else name
        for name, cell in zip(known, submitted.cells, strict=True)
    ]
    last = {name: k for k, name in enumerate(known) if name in anchors}
    notes: list[str] = []
    if set(last) - named:
        notes.append("cells without nbgrader's marks: known by their ids")
    own: dict[str | None, list[NotebookNode]] = {None: []}
    behind: str | None = None
    for k, (name, cell) in enumerate(
        zip(known, submitted.cells, strict=True)
    ):
        if name in anchors and last[name] == k:
            behind = name
            own.setdefault(behind, [])
            # A test or a text of the source's: edited or not, it is replaced.
        elif name not in anchors or is_solution(anchors[name]):
            own.setdefault(behind, []).append(cell)
    _put_back_plain(source, submitted.cells, own, notes)
    answered, cells = set(), list(own.pop(None))
    for name, anchor in anchors.items():
        there = last.get(name)
        kind = anchor.cell_type
        if is_solution(anchor):
            theirs = None if there is None else submitted.cells[there]
            cell = nbformat.from_dict(dict(anchor))
            if theirs is None or theirs.cell_type != kind:
                cell.source = ""
                notes.append(f"the cell {name} is missing")
            else:
                cell.source = theirs.source
                if "attachments" in theirs:
                    cell["attachments"] = theirs.attachments
                answered.add(name)
            if known.count(name) > 1:
                notes.append(
                    f"{known.count(name)} cells {name}: the last counts"
                )
        else:
            cell = nbformat.from_dict(dict(anchor))
            if is_grade(anchor):
                if there is None:
                    notes.append(f"the tests {name} were missing: put back")
                elif submitted.cells[there].source.strip() != visible(
                    anchor.source
                ):
                    notes.append(f"the tests {name} were edited: put back")
                if known.count(name) > 1:
                    notes.append(
                        f"the tests {name} were there twice: run once"
                    )
        cells.append(cell)
        cells.extend(own.get(name, []))
    return Paper(cells, answered, notes)


def _put_back_plain(
    source: list[NotebookNode],
    submitted: list[NotebookNode],
    own: dict[str | None, list[NotebookNode]],
    notes: list[str],
) -> None:
    """Ungraded code of the source, as its imports, where it was deleted."""
    there = {cell.get("id") for cell in submitted}
    if not there & {cell.id for cell in source}:
        return  # a notebook of a format without identifiers: nobody can tell
    behind: str | None = None
    missing: dict[str | None, list[NotebookNode]] = {}
    for cell in source:
        if grade_id(cell):
            behind = grade_id(cell)
        elif cell.cell_type == "code" and cell.id not in there:
            missing.setdefault(behind, []).append(
                nbformat.from_dict(dict(cell))
            )
    for behind, cells in missing.items():
        own[behind] = cells + own.get(behind, [])
    count = sum(map(len, missing.values()))
    if count:
        notes.append(f"cells of the set that were deleted: {count} put back")
