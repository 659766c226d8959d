"""Textures: seeded noise that wraps around, and the samplers that bend it into perspective.

Only additions, products, square roots and Pillow's resize are used, so that the same seed gives
the same pixels whatever mathematics library lies underneath.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.floating[Any]]
Size = tuple[int, int]


def value_noise(rng: np.random.Generator, size: Size, cells: Size) -> Field:
    """Return smooth noise of (height, width) within 0–1: random cells, resized; it wraps around.

    size and cells are (width, height); there are as many bumps across as cells.
    """
    columns, rows = cells
    grid = rng.random((rows, columns), dtype=np.float32)
    padded = Image.fromarray(np.pad(grid, 2, mode="wrap"))
    box = (2, 2, 2 + columns, 2 + rows)
    smooth = padded.resize(size, Image.Resampling.BICUBIC, box=box)
    return clipped(np.asarray(smooth))


def fbm(
    rng: np.random.Generator, size: Size, cells: Size, *, octaves: int = 6, gain: float = 0.5
) -> Field:
    """Return fractal noise of (height, width), stretched to 0–1; it wraps around."""
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    for octave in range(octaves):
        finer = (min(cells[0] << octave, size[0]), min(cells[1] << octave, size[1]))
        total += (gain**octave) * value_noise(rng, size, finer)
    return stretched(total)


def ridged(field: Field) -> Field:
    """Fold noise at its middle, which turns valleys of chance into sharp crests."""
    return 1 - np.abs(2 * field - 1)


def grain(rng: np.random.Generator, size: Size) -> Field:
    """Return the tooth of a paper: (height, width) within -1 to 1, fine specks over coarse ones."""
    fine = rng.random((size[1], size[0]), dtype=np.float32)
    coarse = value_noise(rng, size, (size[0] // 3, size[1] // 3))
    return fine + coarse - 1


def clipped(field: Field) -> Field:
    """Return the field held within 0–1."""
    held: Field = np.clip(field, 0, 1)
    return held


def stretched(field: Field) -> Field:
    """Return the field scaled so that it fills 0–1."""
    low, high = float(field.min()), float(field.max())
    return (field - low) / max(high - low, 1e-6)


def smoothstep(low: float, high: float, field: Field) -> Field:
    """Return 0 below `low`, 1 above `high`, and a soft rise between; `high` may be the smaller."""
    ramp = clipped((field - low) / (high - low))
    return ramp * ramp * (3 - 2 * ramp)


def sample(tile: Field, u: Field, v: Field) -> Field:
    """Read a wrapping tile bilinearly at (u, v), counted in tiles."""
    rows, columns = tile.shape
    x, y = u * columns, v * rows
    left, top = np.floor(x), np.floor(y)
    across, down = x - left, y - top
    x0, y0 = left.astype(np.int32) % columns, top.astype(np.int32) % rows
    x1, y1 = (x0 + 1) % columns, (y0 + 1) % rows
    upper = tile[y0, x0] * (1 - across) + tile[y0, x1] * across
    lower = tile[y1, x0] * (1 - across) + tile[y1, x1] * across
    read: Field = upper * (1 - down) + lower * down
    return read


def outline(rng: np.random.Generator, count: int, bumps: int, *, octaves: int = 6) -> Field:
    """Return a fractal line of `count` heights within 0–1: a ridge, a coast, a cloud bank."""
    line: Field = fbm(rng, (count, 2), (bumps, 2), octaves=octaves)[0]
    return line
