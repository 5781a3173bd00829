"""Sphinx extension: no line begins with the comma that follows a formula.

A browser takes a formula for a picture and may break the line on both of its sides.
"""

from __future__ import annotations

import re

from definitions import term_link
from docutils import nodes
from sphinx.application import Sphinx

BEFORE = re.compile(r"[(\[“‘±≈~–-]+$")
# At most a few signs: "), ", "’s", "th", "-" of "-norm".
AFTER = re.compile(
    r"[^\s\w]{1,4}s?(?!\w)|[^\s\w(\[]{1,4}|\w{1,2}(?!\w)[^\s\w]{0,3}"
)


def keep(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for formula in list(doctree.findall(nodes.math)):
        linked = isinstance(formula.parent, term_link)
        node = formula.parent if linked else formula
        parent = node.parent
        first = last = parent.index(node)
        before, after = text_at(parent, first - 1), text_at(parent, last + 1)
        opened, closed = BEFORE.search(before), AFTER.match(after)
        group = nodes.inline(classes=["together"])
        new = [group]
        if opened:
            first -= 1
            new.insert(0, nodes.Text(before[: opened.start()]))
            group += nodes.Text(opened[0])
        group += node
        if closed:
            last += 1
            new.append(nodes.Text(after[closed.end() :]))
            group += nodes.Text(closed[0])
        parent[first : last + 1] = new if len(new) > 1 else [node]


def text_at(parent: nodes.Element, at: int) -> str:
    if 0 <= at < len(parent) and isinstance(parent[at], nodes.Text):
        return parent[at].astext()
    return ""


def setup(app: Sphinx) -> dict:
    # After the terms have become links.
    app.connect("doctree-resolved", keep, priority=950)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
