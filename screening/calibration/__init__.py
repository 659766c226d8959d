"""Calibration: what unrelated images and prompts of your own score; what that promises."""

from screening.calibration.background import Background, background_of
from screening.calibration.calibrate import CalibrationOutcome, calibrate, discard, fitted
from screening.calibration.fitting import MIN_IMAGES, Suspect
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
