"""Sphinx extension: terms and symbols that say what they mean.

On every page the first use of a term of the glossary, and in every section the first use of a
symbol of the notation table, becomes a link to its entry. The entry's first paragraph comes along,
hidden, for ``definitions.js`` to show on hover, focus and touch. Chapters need no markup for any of
this; titles, tables, links and code stay as they are.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxTranslator

GLOSSARY, NOTATION = "book/glossary", "book/notation"
UNTOUCHED = {GLOSSARY, NOTATION, "book/bibliography"}
BARRED = (
    nodes.title,
    nodes.rubric,
    nodes.caption,
    nodes.table,
    nodes.reference,
    nodes.literal,
    nodes.FixedTextElement,  # code
    nodes.raw,
    nodes.footnote,
    nodes.citation,
)
# Letters that chapters also use for something else, where they say so.
AMBIGUOUS = {"b", "B", "D"}
# Words of everyday mathematics that are terms only with their article.
WITH_ARTICLE = {"factors"}
# What may follow the symbol that a short formula opens with: a power, an argument, a relation.
TAIL = re.compile(r"(\^|\(| ?(=|<|>|\\(to|in|le|ge)(?![a-z]))).{0,9}")


class term_link(nodes.Inline, nodes.TextElement):
    """A term or a symbol that leads to its definition."""


class term_text(nodes.comment):
    """What a page has to say about one of them: a comment, which the search leaves out."""


def entries_of_glossary(document: nodes.document) -> Iterator[tuple]:
    """Names, anchor and definition of each entry."""
    for item in document.findall(nodes.definition_list_item):
        names = [term.astext() for term in item.findall(nodes.term)]
        anchor = next(item.findall(nodes.term))["ids"][0]
        yield (
            names,
            anchor,
            plain(next(item.findall(nodes.paragraph)).children),
        )


def entries_of_notation(document: nodes.document) -> Iterator[tuple]:
    """Symbols, anchor and definition of each row that has a symbol of the book."""
    for row in document.findall(nodes.row):
        meaning, ours = row.children[:2]
        formulas = [formula.astext() for formula in ours.findall(nodes.math)]
        if not formulas or not row["ids"]:
            continue
        yield (
            sorted({one for tex in formulas for one in symbols_in(tex)}),
            row["ids"][0],
            [
                *plain(ours[0].children),
                nodes.Text(": "),
                *plain(meaning[0].children),
            ],
        )


def symbols_in(tex: str) -> set[str]:
    r"""A formula of the table without its value and without its argument: ``\bar L(w) = …``."""
    whole = squeezed(tex.split(" = ")[0])
    bare = re.sub(r"\(.*\)$", "", whole)
    return {whole, bare} if len(bare) > 1 else {whole}


def squeezed(tex: str) -> str:
    return re.sub(r"\s+", " ", tex.strip()).replace(", ", ",")


def plain(children: list[nodes.Node]) -> list[nodes.Node]:
    """Copies without links and footnotes: a hint holds nothing that could be clicked."""
    box = nodes.inline("", "", *(child.deepcopy() for child in children))
    for link in list(box.findall(nodes.footnote_reference)):
        link.parent.remove(link)
    for kind in ("pending_xref", "reference"):
        for link in [
            n for n in box.findall(nodes.Element) if n.tagname == kind
        ]:
            link.replace_self(link.children)
    return box.children


def name_rows(app: Sphinx, doctree: nodes.document) -> None:
    """The rows of the notation table can be linked to."""
    if app.env.docname != NOTATION:
        return
    for row in doctree.findall(nodes.row):
        formula = next(row.children[1].findall(nodes.math), None)
        if formula is not None:
            name = min(symbols_in(formula.astext()), key=len)
            row["ids"].append(nodes.make_id(f"symbol {name}"))


def gather(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Reads both pages once all are read; says which pages must be written anew."""
    terms, symbols, texts = {}, {}, {}
    for page, entries, names in (
        (GLOSSARY, entries_of_glossary, terms),
        (NOTATION, entries_of_notation, symbols),
    ):
        if page not in env.found_docs:
            continue
        for found, anchor, text in entries(env.get_doctree(page)):
            texts[anchor] = (page, text)
            names |= dict.fromkeys(found, anchor)
    before = getattr(env, "definitions", None)
    env.definitions = {"terms": terms, "symbols": symbols, "texts": texts}
    for name in env.found_docs:  # a definition may hold formulas
        env.get_domain("math").data["has_equations"][name] = True
    return (
        []
        if repr(before) == repr(env.definitions)
        else sorted(env.found_docs)
    )


