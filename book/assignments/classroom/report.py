"""What comes out: a table, a picture of the class, a page for each student."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
import mistune

from . import manual
from .course import Item, ProblemSet
from .grading import GRADED, write

OPEN, NOTHING = "not yet graded by hand", "not handed in"


def merge(
    results: Sequence[dict],
    by_hand: dict[tuple[str, str, str], tuple[float, str]],
) -> list[dict]:
    """The results with the points and comments that were given by hand."""
    merged = []
    for result in results:
        items = []
        for item in result["items"]:
            item = dict(item, comment="")
            key = (result["student"], item["id"], item.get("answer", ""))
            if item["score"] is None and key in by_hand:
                item["score"], item["comment"] = by_hand[key]
            items.append(item)
        merged.append(dict(result, items=items))
    return merged


def status(result: dict) -> str:
    """One word or two for the registrar."""
    if result["status"] != GRADED:
        return result["status"]
    if any(item["score"] is None for item in result["items"]):
        return OPEN
    return GRADED


def total(result: dict) -> float | None:
    """The sum, or None as long as a part of it is missing."""
    if status(result) != GRADED:
        return None
    return sum(item["score"] for item in result["items"])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def table(
    path: Path,
    problem_set: ProblemSet,
    results: Sequence[dict],
    roster: Sequence[str] = (),
) -> None:
    """grades.csv: student, points a task, total, of, status, note."""
    items = problem_set.items
    names = [item.id for item in items]
    columns = ["student", *names, "total", "of", "status", "note"]
    of = f"{problem_set.points:g}"
    rows = []
    for result in results:
        scores = {item["id"]: item["score"] for item in result["items"]}
        rows.append(
            {"student": result["student"], "of": of, "status": status(result)}
            | {name: _number(scores.get(name)) for name in names}
            | {
                "total": _number(total(result)),
                "note": "; ".join(result["notes"]),
            }
        )
    there = {result["student"] for result in results}
    rows += [
        {"student": student, "of": of, "status": NOTHING}
        for student in roster
        if student not in there
    ]
    rows.sort(key=lambda row: row["student"])
    write(path, manual.as_csv(columns, rows))


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ name }}: {{ result.student }}</title>
<style>
:root { color-scheme: light dark; --ink: #24282d; --paper: #fff;
  --soft: #5f6670; --line: #d9dce0; --good: #14694c; --bad: #a8391f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e6e9;
  --paper: #16181b; --soft: #a3a9b1; --line: #3a3f46; --good: #63c79f;
  --bad: #f0937c; } }
body { font: 1rem/1.55 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); max-width: 46rem; margin: 0 auto;
  padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin: 0 0 .3rem; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
.points { float: right; font-variant-numeric: tabular-nums;
  margin-left: 1rem; font-weight: 600; }
.full { color: var(--good); } .none { color: var(--bad); }
.soft { color: var(--soft); }
p { margin: .4rem 0; }
pre { white-space: pre-wrap; border-left: 3px solid var(--line);
  margin: .6rem 0; padding: .2rem .8rem; font-size: .9rem; }
blockquote { margin: .6rem 0; padding: .2rem .8rem;
  border-left: 3px solid var(--good); }
.total { font-size: 1.15rem; font-weight: 600; }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p>{{ result.student }}</p>
<p class="total">{% if total is not none -%}
{{ total }} of {{ of }} points{% else -%}
No total yet: {{ status }}.{% if sofar %} So far {{ sofar }} of {{ of }}
points.{% endif %}{% endif %}</p>
{% if result.notes %}<ul class="soft">
{% for note in result.notes %}<li>{{ note }}</li>
{% endfor %}</ul>
{% endif %}
{%- for item in result["items"] %}
<section>
<h2><span class="points {{ item.look }}">{{ item.shown }}</span>
{{ item.title }}</h2>
{% if item.manual %}<p class="soft">Written answer <code>{{ item.id }}</code>
</p>
{% if item.text %}<pre>{{ item.text }}</pre>
{% else %}<p>You left this answer empty.</p>
{% endif %}
{%- else %}<p class="soft">Tests <code>{{ item.id }}</code></p>
<p>{% if item.message %}{{ item.message }}{% else %}All passed.{% endif %}</p>
{% endif %}
{%- if item.comment %}<blockquote>{{ item.comment_html }}</blockquote>
{% endif %}</section>
{%- endfor %}
</main>
</body>
</html>
"""

_TEMPLATE = jinja2.Environment(autoescape=True).from_string(_PAGE)
# Raw HTML in a comment is shown as text, not run.
_MARKDOWN = mistune.create_markdown(escape=True)


