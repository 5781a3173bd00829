"""A stretch of a chapter, cells included, stands behind one line that opens it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from tests.conftest import ROOT

CONF = f"""
import sys
sys.path.insert(0, {str(ROOT / "book" / "_ext")!r})
extensions = ["myst_nb", "sphinx_proof", "folds", "claims_page"]
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
nb_execution_mode = "off"
math_numfig = numfig = True
html_static_path = [{str(ROOT / "book" / "_static")!r}]
html_css_files = ["book.css"]
html_theme = "basic"
"""
END = ":::{endfold}\n:::"
CHECK = (
    '<p class="claim-check" data-claim="C01"><b>C01</b> ✓ <span>inside</span>: predicted '
    "<span>1</span>, measured <span>1.0</span>.</p>"
)


def begin(title: str) -> str:
    return f":::{{fold}} {title}\n:::"


def built(folder: Path, cells: list[tuple[str, str]]) -> tuple[str, str]:
    """The page made of a notebook's cells, and what was warned of."""
    made = []
    for number, (kind, text) in enumerate(cells):
        if kind == "text":
            made.append(nbformat.v4.new_markdown_cell(text, id=f"cell-{number}"))
        else:
            output = nbformat.v4.new_output("display_data", {"text/html": text})
            made.append(
                nbformat.v4.new_code_cell(f"print({number})", id=f"cell-{number}", outputs=[output])
            )
    metadata = nbformat.read(ROOT / "book" / "index.ipynb", as_version=4).metadata
    notebook = nbformat.v4.new_notebook(cells=made, metadata=metadata)
    nbformat.write(notebook, folder / "index.ipynb")
    (folder / "conf.py").write_text(CONF, encoding="utf-8")

    def build() -> str:
        told = io.StringIO()
        with docutils_namespace():
            app = Sphinx(*[str(folder)] * 2, str(folder / "out"), str(folder / "tree"), "html",
                         status=None, warning=told)  # fmt: skip
            app.build()
        return told.getvalue()

    # In a thread: in this one a browser's event loop may be running, as in no real build.
    with ThreadPoolExecutor(1) as thread:
        told = thread.submit(build).result()
    return (folder / "out" / "index.html").read_text(encoding="utf-8"), told


GOOD = [
    ("text", "# One\n\nSee {eq}`eq-in`, {prf:ref}`C01` and {ref}`all of it <whole>`."),
    ("text", f"## Two\n\nBefore.\n\n(whole)=\n{begin('The *proof*, and $x^2$')}\n\nFirst words."),
    ("code", CHECK),
    (
        "text",
        "$$\nx = 1\n$$ (eq-in)\n\n:::{prf:theorem} Claim C01: so\n:label: C01\n\nIt holds.\n:::",
    ),
    ("code", "<p>last output</p>"),
    ("text", f"{END}\n\nAfter.\n\n{begin('Another')}\n\nMore.\n\n{END}"),
    ("text", "## Three\n\n```{claims} C\n```"),
]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("folds")
    page, told = built(folder, GOOD)
    assert told == ""
    return folder / "out" / "index.html", page


def test_text_and_cells_between_the_marks_stand_inside(good: tuple[Path, str]) -> None:
    page = good[1]
    folds = re.findall(r'<details class="fold"[^>]*>(.*?)</details>', page, re.S)
    assert len(folds) == 2
    assert re.search(r"<summary><span>The <em>proof</em>, and .*x\^2.*</span></summary>", folds[0])
    inside = ["First words", 'data-claim="C01"', 'id="equation-eq-in"', "It holds", "last output"]
    assert [part for part in inside if part not in folds[0]] == []
    assert "More." in folds[1]
    outside = re.sub(r"<details.*?</details>", "", page, flags=re.S)
    assert [part for part in (*inside, "More.") if part in outside] == []
    assert "Before." in outside
    assert "After." in outside


def test_what_stands_inside_can_be_referred_to(good: tuple[Path, str]) -> None:
    page = good[1]
    for link in ("#equation-eq-in", "#C01", "#whole"):
        assert re.search(rf'<a class="[^"]*" href="{link}"', page), link
    for anchor in ("equation-eq-in", "C01", "whole"):
        assert page.count(f'id="{anchor}"') == 1, anchor
    row = re.search(r'<table class="claims.*?</table>', page, re.S)[0]
    assert "so" in row
    assert "1.0" in row


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["# One", begin("A"), "Words."], 'the fold "A" is not closed'),
        (["# One", begin("A"), END, END], "an endfold closes no fold"),
        (["# One", END], "an endfold closes no fold"),
        (["# One", begin("A"), begin("B"), END], 'the fold "A" is not closed before the next'),
        (["# One\n\n## Two", begin("A"), "## Three", END], 'the fold "A" ends in another section'),
        (["# One", begin("A"), "## Two", END], 'the fold "A" ends in another section'),
        (["# One", begin("A"), f"> {END}".replace("\n", "\n> ")], 'the fold "A" ends in another'),
    ],
)
def test_a_fold_that_is_none_is_warned_of(tmp_path: Path, cells: list[str], said: str) -> None:
    told = built(tmp_path, [("text", text) for text in cells])[1]
    assert said in told
    assert told.count("WARNING") == 1, told
    assert "index" in told


@pytest.fixture
def shown(browser: object, good: tuple[Path, str]) -> Iterator[tuple[object, str]]:
    """A page from a file, and its address."""
    context = browser.new_context(viewport={"width": 390, "height": 400})
    yield context.new_page(), good[0].as_uri()
    context.close()


def states(page: object) -> list[bool]:
    return page.locator("details.fold").evaluate_all("folds => folds.map(fold => fold.open)")


def test_a_link_opens_the_fold_that_it_leads_into(shown: tuple[object, str]) -> None:
    page, address = shown
    page.goto(address)
    assert states(page) == [False, False]
    page.locator("a[href='#equation-eq-in']").first.click()
    page.wait_for_function("document.querySelector('details.fold').open")
    assert page.locator("#equation-eq-in").is_visible()

    page.locator("summary").first.click()  # shut by hand, and the same link once more
    assert states(page) == [False, False]
    page.locator("a[href='#equation-eq-in']").first.click()
    page.wait_for_function("document.querySelector('details.fold').open")

    page.goto("about:blank")
    page.goto(f"{address}#whole")
    page.wait_for_function("document.querySelector('details.fold').open")
    assert states(page) == [True, False]


def test_the_printer_gets_all_folds_open(shown: tuple[object, str]) -> None:
    page, address = shown
    page.goto(address)
    page.locator("summary").last.click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert states(page) == [True, True]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert states(page) == [False, True]


def test_without_scripts_a_fold_opens_by_hand_and_prints_open(
    browser: object, good: tuple[Path, str]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(good[0].as_uri())
    words = page.get_by_text("First words.")
    assert not words.is_visible()
    page.locator("summary").first.click()
    assert words.is_visible()
    page.locator("summary").first.click()
    assert not words.is_visible()
    context.close()
