"""A check that holds says so, and one that does not hold fails."""

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
        '<p class="claim-check" data-claim="C04"><b>C04</b> ✓ <span>slope</span>: '
        "predicted <span>−4</span>, measured <span>10<sup>−8</sup> &amp; &lt;b&gt;</span>.</p>"
    ]


def test_a_check_that_does_not_hold_fails_and_shows_nothing(shown):
    with pytest.raises(AssertionError, match=r"^C04 does not hold\. slope: predicted −4, measured"):
        check("C04", **good | {"holds": False})
    assert shown == []


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
