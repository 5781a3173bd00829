"""One BLAS thread while small matrices are at work: more of them only wait for each other."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import scipy.linalg  # noqa: F401  (SciPy brings a BLAS of its own: the controller must see it)
from threadpoolctl import ThreadpoolController

_lock = threading.Lock()
_inside = 0
_limit = None


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def _single_thread() -> Iterator[None]:
    # The setting is the whole process's: the first one in makes it, the last one out undoes it,
    # or threads that overlap would leave it as they found it in each other's hands.
    global _inside, _limit
    with _lock:
        if _inside == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()


def single_thread(function: Callable) -> Callable:
    """The same function, run with one BLAS thread."""

    @functools.wraps(function)
    def limited(*args, **kwargs):
        with _single_thread():
            return function(*args, **kwargs)

    return limited
