"""One submission graded: read, laid over the source, run, and written down."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from . import isolation
from .course import ProblemSet, grade_id, is_grade, is_test
from .kernel import Kernel, KernelGoneError, Outcome
from .submissions import (
    Paper,
    Submission,
    UnreadableError,
    lay_over,
    parse,
)

VERSION = 1  # another one, and everything is graded anew
MOST_KERNELS = 4
LONGEST = 500  # letters of a message
GRADED, UNREADABLE, BROKEN_OFF = "graded", "unreadable", "broken off"


@dataclass(frozen=True)
class Job:
    """Everything that grading a submission depends on but the submission."""

    problem_set: ProblemSet
    allowance: isolation.Allowance
    how: str
    out: Path
    secret: Sequence[Path]
    stubs: dict[str, str]  # what the release holds in place of answers
    hidden: Sequence[str]  # lines of the hidden tests
    stamp: str  # of the source, the simulator and the allowance

    @property
    def caches(self) -> Path:
        """What the model solution has compiled, for all to read."""
        return self.out / ".cache"

    def file(self, kind: str, submission: Submission, ending: str) -> Path:
        """Where something about the submission is written."""
        return self.out / kind / f"{submission.folder}{ending}"

    def key(self, submission: Submission) -> str:
        """The same for the same bytes under the same rules."""
        try:
            data = submission.read()
        except UnreadableError as error:
            data = f"unreadable: {error}".encode()
        parts = (
            self.stamp.encode(),
            submission.student.encode(),
            submission.note.encode(),
            data,
        )
        return hashlib.sha256(
            b"".join(b"%d:%b" % (len(part), part) for part in parts)
        ).hexdigest()


def stamp(problem_set: ProblemSet, allowance: isolation.Allowance) -> str:
    """A word for the source, the simulator and the allowance together."""
    total = hashlib.sha256(f"{VERSION} {allowance}".encode())
    code = sorted(isolation.simulator().glob("*.py"))
    for path in (problem_set.source, *code):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def write(path: Path, text: str) -> None:
    """All of the text or nothing, whatever happens meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=".", suffix=".new"
    )
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)


def grade(job: Job, submission: Submission, scratch: Path) -> dict:
    """The result, which is also written to ``results/<student>.json``."""
    began = time.monotonic()
    result = {
        "student": submission.student,
        "key": job.key(submission),
        "status": GRADED,
        "isolation": job.how,
        "notes": [submission.note] if submission.note else [],
        "items": [],
    }
    try:
        paper = lay_over(job.problem_set, parse(submission.read()))
    except UnreadableError as error:
        result |= {"status": UNREADABLE, "notes": [str(error)]}
    else:
        run = Run(job, paper.cells, submission.student, scratch)
        try:
            run.all()
        except KernelGoneError as error:
            result["status"] = BROKEN_OFF
            run.remarks.append(str(error))
        result["notes"] += [*paper.notes, *dict.fromkeys(run.remarks)]
        if result["status"] == GRADED:
            result["items"] = _items(job, paper, run.messages)
        write(
            job.file("notebooks", submission, ".ipynb"),
            nbformat.writes(_as_notebook(paper.cells)),
        )
    result["seconds"] = round(time.monotonic() - began, 1)
    write(
        job.file("results", submission, ".json"),
        json.dumps(result, ensure_ascii=False, indent=1) + "\n",
    )
    return result


def reference(job: Job, scratch: Path) -> list[str]:
    """What the model solution loses on this machine: nothing, or stop.

    What it compiles on the way is kept, for no submission to do it again.
    """
    cells = [
        nbformat.from_dict(dict(cell))
        for cell in job.problem_set.notebook.cells
    ]
    run = Run(job, cells, "practice", scratch, keep=job.caches)
    run.all()
    failed = {
        grade_id(cell): f"{output.ename}: {output.evalue}"
        for cell in run.cells
        if is_grade(cell) and not is_test(cell)  # code that a person reads
        for output in cell["outputs"]
        if output.output_type == "error"
    }
    return [
        f"{name}: {text}"
        for name, text in {**run.messages, **failed}.items()
        if text
    ]


