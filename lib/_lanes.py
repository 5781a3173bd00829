"""Eight floats at once, (x_0, …, x_7), for the inner loops: the order of every sum is written down.

A compiler that may reorder sums, or fuse a·b + c into one rounding, makes the last bits of a run
depend on the processor. Here nothing is left to it: a value of type Lanes is eight floats, an
operation on two of them is the IEEE operation on each pair, and the eight are added up in one order
only. A processor with wide registers holds them in one, an old one in four; the bits are the same.

An array that is read in lanes has a length that eight divides: see :func:`padded`.
"""

from __future__ import annotations

import math
import operator

import numpy as np
from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.extending import intrinsic, models, overload, register_model

WIDTH = 8

_DOUBLE = ir.DoubleType()
_VECTOR = ir.VectorType(_DOUBLE, WIDTH)


class _Lanes(types.Type):
    pass


LANES = _Lanes("Lanes")


@register_model(_Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager, frontend_type):
        super().__init__(manager, frontend_type, _VECTOR)


@njit(nogil=True, cache=True)
def zeros(count):
    """Zeros that begin where a register of eight floats likes to: no load crosses a cache line."""
    room = np.zeros(count + WIDTH)
    first = (-room.ctypes.data // 8) % WIDTH
    return room[first : first + count]


def padded(array: np.ndarray) -> np.ndarray:
    """A copy whose last axis is filled up with zeros to a multiple of eight."""
    *before, last = array.shape
    shape = (*before, -(-last // WIDTH) * WIDTH)
    result = zeros(math.prod(shape)).reshape(shape)
    result[..., :last] = array
    return result


def _constant(kind, places):
    return ir.Constant(ir.VectorType(kind, len(places)), places)


def _places(builder, vector, places):
    """The vector of those entries of ``vector``, in that order."""
    nothing = ir.Constant(vector.type, ir.Undefined)
    return builder.shuffle_vector(vector, nothing, _constant(ir.IntType(32), places))


def _address(context, builder, signature, args):
    """Where the eight floats begin in ``args[0]``, an array, at the indices ``args[1:]``."""
    kind = signature.args[0]
    array = context.make_array(kind)(context, builder, args[0])
    first = cgutils.get_item_pointer(
        context, builder, kind, array, list(args[1:]), wraparound=False, boundscheck=False
    )
    return builder.bitcast(first, _VECTOR.as_pointer())


def _load(context, builder, signature, args):
    # NumPy aligns an array to its floats, not to eight of them.
    return builder.load(_address(context, builder, signature, args), align=8)


@intrinsic
def load(_, array, j):
    """array[j : j + 8]."""
    return LANES(array, j), _load


@intrinsic
def load_row(_, matrix, i, j):
    """matrix[i, j : j + 8]."""
    return LANES(matrix, i, j), _load


@intrinsic
def store(_, array, j, value):
    """array[j : j + 8] = value."""

    def generate(context, builder, signature, args):
        address = _address(context, builder, signature, args[:2])
        builder.store(args[2], address, align=8)
        return context.get_dummy_value()

    return types.none(array, j, LANES), generate


@intrinsic
def fill(_, number):
    """The number in all eight places."""

    def generate(context, builder, signature, args):
        nothing, first = ir.Constant(_VECTOR, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        alone = builder.insert_element(nothing, args[0], first)
        return _places(builder, alone, [0] * WIDTH)

    return LANES(types.float64), generate


@intrinsic
def total(_, value):
    """((x_0 + x_4) + (x_2 + x_6)) + ((x_1 + x_5) + (x_3 + x_7)): the upper half onto the lower."""

    def generate(context, builder, signature, args):
        (vector,), size = args, WIDTH
        while size > 1:
            size //= 2
            lower = _places(builder, vector, list(range(size)))
            upper = _places(builder, vector, list(range(size, 2 * size)))
            vector = builder.fadd(lower, upper)
        return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))

    return types.float64(LANES), generate


def _define(operation, instruction):
    @intrinsic
    def apply(_, a, b):
        def generate(context, builder, signature, args):
            return getattr(builder, instruction)(*args)

        return LANES(LANES, LANES), generate

    @overload(operation, inline="always")
    def rule(a, b):
        if a is LANES and b is LANES:
            return lambda a, b: apply(a, b)
        return None


for _operation, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
):
    _define(_operation, _instruction)
