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
    controls = "".join(_control(prefix, name, control) for name, control in axes.items())
    labels = ", ".join(plain(control.label) for control in axes.values())
    return wrap(
        f'<div class="explorer-controls">{controls}{_LINK}</div>{figure_html(first)}'
        f'<p class="explorer-heard" role="status"></p>'
        f'<script type="text/plain" class="explorer-frames">'
        f"{base64.b64encode(packed).decode()}</script>",
        id=prefix,
        role="group",
        aria_label=f"Figure with controls: {labels}",
    )


_LINK = (
    '<button type="button" class="explorer-link" aria-label="Copy a link to this state" '
    'title="Copy a link to this state"><svg viewBox="0 0 16 16" aria-hidden="true">'
    '<path d="M6.5 9.5l3-3M7 4.6l1.7-1.7a3.1 3.1 0 0 1 4.4 4.4L11.4 9'
    'M4.6 7L2.9 8.7a3.1 3.1 0 0 0 4.4 4.4L9 11.4"/></svg></button>'
    '<span class="explorer-told" role="status"></span>'
)


def _control(prefix: str, key: str, control: Axis) -> str:
    start = control.start_index
    name = markup(control.label)
    identity = f"{prefix}-{key}"
    data = {"name": key, "values": json.dumps(control.keys, ensure_ascii=False)}
    if control.shared is not None:
        data["shared"] = control.shared
    data = "".join(f' data-{field}="{html.escape(text)}"' for field, text in data.items())
    if not control.is_numeric:
        choices = "".join(
            f'<label><input type="radio" name="{identity}" value="{i}" autocomplete="off"'
            f"{' checked' if i == start else ''}><span>{markup(control.shown(value))}</span></label>"
            for i, value in enumerate(control.values)
        )
        return (
            f'<fieldset class="explorer-control"{data}><legend>{name}</legend>{choices}</fieldset>'
        )
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
        f'<div class="explorer-control"{data}>{play}<label for="{identity}">{name}</label>'
        f'<input type="range" id="{identity}" min="0" max="{len(control.values) - 1}" step="1" '
        f'value="{start}" autocomplete="off" aria-valuetext="{html.escape(plain(shown))}">'
        f'<output for="{identity}" aria-live="off">{markup(shown)}</output></div>'
    )
