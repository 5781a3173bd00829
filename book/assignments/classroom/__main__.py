"""python -m classroom release | grade | return <set>, in book/assignments."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from . import ClassroomError, isolation, manual, report
from .batch import alone, grade_class, stored
from .course import CONFIG, ProblemSet, grade_id, open_set
from .grading import Job, stamp, write
from .submissions import find


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m classroom", description=__doc__
    )
    parser.add_argument(
        "--course",
        type=Path,
        default=Path(),
        help="the folder that holds source/ (default: this one)",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    release = commands.add_parser(
        "release", help="make the notebook for students from the source"
    )
    release.add_argument("set", help="name of the problem set")
    release.add_argument(
        "--force",
        action="store_true",
        help="replace a release that differs from what would be made",
    )

    grade = commands.add_parser("grade", help="grade a folder of submissions")
    grade.add_argument("set", help="name of the problem set")
    grade.add_argument(
        "--submitted",
        type=Path,
        required=True,
        help="holds <student>/<set>.ipynb or <student>.ipynb",
    )
    grade.add_argument(
        "--roster",
        type=Path,
        help="all students, one a line: who handed in nothing is listed too",
    )
    grade.add_argument("--jobs", type=int, default=2, help="at a time (2)")
    default = isolation.Allowance()
    grade.add_argument(
        "--timeout",
        type=float,
        default=default.timeout,
        help=f"seconds a cell may take ({default.timeout:g})",
    )
    grade.add_argument(
        "--budget",
        type=float,
        default=default.budget,
        help=f"seconds a submission may take ({default.budget:g})",
    )
    grade.add_argument(
        "--memory",
        type=int,
        default=default.memory,
        help=f"megabytes it may use ({default.memory})",
    )
    grade.add_argument(
        "--isolation",
        choices=["auto", "required", "off"],
        default="auto",
        help="off: limits only; required: stop where there is no more",
    )
    grade.add_argument(
        "--again",
        action="store_true",
        help="grade anew what has been graded already",
    )

    back = commands.add_parser(
        "return", help="merge manual.csv and write the pages for students"
    )
    back.add_argument("set", help="name of the problem set")
    for command in (grade, back):
        command.add_argument(
            "--out",
            type=Path,
            help="where everything is written (default: graded/<set>)",
        )
    return parser


def release(problem_set: ProblemSet, force: bool) -> None:
    """Writes release/<set>/<set>.ipynb."""
    made = problem_set.released()
    path = problem_set.release
    if (
        path.exists()
        and path.read_text(encoding="utf-8") != made
        and not force
    ):
        raise ClassroomError(
            f"{path} differs from what the source gives now: it is old or was "
            "edited by hand. To replace it: --force"
        )
    write(path, made)
    path.chmod(0o644)
    print(f"{path}: {problem_set.points:g} points")


def _stubs(problem_set: ProblemSet) -> dict[str, str]:
    import nbformat

    cells = nbformat.reads(problem_set.released(), as_version=4).cells
    return {grade_id(cell): cell.source for cell in cells if grade_id(cell)}


def _positive(arguments: argparse.Namespace) -> None:
    for name in ("jobs", "timeout", "budget", "memory"):
        value = getattr(arguments, name)
        if not value > 0:
            raise ClassroomError(f"--{name} must be above 0, got {value:g}")


def _roster(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ClassroomError(f"{path}: {error.strerror}") from error
    return [line.strip() for line in lines if line.strip()]


def _how(wanted: str) -> str:
    if wanted == "off":
        return isolation.LIMITS
    how = isolation.isolation()
    if wanted == "required" and how == isolation.LIMITS:
        raise ClassroomError(
            "no isolation on this machine: bubblewrap is missing or forbidden"
        )
    return how


def grade(problem_set: ProblemSet, arguments: argparse.Namespace) -> None:
    """Grades a folder and writes everything below --out."""
    _positive(arguments)
    roster = _roster(arguments.roster)
    submissions = find(arguments.submitted, problem_set.name)
    out = _out(problem_set, arguments)
    inside = arguments.submitted.resolve()
    if out.resolve() == inside or out.resolve().is_relative_to(inside):
        raise ClassroomError(
            f"--out must not lie in the folder of submissions, got {out}"
        )
    allowance = isolation.Allowance(
        arguments.timeout, arguments.budget, arguments.memory
    )
    with alone(out):
        job = Job(
            problem_set=problem_set,
            allowance=allowance,
            how=_how(arguments.isolation),
            out=out.resolve(),
            secret=[
                problem_set.course.resolve(),
                arguments.submitted.resolve(),
                out.resolve(),
            ],
            stubs=_stubs(problem_set),
            hidden=sorted(problem_set.hidden_lines(), key=len, reverse=True),
            stamp=stamp(problem_set, allowance),
        )
        kept = 0
        if not arguments.again:
            kept = sum(stored(job, each) is not None for each in submissions)
        began = time.monotonic()
        results = grade_class(
            job, submissions, jobs=arguments.jobs, again=arguments.again
        )
        seconds = time.monotonic() - began
        write(
            out / "class.txt",
            "".join(
                f"{each.folder}.json\n"
                for each in sorted(submissions, key=lambda s: s.student)
            ),
        )
        open_ = manual.ask(out / "manual.csv", results)
        pages = manual.to_read(out / "answers", problem_set, results)
        write(out / "roster.txt", "".join(f"{name}\n" for name in roster))
        merged = _written(problem_set, out, results, roster)
    counts = Counter(report.status(result) for result in merged)
    print(
        f"{len(results)} submissions in {seconds:.0f} s, {kept} of them "
        f"known from before; isolation: {job.how}"
    )
    for status, count in sorted(counts.items()):
        print(f"  {count:4d} {status}")
    for result in merged:
        if result["notes"]:
            print(f"  {result['student']}: {'; '.join(result['notes'])}")
    print(f"grades: {out / 'grades.csv'}")
    if open_:
        print(
            f"{open_} written answers wait: read {pages[0].parent}, fill in "
            f"{out / 'manual.csv'}, then run: return {problem_set.name}"
        )


def give_back(problem_set: ProblemSet, arguments: argparse.Namespace) -> None:
    """Merges what was graded by hand and writes the pages for students."""
    out = _out(problem_set, arguments)
    if not (out / "class.txt").exists():
        raise ClassroomError(
            f"nothing graded in {out}: run grade {problem_set.name} first"
        )
    with alone(out):
        results = _results(out)
        roster = _roster(out / "roster.txt")
        merged = _written(problem_set, out, results, roster)
        for result, name in zip(merged, _names(out), strict=True):
            page = out / "feedback" / f"{name.removesuffix('.json')}.html"
            report.feedback(page, problem_set, result)
    waiting = [
        result["student"]
        for result in merged
        if report.status(result) == report.OPEN
    ]
    print(f"{len(merged)} pages in {out / 'feedback'}")
    print(f"grades: {out / 'grades.csv'}")
    if waiting:
        told = ", ".join(waiting[:8]) + (" …" if len(waiting) > 8 else "")
        print(f"{len(waiting)} {report.OPEN}, hence without a total: {told}")


def _out(problem_set: ProblemSet, arguments: argparse.Namespace) -> Path:
    return arguments.out or problem_set.course / "graded" / problem_set.name


def _names(out: Path) -> list[str]:
    return (out / "class.txt").read_text(encoding="utf-8").split("\n")[:-1]


def _results(out: Path) -> list[dict]:
    import json

    return [
        json.loads((out / "results" / name).read_text(encoding="utf-8"))
        for name in _names(out)
    ]


def _written(
    problem_set: ProblemSet,
    out: Path,
    results: list[dict],
    roster: list[str],
) -> list[dict]:
    merged = report.merge(results, manual.given(out / "manual.csv"))
    report.table(out / "grades.csv", problem_set, merged, roster)
    report.picture(out, problem_set, merged)
    return merged


def main(words: list[str] | None = None) -> int:
    """0 if all went well, 1 if the command was wrong, 130 if stopped."""
    arguments = _parser().parse_args(words)
    try:
        if not (arguments.course / CONFIG).is_file():
            raise ClassroomError(
                f"no course folder: {arguments.course.resolve()} has no "
                f"{CONFIG} (run the command in book/assignments, or give "
                "--course)"
            )
        problem_set = open_set(arguments.course, arguments.set)
        if arguments.command == "release":
            release(problem_set, arguments.force)
        elif arguments.command == "grade":
            grade(problem_set, arguments)
        else:
            give_back(problem_set, arguments)
    except ClassroomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nstopped; the same command goes on from here", file=sys.stderr
        )
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
