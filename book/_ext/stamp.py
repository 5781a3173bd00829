"""Write into notebooks where their first cell finds the simulator.

    python book/_ext/stamp.py git+https://github.com/OWNER/NAME@COMMIT book

stamps every notebook below ``book`` in place, for a copy of the repository that is about to be
published. The stored notebooks hold an empty address, since none of them knows where it will be.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

LINE = re.compile(r'^source = "([^"]*)"', re.M)
ADDRESS = r"(?!-)[\w+:/@.~-]+"


def stamped(text: str, address: str) -> str:
    """The notebook ``text`` (JSON) with ``address`` in its first code cell.

    Raises
    ------
    ValueError
        If the address has characters that an address of pip does not need, or if the cell has no
        place for it or another address already.
    """
    if not re.fullmatch(ADDRESS, address):
        raise ValueError(
            "address must be what 'pip install' takes, without spaces and quotes, "
            f"got {address!r}"
        )
    notebook = json.loads(text)
    cells = notebook.get("cells", [])
    first = next((one for one in cells if one["cell_type"] == "code"), None)
    code = "".join(first["source"]) if first else ""
    addresses = LINE.findall(code)
    if addresses == [address]:
        return text
    if addresses != [""]:
        raise ValueError(
            'the first code cell must hold one line source = "", '
            f"got {addresses}"
        )
    first["source"] = LINE.sub(
        lambda _: f'source = "{address}"', code
    ).splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", help="what 'pip install' is to take")
    parser.add_argument("folder", type=Path, help="where the notebooks are")
    given = parser.parse_args(arguments)
    paths = sorted(
        path
        for path in given.folder.rglob("*.ipynb")
        if not path.parent.name.startswith(".")  # checkpoints
    )
    if not paths:
        parser.error(f"there is no notebook below {given.folder}")
    texts = {}
    for path in paths:  # all of them are read before one is written
        try:
            texts[path] = stamped(
                path.read_text(encoding="utf-8"), given.address
            )
        except (ValueError, KeyError) as error:
            parser.error(f"{path}: {error}")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    print(f"{len(texts)} notebooks stamped with {given.address}")


if __name__ == "__main__":
    main(sys.argv[1:])
