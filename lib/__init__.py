"""(S)GD on the diagonal network w = u ⊙ v, its exact limits, and the figures that explore them."""

from .claims import check
from .drawing import (
    band,
    coordinate_panel,
    coordinate_places,
    dots,
    relative_distance,
    table,
)
from .explorer import axis, explore, show
from .flow import gradient_flow
from .limits import min_l1, min_l2, min_potential
from .potential import bregman_divergence, hyperbolic_entropy, mirror_map
from .problem import Problem, sparse_regression
from .prose import spread, tidy, with_error
from .stability import critical_step_size, gain_constants, sharpness
from .students import graded_student, student_seed
from .style import LINES, PALETTE, panel
from .sweeps import step_size_band, sweep
from .training import train

__all__ = [
    "LINES",
    "PALETTE",
    "Problem",
    "axis",
    "band",
    "bregman_divergence",
    "check",
    "coordinate_panel",
    "coordinate_places",
    "critical_step_size",
    "dots",
    "explore",
    "gain_constants",
    "graded_student",
    "gradient_flow",
    "hyperbolic_entropy",
    "min_l1",
    "min_l2",
    "min_potential",
    "mirror_map",
    "panel",
    "relative_distance",
    "sharpness",
    "show",
    "sparse_regression",
    "spread",
    "step_size_band",
    "student_seed",
    "sweep",
    "table",
    "tidy",
    "train",
    "with_error",
]
