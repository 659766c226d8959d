"""Signals: pixels to fingerprint, one module per channel."""

from screening.signals.extract import SETTINGS, fingerprint
from screening.signals.hashes import MIN_STRUCTURE, perceptual_hashes

__all__ = ["MIN_STRUCTURE", "SETTINGS", "fingerprint", "perceptual_hashes"]
