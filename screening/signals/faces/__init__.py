"""Faces: found, judged, put upright and embedded, by whatever weights are here."""

from screening.signals.faces.find import find_faces
from screening.signals.faces.model import FaceModel, choose, with_settings
from screening.signals.faces.quality import MIN_SHARPNESS, MIN_WIDTH
from screening.signals.faces.style import MIN_LINES

__all__ = [
    "MIN_LINES",
    "MIN_SHARPNESS",
    "MIN_WIDTH",
    "FaceModel",
    "choose",
    "find_faces",
    "with_settings",
]
