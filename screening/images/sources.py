"""One reader per family of formats: how many frames, and each of them decoded alone."""

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from io import BytesIO

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    DdsImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TgaImagePlugin,
    WebPImagePlugin,
)

from screening.errors import UnreadError
from screening.images.boundary import quiet
from screening.images.color import canonical
from screening.images.containers import gif_frames, webp_size
from screening.images.exr import read_exr
from screening.images.frame import Frame, frame_of
from screening.images.limits import Budget
from screening.images.orientation import orientation, upright, upright_size
from screening.images.psd import read_psd

_PLUGINS: dict[str, Callable[[BytesIO], ImageFile.ImageFile]] = {
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "DDS": DdsImagePlugin.DdsImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "PPM": PpmImagePlugin.PpmImageFile,
    "TGA": TgaImagePlugin.TgaImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}


Decoded = tuple[Image.Image, bytes | None, int]
"""An image, its color profile and its EXIF orientation."""


class Source(ABC):
    """An opened file.

    count: frames it says it has. complete: False when the file ends before it says so, or holds
    more than can be listed. sequential: a frame is built on the one before it, so that after one
    that cannot be read none can. sampled: the frames are a choice of its own, within the budget;
    how many is known after the last.
    """

    count: int = 1
    complete: bool = True
    sequential: bool = False
    sampled: bool = False

    def __init__(self, data: bytes, budget: Budget, notes: list[str]) -> None:
        self._data = data
        self._budget = budget
        self._notes = notes

    @abstractmethod
    def frame(self, index: int) -> Frame | None:
        """Return a frame as the channels see it, None after the last of what is sampled.

        Raises whatever the decoder raises.
        """


class DecodedSource(Source):
    """A file whose frames are decoded in full, then brought to what the channels see."""

    @abstractmethod
    def image(self, index: int) -> Decoded:
        """Return a frame decoded in full, its color profile and its EXIF orientation."""

    def frame(self, index: int) -> Frame:
        """Return a frame as the channels see it. Raises whatever the decoder raises."""
        image, profile, turned = self.image(index)
        rgb = upright(canonical(image, profile, self._notes), turned)
        return frame_of(rgb, index=index, size=upright_size(image.size, turned))


class PillowSource(DecodedSource):
    """A format that Pillow reads whole, frames one after the other."""

    sequential = True

    def __init__(self, what: str, data: bytes, budget: Budget, notes: list[str]) -> None:
        super().__init__(data, budget, notes)
        if what == "WEBP":
            self._check_webp()
        self._warns = what in {"GIF", "AVIF"} or (what == "PNG" and b"acTL" in data)
        with quiet(needed=self._warns):
            # The plugin itself: Image.open() would warn of sizes that the budget judges.
            self._image = _PLUGINS[what](BytesIO(data))
        budget.check_size(self._image.size)
        if what == "GIF":
            frames, self.complete = gif_frames(data)
            self.count = max(1, frames)
        else:
            self.count = max(1, getattr(self._image, "n_frames", 1))

    def _check_webp(self) -> None:
        """Refuse what is cut short or too large before the decoder allocates its canvas."""
        if int.from_bytes(self._data[4:8], "little") + 8 > len(self._data):
            raise UnreadError("truncated WEBP")
        if size := webp_size(self._data):
            self._budget.check_size(size)

    def image(self, index: int) -> Decoded:
        """Return a frame, reached by way of those before it."""
        image = self._image
        with quiet(needed=self._warns):
            for step in range(image.tell() + 1, index + 1):
                self._budget.check_time()
                image.seek(step)
                self._budget.check_size(image.size)
            image.load()
        turned = stated_orientation(image.info.get("exif"), self._notes)
        return image, image.info.get("icc_profile"), turned


class IcoSource(DecodedSource):
    """An icon: every size of it is a picture of its own."""

    def __init__(self, data: bytes, budget: Budget, notes: list[str]) -> None:
        super().__init__(data, budget, notes)
        self._icon = IcoImagePlugin.IcoFile(BytesIO(data))
        self.count = self._icon.nb_items

    def image(self, index: int) -> Decoded:
        """Return one size of the icon."""
        offset = self._icon.entry[index].offset
        self._budget.check_size(_icon_size(self._data[offset : offset + 24]))
        with quiet():
            image = self._icon.frame(index)
            image.load()
        return image, image.info.get("icc_profile"), 1


def _icon_size(head: bytes) -> tuple[int, int]:
    if head.startswith(b"\x89PNG"):
        width, height = struct.unpack_from(">II", head, 16)
    else:
        width, height = struct.unpack_from("<ii", head, 4)
    return width, abs(height)


class HeifSource(DecodedSource):
    """HEIC and HEIF; libheif turns the pictures upright."""

    def __init__(self, data: bytes, budget: Budget, notes: list[str]) -> None:
        import pillow_heif

        super().__init__(data, budget, notes)
        self._file = pillow_heif.open_heif(BytesIO(data), convert_hdr_to_8bit=True)
        self.count = len(self._file)

    def image(self, index: int) -> Decoded:
        """Return one of the top-level pictures."""
        picture = self._file[index]
        self._budget.check_size(picture.size)
        image = picture.to_pillow()
        return image, image.info.get("icc_profile"), 1


class PsdSource(DecodedSource):
    """The merged picture of a Photoshop document."""

    def image(self, index: int) -> Decoded:  # noqa: ARG002
        """Return the only frame."""
        return *read_psd(self._data, self._budget), 1


class ExrSource(DecodedSource):
    """The first part of an OpenEXR file."""

    def image(self, index: int) -> Decoded:  # noqa: ARG002
        """Return the only frame that is looked at."""
        image, self.complete = read_exr(self._data, self._budget, self._notes)
        return image, None, 1


def stated_orientation(exif: object, notes: list[str]) -> int:
    """Return the EXIF orientation, 1 where there is none; broken EXIF is ignored and noted."""
    if not isinstance(exif, bytes) or not exif:
        return 1
    try:
        return orientation(exif)
    except ValueError:
        notes.append("broken EXIF ignored")
        return 1
