"""Explorers: what they accept, what a page keeps of them, and how they live with a kernel."""

from __future__ import annotations

import base64
import gc
import gzip
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

import lib._frame
import lib.explorer
from lib.explorer import PAGE_VARIABLE, axis, explore, show
from lib.style import LINES, PALETTE, panel
from tests.conftest import ROOT

ROLES = list(LINES)
TIMES = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"  # a number stays on one line
CSS = (ROOT / "lib" / "explorer.css").read_text(encoding="utf-8")


def colours(selector: str) -> dict[str, str]:
    """The palette's variables in the first block of the stylesheet that ``selector`` opens."""
    block = CSS[CSS.index(selector) :]
    block = block[: block.index("}")]
    found = dict(re.findall(r"--book-([\w-]+): (#[0-9a-f]{6});", block))
    return {name.replace("-", "_"): value for name, value in found.items()}


THEMES = {"light": colours(":root {"), "dark": colours('html[data-theme="dark"]')}


def draw(step_size: float, algorithm: str = "GD") -> tuple:
    fig, ax = panel(xlabel="step", ylabel="10⁻³ γ<sub>c</sub>", title="Loss", yscale="log")
    ax.plot([1, 2, 3], [step_size, 1, 2], **LINES[algorithm.lower()])
    ax.fill_between([1, 3], 0.1, step_size, color=PALETTE["sgd"], alpha=0.2)
    return fig, f"{algorithm} moves by {10 * step_size:g}·10⁻¹ < 1."


@pytest.fixture
def on_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PAGE_VARIABLE, "1")


@pytest.fixture
def with_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PAGE_VARIABLE, raising=False)


def kept(page: str) -> dict:
    """The frames that a page carries."""
    packed = re.search(r'class="explorer-frames">([^<]+)</script>', page)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


# --- the page ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("on_page")
def test_page_keeps_every_frame_in_row_major_order() -> None:
    page = explore(draw, step_size=[0.1, 0.2, 0.5], algorithm=["GD", "SGD"]).data
    frames = kept(page)["frames"]
    said = [f"{a} moves by {s}·10⁻¹ < 1." for s in (1, 2, 5) for a in ("GD", "SGD")]
    assert [alternative for _, _, alternative in frames] == said
    assert frames[0][1] == "GD moves by 1·10<sup>−1</sup> &lt; 1."
    assert len({kept(page)["panels"][panels[0]] for panels, _, _ in frames}) == 6
    assert [a["spoken"] for a in kept(page)["axes"]] == [["0.1", "0.2", "0.5"], ["GD", "SGD"]]


@pytest.mark.usefixtures("on_page")
def test_first_frame_is_that_of_the_starting_values() -> None:
    page = explore(
        draw,
        step_size=axis(
            [0.1, 0.2, 0.5], start=0.22, label="γ<sub>c</sub> & co", unit="a<b", play=True
        ),
        algorithm=axis(["GD", "SGD"], start="SGD"),
    ).data
    body = page[: page.index("<script")]
    panels, _, alternative = kept(page)["frames"][3]
    assert kept(page)["panels"][panels[0]] in body
    assert f'role="img" aria-label="{alternative.replace("<", "&lt;")}"' in body
    assert 'max="2" step="1" value="1"' in body
    assert 'aria-valuetext="0.2 a&lt;b"' in body
    assert ">0.2 a&lt;b</output>" in body
    assert ">γ<sub>c</sub> &amp; co</label>" in body
    assert 'aria-label="Play γ_c &amp; co"' in body
    assert re.findall(r'value="(\d)" autocomplete="off"( checked)?', body)[-2:] == [
        ("0", ""),
        ("1", " checked"),
    ]


@pytest.mark.usefixtures("on_page")
def test_two_explorers_of_a_page_share_no_id() -> None:
    pages = [explore(draw, step_size=[0.1, 0.2]).data for _ in range(2)]
    pages = [page + "".join(kept(page)["panels"]) for page in pages]
    ids = [set(re.findall(r'\bid="([^"]+)"', page)) for page in pages]
    assert all(ids)
    assert ids[0].isdisjoint(ids[1])
    for page, own in zip(pages, ids, strict=True):
        (name,) = (one for one in own if re.fullmatch(r"explorer-\d+", one))
        assert set(re.findall(r'(?:url\(#|href="#|for=")([^)"]+)', page)) == own - {name}


