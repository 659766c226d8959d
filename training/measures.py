"""What is measured on pictures held out: attacked copies told from other attacked pictures."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training import augment, placement
from training.data import Pixels

Floats = npt.NDArray[np.float32]

SEED = 77_003


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """References and attacked queries, uint8 (n, side, side, 3).

    Query i is a copy of reference i; queries beyond the references are copies of none.
    """

    references: Pixels
    queries: Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Figures from 0 to 1, all pairs ranked together, ties against the method."""

    micro_ap: float
    recall: float
    nearest: float

    @property
    def score(self) -> float:
        """What the best weights are chosen by: the mean of the first two."""
        return (self.micro_ap + self.recall) / 2


def held_out(pictures: Pixels, *, side: int) -> HeldOut:
    """Return the protocol of held-out pictures: five of seven are references, the others not."""
    rng = np.random.default_rng(SEED)
    count = max(1, len(pictures) * 5 // 7)
    queries = []
    for number, picture in enumerate(pictures):
        others = pictures[rng.integers(count, len(pictures), 3)] if count < len(pictures) else None
        draw = rng.random()
        if draw < 0.05 and others is not None and number < count:
            query = placement.collage([picture, *others], side, rng)
        else:
            under = others[0] if others is not None and draw < 0.15 else None
            query = augment.attacked_alone(picture, side, rng, under)
        queries.append(query)
    references = [
        cv2.resize(p, (side, side), interpolation=cv2.INTER_AREA) for p in pictures[:count]
    ]
    return HeldOut(references=np.stack(references).astype(np.uint8), queries=np.stack(queries))


def found(references: Floats, queries: Floats) -> Found:
    """Return the figures of unit vectors, (r, d) and (q, d), query i a copy of reference i."""
    return ranked(queries @ references.T, np.eye(len(queries), len(references), dtype=np.bool_))


def ranked(scores: npt.NDArray[np.floating], true: npt.NDArray[np.bool_]) -> Found:
    """Return the figures of scores, (queries, references), and which pairs are true."""
    flat, good = scores.ravel(), true.ravel()
    order = np.lexsort((good, -flat))
    hits = good[order]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    asked = true.any(axis=1)
    best_other = np.where(true, -np.inf, scores).max(axis=1)
    own = np.where(true, scores, -np.inf).max(axis=1)
    worst = flat[~good].max(initial=-np.inf)
    return Found(
        micro_ap=float(precision[hits].sum() / good.sum()),
        recall=float((flat[good] > worst).mean()),
        nearest=float((own > best_other)[asked].mean()),
    )
