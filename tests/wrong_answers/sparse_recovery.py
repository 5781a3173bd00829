"""Plausible wrong answers to the problem set on sparse recovery, and the tests they must lose."""

NOT_SQUARED = """
def recovery_error(problem, w):
    return norm(w - problem.w_star) / norm(problem.w_star)
"""

NOT_RELATIVE = """
def recovery_error(problem, w):
    return np.sum((w - problem.w_star) ** 2)
"""

TRAINING_ERROR = """
def recovery_error(problem, w):
    return problem.loss(w) / problem.loss(np.zeros(problem.dim))
"""

SMALLEST_SCALE = """
def largest_alpha(problem, allowed, depth=2):
    return 1e-60
"""

EVEN_GRID = """
def largest_alpha(problem, allowed, depth=2):
    grid = np.linspace(1e-3, 3, 400)
    good = [
        a
        for a in grid
        if recovery_error(problem, min_potential(problem, alpha=a, depth=depth)) <= allowed
    ]
    return max(good, default=0.0)
"""

DEPTH_IGNORED = """
def largest_alpha(problem, allowed, depth=2):
    low, high = np.log(1e-60), np.log(3)
    while high - low > 0.005:
        middle = (low + high) / 2
        error = recovery_error(problem, min_potential(problem, alpha=np.exp(middle)))
        low, high = (middle, high) if error <= allowed else (low, middle)
    return np.exp(low)
"""

NEVER_ZERO = """
def largest_alpha(problem, allowed, depth=2):
    low, high = np.log(1e-60), np.log(3)
    while high - low > 0.005:
        middle = (low + high) / 2
        error = recovery_error(problem, min_potential(problem, alpha=np.exp(middle), depth=depth))
        low, high = (middle, high) if error <= allowed else (low, middle)
    return np.exp(low)
"""

ANOTHERS_SCALE = """
def largest_alpha(problem, allowed, depth=2):
    problem = data_of("my neighbour")
    low, high = np.log(1e-60), np.log(3)
    while high - low > 0.005:
        middle = (low + high) / 2
        error = recovery_error(problem, min_potential(problem, alpha=np.exp(middle), depth=depth))
        low, high = (middle, high) if error <= allowed else (low, middle)
    return np.exp(low)
"""

LEAST_SQUARES_CERTIFICATE = """
def exchange_rate(problem):
    on = problem.w_star != 0
    X, signs = problem.X, np.sign(problem.w_star[on])
    certificate = np.linalg.lstsq(X[:, on].T, signs)[0]
    return np.abs(X[:, ~on].T @ certificate).max()
"""

SIGNS_FORGOTTEN = """
def exchange_rate(problem):
    on = problem.w_star != 0
    support, others = problem.X[:, on].T, problem.X[:, ~on].T
    ones, zeros = np.ones((len(others), 1)), np.zeros((len(support), 1))
    found = linprog(
        np.append(np.zeros(problem.n_samples), 1),
        A_ub=np.block([[others, -ones], [-others, -ones]]),
        b_ub=np.zeros(2 * len(others)),
        A_eq=np.hstack([support, zeros]),
        b_eq=np.ones(len(support)),
        bounds=(None, None),
    )
    return found.fun
"""

ONE_SIDE_ONLY = """
def exchange_rate(problem):
    on = problem.w_star != 0
    support, others = problem.X[:, on].T, problem.X[:, ~on].T
    ones, zeros = np.ones((len(others), 1)), np.zeros((len(support), 1))
    found = linprog(
        np.append(np.zeros(problem.n_samples), 1),
        A_ub=np.hstack([others, -ones]),
        b_ub=np.zeros(len(others)),
        A_eq=np.hstack([support, zeros]),
        b_eq=np.sign(problem.w_star[on]),
        bounds=(None, None),
    )
    return found.fun
"""

NOT_NEGATIVE = """
def exchange_rate(problem):
    on = problem.w_star != 0
    support, others = problem.X[:, on].T, problem.X[:, ~on].T
    ones, zeros = np.ones((len(others), 1)), np.zeros((len(support), 1))
    found = linprog(
        np.append(np.zeros(problem.n_samples), 1),
        A_ub=np.block([[others, -ones], [-others, -ones]]),
        b_ub=np.zeros(2 * len(others)),
        A_eq=np.hstack([support, zeros]),
        b_eq=np.sign(problem.w_star[on]),
    )
    return found.fun
"""

WEIGHTS_FOR_SIGNS = """
def exchange_rate(problem):
    on = problem.w_star != 0
    support, others = problem.X[:, on].T, problem.X[:, ~on].T
    ones, zeros = np.ones((len(others), 1)), np.zeros((len(support), 1))
    found = linprog(
        np.append(np.zeros(problem.n_samples), 1),
        A_ub=np.block([[others, -ones], [-others, -ones]]),
        b_ub=np.zeros(2 * len(others)),
        A_eq=np.hstack([support, zeros]),
        b_eq=problem.w_star[on],
        bounds=(None, None),
    )
    return found.fun
"""

MEASURED_AT_LARGE_SCALES = """
def exponent(problem, depth=2):
    alphas = [0.05, 0.5]
    distances = [
        norm(min_potential(problem, alpha=a, depth=depth) - problem.w_star) for a in alphas
    ]
    return np.polyfit(np.log(alphas), np.log(distances), 1)[0]
"""

