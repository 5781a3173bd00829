"""Sphinx extension: notebooks draw their explorers ahead, and pages carry what these need.

While the book is built as HTML, ``explore`` and ``show`` learn from the environment, which the
notebooks' kernels inherit, that they stand on a page. Every page gets the explorer's script and
stylesheet and the book's own stylesheet and small scripts, and loses the theme's hooks for a
remote kernel, which would ask another host for a script.
"""

from __future__ import annotations

import os
from pathlib import Path

from sphinx.application import Sphinx

import lib.explorer

STATIC = Path(__file__).parents[1] / "_static"
EXPLORER_CSS = Path(lib.explorer.__file__).with_name("explorer.css")


def prepare(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    os.environ[lib.explorer.PAGE_VARIABLE] = "1"
    app.config.html_static_path += [str(STATIC), str(EXPLORER_CSS)]
    app.add_css_file("explorer.css")
    app.add_css_file("book.css", priority=900)
    # Early means before the theme's own scripts.
    app.add_js_file("early.js", priority=100)
    app.add_js_file("search.js", priority=300)  # after Sphinx's own options
    app.add_js_file("explorer.js", loading_method="defer")
    app.add_js_file("wide.js", loading_method="defer")


def without_remote_kernel(
    app: Sphinx, page: str, template: str, context: dict, doctree: object
) -> None:
    def remote(script: object) -> bool:
        inline = getattr(script, "attributes", {}).get("body", "")
        return "thebe" in f"{script} {inline}".lower()

    scripts = context.get("script_files", [])
    context["script_files"] = [one for one in scripts if not remote(one)]


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", without_remote_kernel, priority=900)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
