"""From pixels to faces: found, judged, put upright and embedded."""

from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reference_index.fingerprint import Faces
from screening.signals.faces.align import eyes_and_nose
from screening.signals.faces.detect import Detections, YuNet
from screening.signals.faces.dlib import DlibDetector, DlibEmbedder
from screening.signals.faces.embed import OnnxEmbedder
from screening.signals.faces.model import FaceModel
from screening.signals.faces.quality import MAX_COMPARED, comparable, frontality, look, sharpness
from screening.signals.faces.style import is_drawn

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_BATCH = 16  # faces embedded at once: of a crowd, all at once would take hundreds of MiB
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


class Detector(Protocol):
    """Finds the faces of a picture, uint8 (h, w, 3), RGB."""

    def detect(self, rgb: RgbImage) -> Detections:
        """Return them, the best scored first."""
        ...


class Embedder(Protocol):
    """Tells faces apart by vectors."""

    def embed(self, rgb: RgbImage, landmarks: Floats) -> Floats:
        """Return unit vectors, float32 (n, d), of n at least 1 faces by landmarks (n, 5, 2), px."""
        ...


def find_faces(rgb: RgbImage, *, model: FaceModel, width: int, height: int) -> Faces:
    """Return every face of a picture, the largest first.

    rgb: uint8 (h, w, 3), sRGB, at working size. width, height: px of the original picture.
    Those too small or too soft to compare, and of a crowd all but the largest, have zeros for a
    vector. Raises ModelBrokenError where the files of the model cannot be used.
    """
    detector, embedder = _loaded(model)
    found = detector.detect(rgb)
    size = np.array(rgb.shape[1::-1], np.float32)
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    original = sides / size * np.array((width, height), np.float32)
    order = np.lexsort((found.boxes[:, 1], found.boxes[:, 0], -original.prod(axis=1)))
    quality, drawn, usable = [], [], []
    for i in order:
        core = eyes_and_nose(found.landmarks[i], model.detector.landmarks)
        gray = look(rgb, core) @ _LUMA
        sharp = sharpness(gray)
        quality.append((found.scores[i], original[i, 0], frontality(core), sharp))
        drawn.append(is_drawn(gray))
        usable.append(comparable(sides[i, 0], sharp))
    compared = np.flatnonzero(usable)[:MAX_COMPARED]
    vectors = np.zeros((len(order), model.embedder.output_size), np.float32)
    for start in range(0, len(compared), _BATCH):
        part = compared[start : start + _BATCH]
        vectors[part] = embedder.embed(rgb, found.landmarks[order[part]])
    return Faces(
        settings=model.settings,
        strangers=model.strangers if model.embedder.cohort else None,
        boxes=np.asarray(found.boxes[order] / np.tile(size, 2), np.float32),
        quality=np.array(quality, np.float32).reshape(-1, 4),
        drawn=np.array(drawn, np.bool_),
        vectors=vectors,
    )


@lru_cache(maxsize=4)
def _loaded(model: FaceModel) -> tuple[Detector, Embedder]:
    """Return the networks of a model, loaded once in a process; each runs on one thread."""
    if model.embedder.runtime == "dlib":
        embedder = DlibEmbedder(model.embedder_path, model.embedder, flip=model.flip)
        return DlibDetector(model.detector_path), embedder
    onnx = OnnxEmbedder(model.embedder_path, model.embedder, flip=model.flip)
    return YuNet(model.detector_path), onnx