@pytest.mark.usefixtures("on_page")
def test_page_holds_what_a_link_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lib.explorer, "_page_explorers", iter([7]))
    page = explore(
        draw,
        step_size=axis(np.geomspace(0.01, 1, 4), label="γ<sub>c</sub>", shared='a "name"'),
        algorithm=["GD", "SGD"],
    ).data
    assert page.startswith('<div class="explorer" id="explorer-7" role="group" aria-label=')
    assert 'aria-label="Figure with controls: γ_c, algorithm">' in page
    assert re.findall(r'data-name="(\w+)" data-values="([^"]*)"', page) == [
        ("step_size", "[0.01, 0.0464, 0.215, 1]"),
        ("algorithm", "[&quot;GD&quot;, &quot;SGD&quot;]"),
    ]
    assert page.count("data-shared") == 1
    assert 'data-shared="a &quot;name&quot;"' in page
    assert page.count('<button type="button" class="explorer-link" aria-label="Copy') == 1


@pytest.mark.usefixtures("on_page")
def test_still_figures_do_not_count_as_explorers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure more on the page leaves links to its explorers as they are."""
    monkeypatch.setattr(lib.explorer, "_page_explorers", iter([1, 2]))
    for number in (1, 2):
        assert f'id="explorer-{number}"' in explore(draw, step_size=[0.1, 0.2]).data
        assert "explorer-1" not in show(draw(0.1)[0]).data


@pytest.mark.usefixtures("on_page")
def test_pages_are_the_same_at_every_build(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = []
    for _ in range(2):
        monkeypatch.setattr(lib.explorer, "_page_explorers", iter([7]))
        pages.append(explore(draw, step_size=[0.1, 0.2]).data)
    assert pages[0] == pages[1]


@pytest.mark.usefixtures("on_page")
def test_frames_wear_the_colours_and_the_font_of_the_page() -> None:
    svg = kept(explore(draw, step_size=[0.1, 0.2]).data)["panels"][0]
    root = ElementTree.fromstring(svg)
    assert not re.search(r"#[0-9a-f]{6}\b(?!\))", re.sub(r'(?:id|href|clip-path)="[^"]*"', "", svg))
    assert {"var(--book-gd)", "var(--book-sgd)", "var(--book-ink)"} <= set(
        re.findall(r"var\([^)]*\)", svg)
    )
    assert "font-family" not in svg
    assert not re.search(r"\d\.\d{3}", svg)
    assert root.get("width") == "326.4"
    sizes = [float(size) for size in re.findall(r"font-size:([\d.]+)px", svg)]
    assert root.get("viewBox").split()[2] == "244.8"
    assert min(sizes) * 4 / 3 == 12
    label = next(text for text in root.iter("text") if "γ" in "".join(text.itertext()))
    assert [(span.get("class"), span.text) for span in label] == [
        ("sup", "−3"),
        (None, " γ"),
        ("sub", "c"),
    ]


def test_a_still_figure_looks_like_a_frame() -> None:
    """Styled where it is made, and not only inside of ``explore``."""

    def legend(_: float = 0) -> object:
        fig, ax = panel()
        ax.plot([1, 2], label="GD", **LINES["gd"])
        ax.legend()
        return fig

    still, live = show(legend()).data, show(explored(legend)).data
    strip = re.compile(r"(?:explorer|figure)-[0-9a-f]{8}")
    assert strip.sub("", still) == strip.sub("", live)


def explored(make: Callable[[float], object]) -> object:
    """The figure that ``make`` gives when ``explore`` calls it."""
    made = []

    def keep(x: float) -> object:
        made.append(make(x))
        return made[-1]

    explore(keep, x=[0, 1])
    return made[0]


@pytest.mark.usefixtures("on_page")
def test_formulas_keep_their_reading_order() -> None:
    fig, _ = panel(xlabel=r"$10^{-3} \times \gamma_c^{2}$")
    root = ElementTree.fromstring(re.search("<svg.*?</svg>", show(fig).data)[0])
    texts = ["".join(text.itertext()).replace(" ", "") for text in root.iter("text")]
    assert any(re.fullmatch("10−3×γ(c2|2c)", text) for text in texts), texts


@pytest.mark.usefixtures("on_page")
def test_error_in_a_frame_ends_the_build_and_says_where() -> None:
    def fails(step_size: float) -> object:
        if step_size > 1:
            raise ZeroDivisionError("too far")
        return panel()[0]

    with pytest.raises(ZeroDivisionError) as caught:
        explore(fails, step_size=[0.5, 2.0])
    assert "step_size': 2.0" in caught.value.__notes__[0]


# --- both homes ----------------------------------------------------------------------------------


def test_garbage_is_collected_as_before() -> None:
    def fails(**_: float) -> object:
        assert not gc.isenabled()
        raise ZeroDivisionError

    for was_on in (True, False):
        gc.enable() if was_on else gc.disable()
        try:
            with pytest.raises(ZeroDivisionError):
                explore(fails, x=[0, 1])
            assert gc.isenabled() is was_on
        finally:
            gc.enable()


@pytest.mark.parametrize("home", ["on_page", "with_kernel"])
def test_global_state_is_left_alone(home: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(home)

    def by_pyplot(step_size: float) -> object:
        fig, ax = plt.subplots()
        ax.plot([0, step_size])
        return fig

    before = dict(matplotlib.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explore(by_pyplot, step_size=[0.1, 0.2])
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == []


@pytest.mark.usefixtures("with_kernel")
def test_still_figure_has_panels_description_and_style() -> None:
    html = show([panel()[0], panel()[0]], "Two axes, 1 < 2.").data
    assert html.startswith("<style>")
    assert html.count("<svg ") == 2
    assert 'aria-label="Two axes, 1 &lt; 2."' in html
    assert '<p class="explorer-readout">Two axes, 1 &lt; 2.</p>' in html


@pytest.mark.usefixtures("on_page")
def test_alternative_text_is_made_where_none_is_given() -> None:
    def bare(step_size: float) -> object:
        return panel(xlabel="step", ylabel="loss", title="Descent")[0]

    page = explore(bare, step_size=axis([0.1, 0.2], label="γ", unit="γ<sub>c</sub>")).data
    assert 'aria-label="Descent: loss against step. γ: 0.1 γ_c"' in page
    assert "explorer-readout" not in page
    assert 'aria-label="Descent: loss against step"' in show(bare(0)).data


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.25, "0.25"),
        (1e-5, "10<sup>−5</sup>"),
        (2.5e-5, "2.5 × 10<sup>−5</sup>"),
        (-0.5, "−0.5"),
        (-1e-5, "−1 × 10<sup>−5</sup>"),
        (3e12, "3 × 10<sup>12</sup>"),
        (7, "7"),
    ],
)
def test_values_are_typeset(value: float, shown: str) -> None:
    values = sorted([value, value * 2])
    assert axis(values).shown(value) == shown.replace(" × ", TIMES)


@pytest.mark.parametrize("text", ["1e-05", "a-1", "2020-21"])
def test_choices_are_shown_as_they_are(text: str) -> None:
    assert axis([text, "other"]).shown(text) == text


def test_format_is_a_specification_or_a_function() -> None:
    assert axis([1.0, 2.0], fmt=".2f").shown(1.0) == "1.00"
    assert axis([1e-8, 1.0], fmt=".2g").shown(1e-8) == "10<sup>−8</sup>"
    assert axis([-2.5e-8, 1.0], fmt=".2g").shown(-2.5e-8) == f"−2.5{TIMES}10<sup>−8</sup>"
    assert axis([0.0, 1.0], fmt=".0%").shown(0.25) == "25%"
    assert axis([1, 2], fmt=lambda value: f"{value} of 2", unit="steps").shown(1) == "1 of 2 steps"


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ([0.1, 0.2, 1.0], [0.1, 0.2, 1]),
        ([1 / 3, 2 / 3], [0.333, 0.667]),
        ([1.0001, 1.0002], [1.0001, 1.0002]),
        ([1e-24, 1e-12], [1e-24, 1e-12]),
        ([1, 1234567], [1, 1234567]),
        (["GD", "α = 1"], ["GD", "α = 1"]),
    ],
)
def test_links_hold_values_with_few_digits(values: list, keys: list) -> None:
    assert axis(values).keys == keys


def test_a_shared_value_is_brought_within_the_range() -> None:
    assert axis([1, 5, 9]).nearest(4.4) == 4
    assert axis([1, 5, 9]).nearest(40) == 9
    assert axis([0.1, 1.0]).nearest(0.033) == 0.1
    assert axis([0.1, 1.0]).nearest(0.5) == 0.5
    assert axis([0.1, 1.0]).nearest("GD") is None
    assert axis(["GD", "SGD"]).nearest("SGD") == "SGD"
    assert axis(["GD", "SGD"]).nearest("flow") is None
    assert axis(["1", "2"]).nearest(1) is None


def test_whole_numbers_stay_whole() -> None:
    assert [type(value) for value in axis(np.arange(1, 4)).values] == [int] * 3
    assert type(axis([1, 5], start=3.0).start) is int


hostile_axes = [
    [],
    [1.0],
    ["GD"],
    "GD",
    None,
    3.0,
    [1.0, math.nan],
    [1.0, math.inf],
    [1.0, 1.0],
    [1.0, 3.0, 2.0],
    [1.0, "GD"],
    ["GD", "GD"],
    ["GD", " "],
    [True, False],
    [[1.0, 2.0], [3.0, 4.0]],
    [1 + 2j, 3.0],
    {},
]


@pytest.mark.parametrize("values", hostile_axes, ids=repr)
def test_hostile_axes_are_named(values: object) -> None:
    with pytest.raises(ValueError, match=r"^step_size must be numbers in strict order"):
        explore(draw, step_size=values)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"start": 3.0}, "start"),
        ({"start": math.nan}, "start"),
        ({"start": "GD"}, "start"),
        ({"label": 3}, "label"),
        ({"unit": None}, "unit"),
        ({"fmt": ".2q"}, "fmt"),
        ({"fmt": 3}, "fmt"),
        ({"play": 1}, "play"),
        ({"shared": " "}, "shared"),
        ({"shared": 3}, "shared"),
    ],
)
def test_hostile_settings_are_named(settings: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must be .*, got "):
        axis([1.0, 2.0], **settings)


def test_hostile_settings_of_choices_are_named() -> None:
    with pytest.raises(ValueError, match=r"^start must be one of 'GD', 'SGD', got 'Adam'"):
        axis(["GD", "SGD"], start="Adam")
    with pytest.raises(ValueError, match=r"^play must be"):
        axis(["GD", "SGD"], play=True)


def test_too_many_frames_are_refused_before_any_is_drawn() -> None:
    def never(**_: float) -> object:
        raise AssertionError("drawn")

    with pytest.raises(ValueError, match="at most 1500 frames in all, got '40 × 40 = 1600'"):
        explore(never, a=range(40), b=range(40))


def test_draw_must_draw() -> None:
    with pytest.raises(TypeError, match=r"^draw must be a function"):
        explore("draw", step_size=[1, 2])
    for result in (None, [], "figure", [panel()[0], None], (panel()[0], 3), panel()):
        with pytest.raises(TypeError, match=r"^draw must return a matplotlib Figure"):
            explore(lambda step_size, result=result: result, step_size=[1, 2])
    with pytest.raises(TypeError, match=r"^figures must be a matplotlib Figure"):
        show(panel())
    with pytest.raises(ValueError, match=r"^description must be a non-empty string"):
        show(panel()[0], " ")
    with pytest.raises(ValueError, match=r"^axes must be at least one axis"):
        explore(draw)


@pytest.mark.parametrize("size", [0, -1, math.nan, "3", None, 1.4])
def test_panel_sizes_are_checked(size: object) -> None:
    with pytest.raises(ValueError, match=r"^width must be"):
        panel(width=size)
    with pytest.raises(ValueError, match=r"^height must be"):
        panel(height=size)


finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(finite, min_size=2, max_size=8, unique=True), st.data(), st.booleans())
def test_any_ordered_grid_starts_at_its_nearest_value(
    values: list[float], data: st.DataObject, falling: bool
) -> None:
    values.sort(reverse=falling)
    start = data.draw(st.floats(min(values), max(values)))
    control = axis(values, start=start)
    nearest = control.values[control.start_index]
    assert abs(nearest - start) == min(abs(value - start) for value in values)


@given(st.text())
def test_any_text_is_shown_as_text(text: str) -> None:
    shown = lib._frame.markup(text)
    tags = re.findall(r"<[^>]*>", shown)
    assert set(tags) <= {"<sub>", "</sub>", "<sup>", "</sup>", "<i>", "</i>"}
    assert '"' not in shown


# --- the look ------------------------------------------------------------------------------------


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    cones = np.cbrt(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
        @ np.clip(rgb, 0, 1)
    )
    return (
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ cones
    )


# What each kind of viewer sees of a linear RGB colour: Machado, Oliveira and Fernandes (2009).
VIEWERS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def test_stylesheet_and_figures_agree_on_the_light_colours() -> None:
    assert {name: THEMES["light"][name] for name in PALETTE} == PALETTE
    assert set(THEMES["dark"]) == set(THEMES["light"])


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("role", [*ROLES, "ink", "muted", "accent"])
def test_every_colour_is_legible_as_text(theme: str, role: str) -> None:
    assert contrast(THEMES[theme][role], THEMES[theme]["paper"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("viewer", VIEWERS)
def test_roles_stay_apart_for_every_viewer(theme: str, viewer: str) -> None:
    seen = {
        role: 100 * oklab(np.asarray(VIEWERS[viewer]) @ linear(THEMES[theme][role]))
        for role in ROLES
    }
    distances = {
        (one, other): float(np.linalg.norm(seen[one] - seen[other]))
        for one, other in combinations(ROLES, 2)
    }
    assert min(distances.values()) >= 7, min(distances, key=distances.get)


def test_roles_differ_without_colour() -> None:
    for key in ("linestyle", "marker"):
        assert len({str(line[key]) for line in LINES.values()}) == len(LINES)


@pytest.mark.parametrize(
    ("limits", "labels"),
    [
        ((1e-3, 1), ["0.001", "0.01", "0.1", "1"]),
        ((1e-8, 1), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]),
        ((0.4, 6), ["0.5", "1", "2", "5"]),
        ((30, 1e-8), ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]),
        ((0.2e-5, 2e-5), ["2·10⁻⁶", "5·10⁻⁶", "10⁻⁵", "2·10⁻⁵"]),
    ],
)
def test_logarithmic_axes_have_readable_ticks(limits: tuple, labels: list[str]) -> None:
    fig, ax = panel(yscale="log", ylim=limits)
    fig.canvas.draw()
    low, high = min(limits) * (1 - 1e-9), max(limits) * (1 + 1e-9)
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    assert [label.get_text() for tick, label in ticks if low <= tick <= high] == labels


# --- the kernel ----------------------------------------------------------------------------------


class Frontend:
    """The other end of the ipywidgets: what a notebook's page sends and receives."""

    def __init__(self, client: object) -> None:
        self.client = client
        self.models: dict[str, dict] = {}

    def _settle(self, request: str) -> None:
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            content = message["content"]
            assert message["msg_type"] != "error", "\n".join(content["traceback"])
            if message["msg_type"] in ("comm_open", "comm_msg"):
                state = content["data"].get("state", {})
                self.models.setdefault(content["comm_id"], {}).update(state)
            ours = message["parent_header"].get("msg_id") == request
            if ours and content.get("execution_state") == "idle":
                return

    def run(self, code: str) -> None:
        self._settle(self.client.execute(code))

    def find(self, **state: object) -> str:
        (found,) = (
            identity
            for identity, model in self.models.items()
            if all(model.get(name) == value for name, value in state.items())
        )
        return found

    def figure(self) -> str:
        (value,) = (
            model["value"]
            for model in self.models.values()
            if model.get("_model_name") == "HTMLModel" and 'class="explorer"' in model["value"]
        )
        return value

    def move(self, identity: str, **state: object) -> str:
        """The figure after the front end has set a control."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        message = self.client.session.msg("comm_msg", {"comm_id": identity, "data": data})
        self.client.shell_channel.send(message)
        self._settle(message["header"]["msg_id"])
        return self.figure()


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[[str], Frontend]]:
    manager, client = start_new_kernel(cwd=str(ROOT))

    def run(code: str) -> Frontend:
        frontend = Frontend(client)
        frontend.run(f"import os; os.environ.pop({PAGE_VARIABLE!r}, None)\n{code}")
        return frontend

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


CELL = """
from lib.explorer import axis, explore
from lib.style import panel

