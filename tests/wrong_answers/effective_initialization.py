"""Plausible wrong answers to ``effective_initialization``, and the tests that each must lose."""

REPLAY = """
def replay(problem, alpha, step_sizes, batches):
    X, y = problem.X, problem.y
    plus, minus = np.full((2, problem.dim), alpha / np.sqrt(2))
    gain, phi = np.zeros((2, problem.dim))
    for step_size, batch in zip(step_sizes, batches, strict=True):
        rows = X[batch]
        residual = rows @ (plus**2 - minus**2) - y[batch]
        x = step_size * rows.T @ residual / len(batch)
        gain += q(x)
        phi += np.log(np.abs((1 - x) / (1 + x))) + 2 * x
        plus, minus = plus * (1 - x), minus * (1 + x)
    return plus**2 - minus**2, gain, phi
"""
RUN = {"replay_w_test", "replay_gain_test", "replay_phi_test"}

KNOWN = """
def known_from(problem, alpha, step_size, batch_size, within):
    history = recorded(problem, alpha, step_size, batch_size).history
    end = history.w[-1]
    forecasts = [
        min_potential(problem, scale, start)
        for scale, start in zip(history.effective_alpha, history.start, strict=True)
    ]
    first = []
    for guesses in (forecasts, history.w):
        bad = [distance(guess, end) > within for guess in guesses]
        last_bad = max(np.flatnonzero(bad), default=-1)
        first.append(int(history.step[last_bad + 1]))
    return tuple(first)
"""

FIRST = """
def first_step(problem, total):
    gradient = problem.X.T @ problem.y / problem.n_samples
    largest = (1 - 1e-15) / np.abs(gradient).max()
    return brentq(
        lambda step: q(step * gradient).sum() - total, 0, largest,
        xtol=1e-15 * largest, rtol=1e-14,
    )


def my_first_step():
    return first_step(problem, 8.0)
"""
FIRST_BOTH = {"first_step_test", "first_step_own_test"}


def but(code: str, *changes: tuple[str, str]) -> str:
    """The code with one thing wrong."""
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


def translate(alpha: str, step: str) -> dict[str, str]:
    return {"translate": f"def translate(n_samples, beta, eta):\n    return {alpha}, {step}\n"}


def cost(line: str) -> dict[str, str]:
    return {"q": f"def q(x):\n    x = np.asarray(x, dtype=float)\n    return {line}\n"}


def layers(line: str) -> dict[str, str]:
    return {"alpha_from_layers": f"def alpha_from_layers(u, v):\n    return {line}\n"}


def forecast(scale: str, start: str) -> dict[str, str]:
    return {
        "forecast": "def forecast(problem, alpha, gain, phi):\n"
        f"    scale = {scale}\n    return min_potential(problem, scale, {start})\n"
    }


