"""What each sign of context beside a name is worth, by the prompts of the corpus."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from prompt_corpus import Prompt

from screening.names import NameFinder, Said, Source

PENALTY = 0.1  # as if weights were drawn with a deviation of 3, so that rare signs stay small
STEPS = 50
BASE = "base"

Floats = npt.NDArray[np.float64]


def weights(given: Sequence[Prompt], finder: NameFinder) -> list[dict[str, Any]]:
    """Return each sign with what it counts and what the prompts say it is worth, in bits.

    By logistic regression on each record found in a prompt: does the prompt name it? What a name
    is worth without any sign is one variable, in bits; a sign is worth as many of these as stand
    for the same odds. Records found beside those that a prompt names tell nothing, and are left
    out. A sign that scales its bits, as capitals do, is told for those that it counts on average.
    """
    rows: list[dict[str, float]] = []
    named: list[bool] = []
    for prompt in given:
        said = [Said(source=Source.PROMPT, text=prompt.text)]
        for one in finder.find(said, min_score=-math.inf):
            if not prompt.records or one.record_id in prompt.records:
                signs = dict(one.signs)
                rows.append({**signs, BASE: one.score - sum(signs.values())})
                named.append(bool(prompt.records))
    names = sorted({name for row in rows for name in row} - {BASE})
    truth = np.array(named)
    present = np.array([[name in row for name in names] for row in rows], np.float64)
    base = np.array([row[BASE] for row in rows])
    each = fitted(np.column_stack([np.ones(len(rows)), base, present]), truth)
    told = [BASE, *names]
    there = np.column_stack([np.ones(len(rows)), present]) > 0
    counts = [None, *(float(np.mean([row[n] for row in rows if n in row])) for n in names)]
    return [
        {
            "sign": name,
            "counts": counted,
            "bits": float(weight / each[1]),
            "innocent": int((there[:, place] & ~truth).sum()),
            "naming": int((there[:, place] & truth).sum()),
        }
        for place, (name, counted, weight) in enumerate(zip(told, counts, each[1:], strict=True))
    ]


def fitted(columns: Floats, truth: npt.NDArray[np.bool_]) -> Floats:
    """Return the weights of a logistic regression, by Newton's method."""
    each = np.zeros(columns.shape[1])
    penalty = np.full(len(each), PENALTY)
    penalty[:2] = 0.0
    for _ in range(STEPS):
        odds = 1.0 / (1.0 + np.exp(-np.clip(columns @ each, -30.0, 30.0)))
        slope = columns.T @ (odds - truth) + penalty * each
        bend = (columns * (odds * (1.0 - odds))[:, None]).T @ columns + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        each -= step
        if float(np.abs(step).max()) < 1e-8:
            break
    return each
