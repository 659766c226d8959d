"""Views of pictures: a nearly clean one of each, and an attacked one that may show several."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from training import overlays, placement, tone, wear
from training.data import Pixels

Rng = np.random.Generator
Way = Callable[[Pixels, Rng], Pixels]
Bools = npt.NDArray[np.bool_]

MEAN, DEVIATION = 0.5, 0.25

# how often each is drawn, in relation to the others
WAYS: tuple[tuple[float, Way], ...] = (
    (2.0, tone.curve),
    (1.8, tone.negative),
    (1.6, tone.few_levels),
    (1.6, tone.gray),
    (1.8, tone.two_inks),
    (2.2, tone.recolored),
    (0.4, tone.equalized),
    (0.4, tone.lit),
    (0.8, wear.compressed),
    (1.2, wear.coarse),
    (1.0, wear.blurred),
    (1.2, wear.grainy),
    (1.2, wear.screened),
    (2.0, wear.penciled),
    (0.7, wear.outlined),
    (1.2, wear.painted),
    (1.2, wear.flattened),
    (0.3, wear.sharpened),
    (1.0, placement.waved),
    (1.2, overlays.lettered),
    (1.0, overlays.stuck),
    (0.8, overlays.barred),
)
_WEIGHTS = np.array([weight for weight, _ in WAYS]) / sum(weight for weight, _ in WAYS)
_COUNTS = (0.15, 0.45, 0.3, 0.1)  # of none, one, two and three ways upon one another

COLLAGED = 0.1  # of attacked views
LAID_ON_ANOTHER = 0.14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Views:
    """Two views of each picture of a batch.

    clean, attacked: uint8 (n, side, side, 3). ids: int64 (n,), which pictures.
    positive, related: bool (n, n), attacked view by picture; see ``loss.Pairing``.
    """

    clean: Pixels
    attacked: Pixels
    ids: npt.NDArray[np.int64]
    positive: Bools
    related: Bools


def views(pictures: Pixels, ids: npt.NDArray[np.int64], side: int, rng: Rng) -> Views:
    """Return views of some of the pictures, side px wide; ``rng`` alone decides which."""
    count = len(ids)
    positive = np.eye(count, dtype=np.bool_)
    related = np.eye(count, dtype=np.bool_)
    clean = np.empty((count, side, side, 3), np.uint8)
    attacked = np.empty_like(clean)
    for row in range(count):
        clean[row] = nearly_clean(pictures[ids[row]], side, rng)
        attacked[row], copied, shown = _attacked(pictures, ids, row, side, rng)
        positive[row, copied] = True
        related[row, shown] = True
    return Views(
        clean=clean, attacked=attacked, ids=ids, positive=positive, related=related | positive
    )


def nearly_clean(image: Pixels, side: int, rng: Rng) -> Pixels:
    """Return a view as a reference would be: resized, a sliver cut off, a little other in tone."""
    length = image.shape[0]
    if rng.random() < 0.5:
        edges = rng.integers(0, max(1, length // 20), 4)
        image = image[edges[0] : length - edges[1], edges[2] : length - edges[3]]
    view = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.3:
        gain, shift = rng.uniform(0.85, 1.15), rng.uniform(-12.0, 12.0)
        view = cv2.convertScaleAbs(np.clip(view * gain + shift, 0, 255))
    return np.asarray(view, np.uint8)


def attacked_alone(image: Pixels, side: int, rng: Rng, other: Pixels | None) -> Pixels:
    """Return an attacked view of one picture, laid onto ``other`` where one is given."""
    ways = drawn_ways(rng)
    # what is done before the picture is laid down leaves its ground alone
    before = int(rng.integers(0, len(ways) + 1)) if rng.random() < 0.4 else 0
    view = image
    for way in ways[:before]:
        view = way(view, rng)
    view = placement.placed(view, side, rng, other)
    for way in ways[before:]:
        view = way(view, rng)
    return view


def drawn_ways(rng: Rng) -> list[Way]:
    """Return none to three different ways of altering pixels."""
    count = int(rng.choice(len(_COUNTS), p=_COUNTS))
    return [WAYS[place][1] for place in rng.choice(len(WAYS), count, replace=False, p=_WEIGHTS)]


def normalized(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Return what the network takes of uint8 (n, side, side, 3): float32 (n, 3, side, side)."""
    values = (pixels.astype(np.float32) / 255.0 - MEAN) / DEVIATION
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _attacked(
    pictures: Pixels, ids: npt.NDArray[np.int64], row: int, side: int, rng: Rng
) -> tuple[Pixels, list[int], list[int]]:
    """Return the attacked view of a row, the rows it copies, and the rows it shows."""
    draw = rng.random()
    if draw < COLLAGED and len(ids) >= 4:
        count = 4 if rng.random() < 0.75 else 2
        rows = [row, *_others(len(ids), row, count - 1, rng)]
        rng.shuffle(rows)
        view = placement.collage([pictures[ids[each]] for each in rows], side, rng)
        for way in drawn_ways(rng)[:1]:
            view = way(view, rng)
        return view, rows, rows
    if draw < COLLAGED + LAID_ON_ANOTHER and len(ids) >= 2:
        under = _others(len(ids), row, 1, rng)
        view = attacked_alone(pictures[ids[row]], side, rng, pictures[ids[under[0]]])
        return view, [row], under
    return attacked_alone(pictures[ids[row]], side, rng, None), [row], []


def _others(count: int, row: int, wanted: int, rng: Rng) -> list[int]:
    found = rng.choice(count - 1, wanted, replace=False)
    return [int(other + (other >= row)) for other in found]
