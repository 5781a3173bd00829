"""What leaves the repository: the buttons that point back to it, the stamped notebooks, the workflow."""

from __future__ import annotations

import difflib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from tests.conftest import ROOT
from tests.platforms import PYTHONS, pins

BOOK = ROOT / "book"
WORKFLOW = ROOT / ".github" / "workflows" / "publish.yml"
NOTEBOOKS = sorted(path for path in BOOK.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
ADDRESS = "git+https://github.com/some-one/a.book@0123abcd"


def extension(name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, BOOK / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def first_code(path: Path) -> dict:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return next(cell for cell in cells if cell["cell_type"] == "code")


FIRST_CELL = "".join(first_code(BOOK / "index.ipynb")["source"])


# The buttons


@pytest.mark.parametrize(
    ("repository", "branch", "found"),
    [
        ("", "", None),
        ("", "main", None),
        ("some-one/a.book", "", ("some-one/a.book", "main")),
        ("S/b_2", "work/of-1.2", ("S/b_2", "work/of-1.2")),
    ],
)
def test_the_environment_names_a_repository(
    repository: str, branch: str, found: tuple | None
) -> None:
    named = extension("repository").named
    assert named({"BOOK_REPOSITORY": repository, "BOOK_BRANCH": branch}) == found
    assert named({}) is None


@pytest.mark.parametrize(
    "value",
    [
        "name", "/name", "owner/", "owner/name/tree", "owner/na me", " owner/name", "owner/name\n",
        'owner/na"me', "owner/na'me", "owner/<b>", "own.er/name", "owner/..", "owner/.",
        "https://github.com/owner/name", "javascript:alert(1)/x", "ówner/name",
    ],
)  # fmt: skip
def test_what_is_no_repository_is_refused(value: str) -> None:
    ours = extension("repository")
    with pytest.raises(ours.ConfigError, match=r"^BOOK_REPOSITORY must be owner/name, got '?"):
        ours.named({"BOOK_REPOSITORY": value})


@pytest.mark.parametrize(
    "value", ["-f", "a b", "a..b", "/main", "main/", "main.", 'ma"in', "a//b", ".main", "main\n"]
)
def test_what_is_no_branch_is_refused(value: str) -> None:
    ours = extension("repository")
    with pytest.raises(ours.ConfigError, match=r"^BOOK_BRANCH must be the name of a branch, got "):
        ours.named({"BOOK_REPOSITORY": "owner/name", "BOOK_BRANCH": value})


def build_of_one_page(folder: Path, **variables: str) -> subprocess.CompletedProcess:
    """A book of one notebook and one text, with the configuration of this one."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["logo"] = str(ROOT / config["logo"])
    config["bibtex_bibfiles"] = [str(ROOT / file) for file in config["bibtex_bibfiles"]]
    config["execute"]["execute_notebooks"] = "off"
    config["html"]["favicon"] = config["logo"]
    own = config["sphinx"]["local_extensions"]
    config["sphinx"]["local_extensions"] = {name: str(ROOT / place) for name, place in own.items()}
    (folder / "book").mkdir(parents=True, exist_ok=True)
    (folder / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    toc = "format: jb-book\nroot: book/index\nchapters: [{file: book/text}]\n"
    (folder / "_toc.yml").write_text(toc, encoding="utf-8")
    (folder / "book" / "text.md").write_text("# A text\n\nNothing to run.\n", encoding="utf-8")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# A notebook"), nbformat.v4.new_code_cell("1 + 1")],
        metadata=nbformat.read(BOOK / "index.ipynb", as_version=4).metadata,
    )
    nbformat.write(notebook, folder / "book" / "index.ipynb")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BOOK_")} | variables
    return subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", folder, "-W", "--keep-going"],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )


def links(page: Path) -> set[str]:
    return set(re.findall(r'href="(https?://[^"]+)"', page.read_text(encoding="utf-8")))


def test_buttons_lead_to_the_repository_that_is_named(tmp_path: Path) -> None:
    built = build_of_one_page(tmp_path, BOOK_REPOSITORY="some-one/a.book", BOOK_BRANCH="trunk")
    assert built.returncode == 0, built.stdout + built.stderr
    pages = tmp_path / "_build" / "html" / "book"
    ours = "https://github.com/some-one/a.book"
    notebook, text = (links(pages / name) for name in ("index.html", "text.html"))
    for page, file in ((notebook, "index.ipynb"), (text, "text.md")):
        assert {ours, f"{ours}/edit/trunk/book/{file}"} <= page
        assert any(link.startswith(f"{ours}/issues/new?") for link in page)
    colab = "https://colab.research.google.com/github/some-one/a.book/blob/colab/book/index.ipynb"
    assert colab in notebook
    assert not any("colab" in link for link in text)
    strange = [link for link in notebook | text if not link.startswith((ours, colab))]
    assert [link for link in strange if "github" in link or "colab" in link] == []


def test_without_a_repository_there_is_no_button(tmp_path: Path) -> None:
    folder = tmp_path / "a päth" / "ein Büchlein"  # any name will do
    built = build_of_one_page(folder)
    assert built.returncode == 0, built.stdout + built.stderr
    for name in ("index.html", "text.html"):
        page = (folder / "_build" / "html" / "book" / name).read_text(encoding="utf-8")
        assert not re.search(r"github\.com/[^\"]*(?:edit|issues)|colab\.research", page)
        assert "source-repository-button" not in page
        assert "launch-buttons" not in page


def test_a_build_for_no_repository_stops_and_says_why(tmp_path: Path) -> None:
    built = build_of_one_page(tmp_path, BOOK_REPOSITORY='a/"onload="alert(1)')
    assert built.returncode != 0
    assert "BOOK_REPOSITORY must be owner/name, got" in built.stdout + built.stderr


# The first cell


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(BOOK).as_posix())
def test_every_notebook_opens_with_the_same_code(path: Path) -> None:
    cell = first_code(path)
    assert "".join(cell["source"]) == FIRST_CELL
    if path.parent == BOOK:  # on its page nobody need read it
        assert cell["metadata"]["tags"] == ["remove-cell"]


def test_the_first_cell_has_no_effect_where_the_simulator_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    import lib

    def ask(*arguments: object, **_: object) -> None:
        raise AssertionError(f"{arguments} was run")

    monkeypatch.setattr(subprocess, "run", ask)
    monkeypatch.setattr(subprocess, "Popen", ask)
    path = list(sys.path)
    for address in ("", ADDRESS):
        exec(FIRST_CELL.replace('source = ""', f'source = "{address}"'), {})
        assert capsys.readouterr() == ("", "")
        assert sys.modules["lib"] is lib
        assert sys.path == path


def without_simulator(code: str, folder: Path) -> subprocess.CompletedProcess:
    """``code`` in an interpreter that sees no installed package, and a folder ``lib`` by chance."""
    (folder / "lib").mkdir()
    (folder / "lib" / "notes.txt").write_text("not a simulator", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_first_cell_says_what_to_do_where_it_has_no_address(tmp_path: Path) -> None:
    ran = without_simulator(FIRST_CELL, tmp_path)
    assert ran.returncode != 0
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: the simulator, lib, is not installed: ")
    assert "pip install -r requirements.txt" in last


def test_the_first_cell_installs_from_its_address_and_fails_if_that_fails(tmp_path: Path) -> None:
    asked = "import subprocess; subprocess.run = lambda command, check: print(command[1:], check)\n"
    code = FIRST_CELL.replace('source = ""', f'source = "{ADDRESS}"')
    ran = without_simulator(asked + code, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"['-m', 'pip', 'install', '--quiet', '{ADDRESS}'] True\n"


# The stamp


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(BOOK).as_posix())
def test_the_stamp_changes_one_line(path: Path) -> None:
    stamped = extension("stamp").stamped
    text = path.read_text(encoding="utf-8")
    once = stamped(text, ADDRESS)
    changed = [
        line
        for line in difflib.ndiff(text.splitlines(), once.splitlines())
        if line.startswith(("+ ", "- "))
    ]
    assert len(changed) == 2
    assert f'source = \\"{ADDRESS}\\"' in changed[1]
    assert stamped(once, ADDRESS) == once
    with pytest.raises(ValueError, match='must hold one line source = "", got'):
        stamped(once, ADDRESS + "0")


@pytest.mark.parametrize(
    "address", ["", " ", "-r x", "--editable", 'a"b', "a'b", "a b", "a\nb", "a\\b", "a;b", "$(a)"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    text = (BOOK / "index.ipynb").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=r"^address must be what 'pip install' takes"):
        extension("stamp").stamped(text, address)


def test_a_folder_is_stamped_wholly_or_not_at_all(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.ipynb", tmp_path / "below" / "b.ipynb"
    bad.parent.mkdir()
    shutil.copy(BOOK / "index.ipynb", good)
    before = good.read_bytes()
    bad.write_text('{"cells": []}', encoding="utf-8")
    command = [sys.executable, BOOK / "_ext" / "stamp.py", ADDRESS, tmp_path]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 2
    assert "b.ipynb: the first code cell must hold one line" in ran.stderr
    assert good.read_bytes() == before

    shutil.copy(BOOK / "errata.ipynb", bad)
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert ran.stdout == f"2 notebooks stamped with {ADDRESS}\n"
    for path in (good, bad):
        assert f'source = "{ADDRESS}"' in "".join(first_code(path)["source"])

    ran = subprocess.run([*command[:-1], tmp_path / "none"], capture_output=True, check=False)
    assert ran.returncode == 2
    assert b"there is no notebook below" in ran.stderr


def test_a_stamped_chapter_runs_where_nothing_is_installed(tmp_path: Path) -> None:
    repository, work = tmp_path / "repository", tmp_path / "work"
    shutil.copytree(ROOT / "lib", repository / "lib")
    shutil.copy(ROOT / "pyproject.toml", repository)
    (work / "lib").mkdir(parents=True)  # a folder of that name does not deceive the cell
    text = extension("stamp").stamped(
        (BOOK / "errata.ipynb").read_text(encoding="utf-8"), str(repository)
    )
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells.append(
        nbformat.v4.new_code_cell("import lib, sys\nprint(lib.__file__, sys.prefix, sep='\\n')")
    )
    nbformat.write(notebook, work / "errata.ipynb")

    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VIRTUAL_ENV", "JUPYTER"))
    }
    programs = tmp_path / "environment" / "bin"
    subprocess.run([sys.executable, "-m", "venv", programs.parent], check=True, env=environment)
    installed = subprocess.run(
        [programs / "pip", "install", "--quiet", "ipykernel", "nbclient"],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=environment,
    )
    if installed.returncode and not os.environ.get("CI"):
        pytest.skip(f"no packages to be had: {installed.stderr.splitlines()[-1:]}")
    assert installed.returncode == 0, installed.stderr
    ran = subprocess.run(
        [programs / "jupyter", "execute", "--inplace", "errata.ipynb"],
        cwd=work,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    done = nbformat.read(work / "errata.ipynb", as_version=4)
    file, prefix = done.cells[-1].outputs[0].text.splitlines()
    assert Path(prefix) == programs.parent
    assert Path(file).is_relative_to(programs.parent)
    assert not next(cell for cell in done.cells if cell.cell_type == "code").outputs


# The workflow


def test_the_workflow_is_valid_and_safe() -> None:
    for command in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW],
        ["zizmor", "--offline", "--no-progress", "--strict-collection", WORKFLOW],
    ):
        ran = subprocess.run(
            [Path(sys.executable).with_name(command[0]), *command[1:]],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_workflow_tests_everything_and_publishes_from_the_default_branch_only() -> None:
    workflow = yaml.load(WORKFLOW.read_text(encoding="utf-8"), yaml.BaseLoader)
    jobs = workflow["jobs"]
    assert {"push", "pull_request", "schedule", "workflow_dispatch"} <= set(workflow["on"])
    assert workflow["permissions"] == {}
    for name, job in jobs.items():
        writes = {what for what, how in job["permissions"].items() if how == "write"}
        only_here = "github.event_name != 'pull_request'" in job["if"]
        if writes:
            assert only_here, name
            assert set(job["needs"]) == {"test", "build"}, name
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", "a/b@" + 40 * "0"))
            assert "${{" not in step.get("run", ""), name
            assert len(step.get("run", "").strip().splitlines()) <= 4, name
    runs = {
        name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()
    }
    assert runs["test"] == [".ci/run"]
    assert runs["processors"][-1] == "python -m tests.processors"
    matrix = jobs["platforms"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["system"]} == {"ubuntu", "macos", "windows"}
    assert matrix["python"] == [PYTHONS[0], PYTHONS[-1]]
    modules = workflow["env"]["MODULES"].split()
    assert not any("built_book" in (ROOT / m).read_text(encoding="utf-8") for m in modules)
    stamp = 'book/_ext/stamp.py "$BOOK_SOURCE" book'
    assert any(run.endswith(stamp) for run in runs["build"])
    assert runs["colab"][0].endswith(stamp)
    assert f"refs/heads/{extension('repository').COLAB_BRANCH}" in runs["colab"][-1]
    variables = next(step["env"] for step in jobs["build"]["steps"] if "env" in step)
    assert set(variables) == set(extension("repository").FORMS)


def test_the_readme_promises_the_pythons_that_are_tried() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"With Python {PYTHONS[0]} or later (to {PYTHONS[-1]})" in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert all(re.fullmatch(r"[a-z]+>=[\d.]+", bound) for bound in project["dependencies"])


def test_the_pins_are_read_as_the_index_writes_them() -> None:
    text = "# a\nMako==1.2\nruamel.yaml==0.1; sys_platform == 'win32'\n\n-e .\na_B-c\n"
    assert list(pins(text)) == ["mako", "ruamel-yaml", "a-b-c"]
    assert pins(text)["ruamel-yaml"] == "ruamel.yaml==0.1; sys_platform == 'win32'"
