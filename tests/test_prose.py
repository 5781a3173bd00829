"""Numbers in sentences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import spread, tidy

TIMES = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"  # a number stays on one line


def read(text):
    """The number that the text stands for."""
    mantissa, power, exponent = text.replace("−", "-").removesuffix("</sup>").partition("10<sup>")
    if not power:
        return float(text.replace("−", "-"))
    return float((mantissa.removesuffix(TIMES) or "1") + "e" + exponent)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 2, "0"),
        (1.34e-8, 2, "1.3 × 10<sup>−8</sup>"),
        (1e-15, 2, "10<sup>−15</sup>"),
        (-1e-15, 2, "−1 × 10<sup>−15</sup>"),
        (-0.25, 2, "−0.25"),
        (30, 1, "30"),
        (-254, 2, "−250"),
        (999.7, 3, "10<sup>3</sup>"),
        (123456, 3, "1.23 × 10<sup>5</sup>"),
        (0.999, 2, "1"),
        (np.float64(2.5), 1, "2"),
        (np.inf, 2, "∞"),
        (-np.inf, 2, "−∞"),
        (np.nan, 2, "no number"),
    ],
)
def test_tidy(value, digits, text):
    assert tidy(value, digits) == text.replace(" × ", TIMES)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_the_text_reads_back_as_the_number(value, digits):
    assert read(tidy(value, digits)) == float(f"{value:.{digits}g}")


def test_spread_tells_median_and_ends():
    assert spread([3, 1, 2]) == "2 (1 to 3)"
    assert (
        spread(np.array([[1e-8, 3e-8], [2e-8, 2e-8]]))
        == f"2{TIMES}10<sup>−8</sup> (10<sup>−8</sup> to 3{TIMES}10<sup>−8</sup>)"
    )


@pytest.mark.parametrize("value", ["1", None, [1.0], 1j, True])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=r"^value must be .*, got "):
        tidy(value)


@pytest.mark.parametrize("digits", [0, 18, 2.0, "2"])
def test_bad_digits_are_named(digits):
    with pytest.raises(ValueError, match=r"^digits must be .*, got "):
        tidy(1.0, digits)


@pytest.mark.parametrize("values", [[], [np.nan], ["a"], None])
def test_bad_values_are_named(values):
    with pytest.raises(ValueError, match=r"^values must be .*, got "):
        spread(values)


def test_of_a_rounding_error_only_its_floor_is_told():
    assert tidy(3.1e-16, floor=1e-12) == tidy(0.0, floor=1e-12) == "below 10<sup>−12</sup>"
    assert tidy(-3.1e-16, floor=1e-12) == "below 10<sup>−12</sup>"
    assert tidy(3.1e-12, floor=1e-12) == tidy(3.1e-12)
    assert spread([1e-17, 0.0, 2e-16], floor=1e-12) == "below 10<sup>−12</sup>"
    assert spread([1e-17, 0.5, 2.0], floor=1e-12) == "0.5 (below 10<sup>−12</sup> to 2)"
    with pytest.raises(ValueError, match="floor"):
        tidy(1.0, floor=-1)
