"""Signals: pixels to fingerprint, one module per channel."""

from screening.signals.extract import NO_MODELS, SETTINGS, Models, fingerprint
from screening.signals.hashes import MIN_STRUCTURE, perceptual_hashes
from screening.signals.local import MIN_FEATURES, local_features

__all__ = [
    "MIN_FEATURES",
    "MIN_STRUCTURE",
    "NO_MODELS",
    "SETTINGS",
    "Models",
    "fingerprint",
    "local_features",
    "perceptual_hashes",
]