def feedback(path: Path, problem_set: ProblemSet, result: dict) -> None:
    """A page with points, messages, answers and comments.

    It holds nothing that the submission's code has displayed: code that ran
    beside the hidden tests could have displayed those.
    """
    manual_items = {item.id for item in problem_set.items if item.manual}
    items = []
    for item in result["items"]:
        score, of = item["score"], item["of"]
        look = "full" if score == of else "none" if score == 0 else ""
        shown = "not yet graded" if score is None else f"{score:g} of {of:g}"
        message = item["message"]
        if message.startswith("NotImplementedError: write your code here"):
            message = "Not answered."
        items.append(
            item
            | {
                "manual": item["id"] in manual_items,
                "message": message,
                "look": look,
                "shown": shown,
                "comment_html": jinja2.utils.markupsafe.Markup(
                    _MARKDOWN(item.get("comment", ""))
                ),
            }
        )
    known = [item["score"] for item in items if item["score"] is not None]
    page = _TEMPLATE.render(
        name=problem_set.name,
        title=title(problem_set),
        result=dict(result, items=items),
        total=_number(total(result)) or None,
        status=status(result),
        sofar=_number(sum(known)) if known else None,
        of=f"{problem_set.points:g}",
    )
    write(path, page)


def title(problem_set: ProblemSet) -> str:
    """The first heading of the set."""
    for cell in problem_set.notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return cell.source.split("\n", 1)[0][2:].strip()
    return problem_set.name


def picture(
    folder: Path, problem_set: ProblemSet, results: Sequence[dict]
) -> bool:
    """class.svg and class.png: the hardest tasks on top, and the totals."""
    graded = [result for result in results if result["items"]]
    if not graded:
        return False
    shares = _shares(problem_set.items, graded)
    if not shares:
        return False
    shares.sort(key=lambda row: row[1])
    # Slow to load, and the other commands do without.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from lib.style import PALETTE, STYLE

    settings = STYLE | {
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "svg.hashsalt": "class",
    }
    with mpl.rc_context(settings):
        height = 1.1 + 0.3 * len(shares)
        figure = Figure(figsize=(9.5, max(height, 3.2)), layout="constrained")
        bars, sums = figure.subplots(1, 2, width_ratios=(3, 2))
        names = [item.id for item, *_ in shares]
        mean = [share for _, share, *_ in shares]
        bars.barh(names, mean, color=PALETTE["sgd"], height=0.62)
        for k, (_, share, full, count) in enumerate(shares):
            bars.text(
                share + 0.015,
                k,
                f"{share:.0%}  ({full} of {count} full)",
                va="center",
                color=PALETTE["muted"],
            )
        bars.set(
            xlim=(0, 1.32),
            xticks=[0, 0.5, 1],
            xticklabels=["0", "½", "all"],
            title="Share of the points that a task's answers got",
        )
        bars.invert_yaxis()
        bars.grid(visible=False, axis="y")
        final = [total(result) for result in graded]
        most = problem_set.points
        what = "Totals"
        if None in final:  # written answers are still to be read
            what = "Points of the tests alone"
            tests = [item for item in problem_set.items if not item.manual]
            most = sum(item.points for item in tests)
            names = {item.id for item in tests}
            final = [
                sum(
                    item["score"]
                    for item in result["items"]
                    if item["id"] in names
                )
                for result in graded
            ]
        edges = [k * most / 10 for k in range(11)]
        sums.hist(final, bins=edges, color=PALETTE["flow"], rwidth=0.92)
        sums.set(xlabel=f"points of {most:g}", ylabel="students", title=what)
        sums.yaxis.get_major_locator().set_params(integer=True)
        sums.grid(visible=False, axis="x")
        folder.mkdir(parents=True, exist_ok=True)
        for ending in ("svg", "png"):
            figure.savefig(
                folder / f"class.{ending}",
                dpi=150,
                metadata={"Date": None} if ending == "svg" else None,
            )
    return True


def _shares(
    items: Sequence[Item], graded: Sequence[dict]
) -> list[tuple[Item, float, int, int]]:
    """(task, mean share, how many full, of how many) where all are graded."""
    found = []
    for item in items:
        scores = [
            answer["score"]
            for result in graded
            for answer in result["items"]
            if answer["id"] == item.id and answer["score"] is not None
        ]
        if len(scores) == len(graded) and item.points:
            full = sum(score == item.points for score in scores)
            mean = sum(scores) / len(scores) / item.points
            found.append((item, mean, full, len(scores)))
    return found
