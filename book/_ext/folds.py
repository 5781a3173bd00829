"""Sphinx extension: a stretch of a chapter, cells included, stands behind one line that opens it.

    :::{fold} The proof, and what twelve data sets say
    :::

    … text and cells with their outputs …

    :::{endfold}
    :::

What stands between the two marks becomes one ``<details>``, which needs no script to open;
``folds.js`` opens it for a link that leads inside and for the printer. A fold begins and ends in
the same section and holds no other fold. One that does not is a warning, and so ends a build of
the book.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxTranslator

logger = logging.getLogger(__name__)


class fold(nodes.General, nodes.Element):
    """What is folded, below its title."""


class fold_title(nodes.rubric):
    """The line that opens it: a title, in which no word becomes a link."""


class fold_end(nodes.General, nodes.Element):
    """Where a fold ends, until what it holds has been gathered."""


class FoldDirective(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        title, messages = self.state.inline_text(
            self.arguments[0], self.lineno
        )
        node = fold("", fold_title(self.arguments[0], "", *title))
        self.set_source_info(node)
        return [node, *messages]


class EndFoldDirective(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        node = fold_end()
        self.set_source_info(node)
        return [node]


class Gather(SphinxTransform):
    """Moves what stands between two marks into the first, and removes the second."""

    default_priority = 5  # before solutions are gathered: a fold may hold one

    def apply(self) -> None:
        begun = None
        for mark in list(self.document.findall(is_mark)):
            if isinstance(mark, fold):
                if begun:
                    self.complain(begun, "is not closed before the next one")
                begun = mark
            elif begun is None:
                logger.warning("an endfold closes no fold", location=mark)
            elif mark.parent is begun.parent:
                place = begun.parent
                first, last = place.index(begun) + 1, place.index(mark)
                inside = place[first:last]
                del place[first:last]
                begun.extend(inside)
                begun = None
            else:
                self.complain(begun, "ends in another section or box")
                begun = None
            if isinstance(mark, fold_end):
                mark.parent.remove(mark)
        if begun:
            self.complain(begun, "is not closed")

    def complain(self, node: fold, what: str) -> None:
        logger.warning(
            'the fold "%s" %s', node[0].astext(), what, location=node
        )


def is_mark(node: nodes.Node) -> bool:
    return isinstance(node, fold | fold_end)


def open_fold(self: SphinxTranslator, node: fold) -> None:
    self.body.append(self.starttag(node, "details", CLASS="fold"))


def close_fold(self: SphinxTranslator, node: fold) -> None:
    self.body.append("</details>\n")


def open_title(self: SphinxTranslator, node: fold_title) -> None:
    self.body.append("<summary><span>")


def close_title(self: SphinxTranslator, node: fold_title) -> None:
    self.body.append("</span></summary>\n")


def load(app: Sphinx) -> None:
    app.add_js_file("folds.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.add_node(fold, html=(open_fold, close_fold))
    app.add_node(fold_title, html=(open_title, close_title))
    app.add_node(fold_end)
    app.add_directive("fold", FoldDirective)
    app.add_directive("endfold", EndFoldDirective)
    app.add_transform(Gather)
    app.connect("builder-inited", load)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
