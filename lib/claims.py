"""check(…): a claim held against a measurement, said on the page, and failing where it fails."""

from __future__ import annotations

import re

import numpy as np
from IPython.display import HTML, display

from . import _checks
from ._frame import markup


def check(claim: str, quantity: str, *, predicted: str, measured: str, holds: bool) -> None:
    """Predicted against measured: shown if it holds, an error if it does not.

    Parameters
    ----------
    claim : str
        The number of the claim, as "C03", of the related work, as "R1", or of the slip, as "E1".
    quantity : str
        What was measured, in a few words.
    predicted, measured : str
        Both sides, the second made of numbers of this very run (see :func:`tidy`). In these texts
        and in ``quantity`` only ``<sub>``, ``<sup>`` and ``<i>`` are markup.
    holds : bool
        Whether the measurement agrees with the prediction.

    Returns
    -------
    None
        The line is displayed; the book's page of claims is made of these lines.

    Raises
    ------
    AssertionError
        If it does not hold.
    ValueError
        If an argument is not as described.
    """
    if not isinstance(claim, str) or not re.fullmatch(r"C[0-9]{2}|[ER][0-9]", claim):
        raise _checks.complaint("claim", claim, 'a number such as "C03", "E1" or "R1"')
    for name, text in (("quantity", quantity), ("predicted", predicted), ("measured", measured)):
        _checks.text(name, text, "a non-empty string")
    if not isinstance(holds, bool | np.bool_):
        raise _checks.complaint("holds", holds, "True or False")
    if not holds:
        raise AssertionError(
            f"{claim} does not hold. {quantity}: predicted {predicted}, measured {measured}"
        )
    said = [f"<span>{markup(text)}</span>" for text in (quantity, predicted, measured)]
    display(
        HTML(
            f'<p class="claim-check" data-claim="{claim}"><b>{claim}</b> ✓ '
            f"{said[0]}: predicted {said[1]}, measured {said[2]}.</p>"
        )
    )
