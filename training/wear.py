"""What wears a picture or draws it anew: compression, blur, grain, screens, sketches, flat paint.

Every function takes a square uint8 picture and gives one of the same shape; sizes are shares of its
side.
"""

import cv2
import numpy as np

from training.data import Pixels

Rng = np.random.Generator


def compressed(image: Pixels, rng: Rng) -> Pixels:
    """Compress as JPEG, quality 3 to 45."""
    quality = int(np.exp(rng.uniform(np.log(3), np.log(45))))
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _as_pixels(cv2.imdecode(coded, cv2.IMREAD_COLOR))


def coarse(image: Pixels, rng: Rng) -> Pixels:
    """Make small, then large again, smoothly or in blocks."""
    side = image.shape[0]
    small = max(8, round(side * float(np.exp(rng.uniform(np.log(0.1), np.log(0.5))))))
    way = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[int(rng.integers(3))]
    shrunk = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return _as_pixels(cv2.resize(shrunk, (side, side), interpolation=way))


def blurred(image: Pixels, rng: Rng) -> Pixels:
    """Blur evenly, or along a line as a moving camera does."""
    side = image.shape[0]
    if rng.random() < 0.7:
        return _as_pixels(cv2.GaussianBlur(image, (0, 0), side * rng.uniform(0.006, 0.03)))
    length = max(3, round(side * rng.uniform(0.03, 0.12)))
    kernel = np.zeros((length, length), np.float32)
    half = (length - 1) / 2
    away = np.array([np.cos(angle := rng.uniform(0, np.pi)), np.sin(angle)]) * half
    ends = np.rint([half - away, half + away]).astype(int).tolist()
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return _as_pixels(cv2.filter2D(image, -1, kernel / kernel.sum()))


def grainy(image: Pixels, rng: Rng) -> Pixels:
    """Add grain, of each color or of all alike, or specks of black and white."""
    shape = image.shape if rng.random() < 0.7 else (*image.shape[:2], 1)
    if rng.random() < 0.8:
        # the sum of a few even draws is bell shaped enough, and much faster than a normal one
        grain = rng.integers(0, 256, (3, *shape), np.uint8).sum(axis=0, dtype=np.int32) - 382
        sigma = rng.uniform(10.0, 60.0)
        return _clipped(image + grain * (sigma / 128.0))
    specks = rng.integers(0, 256, shape, np.uint8)
    share = rng.integers(4, 24)
    worn = np.where(specks < share, 0, image)
    return np.where(specks > 255 - share, 255, worn).astype(np.uint8)


def screened(image: Pixels, rng: Rng) -> Pixels:
    """Print in dots or lines, at angles and a pitch at random."""
    side = image.shape[0]
    pitch = max(2.0, side * rng.uniform(0.015, 0.045))
    lines = rng.random() < 0.25
    angles = rng.uniform(0.0, np.pi / 2) + np.array([0.0, 0.5, 1.0]) * rng.uniform(0.0, 1.0)
    place = np.arange(side, dtype=np.float32) * (2.0 * np.pi / pitch)
    screens = []
    for angle in angles:
        along = place[None, :] * np.cos(angle) + place[:, None] * np.sin(angle)
        across = place[:, None] * np.cos(angle) - place[None, :] * np.sin(angle)
        wave = np.sin(along) if lines else (np.sin(along) + np.sin(across)) / 2
        screens.append(127.5 + 120.0 * wave)
    source = image if rng.random() < 0.7 else _grays(image)
    dots = np.where(source >= np.stack(screens, axis=-1), 255, 0).astype(np.uint8)
    return _as_pixels(cv2.GaussianBlur(dots, (0, 0), rng.uniform(0.4, 1.0)))


def penciled(image: Pixels, rng: Rng) -> Pixels:
    """Draw in pencil: gray over its surroundings, darker or lighter, on colored paper at times."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) + 2.0
    around = cv2.GaussianBlur(gray, (0, 0), max(1.0, image.shape[0] * rng.uniform(0.012, 0.06)))
    drawn = np.clip(gray / around, 0.0, 1.0) ** rng.uniform(0.8, 3.0)
    if rng.random() < 0.25:
        colored = image * (0.4 + 0.6 * drawn[..., None])
        return _clipped(colored)
    paper = np.full(3, 255.0) if rng.random() < 0.7 else rng.uniform(180.0, 255.0, 3)
    return np.asarray(drawn[..., None] * paper).astype(np.uint8)


def outlined(image: Pixels, rng: Rng) -> Pixels:
    """Keep the edges, dark on light or light on dark."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if rng.random() < 0.3:
        gray = cv2.GaussianBlur(gray, (0, 0), rng.uniform(0.8, 1.8))
    element = np.ones((3, 3), np.uint8)
    edges = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, element).astype(np.float32)
    edges = np.clip(edges * rng.uniform(1.5, 4.0), 0, 255)
    if rng.random() < 0.2:
        edges = np.where(edges > 110, 255.0, 0.0)
    drawn = 255.0 - edges if rng.random() < 0.75 else edges
    return np.repeat(drawn.astype(np.uint8)[..., None], 3, axis=2)


def painted(image: Pixels, rng: Rng) -> Pixels:
    """Flatten areas: a median as wide as a brush, or dark and light patches."""
    width = 2 * round(image.shape[0] * rng.uniform(0.01, 0.035)) + 1
    if rng.random() < 0.6:
        return _as_pixels(cv2.medianBlur(image, width))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return _as_pixels(cv2.morphologyEx(cv2.morphologyEx(image, 2, element), 3, element))


def flattened(image: Pixels, rng: Rng) -> Pixels:
    """Smooth areas and keep their edges, which may be drawn in dark, as comics do."""
    spread = image.shape[0] * rng.uniform(0.02, 0.05)
    flat = cv2.bilateralFilter(image, 7, rng.uniform(30.0, 110.0), spread)
    if rng.random() < 0.4:
        flat = cv2.bilateralFilter(flat, 7, rng.uniform(30.0, 90.0), spread)
    if rng.random() < 0.65:
        gray = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)
        edges = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        keep = 1.0 - rng.uniform(0.4, 1.0) * np.clip(edges.astype(np.float32) / 60.0, 0.0, 1.0)
        flat = (flat * keep[..., None]).astype(np.uint8)
    if rng.random() < 0.4:
        lift = rng.uniform(0.1, 0.4)
        flat = cv2.addWeighted(flat, 1.0 - lift, np.full_like(flat, 255), lift, 0.0)
    return _as_pixels(flat)


def sharpened(image: Pixels, rng: Rng) -> Pixels:
    """Sharpen far too much."""
    soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2.5))
    much = rng.uniform(1.0, 4.0)
    return _as_pixels(cv2.addWeighted(image, 1.0 + much, soft, -much, 0.0))


def _clipped(values: np.ndarray) -> Pixels:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _grays(image: Pixels) -> Pixels:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def _as_pixels(image: object) -> Pixels:
    return np.asarray(image, np.uint8)
