"""How fast the built pages answer, in milliseconds, and what they ask of a reader's connection.

Run on demand, from the top of the repository, with nothing else busy, on a book that is built:

    python -m tests.page_benchmark _build/html

Beside each figure stands what it should stay below on an ordinary laptop. No test asserts any of
them, since a test that reads a clock tells of the machine it runs on; the tests assert counts and
ratios.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from lib import critical_step_size, sparse_regression
from tests.conftest import BuiltBook
from tests.test_browser import WAKE, explorers, settle, with_explorers
from tests.test_engine import ANSWER, HELPERS, SOURCE
from tests.test_laboratory import HEAVY, MOVES, SETTLED

# Milliseconds until the picture after a move of the first control.
FLIP = """explorer => new Promise(done => {
    const input = explorer.querySelector("input");
    const start = performance.now();
    new MutationObserver((_, observer) => {
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now() - start));
    }).observe(explorer.querySelector(".explorer-figure"), { childList: true });
    if (input.type === "range") input.value = input.value === input.min ? input.max : input.min;
    input.dispatchEvent(new Event("input", { bubbles: true }));
})"""
# What moves of itself while the page is laid out, and the longest that the page was deaf.
OBSERVE = """() => {
    window.moved = 0;
    window.deaf = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => { window.moved += one.value; }))
        .observe({ type: "layout-shift", buffered: true });
    new PerformanceObserver(list => list.getEntries().forEach(one => {
        window.deaf = Math.max(window.deaf, one.duration);
    })).observe({ type: "longtask", buffered: true });
}"""
# Kilobytes of all that had come before anything was seen, and when that was.
FIRST = """() => {
    const seen = performance.getEntriesByName("first-contentful-paint")[0].startTime;
    const all = [...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource")].filter(one => one.responseEnd <= seen);
    const weight = some => some.reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000;
    return [seen, weight(all), weight(all.filter(one => /\\/fonts\\/[^/]*woff2/.test(one.name)))];
}"""


def say(what: str, found: float, below: float | None = None, unit: str = "ms") -> None:
    aim = "" if below is None else f"below {below:g}"
    print(f"{what:58} {found:9.3g} {unit:3} {aim}", flush=True)


def measure_page(context: object, book: BuiltBook, address: str, name: str) -> None:
    moved, seen = [], []
    for hidden in ([], ["**/fonts/*.woff2"]):
        page = context.new_page()
        for pattern in hidden:
            page.route(pattern, lambda route: route.abort())
        page.add_init_script(f"({OBSERVE})()")
        settle(page, address + name)
        page.wait_for_load_state("networkidle")
        moved.append(page.evaluate("window.moved"))
        seen.append(page.evaluate(FIRST))
        page.close()
    say(f"{name}: first picture", seen[0][0])
    say(f"{name}: came before it", seen[0][1], unit="kB")
    say(f"{name}: letters of the book among that", seen[0][2], unit="kB")
    say(f"{name}: layout shift", moved[0], unit="")
    say(f"{name}: layout shift without the book's letters", moved[1], unit="")


def measure_explorers(context: object, book: BuiltBook, address: str) -> None:
    name = with_explorers(book)[0]
    ready, deaf = [], []
    for _ in range(5):
        page = context.new_page()
        page.add_init_script(f"({OBSERVE})()")
        page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ ({WAKE})() }});")
        page.goto(address + name)
        ready.append(page.evaluate(WAKE))
        page.close()
        page = context.new_page()
        settle(page, address + name)
        page.wait_for_load_state("networkidle")
        page.evaluate(OBSERVE)
        page.evaluate("window.deaf = 0")
        page.evaluate(WAKE)
        page.wait_for_timeout(200)  # what was long is told late
        deaf.append(page.evaluate("window.deaf"))
        handle = explorers(page)[0].element_handle()
        flips = [page.evaluate(FLIP, handle) for _ in range(20)]
        page.close()
    say(f"{name}: all explorers ready", min(ready), 2000)
    say(f"{name}: longest task while unpacking (0: none of 50)", min(deaf), 50)
    say(f"{name}: a control, to the picture", min(flips), 50)


def measure_laboratory(context: object, address: str) -> None:
    for state, below, count in (("share=0.15", 50, 12), (HEAVY, 300, 6)):
        page = context.new_page()
        page.goto(f"{address}book/laboratory.html#{state}")
        page.wait_for_function(SETTLED)
        found = page.evaluate(MOVES, count)
        say(f"laboratory, {state}: a move, to the answer", min(found["taken"]), below)
        say(f"laboratory, {state}: longest deaf meanwhile", min(found["deaf"]), 50)
        page.close()
    page = context.new_page()
    page.add_script_tag(path=str(SOURCE))
    page.evaluate(HELPERS)
    problem = sparse_regression(40, 100, 5)
    step_sizes = [0.5 * critical_step_size(problem), 0.5 * critical_step_size(problem, 1)]
    taken = [page.evaluate(ANSWER, step_sizes)["taken"] for _ in range(30)]
    say("the engine alone, data to limits", min(taken), 50)
    page.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("html", type=Path, help="the folder of the built pages")
    html = parser.parse_args().html.resolve()
    if not (html / "book" / "index.html").exists():
        parser.error(f"there is no built book in {html}")
    book = BuiltBook(html, 0, "")
    handler = functools.partial(_Quiet, directory=html)
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for name in ("book/index.html", "book/gain.html", "book/glossary.html"):
            context = chromium.new_context(viewport={"width": 1280, "height": 900})
            measure_page(context, book, address, name)
            context.close()
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        measure_explorers(context, book, address)
        measure_laboratory(context, address)
        chromium.close()
        server.shutdown()


if __name__ == "__main__":
    main()
