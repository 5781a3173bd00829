"""What the chapters draw and write again and again, each made in one place.

``band`` draws many data sets as their median in a band, ``dots`` is a role of the book as markers
without a line, ``coordinate_panel`` is a pair of axes along the coordinates with the support of w*
spread out, ``relative_distance`` is what most of the figures show, and ``table`` is a Markdown
table::

    fig, ax = panel(xlabel="step size", ylabel="relative distance", xscale="log")
    band(ax, step_sizes, relative_distance(w, w_star), "gd", "GD")
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from IPython.display import Markdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import _checks
from .style import LINES, PALETTE, panel

# The room along a panel's coordinates, in parts of d, where each coordinate off the support has 1:
# what the support is given, the gap behind it, and the margins.
_SPREAD, _GAP, _LEFT, _RIGHT = 0.4, 0.06, 0.05, 0.04


def relative_distance(w: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """‖w − w'‖ / ‖w'‖, of one vector or of each in an array.

    Parameters
    ----------
    w : array, shape (..., d)
        NaN stays NaN: a run without an end has no distance.
    reference : array, shape (..., d)
        w', such as w* or a limit. Leading axes are broadcast against those of ``w``.

    Returns
    -------
    float or array, shape (...,)

    Raises
    ------
    ValueError
        If an array is not real, has no axis or not the shape of the other, or w' is 0.
    """
    expected = "a real array of shape (..., d)"
    w = _vectors("w", w, expected)
    reference = _vectors("reference", reference, expected)
    if w.shape[-1] != reference.shape[-1]:
        raise _checks.complaint("reference", reference, f"{expected} with d = {w.shape[-1]}")
    try:
        np.broadcast_shapes(w.shape, reference.shape)
    except ValueError:
        raise _checks.complaint(
            "reference", f"an array of shape {reference.shape}", f"one to broadcast with {w.shape}"
        ) from None
    with np.errstate(all="ignore"):  # beyond 1e154 the squares are infinite, and so it is told
        size = np.linalg.norm(reference, axis=-1)
        if (size == 0).any():
            expected = f"{expected} without a vector that is 0"
            raise _checks.complaint("reference", reference, expected)
        return np.linalg.norm(w - reference, axis=-1) / size


def _vectors(name: str, value: object, expected: str) -> np.ndarray:
    result = _checks.reals(name, value, expected)
    if result.ndim == 0 or result.shape[-1] == 0:
        raise _checks.complaint(name, value, expected)
    return result


def band(
    ax: Axes,
    x: np.ndarray,
    values: np.ndarray,
    role: str,
    label: str | None = None,
    *,
    share: float = 0.5,
    **line: object,
) -> None:
    """Median over data sets (axis 0), in the band from the 10th to the 90th percentile.

    Runs without a number are left out, and points that too few runs reach: a median of those few
    that converged says nothing of all.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array, shape (n,)
        Where the values belong.
    values : array, shape (data sets, n)
        NaN for a run that has none.
    role : str
        A key of ``LINES``: colour, line style and marker.
    label : str, optional
        The name of the line in the legend.
    share : float
        Of the runs, from 0 to 1, that must have a number for a point to be drawn. With 0 the line
        and the band have a gap where none has.
    **line
        Changes to the role's line, as ``Axes.plot`` takes them: ``markevery=3``. The band has the
        line's ``color``.

    Returns
    -------
    None

    Raises
    ------
    ValueError
        If an argument is not as described.
    AttributeError
        If a property of the line is unknown to ``Axes.plot``. What it raises about a value is
        passed on.
    """
    _checks.choice("role", role, LINES)
    if not isinstance(ax, Axes):
        raise _checks.complaint("ax", ax, "a pair of Matplotlib's axes, as panel makes them")
    if label is not None:
        label = _checks.text("label", label, "a name for the legend, or None")
    share = _checks.number("share", share, at_least=0, at_most=1)
    x = _checks.array("x", x, (None,), "(n,)")
    expected = f"a real array of shape (data sets, n) with n = {len(x)}, the length of x"
    values = _checks.reals("values", values, expected)
    if values.ndim != 2 or values.shape[1] != len(x) or len(values) == 0:
        raise _checks.complaint("values", f"an array of shape {values.shape}", expected)
    if np.isinf(values).any():
        raise _checks.complaint("values", values, "finite, or NaN where a run has no number")
    known = ~np.isnan(values)
    found, seen = np.full((3, len(x)), np.nan), known.any(axis=0)
    if seen.any():  # of nothing but NaN NumPy's percentiles are a warning, of no columns none
        found[:, seen] = np.nanpercentile(values[:, seen], [10, 50, 90], axis=0)
    kept = known.mean(axis=0) >= share
    x, (low, middle, high) = x[kept], found[:, kept]
    style = LINES[role] | line
    ax.fill_between(x, low, high, color=style["color"], alpha=0.2, linewidth=0)
    ax.plot(x, middle, label=label, **style)


def dots(role: str, size: float = 3.5, **line: object) -> dict[str, object]:
    """A role of ``LINES`` as markers of a size without a line between them.

    Parameters
    ----------
    role : str
        A key of ``LINES``.
    size : float
        Of the markers, in points.
    **line
        Further properties, as ``Axes.plot`` takes them.

    Returns
    -------
    dict
        For ``ax.plot(x, y, **dots("gd"))``.

    Raises
    ------
    ValueError
        If the role is unknown, or the size no positive number.
    """
    _checks.choice("role", role, LINES)
    size = _checks.number("size", size, above=0)
    return LINES[role] | {"linestyle": "", "markersize": size} | line


def coordinate_places(w_star: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates by falling |w*|, and the place of each: the support spread out, then the rest.

    Parameters
    ----------
    w_star : array, shape (d,)
        With entries that are 0 and entries that are not.

    Returns
    -------
    order : array of int, shape (d,)
        ``w[order]`` has the support of w* first.
    place : array, shape (d,)
        Where the entries of ``w[order]`` are drawn in a :func:`coordinate_panel`.

    Raises
    ------
    ValueError
        If w* is no such vector.
    """
    w_star = _with_support(w_star)
    dim, sparsity = len(w_star), np.count_nonzero(w_star)
    order = np.argsort(-np.abs(w_star), kind="stable")
    on_it = _SPREAD * dim / sparsity * np.arange(sparsity)
    return order, np.concatenate([on_it, (_SPREAD + _GAP) * dim + np.arange(dim - sparsity)])