def draw(step_size, steps, algorithm):
    if step_size > 0.9:
        raise OverflowError("diverged <at once>")
    fig, ax = panel()
    ax.plot([0, step_size * steps])
    return fig, f"{algorithm}: {type(steps).__name__} {steps}, {step_size:.4f}"

explore(draw, step_size=axis([0.01, 0.1, 1.0], start=0.1, label="γ"),
        steps=axis([1, 5, 9], play=True), algorithm=["GD", "SGD"])
"""


def test_kernel_controls_redraw_between_the_grid_points(
    start: Callable[[str], Frontend],
) -> None:
    notebook = start(CELL)
    step_size = notebook.find(_model_name="FloatLogSliderModel", description="γ")
    steps = notebook.find(_model_name="IntSliderModel", description="steps")
    algorithm = notebook.find(_model_name="RadioButtonsModel", description="algorithm")
    assert "GD: int 1, 0.1000</p>" in notebook.figure()

    moved = notebook.move(step_size, value=0.0437)
    assert "GD: int 1, 0.0437</p>" in moved
    assert 'aria-label="GD: int 1, 0.0437"' in moved
    assert notebook.find(_model_name="HTMLModel", value="0.0437")
    assert "GD: int 4, 0.0437</p>" in notebook.move(steps, value=4)
    changed = notebook.move(algorithm, index=1)
    assert "SGD: int 4, 0.0437</p>" in changed
    path = re.compile(r'<path d="[^"]*" clip-path')
    assert path.findall(moved) == path.findall(notebook.move(steps, value=1))
    assert path.findall(changed) != path.findall(moved)
    play = notebook.find(_model_name="PlayModel")
    assert "SGD: int 9" in notebook.move(play, value=2)


def test_kernel_shows_an_error_in_place_of_the_figure_and_lives_on(
    start: Callable[[str], Frontend],
) -> None:
    notebook = start(CELL)
    step_size = notebook.find(_model_name="FloatLogSliderModel")
    failed = notebook.move(step_size, value=0.95)
    assert "OverflowError: diverged &lt;at once&gt;" in failed
    assert "<svg" not in failed
    assert "GD: int 1, 0.0200</p>" in notebook.move(step_size, value=0.02)


@pytest.mark.parametrize(
    ("values", "model"),
    [
        ("np.geomspace(1e-3, 1, 7)", "FloatLogSliderModel"),
        ("np.linspace(0, 1, 7)", "FloatSliderModel"),
        ("np.linspace(1, 2, 7)", "FloatSliderModel"),
        ("np.geomspace(1, 1e-8, 7)", "FloatLogSliderModel"),
        ("[1, 2, 5, 10]", "IntSliderModel"),
    ],
)
def test_kernel_slider_suits_the_grid(
    start: Callable[[str], Frontend], values: str, model: str
) -> None:
    notebook = start(
        "import numpy as np\nfrom lib.explorer import explore\nfrom lib.style import panel\n"
        f"explore(lambda x: (panel()[0], repr(x)), x={values})"
    )
    slider = notebook.models[notebook.find(_model_name=model)]
    numbers = eval(values, {"np": np})
    low, high = slider["min"], slider["max"]
    if model == "FloatLogSliderModel":
        low, high = 10**low, 10**high
    assert (low, high) == pytest.approx((min(numbers), max(numbers)))


# --- axes that several explorers share -----------------------------------------------------------

SHARED = """
from lib.explorer import axis, explore
from lib.style import panel

