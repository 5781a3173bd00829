"""Written answers: read by a person, whose points stand in manual.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from . import ClassroomError
from .course import ProblemSet, grade_id
from .grading import write

COLUMNS = ("student", "task", "answer", "of", "points", "comment")


def read(path: Path) -> list[dict[str, str]]:
    """The rows as they stand; spreadsheets may have changed the separator."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8-sig")
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    rows = list(csv.DictReader(io.StringIO(text), delimiter=separator))
    missing = set(COLUMNS) - set(rows[0] if rows else COLUMNS)
    if missing:
        raise ClassroomError(
            f"{path} lacks the columns {', '.join(sorted(missing))}"
        )
    return [
        {name: (row[name] or "").strip() for name in COLUMNS} for row in rows
    ]


def as_csv(columns: Sequence[str], rows: Sequence[dict]) -> str:
    """A table that spreadsheets open with its letters right."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return "\ufeff" + text.getvalue()


def ask(path: Path, results: Sequence[dict]) -> int:
    """Adds a row for each answer that has none; how many wait for points.

    Rows that are there stay as they are, character by character of their
    cells. An answer that was handed in anew gets a row of its own.
    """
    rows = read(path)
    there = {(row["student"], row["task"], row["answer"]) for row in rows}
    new = [
        {
            "student": result["student"],
            "task": item["id"],
            "answer": item["answer"],
            "of": f"{item['of']:g}",
            "points": "",
            "comment": "",
        }
        for result in results
        for item in result["items"]
        if item["score"] is None
        and (result["student"], item["id"], item["answer"]) not in there
    ]
    if new or not path.exists():
        write(path, as_csv(COLUMNS, rows + new))
    given(path)
    current = {
        (result["student"], item["id"], item["answer"])
        for result in results
        for item in result["items"]
        if item["score"] is None
    }
    return sum(
        not row["points"]
        and (row["student"], row["task"], row["answer"]) in current
        for row in rows + new
    )


def given(path: Path) -> dict[tuple[str, str, str], tuple[float, str]]:
    """{(student, task, answer): (points, comment)} as far as there are."""
    found = {}
    for number, row in enumerate(read(path), start=2):
        if not row["points"]:
            continue
        try:
            points = float(row["points"].replace(",", "."))
            most = float(row["of"].replace(",", "."))
        except ValueError:
            points, most = -1.0, 0.0
        if not 0 <= points <= most:
            raise ClassroomError(
                f"{path}, line {number}: points must be a number from 0 to "
                f"{row['of']}, got {row['points']!r}"
            )
        key = (row["student"], row["task"], row["answer"])
        found[key] = (points, row["comment"])
    return found


def to_read(
    folder: Path, problem_set: ProblemSet, results: Sequence[dict]
) -> list[Path]:
    """For each written task a notebook of all answers, the rubric on top."""
    written = []
    cells = {grade_id(cell): cell for cell in problem_set.notebook.cells}
    for item in problem_set.items:
        if not item.manual:
            continue
        page = [
            new_markdown_cell(
                f"# {item.title}: `{item.id}`, {item.points:g} points\n\n"
                "The model answer and the rubric:\n\n"
                + cells[item.id]
                .source.replace("### BEGIN SOLUTION", "")
                .replace("### END SOLUTION", "")
                .strip(),
                id="rubric",
            )
        ]
        for k, result in enumerate(results):
            for answer in result["items"]:
                if answer["id"] == item.id and answer.get("text"):
                    page.append(
                        new_markdown_cell(
                            f"---\n\n**{result['student']}** (answer {answer['answer']})",
                            id=f"student-{k}",
                        )
                    )
                    page.append(_answer(answer, f"answer-{k}"))
        path = folder / f"{item.id}.ipynb"
        write(path, nbformat.writes(new_notebook(cells=page)))
        written.append(path)
    return written


def _answer(answer: dict, identity: str) -> nbformat.NotebookNode:
    """What was written; code with what it displayed."""
    if "outputs" not in answer:
        return new_markdown_cell(answer["text"], id=identity)
    outputs = [nbformat.from_dict(output) for output in answer["outputs"]]
    return new_code_cell(answer["text"], outputs=outputs, id=identity)
