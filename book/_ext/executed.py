"""Sphinx extension: notebooks are executed ahead, side by side, and only where it is needed.

What the cells of a notebook gave is kept in ``_build/.executed``, in one file a notebook, under a
key of all that it came from: the code, ``lib``, the installed packages, Python, and what of the
environment speaks to them. Where the key is still the same, nothing is executed; an edit to one
chapter executes that chapter, an edit to ``lib`` all of them. Sphinx is then given the notebooks
with their outputs in place, and MyST-NB is told to execute nothing.

A file is put in its place whole or not at all, and a build that did not come to its end has all
pages read and written again by the next one, so that an interruption leaves nothing wrong behind.
``jupyter-book clean .`` forgets everything.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import platform
import re
import site
import sys
import tempfile
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.util import logging

import lib

LIB = Path(lib.__file__).parent
# What of the environment may change an output: the page's own variable, and what the libraries of
# numbers and figures read.
SPEAKING = re.compile(
    r"DIAGONAL_BOOK_|NUMBA_|NPY_|OPENBLAS_|OMP_|MKL_|MPL|PYTHONHASHSEED|LANG|LC_"
)
# Two notebooks at once have no processor to spare for a second thread of BLAS, whose sums would
# also depend on how many processors there are.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)

logger = logging.getLogger(__name__)


class NotebookError(SphinxError):
    """A cell raised, or took too long."""

    category = "Notebook error"


def surroundings() -> str:
    """A key of everything but the notebook itself."""
    parts = [sys.version, platform.machine()]
    for path in sorted(LIB.glob("*")):
        if path.suffix in (".py", ".css"):
            parts += [path.name, path.read_text(encoding="utf-8")]
    # Not by sys.path, to which programs add: setuptools, once imported, brings copies of others.
    # A set, since beside its sources an installed package is found twice.
    places = [*site.getsitepackages(), site.getusersitepackages()]
    places += filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    parts += sorted(
        {
            f"{one.metadata['Name']} {one.version}"
            for one in metadata.distributions(path=places)
        }
    )
    parts += sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if SPEAKING.match(name)
    )
    return digest(parts)


def key(notebook: nbformat.NotebookNode, around: str) -> str:
    cells = [[cell.source, cell.metadata] for cell in code_cells(notebook)]
    return digest([around, notebook.metadata.get("kernelspec"), cells])


def digest(what: object) -> str:
    text = json.dumps(what, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def code_cells(notebook: nbformat.NotebookNode) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def length_of_code(notebook: nbformat.NotebookNode) -> int:
    return sum(len(cell.source) for cell in code_cells(notebook))


class Store:
    """The outputs of executed notebooks, and which of them are still good."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.around = surroundings()

    def place(self, docname: str) -> Path:
        return self.folder / f"{quote(docname, safe='')}.json"

    def load(self, docname: str) -> dict:
        """What is kept of a notebook, or nothing where that is not whole."""
        try:
            kept = json.loads(self.place(docname).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def good(self, docname: str, notebook: nbformat.NotebookNode) -> dict:
        """The same, or nothing where it came from something else."""
        kept = self.load(docname)
        same = kept.get("key") == key(notebook, self.around)
        return kept if same else {}

    def save(
        self,
        docname: str,
        made_from: str,
        executed: nbformat.NotebookNode,
        seconds: float,
    ) -> None:
        """Keeps the outputs under the key of what they were made from."""
        kept = {
            "key": made_from,
            "seconds": seconds,
            "language_info": executed.metadata.get("language_info", {}),
            "widgets": executed.metadata.get("widgets"),
            "outputs": [cell.outputs for cell in code_cells(executed)],
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(".part", dir=self.folder)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.place(docname))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def keep_only(self, docnames: Iterable[str]) -> None:
        """Removes what belongs to no page, and what an interruption left."""
        wanted = {self.place(docname) for docname in docnames}
        for path in set(self.folder.glob("*")) - wanted:
            path.unlink(missing_ok=True)


def with_outputs(notebook: nbformat.NotebookNode, kept: dict) -> str:
    """The notebook as a file would hold it that was saved after a run."""
    cells = code_cells(notebook)
    outputs = zip(cells, kept["outputs"], strict=True)
    for count, (cell, shown) in enumerate(outputs, start=1):
        cell.execution_count = count
        cell.outputs = shown
    notebook.metadata["language_info"] = kept["language_info"]
    if kept["widgets"]:
        notebook.metadata["widgets"] = kept["widgets"]
    return json.dumps(notebook, ensure_ascii=False)


async def execute(path: Path, timeout: int) -> nbformat.NotebookNode:
    """The notebook with the outputs of a kernel of its own.

    Raises
    ------
    NotebookError
        With the traceback, if a cell raises or takes longer than ``timeout`` seconds.
    """
    client = NotebookClient(
        nbformat.read(path, as_version=4),
        timeout=timeout,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        return await client.async_execute(env=os.environ | ONE_THREAD)
    except (CellExecutionError, CellTimeoutError) as error:
        raise NotebookError(f"{path}\n{error}") from None


async def execute_all(
    wanted: dict[str, tuple[Path, str]],
    store: Store,
    workers: int,
    timeout: int,
) -> None:
    """Executes them in this order, ``workers`` at a time, and stores each under its key."""
    gate = asyncio.Semaphore(workers)
    done = 0

    async def one(docname: str, path: Path, made_from: str) -> None:
        nonlocal done
        async with gate:
            start = time.monotonic()
            executed = await execute(path, timeout)
        seconds = time.monotonic() - start
        store.save(docname, made_from, executed, seconds)
        done += 1
        logger.info(
            "executed %d of %d: %s (%.0f s)",
            done,
            len(wanted),
            path.stem,
            seconds,
        )

    async with asyncio.TaskGroup() as group:  # if one fails, none goes on
        for docname, (path, made_from) in wanted.items():
            group.create_task(one(docname, path, made_from))


def notebooks(env: BuildEnvironment, docnames: Iterable[str]) -> dict:
    paths = {name: Path(env.doc2path(name)) for name in sorted(docnames)}
    return {
        name: path for name, path in paths.items() if path.suffix == ".ipynb"
    }


def begin(app: Sphinx) -> None:
    outdir = Path(app.outdir)
    app.executed = Store(outdir.parent / ".executed")
    mark = outdir / ".unfinished"
    app.interrupted = mark.exists()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def finish(app: Sphinx, exception: Exception | None) -> None:
    if exception is None:
        app.executed.keep_only(notebooks(app.env, app.env.found_docs))
        (Path(app.outdir) / ".unfinished").unlink(missing_ok=True)


def outdated(
    app: Sphinx,
    env: BuildEnvironment,
    added: set[str],
    changed: set[str],
    removed: set[str],
) -> list[str]:
    """Pages whose outputs are not those that they were read with."""
    if app.interrupted:
        return sorted(env.found_docs)
    read_with = getattr(env, "executed_with", {})
    return [
        name
        for name, path in notebooks(env, env.found_docs).items()
        if read_with.get(name)
        != key(nbformat.read(path, as_version=4), app.executed.around)
    ]


def execute_ahead(
    app: Sphinx, env: BuildEnvironment, docnames: list[str]
) -> None:
    """Executes what the pages that are about to be read need, the longest first."""
    store = app.executed
    wanted, cost = {}, {}
    for name, path in notebooks(env, docnames).items():
        notebook = nbformat.read(path, as_version=4)
        if not store.good(name, notebook):
            wanted[name] = path, key(notebook, store.around)
            # One never seen before comes first, by the length of its code.
            seconds = store.load(name).get("seconds", float("inf"))
            cost[name] = seconds, length_of_code(notebook)
    if not wanted:
        return
    order = sorted(wanted, key=cost.get, reverse=True)
    workers = min(len(wanted), os.cpu_count() or 1)
    timeout = app.config.nb_execution_timeout
    logger.info("executing %d notebooks, %d at a time", len(order), workers)
    wanted = {name: wanted[name] for name in order}
    try:
        asyncio.run(execute_all(wanted, store, workers, timeout))
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


def put_outputs(app: Sphinx, docname: str, source: list[str]) -> None:
    if Path(app.env.doc2path(docname)).suffix != ".ipynb":
        return
    notebook = nbformat.reads(source[0], as_version=4)
    kept = app.executed.good(docname, notebook)
    if not kept:
        raise NotebookError(f"{docname} has changed while it was executed")
    executed_with(app.env)[docname] = kept["key"]
    source[0] = with_outputs(notebook, kept)


def executed_with(env: BuildEnvironment) -> dict[str, str]:
    """The key of the outputs that each page was read with."""
    if not hasattr(env, "executed_with"):
        env.executed_with = {}
    return env.executed_with


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    executed_with(env).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: list[str], other: object
) -> None:
    executed_with(env).update(executed_with(other))


def setup(app: Sphinx) -> dict:
    # After the extension that tells kernels that they work for a page.
    app.connect("builder-inited", begin, priority=900)
    app.connect("env-get-outdated", outdated)
    app.connect("env-before-read-docs", execute_ahead)
    app.connect("source-read", put_outputs)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("build-finished", finish)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
