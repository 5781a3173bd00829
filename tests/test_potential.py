"""ψ_α, ∇ψ_α and D_ψ: against their definitions, against one another, and in their limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib.potential import bregman_divergence, hyperbolic_entropy, mirror_map

DEPTHS = [2, 3, 4, 5, 6]

sizes = st.one_of(st.just(0.0), st.floats(-8, 3).map(lambda e: 10.0**e))
weights = arrays(
    float, 5, elements=st.builds(lambda s, sign: s * sign, sizes, st.sampled_from([-1, 1]))
)
scales = arrays(float, 5, elements=st.floats(-8, 3).map(lambda e: 10.0**e))
depths = st.sampled_from(DEPTHS)


def textbook_entropy(w, alpha, depth):
    """ψ_α as its docstring writes it, in extended precision, h inverted by bisection."""
    total = np.longdouble(0)
    for w_i, alpha_i in zip(np.longdouble(w), np.longdouble(alpha), strict=True):
        if depth == 2:
            total += (
                w_i * np.arcsinh(w_i / alpha_i**2) - np.sqrt(w_i**2 + alpha_i**4) + alpha_i**2
            ) / 2
            continue
        p, q = np.longdouble(depth) / (depth - 2), np.longdouble(2) / (depth - 2)
        low, high = np.longdouble(-1), np.longdouble(1)
        for _ in range(80):
            z = (low + high) / 2
            if alpha_i**depth * ((1 - z) ** -p - (1 + z) ** -p) < w_i:
                low = z
            else:
                high = z
        antiderivative = ((1 - z) ** -q + (1 + z) ** -q - 2) / q
        factor = 2 / (depth * (depth - 2) * alpha_i ** (depth - 2))
        total += factor * (w_i * z - alpha_i**depth * antiderivative)
    return float(total)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("alpha", [2.0, 0.5, 0.1, [0.3, 1.0, 0.2]])
def test_entropy_is_the_formula_of_its_docstring(depth, alpha):
    w = np.array([0.7, -0.02, 1.4])
    expected = textbook_entropy(w, np.broadcast_to(alpha, 3), depth)
    assert hyperbolic_entropy(w, alpha, depth) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("alpha", [2.0, 0.3, 1e-2])
def test_mirror_map_is_the_derivative_of_the_entropy(depth, alpha):
    w, h = np.array([0.7, -0.2, 1.4, 0.05]), 1e-3
    offsets, coefficients = [1, 2, 3, 4], [4 / 5, -1 / 5, 4 / 105, -1 / 280]
    for i, slope in enumerate(mirror_map(w, alpha, depth)):
        step = h * abs(w[i]) * np.eye(4)[i]
        numeric = sum(
            c
            * (
                hyperbolic_entropy(w + k * step, alpha, depth)
                - hyperbolic_entropy(w - k * step, alpha, depth)
            )
            for k, c in zip(offsets, coefficients, strict=True)
        ) / (h * abs(w[i]))
        assert numeric == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("depth", DEPTHS)
def test_divergence_is_its_definition_where_that_is_accurate(depth):
    alpha = np.array([0.5, 0.1, 1.0, 0.3])
    w, w0 = np.array([1.0, -0.5, 0.2, 2.0]), np.array([-0.7, -1.5, 0.0, 0.1])
    expected = (
        hyperbolic_entropy(w, alpha, depth)
        - hyperbolic_entropy(w0, alpha, depth)
        - mirror_map(w0, alpha, depth) @ (w - w0)
    )
    assert bregman_divergence(w, w0, alpha, depth) == pytest.approx(expected, rel=1e-12)


@given(weights, weights, scales, depths)
def test_divergence_is_positive_and_zero_only_at_itself(w, w0, alpha, depth):
    assert bregman_divergence(w, w, alpha, depth) == 0
    divergence = bregman_divergence(w, w0, alpha, depth)
    assert divergence >= 0
    if np.any(np.abs(w - w0) > 1e-6 * (np.abs(w) + np.abs(w0))):
        assert divergence > 0


@given(weights, weights, scales, depths)
def test_the_symmetrised_divergence_is_the_product_of_differences(w, w0, alpha, depth):
    both = bregman_divergence(w, w0, alpha, depth) + bregman_divergence(w0, w, alpha, depth)
    slopes, slopes0 = mirror_map(w, alpha, depth), mirror_map(w0, alpha, depth)
    expected = (slopes - slopes0) @ (w - w0)
    # What the right-hand side, and it alone, loses by cancellation.
    lost = 1e-13 * (np.abs(slopes) + np.abs(slopes0)) @ np.abs(w - w0)
    assert both == pytest.approx(expected, rel=1e-12, abs=float(lost))


@pytest.mark.parametrize("alpha", [1e6, 1.0, 0.1, 1e-3, 1e-8, 1e-30])
@pytest.mark.parametrize("relative_step", [1e-5, 1e-8, 1e-10])
def test_divergence_of_neighbours_is_a_square_in_the_metric(alpha, relative_step):
    rng = np.random.default_rng(0)
    w = rng.choice([-1, 1], 50) * 10 ** rng.uniform(-3, 1, 50)
    w0 = w + relative_step * w * rng.standard_normal(50)
    expected = np.sum((w0 - w) ** 2 / np.hypot(w, alpha**2)) / 4
    assert bregman_divergence(w, w0, alpha) == pytest.approx(expected, rel=5 * relative_step)


@pytest.mark.parametrize("depth", DEPTHS[1:])
def test_divergence_of_neighbours_at_greater_depth(depth):
    rng = np.random.default_rng(0)
    w = rng.choice([-1, 1], 50) * 10 ** rng.uniform(-3, 1, 50)
    w0 = w + 1e-10 * w * rng.standard_normal(50)
    # Far from 0 one of the two factors has gone, and 1/ψ'' = (D²/2) |w|^((2D−2)/D).
    metric = 2 / depth**2 * np.abs(w) ** ((2 - 2 * depth) / depth)
    expected = metric @ (w0 - w) ** 2 / 2
    assert bregman_divergence(w, w0, 1e-12, depth) == pytest.approx(expected, rel=1e-8)
    # Near 0 the two are equal, and 1/ψ'' = D² α^(2D−2).
    expected = np.sum((w0 - w) ** 2) / (2 * depth**2 * 1e6 ** (2 * depth - 2))
    assert bregman_divergence(w, w0, 1e6, depth) == pytest.approx(expected, rel=1e-8)


def test_the_kernel_limit_is_a_square():
    w, w0 = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.0, -1.0])
    for alpha in (1e3, 1e8, 1e70):
        assert 4 * alpha**2 * hyperbolic_entropy(w, alpha) == pytest.approx(w @ w, rel=1 / alpha**2)
        assert 4 * alpha**2 * bregman_divergence(w, w0, alpha) == pytest.approx(
            (w - w0) @ (w - w0), rel=1e-5 if alpha == 1e3 else 1e-13
        )


def test_the_rich_limit_is_the_l1_norm():
    w = np.array([1.0, -2.0, 0.5, 0.0])
    gaps = [
        abs(hyperbolic_entropy(w, alpha) / np.log(1 / alpha) / 3.5 - 1)
        for alpha in (1e-10, 1e-50, 1e-150)
    ]
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2]
    assert gaps[2] < 1e-2
    for depth in (3, 4, 5, 6):
        alpha = 1e-40
        scaled = (
            hyperbolic_entropy(w, alpha, depth) * alpha ** (depth - 2) * depth * (depth - 2) / 2
        )
        assert scaled == pytest.approx(3.5, rel=1e-9)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_ends_of_the_range_of_floats(depth):
    smallest = 10 ** (-300 / depth)
    w, alpha = np.array([1e300, 0.0, 1e-300, -1.0]), np.array([smallest, 1.0, 1 / smallest, 1.0])
    assert hyperbolic_entropy(w, alpha, depth) > 0
    assert np.isfinite(mirror_map(w, alpha, depth)).all()
    assert bregman_divergence(-w, w, alpha, depth) > 0
    with pytest.raises(ValueError, match="alpha"):
        hyperbolic_entropy([1.0], 0.1 * smallest, depth)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("w", {"w": [np.nan, 1.0]}),
        ("w", {"w": [np.inf, 1.0]}),
        ("w", {"w": [[1.0, 2.0]]}),
        ("w", {"w": "ab"}),
        ("w", {"w": [1.0, 2e300]}),
        ("w0", {"w0": [1.0]}),
        ("w0", {"w0": [np.nan, 1.0]}),
        ("alpha", {"alpha": 0.0}),
        ("alpha", {"alpha": -1.0}),
        ("alpha", {"alpha": np.nan}),
        ("alpha", {"alpha": [1.0, 2.0, 3.0]}),
        ("alpha", {"alpha": "0.1"}),
        ("alpha", {"alpha": 1e-60, "depth": 6}),
        ("depth", {"depth": 1}),
        ("depth", {"depth": 7}),
        ("depth", {"depth": 2.0}),
    ],
)
def test_bad_arguments_are_named(name, change):
    arguments = {"w": [1.0, 2.0], "w0": [0.0, 1.0], "alpha": 0.1, "depth": 2} | change
    with pytest.raises(ValueError, match=f"^{name} must be"):
        bregman_divergence(**arguments)
    del arguments["w0"]
    if name != "w0":
        for function in (hyperbolic_entropy, mirror_map):
            with pytest.raises(ValueError, match=f"^{name} must be"):
                function(**arguments)
