"""The laboratory's charts: numbers and axes as text, marks in their places, points by keyboard."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
import pytest

from lib import tidy
from lib.style import PALETTE
from tests.conftest import ROOT

SCRIPT = ROOT / "book" / "_static" / "chart.js"
SPEC = {
    "title": "Loss",
    "xlabel": "steps of size <i>γ</i>/<i>γ</i><sub>c</sub>",
    "alternative": "GD's loss falls from 10<sup>1</sup> to 10<sup>−3</sup>.",
    "x": {"scale": "log", "range": [1, 1000]},
    "y": {"scale": "log", "range": [1e-4, 100]},
    "series": [
        {"kind": "shade", "between": [1, 10]},
        {"kind": "rule", "role": "muted", "across": "y", "at": 1e-3, "label": "converged"},
        {"kind": "line", "role": "gd", "label": "GD", "x": [1, 10, 1000], "y": [10, 1, 1e-3]},
        {"kind": "line", "role": "sgd", "label": "SGD", "x": [1, 1000], "y": [10, 1e-3]},
        {"kind": "points", "role": "truth", "key": "w*", "x": [1, 10], "y": [1, -1]},
        {"kind": "band", "role": "gd", "x": [1, 10], "low": [0.1, 1], "high": [1, 10]},
    ],
}


@pytest.fixture(scope="module")
def page(browser: object) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    page.set_content("<div class='bd-article'><div id='here' style='width: 420px'></div></div>")
    for sheet in (ROOT / "lib" / "explorer.css", SCRIPT.with_name("laboratory.css")):
        page.add_style_tag(path=sheet)
    page.add_script_tag(path=SCRIPT)
    yield page
    context.close()


def drawn(page: object, **changes: object) -> dict:
    """What a chart of SPEC with these changes is made of."""
    return page.evaluate(
        """([spec, height]) => {
            const here = document.getElementById("here");
            here.replaceChildren();
            const chart = bookChart.make(here, { height });
            chart.draw(spec);
            const svg = here.querySelector(".chart-picture > svg");
            return {
                alternative: here.querySelector("[role=img]").getAttribute("aria-label"),
                title: here.querySelector(".chart-title").textContent,
                keys: here.querySelector(".chart-keys").textContent,
                html: svg.outerHTML,
                ticks: [...svg.querySelectorAll(":scope > text:not(.label)")].map(t => t.textContent),
                lines: [...svg.querySelectorAll(".line")].map(line => line.getAttribute("d")),
                marks: [...svg.querySelectorAll(".points")].map(mark => mark.getAttribute("d")),
                labels: [...svg.querySelectorAll(".label")].map(label => {
                    const { left, right, top, bottom } = label.getBoundingClientRect();
                    return [label.textContent, left, right, top, bottom];
                }),
            };
        }""",
        [SPEC | changes, 240],
    )


def places(path: str) -> list[list[float]]:
    return [[float(x) for x in point.split()] for point in path.replace("M", "L").split("L")[1:]]


def test_numbers_are_written_as_in_the_rest_of_the_book(page):
    rng = np.random.default_rng(0)
    values = [0.0, 1.0, -2.5, 1e-4, 9.99e-5, 999.0, 1e300, 0.095, 12.0, -1e-8]
    values += (rng.standard_normal(300) * 10.0 ** rng.integers(-12, 12, 300)).tolist()
    for digits in (2, 3):
        shown = page.evaluate(
            "([values, digits]) => values.map(v => bookChart.tidy(v, digits))", [values, digits]
        )
        assert shown == [tidy(value, digits) for value in values]
    odd = page.evaluate("() => [NaN, Infinity, -Infinity].map(v => bookChart.tidy(v))")
    assert odd == [tidy(value) for value in (math.nan, math.inf, -math.inf)]


@pytest.mark.parametrize("low", [-3.0, 0.0, 0.2, 17.0])
@pytest.mark.parametrize("width", [0.01, 1.0, 3.7, 4e5])
def test_ticks_of_a_straight_axis_are_round_few_and_on_it(page, low, width):
    ticks = page.evaluate(
        "range => bookChart.linearTicks(range).map(t => t.at)", [low, low + width]
    )
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-9 * width <= at <= low + width * (1 + 1e-9) for at in ticks)
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0])
    mantissa = steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-9)
    assert np.isclose(mantissa, [1, 2, 5, 10]).any()


@pytest.mark.parametrize("low", [1e-14, 1e-3, 0.02, 1.0])
@pytest.mark.parametrize("factor", [3.0, 50.0, 1e5, 1e16])
def test_ticks_of_a_logarithmic_axis_are_round_few_and_on_it(page, low, factor):
    ticks = page.evaluate("range => bookChart.logTicks(range)", [low, low * factor])
    assert 1 <= len(ticks) <= 7
    for tick in ticks:
        assert 0.99 * low <= tick["at"] <= 1.01 * low * factor
        assert f"{tick['at']:.0e}"[0] in "125"
    assert len({tick["label"] for tick in ticks}) == len(ticks)


def test_an_axis_that_cannot_be_is_refused(page):
    for y in (
        {"range": [1, 1]},
        {"scale": "log", "range": [0, 1]},
        {"scale": "log", "range": [1, math.inf]},
        {"range": [0, math.nan]},
    ):
        with pytest.raises(Exception, match="axis cannot run from"):
            drawn(page, y=y)


def test_marks_stand_in_their_places(page):
    found = drawn(page)
    (x0, y0), (x1, y1), (x2, y2) = places(found["lines"][0])
    assert (x1 - x0) * 2 == pytest.approx(x2 - x1, abs=0.1)  # one decade, then two
    assert (y1 - y0) * 3 == pytest.approx(y2 - y1, abs=0.1)
    # What has no logarithm is not drawn: of the two crosses one is left.
    assert found["marks"][0].count("M") == 1
    assert found["title"] == "Loss"
    assert found["keys"] == "w*"


def test_gaps_stay_gaps(page):
    series = [
        {"kind": "line", "role": "gd", "x": [1, 2, 3, 4, 5], "y": [1, 1, None, 1, 1]},
        {"kind": "line", "role": "sgd", "x": [1], "y": [1e-9]},
    ]
    found = drawn(page, series=series)
    assert found["lines"][0].count("M") == 2


def test_colours_are_the_books_and_roles_differ_without_them(page):
    found = drawn(page)
    roles = page.evaluate("() => Object.keys(bookChart.ROLES)")
    for role in roles:
        assert bookname(role) in PALETTE, role
    assert "var(--book-gd)" in found["html"]
    assert "#" not in found["html"]
    looks = page.evaluate(
        "() => Object.values(bookChart.ROLES).map(({ dash, marker }) => `${dash} ${marker}`)"
    )
    assert len(set(looks)) == len(looks)


def bookname(role: str) -> str:
    return role.replace("-", "_")


def test_the_alternative_text_is_plain(page):
    assert drawn(page)["alternative"] == (
        "GD's loss falls from 10 to the power 1 to 10 to the power −3."
    )


def test_labels_do_not_cover_each_other(page):
    labels = drawn(page)["labels"]
    assert [label[0] for label in labels] == ["converged", "GD", "SGD"]
    for k, (_, left, right, top, bottom) in enumerate(labels):
        for _, other_left, other_right, other_top, other_bottom in labels[:k]:
            apart = (
                left > other_right
                or right < other_left
                or min(bottom, other_bottom) - max(top, other_top) < 4
            )
            assert apart, labels


def test_a_chart_follows_the_width_of_its_place(page):
    drawn(page)
    widths = page.evaluate(
        """async () => {
            const here = document.getElementById("here");
            const width = () => here.querySelector(".chart-picture > svg").getAttribute("width");
            const before = width();
            here.style.width = "300px";
            await new Promise(requestAnimationFrame);
            await new Promise(requestAnimationFrame);
            const after = width();
            here.style.width = "420px";
            return [before, after];
        }"""
    )
    assert widths == ["420", "300"]


def test_points_are_chosen_by_keyboard_with_one_tab_stop(page):
    page.evaluate(
        """spec => {
            const here = document.getElementById("here");
            here.replaceChildren();
            window.chosen = [];
            spec.points = ["gd", "sgd"].flatMap(row => [1, 10, 100].map(x => ({
                row, x, y: row === "gd" ? 1 : 0.1, name: `${row} ${x}`,
                says: `${row} at ${x} γ<sub>c</sub>`, choose: () => chosen.push(`${row} ${x}`),
            })));
            window.again = () => window.chart.draw(spec);
            window.chart = bookChart.make(here);
            window.again();
        }""",
        json.loads(json.dumps(SPEC)),
    )
    buttons = page.locator(".chart-choices button")
    assert buttons.count() == 6
    assert page.locator(".chart-choices button[tabindex='0']").count() == 1
    assert buttons.first.get_attribute("aria-label") == "gd at 1 γc"
    buttons.first.focus()
    now = "() => document.activeElement.dataset.name"
    for key, where in [
        ("ArrowRight", "gd 10"),
        ("ArrowDown", "sgd 10"),
        ("End", "sgd 100"),
        ("ArrowRight", "sgd 100"),
        ("ArrowUp", "gd 100"),
        ("Home", "gd 1"),
        ("ArrowLeft", "gd 1"),
        ("ArrowRight", "gd 10"),
    ]:
        page.keyboard.press(key)
        assert page.evaluate(now) == where, key
    page.evaluate("again()")  # drawn anew while new points come in: the focus stays
    assert page.evaluate(now) == "gd 10"
    page.keyboard.press("Enter")
    assert page.evaluate("chosen") == ["gd 10"]
