"""How fast a step is, against a lean NumPy loop and against C, all in this very run.

Run on demand, from the top of the repository, with nothing else busy:

    python -m tests.benchmark

Every figure is the best of several rounds, the contenders taking turns, so that a machine whose
speed drifts slows all of them alike. `train` is the whole call, with the
drawing of the batches and the looks at the loss, which the other two do without. Where there is no C compiler its column is empty.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from lib import sparse_regression, train
from lib.training import batches

SHAPES = ((20, 30), (40, 100), (100, 1000))
# The ratios to a NumPy loop below which something has been broken.
EXPECTED = {("GD", 20): 40, ("GD", 40): 10, ("GD", 100): 1.5,
            ("SGD", 20): 150, ("SGD", 40): 90, ("SGD", 100): 14}  # fmt: skip
STEP_SIZE = 1e-5  # so small that no run settles while it is timed
ROUNDS = 9


def numpy_gd(problem, steps):
    X, y, rate = problem.X, problem.y, STEP_SIZE / problem.n_samples
    plus, minus = np.full((2, problem.dim), 0.1 / np.sqrt(2))
    z = np.zeros(problem.n_samples)
    for _ in range(steps):
        r = X @ (plus * plus - minus * minus) - y
        z += rate * r
        x = rate * (X.T @ r)
        plus *= 1 - x
        minus *= 1 + x


def numpy_sgd(problem, steps, indices):
    X, y = problem.X, problem.y
    plus, minus = np.full((2, problem.dim), 0.1 / np.sqrt(2))
    z = np.zeros(problem.n_samples)
    for i in indices[:steps]:
        row = X[i]
        r = row @ (plus * plus - minus * minus) - y[i]
        z[i] += STEP_SIZE * r
        x = (STEP_SIZE * r) * row
        plus *= 1 - x
        minus *= 1 + x


def compiled():
    """The C loops, or None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    target = Path(tempfile.mkdtemp()) / "reference.so"
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    source = Path(__file__).with_name("reference.c")
    subprocess.run([compiler, *flags, "-o", target, source], check=True)
    return ctypes.CDLL(str(target))


def c_loop(library, name, problem, steps, indices):
    arrays = [
        problem.X,
        problem.y,
        *np.full((2, problem.dim), 0.1 / np.sqrt(2)),
        np.zeros(problem.n_samples),
    ]
    scratch = [indices] if name == "SGD" else [np.empty(problem.dim), np.empty(problem.dim)]

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    getattr(library, name.lower())(
        problem.n_samples, problem.dim, *map(pointer, arrays),
        ctypes.c_double(STEP_SIZE), ctypes.c_long(steps), *map(pointer, scratch),
    )  # fmt: skip


def contenders(problem, name, library):
    """Functions that take as many steps as they are told, each with a fitting number of them."""
    batch_size, cost = (None, problem.X.size) if name == "GD" else (1, 4 * problem.dim)
    steps = int(1e9 / cost / 20) + 20_000 * (name == "SGD")
    lean = max(200, steps // 500)
    blocks = batches(problem.n_samples, 1, 0, False)
    indices = np.concatenate([next(blocks)[:, 0] for _ in range(1 + steps // 8192)])

    def simulator(count):
        train(problem, 0.1, STEP_SIZE, batch_size, max_steps=count, tol=0, record=())

    def numpy_loop(count):
        numpy_gd(problem, count) if name == "GD" else numpy_sgd(problem, count, indices)

    def compiled_loop(count):
        c_loop(library, name, problem, count, indices)

    found = {"train": (simulator, steps), "numpy": (numpy_loop, lean)}
    return found | ({"c": (compiled_loop, steps)} if library else {})


def main() -> None:
    library = compiled()
    print("nanoseconds a step           train      NumPy        C   NumPy/train  wanted   train/C")
    for n_samples, dim in SHAPES:
        problem = sparse_regression(n_samples, dim, 3)
        for name in ("GD", "SGD"):
            runs = contenders(problem, name, library)
            best = dict.fromkeys(runs, np.inf)
            with threadpool_limits(1):
                for _ in range(ROUNDS):
                    for who, (run, count) in runs.items():
                        start = time.perf_counter()
                        run(count)
                        best[who] = min(best[who], (time.perf_counter() - start) / count * 1e9)
            against_c = f"{best['train'] / best['c']:9.2f}" if library else "        –"
            print(
                f"{name:>3} N = {n_samples:3d}, d = {dim:4d} {best['train']:12.1f} "
                f"{best['numpy']:10.0f} {best.get('c', np.nan):8.1f} "
                f"{best['numpy'] / best['train']:13.1f} {EXPECTED[name, n_samples]:7} {against_c}"
            )


if __name__ == "__main__":
    main()
