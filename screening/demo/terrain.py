"""Sky, land and water in perspective: the parts that every landscape is put together from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from screening.demo.canvas import Canvas
from screening.demo.colors import Color, Light, mix, pixel, rgb
from screening.demo.noise import Field, clipped, fbm, ridged, sample, smoothstep, stretched
from screening.demo.shapes import Point

SLICES = 520
TILE = (512, 512)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the camera stands, what it sees, and the near water, if any, up to `shore`.

    horizon is in picture heights; distances and altitude share a unit of their own; spread tells
    how much land lies within it.
    """

    horizon: float
    altitude: float = 0.12
    nearest: float = 0.1
    farthest: float = 6.0
    shore: float = 0.0
    spread: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Biome:
    """A kind of land: how rough it is, and its colors from the valleys up."""

    cells: int
    octaves: int
    gain: float
    steepness: float
    low: Color
    middle: Color
    high: Color
    crests: bool = False
    terraces: int = 0


ALPINE = Biome(
    cells=4,
    octaves=8,
    gain=0.5,
    steepness=14,
    crests=True,
    low=rgb("4d5f3a"),
    middle=rgb("6b6560"),
    high=rgb("f4f7fb"),
)
DUNES = Biome(
    cells=5,
    octaves=3,
    gain=0.3,
    steepness=26,
    crests=True,
    low=rgb("c98b4e"),
    middle=rgb("e0a963"),
    high=rgb("f3cf92"),
)
CANYON = Biome(
    cells=4,
    octaves=7,
    gain=0.5,
    steepness=10,
    terraces=6,
    low=rgb("8f4a32"),
    middle=rgb("c26b40"),
    high=rgb("e6a870"),
)
HILLS = Biome(
    cells=4,
    octaves=7,
    gain=0.42,
    steepness=16,
    low=rgb("5d6b35"),
    middle=rgb("7d8a45"),
    high=rgb("a89a63"),
)


def sky(canvas: Canvas, light: Light, *, horizon: float, sun: Point, clouds: float) -> None:
    """Paint a sky down to the horizon; `clouds` is the share of it that they cover."""
    canvas.gradient(light.zenith, light.horizon, bottom=horizon)
    _stars(canvas, light, horizon)
    canvas.glow(sun, 0.9, light.sun, 0.35)
    canvas.glow(sun, 0.25, light.sun, 0.5)
    canvas.ellipse(sun, (0.035, 0.035), light.sun)
    x, y = canvas.grid()
    depth = 1 / (clipped(horizon - y) + 0.12)
    tile = fbm(canvas.rng, TILE, (5, 5), octaves=7, gain=0.55)
    shift = float(canvas.rng.random())
    u = (x - canvas.width / 2) * depth * 0.12 + shift
    v = depth * 0.16 + shift
    density = sample(tile, u, v)
    # A cloud is bright where it is thinner toward the light.
    lit = density - sample(tile, u + 0.02, v - 0.03)
    bright = clipped(0.55 + 5 * lit)[:, :, None]
    body = pixel(mix(light.shade, light.horizon, 0.55))
    fade = smoothstep(0.0, 0.14, horizon - y)
    cover = smoothstep(1 - clouds, 1.18 - clouds, density)
    canvas.paint(cover * fade * 0.85, body + bright * (pixel(light.sun) - body))


def _stars(canvas: Canvas, light: Light, horizon: float) -> None:
    """Strew stars over a sky that is dark enough to show them."""
    if light.brightness > 0.5:
        return
    for _ in range(260):
        x, y = canvas.rng.random() * canvas.width, canvas.rng.random() * horizon
        canvas.glow((x, y), 0.002 + 0.004 * canvas.rng.random() ** 3, light.sun, 0.9)


