"""The pixels that every channel looks at: one frame of a picture, upright, at working size."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

GrayImage = npt.NDArray[np.uint8]
RgbImage = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One frame of a picture.

    index: its place in the file, from 0. width, height: pixels of the upright frame before any
    reduction. gray: read-only uint8 (h, w), luma, at working size (longer side at most 2048).
    seconds: of a clip, how far from its beginning.
    """

    index: int
    width: int
    height: int
    gray: GrayImage
    load_rgb: Callable[[], RgbImage]
    seconds: float | None = None

    @property
    def rgb(self) -> RgbImage:
        """Read-only uint8 (h, w, 3), sRGB, the size of ``gray``.

        Of a plain JPEG it is decoded on first use and kept. Raises UnreadError.
        """
        return self.load_rgb()


def frame_of(
    rgb: Image.Image, *, index: int, size: tuple[int, int], seconds: float | None = None
) -> Frame:
    """Return the frame of an upright RGB image at working size; size as it was before that."""
    gray = pixels(rgb.convert("L"))
    return lazy_frame(gray, lambda: pixels(rgb), index=index, size=size, seconds=seconds)


def lazy_frame(
    gray: GrayImage,
    load_rgb: Callable[[], RgbImage],
    *,
    index: int,
    size: tuple[int, int],
    seconds: float | None = None,
) -> Frame:
    """Return a frame whose colors are loaded on first use and kept."""
    return Frame(
        index=index,
        width=size[0],
        height=size[1],
        gray=gray,
        load_rgb=_Kept(load_rgb),
        seconds=seconds,
    )


class _Kept:
    """What a call returns, kept after the first; made in a tenth of functools.cache's time."""

    __slots__ = ("_load", "_value")

    def __init__(self, load: Callable[[], RgbImage]) -> None:
        self._load = load
        self._value: RgbImage | None = None

    def __call__(self) -> RgbImage:
        if self._value is None:
            self._value = self._load()
        return self._value


def pixels(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Return the read-only pixels of an L or RGB image."""
    array = np.asarray(image)
    array.flags.writeable = False
    return array
