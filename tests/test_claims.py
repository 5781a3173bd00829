"""A check that holds says so, one that does not fails, and both leave the trace that they should."""

import json

import numpy as np
import pytest

from lib import check, claims

good = dict(quantity="slope", predicted="−4", measured="−3.99", holds=True)


@pytest.fixture
def shown(monkeypatch):
    """What was displayed."""
    said = []
    monkeypatch.setattr(claims, "display", lambda output: said.append(output.data))
    return said


def test_a_check_that_holds_is_shown(shown):
    check("C04", **good | {"measured": "10<sup>−8</sup> & <b>", "holds": np.bool_(True)})
    assert shown == [
        '<p class="claim-check"><b>C04</b> ✓ slope: predicted −4, '
        "measured 10<sup>−8</sup> &amp; &lt;b&gt;.</p>"
    ]


def test_a_check_that_does_not_hold_fails_and_leaves_nothing(shown, tmp_path, monkeypatch):
    monkeypatch.setenv(claims.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(AssertionError, match=r"^C04 does not hold\. slope: predicted −4, measured"):
        check("C04", **good | {"holds": False})
    assert shown == []
    assert list(tmp_path.iterdir()) == []


def test_during_a_build_it_is_kept(shown, tmp_path, monkeypatch):
    monkeypatch.setenv(claims.FOLDER_VARIABLE, str(tmp_path))
    check("C04", **good)
    check("C04", **good | {"quantity": "distance"})
    records = [json.loads(path.read_text()) for path in tmp_path.glob("C04-*.json")]
    assert sorted(record["quantity"] for record in records) == ["distance", "slope"]
    assert records[0]["predicted"] == "−4"


@pytest.mark.parametrize("claim", ["C3", "c03", "X1", "C003", None, 3])
def test_a_bad_claim_is_named(claim):
    with pytest.raises(ValueError, match=r"^claim must be .*, got "):
        check(claim, **good)


@pytest.mark.parametrize(
    ("name", "value"),
    [("quantity", ""), ("predicted", 4), ("measured", None), ("holds", 1), ("holds", np.ones(2))],
)
def test_bad_arguments_are_named(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be .*, got "):
        check("C04", **good | {name: value})
