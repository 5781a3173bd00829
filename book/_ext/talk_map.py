"""Sphinx extension: ``{slide}`` is a row of the map from the talk to this book.

    ```{slide} What the slide is about
    :claims: C03 C05
    :slips: E4
    :sections: sec-flow

    What it says, with any markup.
    ```

Slides that follow each other make one table. In which section a claim is treated is not written
there but looked up in the chapter that states it; ``sections`` names further labels, for slides
without a claim. What does not exist is a warning, and so ends a build of the book.
"""

from __future__ import annotations

from collections.abc import Iterator

from claims_page import STATED, statements, unwrapped
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from unique_ids import is_section

HEADS = ("On the slide", "In this book", "Stated and checked as")

logger = logging.getLogger(__name__)


class slide_row(nodes.General, nodes.Element):
    """A slide, until it is known where its claims are stated."""


class SlideDirective(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = dict.fromkeys(
        ("claims", "slips", "sections"), directives.unchanged
    )

    def run(self) -> list[nodes.Node]:
        title, _ = self.state.inline_text(self.arguments[0], self.lineno)
        given = {
            name: self.options.get(name, "").split()
            for name in self.option_spec
        }
        row = slide_row(
            "", nodes.paragraph("", "", nodes.strong("", "", *title)), **given
        )
        self.set_source_info(row)
        self.state.nested_parse(self.content, self.content_offset, row)
        return [row]


def note_sections(app: Sphinx, doctree: nodes.document) -> None:
    """The section behind each id of a section or a statement: its first id and its title."""
    if not hasattr(app.env, "sections_behind"):
        app.env.sections_behind = {}
    found = {}
    for element in doctree.findall(nodes.Element):
        names, section = element.get("ids", []), element
        if not is_section(element):
            names = list(filter(STATED.fullmatch, names))
        while names and not is_section(section):
            section = section.parent
        for name in names:
            found[name] = (section["ids"][0], section[0].children)
    app.env.sections_behind[app.env.docname] = found


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    getattr(env, "sections_behind", {}).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: list[str], other: object
) -> None:
    env.sections_behind.update(
        {name: other.sections_behind[name] for name in docnames}
    )


def outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages with slides are written anew whenever anything was."""
    return [
        name
        for name in env.found_docs
        if next(env.get_doctree(name).findall(slide_row), None)
    ]


class Map:
    """Links from one page to statements and sections of the others."""

    def __init__(self, app: Sphinx, docname: str) -> None:
        self.app, self.docname = app, docname
        self.stated = statements(app.env)

    def link(
        self, at: str, anchor: str, content: list[nodes.Node]
    ) -> nodes.reference:
        page = self.app.builder.get_relative_uri(self.docname, at)
        copies = [child.deepcopy() for child in content]
        return nodes.reference(
            "", "", *copies, refuri=f"{page}#{anchor}", internal=True
        )

    def sections(self, row: slide_row) -> Iterator[nodes.reference]:
        labels = self.app.env.get_domain("std").labels
        places = [
            self.stated[name][:2]
            for name in row["claims"]
            if name in self.stated
        ]
        for label in row["sections"]:
            if label in labels:
                places.append(labels[label][:2])
            else:
                logger.warning(
                    "no section has the label %s", label, location=row
                )
        behind = self.app.env.sections_behind
        found = {
            (at, behind[at][name][0]): behind[at][name][1]
            for at, name in places
        }
        for (at, anchor), title in found.items():
            numbers = self.app.env.toc_secnumbers.get(at, {})
            number = ".".join(map(str, numbers.get(f"#{anchor}", ())))
            yield self.link(
                at, anchor, [nodes.Text(f"{number} ".lstrip()), *title]
            )

    def statements(self, row: slide_row) -> Iterator[nodes.reference]:
        for name in row["claims"] + row["slips"]:
            if name not in self.stated:
                logger.warning("nothing is stated as %s", name, location=row)
                continue
            at, anchor, title = self.stated[name]
            link = self.link(at, anchor, unwrapped(title))
            link["classes"].append(name)
            yield link


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    rows = list(doctree.findall(slide_row))
    links = Map(app, docname)
    while rows:
        first = rows.pop(0)
        run = [first]
        while (
            rows
            and run[-1].next_node(descend=False, siblings=True) is rows[0]
        ):
            run.append(rows.pop(0))
        made = table(links, run)
        for row in run[1:]:
            row.parent.remove(row)
        first.replace_self(made)


def table(links: Map, slides: list[slide_row]) -> nodes.table:
    body = nodes.tbody()
    for slide in slides:
        body += nodes.row(
            "",
            nodes.entry("", *slide.children),
            listed(links.sections(slide)),
            listed(links.statements(slide)),
        )
    head = nodes.row(
        "", *(nodes.entry("", nodes.paragraph("", text)) for text in HEADS)
    )
    columns = [nodes.colspec(colwidth=width) for width in (46, 27, 27)]
    return nodes.table(
        "",
        nodes.tgroup(
            "", *columns, nodes.thead("", head), body, cols=len(HEADS)
        ),
        classes=["talk-map"],
    )


def listed(links: Iterator[nodes.reference]) -> nodes.entry:
    return nodes.entry("", *(nodes.paragraph("", "", link) for link in links))


def setup(app: Sphinx) -> dict:
    app.setup_extension("claims_page")
    app.add_node(slide_row)
    app.add_directive("slide", SlideDirective)
    app.connect("doctree-read", note_sections)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", outdated)
    app.connect("doctree-resolved", fill)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
