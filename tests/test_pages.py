"""Finding one's way: every link leads somewhere, words say what they mean, search finds, code folds."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from tests.conftest import ROOT, BuiltBook
from tests.test_browser import FAMILIES, dress, frames_of, settle, settle_letters

WIDTHS = (390, 768, 1440)
CLAIMS = [f"C{number:02d}" for number in range(1, 28)]
SLIPS = [f"E{number}" for number in range(1, 9)]


@functools.cache
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@functools.cache
def anchors(path: Path) -> Counter:
    return Counter(element["id"] for element in soup(path).find_all(id=True))


@pytest.fixture(scope="module")
def html(built_book: BuiltBook) -> Path:
    return built_book.html


@pytest.fixture
def page(browser: object) -> object:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


# Links


def test_every_link_leads_somewhere(built_book: BuiltBook) -> None:
    followed = 0
    for name in built_book.pages:
        here = built_book.html / name
        for link in soup(here).find_all("a", href=True):
            address = urlsplit(link["href"])
            if address.scheme or address.netloc:
                assert address.scheme == "https", f"{name}: {link}"
                assert re.fullmatch(r"[\w.-]+\.[a-z]+", address.netloc), f"{name}: {link}"
                assert not re.search(r"\s", link["href"]), f"{name}: {link}"
                continue
            target = (here.parent / unquote(address.path)).resolve() if address.path else here
            assert target.is_file(), f"{name}: {link}"
            # What stands after a question mark in a fragment is for scripts.
            fragment = unquote(address.fragment).split("?")[0]
            if fragment and target.suffix == ".html" and "=" not in fragment:
                assert anchors(target)[fragment], f"{name}: {link}"
            followed += 1
    assert followed > 500


def test_no_id_is_given_twice(built_book: BuiltBook) -> None:
    for name in built_book.pages:
        twice = {one for one, count in anchors(built_book.html / name).items() if count > 1}
        # The theme's own search page has its field twice, in a dialogue and in the page.
        assert twice <= ({"search-input"} if name == "search.html" else set()), name


def test_the_book_is_one_path_from_the_first_page_to_the_last(html: Path) -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [toc["root"]] + [
        chapter["file"] for part in toc["parts"] for chapter in part["chapters"]
    ]
    for at, file in enumerate(files):
        here = html / f"{file}.html"
        for which, other in (("left-prev", at - 1), ("right-next", at + 1)):
            link = soup(here).find("a", class_=which)
            if 0 <= other < len(files):
                target = (here.parent / link["href"]).resolve()
                assert target == (html / f"{files[other]}.html").resolve(), (file, which)
            else:
                assert link is None, (file, which)


# The map of the talk


def test_the_map_of_the_talk_has_every_claim_and_every_slip(html: Path) -> None:
    rows = soup(html / "book" / "talk.html").select("table.talk-map tbody tr")
    told = {
        name for row in rows for link in row.select("td:last-child a") for name in link["class"]
    }
    assert set(CLAIMS + SLIPS) <= told
    for row in rows:
        sections = row.select("td:nth-child(2) a")
        assert sections, row.get_text()
        for link in sections:
            page, anchor = link["href"].split("#")
            section = soup(html / "book" / page).find(id=anchor)
            number, title = re.fullmatch(r"([\d.]+) (.*)", link.get_text(), re.S).groups()
            heading = section.find(["h1", "h2", "h3"]).get_text()
            assert heading.startswith(f"{number}. {title}"), (link, heading)
        # A claim's section is among those named, and holds its statement.
        for link in row.select("td:last-child a"):
            page, anchor = link["href"].split("#")
            if not page.startswith("errata"):
                inside = {
                    one["id"]
                    for one in soup(html / "book" / page).find(id=anchor).parents
                    if one.get("id")
                }
                assert any(s["href"].split("#")[1] in inside for s in sections), link


# Definitions


def test_terms_and_symbols_lead_to_definitions_that_are_on_the_page(
    built_book: BuiltBook,
) -> None:
    defined = set()
    for name in built_book.pages:
        here = soup(built_book.html / name)
        links = here.select("a.defined")
        boxes = {box["id"]: box for box in here.select("div.definition-box")}
        assert {link["aria-describedby"] for link in links} == set(boxes), name
        for link in links:
            box = boxes[link["aria-describedby"]]
            spoken = link.get("aria-label", "") if link.find(class_="math") else link.get_text()
            assert re.fullmatch(r"[^\\{}]*\w[^\\{}]*", spoken), link
            assert box.has_attr("hidden")
            assert box["role"] == "tooltip"
            assert box.find("a") is None
            assert len(box.get_text()) > 10
            assert (
                link.find_parent(["h1", "h2", "h3", "pre", "code", "table", "figcaption"]) is None
            )
            assert link.parent.find_parent("a") is None
        terms = [one["href"] for one in links if "glossary" in one["href"]]
        assert len(terms) == len(set(terms)), f"{name} links a term twice"
        defined |= {link["href"].split("#")[1] for link in links}
    glossary = soup(built_book.html / "book" / "glossary.html")
    ids = {dt["id"] for dt in glossary.select("dl.glossary dt")}
    used = {anchor for anchor in defined if anchor.startswith("term-")}
    assert used <= ids
    assert len(used) >= 25
    for symbol in (
        "alpha",
        "gamma",
        "gamma-c",
        "alpha-infty",
        "tilde-w-0",
        "psi-alpha",
        "q-x",
        "h",
    ):
        assert any(re.fullmatch(rf"symbol-{symbol}", one) for one in defined), symbol


def first_term(page: object) -> object:
    term = page.locator("a.defined").filter(has_text=re.compile(r"^\w[\w ]+$")).first
    term.scroll_into_view_if_needed()
    return term


def box_of(page: object, term: object) -> object:
    return page.locator(f"[id='{term.get_attribute('aria-describedby')}']")


def test_a_definition_shows_under_the_pointer_stays_and_is_dismissed(
    page: object, book_address: str
) -> None:
    settle(page, book_address + "book/gain.html")
    term = first_term(page)
    box = box_of(page, term)
    assert not box.is_visible()
    term.hover()
    box.wait_for(state="visible")
    frame, at = box.bounding_box(), term.bounding_box()
    assert frame["x"] >= 0
    assert frame["x"] + frame["width"] <= 1280
    # Across the gap into the box: it stays.
    page.mouse.move(at["x"] + at["width"] / 2, frame["y"] + frame["height"] / 2, steps=12)
    page.wait_for_timeout(500)
    assert box.is_visible()
    page.keyboard.press("Escape")
    assert not box.is_visible()
    term.hover()
    box.wait_for(state="visible")
    page.mouse.move(5, 5, steps=4)
    box.wait_for(state="hidden")


def test_a_definition_shows_at_keyboard_focus(page: object, book_address: str) -> None:
    settle(page, book_address + "book/gain.html")
    first, term = page.locator("a.defined").all()[:2]
    box = box_of(page, term)
    first.focus()
    page.keyboard.press("Tab")
    assert term.evaluate("one => one === document.activeElement")
    box.wait_for(state="visible")
    page.keyboard.press("Escape")
    assert not box.is_visible()
    assert term.evaluate("one => one === document.activeElement")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    box.wait_for(state="visible")
    page.keyboard.press("Shift+Tab")
    assert not box.is_visible()


def test_a_touch_shows_a_definition_and_a_second_one_follows_it(
    browser: object, book_address: str
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    settle(page, book_address + "book/gain.html")
    term = first_term(page)
    box = box_of(page, term)
    term.tap()
    box.wait_for(state="visible")
    frame = box.bounding_box()
    assert frame["x"] >= 0
    assert frame["x"] + frame["width"] <= 390
    assert page.url == book_address + "book/gain.html"
    page.locator("article h1").tap()
    assert not box.is_visible()
    term.tap()
    term.tap()
    page.wait_for_url("**/glossary.html#*")
    context.close()


def test_formulas_in_definitions_are_set_and_no_formula_is_a_stop_of_tab(
    page: object, built_book: BuiltBook, book_address: str
) -> None:
    settle(page, book_address + "book/effective_initialization.html")
    symbol = page.locator("a.defined:has(mjx-container)").first
    symbol.scroll_into_view_if_needed()
    symbol.hover()
    box = box_of(page, symbol)
    box.wait_for(state="visible")
    assert box.locator("mjx-container").count() > 0
    assert "\\" not in box.evaluate(
        """box => {
            const copy = box.cloneNode(true);
            copy.querySelectorAll("mjx-container").forEach(one => one.remove());
            return copy.textContent;
        }"""
    )
    assert page.evaluate(
        """() => [...document.querySelectorAll("mjx-container[tabindex]")]
            .every(formula => formula.scrollWidth > formula.clientWidth)"""
    )


def test_what_scrolls_is_a_stop_of_tab_and_nothing_else_is(page: object, book_address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page, book_address + "book/effective_initialization.html")
    page.wait_for_function("document.querySelectorAll('mjx-container[tabindex]').length > 0")
    page.evaluate("() => document.fonts.ready")
    for wide in ("mjx-container", ".pst-scrollable-table-container"):
        elements = page.locator(wide).evaluate_all(
            """all => all.map(one =>
                [one.scrollWidth > one.clientWidth, one.getAttribute("tabindex") === "0"])"""
        )
        assert any(scrolls for scrolls, _ in elements), wide
        assert all(scrolls == stop for scrolls, stop in elements), wide


def test_without_scripts_a_term_is_a_link(browser: object, book_address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(book_address + "book/gain.html")
    assert not any(box.is_visible() for box in page.locator(".definition-box").all())
    page.locator("a.defined[href*=glossary]").first.click()
    assert "/glossary.html#term-" in page.url
    context.close()


# Search


@pytest.mark.parametrize("from_file", [False, True], ids=["served", "from a file"])
def test_search_finds_a_word_and_leads_to_it(
    page: object, html: Path, book_address: str, from_file: bool
) -> None:
    strangers, noise = [], []
    root = html.as_uri() + "/" if from_file else book_address
    page.on("request", lambda request: strangers.append(request.url))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.goto(root + "search.html?q=sharpness")
    hits = page.locator("#search-results ul.search li a")
    hits.first.wait_for()
    addresses = [hit.get_attribute("href") for hit in hits.all()]
    assert any("edge_of_stability.html" in address for address in addresses), addresses
    page.locator("#search-results a[href*='edge_of_stability.html']").first.click()
    page.wait_for_url("**/book/edge_of_stability.html*")
    assert page.locator("article h1").inner_text().strip()
    assert noise == []
    assert [url for url in strangers if not url.startswith((root, "data:", "blob:"))] == []


# Code


def test_folded_code_says_what_it_is_and_opens_by_keyboard(page: object, book_address: str) -> None:
    settle(page, book_address + "book/gain.html")
    folds = page.locator("details.hide")
    said = [fold.locator("summary").inner_text().strip() for fold in folds.all()]
    assert said[0] == "Code: imports"
    assert all(re.fullmatch(r"Code: \S.*", one) for one in said)
    assert {"Code: the explorer below", "Code: the figure below", "Code: the numbers below"} <= set(
        said
    )
    code = folds.first.locator("pre").first
    assert not code.is_visible()
    folds.first.locator("summary").press("Enter")
    assert code.is_visible()
    folds.first.locator("summary").press("Enter")
    assert not code.is_visible()


def test_every_claim_has_a_check_that_no_fold_hides(html: Path) -> None:
    """The line of it, that is: its code, and further checks, may be folded."""
    seen, folded = set(), set()
    for path in sorted((html / "book").glob("*.html")):
        for line in soup(path).select(".claim-check"):
            hidden = line.find_parent("details") is not None
            (folded if hidden else seen).add(line["data-claim"])
    assert len(seen) > 30
    assert folded <= seen


# Form

TOO_WIDE = """() => {
    const scrolls = one => /auto|scroll|hidden/.test(getComputedStyle(one).overflowX);
    const place = (document.querySelector(".bd-article") ?? document.body).getBoundingClientRect();
    return [...document.querySelectorAll(".bd-article *")].filter(one => {
        const box = one.getBoundingClientRect();
        if (box.width === 0 || box.right <= place.right + 1) return false;
        if (one.matches("svg *, mjx-container *")) return false;
        if (scrolls(one) && box.right <= innerWidth) return false;
        for (let up = one.parentElement; !up.matches(".bd-article"); up = up.parentElement)
            if (scrolls(up)) return false;
        return true;
    }).map(one => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`)
        .concat(document.documentElement.scrollWidth > innerWidth ? ["the page"] : []);
}"""
CUT_DEFINITIONS = """() => [...document.querySelectorAll(".definition-box")].filter(box => {
    box.hidden = false;
    box.style.left = "6px";
    const right = box.getBoundingClientRect().right;
    const whole = right <= innerWidth && [...box.querySelectorAll("mjx-container")].every(one =>
        (one.clientWidth === 0 || one.scrollWidth <= one.clientWidth + 1)
        && one.getBoundingClientRect().right <= right);
    box.hidden = true;
    return !whole;
}).map(box => box.id)"""
# What is there for screen readers alone must not make a formula scroll.
SCROLLING_FORMULAS = """() => [...document.querySelectorAll(".bd-article mjx-container")].filter(
    one => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1
        && one.firstElementChild.getBoundingClientRect().width
            <= one.getBoundingClientRect().width + 1
).map(one => one.textContent.slice(0, 40))"""
# A formula scrolls that has room, or the comma behind it begins a line.
TORN_FORMULAS = """() => [...document.querySelectorAll(".bd-article p span.math")].filter(one => {
    const drawn = one.querySelector("mjx-container"), group = one.closest(".together");
    if (!drawn?.clientWidth) return false;
    const width = box => box.getBoundingClientRect().width;
    const room = width(one.closest("p")) - (group ? width(group) - width(drawn) : 0);
    const cut = drawn.scrollWidth > drawn.clientWidth + 1 && drawn.scrollWidth <= room;
    const next = (one.closest("a") ?? one).nextSibling?.data ?? "";
    const lines = group && [...group.getClientRects()];
    const torn = lines && lines.at(-1).top > lines[0].bottom - 2;
    return cut || (group ? torn : /^[,.;:)]/.test(next));
}).map(one => one.textContent.slice(0, 40))"""


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_wider_than_its_place(
    browser: object, built_book: BuiltBook, book_address: str, family: str
) -> None:
    context = browser.new_context()
    dress(context, built_book, family)
    page = context.new_page()
    for name in built_book.pages:
        settle(page, book_address + name)
        settle_letters(page, family)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for fault in (TOO_WIDE, CUT_DEFINITIONS, SCROLLING_FORMULAS, TORN_FORMULAS):
                assert page.evaluate(fault) == [], (name, width)
    context.close()


# Letters


def test_the_letters_have_every_character_of_the_book(built_book: BuiltBook) -> None:
    folder = built_book.html / "_static" / "fonts"

    def has(name: str) -> set[str]:
        with TTFont(folder / f"{name}.woff2") as font:
            return set(map(chr, font.getBestCmap()))

    seen: dict[str, str] = {}
    for name in built_book.pages:
        here = BeautifulSoup((built_book.html / name).read_text(encoding="utf-8"), "html.parser")
        for other in here.select(
            "script, style, head, .math"
        ):  # formulas have letters of their own
            other.decompose()
        panels = "".join(panel for kept in frames_of(built_book, name) for panel in kept["panels"])
        text = here.get_text() + BeautifulSoup(panels, "html.parser").get_text()
        seen |= dict.fromkeys(set(text) - set("\n\t"), name)
    for family in ("serif", "sans", "mono"):
        lacking = set(seen) - has(family) - has("signs")
        assert {one: seen[one] for one in lacking} == {}, family


def test_letters_are_light_and_the_same_bytes_in_every_build(
    built_book: BuiltBook, tmp_path: Path
) -> None:
    folder = built_book.html / "_static" / "fonts"
    weight = {file.stem: file.stat().st_size for file in folder.glob("*.woff2")}
    assert all(size < 45_000 for size in weight.values()), weight
    again = "import sys, pathlib, served_fonts; served_fonts.make(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", again, str(tmp_path)]
    subprocess.run(command, cwd=ROOT / "book" / "_ext", check=True, capture_output=True)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize(
    ("selector", "family"),
    [
        (".bd-article h1", "Book Serif"),
        (".bd-article p", "Book Serif"),
        (".bd-article em", "Book Serif"),
        (".bd-sidebar-primary .bd-links a", "Book Sans"),
        (".explorer-control label", "Book Sans"),
        (".explorer-figure text", "Book Sans"),
        (".bd-article pre:not(details pre)", "Book Mono"),
    ],
)
def test_pages_figures_and_code_are_set_in_them(
    browser: object, built_book: BuiltBook, book_address: str, selector: str, family: str
) -> None:
    context = browser.new_context()
    dress(context, built_book, "its own")
    page = context.new_page()
    settle(page, book_address + "book/gain.html")
    settle_letters(page, "its own")
    session = context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    used = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert {(font["familyName"], font["isCustomFont"]) for font in used} == {(family, True)}
    context.close()


def test_letters_that_come_late_move_nothing(page: object, book_address: str) -> None:
    late = []
    page.route("**/fonts/*.woff2", lambda route: late.append(route))
    page.goto(book_address + "book/student.html", wait_until="domcontentloaded")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    page.wait_for_timeout(1000)  # longer than a page waits for them
    places = """() => [...document.querySelectorAll(".bd-article *, .bd-sidebar-primary *")].map(
        one => { const { x, y, width } = one.getBoundingClientRect(); return [x, y, width]; })"""
    before = page.evaluate(places)
    assert late
    for route in late:
        route.continue_()
    page.wait_for_load_state("networkidle")
    page.evaluate("() => document.fonts.ready")
    assert page.evaluate(places) == before


def test_the_book_reads_without_its_letters(page: object, book_address: str) -> None:
    page.route("**/fonts/*.woff2", lambda route: route.abort())
    settle(page, book_address + "book/glossary.html")
    assert page.locator("article h1").is_visible()
    assert page.evaluate(TOO_WIDE) == []
