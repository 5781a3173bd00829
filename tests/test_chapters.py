"""What every chapter must hold, and that the page of claims tells of all of them."""

import json
import re

import pytest
import yaml

from tests.conftest import ROOT

PARTS = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
CHAPTERS = [ROOT / f"{chapter['file']}.ipynb" for chapter in PARTS[0]["chapters"]]
CLAIMS = [f"C{number:02d}" for number in range(1, 28)]
SLIPS = [f"E{number}" for number in range(1, 9)]


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def text_of(path, kind):
    return "\n\n".join("".join(c["source"]) for c in cells(path) if c["cell_type"] == kind)


def told(page):
    """The rows of the tables of claims: claim ↦ (file, anchor, [cells of each check])."""
    found = {}
    for row in re.findall(r"<tr.*?</tr>", page, re.S):
        cells = [
            re.sub(r"^<p>|</p>$", "", c) for c in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)
        ]
        if len(cells) == 1:
            classes, file, anchor = re.search(
                r'class="([^"]*)" href="([^"#]*)#(\w+)"', cells[0]
            ).groups()
            claim = next(name for name in classes.split() if re.fullmatch(r"[CE]\d+", name))
            found[claim] = (file, anchor, [])
        elif cells:
            found[claim][2].append(cells)
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_its_parts(path):
    prose, code = text_of(path, "markdown"), text_of(path, "code")
    exercises = re.findall(r":::+\{exercise\}\s*\n:label: (\S+)", prose)
    assert len(exercises) >= 4
    for exercise in exercises:
        assert re.search(rf":::+\{{solution-start\}} {exercise}\s*\n:class: dropdown", prose), (
            exercise
        )
    assert code.count("explore(") >= 1
    for heading in ("## Summary", "## Exercises", "## Further reading"):
        assert heading in prose, heading
    assert "**You will see**" in prose
    assert "**You need**" in prose


def test_every_claim_is_stated_once_and_checked_where_it_is_stated():
    stated = {}
    for path in CHAPTERS:
        for label in re.findall(r"\{prf:\w+\}[^\n]*\n:label: (C\d\d)\b", text_of(path, "markdown")):
            assert label not in stated, label
            stated[label] = path
    assert sorted(stated) == CLAIMS
    for claim, path in stated.items():
        assert f'"{claim}"' in text_of(path, "code"), f"{claim} is not checked in {path.name}"


def test_the_page_of_claims_has_all_of_them_with_numbers(built_book):
    found = told((built_book.html / "book" / "claims.html").read_text(encoding="utf-8"))
    assert sorted(found) == CLAIMS + SLIPS
    for claim, (file, anchor, checks) in found.items():
        target = (built_book.html / "book" / file).read_text(encoding="utf-8")
        assert f'id="{anchor}"' in target, claim
        assert checks, claim
        for quantity, _, measured in checks:
            assert re.search(r"\d", measured), f"{claim}, {quantity}: no number in {measured}"


def test_the_table_is_made_of_the_lines_on_the_pages(built_book):
    """Nothing in it that no page shows, and nothing left out."""
    shown = set()
    for page in built_book.pages:
        text = (built_book.html / page).read_text(encoding="utf-8")
        shown |= set(re.findall(r'data-claim="(\w+)">.*?<span>(.*?)</span>', text))
    found = told((built_book.html / "book" / "claims.html").read_text(encoding="utf-8"))
    assert shown == {
        (claim, cells[0]) for claim, (_, _, checks) in found.items() for cells in checks
    }
