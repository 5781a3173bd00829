"""explore(draw, **axes): a figure with controls, alive with a kernel and on a published page.

``draw`` makes the figure for one setting of the controls; ``explore`` puts controls to it. With a
kernel these are ipywidgets and every move draws anew. While the book is built (the environment
says so) every frame is drawn ahead and kept in the page, where native controls flip through them
without a kernel::

    def draw(step_size, algorithm):
        fig, ax = panel(xlabel="step", ylabel="loss", yscale="log")
        ax.plot(losses[algorithm, step_size], **LINES[algorithm.lower()])
        return fig, f"{algorithm} ends at a loss of {losses[algorithm, step_size][-1]:.1e}."

    explore(draw, step_size=np.geomspace(1e-3, 0.3, 25), algorithm=["GD", "SGD"])

The n-th explorer of a page has the address ``#explorer-n``. A button beside its controls gives the
link that opens it as it stands, with values and not places in the grid,
``gain.html#explorer-1?step_size=0.05&algorithm=SGD``: such a link outlives a finer grid, since the
nearest value is taken. What it does not name, or names wrongly, stays at its start.
"""

from __future__ import annotations

import itertools
import math
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from IPython.display import HTML
from matplotlib.figure import Figure

from . import _checks
from ._axis import Axis, axis, make_axis
from ._frame import FIGURES, figure_html, make_frame, wrap
from ._page import page_html

__all__ = ["PAGE_VARIABLE", "axis", "explore", "show"]

PAGE_VARIABLE = "DIAGONAL_BOOK_PAGE"
MOST_FRAMES = 1500

_page_explorers = itertools.count(1)
_page_figures = itertools.count(1)


def explore(draw: Callable[..., object], **axes: object) -> object:
    """The figures that ``draw`` makes, with one control for each of ``axes``.

    Parameters
    ----------
    draw : callable
        Called with one keyword for each axis. Returns a Figure, a list of Figures (panels: side
        by side where there is room, one below the other where there is not), or a pair of those
        and a description: one or two plain sentences, with numbers, of what is seen. The
        description stands below the figure and is its alternative text.
    **axes
        For each keyword of ``draw`` a sequence of numbers (a slider), a sequence of strings
        (radio buttons), or an ``axis``. With a kernel, values between the numbers are reached
        too; on a page, only the numbers themselves, all combinations drawn at build time.

    Returns
    -------
    object
        To be left as the last expression of a cell: ipywidgets with a kernel, HTML on a page.

    Raises
    ------
    ValueError
        If an axis is empty, not finite, not in order, or if there are more than 1500 frames.
    TypeError
        If ``draw`` cannot be called or does not return figures. An error inside ``draw`` itself
        ends the build of a page; with a kernel it is shown in place of the figure, except that
        at the starting values it is raised.
    """
    if not callable(draw):
        raise TypeError(
            f"draw must be a function that returns {FIGURES}, got {_checks.shown(draw)}"
        )
    if not axes:
        raise _checks.complaint("axes", axes, "at least one axis (`show` is for a still figure)")
    made = {}
    for name, values in axes.items():
        if not name.isidentifier():  # it becomes part of ids and links
            raise _checks.complaint("axes", name, "named as variables are")
        control = values if isinstance(values, Axis) else make_axis(name, values)
        label = name.replace("_", " ") if control.label is None else control.label
        made[name] = replace(control, label=label)
    frames = math.prod(len(control.values) for control in made.values())
    if frames > MOST_FRAMES:
        counts = " × ".join(str(len(control.values)) for control in made.values())
        raise _checks.complaint(
            "axes", f"{counts} = {frames}", f"grids of at most {MOST_FRAMES} frames in all"
        )
    prefix = _new_prefix("explorer", _page_explorers)
    if _on_page():
        return HTML(page_html(draw, made, prefix))
    from ._widgets import live_widgets  # ipywidgets is slow to import, and a page has no use for it

    return live_widgets(draw, made, prefix, _stylesheet())


def show(figures: Figure | Sequence[Figure], description: str | None = None) -> HTML:
    """Figures in the same clothes as those of ``explore``, without a control.

    Parameters
    ----------
    figures : Figure or sequence of Figures
        The panels.
    description : str, optional
        What is seen, in one or two plain sentences with numbers: the line below the figure and
        its alternative text. If left out, titles and axis labels make the alternative text.

    Returns
    -------
    IPython.display.HTML

    Raises
    ------
    TypeError
        If ``figures`` are not Figures.
    ValueError
        If the description is not a string, or empty.
    """
    if description is not None:
        _checks.text("description", description, "a non-empty string")
    drawn = figures if description is None else (figures, description)
    prefix = _new_prefix("figure", _page_figures)
    frame = make_frame(drawn, prefix, "", "figures")
    return HTML(("" if _on_page() else _stylesheet()) + wrap(figure_html(frame)))


def _on_page() -> bool:
    return bool(os.environ.get(PAGE_VARIABLE))


def _new_prefix(kind: str, count: Iterator[int]) -> str:
    # On a page a count keeps builds the same and links alive; notebooks in JupyterLab share a page.
    return f"{kind}-{next(count) if _on_page() else uuid.uuid4().hex[:8]}"


def _stylesheet() -> str:
    css = Path(__file__).with_name("explorer.css").read_text(encoding="utf-8")
    return f"<style>{css}</style>"
