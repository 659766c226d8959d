"""Antialiased resizing, equal to Pillow's and about twice as fast.

What a new pixel weighs the old ones by is Pillow's: a kernel as wide as pixels are merged, cut off
at the edges, one direction after the other, each rounded to bytes. The sums are taken as products
of matrices, a few new pixels with all the old ones near them, in 32 bits. Where a sum falls on a
half it may be rounded to the other side: of a photograph made smaller one value in ten thousand, by
1 of 255; of sizes in a simple ratio more, rarely by 2. In 64 bits all would be equal, and slower.
Source: Keys 1981 for the bicubic kernel; its width, edges and order as measured on Pillow 13.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Interpolation = Literal["bicubic", "bilinear"]

INTERPOLATIONS: tuple[Interpolation, ...] = ("bicubic", "bilinear")
_SUPPORT = {"bicubic": 2.0, "bilinear": 1.0}  # px to each side, where nothing is merged
_KEYS = -0.5  # the slope of the bicubic kernel at 1 px
_TOGETHER = 8  # new pixels in one product: of more, most weights are 0
_STRIP = 256  # rows that are turned at once, so that they stay in the processor's cache


def resized(rgb: RgbImage, width: int, height: int, interpolation: Interpolation) -> RgbImage:
    """Return a picture at another size, uint8 (height, width, 3).

    rgb: uint8 (h, w, 3). All sizes are at least 1 px.
    """
    rows, columns = rgb.shape[:2]
    # the cheaper direction first, as Pillow reckons it: between the two passes pixels are rounded
    if 0 < rows - height > 2 * (columns - width):
        return _across(_merged(rgb, height, interpolation), width, interpolation)
    return _merged(_across(rgb, width, interpolation), height, interpolation)


def _across(rgb: RgbImage, width: int, interpolation: Interpolation) -> RgbImage:
    """Return a picture at another width, uint8 (h, width, 3)."""
    import cv2

    if width == rgb.shape[1]:
        return rgb
    new = np.empty((len(rgb), width, 3), np.uint8)
    for start in range(0, len(rgb), _STRIP):
        strip = np.asarray(cv2.transpose(rgb[start : start + _STRIP]), np.uint8)
        new[start : start + _STRIP] = cv2.transpose(_merged(strip, width, interpolation))
    return new


def _merged(lines: RgbImage, count: int, interpolation: Interpolation) -> RgbImage:
    """Return ``count`` lines made of the lines of a picture, uint8 (count, w, 3)."""
    before, across = len(lines), lines.shape[1]
    if count == before:
        return lines
    flat = lines.reshape(before, across * 3)
    new = np.empty((count, across * 3), np.uint8)
    done = 0
    for start, weights in _bands(before, count, interpolation):
        near = flat[start : start + weights.shape[1]].astype(np.float32)
        sums = weights @ near
        sums += 0.5
        new[done : done + len(weights)] = np.clip(sums, 0.0, 255.5, out=sums)
        done += len(weights)
    return new.reshape(count, across, 3)


@lru_cache(maxsize=64)
def _bands(before: int, after: int, interpolation: Interpolation) -> list[tuple[int, Floats]]:
    """Return by what the old pixels of a line are weighed for the new ones, a few new at a time.

    Of each band the first old pixel, and the weights, float32 (new, old).
    """
    scale = before / after
    merged = max(scale, 1.0)
    support = _SUPPORT[interpolation] * merged
    centers = (np.arange(after) + 0.5) * scale
    first = np.maximum((centers - support + 0.5).astype(int), 0)
    end = np.minimum((centers + support + 0.5).astype(int), before)
    bands = []
    for band in range(0, after, _TOGETHER):
        those = slice(band, band + _TOGETHER)
        old = np.arange(first[those].min(), end[those].max())
        weights = _kernel((old + 0.5 - centers[those, None]) / merged, interpolation)
        weights[(old < first[those, None]) | (old >= end[those, None])] = 0.0
        weights /= weights.sum(axis=1, keepdims=True)
        bands.append((int(old[0]), weights.astype(np.float32)))
    return bands


def _kernel(
    distance: npt.NDArray[np.float64], interpolation: Interpolation
) -> npt.NDArray[np.float64]:
    x = np.abs(distance)
    if interpolation == "bilinear":
        return np.maximum(1.0 - x, 0.0)
    near = ((_KEYS + 2.0) * x - (_KEYS + 3.0)) * x * x + 1.0
    far = (((x - 5.0) * x + 8.0) * x - 4.0) * _KEYS
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))
