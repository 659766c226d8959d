"""Where the faces of a picture are: boxes and five landmarks, by YuNet."""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screening.errors import ModelBrokenError

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

MIN_SCORE = 0.7
"""Of 347 photographs, nearly all without people, 6 % have a face from here on, 8 % from 0.6 and
3.5 % from 0.8 on; of 200 faces shrunk to 20 px 97 %, 97.5 % and 93 % are found."""
MAX_OVERLAP = 0.5
"""Of two faces that share more than this of the smaller one's box, the better scored stays."""
CLOSE_SIDE = 192
"""px, the longer side at which faces are looked for that fill the picture or more."""
WHOLE_SIDE = 640
"""px, the longer side at which all others are looked for: of those of 16 px there 86 % are found,
of 14 px 67 %, of 10 px 12 %; more than 500 px are too large."""
FINE_SIDE = 1536
"""px, the longer side at which larger pictures are searched once more for small faces."""
FINE_FROM = 1024
"""px, the longer side above which a picture is one of those."""
TILE_SIDE = 832
"""px, the most that one tile of that search has on a side; whole it would take 250 MiB."""
TILE_OVERLAP = 96
"""px that neighboring tiles share: twice as much as a face has that is found without tiles, so that
each is whole in a tile or not needed."""

_PLACES = [0, 1, *range(4, 14)]  # the columns of a face that are x or y, by turns
_CUT = 2  # px from an inner edge of a tile: there a face may be cut in two


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """The faces of a picture, in its pixels, the best scored first.

    boxes: float32 (n, 4), left, top, right, bottom. landmarks: float32 (n, 5, 2), x and y, in the
    detector's own scheme. scores: float32 (n,), 0 to 1.
    """

    boxes: Floats
    landmarks: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.scores)


class YuNet:
    """YuNet by OpenCV; may be used from several threads, one at a time.

    Source: Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023.
    """

    def __init__(self, path: Path) -> None:
        """Load the network. Raises ModelBrokenError."""
        import cv2

        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            self._detector: Any = cv2.FaceDetectorYN.create(
                str(path), "", (WHOLE_SIDE, WHOLE_SIDE), MIN_SCORE, 0.3, 5000
            )
        except cv2.error as error:
            raise ModelBrokenError(
                f"{path}: is not a face detector that OpenCV can load; get the file again, then "
                f"'screening models verify'"
            ) from error
        finally:
            cv2.utils.logging.setLogLevel(level)
        self._lock = threading.Lock()

    def detect(self, rgb: RgbImage) -> Detections:
        """Return all faces of a picture, uint8 (h, w, 3)."""
        import cv2

        height, width = rgb.shape[:2]
        found = [np.empty((0, 15), np.float32)]
        bgr = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)
        for side in sides(max(width, height)):
            bgr = reduced(bgr, side)  # each from the one before, which takes less than the whole
            ratio = np.array((width, height), np.float32) / np.array(bgr.shape[1::-1], np.float32)
            for tile in tiles(*bgr.shape[1::-1]):
                left, top, right, bottom = tile
                faces = self._faces(np.ascontiguousarray(bgr[top:bottom, left:right]))
                faces = faces[_whole(faces, tile, bgr.shape)]
                faces[:, _PLACES] += np.tile(np.array((left, top), np.float32), 6)
                faces[:, :14] *= np.tile(ratio, 7)
                found.append(faces)
        return merged(np.concatenate(found))

    def _faces(self, bgr: npt.NDArray[np.uint8]) -> Floats:
        """Return what OpenCV says: left, top, width, height, five times x and y, score."""
        with self._lock:
            self._detector.setInputSize(bgr.shape[1::-1])
            faces = self._detector.detect(bgr)[1]
        return np.empty((0, 15), np.float32) if faces is None else np.asarray(faces, np.float32)


def sides(longer: int) -> list[int]:
    """Return to which longer sides a picture is reduced, falling; each of them is searched."""
    fine = {min(longer, FINE_SIDE)} if longer > FINE_FROM else set()
    return sorted({min(longer, CLOSE_SIDE), min(longer, WHOLE_SIDE)} | fine, reverse=True)


def reduced(rgb: RgbImage, side: int) -> RgbImage:
    """Return a picture with its longer side at so many px, each side at least 1."""
    import cv2

    scale = side / max(rgb.shape[:2])
    size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    way = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR  # in an eighth of the time
    return np.asarray(cv2.resize(rgb, size, interpolation=way), np.uint8)


def tiles(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Give the left, top, right and bottom of as few tiles as cover a picture, equal in size."""
    for (top, bottom), (left, right) in product(_spans(height), _spans(width)):
        yield left, top, right, bottom


def _spans(length: int) -> list[tuple[int, int]]:
    count = max(math.ceil((length - TILE_OVERLAP) / (TILE_SIDE - TILE_OVERLAP)), 1)
    size = math.ceil((length + (count - 1) * TILE_OVERLAP) / count)
    starts = [round(i * (length - size) / max(count - 1, 1)) for i in range(count)]
    return [(start, start + size) for start in starts]


def _whole(
    faces: Floats, tile: tuple[int, int, int, int], shape: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Return which faces of a tile are not cut by an edge that lies within the picture."""
    left, top, right, bottom = tile
    x, y, width, height = faces[:, :4].T
    whole: npt.NDArray[np.bool_] = (
        ((x > _CUT) | (left == 0))
        & ((y > _CUT) | (top == 0))
        & ((x + width < right - left - _CUT) | (right == shape[1]))
        & ((y + height < bottom - top - _CUT) | (bottom == shape[0]))
    )
    return whole


def merged(faces: Floats) -> Detections:
    """Return faces, the best scored first, without those that better ones cover.

    faces: float32 (n, 15), as OpenCV gives them.
    """
    faces = faces[np.lexsort((faces[:, 1], faces[:, 0], -faces[:, 14]))]
    corners = np.concatenate([faces[:, :2], faces[:, :2] + faces[:, 2:4]], axis=1)
    kept: list[int] = []
    for i in range(len(faces)):
        if (_shared(corners[i], corners[kept]) <= MAX_OVERLAP).all():
            kept.append(i)
    return Detections(
        boxes=corners[kept],
        landmarks=faces[kept, 4:14].reshape(-1, 5, 2),
        scores=faces[kept, 14].clip(0, 1),
    )


def _shared(box: Floats, others: Floats) -> Floats:
    """Return the area that a box shares with each of others over that of the smaller one."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    smaller = np.minimum(np.prod(box[2:] - box[:2]), areas)
    return np.asarray(np.prod(sides.clip(0), axis=1) / np.maximum(smaller, 1e-6), np.float32)
