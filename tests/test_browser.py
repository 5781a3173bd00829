"""The built pages in Chromium: silent, alone, within the screen, and their controls alive."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import ROOT, BuiltBook

SCREENSHOTS = ROOT / "tests" / "screenshots"
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
# Docutils gives the entries of a bibliography a role that ARIA has since withdrawn.
READ = {"include": [["main"]], "exclude": [[".citation-list"]]}
TEX_LEFT = re.compile(r"\$\$|\\\(|\\\[|\\begin\{|\\[a-zA-Z]{2,}")


@pytest.fixture(params=[(w, s) for w in WIDTHS for s in SCHEMES], ids=lambda p: f"{p[0]}-{p[1]}")
def reader(request: pytest.FixtureRequest, browser: object) -> Iterator[object]:
    """A fresh browser profile at one width in one colour scheme."""
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    yield context
    context.close()


@pytest.fixture
def page(browser: object) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def settle(page: object, address: str) -> None:
    """Open the page and wait until its formulas are set."""
    page.goto(address)
    page.evaluate("() => window.MathJax?.startup?.promise")


def frame_of(explorer: object) -> dict:
    return explorer.evaluate(
        """explorer => ({
            figure: explorer.querySelector(".explorer-figure").innerHTML,
            alternative: explorer.querySelector(".explorer-figure").getAttribute("aria-label"),
            labels: [...explorer.querySelectorAll(".explorer-control")].map(control =>
                control.querySelector("input[type=range]")
                    ? control.querySelector("output").textContent
                        + " | " + control.querySelector("input").getAttribute("aria-valuetext")
                    : control.querySelector("input:checked").closest("label").textContent),
        })"""
    )


def press(explorer: object, control: object, key: str) -> dict:
    """The frame after a key that moves the control."""
    before = frame_of(explorer)
    control.press(key)
    page = control.page
    page.wait_for_function(
        """([explorer, alternative]) => explorer.querySelector(".explorer-figure")
            .getAttribute("aria-label") !== alternative""",
        arg=[explorer.element_handle(), before["alternative"]],
    )
    return frame_of(explorer)


def explorers(page: object) -> list:
    return page.locator(".explorer:has(.explorer-controls)").all()


def test_pages_are_silent_alone_and_within_the_screen(
    reader: object, built_book: BuiltBook, book_address: str, request: pytest.FixtureRequest
) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    setting = request.node.callspec.id
    for name in built_book.pages:
        page = reader.new_page()
        noise, strangers, failures = [], [], []
        page.on("console", lambda message, noise=noise: noise.append(message.text))
        page.on("pageerror", lambda error, noise=noise: noise.append(str(error)))
        page.on("request", lambda asked, strangers=strangers: strangers.append(asked.url))
        page.on(
            "response",
            lambda answer, failures=failures: answer.ok or failures.append(answer.url),
        )
        settle(page, book_address + name)
        page.wait_for_load_state("networkidle")
        picture = f"{name.removesuffix('.html').replace('/', '-')}-{setting}.png"
        page.screenshot(path=SCREENSHOTS / picture, full_page=True)

        assert noise == [], name
        assert failures == [], name
        own = (book_address, "data:", "blob:")
        assert [url for url in strangers if not url.startswith(own)] == [], name
        too_wide = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll(
                    ".bd-article-container, .bd-article, .explorer")]
                .filter(box => box.scrollWidth > box.clientWidth + 1)
                .map(box => `${box.tagName}.${box.className}`)"""
        )
        assert too_wide == [], name
        page.close()


def test_formulas_are_set(page: object, built_book: BuiltBook, book_address: str) -> None:
    for name in built_book.pages:
        settle(page, book_address + name)
        wrong = page.locator("mjx-merror, mjx-container [style*='color: red']")
        assert wrong.all_inner_texts() == [], name
        text = page.evaluate(
            """() => {
                const main = document.querySelector("main").cloneNode(true);
                main.querySelectorAll("pre, code, script, mjx-container").forEach(e => e.remove());
                return main.textContent;
            }"""
        )
        assert TEX_LEFT.findall(text) == [], name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_bars_a_reader(
    browser: object, built_book: BuiltBook, book_address: str, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for name in built_book.pages:
        settle(page, book_address + name)
        found = Axe().run(page, context=READ).response["violations"]
        grave = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]
        assert grave == [], name
    context.close()


