"""The command that runs the book on other data shifts every seed of data, and no other."""

from __future__ import annotations

import nbformat
import pytest

from tests import notebooks, other_seeds

CELL = """\
import numpy as np
import lib
from lib import sparse_regression, train

fixed = lib.Problem(np.eye(2, 3), np.ones(2))
draws = [
    *(sparse_regression(*given, **named).X[0, 0] for given, named in (
        ((4, 6, 2, 1), {}), ((4, 6), {"sparsity": 2, "seed": 1}), ((4, 6, 2), {"seed": np.int8(1)}),
        ((), {}), ((4, 6, 2, -1), {}) if REFUSED else ((4, 6, 2, 1), {}),
    )),
    np.random.default_rng(1).random(), np.random.default_rng(np.uint64(1)).random(),
    np.random.default_rng(seed=1).random(), np.random.default_rng([1]).random(),
    train(fixed, 0.1, 0.1, 1, seed=1, max_steps=30).w.sum(),
]
[float(draw) for draw in draws]
"""


def run(tmp_path, by, refused=False):
    path = tmp_path / "cell.ipynb"
    cell = nbformat.v4.new_code_cell(CELL.replace("REFUSED", str(refused)))
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    done, failure = notebooks.execute(path, other_seeds.prelude(by))
    return failure or eval(done.cells[0].outputs[-1].data["text/plain"])


def test_seeds_of_data_are_shifted_and_no_others(tmp_path):
    plain, shifted = run(tmp_path, 0), run(tmp_path, 7)
    for same in (plain[:3], shifted[:3], plain[5:8], shifted[5:8]):
        assert len(set(same)) == 1
    assert not {*plain[:8]} & {*shifted[:8]}
    assert plain[8:] == shifted[8:]
    assert "code cell 1 of 1" in run(tmp_path, 7, refused=True)


def test_no_notebook_is_left_out():
    assert set(notebooks.NOTEBOOKS.values()) == {
        path
        for path in notebooks.BOOK.rglob("*.ipynb")
        if not {"release", ".ipynb_checkpoints", "submitted", "autograded"} & {*path.parts}
    }
    with pytest.raises(SystemExit, match=r"No notebook \['gian'\]"):
        notebooks.chosen(["gian"])
