"""Plausible wrong answers to ``gd_against_sgd``, and the tests that each must lose."""

FIRST = """
def first_gradient(problem, batch_size):
    n, b = problem.n_samples, batch_size
    each = -problem.y[:, None] * problem.X
    share = (n - b) / (b * (n - 1))
    return each.mean(0) ** 2 + share * each.var(0)
"""

STABLE = """
def largest_stable(problem):
    size = np.abs(min_l1(problem))
    kernel = (problem.X * size) @ problem.X.T
    return problem.n_samples / np.linalg.eigvalsh(kernel)[-1]
"""

EDGE = """
def edge(problem, step_size, u, v):
    kernel = (problem.X * (u**2 + v**2)) @ problem.X.T / problem.n_samples
    return step_size * eigvalsh(kernel)[-1] / 2
"""

PAIRED = """
def paired(problems, alpha, share, batch_size):
    rows = np.full((len(problems), 2), np.nan)
    for k, p in enumerate(problems):
        run = train(
            p, alpha, share * critical_step_size(p), batch_size,
            seed=k, tol=1e-10, max_steps=300_000,
        )
        if run.status == "converged":
            rows[k] = error(run.w, p), flow_error(p, alpha)
    return rows
"""

VERDICT = """
def verdict(pairs):
    run, flow = pairs[np.isfinite(pairs).all(1)].T
    wins = int((run < flow).sum())
    return wins, len(run), binomtest(wins, len(run)).pvalue
"""

WINDOWED = """
def windowed(problem, alpha, step_size, samples, first, last):
    X, y = problem.X, problem.y
    plus, minus = np.full((2, problem.dim), alpha / np.sqrt(2))
    for t, i in enumerate(samples):
        noisy = first <= t < last
        rows, targets = (X[i : i + 1], y[i : i + 1]) if noisy else (X, y)
        residual = rows @ (plus**2 - minus**2) - targets
        x = step_size * (residual @ rows) / len(targets)
        plus, minus = plus * (1 - x), minus * (1 + x)
    return plus**2 - minus**2
"""

EXPERIMENT = """
def experiment(problems, seeds):
    rows = []
    for problem, seed in zip(problems, seeds, strict=True):
        own = seed
        unit = critical_step_size(problem)
        row = []
        for share in (0.1, 0.09, 0.03):
            run = train(
                problem, ALPHA, share * unit, 1, seed=own, tol=0, max_steps=1000
            )
            row.append(error(run.w, problem))
        rows.append(row)
    return np.array(rows)
"""


def but(code: str, *changes: tuple[str, str]) -> str:
    """The code with one thing wrong."""
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


def twin(line: str) -> dict[str, str]:
    return {"twin_step": f"def twin_step(step_size, batch_size, n_samples):\n    return {line}\n"}


# What is graded by hand below it cannot run without the columns that it is written for.
PROJECT = {"experiment_test", "project_figure", "project_check"}

