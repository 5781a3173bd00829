"""check(…): a claim held against a measurement, said on the page, and failing where it fails."""

from __future__ import annotations

import html
import json
import os
import re
import uuid
from pathlib import Path

import numpy as np
from IPython.display import HTML, display

from . import _checks

# Set while the book is built: the folder from which its page of claims is made.
FOLDER_VARIABLE = "DIAGONAL_BOOK_CLAIMS"


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
        The line is displayed. While the book is built it is also kept for the page of claims.

    Raises
    ------
    AssertionError
        If it does not hold.
    ValueError
        If an argument is not as described.
    """
    if not isinstance(claim, str) or not re.fullmatch(r"C\d\d|[ER]\d", claim):
        raise _checks.complaint("claim", claim, 'a number such as "C03", "E1" or "R1"')
    said = {"quantity": quantity, "predicted": predicted, "measured": measured}
    for name, text in said.items():
        if not isinstance(text, str) or not text.strip():
            raise _checks.complaint(name, text, "a non-empty string")
    if not isinstance(holds, bool | np.bool_):
        raise _checks.complaint("holds", holds, "True or False")
    line = f"{quantity}: predicted {predicted}, measured {measured}"
    if not holds:
        raise AssertionError(f"{claim} does not hold. {line}")
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        record = Path(folder) / f"{claim}-{uuid.uuid4().hex}.json"
        record.write_text(json.dumps({"claim": claim, **said}), encoding="utf-8")
    shown = re.sub(r"&lt;(/?(?:sub|sup|i))&gt;", r"<\1>", html.escape(line))
    display(HTML(f'<p class="claim-check"><b>{claim}</b> ✓ {shown}.</p>'))
