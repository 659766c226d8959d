"""Printed patterns, as masks over a whole picture."""

from functools import lru_cache

import numpy as np

from screening.demo.noise import Field, Size, smoothstep


@lru_cache(maxsize=4)
def pattern(kind: str, size: Size, *, scale: float) -> Field | None:
    """Return a pattern as (height, width) within 0–1, `scale` picture heights from mark to mark.

    kind: stripes, dots, diamonds, scales or plain, which is None.
    """
    if kind == "plain":
        return None
    width, height = size
    x = np.arange(width, dtype=np.float32)[None, :] / (height * scale)
    y = np.arange(height, dtype=np.float32)[:, None] / (height * scale)
    if kind == "stripes":
        bars = _fold(y * 0.6 + x * 0.12)
        return smoothstep(0.3, 0.36, bars)
    if kind == "diamonds":
        both = _fold((x + y) / 2) * _fold((x - y) / 2)
        return smoothstep(0.1, 0.12, both)
    row = np.floor(y)
    across, down = _middle(x + 0.5 * (row % 2)), _middle(y)
    if kind == "scales":
        rim = np.sqrt(across * across + (down + 0.5) ** 2)
        return smoothstep(0.12, 0.06, np.abs(rim - 0.62))
    return smoothstep(0.3, 0.25, np.sqrt(across * across + down * down))


def _fold(field: Field) -> Field:
    """Return a triangle wave of period 1, from 0 up to 0.5."""
    return abs(_middle(field))


def _middle(field: Field) -> Field:
    """Return the distance from the middle of each unit, signed."""
    return field - np.floor(field) - 0.5
