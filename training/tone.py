"""What is done to light and color: curves, color matrices, few inks."""

import cv2
import numpy as np

from training.data import Pixels

Rng = np.random.Generator

_RAMP = np.arange(256, dtype=np.float32) / 255.0
_GRAY = np.array([0.299, 0.587, 0.114], np.float32)


def curve(image: Pixels, rng: Rng) -> Pixels:
    """Change exposure, contrast and gamma; each color by its own curve now and then."""
    tables = [_curve(rng)] * 3 if rng.random() < 0.75 else [_curve(rng) for _ in range(3)]
    return _through(image, np.stack(tables, axis=-1))


def negative(image: Pixels, rng: Rng) -> Pixels:
    """Turn light into dark, wholly or beyond a level."""
    from_level = 0.0 if rng.random() < 0.75 else rng.uniform(0.3, 0.8)
    table = np.where(from_level <= _RAMP, 1.0 - _RAMP, _RAMP)
    return _through(image, np.repeat(table[:, None], 3, axis=1))


def few_levels(image: Pixels, rng: Rng) -> Pixels:
    """Keep two to seven levels, in color or in gray, evenly or not."""
    if rng.random() < 0.25:
        image = gray(image, rng)
    steps = int(rng.integers(1, 7))
    bent = _RAMP ** np.exp(rng.uniform(-0.5, 0.5))
    table = np.round(bent * steps) / steps
    return _through(image, np.repeat(table[:, None], 3, axis=1))


def gray(image: Pixels, rng: Rng) -> Pixels:
    """Take the color away, by any mix of the three."""
    weights = _GRAY if rng.random() < 0.6 else rng.dirichlet((2.0, 2.0, 2.0)).astype(np.float32)
    return _as_pixels(cv2.transform(image, np.tile(weights, (3, 1))))


def two_inks(image: Pixels, rng: Rng) -> Pixels:
    """Print gray from one color to another."""
    ends = rng.uniform(0.0, 1.0, (2, 3))
    # inks too much alike would leave nothing to recognize
    if abs(float((ends[1] - ends[0]) @ _GRAY)) < 0.4:
        ends = np.stack([ends[0] * 0.3, 0.7 + 0.3 * ends[1]])
    table = ends[0] + _RAMP[:, None] * (ends[1] - ends[0])
    return _through(gray(image, rng), table)


def recolored(image: Pixels, rng: Rng) -> Pixels:
    """Turn the hue, change the saturation, exchange colors."""
    angle = rng.uniform(-np.pi, np.pi)
    axis = np.full(3, angle / np.sqrt(3.0))
    turn, _ = cv2.Rodrigues(axis)
    saturation = rng.uniform(0.4, 1.8)
    matrix = saturation * turn + (1.0 - saturation) * np.tile(_GRAY, (3, 1))
    if rng.random() < 0.2:
        matrix = matrix[rng.permutation(3)]
    return _as_pixels(cv2.transform(image, matrix.astype(np.float32)))


def equalized(image: Pixels, rng: Rng) -> Pixels:
    """Spread the values of each color evenly, partly."""
    share = rng.uniform(0.4, 1.0)
    even = np.stack([cv2.equalizeHist(image[..., c]) for c in range(3)], axis=-1)
    return _as_pixels(cv2.addWeighted(even, share, image, 1.0 - share, 0.0))


def lit(image: Pixels, rng: Rng) -> Pixels:
    """Let light or shade fall across the picture."""
    side = image.shape[0]
    angle = rng.uniform(0.0, 2.0 * np.pi)
    line = np.linspace(-1.0, 1.0, side, dtype=np.float32)
    slope = np.cos(angle) * line[None, :] + np.sin(angle) * line[:, None]
    field = 1.0 + rng.uniform(0.3, 0.7) * slope / np.abs(slope).max()
    return _as_pixels(np.clip(image * field[..., None], 0, 255))


def _curve(rng: Rng) -> np.ndarray:
    values = _RAMP ** np.exp(rng.uniform(-0.9, 0.9))
    values = (values - 0.5) * np.exp(rng.uniform(-1.0, 0.8)) + 0.5
    return np.asarray(values * np.exp(rng.uniform(-0.8, 0.5)) + rng.uniform(-0.1, 0.1))


def _through(image: Pixels, tables: np.ndarray) -> Pixels:
    """Return the image with every value looked up, tables (256, 3) from 0 to 1."""
    table = np.clip(np.rint(tables * 255.0), 0, 255).astype(np.uint8)
    return _as_pixels(cv2.LUT(image, table[None]))


def _as_pixels(image: object) -> Pixels:
    return np.asarray(image, np.uint8)
