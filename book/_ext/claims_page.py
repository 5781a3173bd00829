"""Sphinx extension: ``{claims}`` is the table of all checks that the notebooks of this build made.

Every ``lib.check`` leaves one line of HTML in its notebook's output. They are read off there, so
that the table can say nothing that the run did not.

    ```{claims} C
    ```

lists those whose number begins with C; each number links to the statement that bears it as label.
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
HEADS = ("Claim", "What was measured", "Predicted", "Measured in this build")


class claims_table(nodes.General, nodes.Element):
    """Where the table will stand once every notebook has run."""


class ClaimsDirective(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [claims_table(kind=self.arguments[0])]


def collected(env: BuildEnvironment) -> dict[str, list[tuple[str, ...]]]:
    if not hasattr(env, "claim_checks"):
        env.claim_checks = {}
    return env.claim_checks


def collect(app: Sphinx, doctree: nodes.document) -> None:
    lines = [
        line
        for raw in doctree.findall(nodes.raw)
        for line in LINE.findall(raw.astext())
    ]
    collected(app.env)[app.env.docname] = list(dict.fromkeys(lines))


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    collected(env).pop(docname, None)


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: object
) -> None:
    collected(env).update({name: collected(other)[name] for name in docnames})


def outdated(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages with a table, written anew whenever anything was."""
    return [
        name
        for name in env.found_docs
        if next(env.get_doctree(name).findall(claims_table), 0)
    ]


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(claims_table)):
        rows = [
            (line, at)
            for at, lines in collected(app.env).items()
            for line in lines
            if line[0].startswith(place["kind"])
        ]
        rows.sort(
            key=lambda found: found[0][0]
        )  # else in the order of the pages
        place.replace_self(table(app, docname, rows))


def table(app: Sphinx, docname: str, rows: list) -> nodes.table:
    body, head = (
        nodes.tbody(),
        nodes.thead("", row([nodes.Text(text) for text in HEADS])),
    )
    for (claim, *texts), at in rows:
        # A claim is stated where it is checked; a slip is stated where its label stands.
        labels = app.env.get_domain("std").anonlabels
        page, anchor = labels.get(claim.lower(), (at, claim))[:2]
        target = f"{app.builder.get_relative_uri(docname, page)}#{anchor}"
        link = nodes.reference("", claim, refuri=target, internal=True)
        body += row(
            [link, *(nodes.raw("", text, format="html") for text in texts)]
        )
    group = nodes.tgroup(
        "",
        *(nodes.colspec(colwidth=1) for _ in HEADS),
        head,
        body,
        cols=len(HEADS),
    )
    return nodes.table("", group, classes=["claims"])


def row(cells: list[nodes.Node]) -> nodes.row:
    return nodes.row(
        "",
        *(nodes.entry("", nodes.paragraph("", "", cell)) for cell in cells),
    )


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
