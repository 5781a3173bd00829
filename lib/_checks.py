"""Checks at the door: every complaint names the argument, its value and what was expected."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from fractions import Fraction
from itertools import islice

import numpy as np

# alpha**2 is what the dynamics see, so alpha must keep alpha**2 well inside float64.
SMALLEST_SCALE, LARGEST_SCALE = 1e-150, 1e150
# Of data the loss takes y², and a step size or a sharpness x² w: all of these must be floats.
LARGEST_TARGET, LARGEST_ROW = 1e150, 1e75
MOST_ENTRIES = 1_000_000  # of an iterable that is read to its end: an endless one has none


def shown(value: object) -> str:
    """What a message says of a value: its repr, or its type if it has no repr."""
    try:
        text = repr(value)
    except Exception:  # of a stranger's class, or of a number with too many digits
        return f"a {type(value).__name__} that cannot be printed"
    return text if len(text) <= 80 else text[:77] + "..."


def complaint(name: str, value: object, expected: str) -> ValueError:
    """The one form of every error that a caller's argument can raise."""
    return ValueError(f"{name} must be {expected}, got {shown(value)}")


def _unwrapped(value: object) -> object:
    """What an array without axes holds, unless that is masked."""
    if isinstance(value, np.ndarray) and value.ndim == 0 and not np.ma.is_masked(value):
        return value.item()
    return value


def number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> float:
    """A finite real number within the bounds, as a float."""
    words = ["a finite number"]
    if above is not None:
        words.append(f"above {above:g}")
    if at_least is not None:
        words.append(f"at least {at_least:g}")
    if at_most is not None:
        words.append(f"at most {at_most:g}")
    expected = words[0] + (" " + " and ".join(words[1:]) if words[1:] else "")
    value = _unwrapped(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise complaint(name, value, expected)
    try:
        result = float(value)
    except (OverflowError, TypeError, ValueError):  # NumPy's durations call themselves integers
        raise complaint(name, value, expected) from None
    if (
        not np.isfinite(result)
        or (above is not None and not result > above)
        or (at_least is not None and not result >= at_least)
        or (at_most is not None and not result <= at_most)
    ):
        raise complaint(name, value, expected)
    return result


def integer(name: str, value: object, *, at_least: int, at_most: int | None = None) -> int:
    """A whole number within the bounds, as an int; 3.0 is refused, NumPy's integers are not."""
    expected = f"a whole number of at least {at_least}"
    if at_most is not None:
        expected = f"a whole number from {at_least} to {at_most}"
    value = _unwrapped(value)
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise complaint(name, value, expected)
    try:
        result = int(value)
    except (TypeError, ValueError):  # NumPy's durations call themselves integers
        raise complaint(name, value, expected) from None
    if result < at_least or (at_most is not None and result > at_most):
        raise complaint(name, value, expected)
    return result


def reals(name: str, value: object, expected: str) -> np.ndarray:
    """The value as an array of float64, of any shape, if it is made of real numbers, none masked."""
    rows = value if isinstance(value, list | tuple) else ()
    entries = [*rows, *(entry for row in rows if isinstance(row, list | tuple) for entry in row)]
    if np.ma.is_masked(value) or any(entry is np.ma.masked for entry in entries):
        raise complaint(name, value, expected)
    try:
        # Of a fraction NumPy would make an array of objects.
        given = np.asarray(float(value) if isinstance(value, Fraction) else value)
    except Exception:  # whatever a stranger's class raises when it is asked for its numbers
        raise complaint(name, value, expected) from None
    if given.dtype.kind not in "iuf":
        raise complaint(name, value, expected)
    with np.errstate(all="ignore"):  # a wider float may be too large
        return np.array(given, dtype=np.float64, order="C")


def array(name: str, value: object, shape: tuple[int | None, ...], letters: str) -> np.ndarray:
    """A finite float64 array of the given shape; None in ``shape`` leaves that axis free.

    ``letters`` spells the shape in the message, as in ``"(N, d)"``.
    """
    sizes = " with shape (" + ", ".join("any" if n is None else str(n) for n in shape)
    sizes += ",)" if len(shape) == 1 else ")"
    expected = f"a finite real array of shape {letters}" + (
        "" if all(n is None for n in shape) else sizes
    )
    result = reals(name, value, expected)
    if result.ndim != len(shape) or any(
        wanted is not None and size != wanted
        for size, wanted in zip(result.shape, shape, strict=True)
    ):
        raise complaint(name, f"an array of shape {result.shape}", expected)
    if not np.isfinite(result).all():
        raise complaint(name, value, expected)
    return result


def moderate(name: str, vectors: np.ndarray, largest: float) -> np.ndarray:
    """``vectors`` themselves, if each (along the last axis) is 0 or neither too large nor too small."""
    sizes = np.abs(vectors).max(axis=-1)
    if not ((sizes == 0) | ((sizes >= 1 / largest) & (sizes <= largest))).all():
        what = "of rows that are" if vectors.ndim > 1 else "that is"
        expected = (
            f"an array {what} 0 or of a size (largest entry) from {1 / largest:g} to {largest:g}"
        )
        raise complaint(name, vectors, expected)
    return vectors


def scale(value: object, dim: int, name: str = "alpha") -> np.ndarray:
    """An initialization scale: a positive number, or a vector of ``dim`` of them, as a vector."""
    expected = (
        f"a positive number, or {dim} of them, "
        f"from {SMALLEST_SCALE:g} to {LARGEST_SCALE:g} (so that its square is a float)"
    )
    given = reals(name, value, expected)
    if given.shape not in ((), (dim,)):
        raise complaint(name, value, expected)
    result = np.array(np.broadcast_to(given, (dim,)))
    if not ((result >= SMALLEST_SCALE) & (result <= LARGEST_SCALE)).all():
        raise complaint(name, value, expected)
    return result


def listed(name: str, value: object, expected: str, most: int = MOST_ENTRIES) -> list:
    """The entries of an iterable; a string is none, and one without an end is refused."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise complaint(name, value, expected)
    try:
        entries = list(islice(value, most + 1))
    except TypeError:  # an array without axes only looks like one
        raise complaint(name, value, expected) from None
    if len(entries) > most:
        raise complaint(name, value, f"{expected}, and no more than {most} of them")
    return entries


def text(name: str, value: object, expected: str, *, blank: bool = False) -> str:
    """A string that can be written to a file and, unless ``blank``, holds something."""
    if not isinstance(value, str) or not (blank or value.strip()):
        raise complaint(name, value, expected)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise complaint(name, value, f"{expected}, of whole Unicode characters") from None
    return value


def choice(name: str, value: object, options: Iterable[object]) -> object:
    """One of the listed options."""
    options = list(options)
    if not any(type(value) is type(option) and value == option for option in options):
        raise complaint(name, value, "one of " + ", ".join(repr(option) for option in options))
    return value
