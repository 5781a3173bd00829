"""Sphinx extension: a folded cell says what is in it.

The line that opens a cell with the tag ``hide-input`` is made from its code: imports, the explorer,
figure or table that it draws, or the names that it defines.
"""

from __future__ import annotations

import ast
import html
import re

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator

MAKES = {  # what a cell calls last ↦ what it makes; markdown with a rule in it is a table, too
    "explore": "the explorer below",
    "show": "the figure below",
    "table": "the table below",
    "Markdown": "the numbers below",
    "check": "the checks below",
}
MOST_NAMES = 4


def content(code: str) -> str:
    """What is in a cell, in a few words."""
    body = ast.parse(code).body
    if all(isinstance(part, ast.Import | ast.ImportFrom) for part in body):
        return "imports"
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        made = MAKES.get(getattr(last.value.func, "id", ""))
        if made == MAKES["Markdown"] and re.search(r"\|:?--", code):
            made = MAKES["table"]
        if made:
            return made
    names = [
        part.name
        for part in body
        if isinstance(part, ast.FunctionDef | ast.ClassDef)
    ] or [
        name.id
        for part in body
        if isinstance(part, ast.Assign)
        for target in part.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    ]
    names = list(dict.fromkeys(names))
    more = ["…"] if len(names) > MOST_NAMES else []
    return ", ".join(names[:MOST_NAMES] + more) or "preparations"


def say(app: Sphinx, doctree: nodes.document) -> None:
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") == "cell_code" and cell.get("hide_mode"):
            code = next(cell.findall(nodes.literal_block)).astext()
            cell["prompt_show"] = cell["prompt_hide"] = (
                f"Code: {content(code)}"
            )


def open_details(self: SphinxTranslator, node: HideCodeCellNode) -> None:
    classes = " ".join(node["classes"])
    self.body.append(
        f'<details class="admonition hide {classes}">\n'
        f"<summary><span>{html.escape(node['prompt_show'])}</span></summary>\n"
    )


def close_details(self: SphinxTranslator, node: HideCodeCellNode) -> None:
    self.body.append("</details>\n")


def setup(app: Sphinx) -> dict:
    app.setup_extension("myst_nb")
    app.connect("doctree-read", say)
    # The library's own summary has one name for the eye and another for the ear.
    app.add_node(
        HideCodeCellNode, override=True, html=(open_details, close_details)
    )
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
