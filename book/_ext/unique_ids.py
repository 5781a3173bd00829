"""Sphinx extension: no id twice on a page.

The libraries for theorems and exercises give all proofs, and the inside of every box, the same id.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx

COMMON = re.compile(r"proof|[a-z]+-content")


def drop(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for element in doctree.findall(nodes.Element):
        if element.get("ids") and not is_section(element):
            element["ids"] = [
                name for name in element["ids"] if not COMMON.fullmatch(name)
            ]


def is_section(element: nodes.Element) -> bool:
    """Whether it is a section of the page, and not one of those that a theorem consists of."""
    return isinstance(element, nodes.section) and isinstance(
        element.next_node(), nodes.title
    )


def setup(app: Sphinx) -> dict:
    app.connect("doctree-resolved", drop)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
