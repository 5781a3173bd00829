"""What the chapters draw again and again: what stands on the axes, and in the tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgba

from lib import (
    LINES,
    band,
    coordinate_panel,
    coordinate_places,
    dots,
    panel,
    relative_distance,
    table,
    with_error,
)

X = np.array([0.1, 0.2, 0.5, 1.0])
VALUES = np.random.default_rng(0).lognormal(size=(12, 4))


def refused(name):
    return pytest.raises(ValueError, match=rf"^{name} must be (.|\n)+, got ")


def drawn(values, **options):
    """The line that band draws, and the lower and upper edge of what it fills at each x."""
    _, ax = panel()
    band(ax, X, values, "gd", "GD", **options)
    (line,), (filled,) = ax.lines, ax.collections
    corners = np.concatenate([np.empty((0, 2)), *(path.vertices for path in filled.get_paths())])
    edges = {x: np.sort(corners[corners[:, 0] == x, 1]) for x in X}
    return line, filled, edges


def test_the_band_holds_numpys_percentiles():
    line, _, edges = drawn(VALUES)
    low, middle, high = np.percentile(VALUES, [10, 50, 90], axis=0)
    np.testing.assert_array_equal(line.get_xdata(), X)
    np.testing.assert_array_equal(line.get_ydata(), middle)
    for x, *ends in zip(X, low, high, strict=True):
        np.testing.assert_array_equal(edges[x][[0, -1]], ends)


def test_a_run_without_a_number_is_left_out():
    holes = VALUES.copy()
    holes[:5, 1] = np.nan
    line, _, edges = drawn(holes)
    assert line.get_ydata()[1] == np.median(VALUES[5:, 1])
    np.testing.assert_array_equal(edges[0.2][[0, -1]], np.percentile(VALUES[5:, 1], [10, 90]))


@pytest.mark.parametrize(("share", "kept"), [(0.5, 2), (0.25, 3), (0.0, 4)])
def test_points_that_few_runs_reach_are_left_out(share, kept):
    holes = VALUES.copy()
    holes[:6, 1] = np.nan  # half are left: enough by default
    holes[:9, 2] = np.nan
    holes[:, 3] = np.nan
    line, *_ = drawn(holes, share=share)
    np.testing.assert_array_equal(line.get_xdata(), X[:kept])
    assert np.isnan(line.get_ydata()).sum() == (kept == 4)


def test_by_default_half_of_the_runs_are_enough():
    holes = VALUES.copy()
    holes[:6, 1] = holes[:7, 2] = np.nan
    np.testing.assert_array_equal(drawn(holes)[0].get_xdata(), X[[0, 1, 3]])


def test_nothing_is_drawn_of_nothing():
    nothing = np.full((3, 4), np.nan)
    assert len(drawn(nothing)[0].get_xdata()) == 0
    assert np.isnan(drawn(nothing, share=0)[0].get_ydata()).all()


def test_the_band_has_the_look_of_its_line():
    line, filled, _ = drawn(VALUES)
    assert line.get_label() == "GD"
    assert line.get_color() == LINES["gd"]["color"]
    assert line.get_marker() == LINES["gd"]["marker"]
    assert tuple(filled.get_facecolor()[0]) == to_rgba(LINES["gd"]["color"], 0.2)
    line, filled, _ = drawn(VALUES, color="#123456", marker="D", markevery=2)
    assert (line.get_marker(), line.get_markevery()) == ("D", 2)
    assert tuple(filled.get_facecolor()[0]) == to_rgba("#123456", 0.2)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ax", {"ax": None}),
        ("x", {"x": X[:, None]}),
        ("x", {"x": [0, np.nan]}),
        ("values", {"values": VALUES[:, 1:]}),
        ("values", {"values": VALUES[0]}),
        ("values", {"values": VALUES[:0]}),
        ("values", {"values": np.where(VALUES > 1, np.inf, VALUES)}),
        ("values", {"values": "many"}),
        ("role", {"role": "GD"}),
        ("label", {"label": ["a", "b"]}),
        ("share", {"share": 1.5}),
    ],
)
def test_what_band_cannot_draw_is_named(name, changes):
    with refused(name):
        band(**{"ax": panel()[1], "x": X, "values": VALUES, "role": "gd"} | changes)


def test_dots_are_a_role_without_its_line():
    assert dots("sgd", 6) == LINES["sgd"] | {"linestyle": "", "markersize": 6}
    assert dots("sgd", markerfacecolor="none")["markerfacecolor"] == "none"
    assert LINES["sgd"]["linestyle"] != ""  # the role itself is as it was
    with refused("role"):
        dots("muted")
    with refused("size"):
        dots("sgd", 0)


STAR = np.zeros(100)
STAR[[70, 3, 50, 20, 9]] = [0.5, -2.0, 1.0, 0.1, -1.5]


def test_the_support_comes_first_by_size_and_spread_out():
    order, place = coordinate_places(STAR)
    assert order[:5].tolist() == [3, 9, 50, 70, 20]
    assert sorted(order) == list(range(100))
    assert order[5:].tolist() == sorted(order[5:])  # the rest stays in its order
    steps = np.diff(place)
    assert (steps > 0).all()
    assert steps[:4].min() > 4 * steps[5:].max()


@given(st.integers(1, 30), st.integers(1, 200))
def test_all_coordinates_lie_within_the_panel(sparsity, others):
    w_star = np.r_[np.zeros(others), np.ones(sparsity)]
    _, place = coordinate_places(w_star)
    _, ax = coordinate_panel(w_star)
    left, right = ax.get_xlim()
    shaded = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert left < place[0]
    assert place[-1] < right
    assert (np.diff(place) > 0).all()
    assert place[sparsity - 1] < shaded.x1 < place[sparsity]
    middles = [(part[0] + part[-1]) / 2 for part in np.split(place, [sparsity])]
    np.testing.assert_allclose(ax.get_xticks(), middles)


def test_the_truth_is_drawn_on_its_support():
    _, ax = coordinate_panel(STAR, 2.35, truth=True, ylabel="coefficient", ylim=(-3, 2))
    order, place = coordinate_places(STAR)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), place[:5])
    np.testing.assert_array_equal(line.get_ydata(), STAR[order[:5]])
    assert line.get_label() == "w*"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["support", "other coordinates"]
    assert (ax.get_ylabel(), ax.get_ylim()) == ("coefficient", (-3, 2))
    assert not coordinate_panel(STAR)[1].lines


@pytest.mark.parametrize("w_star", [np.zeros(3), np.ones(3), [], [[0, 1]], [0, np.nan], None])
def test_a_vector_without_a_support_is_named(w_star):
    for function in (coordinate_places, coordinate_panel):
        with refused("w_star"):
            function(w_star)


def test_truth_is_true_or_false():
    with refused("truth"):
        coordinate_panel(STAR, truth=1)


def test_relative_distance_is_that_of_each_vector():
    w = np.random.default_rng(1).standard_normal((4, 3, 5))
    reference = w[0, 0] + 1
    found = relative_distance(w, reference)
    assert found.shape == (4, 3)
    gap = w[2, 1] - reference
    assert found[2, 1] == pytest.approx(np.sqrt(gap @ gap) / np.sqrt(reference @ reference))
    assert relative_distance([2.0, 0.0], [1.0, 0.0]) == 1
    assert np.isnan(relative_distance([np.nan, 0.0], [1.0, 0.0]))
    np.testing.assert_array_equal(
        relative_distance(w, w[:1] + 1)[1], relative_distance(w[1], w[0] + 1)
    )


@pytest.mark.parametrize(
    ("name", "w", "reference"),
    [
        ("w", 1.0, [1.0]),
        ("w", "w", [1.0]),
        ("reference", [1.0], 1.0),
        ("reference", [1.0, 2.0], [1.0]),
        ("reference", [1.0, 2.0], [0.0, 0.0]),
        ("reference", np.ones((2, 3)), np.ones((3, 3))),
    ],
)
def test_what_has_no_distance_is_named(name, w, reference):
    with refused(name):
        relative_distance(w, reference)


def read(text):
    """Head, alignments and rows of the one table in a text of Markdown."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    split = [
        [cell.strip().replace("\0", r"\|") for cell in line.replace(r"\|", "\0").split("|")[1:-1]]
        for line in lines
    ]
    return split[0], ["r" if cell == "--:" else "l" for cell in split[1]], split[2:]


