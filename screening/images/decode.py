"""Bytes, a PIL image or an array to a Picture: its frames, and what of it was not looked at."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import chain, count

import numpy as np
import numpy.typing as npt
from PIL import Image

from screening.errors import InputInvalidError, UnreadError
from screening.images.boundary import decoding, quiet
from screening.images.clips import ClipSource
from screening.images.files import WITHOUT_VIDEO, ClipFile, Content, plays_video
from screening.images.formats import HEAD_BYTES, classify
from screening.images.frame import Frame
from screening.images.jpeg import jpeg_source
from screening.images.limits import Budget, Limits
from screening.images.sources import (
    Decoded,
    DecodedSource,
    ExrSource,
    HeifSource,
    IcoSource,
    PillowSource,
    PsdSource,
    Source,
    stated_orientation,
)
from screening.images.tiff import TiffSource

_DEFAULT_LIMITS = Limits()
_SOURCES: dict[str, Callable[[bytes, Budget, list[str]], Source]] = {
    "JPEG": jpeg_source,
    "TIFF": TiffSource,
    "ICO": IcoSource,
    "HEIF": HeifSource,
    "PSD": PsdSource,
    "EXR": ExrSource,
}


class Picture:
    """An opened picture. Its first frame has been decoded, the others are as they are asked for.

    format: name of the format. width, height: pixels of the first frame, upright, before any
    reduction.
    frames: iterator over the distinct frames, once; equal working pixels count once. It never
    raises: a frame that cannot be read is counted and noted. One frame is held at a time.
    """

    def __init__(
        self, source: Source, *, what: str, limits: Limits, budget: Budget, notes: list[str]
    ) -> None:
        self._source = source
        self._budget = budget
        self._notes = notes
        self._wanted: Iterable[int] = (
            count() if source.sampled else _spread(source.count, limits.max_frames)
        )
        self._looked_at = 0
        self._failure: UnreadError | None = None
        rest = self._decode(what)
        first = next(rest, None)
        if first is None:
            raise self._failure or UnreadError(f"{what} without a picture")
        self.format = what
        self.width, self.height = first.width, first.height
        self.frames: Iterator[Frame] = chain((first,), rest)

    @property
    def frame_count(self) -> int:
        """Frames, pages or sizes in the file; of a clip those that a sample of it should have.

        Of a clip it is final once ``frames`` is exhausted.
        """
        return self._source.count

    @property
    def unscreened_frames(self) -> int:
        """Frames of the file that were not looked at; final once ``frames`` is exhausted.

        At least 1 for a file that ends early, where nobody knows how many there were.
        """
        return max(self.frame_count - self._looked_at, 0 if self._source.complete else 1)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the decoding; final once ``frames`` is exhausted."""
        notes = list(dict.fromkeys(self._notes))
        if self._failure is not None:
            notes.append(str(self._failure))
        if self._looked_at < self.frame_count:
            notes.append(f"screened {self._looked_at} of {self.frame_count} frames")
        elif not self._source.complete:
            notes.append("the file may hold more than was screened")
        return tuple(notes)

    def _decode(self, what: str) -> Iterator[Frame]:
        seen: set[bytes] = set()
        for index in self._wanted:
            try:
                if self._looked_at:
                    self._budget.check_time()
                with decoding(what):
                    frame = self._source.frame(index)
                if frame is None:
                    return
                digest = _digest(frame) if self._source.count > 1 else b""
            except UnreadError as error:
                numbered = self._source.count > 1 and not self._source.sampled
                where = f"frame {index}: " if numbered else ""
                self._failure = self._failure or UnreadError(where + error.reason)
                if self._source.sequential or self._budget.spent:
                    return
                continue
            self._looked_at += 1
            if digest not in seen:
                seen.add(digest)
                yield frame


def open_picture(data: Content, *, name: str = "", limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Return the picture in a file's bytes, or the frames that a clip is sampled by.

    name: the file's name, read for its extension where the bytes say nothing. Raises UnreadError
    when not one frame can be decoded whole: what is cut short gives no pixels at all.
    """
    if isinstance(data, ClipFile):
        return _clip_of(data, limits)
    if len(data) > limits.max_bytes:
        raise UnreadError(f"too large: {len(data):,} bytes, limit {limits.max_bytes:,}")
    kind = classify(data[:HEAD_BYTES], name)
    if kind.clip:
        return _clip_of((BytesIO(data), kind.clip), limits)
    if kind.format is None:
        raise UnreadError(kind.skip.reason if kind.skip else "not an image")
    budget, notes, what = Budget(limits), list[str](), kind.format
    with decoding(what):
        source = (
            _SOURCES[what](data, budget, notes)
            if what in _SOURCES
            else PillowSource(what, data, budget, notes)
        )
    return Picture(source, what=what, limits=limits, budget=budget, notes=notes)


def _clip_of(clip: ClipFile | tuple[BytesIO, str], limits: Limits) -> Picture:
    if not plays_video():
        raise UnreadError(WITHOUT_VIDEO)
    budget, notes = Budget(limits), list[str]()
    source = ClipSource(clip, budget, notes)
    return Picture(source, what="video", limits=limits, budget=budget, notes=notes)


def from_pil(image: Image.Image, *, limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Return a PIL image as a picture, by the same way through orientation, profile and alpha.

    Only its current frame is looked at, and ``unscreened_frames`` counts the others. A large JPEG
    gives pixels slightly unlike those of its bytes, which are decoded at a reduced scale.
    Raises UnreadError.
    """
    if not isinstance(image, Image.Image):
        raise InputInvalidError(f"image is {type(image).__name__}, expected a PIL image")
    budget, notes = Budget(limits), list[str]()
    return Picture(
        _Given(image, budget, notes), what="image", limits=limits, budget=budget, notes=notes
    )


def from_array(array: npt.NDArray[np.uint8], *, limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Return an array as a picture.

    array: uint8 (h, w, 3), sRGB. Raises InputInvalidError for anything else, UnreadError when it
    has more pixels than the limits allow.
    """
    if not isinstance(array, np.ndarray):
        raise InputInvalidError(
            f"array is {type(array).__name__}, expected a numpy array, uint8 (h, w, 3) in RGB"
        )
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise InputInvalidError(
            f"array is {array.dtype} {array.shape}, expected uint8 (h, w, 3) in RGB: convert it "
            f"first, for instance with PIL.Image.fromarray(...).convert('RGB')"
        )
    return from_pil(Image.fromarray(np.ascontiguousarray(array)), limits=limits)


class _Given(DecodedSource):
    """A PIL image that somebody else has opened."""

    def __init__(self, image: Image.Image, budget: Budget, notes: list[str]) -> None:
        super().__init__(b"", budget, notes)
        self._image = image
        self.complete = getattr(image, "n_frames", 1) == 1

    def image(self, index: int) -> Decoded:  # noqa: ARG002
        self._budget.check_size(self._image.size)
        with quiet():
            self._image.load()
        info = self._image.info
        return (
            self._image,
            info.get("icc_profile"),
            stated_orientation(info.get("exif"), self._notes),
        )


def _digest(frame: Frame) -> bytes:
    shape = repr(frame.gray.shape).encode()
    return hashlib.sha256(shape + frame.rgb.tobytes()).digest()


def _spread(count: int, wanted: int) -> list[int]:
    """Return at most ``wanted`` of the numbers below ``count``, evenly, first and last included."""
    if count <= wanted:
        return list(range(count))
    return [index * (count - 1) // max(1, wanted - 1) for index in range(wanted)]
