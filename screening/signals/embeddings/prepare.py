"""From pixels to what a model is shown of them, where they were decoded.

A picture is resized once for all squares of one size, and they are cut out of that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from screening.models.preparation import (
    MOST_ASPECT,
    Preparation,
    middle,
    prepared,
    with_shorter_side,
)
from screening.signals.embeddings.model import EmbeddingModel
from screening.signals.embeddings.windows import Pixels, squares, windows

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """What a model is to be shown of one picture.

    windows: uint8 (n, side, side, 3), n at least 1, the whole picture first. boxes: float32 (n, 4),
    where they are; see windows.windows.
    """

    windows: RgbImage
    boxes: Floats


def prepare(rgb: RgbImage, model: EmbeddingModel) -> Prepared:
    """Return what a model is to be shown of a picture, uint8 (h, w, 3), sRGB.

    The first window is what open_clip's own transform gives of the picture, to rounding.
    """
    how, (height, width) = model.conversion.preparation, rgb.shape[:2]
    parts = squares(width, height, model.tiles, resize=how.resize)
    show = _at_once if max(width, height) <= MOST_ASPECT * min(width, height) else _one_by_one
    return Prepared(
        windows=np.stack([*show(rgb, parts, how)]),
        boxes=windows(width, height, model.tiles, resize=how.resize),
    )


def _at_once(rgb: RgbImage, parts: Sequence[Pixels], how: Preparation) -> Iterator[RgbImage]:
    """Give what is shown of a picture, then of squares of it, resized once for those of a size."""
    (height, width), side = rgb.shape[:2], how.input_size
    shorter = min(height, width)
    resized = cache(lambda size: with_shorter_side(rgb, size, how))
    yield middle(resized(side), side) if how.resize == "shortest" else prepared(rgb, how)
    for left, top, right, _ in parts:
        whole = resized(round(side * shorter / (right - left)))
        y, x = (
            min(round(place * new / old), new - side)
            for place, old, new in zip((top, left), (height, width), whole.shape[:2], strict=True)
        )
        yield whole[y : y + side, x : x + side]


def _one_by_one(rgb: RgbImage, parts: Sequence[Pixels], how: Preparation) -> Iterator[RgbImage]:
    """Give the same of a picture so long that it cannot be resized as a whole."""
    yield prepared(rgb, how)
    for left, top, right, bottom in parts:
        yield prepared(rgb[top:bottom, left:right], how)
