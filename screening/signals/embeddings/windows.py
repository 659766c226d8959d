"""Where a model looks: the whole picture, then windows on it that together show every pixel.

A model sees a square of a few hundred pixels. Of an oblong picture its own preparation shows the
middle only, and what is small in a picture is lost in the whole.
"""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float32]
Pixels = tuple[int, int, int, int]

TILES = (0, 1, 2)
"""How closely is looked: the whole only; also squares along the longer side; also smaller ones."""
NEARLY_SQUARE = 1.1
"""Longer over shorter side up to which the middle square is enough: at most 5 % of the picture is
cut off at each end."""
SQUASHED_UP_TO = 2.0
"""The same for a model that sees the whole picture squashed."""
MOST_STEP = 0.75  # of a square's side, between neighbors: they share a quarter
GRID_SIDE = 2 / 3  # of the shorter side
GRID_STEP = 0.5
MOST_ALONG = 16
"""Squares in a row at most, twice as many of the grid's: enough for pictures 12 times as long as
they are wide to be seen whole. What lies between those of a longer one ``seen`` tells."""


def windows(width: int, height: int, tiles: int, *, resize: str = "shortest") -> Boxes:
    """Return the windows on a picture, float32 (n, 4), n at least 1.

    Each is left, top, right and bottom in fractions of width and height, y pointing down. The first
    is what the model's preparation shows of the whole picture. width, height: px, at least 1.
    tiles: see TILES. resize: see Preparation.
    """
    shorter = min(width, height)
    whole = [0.0, 0.0, float(width), float(height)]
    if resize == "shortest":
        left, top = (width - shorter) / 2, (height - shorter) / 2
        whole = [left, top, left + shorter, top + shorter]
    pixels = [whole, *squares(width, height, tiles, resize=resize)]
    return np.asarray(np.array(pixels) / (width, height, width, height), np.float32)


def squares(width: int, height: int, tiles: int, *, resize: str = "shortest") -> list[Pixels]:
    """Return the windows but the first, left, top, right and bottom in px of the picture."""
    shorter, longer = sorted((width, height))
    enough = NEARLY_SQUARE if resize == "shortest" else SQUASHED_UP_TO
    found = []
    if tiles >= 1 and longer > enough * shorter:
        along = _places(longer, shorter, MOST_STEP, MOST_ALONG)
        middle = len(along) // 2 if len(along) % 2 and resize == "shortest" else None
        found += [(place, 0, shorter) for i, place in enumerate(along) if i != middle]
    side = math.ceil(GRID_SIDE * shorter)
    if tiles >= 2 and side < shorter:
        along = _places(longer, side, GRID_STEP, 2 * MOST_ALONG)
        across = _places(shorter, side, GRID_STEP, 2)
        found += [(place, other, side) for place in along for other in across]
    return [
        (x, y, x + side, y + side)
        for place, other, side in found
        for x, y in [(place, other) if width >= height else (other, place)]
    ]


def seen(boxes: Boxes) -> float:
    """Return the share of a picture, 0 to 1, that is in some window.

    boxes: float32 (n, 4), as ``windows`` gives them.
    """
    lefts, tops, rights, bottoms = boxes.astype(np.float64).T
    total = 0.0
    for left, right in pairwise(np.unique([lefts, rights])):
        over = (lefts <= left) & (rights >= right)
        total += (right - left) * _length(tops[over], bottoms[over])
    return min(float(total), 1.0)


def _places(length: int, side: int, most_step: float, most: int) -> list[int]:
    """Return where squares start along a length, evenly from end to end, each place once."""
    steps = min(math.ceil((length - side) / (most_step * side)), most - 1)
    return sorted({round(place) for place in np.linspace(0, length - side, steps + 1).tolist()})


def _length(starts: npt.NDArray[np.float64], ends: npt.NDArray[np.float64]) -> float:
    """Return how much of a line some intervals cover."""
    total, reached = 0.0, 0.0
    for i in np.argsort(starts):
        total += max(ends[i] - max(starts[i], reached), 0.0)
        reached = max(reached, ends[i])
    return total