class Run:
    """The code of a paper, run in order, tests and all.

    If a cell ends the kernel, the next kernel runs what came before without
    that cell and without tests, and goes on behind it: a mistake in one task
    costs no other task its points.
    """

    def __init__(
        self,
        job: Job,
        cells: Sequence[NotebookNode],
        student: str,
        scratch: Path,
        keep: Path | None = None,
    ) -> None:
        self.cells = [cell for cell in cells if cell.cell_type == "code"]
        self.messages = {
            grade_id(cell): "not run" for cell in self.cells if is_test(cell)
        }
        self.remarks: list[str] = []
        self._job, self._left = job, job.allowance.budget
        self._ends = time.monotonic() + isolation.PATIENCE * self._left
        self._skipped: set[int] = set()  # they would end the next one too
        self._position = 0  # of the first cell that has not been run
        self._at: int | None = None
        self._kernel = lambda: Kernel(
            scratch,
            student,
            job.allowance,
            job.secret,
            job.how,
            job.caches,
            keep,
        )

    def all(self) -> None:
        """Fills in the messages (empty for a test that was passed)."""
        for _ in range(MOST_KERNELS):
            try:
                with self._kernel() as kernel:
                    try:
                        self._go_on(kernel)
                    finally:
                        self._left -= kernel.spent
                    return
            except KernelGoneError as error:
                if self._at is None:
                    raise  # it never came up: not the submission's doing
                self._skipped.add(self._at)
                self._position = max(self._position, self._at + 1)
                if is_test(self.cells[self._at]):
                    self.messages[grade_id(self.cells[self._at])] = str(error)
                self.remarks.append(f"its code {error}")
                self._at = None
        self.remarks.append(f"given up after {MOST_KERNELS} kernels")

    def _go_on(self, kernel: Kernel) -> None:
        for k, cell in enumerate(self.cells):
            new, test = k >= self._position, is_test(cell)
            if k in self._skipped or (test and not new):
                continue
            seconds = self._left - kernel.spent
            if seconds <= 0 or time.monotonic() > self._ends:
                budget = self._job.allowance.budget
                self.remarks.append(f"not finished in {budget:.0f} s")
                return
            self._at = k
            run = kernel.test if test else kernel.run
            outcome = run(
                cell.source, min(seconds, self._job.allowance.timeout)
            )
            if new:
                cell["outputs"] = outcome.outputs
                self._position = k + 1
            if outcome.stopped:
                self._skipped.add(k)
            if test:
                self._note(cell, outcome)

    def _note(self, cell: NotebookNode, outcome: Outcome) -> None:
        text = outcome.error or ("" if outcome.passed else "cut short")
        for line in self._job.hidden:
            text = text.replace(line, "[hidden]")
        if len(text) > LONGEST:
            text = text[: LONGEST - 1] + "…"
        self.messages[grade_id(cell)] = text
        if outcome.put_back:
            names = ", ".join(sorted(outcome.put_back)[:5])
            self.remarks.append(
                f"had replaced {names}: put back for the tests"
            )


def _items(job: Job, paper: Paper, messages: dict[str, str]) -> list[dict]:
    """Points a test and a written answer; None for what a person must read."""
    answers = {grade_id(cell): cell for cell in paper.cells if grade_id(cell)}
    items = []
    for item in job.problem_set.items:
        found = {"id": item.id, "title": item.title, "of": item.points}
        if not item.manual:
            message = messages[item.id]
            found |= {
                "score": 0.0 if message else item.points,
                "message": message,
            }
        else:
            text = answers[item.id].source.strip()
            empty = not text or text == job.stubs[item.id].strip()
            found |= {
                "score": 0.0 if empty else None,
                "message": "no answer" if empty else "",
                "answer": hashlib.sha256(text.encode()).hexdigest()[:12],
                "text": "" if empty else text,
            }
            if answers[item.id].cell_type == "code" and not empty:
                found["outputs"] = answers[item.id].get("outputs", [])
        items.append(found)
    return items


def _as_notebook(cells: Sequence[NotebookNode]) -> NotebookNode:
    seen: set[str] = set()
    for k, cell in enumerate(cells):
        if cell.get("id") in seen or not cell.get("id"):
            cell["id"] = f"own-{k}"
        seen.add(cell["id"])
    return new_notebook(
        cells=list(cells),
        metadata={
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
    )