def land(canvas: Canvas, light: Light, view: View, biome: Biome, *, relief: float) -> None:
    """Paint ground up to the far distance, as seen by a camera that looks along it.

    Each column marches from near to far through a height map; what rises above all before it is
    seen. With a shore, nothing nearer than that distance rises out of the water.
    """
    heights, lit = _ground(canvas.rng, biome)
    x, y = canvas.grid()
    # Slices lie closer together nearby, where one of them is many rows high.
    steps = (1 - np.linspace(0, 1, SLICES, dtype=np.float32)[:, None]) ** 2
    distance = 1 / (1 / view.farthest + (1 / view.nearest - 1 / view.farthest) * steps)
    u = (x - canvas.width / 2) * distance * (0.55 * view.spread) + 0.5
    v = distance * (0.42 * view.spread)
    rise = sample(heights, u, v)
    if view.shore:
        beach = smoothstep(view.shore * 0.9, view.shore * 1.9, distance)
        rise = rise * beach - 0.15 * (1 - beach)
    crest = view.horizon + (view.altitude - rise * relief) / distance
    first = _first_hit(np.minimum.accumulate(crest, axis=0), y[:, 0])
    hit = np.minimum(first, SLICES - 1), np.arange(canvas.size[0])[None, :]
    color = _ground_color(canvas.rng, biome, rise, u, v) * _daylight(light, sample(lit, u, v))
    color += _fog(distance / view.farthest) * (pixel(light.haze) - color)
    seen = (first < SLICES) & ((rise[hit] > 0) | (view.shore == 0))
    canvas.paint(seen.astype(np.float32), clipped(color[hit]))


def _first_hit(crest: Field, rows: Field) -> NDArray[np.intp]:
    """Return for each pixel the first slice whose crest reaches up to it."""
    hits = [np.searchsorted(-crest[:, column], -rows) for column in range(crest.shape[1])]
    return np.stack(hits, axis=1)


def _ground(rng: np.random.Generator, biome: Biome) -> tuple[Field, Field]:
    """Return a height map and how much light each of its points gets, both within 0–1."""
    cells = (biome.cells, biome.cells)
    heights = fbm(rng, TILE, cells, octaves=biome.octaves, gain=biome.gain)
    if biome.crests:
        heights = ridged(heights) ** (2 if biome.octaves > 4 else 1)
    if biome.terraces:
        levels = heights * biome.terraces
        step = np.floor(levels)
        heights = step + smoothstep(0.55, 0.95, levels - step)
    heights = stretched(heights)
    across = np.roll(heights, -1, axis=1) - np.roll(heights, 1, axis=1)
    away = np.roll(heights, -1, axis=0) - np.roll(heights, 1, axis=0)
    lit = clipped(0.55 + biome.steepness * (0.7 * across - 0.4 * away))
    return heights, lit


def _ground_color(rng: np.random.Generator, biome: Biome, rise: Field, u: Field, v: Field) -> Field:
    """Return the color of the bare ground, from valley to summit, unevenly mixed and speckled."""
    low, middle, high = pixel(biome.low), pixel(biome.middle), pixel(biome.high)
    speckle = fbm(rng, TILE, (16, 16), octaves=5, gain=0.75)
    fine = sample(speckle, u * 5, v * 5) - 0.5
    level = rise + 0.35 * (sample(speckle, u, v) - 0.5)
    color = low + smoothstep(0.1, 0.35, level)[:, :, None] * (middle - low)
    color = color + smoothstep(0.45, 0.62, level)[:, :, None] * (high - color)
    if biome.terraces:
        strata = sample(speckle, rise * 0.9, np.full_like(rise, 0.3))
        color = color * (0.72 + 0.5 * strata)[:, :, None]
    return color * (1.15 + 0.55 * fine)[:, :, None]


def _daylight(light: Light, lit: Field) -> Field:
    """Return what falls on ground that is lit so much: the color of the shade, and of the sun."""
    return 0.8 * pixel(light.shade) + light.brightness * lit[:, :, None] * pixel(light.sun)


def _fog(far: Field) -> Field:
    """Return how much air hides, at a share of the farthest distance."""
    return 0.8 * clipped(far * (2 - far))[:, :, None]


def water(canvas: Canvas, light: Light, *, shore: float, tint: Color, waves: float = 1.0) -> None:
    """Turn everything below the shore into water that mirrors what is above it."""
    x, y = canvas.grid()
    below = clipped(y - shore)
    depth = 1 / (below + 0.035)
    tile = fbm(canvas.rng, TILE, (12, 12), octaves=5, gain=0.6)
    ripple = sample(tile, (x - canvas.width / 2) * depth * 0.05, depth * 0.13) - 0.5
    sway = ripple * (below * (0.9 * waves) + 0.01)
    mirrored = canvas.read(x + sway * 0.25, shore - below * 0.92 - np.abs(sway))
    deep = np.clip(0.25 + below * 0.9 - ripple * (0.7 * waves), 0, 0.85)[:, :, None]
    color = mirrored + deep * (pixel(tint) - mirrored)
    glint = smoothstep(0.24, 0.42, ripple)[:, :, None] * (0.25 * light.brightness)
    color += glint * pixel(light.sun)
    canvas.paint((y > shore).astype(np.float32), color)
