"""How fast a step is, against a lean NumPy loop and two forms of C, all in this very run.

Run on demand, from the top of the repository, with nothing else busy:

    python -m tests.benchmark

Every figure is the best of several rounds, the contenders taking turns, so that a machine whose
speed drifts slows all of them alike; what is counted is the processor's time of the thread.
`train` is the whole call, with the drawing of the batches and the looks at the loss, which the
others do without. "C, same order" sums as lib/_kernels.py does and gives the same bits;
"C, fast" is -ffast-math, free to reorder and to fuse. Where there is no C compiler their columns
are empty.
"""

from __future__ import annotations

import ctypes
import functools
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
ROUNDS = 25


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
    """The two libraries of C loops by name; none where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return {}
    folder, found = Path(tempfile.mkdtemp()), {}
    for name, source, flag in (
        ("C, same order", "written_order.c", "-ffp-contract=off"),
        ("C, fast", "reference.c", "-ffast-math"),
    ):
        target = folder / f"{source}.so"
        flags = ["-O3", "-march=native", flag, "-shared", "-fPIC"]
        subprocess.run(
            [compiler, *flags, "-o", target, Path(__file__).with_name(source)], check=True
        )
        found[name] = ctypes.CDLL(str(target))
    return found


def c_loop(which, library, name, problem, steps, indices):
    """As many steps in C; returns w₊ and w₋."""
    written, n_samples, dim = which == "C, same order", problem.n_samples, problem.dim
    factors = np.full((2, dim), 0.1 / np.sqrt(2))
    arrays = [problem.X, problem.y, *factors, np.zeros(n_samples)]
    scratch = [np.empty(dim), np.empty(dim)]
    if name == "SGD":
        scratch = [indices]
    elif written:
        arrays.insert(1, np.ascontiguousarray(problem.X.T))
        scratch.append(np.empty(n_samples))

    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    getattr(library, name.lower())(
        n_samples, dim, *map(pointer, arrays),
        ctypes.c_double(STEP_SIZE), ctypes.c_long(steps), *map(pointer, scratch),
    )  # fmt: skip
    return factors


def contenders(problem, name, libraries):
    """Functions that take as many steps as they are told, each with a fitting number of them."""
    batch_size, cost = (None, problem.X.size) if name == "GD" else (1, 4 * problem.dim)
    steps = int(1e9 / cost / 100) + 20_000 * (name == "SGD")
    lean = max(200, steps // 100)
    blocks = batches(problem.n_samples, 1, 0, False)
    indices = np.concatenate([next(blocks)[:, 0] for _ in range(1 + steps // 8192)])

    def simulator(count):
        return train(problem, 0.1, STEP_SIZE, batch_size, max_steps=count, tol=0, record=())

    def numpy_loop(count):
        numpy_gd(problem, count) if name == "GD" else numpy_sgd(problem, count, indices)

    found = {"train": (simulator, steps), "NumPy": (numpy_loop, lean)}
    for which, library in libraries.items():
        loop = functools.partial(c_loop, which, library, name, problem, indices=indices)
        found[which] = (loop, steps)
        if which == "C, same order":
            run, (plus, minus) = simulator(steps), loop(steps)
            if not (np.array_equal(run.u, plus + minus) and np.array_equal(run.v, plus - minus)):
                raise SystemExit(f"{name}: C in the same order ends with other bits")
    return found


def main() -> None:
    libraries = compiled()
    columns = ["train", "NumPy", *libraries]
    print("nanoseconds a step  " + "".join(f"{name:>15}" for name in columns), end="")
    print("   NumPy/train  wanted" + "".join(f"{'train / ' + name:>23}" for name in libraries))
    for n_samples, dim in SHAPES:
        problem = sparse_regression(n_samples, dim, 3)
        for name in ("GD", "SGD"):
            runs = contenders(problem, name, libraries)
            best = dict.fromkeys(runs, np.inf)
            with threadpool_limits(1):
                for _ in range(ROUNDS):
                    for who, (run, count) in runs.items():
                        start = time.thread_time()
                        run(count)
                        best[who] = min(best[who], (time.thread_time() - start) / count * 1e9)
            line = f"{name:>3} N = {n_samples:3d}, d = {dim:4d} "
            line += "".join(f"{best[who]:15.1f}" for who in columns)
            line += f"{best['NumPy'] / best['train']:14.1f} {EXPECTED[name, n_samples]:7}"
            print(line + "".join(f"{best['train'] / best[who]:23.2f}" for who in libraries))


if __name__ == "__main__":
    main()
