"""Signals: pixels to fingerprint, one module per channel."""

from screening.signals.extract import SETTINGS, fingerprint
from screening.signals.hashes import MIN_STRUCTURE, perceptual_hashes
from screening.signals.local import MIN_FEATURES, local_features

__all__ = [
    "MIN_FEATURES",
    "MIN_STRUCTURE",
    "SETTINGS",
    "fingerprint",
    "local_features",
    "perceptual_hashes",
]
