"""Numbers as they stand in a sentence: few digits, a true minus sign, powers of ten written out."""

from __future__ import annotations

import math

import numpy as np

from . import _checks


def tidy(value: float, digits: int = 2, floor: float = 0.0) -> str:
    """1.3e-08 as 1.3 × 10<sup>−8</sup>, for Markdown and for the descriptions of figures.

    Rounded numbers below 1000 are written out, 250 for 2.5 × 10<sup>2</sup>. The blanks beside ×
    do not break, so that no line of text ends within a number.

    Parameters
    ----------
    value : float
        Any real number, infinite or NaN included.
    digits : int
        Significant digits, from 1 to 17. Zeros behind the last other digit are dropped.
    floor : float
        Smaller values are "below 10<sup>−12</sup>", for a ``floor`` of 1e-12. Of a rounding error
        no more should be said: its digits are the processor's.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the value is no real number, ``digits`` is out of range, or ``floor`` below 0.
    """
    floor = _checks.number("floor", floor, at_least=0)
    digits = _checks.integer("digits", digits, at_least=1, at_most=17)
    read = _checks.reals("value", value, "a real number")
    if read.ndim != 0:
        raise _checks.complaint("value", value, "a real number")
    value = float(read) + 0.0  # no minus sign before 0
    if math.isnan(value):
        return "no number"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < floor:
        return f"below {tidy(floor, digits)}"
    text = f"{value:.{digits}g}"
    mantissa, power, exponent = text.partition("e")
    if power and not 0 < int(exponent) < 3:
        return times_ten(mantissa, int(exponent))
    return (f"{float(text):.0f}" if power else text).replace("-", "−")


def times_ten(mantissa: str, exponent: int) -> str:
    """m × 10<sup>k</sup> with true minus signs, and without the m where it is 1.

    Parameters
    ----------
    mantissa : str
        A number as it is to be read, "2.50".
    exponent : int

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If ``mantissa`` is no number.
    """
    tens = f"10<sup>{exponent}</sup>"
    text = (
        tens if float(mantissa) == 1 else f"{mantissa}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{tens}"
    )
    return text.replace("-", "−")


def spread(values: np.ndarray, digits: int = 2, floor: float = 0.0) -> str:
    """The median, with the smallest and the largest: "1.3 (0.96 to 2.8)".

    Parameters
    ----------
    values : array, any shape, not empty
        One number for each data set or seed.
    digits, floor
        As in :func:`tidy`. If even the largest value is below the floor, that alone is said.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there are no values, or they are not finite.
    """
    numbers = _checks.reals("values", values, "an array of finite real numbers").ravel()
    if len(numbers) == 0 or not np.isfinite(numbers).all():
        raise _checks.complaint("values", values, "at least one number, and all of them finite")
    # Between two numbers of opposite sign the difference may be no float.
    unit = 0.25 if np.abs(numbers).max() > 1e300 else 1.0
    if np.abs(numbers).max() < floor:
        return tidy(0.0, digits, floor)
    low, middle, high = (
        tidy(v / unit, digits, floor) for v in np.quantile(unit * numbers, [0, 0.5, 1])
    )
    return f"{middle} ({low} to {high})"


def with_error(values: np.ndarray, digits: int = 3, *, of_mean: bool = True) -> str:
    """mean ± its standard error, "1.02 ± 0.003", or mean ± standard deviation of the values.

    Parameters
    ----------
    values : array, any shape, at least two entries
        One number for each data set or seed.
    digits : int
        Significant digits of the mean, as in :func:`tidy`. What stands behind ± has one.
    of_mean : bool
        Whether the error is that of the mean. That of a single value, the standard deviation, is
        larger by the root of their number.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there are fewer than two values, they are not finite, or ``digits`` or ``of_mean`` is
        not as described.
    """
    numbers = _checks.reals("values", values, "an array of finite real numbers").ravel()
    if len(numbers) < 2 or not np.isfinite(numbers).all():
        raise _checks.complaint("values", values, "at least two numbers, and all of them finite")
    if not isinstance(of_mean, bool | np.bool_):
        raise _checks.complaint("of_mean", of_mean, "True or False")
    with np.errstate(over="ignore"):  # of numbers beyond 1e154 squares and sums may be no floats
        error = numbers.std(ddof=1) / (np.sqrt(len(numbers)) if of_mean else 1.0)
        return f"{tidy(numbers.mean(), digits)} ± {tidy(error, 1)}"
