"""Sphinx extension: buttons that lead to the book's own repository, where one is named.

``BOOK_REPOSITORY=owner/name`` in the environment of a build names a repository on GitHub,
``BOOK_BRANCH`` its branch (main, if not given). Pages then offer to see it, to edit them, to
report a fault, and to open notebooks on Colab from the branch ``colab``, where the copies stand
that install the simulator themselves (see ``stamp.py``). Without the variable no page has any of
these buttons, so that no copy of the book points to the repository of another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

COLAB_BRANCH = "colab"
FORMS = {
    "BOOK_REPOSITORY": (r"[A-Za-z0-9-]+/(?!\.\.?$)[\w.-]+", "owner/name"),
    "BOOK_BRANCH": (
        r"(?![-./])(?!.*(?:\.\.|//))[\w./-]+(?<![./])",
        "the name of a branch",
    ),
}
BUTTONS = (
    "use_repository_button",
    "use_edit_page_button",
    "use_issues_button",
)


def named(environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Repository and branch, or nothing where the environment names no repository.

    Raises
    ------
    ConfigError
        If one of the two has not the form that it should have.
    """
    values = (
        environment.get("BOOK_REPOSITORY", ""),
        environment.get("BOOK_BRANCH", "") or "main",
    )
    if not values[0]:
        return None
    for (name, (form, expected)), value in zip(
        FORMS.items(), values, strict=True
    ):
        if not re.fullmatch(form, value, re.ASCII):
            raise ConfigError(f"{name} must be {expected}, got {value!r}")
    return values


def show_buttons(app: Sphinx, config: Config) -> None:
    if (found := named(os.environ)) is None:
        return
    config.html_theme_options |= {
        "repository_url": f"https://github.com/{found[0]}",
        "repository_branch": COLAB_BRANCH,  # the theme launches from here
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
        **dict.fromkeys(BUTTONS, True),
    }


def edit_on_own_branch(app: Sphinx) -> None:
    if (found := named(os.environ)) is not None:
        app.config.html_context["github_version"] = found[1]


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", show_buttons)
    # After the theme has taken its branch for launching and editing alike.
    app.connect("builder-inited", edit_on_own_branch, priority=900)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
