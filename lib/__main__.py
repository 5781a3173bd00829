"""python -m lib: is everything in place? Versions, and the theorem of the book on a small run."""

from __future__ import annotations

import re
import sys
from importlib import metadata

import numpy as np

from . import min_potential, sparse_regression, train

LARGEST_ERROR = 1e-10  # rounding, with room; a wrong installation is off by far more


def main() -> int:
    """0 if the simulator runs here and agrees with the exact limit, else 1.

    Returns
    -------
    int
        The exit code; what was found is printed.
    """
    print(f"Python {sys.version.split()[0]}")
    for requirement in metadata.requires("sgd-dynamics-book") or []:
        name = re.match(r"[\w.-]+", requirement)[0]
        print(f"{name} {metadata.version(name)}")
    problem = sparse_regression(n_samples=40, dim=100, sparsity=5, seed=0)
    run = train(problem, alpha=0.1, step_size=0.02, batch_size=1, tol=1e-26)
    limit = min_potential(problem, alpha=run.effective_alpha, start=run.start)
    error = float(np.abs(limit - run.w).max())
    print(f"{run.steps} steps of SGD end {error:.1e} from the limit that the theorem names")
    if not error < LARGEST_ERROR:
        print("This is more than rounding: something is wrong with this environment.")
        return 1
    print("Everything is in place.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
