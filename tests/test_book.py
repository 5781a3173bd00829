"""The book builds without a warning, is complete, and asks nobody for anything."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lib.explorer import PAGE_VARIABLE
from tests.conftest import ROOT, BuiltBook, build_book, executed_extension

BOOK = ROOT / "book"
NOTEBOOKS = sorted(
    path
    for path in BOOK.rglob("*.ipynb")
    if not {".ipynb_checkpoints", "submitted", "graded", "autograded"} & set(path.parts)
)


def test_build_succeeds_without_a_warning(built_book: BuiltBook) -> None:
    # The kernel's remark on its own connection is not about the book.
    lines = [line for line in built_book.output.splitlines() if "[IPKernelApp]" not in line]
    complaints = [line for line in lines if re.search(r"warning|error|traceback", line, re.I)]
    harmless = re.compile(r"warningiserror|raise_on_error|allow_errors|suppress_warnings")
    assert [line for line in complaints if not harmless.search(line)] == []
    assert built_book.exit_code == 0, built_book.output


def test_what_nbmake_has_executed_is_not_executed_again(built_book: BuiltBook) -> None:
    again = set(re.findall(r"executed \d+ of \d+: (\w+) \(", built_book.output))
    assert again | built_book.given == {path.stem for path in BOOK.glob("*.ipynb")}
    assert again & built_book.given == set()


def test_a_second_build_executes_nothing_and_is_equal_byte_for_byte(
    built_book: BuiltBook, tmp_path: Path
) -> None:
    shutil.copytree(built_book.outputs, tmp_path / "_build" / ".executed")
    again = build_book(tmp_path)
    assert again.exit_code == 0, again.output
    assert "executing" not in again.output
    first, second = built_book.contents, again.contents
    assert first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []


def test_a_second_execution_is_equal_byte_for_byte(
    built_book: BuiltBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One notebook for all; ``python -m tests.build_benchmark --twice`` takes them all."""
    monkeypatch.setenv(PAGE_VARIABLE, "1")
    executed = executed_extension()
    kept = executed.Store(built_book.outputs).load("book/errata")["outputs"]
    again = asyncio.run(executed.execute(BOOK / "errata.ipynb", timeout=600))
    outputs = [cell.outputs for cell in executed.code_cells(again)]
    assert json.loads(json.dumps(outputs)) == kept


def test_front_door_leads_to_the_landing_page(built_book: BuiltBook) -> None:
    assert 'url=book/index.html"' in (built_book.html / "index.html").read_text(encoding="utf-8")
    assert "book/index.html" in built_book.pages
    assert "index.html" not in built_book.pages


def test_every_chapter_is_in_the_table_of_contents() -> None:
    def files(entry: object) -> set[str]:
        if isinstance(entry, list):
            return set().union(*map(files, entry))
        if isinstance(entry, dict):
            own = {value for key, value in entry.items() if key in ("file", "root")}
            return own | files([v for v in entry.values() if isinstance(v, list)])
        return set()

    listed = files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
    written = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for pattern in ("*.ipynb", "*.md")
        for path in BOOK.glob(pattern)
    }
    assert written == listed


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path: object) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        assert not cell.get("outputs"), f"outputs in {path.name}: {cell['source']}"
        assert cell.get("execution_count") is None, f"a count in {path.name}: {cell['source']}"


@pytest.mark.parametrize("task", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_code_and_notebooks_are_clean(task: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", *task, "--no-cache", ROOT],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_page_names_a_script_or_a_style_of_another_host(built_book: BuiltBook) -> None:
    assert built_book.pages
    loaded = re.compile(
        r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"'](?:https?:)?//[^>]*>"
        r"|<link[^>]*\shref=[\"'](?:https?:)?//[^>]*>"
        r"|require(?:\.min)?\.js"
    )
    for page in built_book.pages:
        text = (built_book.html / page).read_text(encoding="utf-8")
        assert loaded.findall(text) == [], page


def test_every_explorer_stands_in_the_page_with_its_first_frame(built_book: BuiltBook) -> None:
    explorers = 0
    for page in built_book.pages:
        text = (built_book.html / page).read_text(encoding="utf-8")
        assert "jupyter-widgets" not in text, f"{page} holds a widget that needs a kernel"
        figures = re.findall(
            r'<div class="explorer-figure" role="img" aria-label="([^"]+)"><svg ', text
        )
        assert len(figures) == text.count('<div class="explorer"'), page
        assert 'class="output stderr' not in text, f"{page} shows a warning of its code"
        explorers += text.count('class="explorer-frames"')
    assert explorers > 0


def test_every_image_has_an_alternative_text(built_book: BuiltBook) -> None:
    for page in built_book.pages:
        text = (built_book.html / page).read_text(encoding="utf-8")
        article = re.search(r"<article.*?</article>", text, re.S)
        images = re.findall(r"<img[^>]*>", article[0]) if article else []
        assert [image for image in images if not re.search(r'alt="[^"]+"', image)] == [], page
