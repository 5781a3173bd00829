"""A sweep broken off, in small; the rest is on demand: ``python -m tests.interruptions 100``."""

import random
import signal
import sys

import pytest

from tests.interruptions import interrupted_sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_sweep_that_is_broken_off_ends_and_returns_nothing(how):
    when = interrupted_sweep(random.Random(how).uniform(0, 0.3), how, once_ready=True)
    assert when in ("during", "after")
