"""From a Matplotlib figure to a small SVG that wears the page's colours and the page's font.

Matplotlib's own SVG is written for a file. Inside a page it must not bring ids that collide, it
should follow the page into dark mode, and hundreds of frames of it must be light to carry.
"""

from __future__ import annotations

import functools
import io
import itertools
import re
from xml.etree import ElementTree

from matplotlib import rc_context
from matplotlib.figure import Figure

from .style import PALETTE, SUPERSCRIPTS

_LONG_DECIMAL = re.compile(r"-?\d*\.\d{3,}")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"(?<=url\(#)[^)]+|(?<=^#).+")
_VARIABLES = {colour: f"var(--book-{role.replace('_', '-')})" for role, colour in PALETTE.items()}
# What Matplotlib draws when nobody chose a colour.
_VARIABLES |= {"#000000": _VARIABLES[PALETTE["ink"]], "#ffffff": "var(--book-paper)"}
_EXPONENT = re.compile(f"([{''.join(map(chr, SUPERSCRIPTS.values()))}]+)")
_DIGITS = {raised: level for level, raised in SUPERSCRIPTS.items()} | {ord("⁻"): "−"}
_MARKUP = re.compile(r"<(sub|sup|i)>(.*?)</\1>")
_SHIFTS = {"sup": ("-0.45em", "0.32em"), "sub": ("0.3em", "-0.21em")}
_PIXELS_PER_POINT = 4 / 3


def to_svg(figure: Figure, prefix: str) -> str:
    """The figure as one ``<svg>`` element; ``prefix`` opens every id that is left in it."""
    stream = io.BytesIO()
    # The salt makes ids, and so the whole page, the same at every build.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "book"}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(stream.getvalue())
    for element in root.iter():
        element.tag = _local(element.tag)
        element.attrib = {_local(name): value for name, value in element.attrib.items()}
    for unwanted in [*root.findall("metadata"), *root.findall("defs[style]")]:
        root.remove(unwanted)
    used = {
        name
        for element in root.iter()
        for value in element.attrib.values()
        if "#" in value
        for name in _REFERENCE.findall(value)
    }
    for element in list(root):
        root.remove(element)
        root.extend(_cleaned(element, used, prefix))
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    root.attrib = {
        "viewBox": f"0 0 {_rounded(width)} {_rounded(height)}",
        "width": _rounded(width * _PIXELS_PER_POINT),
        "height": _rounded(height * _PIXELS_PER_POINT),
        "aria-hidden": "true",
    }
    root.text = root.tail = None
    return ElementTree.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    """The name without its namespace, ``{…}name``."""
    return name.rpartition("}")[2]


def raise_exponents(text: str) -> str:
    """10⁻³ as 10<sup>−3</sup>: few fonts have all the small digits, and their heights differ."""
    return _EXPONENT.sub(lambda match: f"<sup>{match[0].translate(_DIGITS)}</sup>", text)


def _cleaned(element: ElementTree.Element, used: set[str], prefix: str) -> list:
    """The element as it should stand: once, not at all, or replaced by what it holds."""
    own_id = element.attrib.pop("id", None)
    if own_id in used:
        element.set("id", f"{prefix}-{own_id}")
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for name, value in element.attrib.items():
        if name == "href" and not value.startswith("#"):
            continue  # an image's data
        if "#" in value:
            value = _REFERENCE.sub(rf"{prefix}-\g<0>", value)
        if name == "style":
            value = _themed(value)
        elif name in ("d", "x", "y", "width", "height", "transform"):
            value = " ".join(_LONG_DECIMAL.sub(_shortened, value).split())
        element.set(name, value)
    if element.tag == "text" and len(element):
        _set_formula(element)
    else:
        children = [kept for child in element for kept in _cleaned(child, used, prefix)]
        element[:] = children
        if element.tag == "text" and element.text:
            _set_text(element)
        else:
            element.text = None
    element.tail = None
    if element.tag == "g" and not len(element):
        return []
    if element.tag == "path" and element.get("style") == "fill:none":
        return []
    if element.tag == "g" and not element.attrib:
        return list(element)
    return [element]


def _set_text(text: ElementTree.Element) -> None:
    """The markup of a label as letters raised, lowered or slanted; the page's font spaces them."""
    plain, *marked = _MARKUP.split(raise_exponents(text.text))
    text.text = plain
    for tag, inner, after in zip(marked[::3], marked[1::3], marked[2::3], strict=True):
        span = ElementTree.SubElement(text, "tspan", {"class": tag})
        span.text = inner
        if tag != "i":
            # dy moves all that follows, so what follows moves back; the em is that of the span.
            span.set("dy", _SHIFTS[tag][0])
            if after:
                span = ElementTree.SubElement(text, "tspan", {"dy": _SHIFTS[tag][1]})
                span.text, after = after, None
        span.tail = after


def _set_formula(text: ElementTree.Element) -> None:
    """The letters of a formula in reading order, joined into runs of one style and one height.

    Matplotlib places every letter of a formula by the widths of its own fonts, sorted by style.
    """
    letters = []
    for span in text:
        style, y = span.get("style", ""), float(span.get("y", "0"))
        for x, letter in zip(span.get("x", "0").split(), span.text, strict=True):
            letters.append((float(x), y, style, letter))
    letters.sort(key=lambda placed: placed[0])
    text.text = None
    text[:] = []
    for (y, style), run in itertools.groupby(letters, key=lambda placed: placed[1:3]):
        places, _, _, characters = zip(*run, strict=True)
        span = ElementTree.SubElement(text, "tspan")
        span.text = "".join(characters)
        span.set("x", " ".join(map(_rounded, places)))
        span.set("y", _rounded(y))
        span.set("style", _themed(style))
        if "STIX" in style:
            span.set("class", "math")


@functools.lru_cache(4096)  # a frame has a hundred styles, of which ten differ
def _themed(style: str) -> str:
    """The style with the palette's colours as variables and the fonts left to the page."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name and name != "font-family":
            value = _COLOUR.sub(lambda match: _VARIABLES.get(match[0], match[0]), value)
            kept.append(f"{name}:{_LONG_DECIMAL.sub(_shortened, value)}")
    return ";".join(kept)


def _shortened(match: re.Match) -> str:
    return _rounded(float(match[0]))


def _rounded(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