def any_of(terms: dict[str, str]) -> re.Pattern:
    """A term in the singular or the plural, the longest first, (S)GD left in one piece."""
    forms = [
        re.escape(term)
        if term.isupper()
        else ("(?<=the )" if term in WITH_ARTICLE else "")
        + f"(?i:{re.escape(term)})"
        for term in sorted(terms, key=len, reverse=True)
    ]
    return re.compile(rf"(?<![\w)-])({'|'.join(forms)})s?(?![\w-])")


def symbol_of(tex: str, symbols: dict[str, str]) -> str | None:
    """The symbol that a short formula opens with; a single letter must be all of it."""
    tex = squeezed(tex)
    for symbol in sorted(symbols, key=len, reverse=True):
        tail = tex.removeprefix(symbol)
        if symbol in AMBIGUOUS or not tex.startswith(symbol):
            continue
        if not tail or (len(symbol) > 1 and TAIL.fullmatch(tail)):
            return symbol
    return None


def place(node: nodes.Node) -> tuple[bool, int]:
    """Whether a definition may stand here, and which section of the page this is."""
    section, above = 0, node.parent
    while above is not None:
        if isinstance(above, BARRED):
            return False, 0
        if isinstance(above, nodes.section) and above.parent.parent:
            section = id(above)
        above = above.parent
    return True, section


def define(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if docname in UNTOUCHED:
        return
    known = app.env.definitions
    pattern = any_of(known["terms"])
    seen: set[object] = set()
    used: dict[str, None] = {}

    def link(anchor: str, *content: nodes.Node) -> term_link:
        used[anchor] = None
        page = app.builder.get_relative_uri(
            docname, known["texts"][anchor][0]
        )
        return term_link(
            "", "", *content, uri=f"{page}#{anchor}", anchor=anchor
        )

    def parts(text: str) -> Iterator[nodes.Node]:
        start = 0
        for match in pattern.finditer(text):
            term = next(
                term
                for term in known["terms"]
                if term.lower() == match[1].lower()
            )
            anchor = known["terms"][term]
            if anchor in seen:
                continue
            seen.add(anchor)
            if match.start() > start:
                yield nodes.Text(text[start : match.start()])
            yield link(anchor, nodes.Text(match[0]))
            start = match.end()
        if start and start < len(text):
            yield nodes.Text(text[start:])

    for node in list(
        doctree.findall(lambda n: isinstance(n, nodes.Text | nodes.math))
    ):
        allowed, section = place(node)
        if not allowed or isinstance(node.parent, nodes.math):
            continue
        if isinstance(node, nodes.math):
            symbol = symbol_of(node.astext(), known["symbols"])
            if symbol and len(symbol) == 1:
                section = 0  # of the letters one use on a page is enough
            if (
                symbol
                and (key := (section, known["symbols"][symbol])) not in seen
            ):
                seen.add(key)
                node.replace_self(link(key[1], node.deepcopy()))
        elif known["terms"] and (new := list(parts(node.astext()))):
            node.parent.replace(node, new)

    for anchor in used:
        text = [child.deepcopy() for child in known["texts"][anchor][1]]
        doctree += term_text("", "", *text, anchor=anchor)


def spoken(tex: str) -> str:
    r"""A short formula in words, ``\alpha_\infty`` as "alpha infty"."""
    bare = re.sub(r"\\(mathrm|widehat|lvert|rvert|,|;|!)", " ", tex)
    words = re.sub(r"\\([a-zA-Z]+)", r" \1 ", bare)
    return " ".join(re.sub(r"[\\{}_^]", " ", words).split())


def visit_term_link(self: SphinxTranslator, node: term_link) -> None:
    name = ""
    # A formula is drawn, and gives the link no name.
    if isinstance(node[0], nodes.math):
        name = f' aria-label="{html.escape(spoken(node[0].astext()))}"'
    self.body.append(
        f'<a class="defined" href="{node["uri"]}"{name} '
        f'aria-describedby="hint-{node["anchor"]}">'
    )


def depart_term_link(self: SphinxTranslator, node: term_link) -> None:
    self.body.append("</a>")


def visit_term_text(self: SphinxTranslator, node: term_text) -> None:
    self.body.append(
        f'<div class="definition-box" id="hint-{node["anchor"]}" role="tooltip" hidden>'
    )


def depart_term_text(self: SphinxTranslator, node: term_text) -> None:
    self.body.append("</div>\n")


def load(app: Sphinx) -> None:
    app.add_js_file("definitions.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    app.add_node(term_link, html=(visit_term_link, depart_term_link))
    app.add_node(term_text, html=(visit_term_text, depart_term_text))
    app.connect("builder-inited", load)
    app.connect("doctree-read", name_rows)
    app.connect("env-updated", gather)
    # After the tables that other extensions fill in.
    app.connect("doctree-resolved", define, priority=900)
    return {
        "version": "1.0",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
