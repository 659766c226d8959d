"""What is laid onto a picture, and plain grounds and pages that it is laid onto."""

import string
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.data import Pixels

Rng = np.random.Generator

MASKS = 160
MASK_SIDE = 160
_LETTERS = np.array(list(string.ascii_letters + string.digits + "   .,!?&-:"))


def lettered(image: Pixels, rng: Rng) -> Pixels:
    """Write over the picture, or cover it with a faint repeated word."""
    side = image.shape[0]
    mask = lettering()[int(rng.integers(MASKS))]
    if rng.random() < 0.5:
        mask = mask[:, ::-1] if rng.random() < 0.2 else np.rot90(mask, int(rng.integers(4)))
    sized = cv2.resize(np.ascontiguousarray(mask), (side, side), interpolation=cv2.INTER_AREA)
    share = sized.astype(np.float32)[..., None] / 255.0 * rng.uniform(0.3, 1.0)
    ink = _ink(rng)
    return np.asarray(image * (1.0 - share) + ink * share, np.uint8)


def stuck(image: Pixels, rng: Rng) -> Pixels:
    """Stick one to four shapes onto the picture: discs, faces, plates, stars, scraps."""
    canvas = image.copy()
    side = image.shape[0]
    for _ in range(int(rng.integers(1, 5))):
        size = side * rng.uniform(0.1, 0.36)
        middle = rng.uniform(0.0, side, 2)
        ink = tuple(_ink(rng).tolist())
        kind = int(rng.integers(4))
        center = (round(middle[0]), round(middle[1]))
        if kind == 0:
            cv2.circle(canvas, center, round(size / 2), ink, -1, cv2.LINE_AA)
            for way in (-1, 1):
                eye = (round(middle[0] + way * size / 6), round(middle[1] - size / 8))
                cv2.circle(canvas, eye, max(1, round(size / 14)), (0, 0, 0), -1, cv2.LINE_AA)
        elif kind == 1:
            half = rng.uniform(0.2, 0.5, 2) * size
            low, high = (middle - half).round().astype(int), (middle + half).round().astype(int)
            cv2.rectangle(canvas, low.tolist(), high.tolist(), ink, -1)
        else:
            count = int(rng.integers(3, 11))
            angles = np.sort(rng.uniform(0, 2 * np.pi, count)) if kind == 2 else _even(count)
            radii = rng.uniform(0.2, 0.6, count) * size if kind == 2 else _star(count) * size
            points = middle + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)
            cv2.fillPoly(canvas, [points.round().astype(np.int32)], ink, cv2.LINE_AA)
    return canvas


def barred(image: Pixels, rng: Rng) -> Pixels:
    """Lay a bar with words over an edge of the picture, or a grid of lines over all of it."""
    canvas = image.copy()
    side = image.shape[0]
    if rng.random() < 0.25:
        pitch, ink = rng.uniform(0.06, 0.25) * side, tuple(_ink(rng).tolist())
        for place in np.arange(rng.uniform(0, pitch), side, pitch).round().astype(int).tolist():
            cv2.line(canvas, (place, 0), (place, side), ink, 1)
            cv2.line(canvas, (0, place), (side, place), ink, 1)
        return canvas
    high = max(4, round(side * rng.uniform(0.08, 0.25)))
    mask = lettering()[int(rng.integers(MASKS))]
    start = int(rng.integers(0, MASK_SIDE - MASK_SIDE // 5))
    words = cv2.resize(mask[start : start + MASK_SIDE // 5], (side, high))[..., None] / 255.0
    bar = ground_color(rng) * (1.0 - words) + _ink(rng) * words
    top = 0 if rng.random() < 0.5 else side - high
    canvas[top : top + high] = bar.astype(np.uint8)
    return canvas


def page(side: int, rng: Rng) -> Pixels:
    """Return a page or screen: plain ground, panels, lines of words, dots; (side, side, 3)."""
    canvas = np.empty((side, side, 3), np.uint8)
    canvas[:] = ground_color(rng)
    for _ in range(int(rng.integers(0, 4))):
        low = rng.integers(0, side, 2)
        panel = (low + rng.integers(4, side, 2)).tolist()
        cv2.rectangle(canvas, low.tolist(), panel, tuple(_ink(rng).tolist()), -1)
    if rng.random() < 0.7:
        canvas = lettered(canvas, rng)
    for _ in range(int(rng.integers(0, 4))):
        place = rng.integers(0, side, 2).tolist()
        cv2.circle(canvas, place, int(rng.integers(1, 6)), tuple(_ink(rng).tolist()), -1)
    return canvas


def ground_color(rng: Rng) -> np.ndarray:
    """Return a color that pictures are framed in: mostly black or white, uint8 values (3,)."""
    draw = rng.random()
    if draw < 0.35:
        return np.zeros(3)
    return np.full(3, 255.0) if draw < 0.7 else rng.uniform(0.0, 255.0, 3)


@lru_cache(maxsize=1)
def lettering() -> Pixels:
    """Return masks of lettering, uint8 (MASKS, MASK_SIDE, MASK_SIDE), the same every time."""
    rng = np.random.default_rng(20_260)
    return np.stack([_written(rng, tiled=number % 3 == 0) for number in range(MASKS)])


def words(rng: Rng, count: int) -> str:
    """Return letters, digits and blanks at random."""
    return "".join(rng.choice(_LETTERS, count))


def _written(rng: Rng, *, tiled: bool) -> Pixels:
    mask = Image.new("L", (2 * MASK_SIDE, 2 * MASK_SIDE) if tiled else (MASK_SIDE, MASK_SIDE))
    pen = ImageDraw.Draw(mask)
    font = ImageFont.load_default(float(rng.uniform(8.0, 34.0)))
    if not tiled:
        for _ in range(int(rng.integers(1, 9))):
            x, y = rng.uniform(-10.0, MASK_SIDE * 0.7), rng.uniform(-5.0, MASK_SIDE * 0.95)
            pen.text((x, y), words(rng, int(rng.integers(3, 24))), fill=255, font=font)
        return np.asarray(mask)
    word = words(rng, int(rng.integers(4, 9))) + "    "
    for y in np.arange(0.0, 2 * MASK_SIDE, rng.uniform(24.0, 60.0)):
        pen.text((-rng.uniform(0, 40), y), word * 12, fill=255, font=font)
    turned = mask.rotate(float(rng.uniform(-50.0, 50.0)))
    half = MASK_SIDE // 2
    return np.asarray(turned.crop((half, half, half + MASK_SIDE, half + MASK_SIDE)))


def _ink(rng: Rng) -> np.ndarray:
    draw = rng.random()
    if draw < 0.3:
        return np.full(3, 255.0)
    return np.zeros(3) if draw < 0.45 else rng.uniform(0.0, 255.0, 3)


def _even(count: int) -> np.ndarray:
    return np.arange(count) * (2.0 * np.pi / count)


def _star(count: int) -> np.ndarray:
    return np.where(np.arange(count) % 2, 0.22, 0.5)