def test_every_control_moves_its_figure_by_keyboard(
    page: object, built_book: BuiltBook, book_address: str
) -> None:
    moved = 0
    for name in built_book.pages:
        settle(page, book_address + name)
        for explorer in explorers(page):
            for slider in explorer.locator("input[type=range]").all():
                slider.focus()
                if slider.input_value() != slider.get_attribute("max"):
                    press(explorer, slider, "End")
                last = frame_of(explorer)
                assert slider.input_value() == slider.get_attribute("max")
                first = press(explorer, slider, "Home")
                assert slider.input_value() == "0"
                second = press(explorer, slider, "ArrowRight")
                assert slider.input_value() == "1"
                for one, other in ((first, last), (first, second)):
                    assert one["figure"] != other["figure"], name
                    assert one["labels"] != other["labels"], name
                assert press(explorer, slider, "ArrowLeft") == first
                moved += 1
            for group in explorer.locator("fieldset.explorer-control").all():
                before = frame_of(explorer)
                after = press(explorer, group.locator("input:checked"), "ArrowDown")
                assert before["figure"] != after["figure"], name
                assert before["labels"] != after["labels"], name
                assert press(explorer, group.locator("input:checked"), "ArrowUp") == before
                moved += 1
    assert moved > 0


def test_play_runs_to_the_end_and_stops(
    page: object, built_book: BuiltBook, book_address: str
) -> None:
    played = 0
    for name in built_book.pages:
        settle(page, book_address + name)
        for explorer in explorers(page):
            for button in explorer.locator(".explorer-play").all():
                slider = button.locator("xpath=..").locator("input[type=range]")
                slider.focus()
                if slider.input_value() != slider.get_attribute("max"):
                    press(explorer, slider, "End")
                before = press(explorer, slider, "ArrowLeft")
                button.press("Space")
                page.wait_for_function(
                    "([slider, button, alternative]) => slider.value === slider.max"
                    " && button.getAttribute('aria-pressed') === 'false'"
                    " && slider.closest('.explorer').querySelector('.explorer-figure')"
                    ".getAttribute('aria-label') !== alternative",
                    arg=[
                        slider.element_handle(),
                        button.element_handle(),
                        before["alternative"],
                    ],
                )
                assert frame_of(explorer)["labels"] != before["labels"]

                button.press("Space")  # from the end it begins again
                assert button.get_attribute("aria-pressed") == "true"
                assert int(slider.input_value()) < int(slider.get_attribute("max"))
                button.press("Space")
                assert button.get_attribute("aria-pressed") == "false"
                played += 1
    assert played > 0


def test_explorers_work_from_a_file(page: object, built_book: BuiltBook) -> None:
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for name in built_book.pages:
        settle(page, (built_book.html / name).as_uri())
        if found := explorers(page):
            slider = found[0].locator("input").first
            assert press(found[0], slider, "ArrowRight")["figure"]
            break
    else:
        pytest.fail("no explorer in the book")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_without_scripts_the_first_frame_stands_and_dead_controls_do_not(
    browser: object, built_book: BuiltBook, book_address: str
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    seen = 0
    for name in built_book.pages:
        page.goto(book_address + name)
        for explorer in explorers(page):
            assert explorer.locator(".explorer-figure svg").first.is_visible()
            assert not any(one.is_visible() for one in explorer.locator("input, button").all())
            seen += 1
    assert seen > 0
    context.close()


def test_paper_is_white_whatever_the_screen(
    browser: object, built_book: BuiltBook, book_address: str
) -> None:
    context = browser.new_context(color_scheme="dark", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    name = next(
        page
        for page in built_book.pages
        if 'class="explorer-frames"' in (built_book.html / page).read_text(encoding="utf-8")
    )
    settle(page, book_address + name)
    colours = (
        "() => ['--book-paper', '--book-ink'].map(name =>"
        " getComputedStyle(document.querySelector('.explorer')).getPropertyValue(name))"
    )
    assert page.evaluate(colours) == ["#15181c", "#d9dde2"]
    page.emulate_media(media="print")
    assert page.evaluate(colours) == ["#ffffff", "#24282d"]
    for explorer in explorers(page):
        assert explorer.locator(".explorer-figure svg").first.is_visible()
        assert not any(one.is_visible() for one in explorer.locator("input, button").all())
    context.close()
