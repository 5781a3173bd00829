"""The face of lib: its names, their docstrings, and the first argument that most of them share."""

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import lib
from tests.conftest import ROOT

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


def _is_true(value):
    return isinstance(value, ast.Constant) and value.value is True


def test_no_program_is_read_in_the_letters_of_the_machine():
    """``text=True`` means another encoding on Windows; for files, ruff says so."""
    for path in (p for folder in ("lib", "book", "tests") for p in (ROOT / folder).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            keywords = call.keywords if isinstance(call, ast.Call) else []
            named = {k.arg for k in keywords if not (k.arg == "text" and not _is_true(k.value))}
            assert not named & {"text", "universal_newlines"} or "encoding" in named, (
                f"{path}, line {call.lineno}"
            )


def test_the_folder_may_have_any_name(tmp_path):
    """Blanks and letters beyond ASCII, also for what Numba keeps; and no encoding is left open."""
    folder = tmp_path / "a päth" / "ein Büchlein"
    shutil.copytree(ROOT / "lib", folder / "lib")
    ran = subprocess.run(
        [
            sys.executable, "-X", "warn_default_encoding", "-W", "always::EncodingWarning",
            "-m", "lib",
        ],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Everything is in place." in ran.stdout
    ours = [line for line in ran.stderr.splitlines() if line.startswith(str(folder))]
    assert not ours  # others' warnings are theirs
    assert [*(folder / "lib" / "__pycache__").glob("*.nbi")]
