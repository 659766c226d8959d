"""Landscapes that look like photographs: harbors, lakes, deserts, canyons, coasts and woods."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from screening.demo.canvas import Canvas
from screening.demo.colors import (
    BLACK,
    DAWN,
    DUSK,
    GOLDEN,
    NOON,
    STORM,
    WHITE,
    Color,
    mix,
    one_of,
    rgb,
)
from screening.demo.market import market
from screening.demo.noise import Size, fbm, outline, smoothstep
from screening.demo.street import street
from screening.demo.terrain import CANYON, DUNES, View, land, sky
from screening.demo.waterside import coast, harbor, lake


def scene(rng: np.random.Generator, size: Size, *, kind: str | None = None) -> Image.Image:
    """Return a scene of (width, height) pixels: of a kind named in KINDS, else of any."""
    canvas = Canvas(rng, size)
    KINDS[kind or one_of(rng, tuple(KINDS))](canvas)
    return canvas.finish(grain_strength=0.03)


def desert(canvas: Canvas) -> None:
    """Paint dunes that roll to the horizon under a low sun."""
    rng, light = canvas.rng, one_of(canvas.rng, (GOLDEN, DUSK, NOON))
    horizon = float(rng.uniform(0.4, 0.5))
    sky(
        canvas,
        light,
        horizon=horizon,
        sun=(canvas.width * rng.uniform(0.15, 0.85), horizon - 0.2),
        clouds=0.36,
    )
    land(
        canvas,
        light,
        View(horizon=horizon, altitude=0.4, nearest=0.3, farthest=6),
        DUNES,
        relief=0.32,
    )


def canyon(canvas: Canvas) -> None:
    """Paint terraced red cliffs under a wide sky."""
    rng, light = canvas.rng, one_of(canvas.rng, (GOLDEN, NOON, DUSK))
    horizon = float(rng.uniform(0.32, 0.42))
    sky(canvas, light, horizon=horizon, sun=(canvas.width * rng.uniform(0.1, 0.9), 0.1), clouds=0.4)
    land(
        canvas,
        light,
        View(horizon=horizon, altitude=0.8, nearest=0.55, farthest=5),
        CANYON,
        relief=0.75,
    )


def woods(canvas: Canvas) -> None:
    """Paint a forest: trunks behind trunks, paler with distance, and light that falls in."""
    rng, light = canvas.rng, one_of(canvas.rng, (DAWN, GOLDEN, STORM, NOON))
    leaf = one_of(rng, (rgb("1d3324"), rgb("4a2a1a"), rgb("1b2f3c")))
    canvas.gradient(mix(light.haze, light.horizon, 0.5), light.horizon, mix(light.haze, leaf, 0.5))
    canvas.glow((canvas.width * rng.uniform(0.3, 0.7), 0.35), 0.7, light.sun, 0.7)
    layers = 6
    for layer in range(layers):
        near = (layer + 1) / layers
        color = mix(light.haze, mix(leaf, light.shade, 0.2), near**0.7)
        _bank(canvas, 0.62 + 0.3 * near, color)
        for _ in range(16 - 2 * layer):
            _trunk(
                canvas,
                rng.random() * canvas.width,
                0.66 + 0.33 * near,
                0.008 + 0.04 * near * near,
                color,
            )
        _foliage(canvas, color, 0.34 - 0.2 * near)


def _bank(canvas: Canvas, level: float, color: Color) -> None:
    ridge = outline(canvas.rng, 160, 5)
    crest = [(canvas.width * i / 159, level - 0.09 * float(ridge[i])) for i in range(160)]
    canvas.shape([*crest, (canvas.width, 1), (0, 1)], color, shadow=mix(color, BLACK, 0.25))


def _trunk(canvas: Canvas, x: float, foot: float, width: float, color: Color) -> None:
    lean = canvas.rng.uniform(-0.06, 0.06)
    sides = [
        (x - width, foot),
        (x - 0.6 * width + lean, -0.02),
        (x + 0.6 * width + lean, -0.02),
        (x + width, foot),
    ]
    canvas.shape(sides, mix(color, WHITE, 0.08), shadow=mix(color, BLACK, 0.3))
    for _ in range(3):
        y = canvas.rng.uniform(0.05, 0.5)
        reach = canvas.rng.uniform(-1, 1) * 0.14
        root = x + lean * (foot - y) / foot
        canvas.stroke(
            [(root, y), (root + reach / 2, y - 0.05), (root + reach, y - 0.12)], width * 0.3, color
        )


def _foliage(canvas: Canvas, color: Color, reach: float) -> None:
    leaves = fbm(canvas.rng, canvas.size, (9, 6), octaves=7, gain=0.7)
    _, y = canvas.grid()
    canvas.paint(smoothstep(0.5, 0.56, leaves - (y - reach) * 0.9 - 0.1), color)


KINDS: dict[str, Callable[[Canvas], None]] = {
    "harbor": harbor,
    "lake": lake,
    "desert": desert,
    "canyon": canyon,
    "coast": coast,
    "woods": woods,
    "street": street,
    "market": market,
}
