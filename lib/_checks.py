"""Checks at the door: every complaint names the argument, its value and what was expected."""

from __future__ import annotations

import numbers
from collections.abc import Iterable

import numpy as np

# alpha**2 is what the dynamics see, so alpha must keep alpha**2 well inside float64.
SMALLEST_SCALE, LARGEST_SCALE = 1e-150, 1e150


def complaint(name: str, value: object, expected: str) -> ValueError:
    """The one form of every error that a caller's argument can raise."""
    shown = repr(value)
    if len(shown) > 80:
        shown = shown[:77] + "..."
    return ValueError(f"{name} must be {expected}, got {shown}")


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
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise complaint(name, value, expected)
    try:
        result = float(value)
    except OverflowError:
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
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise complaint(name, value, expected)
    result = int(value)
    if result < at_least or (at_most is not None and result > at_most):
        raise complaint(name, value, expected)
    return result


def array(name: str, value: object, shape: tuple[int | None, ...], letters: str) -> np.ndarray:
    """A finite float64 array of the given shape; None in ``shape`` leaves that axis free.

    ``letters`` spells the shape in the message, as in ``"(N, d)"``.
    """
    sizes = " with shape (" + ", ".join("any" if n is None else str(n) for n in shape)
    sizes += ",)" if len(shape) == 1 else ")"
    expected = f"a finite real array of shape {letters}" + (
        "" if all(n is None for n in shape) else sizes
    )
    try:
        given = np.asarray(value)
    except (TypeError, ValueError):
        raise complaint(name, value, expected) from None
    if given.dtype.kind not in "iuf":
        raise complaint(name, value, expected)
    result = np.array(given, dtype=np.float64, order="C")
    if result.ndim != len(shape) or any(
        wanted is not None and size != wanted
        for size, wanted in zip(result.shape, shape, strict=True)
    ):
        raise complaint(name, f"an array of shape {given.shape}", expected)
    if not np.isfinite(result).all():
        raise complaint(name, value, expected)
    return result


def scale(value: object, dim: int, name: str = "alpha") -> np.ndarray:
    """An initialization scale: a positive number, or a vector of ``dim`` of them, as a vector."""
    expected = (
        f"a positive number, or {dim} of them, "
        f"from {SMALLEST_SCALE:g} to {LARGEST_SCALE:g} (so that its square is a float)"
    )
    try:
        given = np.asarray(value)
    except (TypeError, ValueError):
        raise complaint(name, value, expected) from None
    if given.dtype.kind not in "iuf" or given.shape not in ((), (dim,)):
        raise complaint(name, value, expected)
    result = np.array(np.broadcast_to(given.astype(np.float64), (dim,)))
    if not ((result >= SMALLEST_SCALE) & (result <= LARGEST_SCALE)).all():
        raise complaint(name, value, expected)
    return result


def choice(name: str, value: object, options: Iterable[object]) -> object:
    """One of the listed options."""
    options = list(options)
    if not any(type(value) is type(option) and value == option for option in options):
        raise complaint(name, value, "one of " + ", ".join(repr(option) for option in options))
    return value
