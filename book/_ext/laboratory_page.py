"""Sphinx extension: the laboratory's scripts on its page alone, its presets, and links to them.

On the page of the laboratory

    ```{preset} rich
    :title: Rich regime
    :state: alpha=0.001&share=0.1

    Two sentences on what to look for, with any markup.
    ```

states an experiment; without scripts it stands as a paragraph. Elsewhere ``{lab}`Try it <rich>` ``
links to a preset, and ``{lab}`Try it <N=20&d=30>` `` to settings of one's own. A link to a preset
that does not exist is a warning, and so ends a build of the book.
"""

from __future__ import annotations

import html
import re
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective

PAGE = "book/laboratory"
SCRIPTS = ("engine.js", "bench.js", "chart.js", "laboratory.js")
NAME = re.compile(r"[a-z][a-z-]*")
STATE = re.compile(r"\w+=[\w.+-]+(&\w+=[\w.+-]+)*")

logger = logging.getLogger(__name__)


class lab_link(nodes.General, nodes.Inline, nodes.Element):
    """A link to the laboratory, until it is known which presets there are."""


class Preset(SphinxDirective):
    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {
        "title": directives.unchanged_required,
        "state": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        title = self.options.get("title", "")
        state = self.options.get("state", "")
        if not (
            NAME.fullmatch(name)
            and title
            and STATE.fullmatch(state)
            and self.content
        ):
            raise self.error(
                "a preset needs a name of small letters and hyphens, a title, a state such "
                f"as alpha=0.1&share=0.2, and a text; got name {name!r}, title {title!r}, "
                f"state {state!r}"
            )
        presets(self.env)[name] = self.env.docname
        text = nodes.container(classes=["lab-preset-text"])
        self.state.nested_parse(self.content, self.content_offset, text)
        opening = (
            f'<div class="lab-preset" id="preset-{name}" data-name="{name}" '
            f'data-state="{html.escape(state)}"><p class="lab-preset-title">'
            f'<a href="#preset-{name}">{html.escape(title)}</a></p>'
        )
        return [
            nodes.raw("", opening, format="html"),
            text,
            nodes.raw("", "</div>", format="html"),
        ]


class LabRole(ReferenceRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.Node]]:
        link = lab_link("", nodes.Text(self.title), target=self.target)
        self.set_source_info(link)
        return [link], []


def presets(env: BuildEnvironment) -> dict[str, str]:
    """The page on which each preset stands, by its name."""
    if not hasattr(env, "laboratory_presets"):
        env.laboratory_presets = {}
    return env.laboratory_presets


def forget(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    for name in [n for n, page in presets(env).items() if page == docname]:
        del presets(env)[name]


def merge(
    app: Sphinx, env: BuildEnvironment, docnames: object, other: object
) -> None:
    presets(env).update(presets(other))


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for link in list(doctree.findall(lab_link)):
        target = link["target"]
        if target in presets(app.env):
            target = f"preset-{target}"
        elif not STATE.fullmatch(target):
            logger.warning(
                "the laboratory has no preset %r", target, location=link
            )
        uri = app.builder.get_relative_uri(docname, PAGE) + f"#{target}"
        reference = nodes.reference("", "", refuri=uri, internal=True)
        reference += link.children
        link.replace_self(reference)


def furnish(
    app: Sphinx, page: str, template: str, context: dict, doctree: object
) -> None:
    if page != PAGE:
        return
    app.add_css_file("laboratory.css", priority=910)
    for place, script in enumerate(SCRIPTS):
        app.add_js_file(script, loading_method="defer", priority=800 + place)


def setup(app: Sphinx) -> dict:
    app.add_node(lab_link)
    app.add_directive("preset", Preset)
    app.add_role("lab", LabRole())
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("doctree-resolved", resolve)
    app.connect("html-page-context", furnish)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
