"""Small pictures for a page: of what was screened, by its path, and of references, by locator."""

import base64
import io
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from reference_index import Record, ReferenceIndex
from reference_index.errors import UnknownRecordError
from screening.errors import PathMissingError, ReferenceUnavailableError, UnreadError
from screening.images import Limits, load, open_picture
from screening.images.frame import RgbImage
from screening.report.pair import images_at

_DEFAULT_LIMITS = Limits()
_QUALITY = 68
_EFFORT = 2  # of WebP's 0 to 6: half the time of the usual 4, 3 % more bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A small picture as a data URI, and its size in px."""

    uri: str
    width: int
    height: int


def small(rgb: RgbImage, longest: int) -> Small:
    """Return a picture with its longer side reduced to at most so many px.

    It is encoded anew from pixels, so that nothing else of the file comes along.
    """
    image = Image.fromarray(rgb)
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=_QUALITY, method=_EFFORT)
    data = base64.b64encode(stream.getvalue()).decode()
    return Small(uri=f"data:image/webp;base64,{data}", width=image.width, height=image.height)


def frames_of(
    path: str, sha256: str | None, wanted: Collection[int], *, limits: Limits = _DEFAULT_LIMITS
) -> Mapping[int, RgbImage]:
    """Return frames of a file by their place in it; the first one for 0, whatever its place.

    sha256: of the file as it was screened. Raises UnreadError, also where it is another one by now.
    """
    loaded = load(path, limits=limits)
    if loaded.data is None or loaded.sha256 != sha256:
        raise UnreadError("changed since it was screened")
    found: dict[int, RgbImage] = {}
    for frame in open_picture(loaded.data, name=path, limits=limits).frames:
        if not found and 0 in wanted:
            found[0] = frame.rgb
        if frame.index in wanted:
            found[frame.index] = frame.rgb
        if len(found) == len({*wanted}):
            break
    return found


class Originals:
    """Finds the pictures of references where records say that they are; a folder is read once.

    indexes: tell where a picture was at enrollment, for records that do not say where it is.
    """

    def __init__(
        self, indexes: Iterable[ReferenceIndex] = (), *, limits: Limits = _DEFAULT_LIMITS
    ) -> None:
        self._indexes = tuple(indexes)
        self._limits = limits
        self._folders: dict[str, dict[str, str]] = {}

    def find(self, record: Record, sha256: str) -> RgbImage:
        """Return the first frame of a reference image. Raises ReferenceUnavailableError."""
        if not sha256:
            raise ReferenceUnavailableError("the words of the record matched, not a picture")
        where = record.locator or self._enrolled_from(record.id, sha256)
        if not where:
            raise ReferenceUnavailableError("the record does not say where its picture is")
        if "://" in where:
            raise ReferenceUnavailableError(f"to be looked at where it is: {where}")
        try:
            place = self._file(where, sha256)
            frames = frames_of(place, sha256, (0,), limits=self._limits)
        except (UnreadError, PathMissingError) as error:
            raise ReferenceUnavailableError(
                f"cannot be read where it is said to be, {where}: {error}"
            ) from error
        return frames[0]

    def _enrolled_from(self, record_id: str, sha256: str) -> str:
        for index in self._indexes:
            with suppress(UnknownRecordError):
                for image in index.images(record_id):
                    if image.sha256 == sha256:
                        return image.source
        return ""

    def _file(self, locator: str, sha256: str) -> str:
        if not Path(locator).is_dir():
            return locator
        if locator not in self._folders:
            pictures = images_at(locator, limits=self._limits)
            self._folders[locator] = {one.sha256 or "": file for file, one in pictures}
        if sha256 not in self._folders[locator]:
            raise UnreadError("no file in it is the one enrolled")
        return self._folders[locator][sha256]