OF_THE_SQUARE = """
def exponent(problem, depth=2):
    alphas = [1e-6, 1e-5] if depth == 2 else [1e-3, 3e-3]
    errors = [
        recovery_error(problem, min_potential(problem, alpha=a, depth=depth)) for a in alphas
    ]
    return np.polyfit(np.log(alphas), np.log(errors), 1)[0]
"""

LOST_IN_ROUNDING = """
def exponent(problem, depth=2):
    alphas = [1e-20, 1e-19]
    distances = [
        norm(min_potential(problem, alpha=a, depth=depth) - problem.w_star) for a in alphas
    ]
    return np.polyfit(np.log(alphas), np.log(distances), 1)[0]
"""

ALWAYS_THE_DEPTH = """
def exponent(problem, depth=2):
    return float(depth)
"""

FORMULA_FOR_DEPTH_TWO = """
def exponent(problem, depth=2):
    return 2 * (1 - exchange_rate(problem))
"""

AT_THE_END = """
def stop_early(problem, alpha, noise):
    return gradient_flow(problem, alpha=alpha).w[-1]
"""

ON_THE_GRID = """
def stop_early(problem, alpha, noise):
    flow = gradient_flow(problem, alpha=alpha)
    return flow.w[np.argmax(flow.loss <= noise**2 / 2)]
"""

NO_HALF = """
def stop_early(problem, alpha, noise):
    flow = gradient_flow(problem, alpha=alpha)
    for _ in range(2):
        after = np.argmax(flow.loss <= noise**2)
        times = np.linspace(flow.times[after - 1], flow.times[after], 40)
        flow = gradient_flow(problem, alpha=alpha, times=times)
    return flow.w[np.argmin(np.abs(flow.loss - noise**2))]
"""

OFF_THE_PATH = """
def stop_early(problem, alpha, noise):
    end = min_potential(problem, alpha=alpha)
    share = brentq(lambda t: problem.loss(t * end) - noise**2 / 2, 0, 1)
    return share * end
"""

PROPORTIONAL = """
def copied_weight(w_j, delta, alpha, depth=2):
    return (1 - delta) * w_j
"""

DEPTH_TWO_ALWAYS = """
def copied_weight(w_j, delta, alpha, depth=2):
    return alpha**2 * np.sinh((1 - delta) * np.arcsinh(w_j / alpha**2))
"""

SMALL_SCALES_ONLY = """
def copied_weight(w_j, delta, alpha, depth=2):
    def slope(w):
        return mirror_map(np.array([w]), alpha, depth)[0]

    if depth == 2:
        return w_j * (alpha**2 / (2 * abs(w_j))) ** delta
    return brentq(lambda w: slope(w) - (1 - delta) * slope(w_j), 0, w_j)
"""

POSITIVE_ONLY = """
def copied_weight(w_j, delta, alpha, depth=2):
    def slope(w):
        return mirror_map(np.array([w]), alpha, depth)[0]

    return brentq(lambda w: slope(w) - (1 - delta) * slope(w_j), 0, 10)
"""


def _each(answer, tests, **codes):
    """One entry for each wrong version of one answer; the constant's name says what is wrong."""
    return [(f"{answer}: {name}", {answer: code}, tests) for name, code in codes.items()]


WRONG = [
    # The largest scale is found by the error.
    *_each(
        "recovery_error",
        {"recovery_error_test", "largest_alpha_test"},
        not_squared=NOT_SQUARED,
        not_relative=NOT_RELATIVE,
        training_error=TRAINING_ERROR,
    ),
    *_each(
        "largest_alpha",
        {"largest_alpha_test"},
        smallest_scale=SMALLEST_SCALE,
        even_grid=EVEN_GRID,
        depth_ignored=DEPTH_IGNORED,
        never_zero=NEVER_ZERO,
        anothers_scale=ANOTHERS_SCALE,
    ),
    *_each(
        "exchange_rate",
        {"exchange_rate_test"},
        least_squares_certificate=LEAST_SQUARES_CERTIFICATE,
        signs_forgotten=SIGNS_FORGOTTEN,
        one_side_only=ONE_SIDE_ONLY,
        not_negative=NOT_NEGATIVE,
        weights_for_signs=WEIGHTS_FOR_SIGNS,
    ),
    *_each(
        "exponent",
        {"exponent_test"},
        measured_at_large_scales=MEASURED_AT_LARGE_SCALES,
        of_the_square=OF_THE_SQUARE,
        lost_in_rounding=LOST_IN_ROUNDING,
        always_the_depth=ALWAYS_THE_DEPTH,
        formula_for_depth_two=FORMULA_FOR_DEPTH_TWO,
    ),
    *_each(
        "stop_early",
        {"stop_early_test"},
        at_the_end=AT_THE_END,
        on_the_grid=ON_THE_GRID,
        no_half=NO_HALF,
        off_the_path=OFF_THE_PATH,
    ),
    *_each(
        "copied_weight",
        {"copied_weight_test"},
        proportional=PROPORTIONAL,
        depth_two_always=DEPTH_TWO_ALWAYS,
        small_scales_only=SMALL_SCALES_ONLY,
        positive_only=POSITIVE_ONLY,
    ),
]
