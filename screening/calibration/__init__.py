"""Calibration: what unrelated images of your own score against an index; what that promises."""

from screening.calibration.background import Background, background_of
from screening.calibration.calibrate import (
    MIN_IMAGES,
    CalibrationOutcome,
    Suspect,
    calibrate,
    discard,
    fitted,
)
from screening.calibration.scores import ImageScores, score_examined, score_files

__all__ = [
    "MIN_IMAGES",
    "Background",
    "CalibrationOutcome",
    "ImageScores",
    "Suspect",
    "background_of",
    "calibrate",
    "discard",
    "fitted",
    "score_examined",
    "score_files",
]
