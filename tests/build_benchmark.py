"""Where the time of a build goes: seconds a chapter, and an explorer.

Run on demand, from the top of the repository; names of chapters after it leave the others out:

    python -m tests.build_benchmark [how_small …]

With ``--twice`` instead, the whole book is built twice from nothing, and every file compared.

Seconds are those of the processor, which a busy machine stretches less than the clock's. Drawing
is the making of the figures and their turning into SVG; what an explorer computes for a frame is
in its function, and so counts as the function's. The slowest cells are named by their last line.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from lib.explorer import PAGE_VARIABLE
from tests.conftest import ROOT, build_book

SLOW = 1.0  # seconds from which on a cell is named
WIDTH = 60

# Runs in the kernel, before the notebook: every explorer leaves what its frames cost.
WATCH = """
import time as _time
import lib.explorer as _explorer
_seen, _page_html = [], _explorer.page_html

def _watched(draw, axes, prefix):
    seconds = []

    def timed(**values):
        start = _time.process_time()
        drawn = draw(**values)
        seconds.append(_time.process_time() - start)
        return drawn

    start = _time.process_time()
    page = _page_html(timed, axes, prefix)
    whole = _time.process_time() - start
    _seen.append([prefix, len(seconds), sum(seconds), whole - sum(seconds), len(page)])
    return page

_explorer.page_html = _watched
"""
TELL = "import json as _json\nprint(_json.dumps(_seen))"


def measure(path: Path) -> tuple[float, list, list]:
    """Seconds of a chapter, (seconds, last line) of its cells, and a row for each explorer."""
    notebook = nbformat.read(path, as_version=4)
    cells = notebook.cells
    notebook.cells = [
        nbformat.v4.new_code_cell(WATCH),
        *cells,
        nbformat.v4.new_code_cell(TELL),
    ]
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": path.parent}})
    before, rows = [0.0], []

    def seconds() -> float:
        process = psutil.Process(client.km.provisioner.pid)
        return sum(process.cpu_times()[:4])

    def start(cell: object, cell_index: int) -> None:
        before[0] = seconds()

    def stop(cell: object, cell_index: int, execute_reply: object) -> None:
        rows.append((seconds() - before[0], cell.source.strip().splitlines()[-1]))

    client.on_cell_execute, client.on_cell_executed = start, stop
    client.execute(env=os.environ | {PAGE_VARIABLE: "1"})
    explorers = json.loads(notebook.cells[-1].outputs[0].text)
    return before[0], rows[1:-1], explorers


def twice() -> int:
    """How many files of two builds from nothing differ; also prints how long they took."""
    contents = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            start, before = time.perf_counter(), sum(os.times()[2:4])
            book = build_book(Path(folder))
            wall, spent = time.perf_counter() - start, sum(os.times()[2:4]) - before
            if book.exit_code != 0:
                raise RuntimeError(book.output)
            print(f"built in {wall:.0f} s, with {spent:.0f} s of processor time")
            contents.append(book.contents)
    first, second = contents
    paths = sorted(first.keys() | second.keys())
    different = [path for path in paths if first.get(path) != second.get(path)]
    print(f"{len(paths)} files, of which {len(different)} differ", *different, sep="\n  ")
    return len(different)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="chapter", help="all, if none is named")
    parser.add_argument("--twice", action="store_true", help="build twice and compare")
    given = parser.parse_args()
    if given.twice:
        return twice()
    names = given.names
    paths = sorted((ROOT / "book").glob("*.ipynb"))
    if unknown := set(names) - {path.stem for path in paths}:
        parser.error(f"no chapter is called {', '.join(sorted(unknown))}")
    total = 0.0
    for path in paths:
        if names and path.stem not in names:
            continue
        whole, cells, explorers = measure(path)
        total += whole
        print(f"\n{path.stem:48} {whole:7.1f} s")
        for prefix, frames, made, drawn, size in explorers:
            each = 1000 * (made + drawn) / frames
            print(
                f"  {prefix:12} {frames:4d} frames {made + drawn:20.1f} s: {made:.1f} in its function, "
                f"{drawn:.1f} to SVG, {each:.0f} ms a frame, {size / 1000:.0f} kB"
            )
        for seconds, line in sorted(cells, reverse=True):
            if seconds >= SLOW:
                print(f"  cell … {line[:WIDTH]:39} {seconds:9.1f} s")
    print(f"\n{'all of them':48} {total:7.1f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