cells = st.text(st.characters(codec="utf-8", exclude_characters="|\\", categories=["L", "N", "S"]))


@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1)
    )
)
def test_a_table_reads_back(lines):
    head, *rows = lines
    assert read(table(head, rows).data) == (head, ["l"] + ["r"] * (len(head) - 1), rows)


def test_a_table_between_its_texts():
    found = table(
        ["", r"\|x\|"], [["a", 3], ["b", "4"]], before="**Seen.**", after="So.", align="rl"
    )
    assert found.data == "**Seen.**\n\n| | \\|x\\| |\n|--:|:--|\n| a | 3 |\n| b | 4 |\n\nSo."
    assert read(found.data) == (["", r"\|x\|"], ["r", "l"], [["a", "3"], ["b", "4"]])
    assert table(["a"], ([n] for n in np.arange(2))).data == "| a |\n|:--|\n| 0 |\n| 1 |"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("head", {"head": []}),
        ("head", {"head": "ab"}),
        ("head", {"head": ["a", "b|c"]}),
        ("head", {"head": ["a", None]}),
        ("rows", {"rows": [["1"]]}),
        ("rows", {"rows": [["1", "2", "3"]]}),
        ("rows", {"rows": ["12"]}),
        ("rows", {"rows": 3}),
        ("rows", {"rows": [["1", 0.5]]}),
        ("rows", {"rows": [["1", True]]}),
        ("rows", {"rows": [["1", "2\n3"]]}),
        ("rows", {"rows": [["1", "|w|"]]}),
        ("align", {"align": "l"}),
        ("align", {"align": "lc"}),
        ("align", {"align": 2}),
        ("before", {"before": None}),
        ("after", {"after": 1}),
    ],
)
def test_what_is_no_table_is_named(name, changes):
    with refused(name):
        table(**{"head": ["a", "b"], "rows": [["1", "2"]]} | changes)


def test_a_mean_with_its_error():
    assert with_error([1.0, 2.0, 3.0, 4.0]) == "2.5 ± 0.6"  # 1.29 / √4
    assert with_error([1.0, 2.0, 3.0, 4.0], of_mean=False) == "2.5 ± 1"
    assert with_error(np.array([[-4.021], [-4.019]]), 3, of_mean=False) == "−4.02 ± 0.001"


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], "ab"])
def test_what_has_no_error_is_named(values):
    with refused("values"):
        with_error(values)


def test_of_what_the_error_is_must_be_said_plainly():
    with refused("of_mean"):
        with_error([1.0, 2.0], of_mean="set")
    with refused("digits"):
        with_error([1.0, 2.0], 0)
