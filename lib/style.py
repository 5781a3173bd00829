"""One look for every figure: a colour, a line style and a marker for each role of the book.

``PALETTE`` names the colours, ``LINES`` adds the line style and the marker that carry the same
distinction without colour, ``STYLE`` is the Matplotlib style, and ``panel`` makes a figure in it::

    fig, ax = panel(xlabel="step size", ylabel="error", xscale="log")
    ax.plot(step_sizes, errors, label="GD", **LINES["gd"])

The hues are those of Okabe and Ito's set for colour-blind readers; lightness and saturation are
chosen so that any two roles stay apart under each kind of colour blindness, and so that each has a
contrast of at least 4.5 : 1 to a white page: text may wear it too. ``explorer.css`` holds the
value of each in dark mode.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context, ticker
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.transforms import blended_transform_factory

from . import _checks

PALETTE = {
    "gd": "#c55238",
    "sgd": "#1f56bb",
    "flow": "#1b8661",
    "truth": "#22262b",
    "min_l2": "#a34893",
    "min_l1": "#635404",
    "ink": "#24282d",
    "muted": "#5f6670",
    "grid": "#d9dce0",
}

LINES = {
    "gd": {"color": PALETTE["gd"], "linestyle": "-", "marker": "o"},
    "sgd": {"color": PALETTE["sgd"], "linestyle": (0, (7, 2)), "marker": "s"},
    "flow": {"color": PALETTE["flow"], "linestyle": (0, (6, 2, 1, 2)), "marker": "^"},
    "truth": {"color": PALETTE["truth"], "linestyle": (0, (1, 1.5)), "marker": "x"},
    "min_l2": {"color": PALETTE["min_l2"], "linestyle": (0, (3, 2)), "marker": "D"},
    "min_l1": {
        "color": PALETTE["min_l1"],
        "linestyle": (0, (3, 1.5, 1, 1.5, 1, 1.5)),
        "marker": "v",
    },
}
for _line in LINES.values():
    _line |= {"linewidth": 1.6, "markersize": 4.5}

_LEGEND = {"fontsize": 9, "frameon": False, "handlelength": 2.2, "labelcolor": PALETTE["ink"]}

STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,  # points; 12 px, the smallest text that reads well on a phone
    "mathtext.fontset": "stix",
    "text.color": PALETTE["ink"],
    "axes.edgecolor": PALETTE["muted"],
    "axes.labelcolor": PALETTE["ink"],
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlepad": 7.0,
    "axes.titley": 1.0,  # where it stands anyway; left open, every draw measures all labels for it
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": PALETTE["grid"],
    "grid.linewidth": 0.6,
    "xtick.color": PALETTE["muted"],
    "ytick.color": PALETTE["muted"],
    "xtick.labelcolor": PALETTE["ink"],
    "ytick.labelcolor": PALETTE["ink"],
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "xtick.minor.visible": False,
    **{f"legend.{name}": value for name, value in _LEGEND.items()},
}

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

# Margins in inches, wide enough for tick labels such as 10⁻¹⁰ and an axis label.
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.66, 0.14, 0.5, 0.32


def panel(width: float = 3.4, height: float = 2.6, **properties: object) -> tuple[Figure, Axes]:
    """One figure with one pair of axes, in the style of the book.

    Parameters
    ----------
    width, height : float
        Size in inches, margins included, each from 1.5 to 100. Two panels of the standard width
        stand side by side in the text column; one fills a phone's.
    **properties
        Anything that ``Axes.set`` takes: ``xlabel``, ``ylabel``, ``title``, ``xscale``,
        ``ylim`` and so on.

    Returns
    -------
    fig : matplotlib.figure.Figure
        Not registered with pyplot: nothing has to be closed.
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If a size is not a number from 1.5 to 100.
    AttributeError
        If a property is unknown to ``Axes.set``. What it raises about a value is passed on.
    """
    width = _checks.number("width", width, at_least=1.5, at_most=100)
    height = _checks.number("height", height, at_least=1.5, at_most=100)
    with rc_context(STYLE):
        fig = Figure(figsize=(width, height))
        ax = fig.add_axes(
            (
                _LEFT / width,
                _BOTTOM / height,
                (width - _LEFT - _RIGHT) / width,
                (height - _BOTTOM - _TOP) / height,
            ),
            axes_class=_Axes,
        )
        # Labels stay put while the ticks below them change from frame to frame.
        across, along = ax.transAxes, fig.transFigure
        ax.xaxis.set_label_coords(
            0.5, 0.17 / height, transform=blended_transform_factory(across, along)
        )
        ax.yaxis.set_label_coords(
            0.16 / width, 0.5, transform=blended_transform_factory(along, across)
        )
        ax.set(**properties)
        for one in (ax.xaxis, ax.yaxis):
            if one.get_scale() == "log":
                _mark_decades(one)
    return fig, ax


class _Axes(Axes):
    """Axes whose legend is the book's: Matplotlib styles a legend when made, not when drawn."""

    def legend(self, *args: object, **kwargs: object) -> Legend:
        return super().legend(*args, **(_LEGEND | kwargs))


def _mark_decades(axis: Axis) -> None:
    axis.set_major_locator(_Decades())
    axis.set_major_formatter(_Powers())
    axis.set_minor_locator(ticker.NullLocator())


class _Decades(ticker.LogLocator):
    """Powers of ten, with 2 and 5 between them where there would be too few to read a scale."""

    def tick_values(self, vmin: float, vmax: float) -> np.ndarray:
        vmin, vmax = sorted((vmin, vmax))  # an axis may run from large to small
        few = vmin > 0 and np.log10(vmax / vmin) < 1.8
        self.set_params(subs=(1.0, 2.0, 5.0) if few else (1.0,))
        return super().tick_values(vmin, vmax)


class _Powers(ticker.Formatter):
    """0.01, 0.1, 1 where all ticks can be so short; 10⁻⁸, 10⁻⁴, 1 where they cannot.

    Plain text on purpose: Matplotlib's formulas cost a third of the time of a frame.
    """

    def __call__(self, value: float, pos: int | None = None) -> str:
        return self.format_ticks([value])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        # The locator gives a tick beyond each end, which is not seen.
        low, high = sorted(self.axis.get_view_interval())
        seen = [value for value in values if low * 0.999 <= value <= high * 1.001]
        if all(0.9e-3 <= value < 1e4 for value in seen):
            return [f"{value:g}" for value in values]
        return [_power(value) for value in values]


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.0e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if mantissa == "1" else f"{mantissa}·{power}"
