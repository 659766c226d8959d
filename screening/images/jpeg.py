"""JPEG, decoded at the scale that is needed, and its gray without the detour through colors."""

import struct
from io import BytesIO

from PIL import Image, ImageChops, JpegImagePlugin
from simplejpeg import decode_jpeg, decode_jpeg_header

from screening.errors import UnreadError
from screening.images.boundary import decoding
from screening.images.color import WORKING_SIDE, canonical, is_srgb, working_factor
from screening.images.containers import is_plain_jpeg, multi_picture_places
from screening.images.frame import Frame, RgbImage, frame_of, lazy_frame, pixels
from screening.images.limits import Budget
from screening.images.orientation import upright, upright_size
from screening.images.sources import Source, stated_orientation


class _Jpeg(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Skip what nobody asks for: it takes as long as a thumbnail, and warns of broken EXIF."""


def jpeg_source(data: bytes, budget: Budget, notes: list[str]) -> Source:
    """Return the reader for a JPEG: most are plain."""
    return (PlainJpegSource if is_plain_jpeg(data) else JpegSource)(data, budget, notes)


class PlainJpegSource(Source):
    """A JPEG whose luma can be taken as it is stored.

    simplejpeg gives the pixels that Pillow gives, both being libjpeg-turbo, in little more than
    half of the time. What it refuses, or need not be decoded in full, is left to Pillow.
    """

    def frame(self, index: int) -> Frame:
        """Return the one picture of the file."""
        try:
            height, width, colors, _ = decode_jpeg_header(self._data)
            if colors not in {"YCbCr", "Gray"} or max(width, height) > WORKING_SIDE:
                return self._by_pillow(index)
            self._budget.check_size((width, height))
            gray = decode_jpeg(self._data, colorspace="GRAY")[..., 0]
        except ValueError:
            return self._by_pillow(index)
        gray.flags.writeable = False
        return lazy_frame(gray, self._load_rgb, index=index, size=(width, height))

    def _load_rgb(self) -> RgbImage:
        with decoding("JPEG"):
            return self._by_pillow(0).rgb

    def _by_pillow(self, index: int) -> Frame:
        return JpegSource(self._data, self._budget, self._notes).frame(index)


class JpegSource(Source):
    """Any JPEG, or the several of a multi-picture file, by Pillow."""

    def __init__(self, data: bytes, budget: Budget, notes: list[str]) -> None:
        super().__init__(data, budget, notes)
        self._places = [slice(0, len(data))]
        self._first: _Jpeg | None = _Jpeg(BytesIO(data))
        info = self._first.info
        if "mp" in info:
            try:
                self._places += multi_picture_places(info["mp"], info["mpoffset"])
            except (ValueError, struct.error):
                self.complete = False
                notes.append("broken multi-picture index")
            self.count = len(self._places)

    def frame(self, index: int) -> Frame:
        """Return a picture: its luma as stored where its colors are sRGB, else by way of RGB."""
        opened = self._open(index)
        self._budget.check_size(opened.size)
        profile = opened.info.get("icc_profile")
        turned = stated_orientation(opened.info.get("exif"), self._notes)
        size = upright_size(opened.size, turned)
        if opened.mode == "CMYK" or (profile and not is_srgb(profile)):
            rgb = upright(canonical(_decoded(opened, None), profile, self._notes), turned)
            return frame_of(rgb, index=index, size=size)
        gray = _decoded(opened, "L")
        if (factor := working_factor(gray.size)) > 1:
            gray = gray.reduce(factor)

        def load_rgb() -> RgbImage:
            with decoding("JPEG"):
                again = _decoded(self._open(index), None)
                return pixels(upright(canonical(again, None, []), turned))

        return lazy_frame(pixels(upright(gray, turned)), load_rgb, index=index, size=size)

    def _open(self, index: int) -> _Jpeg:
        first, self._first = self._first, None
        if index == 0 and first is not None:
            return first
        place = self._places[index]
        if place.stop > len(self._data):
            raise UnreadError("truncated JPEG")
        return _Jpeg(BytesIO(self._data[place]))


def _decoded(image: _Jpeg, mode: str | None) -> Image.Image:
    """Return an image decoded at the smallest scale at which it still fills the working size."""
    long = max(image.size)
    scale = next((s for s in (8, 4, 2) if -(-long // s) >= WORKING_SIDE), 1)
    image.draft(mode, (max(1, image.width // scale), max(1, image.height // scale)))
    image.load()
    if image.mode == "CMYK" and "adobe" not in image.info:
        return ImageChops.invert(image)  # Pillow takes every CMYK JPEG for one that Adobe inverted
    return image