WRONG = [
    ("alpha is beta", translate("beta", "4 * n_samples * eta"), {"translate_alpha_test"}),
    (
        "root of two on the wrong side",
        translate("beta / np.sqrt(2)", "4 * n_samples * eta"),
        {"translate_alpha_test"},
    ),
    (
        "chain rule of the square forgotten",
        translate("np.sqrt(2) * beta", "2 * n_samples * eta"),
        {"translate_step_test"},
    ),
    (
        "sum instead of mean forgotten",
        translate("np.sqrt(2) * beta", "4 * eta"),
        {"translate_step_test"},
    ),
    (
        "no absolute value",
        cost("-np.log1p(-(x**2))"),
        {"q_test", "replay_gain_test"},
    ),
    (
        "log of 1 - x only",
        cost("-np.log(np.abs(1 - x))"),
        {"q_test", "q_tiny_test", "replay_gain_test", *FIRST_BOTH},
    ),
    (
        "q of alpha, not of its square",
        cost("-0.5 * np.log(np.abs(1 - x**2))"),
        {"q_test", "q_tiny_test", "replay_gain_test", *FIRST_BOTH},
    ),
    (
        "digits of small steps lost",
        cost("-np.log(np.abs(1 - x**2))"),
        {"q_tiny_test"},
    ),
    (
        "starts at alpha, as on the slide",
        {"replay": but(REPLAY, ("alpha / np.sqrt(2)", "alpha"))},
        RUN,
    ),
    (
        "sum over the batch, not its mean",
        {"replay": but(REPLAY, (" / len(batch)", ""))},
        RUN,
    ),
    (
        "mean over all samples, not over the batch",
        {"replay": but(REPLAY, ("len(batch)", "len(y)"))},
        {"replay_w_test"},
    ),
    (
        "GD for SGD",
        {"replay": but(REPLAY, ("X[batch]", "X"), ("y[batch]", "y"), ("len(batch)", "len(y)"))},
        {"replay_w_test"},
    ),
    (
        "signs of the factors exchanged",
        {
            "replay": but(
                REPLAY, ("plus * (1 - x), minus * (1 + x)", "plus * (1 + x), minus * (1 - x)")
            )
        },
        RUN,
    ),
    (
        "sum inside of q, as on the slide",
        {"replay": but(REPLAY, ("gain += q(x)", "gain += x"), ("**2, gain,", "**2, q(gain),"))},
        {"replay_gain_test"},
    ),
    (
        "gain counted twice",
        {"replay": but(REPLAY, ("q(x)", "2 * q(x)"))},
        {"replay_gain_test"},
    ),
    (
        "phi without 2x",
        {"replay": but(REPLAY, (" + 2 * x\n", "\n"))},
        {"replay_phi_test"},
    ),
    (
        "phi with the other sign",
        {"replay": but(REPLAY, ("(1 - x) / (1 + x)", "(1 + x) / (1 - x)"), ("+ 2 * x", "- 2 * x"))},
        {"replay_phi_test"},
    ),
    (
        "no square root of exp(-gain)",
        forecast("alpha * np.exp(-gain)", "scale**2 * np.sinh(phi)"),
        {"forecast_test"},
    ),
    (
        "start dropped",
        forecast("alpha * np.exp(-gain / 2)", "0.0"),
        {"forecast_test"},
    ),
    (
        "start in units of alpha, not of its square",
        forecast("alpha * np.exp(-gain / 2)", "scale * np.sinh(phi)"),
        {"forecast_test"},
    ),
    (
        "positions for steps",
        {"known_from": but(KNOWN, ("int(history.step[last_bad + 1])", "int(last_bad + 1)"))},
        {"known_from_test"},
    ),
    (
        "last bad step, not the first good one",
        {
            "known_from": but(
                KNOWN, ("history.step[last_bad + 1]", "history.step[max(last_bad, 0)]")
            )
        },
        {"known_from_test"},
    ),
    (
        "forecast without its start",
        {
            "known_from": but(
                KNOWN, ("min_potential(problem, scale, start)", "min_potential(problem, scale)")
            )
        },
        {"known_from_test"},
    ),
    (
        "limit of the flow as the end",
        {"known_from": but(KNOWN, ("end = history.w[-1]", "end = min_potential(problem, alpha)"))},
        {"known_from_test"},
    ),
    ("half forgotten", layers("np.sqrt(np.abs(u**2 - v**2))"), {"alpha_from_layers_test"}),
    ("square of alpha", layers("np.abs(u**2 - v**2) / 2"), {"alpha_from_layers_test"}),
    ("product of the layers", layers("np.sqrt(2 * np.abs(u * v))"), {"alpha_from_layers_test"}),
    (
        "small-step formula for q",
        {
            "first_step": but(
                FIRST, ("q(step * gradient)", "((step * gradient) ** 2)"), (", largest,", ", 1e3,")
            )
        },
        FIRST_BOTH,
    ),
    (
        "gradient without 1/N",
        {"first_step": but(FIRST, (" / problem.n_samples", ""))},
        FIRST_BOTH,
    ),
    (
        "mean of the gain, not its sum",
        {"first_step": but(FIRST, (".sum()", ".mean()"))},
        FIRST_BOTH,
    ),
    (
        "a number copied from another student",
        {
            "first_step": but(
                FIRST,
                (
                    "first_step(problem, 8.0)",
                    "first_step(sparse_regression(20, 30, 3, "
                    'student_seed("somebody else", "effective_initialization")), 8.0)',
                ),
            )
        },
        {"first_step_own_test"},
    ),
    (
        "another total on the own data",
        {"first_step": but(FIRST, ("first_step(problem, 8.0)", "first_step(problem, 4.0)"))},
        {"first_step_own_test"},
    ),
]
