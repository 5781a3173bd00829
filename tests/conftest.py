"""The book, built once a session with warnings as errors, and a browser to read it in."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from lib.explorer import PAGE_VARIABLE

ROOT = Path(__file__).parents[1]

# Machines are shared: no example may fail for having been slow. In CI the examples are always the
# same ones, elsewhere they are new each time.
settings.register_profile("book", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("book")


@functools.cache
def _group(path: str) -> str:
    """Files whose tests read the built book stay with the worker that has built it."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return "book" if path.endswith(".py") and "built_book" in text else path


class _ByGroup(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid.split("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return _ByGroup(config, log)


@dataclass(frozen=True)
class BuiltBook:
    """What ``jupyter-book build`` left behind."""

    html: Path
    exit_code: int
    output: str

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
        text=True,
        env=environment,
        check=False,
    )
    return BuiltBook(out / "_build" / "html", built.returncode, built.stdout)


@pytest.fixture(scope="session")
def built_book(tmp_path_factory: pytest.TempPathFactory) -> BuiltBook:
    return build_book(tmp_path_factory.mktemp("book"))


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
