"""The built pages in Chromium: silent, alone, within the screen, and their controls alive."""

from __future__ import annotations

import base64
import gzip
import html
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import ROOT, BuiltBook

SCREENSHOTS = ROOT / "tests" / "screenshots"
SCHEMES = ("light", "dark")
SCREENS = [(w, s) for w in (1440, 390) for s in SCHEMES] + [(768, "light")]
# What is well need not be listed: that takes half of the time.
FAULTS_ONLY = {"resultTypes": ["violations"]}
# Docutils gives the entries of a bibliography a role that ARIA has since withdrawn.
READ = {"include": [["main"]], "exclude": [[".citation-list"]]}
TEX_LEFT = re.compile(r"\$\$|\\\(|\\\[|\\begin\{|\\[a-zA-Z]{2,}")


@pytest.fixture(params=SCREENS, ids=lambda p: f"{p[0]}-{p[1]}")
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


# Letters of two widths, the same on every machine: those that the book means, and others by far
# wider, as any font at hand may be.
FAMILIES = ("its own", "wide")
WIDE = "".join(
    f'--book-{name}: "Book Mono", monospace !important;' for name in ("serif", "sans", "math")
)


def dress(context: object, built_book: BuiltBook, family: str) -> None:
    """Set all pages in letters that they wait for; a page by itself reads on in others, if late."""
    rules = (built_book.html / "_static" / "fonts" / "fonts.css").read_text(encoding="utf-8")
    assert "font-display: optional" in rules
    rules = rules.replace("font-display: optional", "font-display: block")
    if family == "wide":
        rules += f"html:root[data-theme] {{ {WIDE} }}"
    context.route(
        "**/fonts/fonts.css*", lambda route: route.fulfill(body=rules, content_type="text/css")
    )


