"""TIFF and BigTIFF: Pillow where it can, OpenCV for the layouts that Pillow does not know."""

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from screening.errors import UnreadError
from screening.images.boundary import quiet
from screening.images.color import display_referred, from_levels
from screening.images.containers import tiff_pages
from screening.images.limits import Budget
from screening.images.sources import Decoded, DecodedSource

_SAMPLE_FORMAT, _UNSIGNED = 339, 1


class TiffSource(DecodedSource):
    """A TIFF, page by page; a page whose bytes are not all there is never handed to a decoder."""

    def __init__(self, data: bytes, budget: Budget, notes: list[str]) -> None:
        super().__init__(data, budget, notes)
        self._pages, self.complete = tiff_pages(data)
        if not self._pages:
            raise UnreadError("truncated or broken TIFF")
        self.count = len(self._pages)
        self._opened: TiffImagePlugin.TiffImageFile | None = None

    def image(self, index: int) -> Decoded:
        """Return a page."""
        page = self._pages[index]
        if not page.whole:
            raise UnreadError("truncated TIFF")
        self._budget.check_size(page.size)
        with quiet():
            opened = self._seek(index)
            if opened is None:
                return _through_opencv(self._data, index), None, 1
            self._opened = None  # kept only once it has decoded: damage can leave it in any state
            opened.load()  # and turns it upright
            self._opened = opened
        return _unfolded(opened), opened.info.get("icc_profile"), 1

    def _seek(self, index: int) -> TiffImagePlugin.TiffImageFile | None:
        """Return the file at a page; None when Pillow does not know its layout."""
        try:
            opened = self._opened or TiffImagePlugin.TiffImageFile(BytesIO(self._data))
            opened.seek(index)
        except (SyntaxError, KeyError, NotImplementedError):
            return None
        return opened


def _unfolded(opened: TiffImagePlugin.TiffImageFile) -> Image.Image:
    """Return a page whose levels are what they mean: Pillow takes 32 unsigned bits for signed."""
    if opened.mode != "I" or opened.tag_v2.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0] != _UNSIGNED:
        return opened
    return from_levels(np.asarray(opened).view(np.uint32))


def _through_opencv(data: bytes, index: int) -> Image.Image:
    import cv2

    found, pages = cv2.imdecodemulti(
        np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED, range=(index, index + 1)
    )
    if not found or len(pages) != 1:
        raise UnreadError("TIFF variant not supported, or broken")
    pixels = np.asarray(pages[0])
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return _gray(pixels)
    if pixels.dtype != np.uint8:
        colors = display_referred(pixels[..., :3])
        alpha = np.clip(np.nan_to_num(pixels[..., 3:]) * 255.0, 0.0, 255.0).astype(np.uint8)
        pixels = np.concatenate([colors, alpha], axis=-1)
    order = [2, 1, 0, 3][: pixels.shape[2]]
    return Image.fromarray(np.ascontiguousarray(pixels[..., order]))


def _gray(levels: npt.NDArray[Any]) -> Image.Image:
    if levels.dtype == np.uint8:
        return Image.fromarray(levels)
    if np.issubdtype(levels.dtype, np.integer):
        return from_levels(levels)
    return Image.fromarray(display_referred(levels))
