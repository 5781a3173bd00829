"""Plausible wrong answers to the problem set on implicit bias, and the tests they must lose."""

SUMMED = """
def network_step(u, v, X, y, rate_u, rate_v):
    gradient = X.T @ (X @ (u * v) - y)
    return u - rate_u * v * gradient, v - rate_v * u * gradient
"""

ONE_AFTER_THE_OTHER = """
def network_step(u, v, X, y, rate_u, rate_v):
    u = u - rate_u * v * (X.T @ (X @ (u * v) - y)) / len(y)
    v = v - rate_v * u * (X.T @ (X @ (u * v) - y)) / len(y)
    return u, v
"""

RATES_SWAPPED = """
def network_step(u, v, X, y, rate_u, rate_v):
    gradient = X.T @ (X @ (u * v) - y) / len(y)
    return u - rate_v * v * gradient, v - rate_u * u * gradient
"""

NO_CHAIN_RULE = """
def network_step(u, v, X, y, rate_u, rate_v):
    gradient = X.T @ (X @ (u * v) - y) / len(y)
    return u - rate_u * gradient, v - rate_v * gradient
"""

WHOLE_DATA = """
def network_step(u, v, X, y, rate_u, rate_v):
    gradient = problem.X.T @ (problem.X @ (u * v) - problem.y) / problem.n_samples
    return u - rate_u * v * gradient, v - rate_v * u * gradient
"""

SQUARE_ROOT = """
def equivalent_scale(alpha, rate_u, rate_v):
    return alpha * (rate_v / rate_u) ** 0.5
"""

RATIO_UPSIDE_DOWN = """
def equivalent_scale(alpha, rate_u, rate_v):
    return alpha * (rate_u / rate_v) ** 0.25
"""

RATES_IGNORED = """
def equivalent_scale(alpha, rate_u, rate_v):
    return alpha
"""

PRODUCT_OF_RATES = """
def equivalent_scale(alpha, rate_u, rate_v):
    return alpha * (rate_u * rate_v) ** 0.25
"""

NO_HALF = """
def dual_variable(problem, w, alpha):
    theta = np.arcsinh(w / alpha**2)
    nu = np.linalg.lstsq(problem.X.T, theta)[0]
    return nu, norm(problem.X.T @ nu - theta) / norm(theta)
"""

SCALE_NOT_SQUARED = """
def dual_variable(problem, w, alpha):
    theta = np.arcsinh(w / alpha) / 2
    nu = np.linalg.lstsq(problem.X.T, theta)[0]
    return nu, norm(problem.X.T @ nu - theta) / norm(theta)
"""

NOT_A_SHARE = """
def dual_variable(problem, w, alpha):
    theta = mirror_map(w, alpha)
    nu = np.linalg.lstsq(problem.X.T, theta)[0]
    return nu, norm(problem.X.T @ nu - theta)
"""

CERTIFIES_W_ITSELF = """
def dual_variable(problem, w, alpha):
    nu = np.linalg.lstsq(problem.X.T, w)[0]
    return nu, norm(problem.X.T @ nu - w) / norm(w)
"""

ANOTHERS_DATA = """
def dual_variable(problem, w, alpha):
    theta = mirror_map(w, alpha)
    X = data_of("my neighbour").X
    nu = np.linalg.lstsq(X.T, theta)[0]
    return nu, norm(X.T @ nu - theta) / norm(theta)
"""

THE_VISIBLE_NUMBER = """
def starting_scale(problem, w):
    return 0.2
"""

LARGEST_SHARE = """
def starting_scale(problem, w):
    grid = np.geomspace(0.001, 3, 300)
    return grid[np.argmax([dual_variable(problem, w, a)[1] for a in grid])]
"""

COARSE_GRID = """
def starting_scale(problem, w):
    grid = np.linspace(0.001, 3, 31)
    return grid[np.argmin([dual_variable(problem, w, a)[1] for a in grid])]
"""

SCALE_SQUARED = """
def starting_scale(problem, w):
    grid = np.geomspace(0.0005, 6, 1000)
    return grid[np.argmin([dual_variable(problem, w, a)[1] for a in grid])] ** 2
"""

NO_TWO_IN_SINH = """
def mirror_descent(problem, alpha, step_size, batches):
    theta = np.zeros(problem.dim)
    for batch in batches:
        X, y = problem.X[batch], problem.y[batch]
        theta = theta - step_size * X.T @ (X @ (alpha**2 * np.sinh(theta)) - y) / len(batch)
    return alpha**2 * np.sinh(theta)
"""

GRADIENT_DESCENT = """
def mirror_descent(problem, alpha, step_size, batches):
    plus = minus = alpha / np.sqrt(2) * np.ones(problem.dim)
    for batch in batches:
        X, y = problem.X[batch], problem.y[batch]
        x = step_size * X.T @ (X @ (plus**2 - minus**2) - y) / len(batch)
        plus, minus = plus * (1 - x), minus * (1 + x)
    return plus**2 - minus**2
"""

SUMMED_OVER_THE_BATCH = """
def mirror_descent(problem, alpha, step_size, batches):
    theta = np.zeros(problem.dim)
    for batch in batches:
        X, y = problem.X[batch], problem.y[batch]
        theta = theta - step_size * X.T @ (X @ (alpha**2 * np.sinh(2 * theta)) - y)
    return alpha**2 * np.sinh(2 * theta)
"""

BATCHES_IGNORED = """
def mirror_descent(problem, alpha, step_size, batches):
    theta = np.zeros(problem.dim)
    for _ in batches:
        residual = problem.X @ (alpha**2 * np.sinh(2 * theta)) - problem.y
        theta = theta - step_size * problem.X.T @ residual / problem.n_samples
    return alpha**2 * np.sinh(2 * theta)
"""