def settle_letters(page: object, family: str) -> None:
    """Wait for the letters, and see that they are the ones asked for."""
    page.evaluate("() => document.fonts.ready")
    own, wide = page.evaluate(
        """() => {
            const width = family => {
                const canvas = document.createElement("canvas").getContext("2d");
                canvas.font = `100px ${family}`;
                return canvas.measureText("illicit fillings").width;
            };
            const body = getComputedStyle(document.body).fontFamily;
            return [width(body), width('"Book Mono"')];
        }"""
    )
    assert (own == wide) == (family == "wide"), (own, wide)


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
        if not os.environ.get("CI"):  # for people to look at, and dear: pages are long
            picture = f"{name.removesuffix('.html').replace('/', '-')}-{setting}.png"
            page.screenshot(path=SCREENSHOTS / picture, full_page=True)

        assert noise == [], name
        assert failures == [], name
        own = (book_address, "data:", "blob:")
        assert [url for url in strangers if not url.startswith(own)] == [], name
        too_wide = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll(
                    ".bd-article-container, .bd-article, .explorer, .explorer-controls")]
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


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_nothing_bars_a_reader(
    browser: object, built_book: BuiltBook, book_address: str, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for name in built_book.pages:
        settle(page, book_address + name)
        page.evaluate("() => document.fonts.ready")
        found = Axe().run(page, context=READ, options=FAULTS_ONLY).response["violations"]
        grave = [
            (violation["id"], [node["html"][:200] for node in violation["nodes"]])
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]
        assert grave == [], name
    context.close()


def frames_of(built_book: BuiltBook, name: str) -> list[dict]:
    """The frames that a page carries, explorer by explorer."""
    text = (built_book.html / name).read_text(encoding="utf-8")
    packed = re.findall(r'class="explorer-frames">([^<]+)</script>', text)
    return [json.loads(gzip.decompress(base64.b64decode(one))) for one in packed]


def with_explorers(built_book: BuiltBook) -> list[str]:
    """The pages that have any, those with the most first."""
    count = {name: len(frames_of(built_book, name)) for name in built_book.pages}
    return sorted((name for name in count if count[name]), key=lambda name: -count[name])


def watched(page: object) -> list[str]:
    """What the page says to its console from now on."""
    noise = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    return noise


# Sets a control and waits until the figure shows what the frames say; how many pictures of the
# screen it took.
SET = """async ([explorer, number, place]) => {
    const control = explorer.querySelectorAll(".explorer-control")[number];
    const range = control.querySelector("input[type=range]");
    const figure = explorer.querySelector(".explorer-figure");
    let [pictures, seen] = [0, false];
    const count = () => { pictures += 1; if (!seen) requestAnimationFrame(count); };
    requestAnimationFrame(count);
    const shown = new Promise(done => new MutationObserver((_, observer) => {
        observer.disconnect();
        done();
    }).observe(figure, { childList: true }));
    const input = range ?? control.querySelectorAll("input[type=radio]")[place];
    if (range) range.value = place; else input.checked = true;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await shown;
    seen = true;
    return pictures;
}"""


def test_every_control_shows_its_frame_at_once(
    page: object, built_book: BuiltBook, book_address: str
) -> None:
    """At both ends and in the middle, by key and by pointer: figure, label, line and name.

    At once is with the next picture of the screen, as soon as the frames are unpacked.
    """
    noise, moved = watched(page), 0
    for name in with_explorers(built_book):
        settle(page, book_address + name)
        for explorer, kept in zip(explorers(page), frames_of(built_book, name), strict=True):
            handle = explorer.element_handle()
            controls = explorer.locator(".explorer-control").all()
            places = [
                int(c.locator("input").first.input_value())
                if c.locator("input[type=range]").count()
                else int(c.locator("input:checked").input_value())
                for c in controls
            ]
            page.evaluate(SET, [handle, 0, places[0]])  # from here on the frames are unpacked
            for number, control in enumerate(controls):
                count = len(kept["axes"][number]["shown"])
                slider = control.locator("input[type=range]")
                radios = control.locator("input[type=radio]")
                trail = [count - 1, 0, 1, count // 2] if slider.count() else [*range(count), 0]
                for place in trail:
                    before = frame_of(explorer)
                    assert page.evaluate(SET, [handle, number, place]) == 1, name
                    stays, places[number] = places[number] == place, place
                    check_frame(explorer, kept, places)
                    if not stays:
                        assert frame_of(explorer)["figure"] != before["figure"], name
                if slider.count():
                    slider.focus()
                    for key, place in (("End", count - 1), ("Home", 0), ("ArrowRight", 1)):
                        press(explorer, slider, key)
                        places[number] = place
                        check_frame(explorer, kept, places)
                else:
                    press(explorer, radios.first, "ArrowDown")
                    places[number] = 1
                    check_frame(explorer, kept, places)
                moved += 1
    assert moved > 0
    assert noise == []


def check_frame(explorer: object, kept: dict, places: list[int]) -> None:
    """What stands there is the frame at these places of the grid."""
    index = 0
    for axis, place in zip(kept["axes"], places, strict=True):
        index = index * len(axis["shown"]) + place
    panels, _, alternative = kept["frames"][index]
    found = frame_of(explorer)
    assert found["alternative"] == alternative
    assert explorer.locator(".explorer-figure > svg").count() == len(panels)
    readout = explorer.locator(".explorer-readout").text_content()
    said = [unicodedata.normalize("NFKC", text) for text in (readout, alternative)]
    assert len({re.sub(r"[\W_]", "", text) for text in said}) == 1, said
    for label, axis, place in zip(found["labels"], kept["axes"], places, strict=True):
        assert label.split(" | ")[-1] == axis["spoken"][place]


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


def test_the_book_has_every_kind_of_explorer(built_book: BuiltBook) -> None:
    found = [kept for name in with_explorers(built_book) for kept in frames_of(built_book, name)]
    assert any(len(kept["axes"]) == 3 for kept in found)
    assert any(len(panels) >= 3 for kept in found for panels, _, _ in kept["frames"])
    text = "".join((built_book.html / n).read_text(encoding="utf-8") for n in built_book.pages)
    assert re.search(r'aria-label="Play (?:step|time)', text)
    sharing = [
        name
        for name in built_book.pages
        if "data-shared" in (built_book.html / name).read_text(encoding="utf-8")
    ]
    assert len(sharing) >= 2


def test_every_figure_says_what_is_seen(built_book: BuiltBook) -> None:
    """In a sentence with numbers; and what looks different is said in different words."""
    for name in built_book.pages:
        text = (built_book.html / name).read_text(encoding="utf-8")
        first = re.findall(r'class="explorer-figure" role="img" aria-label="([^"]+)"', text)
        said = [html.unescape(one) for one in first]
        for kept in frames_of(built_book, name):
            said += [alternative for _, _, alternative in kept["frames"]]
            words = {}
            for panels, description, alternative in kept["frames"]:
                assert description, (name, alternative)  # given, and not made of axis labels
                assert words.setdefault(alternative, panels) == panels, (name, alternative)
        assert text.count('class="explorer-readout"') == len(first), name
        for one in said:
            assert re.search(r"\d", one), (name, one)
            assert one.rstrip().endswith("."), (name, one)
            assert len(one.split()) > 8, (name, one)


# --- weight and speed ----------------------------------------------------------------------------


def test_no_page_is_heavy(built_book: BuiltBook) -> None:
    for name in built_book.pages:
        assert len(gzip.compress((built_book.html / name).read_bytes())) < 1.5e6, name


# Asks every explorer for its frames, and waits for them.
WAKE = """async () => {
    const explorers = [...document.querySelectorAll(".explorer:has(.explorer-frames)")];
    await Promise.all(explorers.map(explorer => {
        const figure = explorer.querySelector(".explorer-figure");
        const shown = new Promise(done =>
            new MutationObserver(done).observe(figure, { childList: true }));
        explorer.querySelector("input").dispatchEvent(new Event("input", { bubbles: true }));
        return shown;
    }));
    return performance.now();
}"""


# Counts what would unpack frames on the page itself.
WATCH = """() => {
    window.unpacked = 0;
    const counted = (owner, name) => {
        const own = owner[name];
        owner[name] = new Proxy(own, {
            apply: (call, self, given) => { window.unpacked += 1; return call.apply(self, given); },
            construct: (type, given) => { window.unpacked += 1; return new type(...given); },
        });
    };
    counted(window, "atob");
    counted(window, "DecompressionStream");
    counted(Response.prototype, "json");
}"""


@pytest.mark.parametrize("refused", [False, True], ids=["beside", "on the page"])
def test_unpacking_leaves_the_page_free(
    page: object, built_book: BuiltBook, book_address: str, refused: bool
) -> None:
    """Workers do it, one for each explorer; where they are refused, the count sees the page do it."""
    name = with_explorers(built_book)[0]
    if refused:
        page.add_init_script("window.Worker = class { constructor() { throw new Error('no'); } };")
    page.add_init_script(f"({WATCH})()")
    workers = []
    page.on("worker", lambda worker: workers.append(worker))
    settle(page, book_address + name)
    page.evaluate(WAKE)
    count = len(frames_of(built_book, name))
    assert len(workers) == (0 if refused else count)
    assert page.evaluate("window.unpacked") == (3 * count if refused else 0)


def work_of(browser: object, address: str, scripts: bool) -> float:
    """Seconds that the page itself was busy until it stood, with its explorers awake or without."""
    context = browser.new_context()
    page = context.new_page()
    if not scripts:
        page.route("**/explorer.js*", lambda route: route.fulfill(body=""))
    # Of the page's own thread: the clock on the wall would tell of the machine's other business.
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => { window.woken = "
        + (f"({WAKE})()" if scripts else "true")
        + "; });"
    )
    page.goto(address)
    page.evaluate("() => window.woken")
    page.evaluate("() => window.MathJax.startup.promise")
    metrics = session.send("Performance.getMetrics")["metrics"]
    context.close()
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")


def test_many_explorers_cost_a_page_no_more_than_its_own_work(
    browser: object, built_book: BuiltBook, book_address: str
) -> None:
    name = with_explorers(built_book)[0]
    assert len(frames_of(built_book, name)) >= 4
    awake, bare = (
        min(work_of(browser, book_address + name, scripts) for _ in range(3))
        for scripts in (True, False)
    )
    assert awake < 2 * bare, (awake, bare)


def test_explorers_work_where_workers_are_refused(
    page: object, built_book: BuiltBook, book_address: str
) -> None:
    page.add_init_script("window.Worker = class { constructor() { throw new Error('no'); } };")
    noise = watched(page)
    settle(page, book_address + with_explorers(built_book)[-1])
    explorer = explorers(page)[0]
    press(explorer, explorer.locator("input").first, "ArrowRight")
    assert noise == []


# --- links and shared axes -----------------------------------------------------------------------


def state_of(explorer: object) -> dict:
    """Name ↦ value of every control, as a link holds them."""
    return explorer.evaluate(
        """explorer => Object.fromEntries(
            [...explorer.querySelectorAll(".explorer-control")].map(control => {
                const range = control.querySelector("input[type=range]");
                const place = (range ?? control.querySelector("input:checked")).value;
                return [control.dataset.name, JSON.parse(control.dataset.values)[place]];
            }))"""
    )


def wait_for_state(explorer: object, state: dict) -> None:
    explorer.page.wait_for_function(
        """([explorer, state]) => Object.entries(state).every(([name, value]) => {
            const control = explorer.querySelector(`[data-name="${name}"]`);
            const range = control.querySelector("input[type=range]");
            const place = (range ?? control.querySelector("input:checked")).value;
            return JSON.parse(control.dataset.values)[place] === value;
        })""",
        arg=[explorer.element_handle(), state],
    )


def in_view(explorer: object) -> bool:
    return explorer.locator(".explorer-controls").evaluate(
        "box => box.getBoundingClientRect().top >= 0"
        " && box.getBoundingClientRect().bottom <= innerHeight"
    )


@pytest.fixture
def two_of_gain(built_book: BuiltBook) -> str:
    name = "book/gain.html"
    assert name in built_book.pages
    return name


def test_a_link_opens_the_state_it_was_copied_from(
    browser: object, book_address: str, two_of_gain: str
) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    noise = watched(page)
    settle(page, book_address + two_of_gain)
    length = page.evaluate("history.length")
    explorer = explorers(page)[1]
    slider = explorer.locator("input[type=range]").first
    for key in ("End", "ArrowLeft"):
        press(explorer, slider, key)
    press(explorer, explorer.locator("input:checked").first, "ArrowDown")
    state, seen = state_of(explorer), frame_of(explorer)
    assert page.url == book_address + two_of_gain  # moves leave the address alone
    assert page.evaluate("history.length") == length

    button = explorer.get_by_role("button", name="Copy a link to this state")
    button.focus()
    assert button.evaluate("button => getComputedStyle(button).outlineStyle") != "none"
    button.press("Enter")
    page.wait_for_function("document.querySelectorAll('.explorer-told')[1].textContent")
    assert explorer.locator(".explorer-told[role=status]").text_content() == "Link copied"
    link = page.evaluate("navigator.clipboard.readText()")
    name, query = link.split("#")[1].split("?")
    assert name == explorer.get_attribute("id")
    assert parse_qs(query) == {key: [f"{value}"] for key, value in state.items()}

    other = context.new_page()
    noise += watched(other)
    settle(other, link)
    explorer = explorers(other)[1]
    wait_for_state(explorer, state)
    other.wait_for_function(
        "alternative => document.querySelectorAll('.explorer-figure[aria-label=' +"
        " JSON.stringify(alternative) + ']').length",
        arg=seen["alternative"],
    )
    assert frame_of(explorer) == seen
    assert in_view(explorer)
    context.close()
    assert noise == []


def test_a_link_lives_on_and_nonsense_in_it_is_harmless(
    page: object, book_address: str, two_of_gain: str
) -> None:
    noise = watched(page)
    settle(page, book_address + two_of_gain)
    explorer = explorers(page)[0]
    start = state_of(explorer)
    for nonsense in (
        "explorer-1?share=much&batch_size=3",
        "explorer-1?share=&batch_size=",
        "explorer-1?share=NaN&who=%E0%A4%A&=&&constructor=1",
        "explorer-1?",
        "explorer-99?share=1",
        "?share=1",
        "explorer-1%3Fshare=1",
    ):
        page.evaluate("hash => { location.hash = hash; }", nonsense)
        page.wait_for_timeout(30)
        assert state_of(explorer) == start, nonsense
    # Not on the grid: the nearest that is. And one value is enough.
    page.evaluate("location.hash = 'explorer-1?share=0.86'")
    wait_for_state(explorer, {"share": 0.8, "batch_size": start["batch_size"]})
    page.evaluate("location.hash = 'explorer-1?share=-5&batch_size=10'")
    wait_for_state(explorer, {"share": 0.03, "batch_size": "10"})
    page.go_back()
    wait_for_state(explorer, {"share": 0.8})
    # The book's own anchors are what they were.
    page.evaluate("location.hash = 'the-budget'")
    page.wait_for_function(
        "Math.abs(document.getElementById('the-budget').getBoundingClientRect().top) < 200"
    )
    assert noise == []


def test_without_a_clipboard_the_link_is_in_the_address_bar(
    browser: object, built_book: BuiltBook, two_of_gain: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: () =>"
        " Promise.reject(new DOMException('', 'NotAllowedError')) } });"
    )
    noise = watched(page)
    settle(page, (built_book.html / two_of_gain).as_uri())
    explorer = explorers(page)[0]
    press(explorer, explorer.locator("input").first, "End")
    length = page.evaluate("history.length")
    explorer.locator(".explorer-link").click()
    page.wait_for_function("location.hash")
    assert explorer.locator(".explorer-told").text_content() == "Link is in the address bar"
    assert page.evaluate("history.length") == length
    state, address = state_of(explorer), page.url
    page.goto("about:blank")
    settle(page, address)
    wait_for_state(explorers(page)[0], state)
    # Chromium refuses the early requests for letters and icons from a file, not these themselves.
    icons = re.compile(r"webfonts|/fonts/|^Failed to load resource: net::ERR_FAILED$")
    assert [line for line in noise if not icons.search(line)] == []
    context.close()


def test_shared_axes_move_together(page: object, built_book: BuiltBook, book_address: str) -> None:
    pages = [
        name
        for name in built_book.pages
        if "data-shared" in (built_book.html / name).read_text(encoding="utf-8")
    ]
    for name in pages:
        settle(page, book_address + name)
        parameters = page.evaluate(
            "() => [...new Set([...document.querySelectorAll('[data-shared]')]"
            ".map(control => control.dataset.shared))]"
        )
        for parameter in parameters:
            selector = f'[data-shared="{parameter}"]'
            company = page.locator(f".explorer:has({selector})").all()
            assert len(company) >= 2, (name, parameter)
            names = [one.locator(selector).get_attribute("data-name") for one in company]
            assert len({state_of(o)[n] for o, n in zip(company, names, strict=True)}) == 1
            before = [frame_of(one) for one in company]
            inputs = company[1].locator(f"{selector} input")
            if inputs.count() > 1:
                inputs = company[1].locator(f"{selector} input:checked")
            press(company[1], inputs, "ArrowDown" if inputs.count() > 1 else "ArrowRight")
            value = state_of(company[1])[names[1]]
            for one, own, was in zip(company, names, before, strict=True):
                wait_for_state(one, {own: value})
                page.wait_for_function(
                    "([explorer, was]) => explorer.querySelector('.explorer-figure')"
                    ".getAttribute('aria-label') !== was",
                    arg=[one.element_handle(), was["alternative"]],
                )


# --- what is heard, and what moves ---------------------------------------------------------------


def test_a_screen_reader_hears_the_value_at_once_and_the_figure_at_rest(
    page: object, book_address: str, two_of_gain: str
) -> None:
    settle(page, book_address + two_of_gain)
    explorer = explorers(page)[0]
    slider = explorer.locator("input[type=range]")
    slider.focus()
    slider.press("Home")
    page.wait_for_function("document.querySelector('.explorer-heard').textContent")
    chatter = page.evaluate(
        """async () => {
            const slider = document.activeElement;
            const heard = slider.closest(".explorer").querySelector(".explorer-heard");
            const first = heard.textContent;
            const said = [];
            for (const place of [3, 4, 5, 6]) {
                slider.value = place;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                await new Promise(requestAnimationFrame);
                said.push(heard.textContent);
            }
            return said.filter(text => text !== first);
        }"""
    )
    assert chatter == []
    page.wait_for_function(
        """explorer => explorer.querySelector(".explorer-heard").textContent
            === explorer.querySelector(".explorer-figure").getAttribute("aria-label")""",
        arg=explorer.element_handle(),
    )
    session = page.context.new_cdp_session(page)
    page.wait_for_function(
        """explorer => explorer.querySelector(".explorer-heard").textContent
            === explorer.querySelector(".explorer-figure").getAttribute("aria-label")""",
        arg=explorer.element_handle(),
    )
    session = page.context.new_cdp_session(page)

    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    text = frame_of(explorer)["alternative"]

    def heard(role: str) -> list[dict]:
        return [node for node in tree if node.get("role", {}).get("value") == role]

    (focused,) = (
        node
        for node in heard("slider")
        if any(p["name"] == "focused" and p["value"]["value"] for p in node["properties"])
    )
    assert focused["name"]["value"] == explorer.locator("label").first.text_content()
    assert slider.get_attribute("aria-valuetext") in text
    live = [
        node
        for node in heard("status")
        if any(p["name"] == "live" and p["value"]["value"] == "polite" for p in node["properties"])
    ]
    said = {node["nodeId"] for node in live}
    assert text in [n["name"]["value"] for n in heard("StaticText") if n.get("parentId") in said]
    group = [node["name"]["value"] for node in heard("group")]
    assert any(name.startswith("Figure with controls: step size") for name in group)


def test_less_motion_where_it_is_asked_for(
    browser: object, built_book: BuiltBook, book_address: str
) -> None:
    paces = {}
    for wish in ("reduce", "no-preference"):
        context = browser.new_context(reduced_motion=wish)
        page = context.new_page()
        page.add_init_script(
            "const own = setInterval; window.paces = [];"
            "window.setInterval = (task, pace, ...rest) => {"
            " window.paces.push(pace); return own(task, pace, ...rest); };"
        )
        name = next(
            name
            for name in built_book.pages
            if "explorer-play" in (built_book.html / name).read_text(encoding="utf-8")
        )
        settle(page, book_address + name)
        before = [frame_of(explorer) for explorer in explorers(page)]
        page.wait_for_timeout(700)
        assert [frame_of(explorer) for explorer in explorers(page)] == before
        page.locator(".explorer-play").first.click()
        paces[wish] = page.evaluate("window.paces.at(-1)")
        page.locator(".explorer-play").first.click()
        if wish == "reduce":
            moving = page.evaluate(
                """() => [...document.querySelectorAll("body *")].filter(element => {
                    const style = getComputedStyle(element);
                    return /[1-9]/.test(style.transitionDuration)
                        || (style.animationName !== "none" && /[1-9]/.test(style.animationDuration));
                }).map(element => element.className)"""
            )
            assert moving == []
        context.close()
    assert paces["no-preference"] <= 500
    assert paces["reduce"] >= 1000


# --- the form on every screen and on paper -------------------------------------------------------


@pytest.mark.parametrize("screen", [(390, 844), (768, 1024), (1440, 900)], ids=str)
def test_controls_stay_with_the_figure_in_view(
    browser: object, built_book: BuiltBook, book_address: str, screen: tuple[int, int]
) -> None:
    width, height = screen
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    for name in with_explorers(built_book):
        page.goto(book_address + name)
        for explorer in explorers(page):
            seen = explorer.evaluate(
                """explorer => {
                    const box = element => element.getBoundingClientRect();
                    const controls = explorer.querySelector(".explorer-controls");
                    const figure = explorer.querySelector(".explorer-figure");
                    const header = document.querySelector(".bd-header-article").offsetHeight;
                    explorer.scrollIntoView({ block: "start", behavior: "instant" });
                    const together = box(controls).top >= header
                        && box(figure).bottom <= innerHeight;
                    const panels = [...figure.children].map(panel => {
                        panel.scrollIntoView({ block: "center", behavior: "instant" });
                        return box(controls).top >= header - 1
                            && box(controls).bottom <= box(panel).top + 8
                            && box(panel).bottom <= innerHeight;
                    });
                    return { together, panels };
                }"""
            )
            assert seen["together"] or all(seen["panels"]), (name, seen)
    context.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_on_paper_figures_and_formulas_are_whole_and_solutions_open(
    browser: object, built_book: BuiltBook, book_address: str, family: str
) -> None:
    column = 642  # pixels: A4 without margins of 20 mm
    context = browser.new_context(viewport={"width": column, "height": 900})
    dress(context, built_book, family)
    page = context.new_page()
    # Of the listeners the first to hear, so that it sees what was printed.
    page.add_init_script(
        "addEventListener('afterprint', () => { window.folded ="
        " document.querySelectorAll('.toggle-hidden').length; });"
    )
    noise = watched(page)
    for name in built_book.pages:
        settle(page, book_address + name)
        settle_letters(page, family)
        if family == "its own":
            paper = page.pdf(format="A4", margin=dict.fromkeys(("left", "right", "top"), "20mm"))
            assert paper.startswith(b"%PDF-"), name
            assert paper.count(b"/Type /Page\n") >= 1, name
            assert page.evaluate("window.folded") == 0, name

        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        for explorer in page.locator(".explorer").all():
            assert explorer.locator(".explorer-figure svg").first.is_visible(), name
            assert not any(one.is_visible() for one in explorer.locator("input, button").all())
        for solution in page.locator(".admonition.solution > *").all():
            assert solution.evaluate("part => getComputedStyle(part).visibility") == "visible"
        cut = page.evaluate(
            """() => {
                const column = document.querySelector(".bd-article, main").getBoundingClientRect();
                return [...document.querySelectorAll(
                    ".bd-article :is(mjx-container, table, .explorer-figure > svg)")]
                    .filter(box => box.checkVisibility())
                    .map(box => [box, (box.querySelector("mjx-math") ?? box)
                        .getBoundingClientRect()])
                    .filter(([, box]) => box.left < column.left - 1
                        || box.right > column.right + 1)
                    .map(([box, place]) => [box.closest("[id]").id, place.width, column.width]);
            }"""
        )
        assert cut == [], name
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
    context.close()
    assert noise == []


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
