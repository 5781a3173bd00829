"""The face of lib: its names, their docstrings, and the first argument that most of them share."""

import inspect
import re

import numpy as np
import pytest

import lib

FUNCTIONS = [name for name in lib.__all__ if inspect.isfunction(getattr(lib, name))]
ON_A_PROBLEM = [
    name for name in FUNCTIONS if next(iter(inspect.signature(getattr(lib, name)).parameters)) == "problem"
]  # fmt: skip
OTHERS = {
    "gradient_flow": [0.1],
    "min_potential": [0.1],
    "sharpness": [np.ones(3), np.ones(3)],
}


def test_the_fixed_names_are_there():
    assert set(lib.__all__) >= {
        "Problem", "sparse_regression", "train", "sweep", "gradient_flow", "min_potential",
        "min_l1", "min_l2", "hyperbolic_entropy", "mirror_map", "bregman_divergence",
        "gain_constants", "sharpness", "step_size_band", "explore", "student_seed",
        "graded_student",
    }  # fmt: skip
    assert all(hasattr(lib, name) for name in lib.__all__)
    assert lib.__all__ == sorted(lib.__all__)


@pytest.mark.parametrize("name", ON_A_PROBLEM)
@pytest.mark.parametrize("value", [None, 3, "data", (np.eye(2, 3), np.ones(2))])
def test_what_is_no_problem_is_refused(name, value):
    with pytest.raises(ValueError, match=r"^problem must be .*, got "):
        getattr(lib, name)(value, *OTHERS.get(name, []))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstrings_match_the_code(name):
    function = getattr(lib, name)
    text = inspect.getdoc(function)
    assert text, name
    parameters = [p.lstrip("*") for p in map(str, inspect.signature(function).parameters)]
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, re.M | re.S)[1]
    headed = " ".join(re.findall(r"^(\S.*)$", section, re.M))
    assert all(re.search(rf"\b{p}\b", headed) for p in parameters), (name, parameters)
    for heading in ("Returns", "Raises"):
        assert re.search(rf"^{heading}\n-+$", text, re.M), (name, heading)
