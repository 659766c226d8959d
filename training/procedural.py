"""Pictures drawn from a seed, without limit: textures, patterns, type, figures, scenes."""

from collections.abc import Callable

import cv2
import numpy as np

from training import drawn, texture
from training.data import Pixels

Rng = np.random.Generator
Draw = Callable[[int, Rng], Pixels]

# how often each kind comes, in relation to the others
KINDS: tuple[tuple[float, Draw], ...] = (
    (1.2, texture.dead_leaves),
    (0.7, texture.clouds),
    (0.6, texture.escape_time),
    (0.5, texture.pattern),
    (1.0, texture.strokes),
    (0.8, drawn.type_page),
    (1.0, drawn.polygons),
    (2.2, drawn.creatures),
    (1.8, drawn.landscape),
    (1.2, drawn.line_drawing),
    (1.0, drawn.still_life),
)
_WEIGHTS = np.array([weight for weight, _ in KINDS]) / sum(weight for weight, _ in KINDS)


def picture(seed: int, number: int, side: int) -> Pixels:
    """Return one drawing, uint8 (side, side, 3); the same for the same seed and number."""
    rng = np.random.default_rng((seed, number))
    kind = KINDS[int(rng.choice(len(KINDS), p=_WEIGHTS))][1]
    image = kind(side, rng)
    draw = rng.random()
    if draw < 0.25:
        # the grain of a lens or of paper, which drawings lack
        grain = texture.field(side, rng, 1.0)[..., None] - 0.5
        image = np.clip(image + grain * rng.uniform(10.0, 60.0), 0, 255).astype(np.uint8)
    elif draw < 0.35:
        other = texture.clouds(side, rng)
        image = np.asarray(cv2.addWeighted(image, 0.7, other, 0.3, 0.0), np.uint8)
    if rng.random() < 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.0)), np.uint8)
    return image


def pictures(count: int, *, side: int, seed: int) -> Pixels:
    """Return ``count`` drawings, uint8 (count, side, side, 3)."""
    found = np.empty((count, side, side, 3), np.uint8)
    for number in range(count):
        found[number] = picture(seed, number, side)
    return found
