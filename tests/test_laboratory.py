"""The laboratory: its numbers are lib's, its moves are quick, and nothing typed can break it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from docutils import nodes
from sphinx.application import Sphinx

from lib import critical_step_size, min_l1, min_l2, min_potential, sparse_regression, train
from tests.conftest import ROOT, BuiltBook

PAGE = "book/laboratory.html"
SCRIPTS = ("engine.js", "bench.js", "chart.js", "laboratory.js")
SETTLED = "() => document.getElementById('laboratory').dataset.state === 'settled'"
NUMBERS = "() => document.getElementById('laboratory').numbers"
SMALL = "N=20&d=30&s=3&seed=1&order=1"
CLOSE = {"rtol": 1e-8, "atol": 1e-8}


class Laboratory:
    """The page in a browser, silent or the test fails."""

    def __init__(self, context: object, address: str) -> None:
        self.page = context.new_page()
        self.address = address
        self.noise: list[str] = []
        self.page.on("console", lambda message: self.noise.append(message.text))
        self.page.on("pageerror", lambda error: self.noise.append(str(error)))

    def open(self, hash_: str = "") -> Laboratory:
        self.page.goto("about:blank")
        self.page.goto(self.address + (f"#{hash_}" if hash_ else ""))
        return self.settle()

    def settle(self) -> Laboratory:
        self.page.wait_for_function(SETTLED)
        return self

    @property
    def numbers(self) -> dict:
        return self.page.evaluate(NUMBERS)

    def field(self, name: str) -> object:
        return self.page.locator(f"#lab-{name}")

    def word(self, name: str) -> str:
        """What a screen reader says of the field beside its name."""
        if self.field(name).get_attribute("aria-invalid") != "true":
            return ""
        place = self.page.locator(f"#{self.field(name).get_attribute('aria-describedby')}")
        assert place.is_visible()
        return place.inner_text()

    def cell(self) -> str:
        self.page.locator("#lab-python").click()
        text = self.page.locator("#lab-cell pre").inner_text()
        self.page.locator("#lab-python").click()
        return text


@pytest.fixture
def context(browser: object) -> Iterator[object]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def laboratory(context: object, book_address: str) -> Iterator[Laboratory]:
    laboratory = Laboratory(context, book_address + PAGE)
    yield laboratory
    assert laboratory.noise == []


# ——— The numbers ———


def error(w, problem):
    return np.linalg.norm(w - problem.w_star) / np.linalg.norm(problem.w_star)


@pytest.mark.parametrize(
    ("seed", "noise", "batch", "share"), [(6, 0, 1, 0.2), (2, 0.3, 7, 0.6), (0, 0, 40, 1.2)]
)
def test_the_numbers_are_those_of_the_simulator(laboratory, seed, noise, batch, share):
    laboratory.open(f"seed={seed}&noise={noise}&b={batch}&share={share}&order=3")
    problem = sparse_regression(40, 100, 5, seed=seed, noise=noise)
    gamma = share * critical_step_size(problem)
    numbers = laboratory.numbers
    for name, size in (("gd", None), ("sgd", batch)):
        run = train(problem, 0.1, gamma, size, seed=3, tol=1e-12, max_steps=200_000)
        seen = numbers[name]
        assert (seen["status"], seen["steps"]) == (run.status, run.steps)
        assert seen["error"] == pytest.approx(error(run.w, problem), rel=1e-8)
        on = problem.w_star != 0
        assert seen["gain_on"] == pytest.approx(run.gain[on].mean(), rel=1e-8)
        assert seen["gain_off"] == pytest.approx(run.gain[~on].mean(), rel=1e-8)
        limit = min_potential(problem, run.effective_alpha, run.start)
        distance = np.linalg.norm(run.w - limit) / np.linalg.norm(limit)
        assert seen["distance"] == pytest.approx(distance, abs=1e-10)
        assert distance < 1e-4  # the theorem, on the screen
    flow = min_potential(problem, 0.1)
    assert numbers["flow"]["error"] == pytest.approx(error(flow, problem), rel=1e-8)
    least = laboratory.page.locator(".lab-least").all_inner_texts()
    assert f"least possible: {np.abs(min_l1(problem)).sum():.3g}" in least[4]
    assert f"least possible: {np.linalg.norm(min_l2(problem)):.3g}" in least[5]


def test_the_table_shows_the_numbers_and_the_sentence_tells_them(laboratory):
    laboratory.open()
    numbers = laboratory.numbers
    for place in laboratory.page.locator(".lab-table data").all():
        who, name = place.get_attribute("data-who"), place.get_attribute("data-name")
        held = numbers[who].get(name)
        value = place.get_attribute("value")
        if isinstance(held, int | float):
            assert float(value) == held
        else:
            assert value == (held or "")
        shown = place.inner_text().replace("\u202f", "")
        if isinstance(held, float) and 0.01 < held < 100:
            assert float(shown) == pytest.approx(held, rel=6e-3)
    sentence = laboratory.page.locator(".lab-readout[aria-live=polite]")
    laboratory.page.wait_for_function("document.querySelector('.lab-readout').textContent")
    text = sentence.inner_text()
    for who in ("gd", "sgd"):
        assert f"{numbers[who]['error']:.2g}" in text
        assert str(numbers[who]["steps"]) in text


@pytest.mark.parametrize(
    "state",
    [
        "",
        "noise=0.5&alpha=0.01&share=0.15&seed=1&b=3",
        "gamma=0.017&b=5&alpha=0.3&tol=1e-25",
        "share=1.9&b=1",
        "share=0.1&steps=300",
        f"{SMALL}&share=0.5&b=20",
        "N=12&d=12&s=12&noise=0.1&share=0.02&tol=1e-5",
    ],
)
def test_the_python_cell_repeats_the_screen(laboratory, state):
    page = laboratory.open(state).page
    text = laboratory.cell()
    assert page.evaluate("navigator.clipboard.readText()") == text
    assert max(map(len, text.splitlines())) <= 79
    made: dict = {}
    exec(compile(text, "cell", "exec"), made)
    seen = laboratory.numbers
    for who, name in (("gd", "GD"), ("sgd", "SGD")):
        again = made["numbers"][name]
        assert again["status"] == seen[who]["status"]
        assert again["steps"] == seen[who]["steps"]
        assert set(seen[who]) == set(again)
        for quantity in set(again) - {"status", "steps"}:
            held = seen[who][quantity]
            np.testing.assert_allclose(held, again[quantity], **CLOSE, err_msg=quantity)


# ——— Moves ———

# Milliseconds to the answer of each move, the longest the page was deaf in it, and what the same
# computation takes on this page when nothing else is asked of it.
MOVES = """async count => {
    const root = document.getElementById("laboratory");
    const slider = document.getElementById("lab-share-slider");
    const found = { taken: [], deaf: [], computed: [] };
    for (let k = 0; k < count; k++) {
        let deaf = 0;
        const [before, picture] = [root.dataset.answer, document.querySelector(".line").outerHTML];
        let last = performance.now();
        const watch = setInterval(() => {
            deaf = Math.max(deaf, performance.now() - last);
            last = performance.now();
        }, 1);
        const start = performance.now();
        slider.value = Number(slider.value) + (k % 2 ? 1 : -1);
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise(done => new MutationObserver((_, observer) => {
            if (root.dataset.answer === before) return;
            observer.disconnect();
            done();
        }).observe(root, { attributes: true }));
        found.taken.push(performance.now() - start);
        clearInterval(watch);
        found.deaf.push(deaf);
        if (document.querySelector(".line").outerHTML === picture) throw new Error("no new picture");
        while (root.dataset.state !== "settled") await new Promise(then => setTimeout(then, 5));
        found.computed.push(alone());
    }
    return found;

    function alone() {
        const field = name => Number(document.getElementById(`lab-${name}`).value);
        const start = performance.now(), engine = makeEngine();
        const problem = engine.sparseRegression({
            nSamples: field("N"), dim: field("d"), sparsity: field("s"), seed: field("seed"),
        });
        const stepSize = field("share") * engine.criticalStepSize(problem);
        engine.minPotential(problem, { alpha: field("alpha"), start: 0 });
        for (const batchSize of [null, field("b")]) {
            const run = engine.startRun(problem, {
                alpha: field("alpha"), stepSize, batchSize, seed: field("order"),
                maxSteps: field("steps"), tol: field("tol"),
            });
            run.advance();
            engine.minPotential(problem, { alpha: run.effectiveAlpha, start: run.start });
        }
        return performance.now() - start;
    }
}"""
HEAVY = "N=100&d=400&s=5&share=0.1"


def test_a_move_costs_its_computation_and_the_page_stays_awake(laboratory):
    """Ratios of what is timed side by side; the milliseconds are for the benchmark of the pages."""
    laboratory.open(HEAVY)
    found = laboratory.page.evaluate(MOVES, 6)
    assert laboratory.numbers["gd"]["status"] == laboratory.numbers["sgd"]["status"] == "converged"
    assert min(found["taken"]) < 3 * min(found["computed"]), found
    shares = [deaf / taken for deaf, taken in zip(found["deaf"], found["taken"], strict=True)]
    assert min(shares) < 0.5, found


def test_the_page_itself_computes_nothing(laboratory):
    """Two workers do, one for each algorithm: the page has its hands free for the reader."""
    workers = []
    laboratory.page.on("worker", lambda worker: workers.append(worker))
    laboratory.open(SMALL)
    laboratory.page.evaluate(
        "() => { const own = makeEngine; window.made = 0;"
        " window.makeEngine = () => { window.made += 1; return own(); }; }"
    )
    laboratory.page.locator("#lab-share-slider").press("ArrowRight")
    laboratory.settle()
    assert len(workers) == 2
    assert laboratory.page.evaluate("window.made") == 0


def test_both_fields_of_the_step_size_are_one(laboratory):
    laboratory.open()
    unit = critical_step_size(sparse_regression(40, 100, 5, seed=6))
    laboratory.field("gamma").fill("0.1")
    laboratory.settle()
    assert float(laboratory.field("share").input_value()) == pytest.approx(0.1 / unit, rel=1e-3)
    laboratory.field("share").fill("0.5")
    laboratory.settle()
    assert float(laboratory.field("gamma").input_value()) == pytest.approx(unit / 2, rel=1e-3)
    # New data: what was set last is kept, and the other follows.
    laboratory.field("seed").fill("3")
    laboratory.settle()
    unit = critical_step_size(sparse_regression(40, 100, 5, seed=3))
    assert laboratory.field("share").input_value() == "0.5"
    assert float(laboratory.field("gamma").input_value()) == pytest.approx(unit / 2, rel=1e-3)


def test_every_control_makes_a_new_experiment_by_keyboard(laboratory):
    page = laboratory.open(SMALL + "&share=0.1").page
    page.locator(".lab-ends summary").press("Enter")
    names = page.locator(".lab-row").evaluate_all("rows => rows.map(row => row.dataset.name)")
    assert len(names) == 12
    for name in names:
        before = laboratory.numbers
        slider = page.locator(f"#lab-{name}-slider")
        if slider.count():
            slider.press("ArrowRight")
            assert slider.get_attribute("aria-valuetext") == laboratory.field(name).input_value()
        elif page.locator(f".lab-row[data-name={name}] button").count():
            page.locator(f".lab-row[data-name={name}] button").last.press("Space")
        else:
            laboratory.field(name).fill({"gamma": "0.01", "tol": "0.001", "steps": "150"}[name])
        laboratory.settle()
        assert laboratory.numbers != before, name
        assert laboratory.word(name) == ""


def test_a_long_run_shows_how_far_it_is_and_can_be_stopped(laboratory):
    page = laboratory.page
    page.goto(laboratory.address + "#N=150&d=900&alpha=0.001&share=0.01&steps=10000000&tol=1e-26")
    status = page.locator(".lab-run").first
    page.wait_for_function("/at step/.test(document.querySelector('.lab-run').textContent)")
    seen = status.inner_text()
    page.wait_for_function(
        "seen => document.querySelector('.lab-run').textContent !== seen", arg=seen
    )
    drawn = page.locator(".chart-picture").first.get_attribute("aria-label")
    assert "running" in drawn
    page.locator("#lab-stop").click()
    laboratory.settle()
    assert "stopped by you" in status.inner_text()
    assert page.locator("#lab-stop").is_disabled()
    numbers = laboratory.numbers
    assert numbers["gd"]["status"] == "stopped"
    assert 0 < numbers["gd"]["steps"] < 10_000_000
    assert f"max_steps={numbers['gd']['steps']}" in laboratory.cell()


# ——— Nonsense ———


NONSENSE = [
    ("N", "0"),
    ("N", "2.5"),
    ("N", "101"),
    ("N", "1000"),
    ("d", "0"),
    ("d", "-100"),
    ("d", "5000"),
    ("s", "0"),
    ("s", "101"),
    ("noise", "-1"),
    ("seed", "-1"),
    ("seed", "1e400"),
    ("alpha", "0"),
    ("alpha", "1e400"),
    ("alpha", "NaN"),
    ("share", "0"),
    ("share", ""),
    ("gamma", "1e9"),
    ("gamma", "<img src=x onerror=alert(1)>"),
    ("b", "41"),
    ("b", "0x10"),
    ("order", "1e3.5"),
    ("tol", "0"),
    ("steps", "Infinity"),
    ("steps", "pasted text, " * 20),
]


def test_nonsense_gets_a_word_and_changes_nothing(laboratory):
    page = laboratory.open("seed=1").page
    page.locator(".lab-ends summary").click()
    before = laboratory.numbers
    for name, text in NONSENSE:
        kept = laboratory.field(name).input_value()
        laboratory.field(name).fill(text)
        assert "must be" in laboratory.word(name), (name, text)
        assert page.locator(".lab-notice").is_visible()
        assert page.locator(".lab-notice img").count() == 0
        assert laboratory.numbers == before, (name, text)
        if name == "gamma":  # its field shows fewer digits than it has
            name, kept = "share", "0.2"
        laboratory.field(name).fill(kept)
        laboratory.settle()
        assert page.locator("[aria-invalid]").count() == 0
        assert not page.locator(".lab-notice").is_visible()
        assert laboratory.numbers == before, (name, text)


def test_numbers_that_clash_get_a_word_where_they_do(laboratory):
    page = laboratory.open().page
    laboratory.field("b").fill("30")
    laboratory.settle()
    laboratory.field("N").fill("20")  # in order by itself, but less than the batch
    assert laboratory.word("b") == "b must be at most N = 20."
    assert "Not run" in page.locator(".lab-notice").inner_text()
    laboratory.field("b").fill("20")
    laboratory.settle()
    assert laboratory.word("b") == ""
    assert laboratory.numbers["gd"]["error"] == laboratory.numbers["sgd"]["error"]  # b = N is GD
    laboratory.field("d").fill("2000")
    laboratory.field("N").fill("300")
    assert "N · d must be at most" in laboratory.word("d")


HOSTILE = [
    "N=0",
    "N=1e999&d=-5",
    "d=5000&N=1000",
    "gamma=1e9",
    "alpha=<script>alert(1)</script>",
    "share=%E0%A4%A",
    "preset-nothing",
    "preset=__proto__",
    "constructor=1&toString=2",
    "over=nothing&b=41",
    "=" * 2000,
    "&".join(f"x{k}=1" for k in range(500)),
]


def test_a_hostile_address_is_refused_with_a_word(laboratory):
    for hash_ in HOSTILE:
        page = laboratory.open(hash_).page
        assert "refused" in page.locator(".lab-notice").inner_text(), hash_
        assert page.locator(".lab-notice *").count() == 0, hash_
        assert laboratory.numbers["gd"]["status"] == "converged", hash_
        assert page.locator("#lab-N").input_value() == "40", hash_


@pytest.mark.parametrize("state", ["share=50", "gamma=900&b=1", "alpha=100&share=1", "alpha=1e-6"])
def test_extreme_runs_end_and_are_told_apart(laboratory, state):
    laboratory.open(state + "&steps=3000")
    for who in ("gd", "sgd"):
        assert laboratory.numbers[who]["status"] in ("stopped", "diverged")
    text = laboratory.page.locator(".lab-status").inner_text()
    assert ("not converged" in text) or ("diverged" in text)
    assert "NaN" not in laboratory.page.locator(".lab-table").inner_text()


# ——— The address and the presets ———


def test_the_address_follows_and_survives(laboratory):
    page = laboratory.open().page
    length = page.evaluate("history.length")
    for name, value in (("d", "80"), ("alpha", "0.05"), ("gamma", "0.03"), ("b", "4")):
        laboratory.field(name).fill(value)
    page.get_by_role("radio", name="error").check()
    page.wait_for_function("/d=80&.*alpha=0.05&gamma=0.03&b=4&.*over=error/.test(location.hash)")
    assert page.evaluate("history.length") == length
    laboratory.settle()
    before = laboratory.numbers
    page.reload()
    laboratory.settle()
    assert laboratory.numbers == before
    assert page.get_by_role("radio", name="error").is_checked()
    page.locator("#lab-link").click()
    page.wait_for_function("document.getElementById('lab-said').textContent === 'Copied.'")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def presets() -> list[str]:
    text = (ROOT / "book" / "laboratory.md").read_text(encoding="utf-8")
    return re.findall(r"\{preset\} (\S+)", text)


def test_presets_open_and_are_told_of(laboratory):
    page = laboratory.open().page
    chips = page.locator(".lab-chip")
    assert chips.evaluate_all("all => all.map(chip => chip.dataset.name)") == presets()
    for name in presets():
        chip = page.locator(f".lab-chip[data-name={name}]")
        chip.press("Enter")
        laboratory.settle()
        assert chip.get_attribute("aria-pressed") == "true"
        assert page.locator(".lab-chip[aria-pressed=true]").count() == 1
        shown = page.locator(".lab-preset-text:visible")
        assert shown.count() == 1
        sentences = re.findall(r"[.:](?:\s|$)", shown.inner_text())
        assert 2 <= len(sentences) <= 5, name
        assert re.fullmatch(r"\w+\.html", shown.locator("a").last.get_attribute("href")), name
        page.wait_for_function("name => location.hash === `#preset-${name}`", arg=name)
    # A move away lets go of the button, and keeps the text.
    page.locator("#lab-share-slider").press("ArrowLeft")
    assert page.locator(".lab-chip[aria-pressed=true]").count() == 0
    assert page.locator(".lab-preset-text:visible").count() == 1


def test_presets_show_what_they_say(laboratory):
    """Each phenomenon that a text promises, in the numbers of the page."""
    seen = {name: laboratory.open(f"preset-{name}").numbers for name in presets()}

    def of(name, who, quantity):
        return seen[name][who][quantity]

    def errors(name):
        return [of(name, who, "error") for who in ("gd", "sgd", "flow")]

    gd, sgd, flow = errors("larger-steps")
    assert sgd < 0.4 * flow < flow < gd
    least = np.linalg.norm(min_l2(sparse_regression(40, 100, 5, seed=6)))
    for who in ("gd", "sgd", "flow"):
        assert of("kernel", who, "l2") == pytest.approx(least, rel=1e-3)
        assert of("kernel", who, "gain_on") < 1e-3
        assert of("rich", who, "error") < 0.02
        assert of("few-samples", who, "error") > 0.5
    small = errors("small-steps")
    assert max(small) < 1.03 * min(small)
    for who in ("gd", "sgd"):
        assert of("theorem", who, "distance") < 1e-11
        assert of("stopped", who, "status") == "stopped"
    on, off = (of("gain-shape", "gd", f"gain_{where}") for where in ("on", "off"))
    assert on > 5 * off
    on, off = (of("gain-shape", "sgd", f"gain_{where}") for where in ("on", "off"))
    assert on < 1.5 * off
    gd, sgd, flow = errors("gd-worse")
    assert min(gd, sgd) > 2 * flow
    gd, sgd, flow = errors("sgd-better")
    assert sgd < 0.1 * flow < 0.11 * gd
    assert of("edge", "gd", "sharpness") == pytest.approx(1, abs=0.01)
    assert of("band", "sgd", "status") == "diverged"

    # The batch seeds on either side of the diverging one converge.
    for order in (0, 2):
        other = laboratory.open(f"share=0.29&seed=5&order={order}").numbers
        assert other["sgd"]["status"] == "converged"
    # 60 steps: the limit foretold is nearer to the end of the run than the iterate is.
    problem = sparse_regression(40, 100, 5, seed=6)
    gamma = 0.2 * critical_step_size(problem)
    for size in (None, 1):
        early = train(problem, 0.1, gamma, size, seed=6, max_steps=60)
        end = train(problem, 0.1, gamma, size, seed=6, tol=1e-12).w
        foretold = min_potential(problem, early.effective_alpha, early.start)
        assert np.linalg.norm(foretold - end) < 0.2 * np.linalg.norm(early.w - end)
    # With noise the error was smaller on the way.
    drawn = laboratory.open("preset-noise").page.evaluate(
        "() => [...document.querySelectorAll('.chart-picture')][2].getAttribute('aria-label')"
    )
    assert drawn.startswith("error over steps")
    problem = sparse_regression(40, 100, 5, seed=1, noise=0.5)
    run = train(problem, 0.01, 0.15 * critical_step_size(problem), tol=1e-12)
    assert min(error(w, problem) for w in run.history.w) < 0.7 * error(run.w, problem)


# ——— Sweeps ———


def swept(laboratory: Laboratory, state: str, sets: int) -> object:
    page = laboratory.open(state).page
    page.locator("#lab-sets").fill(str(sets))
    page.locator("#lab-sweep").click()
    page.wait_for_function("document.getElementById('laboratory').dataset.sweep === 'settled'")
    return page


def test_a_sweep_is_what_its_runs_are(laboratory):
    page = swept(laboratory, f"{SMALL}&alpha=0.1&steps=20000", 3)
    said = page.locator(".lab-sweep-charts .chart-choices").first.locator("button")
    labels = said.evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")
    assert len(labels) == 2 * 20
    kinds = {"gd": None, "sgd": 1}
    for who, batch in kinds.items():
        for label in [one for one in labels if one.startswith(who.upper())][2::5]:
            share = float(re.search(r"at (\S+) γ_c", label)[1])
            ended, found = {"converged": 0, "stopped": 0, "diverged": 0}, []
            for seed in (1, 2, 3):
                problem = sparse_regression(20, 30, 3, seed=seed)
                gamma = share * critical_step_size(problem)
                run = train(problem, 0.1, gamma, batch, seed, tol=1e-12, max_steps=20_000)
                ended[run.status] += 1
                if run.status == "converged":
                    found.append(error(run.w, problem))
            counts = (
                f"{ended['converged']} of 3 converge, {ended['stopped']} are stopped, "
                f"{ended['diverged']} diverge"
            )
            assert counts in label
            if found:
                median = float(re.search(r"median ([\d.]+)", label)[1])
                assert median == pytest.approx(np.median(found), rel=0.06)
    ends = page.locator(".lab-sweep-charts .chart-picture").last.get_attribute("aria-label")
    assert re.search(r"SGD begins to at 0\.\d+ γ_c", ends)


def test_a_point_of_the_sweep_opens_its_run(laboratory):
    page = swept(laboratory, f"{SMALL}&share=0.1&steps=20000", 3)
    group = page.locator(".lab-sweep-charts .chart-choices").first
    point = group.locator("button[aria-label^='SGD'][aria-label*='median']").last
    label = point.get_attribute("aria-label")
    median = float(re.search(r"median ([\d.]+)", label)[1])
    share, data_set = re.search(r"at (\S+) γ_c.*data set (\d+)", label).groups()
    point.click()
    laboratory.settle()
    assert laboratory.field("share").input_value() == share
    assert laboratory.field("seed").input_value() == data_set
    assert laboratory.numbers["sgd"]["error"] == pytest.approx(median, rel=0.06)
    # One that diverges, by keyboard alone.
    group.locator("button[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    assert "0 of 3 converge" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    laboratory.settle()
    assert laboratory.numbers["sgd"]["status"] == "diverged"
    assert page.evaluate("document.activeElement.id") == "lab-share"


def test_a_sweep_fills_in_and_can_be_stopped(laboratory):
    page = laboratory.open("N=60&d=200").page
    page.locator("#lab-sets").fill("51")
    page.locator("#lab-sweep").click()
    counted = "() => document.querySelectorAll('.lab-sweep-charts .chart-choices button').length"
    page.wait_for_function(f"({counted})() > 3")
    first = page.evaluate(counted)
    page.wait_for_function(f"first => ({counted})() > first", arg=first)
    page.locator("#lab-sweep").click()
    page.wait_for_function("document.getElementById('laboratory').dataset.sweep === 'settled'")
    assert "Stopped after" in page.locator(".lab-sweep-said").inner_text()
    assert page.locator("#lab-sweep").inner_text() == "Sweep"
    for text in ("0", "52", "1e3", "", "ten"):
        page.locator("#lab-sets").fill(text)
        assert "must be a whole number from 1 to 51" in laboratory.word("sets")
        page.locator("#lab-sweep").click()
        assert page.locator("#lab-sweep").inner_text() == "Sweep"


# ——— Everywhere ———


def test_it_works_without_workers(context, laboratory):
    with_workers = laboratory.open(SMALL).numbers
    context.add_init_script("delete window.Worker")
    page = swept(laboratory, f"{SMALL}&steps=2000", 1)
    assert page.evaluate("typeof Worker") == "undefined"
    assert laboratory.open(SMALL).numbers == with_workers


def test_it_works_from_a_file(context, built_book: BuiltBook):
    here = Laboratory(context, (built_book.html / PAGE).as_uri())
    asked = []
    here.page.on("request", lambda request: asked.append(request.url))
    assert here.open(SMALL).numbers["gd"]["status"] == "converged"
    here.field("share").fill("0.25")
    here.page.wait_for_function("/share=0.25/.test(location.hash)")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_bars_a_reader_at_any_width(browser, book_address, width):
    for scheme in ("light", "dark"):
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce"
        )
        here = Laboratory(context, book_address + PAGE)
        page = swept(here, f"{SMALL}&steps=2000", 1)
        page.locator(".lab-ends summary").click()
        page.locator("#lab-python").click()
        laboratory_wide = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll(
                    ".bd-article, .laboratory, .lab-view, .lab-controls, .chart")]
                .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.className)"""
        )
        assert laboratory_wide == []
        here.field("alpha").fill("no number")
        assert here.noise == []
        found = Axe().run(page, context={"include": [["main"]]}).response["violations"]
        grave = [
            (one["id"], [node["html"][:160] for node in one["nodes"]])
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert grave == []
        context.close()


def test_on_a_phone_the_dials_stay_with_the_pictures(browser, book_address):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    here = Laboratory(context, book_address + PAGE).open(SMALL)
    for k in range(4):
        chart = here.page.locator(".lab-view .chart").nth(k)
        chart.evaluate("chart => scrollTo(0, chart.getBoundingClientRect().top + scrollY - 300)")
        dial, picture = here.page.locator("#lab-share-slider").bounding_box(), chart.bounding_box()
        assert dial["y"] > 50
        assert dial["y"] + dial["height"] < picture["y"]
        assert picture["y"] + picture["height"] < 844
    context.close()


def test_the_sentence_waits_until_the_reader_rests(laboratory):
    page = laboratory.open().page
    page.wait_for_function("document.querySelector('.lab-readout').textContent")
    changes = page.evaluate(
        """async () => {
            const place = document.querySelector(".lab-readout");
            const slider = document.getElementById("lab-share-slider");
            let count = 0;
            new MutationObserver(() => count++).observe(place, { childList: true });
            for (let k = 0; k < 12; k++) {
                slider.value = Number(slider.value) - 1;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                await new Promise(then => setTimeout(then, 40));
            }
            await new Promise(then => setTimeout(then, 1500));
            return count;
        }"""
    )
    assert 1 <= changes <= 3


def test_pictures_are_told_in_words_with_numbers(laboratory):
    for state in ("", "share=2.4", "share=3&b=40", "s=100", "N=1&d=1&s=1", "over=l1"):
        page = laboratory.open(state).page
        texts = page.locator(".lab-view .chart-picture[role=img]").evaluate_all(
            "all => all.map(one => one.getAttribute('aria-label'))"
        )
        assert len(texts) == 4
        for text in texts:
            assert re.search(r"\d|∞|diverged", text), text
            assert "NaN" not in text
            assert "undefined" not in text
            assert "<" not in text


def test_without_scripts_it_says_what_it_needs(browser, book_address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(book_address + PAGE)
    assert "needs JavaScript" in page.locator("#laboratory").inner_text()
    texts = page.locator(".lab-preset-text:visible")
    assert texts.count() == len(presets())
    assert page.locator("main input:visible, main .laboratory button:visible").count() == 0
    context.close()


def test_paper_shows_pictures_and_settings_without_handles(laboratory):
    page = laboratory.open().page
    page.emulate_media(media="print")
    assert page.locator(".chart-picture svg").first.is_visible()
    assert page.locator("#lab-N").is_visible()
    handles = ".lab-row input[type=range], .lab-chips, .lab-actions, .lab-steppers"
    assert not any(one.is_visible() for one in page.locator(handles).all())


def test_its_scripts_are_on_its_page_alone(built_book):
    for name in built_book.pages:
        text = (built_book.html / name).read_text(encoding="utf-8")
        found = [script in text for script in SCRIPTS]
        assert found == [name == PAGE] * len(SCRIPTS), name


# ——— Links ———


def test_chapters_and_landing_page_lead_here_and_back(built_book):
    laboratory = (built_book.html / PAGE).read_text(encoding="utf-8")
    names = [*(page.stem for page in sorted((ROOT / "book").glob("*.ipynb")))]
    for name in names:
        if name == "errata":
            continue
        text = (built_book.html / "book" / f"{name}.html").read_text(encoding="utf-8")
        targets = re.findall(r'href="laboratory\.html#([^"]+)"', text)
        assert targets, name
        for target in targets:
            if target.startswith("preset-"):
                assert f'id="{target}"' in laboratory, target
        if name != "index":
            assert f'href="{name}.html"' in laboratory, name


def test_links_from_the_chapters_are_taken_as_they_are(laboratory, built_book):
    targets = set()
    for page in built_book.pages:
        text = (built_book.html / page).read_text(encoding="utf-8")
        targets |= set(re.findall(r'href="laboratory\.html#([^"]+)"', text))
    for target in sorted(targets):
        laboratory.open(target.replace("&amp;", "&"))
        assert not laboratory.page.locator(".lab-notice").is_visible(), target


def test_a_link_to_no_preset_and_a_preset_that_is_none_are_told(tmp_path):
    (tmp_path / "conf.py").write_text(
        f"import sys; sys.path.insert(0, {str(ROOT / 'book' / '_ext')!r})\n"
        "extensions = ['myst_parser', 'laboratory_page']\n"
        # The default is one dictionary a process, to which every extension adds.
        "source_suffix = {'.md': 'markdown'}\n"
    )
    (tmp_path / "index.md").write_text(
        "# One\n\n```{preset} good\n:title: A & B\n:state: N=20&share=0.1\n\nLook.\n```\n\n"
        "{lab}`there <good>`, {lab}`so <N=3&d=4>`, {lab}`nowhere <bad>`\n\n"
        "```{preset} Bad\n:title: x\n:state: y\n\nLook.\n```\n"
    )
    warned = []
    app = Sphinx(*[str(tmp_path)] * 2, str(tmp_path / "out"), str(tmp_path / "tree"), "html",
                 status=None, warning=Warnings(warned))  # fmt: skip
    app.build()
    told = "".join(warned)
    assert "the laboratory has no preset 'bad'" in told
    assert "a preset needs a name of small letters and hyphens" in told
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert 'id="preset-good" data-name="good" data-state="N=20&amp;share=0.1"' in page
    assert re.findall(r'href="book/laboratory\.html#([^"]+)"', page) == [
        "preset-good",
        "N=3&amp;d=4",
        "bad",
    ]
    assert isinstance(app.env.get_doctree("index"), nodes.document)


class Warnings:
    """A stream that keeps what is written to it."""

    def __init__(self, kept: list[str]) -> None:
        self.kept = kept

    def write(self, text: str) -> None:
        self.kept.append(text)

    def flush(self) -> None:
        pass
