"""An explorer with a kernel: ipywidgets, and the figure drawn anew at every move."""

from __future__ import annotations

import html
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from weakref import WeakValueDictionary

import ipywidgets
import numpy as np
from IPython import get_ipython

from ._axis import Axis
from ._frame import draw_frame, figure_html, markup, plain, wrap

# What answers to one shared parameter, by its name. A slider is held by its explorer alone, and
# the one of a cell that runs again takes the place of its predecessor, which nobody sees any more.
_company: defaultdict[str, WeakValueDictionary] = defaultdict(WeakValueDictionary)
_moving: set[str] = set()


def live_widgets(
    draw: Callable[..., object], axes: dict[str, Axis], prefix: str, style: str
) -> ipywidgets.VBox:
    """The controls and the figure; ``style`` is the HTML that dresses them."""
    sliders = {}
    rows = []
    for name, control in axes.items():
        sliders[name], row = _widget(control)
        rows.append(row)

    def body() -> str:
        values = {name: _on_grid(slider.value, axes[name]) for name, slider in sliders.items()}
        return wrap(figure_html(draw_frame(draw, values, axes, prefix)))

    figure = ipywidgets.HTML(body())

    def redraw(_change: object) -> None:
        try:
            figure.value = body()
        except Exception as error:
            reason = html.escape(f"{type(error).__name__}: {error}")
            figure.value = wrap(f'<p class="explorer-error">{reason}</p>')

    place = _cell(), getattr(draw, "__qualname__", type(draw).__qualname__)
    for name, slider in sliders.items():
        slider.observe(redraw, "value")
        if axes[name].shared is not None:
            _share(slider, axes[name], (*place, name))
    return ipywidgets.VBox([ipywidgets.HTML(style), *rows, figure])


def _widget(control: Axis) -> tuple[ipywidgets.Widget, ipywidgets.Widget]:
    """What holds the value, and the row in which it stands."""
    # Plain, since ipywidgets drops all markup from a description but the most harmless.
    named = {"description": plain(control.label), "style": {"description_width": "initial"}}
    if not control.is_numeric:
        choice = ipywidgets.RadioButtons(
            options=control.values, value=control.start, orientation="horizontal", **named
        )
        return choice, choice

    low, high = min(control.values), max(control.values)
    settings = {"value": control.start, "readout": False, **named}
    if isinstance(low, int):
        slider = ipywidgets.IntSlider(min=low, max=high, **settings)
    elif _is_geometric(control.values):
        ends = math.log10(low), math.log10(high)
        slider = ipywidgets.FloatLogSlider(
            base=10, min=ends[0], max=ends[1], step=(ends[1] - ends[0]) / 400, **settings
        )
    else:
        slider = ipywidgets.FloatSlider(min=low, max=high, step=high / 400 - low / 400, **settings)

    shown = ipywidgets.HTML()

    def name_value(_change: object) -> None:
        shown.value = markup(control.shown(_on_grid(slider.value, control)))

    slider.observe(name_value, "value")
    name_value(None)
    if not control.play:
        return slider, ipywidgets.HBox([slider, shown])
    last = len(control.values) - 1
    play = ipywidgets.Play(
        min=0,
        max=last,
        value=control.start_index,
        # About six seconds in all, never hectic and never halting; as explorer.js has it.
        interval=round(min(max(6000 / last, 120), 500)),
        show_repeat=False,
    )
    play.observe(lambda change: slider.set_trait("value", control.values[change["new"]]), "value")
    return slider, ipywidgets.HBox([play, slider, shown])


def _share(slider: ipywidgets.Widget, control: Axis, place: tuple) -> None:
    """From now on the slider and all others of the same shared name move together."""
    company = _company[control.shared]
    company[place] = slider
    slider.nearest = control.nearest

    def lead(change: dict) -> None:
        # Whoever follows a whole-numbered slider would otherwise be led by it in turn.
        if control.shared in _moving:
            return
        _moving.add(control.shared)
        try:
            for other in list(company.values()):
                value = None if other is slider else other.nearest(change["new"])
                if value is not None:
                    other.value = value
        finally:
            _moving.remove(control.shared)

    slider.observe(lead, "value")


def _cell() -> str | None:
    """Which cell runs, where the front end says so."""
    parent = getattr(get_ipython(), "get_parent", dict)()
    return parent.get("metadata", {}).get("cellId")


def _is_geometric(values: Sequence[float]) -> bool:
    if min(values) <= 0:
        return False
    steps, ratios = np.abs(np.diff(values)), np.abs(np.diff(np.log(values)))
    # Of neighbouring floats the logarithms may be the same.
    return bool(np.ptp(ratios) * steps.mean() < np.ptp(steps) * ratios.mean())


def _on_grid(value: object, control: Axis) -> object:
    """The grid's own number where the slider stands on it up to rounding, else the slider's."""
    if not control.is_numeric:
        return value
    nearest = min(control.values, key=lambda number: abs(number - value))
    return nearest if math.isclose(nearest, value, rel_tol=1e-9) else value
