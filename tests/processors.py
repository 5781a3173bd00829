"""Does the book say the same on every processor? Every notebook, on several, and all it says compared.

Run on demand, from the top of the repository:

    python -m tests.processors
    python -m tests.processors haswell nehalem --only gain --quick

A processor is imitated by taking away what this one has more: the instructions that Numba, NumPy,
OpenBLAS and the C library choose from. Compared are the lines that a notebook prints and shows,
those of its claims among them, and the texts of all frames of its explorers (``--quick``: without
these). Any difference ends the command with an error, and so does a notebook that fails.
"""

from __future__ import annotations

import argparse
import base64
import difflib
import gzip
import json
import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import nbformat
from bs4 import BeautifulSoup
from llvmlite import binding

from lib.explorer import PAGE_VARIABLE
from tests.notebooks import chosen, execute, side_by_side

NO_AVX512 = "-AVX512F,-AVX512VL,-AVX512DQ,-AVX512BW,-AVX512CD"
NO_AVX2 = f"{NO_AVX512},-AVX2,-FMA,-FMA4"


@dataclass(frozen=True)
class Processor:
    """What must be in the environment to imitate it, and what this machine must have for that."""

    variables: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> str:
        """Why it cannot be imitated here, or ""."""
        if not self.variables:
            return ""
        if platform.machine().lower() not in ("x86_64", "amd64"):
            return f"this is {platform.machine()}, not x86-64"
        has = binding.get_host_cpu_features()
        lacking = [name for name in self.needs if not has.get(name)]
        return f"this processor has no {', '.join(lacking)}" if lacking else ""


def imitated(numba: str, openblas: str, numpy: str, libm: str, needs: str = "") -> Processor:
    """A processor by the names that those who choose instructions have for it.

    ``numpy`` and ``libm`` list what they have to do without. OpenBLAS may also sum differently
    with another number of threads, so it has one, as on a machine of one core.
    """
    variables = {
        "NUMBA_CPU_NAME": numba,
        "NUMBA_CPU_FEATURES": "",  # those that go with the name, not the host's
        "OPENBLAS_CORETYPE": openblas,
        "OPENBLAS_NUM_THREADS": "1",
        "NPY_DISABLE_CPU_FEATURES": numpy,
        "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={libm}",
    }
    return Processor(
        {name: value for name, value in variables.items() if value or "FEATURES" in name},
        tuple(needs.split()),
    )


PROCESSORS = {
    "host": Processor(),
    "generic": imitated("generic", "Prescott", "X86_V3 X86_V4 AVX512_ICL", NO_AVX2, "sse4.2"),
    "nehalem": imitated("nehalem", "Nehalem", "X86_V3 X86_V4 AVX512_ICL", NO_AVX2, "sse4.2"),
    "sandybridge": imitated(
        "sandybridge", "Sandybridge", "X86_V3 X86_V4 AVX512_ICL", NO_AVX2, "avx"
    ),
    "haswell": imitated("haswell", "Haswell", "X86_V4 AVX512_ICL", NO_AVX512, "avx2 fma"),
    "skylake": imitated(
        "skylake-avx512", "SkylakeX", "AVX512_ICL", "-AVX512_VBMI2", "avx512f avx512vl avx512dq"
    ),
}


def texts_of_html(html: str) -> Iterator[str]:
    """Whatever a reader can see or hear of it, the frames behind the first one too."""
    soup = BeautifulSoup(html, "html.parser")
    for script in soup.find_all("script", class_="explorer-frames"):
        kept = json.loads(gzip.decompress(base64.b64decode(script.string)))
        for panels, readout, alternative in kept["frames"]:
            for text in (*(kept["panels"][k] for k in panels), readout, alternative):
                yield from texts_of_html(text)
    for other in soup.find_all(["script", "style"]):
        other.decompose()
    for block in soup.find_all(["p", "tr", "li", "div", "text", "br", "figcaption"]):
        block.append("\n")
    yield from soup.get_text().splitlines()
    for element in soup.find_all(True):
        for name in ("alt", "aria-label", "aria-valuetext", "title"):
            yield element.get(name, "")


def said(notebook: nbformat.NotebookNode) -> dict[str, list[str]]:
    """All lines of text that the cells put out, cell by cell."""
    lines: dict[str, list[str]] = {}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for k, cell in enumerate(code, 1):
        found: list[str] = []
        for output in cell.outputs:
            if output.output_type == "stream":
                found += output.text.splitlines()
            data = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data:
                continue  # its plain text is cut out of the bytes of a picture
            for kind, text in data.items():
                if kind == "text/html":
                    found += texts_of_html(text)
                elif kind.startswith("text/") and not (
                    "text/html" in data and kind == "text/plain"
                ):
                    found += text.splitlines()
        found = [" ".join(line.split()) for line in found]
        lines[f"code cell {k} ({cell.id})"] = [line for line in found if line]
    return lines


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> Iterator[str]:
    """Where two runs of a notebook say different things, and what each says."""
    for cell in one:
        for line in difflib.unified_diff(one[cell], other[cell], n=0, lineterm=""):
            if not re.match(r"(---|\+\+\+|@@) ?", line):
                yield f"{cell} {line[0]} {line[1:]}"


def main(arguments: list[str] | None = None) -> int:
    """0 if all runs say the same, else 1; the differences are printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.processors", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("processors", metavar="PROCESSOR", nargs="*", help=", ".join(PROCESSORS))
    parser.add_argument("--only", metavar="NOTEBOOK", action="append", default=[])
    parser.add_argument("--quick", action="store_true", help="without the explorers' frames")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.processors) - set(PROCESSORS):
        parser.error(f"no processor {sorted(unknown)}; there are: {', '.join(PROCESSORS)}")
    notebooks = chosen(asked.only)
    names = []
    for name in (
        PROCESSORS if not asked.processors else {"host": 0} | dict.fromkeys(asked.processors)
    ):
        if missing := PROCESSORS[name].missing:
            print(f"{name} is skipped: {missing}.")
        else:
            names.append(name)

    def task(notebook: str, processor: str) -> Callable[[], tuple[nbformat.NotebookNode, str]]:
        page = {} if asked.quick else {PAGE_VARIABLE: "1"}
        variables = PROCESSORS[processor].variables | page
        return lambda: execute(notebooks[notebook], variables=variables)

    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    failed = 0
    for (notebook, processor), (done, failure) in side_by_side(
        {(notebook, name): task(notebook, name) for name in names for notebook in notebooks}
    ):
        found[notebook, processor] = said(done)
        failed += bool(failure)
        print(f"{notebook}, {processor}: {failure or 'ran'}")

    different = 0
    for name in names[1:]:
        for notebook in notebooks:
            for line in differences(found[notebook, names[0]], found[notebook, name]):
                different += 1
                print(f"{notebook}, {names[0]} (-) and {name} (+): {line}")
    lines = sum(map(len, (cell for n in notebooks for cell in found[n, names[0]].values())))
    print(
        f"{len(notebooks)} notebooks, {lines} lines each time, on {', '.join(names)}: "
        f"{failed} failures, {different} lines that differ."
    )
    return int(failed > 0 or different > 0)


if __name__ == "__main__":
    raise SystemExit(main())