def coordinate_panel(
    w_star: np.ndarray, width: float = 3.4, *, truth: bool = False, **properties: object
) -> tuple[Figure, Axes]:
    """A panel along the coordinates: the support of w* spread out and shaded, the rest beside it.

    What belongs to the coordinates is drawn at their places::

        order, place = coordinate_places(problem.w_star)
        fig, ax = coordinate_panel(problem.w_star, truth=True, ylabel="coefficient")
        ax.plot(place, run.w[order], label="GD", **dots("gd"))

    Parameters
    ----------
    w_star : array, shape (d,)
        With entries that are 0 and entries that are not.
    width : float
        In inches, as in :func:`panel`.
    truth : bool
        Whether the entries of w* on its support are drawn.
    **properties
        Anything else that ``panel`` takes: ``height``, ``title``, ``ylabel``, ``ylim`` and so on.

    Returns
    -------
    fig : matplotlib.figure.Figure
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If w* is no such vector, ``truth`` neither True nor False, or a size out of range.
    AttributeError
        If a property is unknown to ``Axes.set``. What it raises about a value is passed on.
    """
    w_star = _with_support(w_star)
    if not isinstance(truth, bool | np.bool_):
        raise _checks.complaint("truth", truth, "True or False")
    dim, sparsity = len(w_star), np.count_nonzero(w_star)
    order, place = coordinate_places(w_star)
    on_it, off_it = place[:sparsity], place[sparsity:]
    left, right = on_it[0] - _LEFT * dim, off_it[-1] + _RIGHT * dim
    fig, ax = panel(width, **{"xlim": (left, right)} | properties)
    centres = [(ends[0] + ends[-1]) / 2 for ends in (on_it, off_it)]
    ax.set_xticks(centres, ["support", "other coordinates"])
    ax.tick_params(axis="x", length=0)
    ax.grid(visible=False, axis="x")
    ax.axvspan(left, on_it[-1] + _GAP * dim, color=PALETTE["grid"], alpha=0.5, linewidth=0)
    if truth:
        ax.plot(on_it, w_star[order[:sparsity]], label="w*", **dots("truth", 8))
    return fig, ax


def _with_support(value: object) -> np.ndarray:
    w_star = _checks.array("w_star", value, (None,), "(d,)")
    if not 0 < np.count_nonzero(w_star) < len(w_star):
        raise _checks.complaint("w_star", value, "a vector with zeros and with other entries")
    return w_star


def table(
    head: Iterable[str],
    rows: Iterable[Iterable[str | int]],
    *,
    before: str = "",
    after: str = "",
    align: str | None = None,
) -> Markdown:
    r"""| head | head | over rows of cells: a Markdown table, with text before and after it.

    Parameters
    ----------
    head : iterable of str
        One heading for each column. It may be empty.
    rows : iterable of iterables
        The cells of each row: text of one line, or a whole number. Other numbers are given in
        the digits that they deserve, by :func:`tidy`. A bar within a cell is written ``\|``.
    before, after : str
        Paragraphs of Markdown, such as "**Seen.**".
    align : str, optional
        A letter for each column, l or r. The first is aligned left and the others right if this
        is left out.

    Returns
    -------
    IPython.display.Markdown

    Raises
    ------
    ValueError
        If there is no column, a row has another number of cells than the head, a cell is not as
        described, or ``align`` has other letters or another length.
    """
    head = [_cell("head", cell) for cell in _checks.listed("head", head, "a list of headings")]
    if not head:
        raise _checks.complaint("head", head, "a list of at least one heading")
    columns = f"a list of rows of {len(head)} cells, one for each heading"
    lines = [head]
    for row in _checks.listed("rows", rows, columns):
        lines.append([_cell("rows", cell) for cell in _checks.listed("rows", row, columns)])
        if len(lines[-1]) != len(head):
            raise _checks.complaint("rows", lines[-1], columns)
    if align is None:
        align = "l" + "r" * (len(head) - 1)
    if not isinstance(align, str) or len(align) != len(head) or set(align) - {"l", "r"}:
        raise _checks.complaint("align", align, f"{len(head)} letters l or r, one a column")
    rule = "|" + "".join(":--|" if letter == "l" else "--:|" for letter in align)
    first, *others = ("|" + "".join(f" {c} |" if c else " |" for c in row) for row in lines)
    parts = [
        _checks.text("before", before, "text", blank=True),
        "\n".join([first, rule, *others]),
        _checks.text("after", after, "text", blank=True),
    ]
    return Markdown("\n\n".join(part for part in parts if part))


def _cell(name: str, value: object) -> str:
    expected = r"cells of text of one line, a bar in it written \|, or of whole numbers"
    if not isinstance(value, str):
        try:
            return str(_checks.integer(name, value, at_least=-(10**15), at_most=10**15))
        except ValueError:
            raise _checks.complaint(name, value, expected) from None
    if len(value.splitlines()) > 1 or re.search(r"(?<!\\)\|", value):
        raise _checks.complaint(name, value, expected)
    return _checks.text(name, value, expected, blank=True)