WRONG = [
    (
        "batches with replacement",
        {"first_gradient": but(FIRST, ("(n - b) / (b * (n - 1))", "1 / b"))},
        {"first_gradient_test"},
    ),
    (
        "square of the mean for every batch size",
        {"first_gradient": but(FIRST, (" + share * each.var(0)", ""))},
        {"first_gradient_test"},
    ),
    (
        "sum over the batch, not its mean",
        {
            "first_gradient": but(
                FIRST,
                ("return each", "return b**2 / n**2 * (each"),
                ("each.var(0)", "each.var(0))"),
            )
        },
        {"first_gradient_test"},
    ),
    (
        "least l2 norm for least l1 norm",
        {
            "largest_stable": but(
                STABLE, ("min_l1(problem)", "np.linalg.pinv(problem.X) @ problem.y")
            )
        },
        {"largest_stable_test"},
    ),
    (
        "twice the sharpness, or half of it",
        {"largest_stable": but(STABLE, ("problem.n_samples /", "2 * problem.n_samples /"))},
        {"largest_stable_test"},
    ),
    (
        "looks at w_star",
        {"largest_stable": but(STABLE, ("min_l1(problem)", "problem.w_star"))},
        {"largest_stable_test"},
    ),
    (
        "the simulator's own, which believes w_star",
        {
            "largest_stable": "def largest_stable(problem):\n"
            "    return critical_step_size(problem)\n"
        },
        {"largest_stable_test"},
    ),
    (
        "edge without the half",
        {"edge": but(EDGE, ("[-1] / 2", "[-1]"))},
        {"edge_test"},
    ),
    (
        "sharpness of the loss of w",
        {"edge": but(EDGE, ("problem.X * (u**2 + v**2)", "problem.X"))},
        {"edge_test"},
    ),
    (
        "one layer only",
        {"edge": but(EDGE, ("u**2 + v**2", "u**2"))},
        {"edge_test"},
    ),
    (
        "one step size for all data sets",
        {"paired": but(PAIRED, ("critical_step_size(p)", "critical_step_size(problems[0])"))},
        {"paired_test"},
    ),
    (
        "GD for SGD",
        {"paired": but(PAIRED, ("batch_size,\n", "None,\n"))},
        {"paired_test"},
    ),
    (
        "runs that have not converged count",
        {"paired": but(PAIRED, ('run.status == "converged"', "True"))},
        {"paired_test"},
    ),
    (
        "one seed for all",
        {"paired": but(PAIRED, ("seed=k", "seed=0"))},
        {"paired_test"},
    ),
    (
        "wins of the flow",
        {"verdict": but(VERDICT, ("run < flow", "run > flow"))},
        {"verdict_test"},
    ),
    (
        "lost pairs counted",
        {"verdict": but(VERDICT, ("len(run)", "len(pairs)"))},
        {"verdict_test"},
    ),
    (
        "one-sided",
        {"verdict": but(VERDICT, (".pvalue", ".pvalue / 2"))},
        {"verdict_test"},
    ),
    ("twin: batch forgotten", twin("step_size * n_samples"), {"twin_step_test"}),
    ("twin: the wrong way round", twin("step_size * batch_size / n_samples"), {"twin_step_test"}),
    ("twin: the same step", twin("step_size"), {"twin_step_test"}),
    (
        "window the wrong way round",
        {"windowed": but(WINDOWED, ("if noisy", "if not noisy"))},
        {"windowed_test"},
    ),
    (
        "window one step too long",
        {"windowed": but(WINDOWED, ("t < last", "t <= last"))},
        {"windowed_test"},
    ),
    (
        "single samples divided by N",
        {"windowed": but(WINDOWED, ("len(targets)", "len(y)"))},
        {"windowed_test"},
    ),
    (
        "samples counted from the start of the window",
        {
            "windowed": but(
                WINDOWED,
                ("i : i + 1], y[i : i + 1", "(j := samples[t - first]) : j + 1], y[j : j + 1"),
            )
        },
        {"windowed_test"},
    ),
    (
        "no treatment",
        {"experiment": but(EXPERIMENT, ("(0.1, 0.09, 0.03)", "(0.1,)"))},
        PROJECT,
    ),
    (
        "treatment that is the baseline",
        {"experiment": but(EXPERIMENT, ("(0.1, 0.09, 0.03)", "(0.1, 0.1, 0.1)"))},
        {"experiment_test", "project_check"},
    ),
    (
        "one generator for all data sets",
        {
            "experiment": but(
                EXPERIMENT,
                ("    rows = []", "    rng = np.random.default_rng(seeds[0])\n    rows = []"),
                ("own = seed", "own = int(rng.integers(1000))"),
            )
        },
        {"experiment_test"},
    ),
    (
        "not to be repeated",
        {
            "experiment": but(
                EXPERIMENT, ("own = seed", "own = int(np.random.default_rng().integers(10**9))")
            )
        },
        {"experiment_test"},
    ),
]
