"""Notebooks are executed ahead: side by side, only where it is needed, and whole or not at all."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

from lib.explorer import PAGE_VARIABLE
from tests.conftest import ROOT, executed_extension

EXTENSIONS = ROOT / "book" / "_ext"
CONF = f"""
import sys
sys.path.insert(0, {str(EXTENSIONS)!r})
extensions = ["myst_nb", "executed"]
nb_execution_mode = "off"
nb_execution_timeout = 60
root_doc = "one"
exclude_patterns = ["_build"]
html_theme = "basic"
"""
INDEX = "# One\n\n```{toctree}\ntwo\n```"


@pytest.fixture(scope="module")
def executed() -> object:
    return executed_extension()


class Book:
    """Two notebooks, built in this process; what the kernels really ran stands in ``log``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self.out = folder, folder / "log", folder / "_build" / "html"
        (folder / "conf.py").write_text(CONF, encoding="utf-8")
        self.write("one", "print(6 * 7)", INDEX)
        self.write("two", "print('of two')", "# Two")

    def write(self, name: str, code: str, prose: str) -> None:
        say = f"open({str(self.log)!r}, 'a').write('{name} ')"
        cells = [
            nbformat.v4.new_markdown_cell(prose, id="prose"),
            nbformat.v4.new_code_cell(f"{code}\n_ = {say}", id="code"),
        ]
        metadata = nbformat.read(ROOT / "book" / "index.ipynb", as_version=4).metadata
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
        nbformat.write(notebook, self.folder / f"{name}.ipynb")

    def build(self, **events: object) -> tuple[str, list[str], list[str]]:
        """What was said, which notebooks were executed, and which pages read and written."""
        # In a thread: in this one a browser's event loop may be running, as in no real build.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._build, events).result()

    def _build(self, events: dict) -> tuple[str, list[str], list[str]]:
        self.log.write_text("", encoding="utf-8")
        trees, told = self.out.parent / ".doctrees", io.StringIO()
        folders = [str(self.folder)] * 2 + [str(self.out), str(trees)]
        read = []
        with docutils_namespace():
            app = Sphinx(*folders, "html", status=told, warning=told)
            for name, handler in events.items():
                app.connect(name.replace("_", "-"), handler)
            app.connect("source-read", lambda _, page, source: read.append(page))
            app.build()
        assert "WARNING" not in told.getvalue(), told.getvalue()
        return told.getvalue(), sorted(self.ran()), sorted(read)

    def ran(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").split()

    def page(self, name: str) -> str:
        return (self.out / f"{name}.html").read_text(encoding="utf-8")

    def kept(self, name: str) -> Path:
        return self.out.parent / ".executed" / f"{name}.json"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def test_only_what_has_changed_is_executed_again(
    book: Book, executed: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told, ran, _ = book.build()
    assert ran == ["one", "two"]
    assert sorted(re.findall(r"executed \d of 2: (\w+) \(\d+ s\)", told)) == ran
    assert re.findall(r"executed (\d) of", told) == ["1", "2"]
    assert ">42\n" in book.page("one")
    assert ">of two\n" in book.page("two")

    assert book.build()[1:] == ([], [])  # nothing is new

    book.write("two", "print('of two')", "# Two\n\nMore prose.")
    assert book.build()[1:] == ([], ["two"])
    assert ">of two\n" in book.page("two")
    assert "More prose." in book.page("two")

    book.write("two", "print('anew')", "# Two")
    assert book.build()[1:] == (["two"], ["two"])
    assert ">anew\n" in book.page("two")

    simulator = tmp_path / "lib"
    simulator.mkdir()
    monkeypatch.setattr(executed, "LIB", simulator)
    (simulator / "new.py").write_text("x = 1", encoding="utf-8")
    assert book.build()[1:] == (["one", "two"], ["one", "two"])
    (simulator / "new.py").write_text("x = 2", encoding="utf-8")
    assert book.build()[1:] == (["one", "two"], ["one", "two"])
    assert book.build()[1:] == ([], [])


def test_the_key_knows_python_packages_environment_and_lib(
    executed: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def after(change: object) -> str:
        with monkeypatch.context() as patch:
            change(patch)
            return executed.surroundings()

    versions = [type("Package", (), {"metadata": {"Name": "numpy"}, "version": "1"})]
    changes = [
        lambda patch: None,
        lambda patch: patch.setenv(PAGE_VARIABLE, "another"),
        lambda patch: patch.setenv("NUMBA_CPU_NAME", "another"),
        lambda patch: patch.setattr(executed.sys, "version", "another"),
        lambda patch: patch.setattr(executed.metadata, "distributions", lambda path: versions),
        lambda patch: patch.setattr(executed, "LIB", tmp_path),
    ]
    assert len({after(change) for change in changes}) == len(changes)
    assert after(changes[0]) == after(lambda patch: patch.setenv("TERM", "another"))
    # What a program brings along for itself is not what a kernel will find.
    own = tmp_path / "own-1.0.dist-info"
    own.mkdir()
    (own / "METADATA").write_text("Name: own\nVersion: 1.0\n", encoding="utf-8")
    assert after(changes[0]) == after(lambda patch: patch.syspath_prepend(tmp_path))
    assert after(changes[0]) != after(lambda patch: patch.setenv("PYTHONPATH", str(tmp_path)))


def test_an_error_in_a_cell_ends_the_build_and_is_shown(book: Book, executed: object) -> None:
    book.build()
    book.write("two", "print('before')\n1 / 0", "# Two")
    with pytest.raises(executed.NotebookError, match=r"two\.ipynb[^$]*ZeroDivisionError"):
        book.build()
    book.write("two", "print('repaired')", "# Two")
    assert book.build()[1:] == (["two"], ["one", "two"])
    assert ">repaired\n" in book.page("two")


def test_what_is_not_whole_is_executed_again(book: Book) -> None:
    book.build()
    whole = book.kept("two").read_text(encoding="utf-8")
    remains = book.kept("two").with_name("xyz.part")
    for broken in ("[]", "{}", whole[:-1]):
        book.kept("two").write_text(broken, encoding="utf-8")
        remains.write_text(whole, encoding="utf-8")
        book.write("two", "print('of two')", f"# Two\n\nOther prose, {len(broken)}.")
        assert book.build()[1:] == (["two"], ["two"])
        assert not remains.exists()
        assert json.loads(book.kept("two").read_text(encoding="utf-8"))["outputs"]


def test_a_file_is_kept_whole_or_not_at_all(
    book: Book, executed: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.build()
    before = book.kept("two").read_bytes()

    def full(*_: object) -> None:
        raise OSError("full")

    book.write("two", "print('anew')", "# Two")
    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(executed.os, name, full)
            with pytest.raises(ExtensionError, match="full"):
                book.build()
        assert book.kept("two").read_bytes() == before
        assert list(book.kept("two").parent.glob("*.part")) == []
    assert book.build()[1] == ["two"]


def test_after_an_interruption_every_page_is_written_again(book: Book) -> None:
    """Sphinx alone takes a page for done that it had read, but not yet written."""
    book.build()

    def interrupt(app: object, page: str, *rest: object) -> None:
        if page == "two":
            raise KeyboardInterrupt

    book.write("two", "print('anew')", "# Two")
    with pytest.raises(KeyboardInterrupt):
        book.build(html_page_context=interrupt)
    # As when lib has changed and the notebook itself is older than its page.
    os.utime(book.folder / "two.ipynb", (1, 1))
    assert ">anew\n" not in book.page("two")
    assert book.build()[1:] == ([], ["one", "two"])
    assert ">anew\n" in book.page("two")
    assert book.build()[1:] == ([], [])


@pytest.mark.parametrize("moment", ["executed 1 of", "writing output"])
def test_a_killed_build_leaves_nothing_wrong_behind(book: Book, moment: str) -> None:
    trees = book.out.parent / ".doctrees"
    command = [sys.executable, "-m", "sphinx", "-d", trees, book.folder, book.out]
    environment = os.environ | {"NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=environment
    ) as build:
        seen = next((line for line in build.stdout if moment in line), None)
        build.kill()
    assert seen is not None, f"nothing was said of {moment}"
    book.build()
    after = contents(book.out)
    shutil.rmtree(book.out)
    shutil.rmtree(trees)
    assert book.build()[1] == []
    assert contents(book.out) == after
    assert ">42\n" in book.page("one")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_notebooks_run_side_by_side(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for the other to have begun."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for name, other in (("one", "two"), ("two", "one")):
        wait = (
            "import time\nfrom pathlib import Path\n"
            f"Path({str(book.folder / name)!r}).touch()\n"
            f"while not Path({str(book.folder / other)!r}).exists():\n    time.sleep(0.01)\n"
        )
        book.write(name, wait, INDEX if name == "one" else "# Two")
    assert book.build()[1] == ["one", "two"]
