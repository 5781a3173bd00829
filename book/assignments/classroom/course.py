"""A course folder: source/ holds the sets, release/ what students get."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from . import ClassroomError

# nbgrader calls into parts of Python that later versions of it will lose.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.nbgraderformat import MetadataValidator, ValidationError
    from nbgrader.preprocessors import ClearHiddenTests, SaveCells
    from nbgrader.utils import is_grade, is_solution
    from traitlets.config import PyFileConfigLoader

HIDDEN = re.compile(
    r"^[ \t]*### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS[^\n]*",
    re.MULTILINE | re.DOTALL,
)
CONFIG = "nbgrader_config.py"


def grade_id(cell: NotebookNode) -> str | None:
    """The name that nbgrader knows a cell by, if it knows it."""
    known = cell.get("metadata", {}).get("nbgrader", {})
    name = known.get("grade_id") if isinstance(known, dict) else None
    return name if isinstance(name, str) and name else None


def visible(source: str) -> str:
    """The part of a test cell that students see."""
    return HIDDEN.sub("", source).strip()


@dataclass(frozen=True)
class Item:
    """What points are given for: a cell of tests or a written answer."""

    id: str
    title: str
    points: float
    manual: bool


@dataclass(frozen=True)
class ProblemSet:
    """One set of a course, read from ``source/<name>/<name>.ipynb``."""

    name: str
    course: Path

    @property
    def source(self) -> Path:
        """The notebook with the solutions."""
        return self.course / "source" / self.name / f"{self.name}.ipynb"

    @property
    def release(self) -> Path:
        """The notebook without them."""
        return self.course / "release" / self.name / f"{self.name}.ipynb"

    @cached_property
    def notebook(self) -> NotebookNode:
        """The source, once it is known to be sound."""
        try:
            notebook = nbformat.read(self.source, as_version=4)
        except Exception as error:
            raise ClassroomError(f"{self.source}: {error}") from error
        try:
            MetadataValidator().validate_nb(notebook)
        except ValidationError as error:
            raise ClassroomError(f"{self.source}: {error}") from error
        return notebook

    @cached_property
    def items(self) -> list[Item]:
        """Everything that has points, in the order of the notebook."""
        found, title = [], self.name
        for cell in self.notebook.cells:
            if cell.cell_type == "markdown" and not is_solution(cell):
                for heading in re.findall(
                    r"^#{1,3} +(.+?) *$", cell.source, re.MULTILINE
                ):
                    title = re.sub(r"[*`$]", "", heading)
            if is_grade(cell):
                known = cell.metadata.nbgrader
                found.append(
                    Item(
                        known.grade_id,
                        title,
                        float(known.points),
                        is_solution(cell),
                    )
                )
        return found

    @property
    def points(self) -> float:
        """The most that anybody can have."""
        return sum(item.points for item in self.items)

    def released(self) -> str:
        """The release, made by nbgrader: the same text each time."""
        assert self.notebook  # or a plain word about what is wrong with it
        config = PyFileConfigLoader(CONFIG, path=str(self.course))
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            (root / "source" / self.name).mkdir(parents=True)
            shutil.copy(self.source, root / "source" / self.name)
            # Without a database: nobody is to be registered anywhere.
            steps = [
                step
                for step in GenerateAssignment().preprocessors
                if step is not SaveCells
            ]
            converter = GenerateAssignment(
                coursedir=CourseDirectory(
                    root=scratch, assignment_id=self.name
                ),
                no_database=True,
                preprocessors=steps,
                config=config.load_config(),
            )
            with _nbgrader_quiet() as said:
                try:
                    converter.start()
                except (Exception, SystemExit) as error:
                    raise ClassroomError(
                        f"{self.source}: {said() or error}"
                    ) from error
            made = root / "release" / self.name / f"{self.name}.ipynb"
            return made.read_text(encoding="utf-8")

    def hidden_lines(self) -> set[str]:
        """The lines of the hidden tests, for nobody else to see."""
        regions = [
            region
            for cell in self.notebook.cells
            for region in HIDDEN.findall(cell.source)
        ]
        lines = {
            line.strip() for text in regions for line in text.split("\n")
        }
        return {line for line in lines if len(line) > 12}


@contextlib.contextmanager
def _nbgrader_quiet():
    """nbgrader's complaints as text: they go to its log, not to its errors."""
    records: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: records.append(record.getMessage())
    logger = logging.getLogger("traitlets")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield lambda: next(
                (
                    text.split("\n")[0]
                    for text in records
                    if not text.startswith("Traceback")
                ),
                "",
            )
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def is_test(cell: NotebookNode) -> bool:
    """Whether the cell tests answers; one that a person grades is an answer."""
    return is_grade(cell) and not is_solution(cell)


def open_set(course: Path, name: str) -> ProblemSet:
    """The set of that name, or an error that lists those there are."""
    if not (course / "source").is_dir():
        raise ClassroomError(
            f"{course} is no course folder: it has no folder source/ "
            "(run the command in book/assignments, or give --course)"
        )
    found = sorted(
        path.parent.name
        for path in (course / "source").glob("*/*.ipynb")
        if path.stem == path.parent.name
    )
    if name not in found:
        raise ClassroomError(
            f"set must be one of {', '.join(found) or '(none yet)'}, got {name!r}"
        )
    return ProblemSet(name, course)


__all__ = [
    "ClearHiddenTests",
    "Item",
    "ProblemSet",
    "grade_id",
    "is_grade",
    "is_solution",
    "is_test",
    "open_set",
    "visible",
]
