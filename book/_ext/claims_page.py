"""Sphinx extension: ``{claims}`` is the table of all checks that the notebooks of this build made.

Every ``lib.check`` leaves one line of HTML in its notebook's output. They are read off there, so
that the table can say nothing that the run did not.

    ```{claims} C
    ```

lists those whose number begins with C, below the title of the statement that bears it as label.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

LINE = re.compile(
    r'<p class="claim-check" data-claim="(\w+)">.*?<span>(.*?)</span>: predicted '
    r"<span>(.*?)</span>, measured <span>(.*?)</span>\.</p>",
    re.S,
)
STATED = re.compile(
    r"C\d\d|[er]\d"
)  # the labels of statements, as docutils writes them
HEADS = ("What was measured", "Predicted", "Measured in this build")


class claims_table(nodes.General, nodes.Element):
    """Where the table will stand once every notebook has run."""


class ClaimsDirective(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [claims_table(kind=self.arguments[0])]


def collected(env: BuildEnvironment, what: str) -> dict:
    """What has been collected so far, page by page: ``checks`` or ``titles``."""
    if not hasattr(env, "claims_collected"):
        env.claims_collected = {"checks": {}, "titles": {}}
    return env.claims_collected[what]


def collect(app: Sphinx, doctree: nodes.document) -> None:
    lines = [
        line
        for raw in doctree.findall(nodes.raw)
        for line in LINE.findall(raw.astext())
    ]
    titles = {
        name: element.next_node(nodes.title).children
        for element in doctree.findall(nodes.Element)
        for name in element.get("ids", [])
        if STATED.fullmatch(name) and element.next_node(nodes.title)
    }
    collected(app.env, "checks")[app.env.docname] = list(dict.fromkeys(lines))
    collected(app.env, "titles")[app.env.docname] = titles


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    for what in ("checks", "titles"):
        collected(env, what).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: object
) -> None:
    for what in ("checks", "titles"):
        collected(env, what).update(
            {name: collected(other, what)[name] for name in docnames}
        )


def outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages with a table, written anew whenever anything was."""
    pages = [
        name
        for name in env.found_docs
        if next(env.get_doctree(name).findall(claims_table), None)
    ]
    for name in (
        pages
    ):  # titles may hold formulas, which the page itself does not know of
        env.get_domain("math").data["has_equations"][name] = True
    return pages


def statements(env: BuildEnvironment) -> dict[str, tuple]:
    """Page, anchor and title of every statement, by its number."""
    return {
        name.upper(): (at, name, title)
        for at, titles in collected(env, "titles").items()
        for name, title in titles.items()
    }


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(claims_table)):
        found = {}
        for lines in collected(app.env, "checks").values():
            for claim, *texts in lines:
                if claim.startswith(place["kind"]):
                    found.setdefault(claim, []).append(texts)
        stated = statements(app.env)
        body = nodes.tbody()
        for claim in sorted(found):
            at, anchor, title = stated[claim]
            target = f"{app.builder.get_relative_uri(docname, at)}#{anchor}"
            link = nodes.reference(
                "", "", refuri=target, internal=True, classes=[claim]
            )
            link += unwrapped(title)
            body += row([link], classes=["claim"])
            body += [
                row([nodes.raw("", t, format="html") for t in texts])
                for texts in found[claim]
            ]
        place.replace_self(table(body))


def unwrapped(title: list[nodes.Node]) -> list[nodes.Node]:
    """The title of a statement, "(Claim C05: …)", without its brackets and its first word."""
    copies = [child.deepcopy() for child in title]
    if copies[0].astext().lstrip().startswith("(Claim "):
        copies[0] = nodes.Text(
            copies[0].astext().lstrip().removeprefix("(Claim ")
        )
        copies[-1] = nodes.Text(
            copies[-1].astext().rstrip().removesuffix(")")
        )
    return copies


def table(body: nodes.tbody) -> nodes.table:
    head = nodes.thead("", row([nodes.Text(text) for text in HEADS]))
    columns = [nodes.colspec(colwidth=1) for _ in HEADS]
    return nodes.table(
        "",
        nodes.tgroup("", *columns, head, body, cols=len(HEADS)),
        classes=["claims"],
    )


def row(cells: list[nodes.Node], **attributes: object) -> nodes.row:
    spare = {"morecols": len(HEADS) - 1} if len(cells) == 1 else {}
    entries = [
        nodes.entry("", nodes.paragraph("", "", cell), **spare)
        for cell in cells
    ]
    return nodes.row("", *entries, **attributes)


def setup(app: Sphinx) -> dict:
    app.add_node(claims_table)
    app.add_directive("claims", ClaimsDirective)
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("env-updated", outdated)
    app.connect("doctree-resolved", fill)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
