"""The same bits on every processor: runs, data and units of step size; limits and the like to 1e-12."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from lib import (
    critical_step_size,
    gain_constants,
    gradient_flow,
    min_potential,
    sparse_regression,
    train,
)
from tests.conftest import ROOT
from tests.notebooks import NOTEBOOKS, execute
from tests.processors import PROCESSORS, differences, said, texts_of_html

OTHERS = ("nehalem", "haswell", "generic")
# Shape, seed, shares of the unit at which GD and SGD are beyond the edge, steps. There a run is
# chaotic, or diverges late: what rounding does in a step is everything in the end.
PROBLEMS = {
    "small": ((20, 30, 3), 5, 1.95, 2.6, 100_000),
    "odd": ((7, 11, 2), 2, 1.7, 1.5, 100_000),
    "big": ((40, 100, 5), 3, 2.2, 2.2, 10_000),
}
# Where an integrator halves its steps depends on the last bits. It promises 1e-5.
FLOW = 1e-9


def bits(*arrays: object) -> str:
    return hashlib.sha256(b"".join(np.asarray(a).tobytes() for a in arrays)).hexdigest()


def computed() -> dict[str, object]:
    """What must not depend on the processor: hashes where bits count, else lists of numbers."""
    found: dict[str, object] = {}
    for shape in ((20, 30, 3), (40, 100, 5), (101, 999, 7)):
        p = sparse_regression(*shape, seed=4, noise=0.1, std=1.5)
        found[f"data {shape}"] = bits(p.X, p.y, p.w_star)
    for name, (shape, seed, share, b1_share, steps) in PROBLEMS.items():
        p = sparse_regression(*shape, seed=seed)
        unit = {b: critical_step_size(p, b) for b in (None, 1)}
        found[f"units {name}"] = bits(*unit.values())
        for b in (None, 1, 5):
            found[f"constants {b} {name}"] = [*gain_constants(p, b)]
        for kind, gamma, b in (
            ("GD", 0.5 * unit[None], None),
            ("GD beyond", share * unit[None], None),
            ("SGD b=1", 0.5 * unit[1], 1),
            ("SGD b=1 beyond", b1_share * unit[1], 1),
            ("SGD b=5", 0.3 * unit[None], 5),
        ):
            run = train(p, 0.1, gamma, b, seed=5, max_steps=steps, tol=0)
            found[f"run {kind} {name}"] = f"{run.status} after {run.steps}: {bits(run.u, run.v)}"
        for alpha in (1.0, 1e-4):
            found[f"limit {alpha} {name}"] = [*min_potential(p, alpha)]
        found[f"flow {name}"] = [*gradient_flow(p, 0.1, times=[0.5, 5, 50]).w.ravel()]
    return found


def environment(processor: str) -> dict[str, str]:
    """Of a child that imitates it, and imports what this process imports."""
    kept = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}
    return kept | {"PYTHONPATH": str(ROOT)} | PROCESSORS[processor].variables


def child(processor: str, code: str) -> object:
    if missing := PROCESSORS[processor].missing:
        pytest.skip(missing)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import json\n{code}"],
        cwd=ROOT,
        env=environment(processor),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@functools.cache
def on(processor: str) -> dict[str, object]:
    return child(
        processor, "from tests.test_processors import computed\nprint(json.dumps(computed()))"
    )


@pytest.mark.parametrize("processor", OTHERS)
def test_the_disguise_is_worn(processor):
    """A variable that nobody reads any more would compare the host with itself."""
    features, targets, blas = child(
        processor,
        "from numba.core.registry import cpu_target\n"
        "from numpy._core._multiarray_umath import __cpu_features__ as has\n"
        "import scipy.linalg, threadpoolctl\n"
        "made = cpu_target.target_context.codegen()\n"
        "print(json.dumps([[name for name in ('X86_V3', 'X86_V4') if has[name]],\n"
        "    [made._get_host_cpu_name(), made._get_host_cpu_features()],\n"
        "    [one['architecture'] for one in threadpoolctl.threadpool_info()]]))",
    )
    assert features == {"haswell": ["X86_V3"]}.get(processor, [])
    assert targets == [processor, ""]
    assert len(set(blas)) == 1
    assert blas[0].lower() in {processor} | (
        {"katmai", "prescott"} if processor == "generic" else set()
    )


@pytest.mark.parametrize("processor", OTHERS)
def test_the_bits_are_the_same(processor):
    host, other = on("host"), on(processor)
    assert host.keys() == other.keys()
    exact = {name for name, value in host.items() if isinstance(value, str)}
    assert {name: other[name] for name in exact} == {name: host[name] for name in exact}
    for name in host.keys() - exact:
        here, there = np.array(host[name]), np.array(other[name])
        within = FLOW if name.startswith("flow") else 1e-12
        assert np.abs(here - there).max() <= within * np.abs(here).max(), name


@pytest.mark.parametrize("name", ["small", "big"])
def test_some_of_these_runs_are_chaotic(name):
    """Or their bits would agree by themselves, whatever the order of the sums."""
    shape, seed, share, _, steps = PROBLEMS[name]
    p = sparse_regression(*shape, seed=seed)
    gamma = share * critical_step_size(p)
    one, other = (
        train(p, 0.1, step_size, max_steps=steps, tol=0)
        for step_size in (gamma, np.nextafter(gamma, 0))
    )
    assert one.status == other.status == "stopped"
    assert np.abs(one.w - other.w).max() > 1e-3


@pytest.mark.parametrize("name", ["edge_of_stability", "gd_against_sgd"])
def test_what_goes_beyond_the_edge_runs_on_an_old_processor(name):
    if missing := PROCESSORS["nehalem"].missing:
        pytest.skip(missing)
    assert execute(NOTEBOOKS[name], variables=PROCESSORS["nehalem"].variables)[1] == ""


# The comparison itself


def test_all_that_is_said_is_compared():
    output = nbformat.v4.new_output
    cell = nbformat.v4.new_code_cell("…", id="one")
    html = (
        '<p data-claim="C01"><b>C01</b> measured 0.<i>5</i></p><img alt="seen 3"><style>x</style>'
    )
    cell.outputs = [
        output("stream", text="a 1\nb  2\n"),
        output("execute_result", {"text/plain": "<HTML>", "text/html": html}, execution_count=1),
        output("display_data", {"text/plain": "7"}),
        output(
            "display_data", {"text/plain": "VBox", "application/vnd.jupyter.widget-view+json": {}}
        ),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 9"), cell])
    lines = said(notebook)
    assert lines == {"code cell 1 (one)": ["a 1", "b 2", "C01 measured 0.5", "seen 3", "7"]}
    cell.outputs[0].text = "a 1\nb 3\n"
    assert [*differences(lines, said(notebook))] == [
        "code cell 1 (one) - b 2", "code cell 1 (one) + b 3"
    ]  # fmt: skip
    assert not [*differences(lines, lines)]


def test_the_frames_of_an_explorer_are_compared(monkeypatch):
    from matplotlib.figure import Figure

    from lib import explore
    from lib.explorer import PAGE_VARIABLE

    def draw(gamma):
        figure = Figure(figsize=(3, 2))
        figure.subplots(subplot_kw={"title": f"at {gamma:.0f} of 9"})
        return figure, f"read {gamma + 0.25:.2f}"

    monkeypatch.setenv(PAGE_VARIABLE, "1")
    found = {*texts_of_html(explore(draw, gamma=[1.0, 2.0, 3.0]).data)}
    assert {f"at {k} of 9" for k in (1, 2, 3)} <= {line.strip() for line in found}
    assert {f"read {k}.25" for k in (1, 2, 3)} <= {line.strip() for line in found}
