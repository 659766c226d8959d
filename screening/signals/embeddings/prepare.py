"""From pixels to what a model is shown of them, where they were decoded.

A picture is resized once for all squares of one size, and they are cut out of that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from screening.models.preparation import (
    MOST_ASPECT,
    Preparation,
    middle,
    prepared_image,
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

    The first window is exactly what open_clip's own transform gives of the picture.
    """
    how, image = model.conversion.preparation, Image.fromarray(rgb)
    parts = squares(*image.size, model.tiles, resize=how.resize)
    show = _at_once if max(image.size) <= MOST_ASPECT * min(image.size) else _one_by_one
    return Prepared(
        windows=np.stack([np.asarray(one) for one in show(image, parts, how)]),
        boxes=windows(*image.size, model.tiles, resize=how.resize),
    )


def _at_once(
    image: Image.Image, parts: Sequence[Pixels], how: Preparation
) -> Iterator[Image.Image]:
    """Give what is shown of a picture, then of squares of it, resized once for those of a size."""
    shorter, side = min(image.size), how.input_size
    resized = cache(lambda size: with_shorter_side(image, size, how))
    if how.resize == "shortest":
        yield middle(resized(side), side)
    else:
        yield prepared_image(image, how)
    for part in parts:
        whole = resized(round(side * shorter / (part[2] - part[0])))
        left, top = (
            min(round(place * new / old), new - side)
            for place, old, new in zip(part[:2], image.size, whole.size, strict=True)
        )
        yield whole.crop((left, top, left + side, top + side))


def _one_by_one(
    image: Image.Image, parts: Sequence[Pixels], how: Preparation
) -> Iterator[Image.Image]:
    """Give the same of a picture so long that it cannot be resized as a whole."""
    for one in (image, *map(image.crop, parts)):
        yield prepared_image(one, how)
