"""Do the pins hold wherever the README says so? They are resolved for each Python and platform.

Run on demand, from the top of the repository; only the index of packages is asked:

    python -m tests.platforms

A pair is fine if wheels are found for everything, and if nothing is pulled in whose version is not
pinned. pip judges the markers of another platform by those of the one it runs on, and so never
sees what Windows alone needs; uv knows them all.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

from tests.conftest import ROOT

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "Linux x86-64": "x86_64-manylinux_2_28",
    "Linux arm64": "aarch64-manylinux_2_28",
    "macOS arm64": "aarch64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
}


def pins(text: str) -> dict[str, str]:
    """Name ↦ the whole line, names as the index writes them; ``-e .`` and comments are left out."""
    lines = [line for line in text.splitlines() if re.match(r"\w", line)]
    return {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", n)[0]).lower(): n for n in lines}


def resolved(requirements: str, python: str, platform: str) -> tuple[dict[str, str], str]:
    """What would be installed there, and in one line why it cannot be, or ""."""
    from uv import find_uv_bin  # on demand only

    ran = subprocess.run(
        [
            find_uv_bin(), "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate",
            "--only-binary", ":all:", "--python-version", python, "--python-platform", platform,
        ],
        input=requirements,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )  # fmt: skip
    return pins(ran.stdout), " ".join(ran.stderr.split()) if ran.returncode else ""


def main(arguments: list[str] | None = None) -> int:
    """0 if the pins hold everywhere, else 1; a table says where they do."""
    parser = argparse.ArgumentParser(prog="python -m tests.platforms", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "file", nargs="?", type=Path, default=ROOT / "requirements.txt", help="instead of the pins"
    )
    asked = parser.parse_args(arguments)
    wanted = pins(asked.file.read_text(encoding="utf-8"))
    text = "\n".join(wanted.values())
    wide, complaints = max(map(len, PLATFORMS)), []
    print(" " * wide + "".join(f"{python:>14}" for python in PYTHONS), flush=True)
    for name, platform in PLATFORMS.items():
        print(f"{name:{wide}}", end="", flush=True)
        for python in PYTHONS:
            found, error = resolved(text, python, platform)
            loose = sorted(set(found) - set(wanted))
            said = "no solution" if error else f"{len(loose)} not pinned" if loose else len(found)
            print(f"{said:>14}", end="", flush=True)
            if error or loose:
                complaints.append(f"{name}, Python {python}: {error or ', '.join(loose)}")
        print()
    print(*complaints, sep="\n", end="\n" if complaints else "")
    print(f"{len(complaints)} of {len(PLATFORMS) * len(PYTHONS)} pairs fail; numbers are packages.")
    return int(bool(complaints))


if __name__ == "__main__":
    raise SystemExit(main())