THE_LIMIT_AT_ONCE = """
def mirror_descent(problem, alpha, step_size, batches):
    return min_potential(problem, alpha=alpha)
"""

ZERO_IS_ENOUGH = """
def sign_certificate(problem, w):
    signed = problem.X[:, w != 0] * np.sign(w[w != 0])
    found = linprog(
        np.zeros(problem.n_samples),
        A_ub=-signed.T,
        b_ub=np.zeros(signed.shape[1]),
        bounds=(None, None),
    )
    return found.x if found.status == 0 else None
"""

NOT_NEGATIVE = """
def sign_certificate(problem, w):
    signed = problem.X[:, w != 0] * np.sign(w[w != 0])
    found = linprog(
        np.zeros(problem.n_samples), A_ub=-signed.T, b_ub=-np.ones(signed.shape[1])
    )
    return found.x if found.status == 0 else None
"""

SIGNS_BY_LEAST_SQUARES = """
def sign_certificate(problem, w):
    return np.linalg.lstsq(problem.X.T, np.sign(w))[0]
"""

ZEROS_ASKED_FOR = """
def sign_certificate(problem, w):
    nu, missing, *_ = np.linalg.lstsq(problem.X.T, np.sign(w))
    return nu if missing < 1e-8 else None
"""

SQUARES_RETURNED = """
def shape_for(problem, w):
    nu = sign_certificate(problem, w)
    if nu is None:
        raise ValueError("out of reach")
    theta = problem.X.T @ nu
    theta *= 2 / np.abs(theta).max()
    return np.where(w == 0, 1e-10, w / np.sinh(2 * theta))
"""

LINEAR = """
def shape_for(problem, w):
    nu = sign_certificate(problem, w)
    if nu is None:
        raise ValueError("out of reach")
    theta = problem.X.T @ nu
    theta *= 2 / np.abs(theta).max()
    return np.sqrt(np.where(w == 0, 1e-10, w / (2 * theta)))
"""

ZEROS_START_AT_ONE = """
def shape_for(problem, w):
    nu = sign_certificate(problem, w)
    if nu is None:
        raise ValueError("out of reach")
    theta = problem.X.T @ nu
    theta *= 2 / np.abs(theta).max()
    return np.sqrt(np.where(w == 0, 1, w / np.sinh(2 * theta)))
"""

NOTHING_IS_OUT_OF_REACH = """
def shape_for(problem, w):
    nu = sign_certificate(problem, w)
    if nu is None:
        nu = np.linalg.lstsq(problem.X.T, np.sign(w))[0]
    theta = problem.X.T @ nu
    theta *= 2 / np.abs(theta).max()
    squares = np.where(w == 0, 1e-10, w / np.sinh(2 * theta))
    return np.sqrt(np.maximum(squares, 1e-10))
"""


def _each(answer, tests, **codes):
    """One entry for each wrong version of one answer; the constant's name says what is wrong."""
    return [(f"{answer}: {name}", {answer: code}, tests) for name, code in codes.items()]


WRONG = [
    *_each(
        "network_step",
        {"network_step_test"},
        summed=SUMMED,
        one_after_the_other=ONE_AFTER_THE_OTHER,
        rates_swapped=RATES_SWAPPED,
        no_chain_rule=NO_CHAIN_RULE,
        whole_data=WHOLE_DATA,
    ),
    *_each(
        "equivalent_scale",
        {"equivalent_scale_test"},
        square_root=SQUARE_ROOT,
        ratio_upside_down=RATIO_UPSIDE_DOWN,
        rates_ignored=RATES_IGNORED,
        product_of_rates=PRODUCT_OF_RATES,
    ),
    # A factor in ν alone leaves the missing share, and so the detective, as they were.
    *_each("dual_variable", {"dual_variable_test"}, no_half=NO_HALF),
    *_each(
        "dual_variable",
        {"dual_variable_test", "starting_scale_test"},
        scale_not_squared=SCALE_NOT_SQUARED,
        not_a_share=NOT_A_SHARE,
        certifies_w_itself=CERTIFIES_W_ITSELF,
        anothers_data=ANOTHERS_DATA,
    ),
    *_each(
        "starting_scale",
        {"starting_scale_test"},
        the_visible_number=THE_VISIBLE_NUMBER,
        largest_share=LARGEST_SHARE,
        coarse_grid=COARSE_GRID,
        scale_squared=SCALE_SQUARED,
    ),
    *_each(
        "mirror_descent",
        {"mirror_descent_test"},
        no_two_in_sinh=NO_TWO_IN_SINH,
        gradient_descent=GRADIENT_DESCENT,
        summed_over_the_batch=SUMMED_OVER_THE_BATCH,
        batches_ignored=BATCHES_IGNORED,
        the_limit_at_once=THE_LIMIT_AT_ONCE,
    ),
    *_each(
        "sign_certificate",
        {"sign_certificate_test", "shape_for_test"},
        zero_is_enough=ZERO_IS_ENOUGH,
        not_negative=NOT_NEGATIVE,
        signs_by_least_squares=SIGNS_BY_LEAST_SQUARES,
        zeros_asked_for=ZEROS_ASKED_FOR,
    ),
    *_each(
        "shape_for",
        {"shape_for_test"},
        squares_returned=SQUARES_RETURNED,
        linear=LINEAR,
        zeros_start_at_one=ZEROS_START_AT_ONE,
        nothing_is_out_of_reach=NOTHING_IS_OUT_OF_REACH,
    ),
]
