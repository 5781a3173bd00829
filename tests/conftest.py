"""The book, built once a session with warnings as errors, and a browser to read it in.

Chapters are executed once a session, by nbmake, in the way in which a build executes them. What
they gave is kept, and the book is then built from it.
"""

from __future__ import annotations

import functools
import http.server
import importlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import nbformat
import nbmake.pytest_items
import pytest
from hypothesis import settings
from nbmake.nb_result import NotebookResult
from nbmake.nb_run import NotebookRun
from xdist.scheduler import LoadScopeScheduling

from lib.explorer import PAGE_VARIABLE

ROOT = Path(__file__).parents[1]

# Machines are shared: no example may fail for having been slow. In CI the examples are always the
# same ones, elsewhere they are new each time.
settings.register_profile("book", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("book")


# Names the folder that all workers of a session share: in it are the outputs of the chapters, and
# the book.
_SHARED = "BOOK_TEST_FOLDER"


def shared() -> Path:
    """The folder that all workers of the session share."""
    return Path(os.environ[_SHARED])


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_SHARED] = tempfile.mkdtemp(prefix="book-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(_SHARED))


@functools.cache
def executed_extension() -> object:
    """The extension by which a build executes notebooks."""
    sys.path.append(str(ROOT / "book" / "_ext"))
    return importlib.import_module("executed")


class _ChapterRun(NotebookRun):
    """As nbmake runs any notebook, but a chapter as for its page, and its outputs are kept."""

    def execute(self) -> NotebookResult:
        if self.filename.parent != ROOT / "book":
            return super().execute()
        ours = executed_extension()
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv(PAGE_VARIABLE, "1")
            store = ours.Store(shared() / "outputs")
            made_from = ours.key(nbformat.read(self.filename, as_version=4), store.around)
            for name, value in ours.ONE_THREAD.items():
                environment.setenv(name, value)
            start = time.monotonic()
            result = super().execute()
        if result.error is None:
            docname = f"book/{self.filename.stem}"
            store.save(docname, made_from, result.nb, time.monotonic() - start)
        return result


nbmake.pytest_items.NotebookRun = _ChapterRun


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; the book is built while other tests run, and then read by all workers."""

    def place(item: pytest.Item) -> tuple[int, int]:
        size = item.path.stat().st_size
        if item.path.suffix == ".ipynb" and item.path.parent == ROOT / "book":
            return 0, -size
        if item.path.name == "test_book.py":
            return 1, 0
        return (3 if _reads_the_book(item.path) else 2), -size

    items.sort(key=place)


@functools.cache
def _reads_the_book(path: Path) -> bool:
    return path.suffix == ".py" and "built_book" in path.read_text(encoding="utf-8")


class _Balanced(LoadScopeScheduling):
    """A file of tests stays with one worker; once the book is there, every test goes its own way."""

    def _split_scope(self, nodeid: str) -> str:
        path = ROOT / nodeid.split("::")[0]
        alone = _reads_the_book(path) and path.name != "test_book.py"
        return nodeid if alone else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return _Balanced(config, log)


@dataclass(frozen=True)
class BuiltBook:
    """What ``jupyter-book build`` left behind."""

    html: Path
    exit_code: int
    output: str
    given: frozenset[str] = frozenset()  # chapters that had been executed before

    @property
    def outputs(self) -> Path:
        """Where the build keeps what the notebooks gave, one file a notebook."""
        return self.html.parent / ".executed"

    @property
    def contents(self) -> dict[str, bytes]:
        """Every file below ``html``."""
        return {
            path.relative_to(self.html).as_posix(): path.read_bytes()
            for path in self.html.rglob("*")
            if path.is_file()
        }

    @property
    def pages(self) -> list[str]:
        """Every page that a reader can stay on, as a path below ``html``."""
        return sorted(
            page.relative_to(self.html).as_posix()
            for page in self.html.rglob("*.html")
            if not page.relative_to(self.html).parts[0].startswith("_")
            and 'http-equiv="Refresh"' not in page.read_text(encoding="utf-8")
        )


def build_book(out: Path) -> BuiltBook:
    """The whole book, built into ``out`` in a process of its own."""
    program = Path(sys.executable).with_name("jupyter-book")
    environment = {name: value for name, value in os.environ.items() if name != PAGE_VARIABLE}
    built = subprocess.run(
        [program, "build", ROOT, "--path-output", out, "-W", "--keep-going", "--all"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    return BuiltBook(out / "_build" / "html", built.returncode, built.stdout)


@pytest.fixture(scope="session")
def built_book() -> BuiltBook:
    """Built by the worker that is the first to ask; others wait for it. Nobody writes into it."""
    out = shared() / "book"
    record = shared() / "book.pickle"
    try:
        out.mkdir()
    except FileExistsError:
        while not record.exists():
            time.sleep(0.2)
    else:
        built: BuiltBook | None = None
        try:
            kept = out / "_build" / ".executed"
            kept.mkdir(parents=True)
            outputs = (shared() / "outputs").glob("*.json")
            given = [Path(shutil.copy(path, kept)) for path in outputs]
            names = frozenset(unquote(path.stem).removeprefix("book/") for path in given)
            built = replace(build_book(out), given=names)
        finally:
            part = record.with_suffix(".part")
            part.write_bytes(pickle.dumps(built))
            part.rename(record)
    built = pickle.loads(record.read_bytes())
    assert built is not None, "the worker that built the book says why it could not"
    return built


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def book_address(built_book: BuiltBook) -> Iterator[str]:
    """Where the built book is served, with a slash at the end."""
    handler = functools.partial(_Quiet, directory=built_book.html)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Chromium")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    off = ["gpu", "quic", "background-networking", "component-update", "sync"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in off)],
        )
        yield chromium
        chromium.close()
