"""Sphinx extension: the pages bring their letters along, so that they look the same everywhere.

The faces come from installed packages: Source Serif for text, Source Sans for labels, and from
Matplotlib's own folder DejaVu Sans Mono for code, STIX for the formulas of its figures (the very
files by which it placed their letters), and DejaVu Sans for signs that the first two lack. Each is
cut down to what a book like this one is written in, held at the weights that the book uses, and
written as WOFF2 into ``_static/fonts``, with the stylesheet that declares it and the licences.
Makers of some of these fonts reserve their names, so what is changed goes by a name of its own.

The same packages make the same bytes. They are kept beside the built pages, under a name that
tells of all they were made from, and so are made again only when something of it has changed.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from sphinx.application import Sphinx

FOLDER = "fonts"
STYLESHEET = f"{FOLDER}/fonts.css"
DRAWN = Path(matplotlib.get_data_path(), "fonts", "ttf")
TEXT = Path(str(files("fontpkg_source_serif_4")))
LABELS = Path(str(files("fontpkg_source_sans_3")))


@dataclass(frozen=True)
class Face:
    """One file of letters as the pages get it."""

    name: str
    family: str
    source: Path
    licence: Path
    axes: dict[str, float | tuple[float, float]]
    style: str = "normal"
    weight: str = "400"
    more: str = ""  # further declarations


FACES = (
    Face(
        "serif",
        "Book Serif",
        TEXT / "files" / "SourceSerif4[opsz,wght].ttf",
        TEXT / "LICENSE",
        {"opsz": 14, "wght": (400, 700)},
        weight="400 700",
    ),
    Face(
        "serif-italic",
        "Book Serif",
        TEXT / "files" / "SourceSerif4-Italic[opsz,wght].ttf",
        TEXT / "LICENSE",
        {"opsz": 14, "wght": 400},
        style="italic",
    ),
    # Letters as high as those of the fonts whose place it takes: 12 px must be legible.
    Face(
        "sans",
        "Book Sans",
        LABELS / "files" / "SourceSans3[wght].ttf",
        LABELS / "LICENSE",
        {"wght": (400, 700)},
        weight="400 700",
        more="size-adjust: 107%;",
    ),
    Face(
        "sans-italic",
        "Book Sans",
        LABELS / "files" / "SourceSans3-Italic[wght].ttf",
        LABELS / "LICENSE",
        {"wght": 400},
        style="italic",
        more="size-adjust: 107%;",
    ),
    Face(
        "mono",
        "Book Mono",
        DRAWN / "DejaVuSansMono.ttf",
        DRAWN / "LICENSE_DEJAVU",
        {},
    ),
    Face(
        "math",
        "Book Math",
        DRAWN / "STIXGeneral.ttf",
        DRAWN / "LICENSE_STIX",
        {},
    ),
    Face(
        "math-italic",
        "Book Math",
        DRAWN / "STIXGeneralItalic.ttf",
        DRAWN / "LICENSE_STIX",
        {},
        style="italic",
    ),
)
SIGNS = Face(
    "signs",
    "Book Signs",
    DRAWN / "DejaVuSans.ttf",
    DRAWN / "LICENSE_DEJAVU",
    {},
)
AT_ONCE = ("serif", "sans")  # what every page shows on its first screen

ASCII = range(0x20, 0x7F)
LATIN_1 = range(0xA0, 0x100)
GREEK = [*range(0x391, 0x3A2), *range(0x3A3, 0x3AA), *range(0x3B1, 0x3CA)]
OTHERS = (
    "ăĂąĄćĆčČďĎđĐęĘěĚğĞıİłŁńŃňŇőŐœŒřŘśŚşŞšŠťŤůŮűŰźŹżŻžŽ"  # names of people
    "‐‑–—‖‘’‚“”„†‡•…‰′″‹›€™"
    "⁰⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ₀₁₂₃₄₅₆₇₈₉₊₋₍₎ˣᵀ⅓⅔"
    "ĉϕϵᾱ\u0302\u0303\u0304ℓℝ←↑→↓↔↦⇒"
    "∀∂∃∅∇∈∉∏∑−∓∘√∝∞∩∪∫∼≈≠≡≤≥≪≫≲≺≼⊂⊆⊙⊤⊥⋅⋆⟨⟩⪯⪰"
    "─│✓\u2009\u202f"
)
CHARACTERS = frozenset([*ASCII, *LATIN_1, *GREEK, *map(ord, OTHERS)])
# In Source Sans the bars of ‖ are so near that at 12 px they run into one.
POOR = {"Book Sans": frozenset(map(ord, "‖"))}


def cut(face: Face, characters: Iterable[int]) -> TTFont:
    """The font with these characters only, at the face's weights and under the book's name."""
    font = TTFont(face.source, recalcTimestamp=False)
    options = subset.Options()
    options.hinting = False
    options.notdef_outline = True
    options.layout_features = ["kern", "liga", "mark"]
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    options.drop_tables += ["FFTM", "STAT", "meta"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    if face.axes:
        font = instancer.instantiateVariableFont(font, face.axes)
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = face.family
        elif record.nameID == 6:
            record.string = f"{face.family.replace(' ', '')}-{face.name}"
    font.flavor = "woff2"
    return font


def has(face: Face) -> set[int]:
    """The characters that the whole font has letters for."""
    with TTFont(face.source, lazy=True) as font:
        return set(font.getBestCmap())


def ranges(characters: Iterable[int]) -> str:
    """As in ``unicode-range``: U+20-7E, U+A0."""
    runs: list[list[int]] = []
    for one in sorted(characters):
        if runs and one == runs[-1][1] + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    return ", ".join(
        f"U+{low:X}" + (f"-{high:X}" if high > low else "")
        for low, high in runs
    )


def declared(
    face: Face, file: str, characters: Iterable[int] | None = None
) -> str:
    """The ``@font-face`` of the face.

    A reader whose connection is slow reads on in a font at hand, and nothing moves: ``optional``.
    """
    lines = [
        f'font-family: "{face.family}";',
        f"font-style: {face.style};",
        f"font-weight: {face.weight};",
        "font-display: optional;",
        f'src: url("{file}.woff2") format("woff2");',
    ]
    if face.more:
        lines.append(face.more)
    if characters is not None:
        lines.append(f"unicode-range: {ranges(characters)};")
    return "@font-face {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def make(folder: Path) -> None:
    """Write every face, the stylesheet and the licences into the folder."""
    rules, signs = [], set()
    known = has(SIGNS)
    for face in FACES:
        own = CHARACTERS & has(face) - POOR.get(face.family, frozenset())
        cut(face, own).save(folder / f"{face.name}.woff2")
        lacking = CHARACTERS & known - own
        rules += [
            declared(face, face.name),
            declared(face, SIGNS.name, lacking),
        ]
        signs |= lacking
    cut(SIGNS, signs).save(folder / f"{SIGNS.name}.woff2")
    for family, licence in {
        face.family: face.licence for face in (*FACES, SIGNS)
    }.items():
        target = folder / f"LICENCE-{family.split()[1].lower()}.txt"
        target.write_bytes(licence.read_bytes())
    (folder / Path(STYLESHEET).name).write_text(
        "".join(rules), encoding="utf-8", newline="\n"
    )


def key() -> str:
    """What tells one making from another: this file, the fonts, and the programs that cut them."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for face in (*FACES, SIGNS):
        digest.update(face.source.read_bytes())
    for package in ("fonttools", "brotli"):
        digest.update(version(package).encode())
    return digest.hexdigest()[:16]


def kept(store: Path) -> Path:
    """The folder that holds the made fonts; they are made if there is none. Whole or not at all."""
    folder = store / key()
    if not folder.exists():
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store) as unfinished:
            made = Path(unfinished, "made")
            (made / FOLDER).mkdir(parents=True)
            make(made / FOLDER)
            try:
                made.rename(folder)
            except OSError:
                if not folder.exists():  # another build may have been quicker
                    raise
    return folder


def prepare(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    app.config.html_static_path.append(
        str(kept(Path(app.doctreedir, "fonts")))
    )
    app.add_css_file(STYLESHEET, priority=400)


def ask_early(
    app: Sphinx, page: str, template: str, context: dict, doctree: object
) -> None:
    """The letters of the first screen are asked for before the stylesheet that names them."""
    for name in AT_ONCE:
        address = context["pathto"](
            f"_static/{FOLDER}/{name}.woff2", resource=True
        )
        context["metatags"] = context.get("metatags", "") + (
            f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{address}">\n'
        )


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", ask_early)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
