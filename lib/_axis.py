"""What one control of an explorer runs over, and how its values are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import _checks
from .prose import tidy, times_ten

MOST_VALUES = 10_000
_EXPECTED = "numbers in strict order, or different strings, at least two of either"


@dataclass(frozen=True)
class Axis:
    """What one control runs over, and how it speaks of it; made by ``axis``."""

    values: tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
    label: str | None
    unit: str
    start: int | float | str
    fmt: Callable[[object], str]
    play: bool
    shared: str | None

    @property
    def is_numeric(self) -> bool:
        return not isinstance(self.values[0], str)

    @property
    def start_index(self) -> int:
        if not self.is_numeric:
            return self.values.index(self.start)
        return min(range(len(self.values)), key=lambda i: abs(self.values[i] - self.start))

    @property
    def keys(self) -> list[int] | list[float] | list[str]:
        """The values as a link holds them: numbers with as few digits as tell them apart."""
        if isinstance(self.values[0], float):
            for digits in range(3, 18):
                short = [float(f"{value:.{digits}g}") for value in self.values]
                if len(set(short)) == len(short):
                    return [int(value) if value.is_integer() else value for value in short]
        return list(self.values)

    def nearest(self, value: float | str) -> int | float | str | None:
        """The value within the range that is nearest, or the same string; None if there is none."""
        if self.is_numeric and not isinstance(value, str):
            inside = min(max(value, min(self.values)), max(self.values))
            return round(inside) if isinstance(self.values[0], int) else float(inside)
        return value if value in self.values else None

    def shown(self, value: object) -> str:
        """The value with its unit, as text that may hold markup."""
        return f"{self.fmt(value)} {self.unit}".strip()


def axis(
    values: Sequence[float] | Sequence[str],
    *,
    label: str | None = None,
    unit: str = "",
    start: float | str | None = None,
    fmt: str | Callable[[object], str] | None = None,
    play: bool = False,
    shared: str | None = None,
) -> Axis:
    """One axis of ``explore`` with a label, a unit, a starting value, a play button or company.

    Parameters
    ----------
    values : sequence of numbers or of strings
        At least two. Numbers, in strict order, become a slider: whole numbers stay whole, a
        geometric grid gets a logarithmic slider. Strings become a group of radio buttons.
    label : str, optional
        The name shown; the argument's name if left out. ``label`` and ``unit`` are plain text
        in which only ``<sub>``, ``<sup>`` and ``<i>`` are markup.
    unit : str
        Written behind the value, as in ``"γ<sub>c</sub>"``.
    start : number or str, optional
        Where the control stands at first: within the range of the numbers, or one of the
        strings. The first value if left out. On a page, the nearest of the values.
    fmt : str or callable, optional
        A format specification such as ``".2f"``, or a function from value to text. Three
        significant digits if left out.
    play : bool
        Whether a button runs through the values by itself; for an axis that is time or order.
    shared : str, optional
        A name for the parameter. Axes of several explorers with the same name move together, on
        a page and in a notebook: each to the value of its own that is nearest, or to the same
        string. They should start alike.

    Returns
    -------
    Axis
        To be handed to ``explore``.

    Raises
    ------
    ValueError
        If an argument is not as described.
    """
    return make_axis(
        "values", values, label=label, unit=unit, start=start, fmt=fmt, play=play, shared=shared
    )


def make_axis(
    name: str,
    values: object,
    *,
    label: object = None,
    unit: object = "",
    start: object = None,
    fmt: object = None,
    play: object = False,
    shared: object = None,
) -> Axis:
    """As ``axis``, for values that the caller knows as ``name``."""
    given = _read_values(name, values)
    if start is None:
        start = given[0]
    elif isinstance(given[0], str):
        _checks.choice("start", start, given)
    else:
        number = _checks.number("start", start, at_least=min(given), at_most=max(given))
        start = type(given[0])(number)
    for argument, text in (("label", "" if label is None else label), ("unit", unit)):
        _checks.text(argument, text, "a string", blank=True)
    if not isinstance(play, bool) or (play and isinstance(given[0], str)):
        raise _checks.complaint("play", play, "True or False, and False where values are strings")
    if shared is not None:
        _checks.text("shared", shared, "a non-empty string, or None")
    return Axis(tuple(given), label, unit, start, _formatter(fmt, given), play, shared)


def _read_values(name: str, values: object) -> list[int] | list[float] | list[str]:
    given = _checks.listed(name, values, _EXPECTED, MOST_VALUES)
    complaint = _checks.complaint(name, values, _EXPECTED)
    if len(given) < 2:
        raise complaint
    if all(isinstance(value, str) for value in given):
        if len(set(given)) < len(given):
            raise complaint
        return [_checks.text(name, value, _EXPECTED) for value in given]
    array = _checks.reals(name, given, _EXPECTED)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise complaint
    if np.asarray(given).dtype.kind in "iu":
        array = np.asarray(given)  # whole numbers stay whole
    rising, falling = array[1:] > array[:-1], array[1:] < array[:-1]
    if not (rising.all() or falling.all()):
        raise complaint
    return array.tolist()


def _formatter(fmt: object, values: list) -> Callable[[object], str]:
    expected = "a format specification for the values, a function from value to text, or None"
    if fmt is None:
        return _three_digits
    if callable(fmt):
        return fmt
    if not isinstance(fmt, str):
        raise _checks.complaint("fmt", fmt, expected)
    try:
        for value in values:
            _typeset(format(value, fmt))
    except (ValueError, OverflowError):
        raise _checks.complaint("fmt", fmt, expected) from None
    return lambda value: _typeset(format(value, fmt))


def _three_digits(value: int | float | str) -> str:
    if isinstance(value, str):
        return value
    return tidy(value, 3 if isinstance(value, float) else 17)


def _typeset(text: str) -> str:
    """A formatted number as it is printed: 2.5e-05 as 2.5 × 10⁻⁵, -1 with a true minus sign."""
    mantissa, e, exponent = text.partition("e")
    if e and re.fullmatch(r"[+-]\d+", exponent):
        return times_ten(mantissa, int(exponent))
    return text.replace("-", "−")
