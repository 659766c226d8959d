"""Where a picture lies: turned, cut, seen askew, on a ground, beside others."""

import cv2
import numpy as np

from training.data import Pixels
from training.overlays import ground_color, page

Rng = np.random.Generator

_CORNERS = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


def placed(image: Pixels, side: int, rng: Rng, other: Pixels | None) -> Pixels:
    """Return a square view of a picture, uint8 (side, side, 3).

    The picture fills it, is cut by its edges, or lies inside on a ground: ``other`` where one is
    given, else a color or a page. It may be mirrored, turned, slanted and seen askew.
    """
    quad = _shape(rng, inside=other is not None)
    low, high = quad.min(axis=0), quad.max(axis=0)
    canvas = _canvas(side, rng, other, covered=bool((low <= 0.01).all() and (high >= 0.99).all()))
    shown = _shrunk(image, quad, side)
    length = shown.shape[0]
    # corners of pixels, not their centers, are what must meet
    matrix = cv2.getPerspectiveTransform(
        (_CORNERS * length - 0.5).astype(np.float32), (quad * side - 0.5).astype(np.float32)
    )
    cv2.warpPerspective(shown, matrix, (side, side), dst=canvas, borderMode=cv2.BORDER_TRANSPARENT)
    return canvas


def collage(images: list[Pixels], side: int, rng: Rng) -> Pixels:
    """Return two or four pictures side by side, (side, side, 3)."""
    rows, columns = (2, 2) if len(images) == 4 else ((1, 2) if rng.random() < 0.5 else (2, 1))
    canvas = np.empty((side, side, 3), np.uint8)
    canvas[:] = ground_color(rng)
    gap = side * max(0.0, rng.uniform(-0.05, 0.08))
    cell = (side - gap * (np.array([columns, rows]) - 1)) / (columns, rows)
    for number, image in enumerate(images):
        start = np.array([number % columns, number // columns]) * (cell + gap)
        (left, top), (right, bottom) = (
            start.round().astype(int).tolist(),
            (start + cell).round().astype(int).tolist(),
        )
        size = (right - left, bottom - top)
        canvas[top:bottom, left:right] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return canvas


def waved(image: Pixels, rng: Rng) -> Pixels:
    """Bend the picture in waves, or swell and pinch it."""
    side = image.shape[0]
    line = np.arange(side, dtype=np.float32)
    if rng.random() < 0.3:
        x, y = np.meshgrid(line / side - 0.5, line / side - 0.5)
        bulge = 1.0 + rng.uniform(-0.5, 0.5) * (x * x + y * y - 0.25)
        return _remapped(image, (x * bulge + 0.5) * side, (y * bulge + 0.5) * side)
    height = side * rng.uniform(0.012, 0.05, 2)
    turns = 2.0 * np.pi * rng.uniform(0.8, 3.5, 2) / side
    phase = rng.uniform(0.0, 2.0 * np.pi, 2)
    map_x = line[None, :] + height[0] * np.sin(turns[0] * line + phase[0])[:, None]
    map_y = line[:, None] + height[1] * np.sin(turns[1] * line + phase[1])[None, :]
    return _remapped(image, map_x, map_y)


def _shape(rng: Rng, *, inside: bool) -> np.ndarray:
    """Return where the corners of the picture go, (4, 2) in shares of the view."""
    quad = _CORNERS - 0.5
    if rng.random() < 0.2:
        quad = quad @ np.array([(1.0, rng.uniform(-0.35, 0.35)), (0.0, 1.0)])
    if rng.random() < 0.3:
        angle = rng.normal(0.0, 0.2)
        quad = quad @ np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    if rng.random() < 0.3:
        quad = quad + rng.uniform(-1.0, 1.0, (4, 2)) * rng.uniform(0.02, 0.14)
    low, high = quad.min(axis=0), quad.max(axis=0)
    quad = (quad - low) / (high - low)
    draw = rng.random()
    if inside or draw < 0.25:
        share = np.sqrt(rng.uniform(0.28, 0.85)) * np.exp(
            rng.uniform(-0.2, 0.2) * np.array([1, -1])
        )
        share = np.minimum(share, 0.97)
        quad = quad * share + rng.uniform(0.0, 1.0, 2) * (1.0 - share)
    elif draw < 0.6:
        share = np.sqrt(rng.uniform(0.3, 0.95)) * np.exp(rng.uniform(-0.2, 0.2) * np.array([1, -1]))
        share = np.minimum(share, 1.0)
        quad = (quad - rng.uniform(0.0, 1.0, 2) * (1.0 - share)) / share
    if rng.random() < 0.3:
        quad = quad[[1, 0, 3, 2]]
    if rng.random() < 0.3:
        quad = np.roll(quad, int(rng.integers(1, 4)), axis=0)
    return np.asarray(quad)


def _canvas(side: int, rng: Rng, other: Pixels | None, *, covered: bool) -> Pixels:
    if other is not None:
        return _resized(other, side)
    if not covered and rng.random() < 0.25:
        return page(side, rng)
    canvas = np.empty((side, side, 3), np.uint8)
    canvas[:] = ground_color(rng)
    return canvas


def _shrunk(image: Pixels, quad: np.ndarray, side: int) -> Pixels:
    """Return the picture no larger than it is shown, so that lines do not break up."""
    x, y = quad[:, 0], quad[:, 1]
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    target = round(side * float(np.sqrt(area)))
    return _resized(image, max(8, target)) if target < 0.7 * image.shape[0] else image


def _resized(image: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _remapped(image: Pixels, map_x: np.ndarray, map_y: np.ndarray) -> Pixels:
    shape = image.shape[:2]
    x, y = (np.broadcast_to(m, shape).astype(np.float32) for m in (map_x, map_y))
    bent = cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(bent, np.uint8)
