"""An explorer on a page: every frame drawn ahead, and native controls that flip through them.

``book/_static/explorer.js`` is the other half: it unpacks the frames and answers the controls.
"""

from __future__ import annotations

import base64
import gzip
import html
import itertools
import json
from collections.abc import Callable

from ._axis import Axis
from ._frame import Frame, draw_frame, figure_html, markup, plain, wrap


def page_html(draw: Callable[..., object], axes: dict[str, Axis], prefix: str) -> str:
    """The explorer as HTML, whose ids all open with ``prefix``."""
    panels: dict[str, int] = {}
    frames = []
    for values in itertools.product(*(control.values for control in axes.values())):
        named = dict(zip(axes, values, strict=True))
        try:
            frame = draw_frame(draw, named, axes, prefix)
        except Exception as error:
            error.add_note(f"while drawing the frame at {named}")
            raise
        places = [panels.setdefault(panel, len(panels)) for panel in frame.panels]
        frames.append([places, frame.readout, frame.alternative])

    start = 0
    for control in axes.values():
        start = start * len(control.values) + control.start_index
    texts = [[control.shown(value) for value in control.values] for control in axes.values()]
    kept = {
        "axes": [{"shown": [*map(markup, t)], "spoken": [*map(plain, t)]} for t in texts],
        "panels": list(panels),
        "frames": frames,
    }
    packed = gzip.compress(json.dumps(kept, ensure_ascii=False).encode(), mtime=0)
    places, readout, alternative = frames[start]
    first = Frame(tuple(kept["panels"][i] for i in places), readout, alternative)
    controls = "".join(_control(f"{prefix}-{name}", control) for name, control in axes.items())
    return wrap(
        f'<div class="explorer-controls">{controls}</div>{figure_html(first)}'
        f'<script type="text/plain" class="explorer-frames">'
        f"{base64.b64encode(packed).decode()}</script>"
    )


def _control(identity: str, control: Axis) -> str:
    start = control.start_index
    name = markup(control.label)
    if not control.is_numeric:
        choices = "".join(
            f'<label><input type="radio" name="{identity}" value="{i}" autocomplete="off"'
            f"{' checked' if i == start else ''}><span>{markup(control.shown(value))}</span></label>"
            for i, value in enumerate(control.values)
        )
        return f'<fieldset class="explorer-control"><legend>{name}</legend>{choices}</fieldset>'
    shown = control.shown(control.values[start])
    play = ""
    if control.play:
        play = (
            f'<button type="button" class="explorer-play" aria-pressed="false" '
            f'aria-label="Play {html.escape(plain(control.label))}">'
            '<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M2.5 1l8 5-8 5z"/>'
            '<path d="M2.5 1.5h2.5v9H2.5zM7 1.5h2.5v9H7z"/></svg></button>'
        )
    return (
        f'<div class="explorer-control">{play}<label for="{identity}">{name}</label>'
        f'<input type="range" id="{identity}" min="0" max="{len(control.values) - 1}" step="1" '
        f'value="{start}" autocomplete="off" aria-valuetext="{html.escape(plain(shown))}">'
        f'<output for="{identity}">{markup(shown)}</output></div>'
    )