drawn = []

def one(step_size, algorithm):
    drawn.append("one")
    return panel()[0], f"one: {step_size:.4g}, {algorithm}"

def other(steps, algorithm):
    drawn.append("other")
    return panel()[0], f"other: {steps}, {algorithm}"
"""
ONE = """
explore(one, step_size=axis([0.5, 9.5], shared="γ"), algorithm=axis(["GD", "SGD"], shared="name"))
"""
OTHER = """
explore(other, steps=axis([2, 5, 9], shared="γ"), algorithm=axis(["SGD", "flow"], shared="name"))
"""


def said(notebook: Frontend) -> list[str]:
    """The descriptions that stand below the figures, in order of their names."""
    found = (
        re.search(r'explorer-readout">(.*?)</p>', model["value"])
        for model in notebook.models.values()
        if model.get("_model_name") == "HTMLModel"
    )
    return sorted(one[1] for one in found if one)


def send(notebook: Frontend, identity: str, **state: object) -> None:
    data = {"method": "update", "state": state, "buffer_paths": []}
    message = notebook.client.session.msg("comm_msg", {"comm_id": identity, "data": data})
    notebook.client.shell_channel.send(message)
    notebook._settle(message["header"]["msg_id"])


def test_kernel_sliders_of_one_parameter_move_together(start: Callable[[str], Frontend]) -> None:
    notebook = start(SHARED)
    notebook.run(ONE)
    notebook.run(OTHER)
    assert said(notebook) == ["one: 0.5, GD", "other: 2, SGD"]
    step_size = notebook.find(_model_name="FloatSliderModel")
    steps = notebook.find(_model_name="IntSliderModel")

    notebook.run("drawn.clear()")
    send(notebook, step_size, value=5.3)  # 5 there, and 5.3 here for all that
    assert said(notebook) == ["one: 5.3, GD", "other: 5, SGD"]
    notebook.run("assert drawn == ['one', 'other'], drawn")
    send(notebook, step_size, value=9.5)  # beyond the other's range
    assert said(notebook) == ["one: 9.5, GD", "other: 9, SGD"]
    send(notebook, steps, value=2)
    assert said(notebook) == ["one: 2, GD", "other: 2, SGD"]
    (algorithm,) = (
        identity
        for identity, model in notebook.models.items()
        if model.get("_options_labels") == ["GD", "SGD"]
    )
    send(notebook, algorithm, index=1)
    assert said(notebook) == ["one: 2, SGD", "other: 2, SGD"]
    (algorithm,) = (
        identity
        for identity, model in notebook.models.items()
        if model.get("_options_labels") == ["SGD", "flow"]
    )
    send(notebook, algorithm, index=1)  # the other has no flow, and stays
    assert said(notebook) == ["one: 2, SGD", "other: 2, flow"]


def test_a_cell_that_runs_again_leaves_no_follower_behind(
    start: Callable[[str], Frontend],
) -> None:
    notebook = start(SHARED.replace('"γ"', '"again"'))
    for cell in (ONE, OTHER, OTHER, OTHER):
        notebook.run("made = " + cell.strip().replace('"γ"', '"again"'))
    notebook.run("from lib import _widgets\nassert len(_widgets._company['again']) == 2")
    notebook.run(
        "import gc, ipywidgets\n"
        "ipywidgets.Widget.close_all()\n"
        "del made\n"
        "gc.collect()\n"
        "assert len(_widgets._company['again']) == 0, dict(_widgets._company['again'])"
    )


# --- with a kernel and on a page, the same numbers -----------------------------------------------


def outcome(path: Path, variable: str | None) -> tuple[list[str], list[str], int]:
    """What the cells of a notebook say, the figures that stand there at first, and its widgets."""
    book = nbformat.read(path, as_version=4)
    environment = {name: value for name, value in os.environ.items() if name != PAGE_VARIABLE}
    client = NotebookClient(book, resources={"metadata": {"path": str(path.parent)}}, timeout=600)
    client.execute(env=environment | ({PAGE_VARIABLE: variable} if variable else {}))
    widgets = book.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    alive = [
        widget["state"]["value"]
        for widget in widgets.get("state", {}).values()
        if 'class="explorer-figure"' in str(widget["state"].get("value"))
    ]
    words, figures, count = [], [], len(alive)
    for output in (output for cell in book.cells for output in cell.get("outputs", [])):
        data = output.get("data", {})
        if "application/vnd.jupyter.widget-view+json" in data:
            figures.append(alive.pop(0))
        elif 'class="explorer-figure"' in data.get("text/html", ""):
            figures.append(data["text/html"])
        else:
            words.append(str(data.get("text/markdown", data.get("text/html", output))))
    return words, [bare(figure) for figure in figures], count


def bare(figure: str) -> str:
    """The panels alone, without the ids of their explorer."""
    panels = re.search(r'<div class="explorer-figure".*?</div>', figure, re.S)[0]
    return re.sub(r"(?:explorer|figure)-[0-9a-f]+-", "", panels)


def test_a_notebook_says_the_same_with_a_kernel_and_on_a_page() -> None:
    path = ROOT / "book" / "index.ipynb"
    on_page, alive = outcome(path, "1"), outcome(path, None)
    assert on_page[0] == alive[0]
    assert any(re.search(r"\d", said) for said in alive[0])
    assert on_page[1] == alive[1]
    explorers = sum(
        cell.source.count("\nexplore(") for cell in nbformat.read(path, as_version=4).cells
    )
    assert explorers > 0
    assert (on_page[2], alive[2]) == (0, explorers)
