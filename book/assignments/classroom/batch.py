"""A whole class graded: in parallel, resumable, stopped by nothing."""

from __future__ import annotations

import contextlib
import fcntl
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from pathlib import Path

import psutil
from tqdm import tqdm

from . import ClassroomError, isolation
from .grading import (
    BROKEN_OFF,
    Job,
    grade,
    reference,
    write,
)
from .submissions import Submission

# Forked children start at once with everything loaded; elsewhere (macOS)
# forking is not safe.
_METHOD = "fork" if sys.platform == "linux" else "spawn"


def stored(job: Job, submission: Submission) -> dict | None:
    """The result of an earlier run, if it is about these very bytes."""
    with contextlib.suppress(OSError, ValueError):
        text = job.file("results", submission, ".json").read_text("utf-8")
        result = json.loads(text)
        if result["key"] == job.key(submission):
            return result
    return None


@contextlib.contextmanager
def alone(out: Path) -> Iterator[None]:
    """Two batches never write into the same folder."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ClassroomError(f"another run is at work in {out}") from None
        yield


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of this run's own; those of runs that were killed are removed.

    Its name is short: sockets lie in it, and their paths may not be long.
    """
    base = Path(tempfile.gettempdir())
    for left in base.glob("grade-*-*"):
        pid = left.name.split("-")[1]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"grade-{os.getpid()}-", dir=base))
    try:
        yield made.resolve()
    finally:
        shutil.rmtree(made, ignore_errors=True)


def grade_class(
    job: Job,
    submissions: Sequence[Submission],
    *,
    jobs: int = 2,
    again: bool = False,
    progress: bool | None = None,
) -> list[dict]:
    """The results of all, in their order; those that are known are kept."""
    results: dict[str, dict] = {}
    todo = []
    for submission in submissions:
        known = None if again else stored(job, submission)
        if known is None:
            todo.append(submission)
        else:
            results[submission.student] = known
    if todo:
        others = [child.pid for child in psutil.Process().children()]
        isolation.adopt_orphans()
        with scratch_folder() as scratch:
            try:
                _in_a_process(_check_machine, job, scratch / "reference")
                _all(job, todo, jobs, scratch, results, progress, others)
            finally:
                isolation.end_family(others)
    return [results[submission.student] for submission in submissions]


def _check_machine(job: Job, scratch: Path) -> None:
    lost = reference(job, scratch)
    if lost:
        raise ClassroomError(
            "the model solution itself loses points on this machine, so "
            f"nothing was graded: {'; '.join(lost)}"
        )


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits: what it raises in a callback of fork would be dropped."""
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def _in_a_process(work, *arguments: object) -> None:
    """Run where it can be ended with all that it has started."""
    context = multiprocessing.get_context(_METHOD)
    mine, theirs = context.Pipe()
    process = context.Process(
        target=_child, args=(theirs, os.getpid(), work, *arguments)
    )
    with _undisturbed():
        process.start()
    theirs.close()
    try:
        error = mine.recv()
    except EOFError:
        error = ClassroomError("the check of the machine was killed")
    process.join()
    if error is not None:
        raise error


def _child(pipe, parent: int, work, *arguments: object) -> None:
    # A terminal sends Ctrl-C to all: it is the parent that ends this process.
    # (What is ignored would stay so in the kernel; a handler does not.)
    signal.signal(signal.SIGINT, lambda *_: None)
    isolation.die_with(parent)
    isolation.adopt_orphans()
    try:
        work(*arguments)
    except ClassroomError as error:
        pipe.send(error)
    except Exception as error:
        pipe.send(ClassroomError(f"{type(error).__name__}: {error}"))
    else:
        pipe.send(None)
    finally:
        isolation.end_family()


def _all(
    job: Job,
    todo: Sequence[Submission],
    jobs: int,
    scratch: Path,
    results: dict[str, dict],
    progress: bool | None,
    others: list[int],
) -> None:
    """One process a submission, at most so many at a time."""
    context = multiprocessing.get_context(_METHOD)
    waiting, running = list(reversed(todo)), {}
    # Far beyond what the worker allows itself: only for one that hangs.
    patience = 2 * isolation.PATIENCE * job.allowance.budget + 600
    tqdm.monitor_interval = 0  # its thread would be forked along
    with tqdm(
        total=len(todo),
        desc=job.problem_set.name,
        unit="notebook",
        disable=None if progress is None else not progress,
    ) as bar:
        while waiting or running:
            while waiting and len(running) < jobs:
                submission = waiting.pop()
                mine, theirs = context.Pipe(duplex=False)
                process = context.Process(
                    target=_child,
                    args=(
                        theirs,
                        os.getpid(),
                        grade,
                        job,
                        submission,
                        scratch / str(len(waiting)),
                    ),
                )
                with _undisturbed():
                    process.start()
                theirs.close()
                running[process] = (submission, mine, time.monotonic())
            wait([process.sentinel for process in running], timeout=1)
            for process in list(running):
                submission, pipe, began = running[process]
                if process.is_alive():
                    if time.monotonic() - began < patience:
                        continue
                    process.kill()
                process.join()
                running.pop(process)
                # What a killed worker has left behind was adopted here.
                isolation.end_family(
                    [*others, *(other.pid for other in running)]
                )
                result = stored(job, submission)
                if result is None:
                    result = _lost(job, submission, pipe)
                pipe.close()
                results[submission.student] = result
                bar.update()


def _lost(job: Job, submission: Submission, pipe) -> dict:
    """A line about a submission whose worker came back with nothing."""
    said = None
    with contextlib.suppress(EOFError, OSError):
        said = pipe.recv() if pipe.poll() else None
    reason = (
        f"the grader failed: {said}"
        if said is not None
        else "the process that graded it was killed"
    )
    result = {
        "student": submission.student,
        "key": "",  # the next run tries again
        "status": BROKEN_OFF,
        "isolation": job.how,
        "notes": [f"{reason}; grade it by hand, or run the command again"],
        "items": [],
        "seconds": 0.0,
    }
    write(
        job.file("results", submission, ".json"),
        json.dumps(result, ensure_ascii=False, indent=1) + "\n",
    )
    return result
