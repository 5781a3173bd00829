"""How long a class of 120 takes, and whether everybody gets what they must.

Run on demand, from the top of the repository, with nothing else busy:

    python -m tests.classroom_benchmark [SET ...]

For each set (all four, if none is named) 120 submissions are made: half of them right, a quarter
of them the wrong answers of ``tests/wrong_answers``, the rest of every careless and hostile kind.
They are graded on two cores as a lecturer would grade them. Halfway the run is killed and started
again, and whoever did not lose what they must is named.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.assignments import COURSE, SETS, open_set, wrong_answers
from tests.class_of_120 import ALL, NOTHING, TASK, UNREADABLE, HandedIn, hand_in, kinds

CLASS, RIGHT, WRONG = 120, 60, 30


def composed(folder: Path, name: str) -> list[HandedIn]:
    """The submissions of one class."""
    every = kinds((str(COURSE), str(folder)))
    right, others = every[0], every[1:]
    odd = CLASS - RIGHT - WRONG
    chosen = [right] * RIGHT + [others[k % len(others)] for k in range(odd)]
    known = wrong_answers(name)
    wrong = [known[k % len(known)] for k in range(WRONG)]
    return list(hand_in(folder, COURSE, name, chosen, wrong))


def mistaken(wanted: HandedIn, result: dict) -> str | None:
    """What is not as it must be, if anything. A spoilt task may take later ones with it."""
    tests = {item["id"]: item for item in result["items"] if "answer" not in item}
    lost = {name for name, item in tests.items() if item["score"] == 0}
    if (wanted.loses == UNREADABLE) != (result["status"] == "unreadable"):
        return f"status {result['status']}"
    right = {
        NOTHING: lost == set(),
        ALL: lost == set(tests),
        TASK: lost >= wanted.tests and not lost & wanted.before,
        UNREADABLE: not tests,
        # Cells that raise, but whose points a person gives, are no tests.
        "these": lost == wanted.tests & set(tests),
    }[wanted.loses]
    return None if right and wanted.says in "; ".join(result["notes"]) else f"lost {sorted(lost)}"


def grade(name: str, submitted: Path, out: Path, *, kill_at: int | None = None) -> float:
    """Seconds until the end, or until so many results are there and the run is killed."""
    command = [sys.executable, "-m", "classroom", "grade", name, "--submitted", submitted]
    began = time.perf_counter()
    running = subprocess.Popen([*command, "--out", out, "--jobs", "2"], cwd=COURSE)
    while kill_at is not None and running.poll() is None:
        if len(list((out / "results").glob("*.json"))) >= kill_at:
            running.kill()
        time.sleep(0.5)
    if running.wait() and kill_at is None:
        raise SystemExit("the run failed")
    return time.perf_counter() - began


def main(names: list[str]) -> None:
    for name in names or SETS:
        open_set(COURSE, name)
        with tempfile.TemporaryDirectory(prefix="class-of-120-") as scratch:
            submitted, out = Path(scratch) / "in", Path(scratch) / "out"
            expected = composed(submitted, name)
            seconds = grade(name, submitted, out, kill_at=CLASS // 2)
            seconds += grade(name, submitted, out)
            wrong = 0
            for path in (out / "results").glob("*.json"):
                result = json.loads(path.read_text(encoding="utf-8"))
                wanted = next(e for e in expected if e.student == result["student"])
                if complaint := mistaken(wanted, result):
                    wrong += 1
                    print(f"  {wanted.student} ({wanted.kind}): {complaint}")
            print(f"{name}: {len(expected)} submissions in {seconds:.0f} s, {wrong} mistaken")


if __name__ == "__main__":
    main(sys.argv[1:])
