"""dlib's face detector, landmarks and network: for machines without better weights.

Only the two files of the cards are opened. dlib is needed when a class here is used, not before.
"""

import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screening.errors import ModelBrokenError
from screening.models import Card
from screening.signals.faces.detect import Detections, merged, reduced
from screening.signals.faces.embed import unit

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

MIN_MARGIN = 0.0
"""The score of the support vector machine from which on something is a face, dlib's own."""
LARGEST_SIDE = 1536
"""px, the longer side to which pictures are reduced: it finds faces from 80 px there."""
SMALLEST_SIDE = 640
"""px, the longer side to which pictures are enlarged, up to twofold."""
PADDING = 0.25
"""Of the crop, as the network was trained."""


def installed() -> bool:
    """Return whether dlib is there."""
    return find_spec("dlib") is not None


class DlibDetector:
    """dlib's frontal face detector and its five landmarks; one thread at a time.

    Source: Dalal and Triggs 2005; Kazemi and Sullivan 2014.
    """

    def __init__(self, path: Path) -> None:
        """Load the landmarks. Raises ModelBrokenError."""
        import dlib

        self._frontal = dlib.get_frontal_face_detector()
        self._landmarks = _loaded(dlib.shape_predictor, path)
        self._lock = threading.Lock()

    def detect(self, rgb: RgbImage) -> Detections:
        """Return the faces of a picture, uint8 (h, w, 3), that look at us and are not small."""
        import dlib

        longer = max(rgb.shape[:2])
        side = min(max(longer, min(2 * longer, SMALLEST_SIDE)), LARGEST_SIDE)
        searched = np.ascontiguousarray(reduced(rgb, side))
        picture, scale = np.ascontiguousarray(rgb), longer / side
        found = np.empty((0, 15), np.float32)
        with self._lock:
            places, margins, _ = self._frontal.run(searched, 0, MIN_MARGIN)
            for place, margin in zip(places, margins, strict=True):
                corners = (place.left(), place.top(), place.right() + 1, place.bottom() + 1)
                box = dlib.rectangle(*(round(corner * scale) for corner in corners))
                points = [(p.x, p.y) for p in self._landmarks(picture, box).parts()]
                size = (box.right() - box.left(), box.bottom() - box.top())
                score = 1.0 / (1.0 + np.exp(-margin))
                row = (box.left(), box.top(), *size, *np.ravel(points), score)
                found = np.concatenate([found, np.array([row], np.float32)])
        return merged(found)


class DlibEmbedder:
    """dlib's ResNet; one thread at a time. Raises ModelBrokenError."""

    def __init__(self, path: Path, card: Card, *, flip: bool) -> None:
        import dlib

        self._network = _loaded(dlib.face_recognition_model_v1, path)
        self._side, self._flip = card.input_size, flip
        self._lock = threading.Lock()

    def embed(self, rgb: RgbImage, landmarks: Floats) -> Floats:
        """Return the unit vector of each face, float32 (n, 128).

        rgb: uint8 (h, w, 3). landmarks: float32 (n, 5, 2), px, as DlibDetector gives them, n at
        least 1. With flip it is the mean of a face's vector and that of its mirror image.
        """
        picture = np.ascontiguousarray(rgb)
        crops = [_crop(picture, points, self._side) for points in landmarks]
        if self._flip:
            crops += [np.ascontiguousarray(crop[:, ::-1]) for crop in crops]
        with self._lock:
            given = np.array(self._network.compute_face_descriptor(crops), np.float32)
        return unit(unit(given).reshape(-1, len(landmarks), given.shape[1]).sum(axis=0))


def _crop(picture: RgbImage, points: Floats, side: int) -> RgbImage:
    """Return a face as the network was trained to see it, by dlib's own alignment."""
    import dlib

    places = [dlib.point(round(x), round(y)) for x, y in points.tolist()]
    face = dlib.full_object_detection(dlib.rectangle(), places)
    return np.asarray(dlib.get_face_chip(picture, face, side, PADDING), np.uint8)


def _loaded(kind: Any, path: Path) -> Any:
    try:
        return kind(str(path))
    except RuntimeError as error:
        raise ModelBrokenError(
            f"{path}: is not a file that dlib can load ({str(error).strip()}); get it again, then "
            f"'screening models verify'"
        ) from error
