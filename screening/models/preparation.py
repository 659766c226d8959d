"""How pixels are prepared for a network that sees a square, as open_clip does.

The pixels are those of open_clip's own transform, to rounding (see ``resizing``): an antialiased
resize and a crop of the center. What follows is its arithmetic, in 32 bits.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from screening.models.resizing import INTERPOLATIONS, Interpolation, resized

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

RESIZES = ("shortest", "squash")
MOST_ASPECT = 64
"""Of a picture that is longer only the middle is enlarged: a line of 2,048 × 1 px would fill
300 MB. There, and nowhere else, pixels may differ from open_clip's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What a network of pictures takes.

    input_size: px of a side. mean, std: by which red, green and blue, 0 to 1, are normalized.
    resize: "shortest" brings the shorter side to input_size and crops the center; "squash" brings
    both to it. Raises ValueError for what cannot be meant.
    """

    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: Literal["shortest", "squash"] = "shortest"
    interpolation: Interpolation = "bicubic"

    def __post_init__(self) -> None:
        if self.input_size < 1:
            raise ValueError(f"input_size is {self.input_size}, expected at least 1 px")
        if len(self.mean) != 3 or not np.isfinite(self.mean).all():
            raise ValueError(f"mean is {self.mean!r}, expected three numbers")
        if len(self.std) != 3 or not all(0 < value < np.inf for value in self.std):
            raise ValueError(f"std is {self.std!r}, expected three positive numbers")
        for name, allowed in (("resize", RESIZES), ("interpolation", INTERPOLATIONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected one of {allowed}")


def prepared(rgb: RgbImage, preparation: Preparation) -> RgbImage:
    """Return what a network sees of a picture, uint8 (side, side, 3), before it is normalized.

    rgb: uint8 (h, w, 3), sRGB, of any size from 1 px.
    """
    side = preparation.input_size
    if preparation.resize == "squash":
        return resized(rgb, side, side, preparation.interpolation)
    return middle(with_shorter_side(_not_too_long(rgb), side, preparation), side)


def with_shorter_side(rgb: RgbImage, side: int, preparation: Preparation) -> RgbImage:
    """Return a picture resized so that its shorter side has so many px, as torchvision does."""
    shorter = min(rgb.shape[:2])
    height, width = (side if one == shorter else int(side * one / shorter) for one in rgb.shape[:2])
    return resized(rgb, width, height, preparation.interpolation)


def middle(rgb: RgbImage, side: int) -> RgbImage:
    """Return the square in the middle of a picture, as torchvision cuts it."""
    top, left = (round((one - side) / 2) for one in rgb.shape[:2])
    return rgb[top : top + side, left : left + side]


def normalized(pixels: RgbImage, preparation: Preparation) -> Floats:
    """Return prepared pixels, uint8 (n, side, side, 3), as networks take them: (n, 3, side, side).

    Float32: of each color, 0 to 1, the mean is taken off, and the rest divided by the deviation.
    """
    tables = _tables(preparation.mean, preparation.std)
    batch = np.empty((len(pixels), 3, *pixels.shape[1:3]), np.float32)
    for channel, table in enumerate(tables):
        np.take(table, pixels[..., channel], out=batch[:, channel])
    return batch


@lru_cache(maxsize=16)
def _tables(mean: tuple[float, ...], std: tuple[float, ...]) -> Floats:
    """Return the normalized value of every byte, (3, 256)."""
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    return np.stack([
        (values - np.float32(m)) / np.float32(s) for m, s in zip(mean, std, strict=True)
    ])  # fmt: skip


def _not_too_long(rgb: RgbImage) -> RgbImage:
    height, width = rgb.shape[:2]
    most = MOST_ASPECT * min(height, width)
    top, left = max(height - most, 0) // 2, max(width - most, 0) // 2
    return rgb[top : height - top, left : width - left]
