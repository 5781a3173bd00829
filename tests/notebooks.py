"""Every notebook, executed in a kernel of its own and in memory: for the commands that run them all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from lib.explorer import PAGE_VARIABLE
from tests.conftest import ROOT

BOOK = ROOT / "book"
SET = BOOK / "assignments" / "source"
AT_A_TIME = 2
TIMEOUT = 1800  # seconds a cell: a cell that hangs must not hang the command

NOTEBOOKS = {path.stem: path for path in sorted(BOOK.glob("*.ipynb"))} | {
    f"assignments/{path.stem}": path for path in sorted(SET.glob("*/*.ipynb"))
}


def chosen(only: Iterable[str]) -> dict[str, Path]:
    """The notebooks of these names, or all of them; a name that is none ends the command."""
    if unknown := set(only) - set(NOTEBOOKS):
        raise SystemExit(f"No notebook {sorted(unknown)}. There are: {', '.join(NOTEBOOKS)}.")
    return {name: path for name, path in NOTEBOOKS.items() if not only or name in only}


def execute(
    path: Path, prelude: str = "", variables: Mapping[str, str] | None = None
) -> tuple[nbformat.NotebookNode, str]:
    """The notebook as it ran, without page mode, and its first failure in one line, or "".

    ``prelude`` is run in the same kernel before the first cell and is not in what is returned.
    """
    notebook = nbformat.read(path, as_version=4)
    if prelude:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(prelude))
    environment = {name: value for name, value in os.environ.items() if name != PAGE_VARIABLE}
    # The simulator and the tests of this folder, whatever else is installed.
    places = [str(ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, places))
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        # A kernel's own standard error is talk about its ports; what cells write comes as output.
        client.execute(env=environment | dict(variables or {}), stderr=subprocess.DEVNULL)
        failure = ""
    except CellExecutionError as error:
        failure = f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        failure = f"{type(error).__name__}: {error}"
    if prelude:
        notebook.cells.pop(0)
    if failure:
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        ran = [cell for cell in code if cell.execution_count or cell.outputs]
        at = f"code cell {len(ran)} of {len(code)} ({ran[-1].id})" if ran else "before its cells"
        failure = f"{at}: {' '.join(failure.split())}"
    return notebook, failure


def side_by_side(tasks: Mapping[object, Callable[[], object]]) -> Iterator[tuple[object, object]]:
    """(key, what its task returned), as they get ready, ``AT_A_TIME`` of them in work."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:  # each waits for a kernel, a process of its own
        running: dict[Future, object] = {pool.submit(task): key for key, task in tasks.items()}
        for done in as_completed(running):
            yield running[done], done.result()
            sys.stdout.flush()
