"""One frame of an explorer: the figures as HTML, with what is said about them."""

from __future__ import annotations

import gc
import html
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.figure import Figure

from . import _checks
from ._axis import Axis
from ._svg import raise_exponents, to_svg
from .style import STYLE

FIGURES = "a matplotlib Figure, a non-empty list of them, or a pair (figures, description)"


@dataclass(frozen=True)
class Frame:
    """Panels as SVG, the description as HTML, and the alternative text as plain text."""

    panels: tuple[str, ...]
    readout: str
    alternative: str


@contextmanager
def _tidied() -> Iterator[None]:
    """Cleared away as soon as it is done with.

    A figure is a thousand objects that hold one another. Left to themselves they pile up until,
    every few frames, Python searches all it has for garbage, and a move takes four times as long.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if was_on:
            gc.enable()


@_tidied()
def draw_frame(
    draw: Callable[..., object], values: dict, axes: dict[str, Axis], prefix: str
) -> Frame:
    """The frame at one setting of the axes; ids in it open with ``prefix``."""
    with rc_context(STYLE):
        drawn = draw(**values)
    setting = "; ".join(
        f"{axes[name].label}: {axes[name].shown(value)}" for name, value in values.items()
    )
    return make_frame(drawn, prefix, setting, "draw")


def make_frame(drawn: object, prefix: str, setting: str, source: str) -> Frame:
    """What ``draw`` returned, or ``show`` was given, as a frame; ``source`` says which of them."""
    description = None
    figures = drawn
    if isinstance(drawn, tuple) and len(drawn) == 2 and isinstance(drawn[1], str):
        figures, description = drawn
        _checks.text("description", description, "a string", blank=True)
    if isinstance(figures, Figure):
        figures = [figures]
    if (
        not isinstance(figures, list | tuple)
        or not figures
        or not all(isinstance(figure, Figure) for figure in figures)
    ):
        verb = "return" if source == "draw" else "be"
        raise TypeError(f"{source} must {verb} {FIGURES}, got {_checks.shown(drawn)}")
    with rc_context(STYLE):
        panels = tuple(to_svg(figure, f"{prefix}-{i}") for i, figure in enumerate(figures))
    if "matplotlib.pyplot" in sys.modules:
        # A figure that pyplot knows would be shown a second time below the cell.
        for figure in figures:
            sys.modules["matplotlib.pyplot"].close(figure)
    alternative = description or ". ".join(filter(None, [_titles(figures), setting]))
    return Frame(panels, markup(description or ""), plain(alternative))


def _titles(figures: Sequence[Figure]) -> str:
    found = []
    for axes in (axes for figure in figures for axes in figure.axes):
        title = axes.get_title("left") or axes.get_title()
        labels = " against ".join(filter(None, [axes.get_ylabel(), axes.get_xlabel()]))
        found.append(": ".join(filter(None, [title, labels])))
    return re.sub(r"[$\\]", "", "; ".join(filter(None, found))) or "Figure"


def markup(text: str) -> str:
    """The text as HTML, in which nothing but sub, sup and i is markup, and 10⁻³ has a raised −3."""
    return re.sub(r"&lt;(/?(?:sub|sup|i))&gt;", r"<\1>", html.escape(raise_exponents(text)))


def plain(text: str) -> str:
    """The text without its markup, as it is read aloud."""
    text = text.replace("<sub>", "_").replace("<sup>", "^")
    return re.sub(r"</?(?:sub|sup|i)>", "", text)


def figure_html(frame: Frame) -> str:
    """The panels as one image, with the description below."""
    readout = f'<p class="explorer-readout">{frame.readout}</p>' if frame.readout else ""
    return (
        f'<div class="explorer-figure" role="img" aria-label="{html.escape(frame.alternative)}">'
        f"{''.join(frame.panels)}</div>{readout}"
    )


def wrap(body: str, **attributes: str) -> str:
    """The body as an element that the stylesheet knows."""
    written = "".join(
        f' {name.replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    return f'<div class="explorer"{written}>{body}</div>'
