"""A scene in town: a street at night, in the rain, its lights mirrored in the wet road."""

import numpy as np
from numpy.typing import NDArray

from screening.demo.canvas import Canvas
from screening.demo.colors import BLACK, Color, mix, one_of, pixel, rgb
from screening.demo.noise import Field, fbm, sample, smoothstep
from screening.demo.shapes import Place, ellipse

Whole = NDArray[np.int32]
LAMP = rgb("ffc77a")
SIGNS = (rgb("ff5e5b"), rgb("3fd0c9"), rgb("ffd166"), rgb("b28dff"), rgb("7bd389"))
WALLS = (rgb("6d4038"), rgb("3f4a5c"), rgb("75624b"), rgb("4d3d55"), rgb("5b3f3a"))
HOURS = (
    (rgb("141b38"), rgb("d98a63")),
    (rgb("2a3d4f"), rgb("b9c9c4")),
    (rgb("2b1c3f"), rgb("e06a78")),
)
HOUSES = 40
EYE_HEIGHT = 0.3
WALL_DISTANCE = 0.62
BLOCK = 1.6


def street(canvas: Canvas) -> None:
    """Paint a street in the rain, its lights mirrored in the wet road."""
    rng = canvas.rng
    horizon = float(rng.uniform(0.48, 0.56))
    middle = canvas.width * float(rng.uniform(0.4, 0.6))
    night, glare = one_of(rng, HOURS)
    canvas.gradient(mix(night, BLACK, 0.2), night, glare, bottom=horizon)
    canvas.glow((middle, horizon), 0.5, glare, 0.7)
    base = _houses(canvas, horizon, middle, night, glare)
    _wet_road(canvas, base, night)
    _lamps(canvas, horizon, middle)
    for i in range(6):
        side = -1 if i % 2 else 1
        depth = 4.2 - 0.6 * i + rng.uniform(-0.2, 0.2)
        x = middle + side * rng.uniform(0.1, 0.42) / depth
        foot = horizon + EYE_HEIGHT / depth
        _walker(canvas, Place(x=x, y=foot, scale=0.36 / depth, mirrored=i % 2 == 0))
    _rain(canvas)


def _houses(canvas: Canvas, horizon: float, middle: float, night: Color, glare: Color) -> Field:
    """Paint both rows of houses by casting each pixel onto their walls; return their foot line."""
    rng = canvas.rng
    x, y = canvas.grid()
    depth = WALL_DISTANCE / np.maximum(abs(x - middle), 0.01)
    height = EYE_HEIGHT - (y - horizon) * depth
    side = (x < middle).astype(np.int32)
    house = np.minimum((depth / BLOCK).astype(np.int32), HOUSES - 1)
    roofs = rng.uniform(0.9, 2.3, (2, HOUSES)).astype(np.float32)[side, house]
    walls = np.asarray(WALLS, np.float32)[rng.integers(len(WALLS), size=(2, HOUSES))]
    brick = fbm(rng, (512, 512), (24, 24), octaves=4, gain=0.8)
    wear = 0.42 + 0.52 * sample(brick, depth / BLOCK, height)
    paint = walls[side, house] * wear[:, :, None]
    # Far windows are smaller than a pixel, and would flicker.
    lit = _panes(rng, depth * 6 / BLOCK, height * 4, side, roofs) * smoothstep(9, 3, depth)
    paint += lit[:, :, None] * (pixel(LAMP) - paint)
    shown, goods = _shops(rng, depth * 9 / BLOCK, height, side)
    shelves = 0.45 + 0.9 * sample(brick, depth * 1.7, height * 2.5)
    paint += shown[:, :, None] * (goods * shelves[:, :, None] - paint)
    paint += smoothstep(1.2, 11, depth)[:, :, None] * (pixel(mix(night, glare, 0.55)) - paint)
    canvas.paint(((height > 0) & (height < roofs)).astype(np.float32), paint)
    foot: Field = horizon + EYE_HEIGHT / depth
    return foot


def _panes(rng: np.random.Generator, across: Field, up: Field, side: Whole, roofs: Field) -> Field:
    """Return how brightly each point of the walls is lit from within, one window per unit."""
    column, row = np.floor(across), np.floor(up)
    frame = _pane(across - column, 0.2) * _pane(up - row, 0.2)
    lamps = rng.random((2, 61, 97), dtype=np.float32)
    lit = lamps[side, row.astype(np.int32) % 61, column.astype(np.int32) % 97]
    inside = (up > 1.2) & (up < roofs * 4 - 0.6)
    return frame * inside * np.where(lit > 0.62, lit, 0.06)


def _shops(
    rng: np.random.Generator, across: Field, height: Field, side: Whole
) -> tuple[Field, Field]:
    """Return where shop windows are, one per unit, and the color of each."""
    bay = np.floor(across)
    tints = np.asarray(SIGNS, np.float32)[rng.integers(len(SIGNS), size=(2, 120))]
    color = tints[side, np.minimum(bay / 3, 119).astype(np.int32)]
    shown = 0.75 * _pane(across - bay, 0.02) * smoothstep(0.05, 0.08, height)
    return shown * smoothstep(0.24, 0.21, height), (color + pixel(LAMP)) / 2


def _pane(at: Field, margin: float) -> Field:
    """Return 1 inside a unit, falling to 0 within its margins."""
    return smoothstep(margin, margin + 0.08, at) * smoothstep(1 - margin, 0.92 - margin, at)


def _wet_road(canvas: Canvas, base: Field, night: Color) -> None:
    """Mirror the houses in the road, smeared downward by its roughness."""
    x, y = canvas.grid()
    below = y - base
    rough = fbm(canvas.rng, canvas.size, (40, 14), octaves=5, gain=0.7) - 0.5
    seen = np.zeros_like(canvas.pixels)
    for smear in (0.0, 0.12, 0.3, 0.5):
        above = base - below * (1 - smear) - abs(rough) * 0.05
        seen += 0.25 * canvas.read(x + rough * 0.02, above)
    puddle = smoothstep(-0.12, 0.12, rough)
    dark = pixel(mix(night, BLACK, 0.45))
    road = dark + (0.35 + 0.5 * puddle)[:, :, None] * (seen - dark)
    canvas.paint((below > 0).astype(np.float32), road)


def _lamps(canvas: Canvas, horizon: float, middle: float) -> None:
    for depth in (5.0, 3.2, 2.0, 1.25):
        for side in (-1, 1):
            x, foot = middle + side * 0.46 / depth, horizon + EYE_HEIGHT / depth
            top = horizon + (EYE_HEIGHT - 0.78) / depth
            canvas.stroke(
                [(x, foot), (x, top), (x - side * 0.08 / depth, top)], 0.014 / depth, rgb("0d0f1a")
            )
            bulb = (x - side * 0.08 / depth, top + 0.02 / depth)
            canvas.ellipse(bulb, (0.03 / depth, 0.02 / depth), rgb("fff0cf"))
            canvas.glow(bulb, 0.35 / depth, LAMP, 0.9)
            canvas.glow((x - side * 0.05 / depth, foot + 0.25 / depth), 0.22 / depth, LAMP, 0.25)


def _walker(canvas: Canvas, at: Place) -> None:
    ink, roof = rgb("10121c"), one_of(canvas.rng, (*SIGNS, rgb("20263a")))
    coat = [(-0.13, 0.05), (-0.12, 0.62), (-0.05, 0.76), (0.06, 0.76), (0.14, 0.6), (0.16, 0.05)]
    canvas.shape(at([(x, -0.7 * y) for x, y in coat]), ink, opacity=0.45)
    canvas.shape(at(coat), mix(ink, roof, 0.12), shadow=ink)
    canvas.stroke(at([(-0.05, 0.06), (-0.08, -0.02)]), 0.07 * at.scale, ink)
    canvas.stroke(at([(0.08, 0.06), (0.11, -0.02)]), 0.07 * at.scale, ink)
    canvas.ellipse(at([(0.0, 0.85)])[0], (0.075 * at.scale, 0.09 * at.scale), ink)
    canvas.stroke(at([(0.1, 0.5), (0.06, 1.2)]), 0.02 * at.scale, ink)
    dome = ellipse((0.06, 1.0), (0.42, 0.26), turn=0.5)
    canvas.shape(at(dome), mix(roof, ink, 0.15), shadow=mix(roof, ink, 0.75))


def _rain(canvas: Canvas) -> None:
    streaks = fbm(canvas.rng, (512, 512), (220, 7), octaves=2, gain=0.9)
    x, y = canvas.grid()
    fall = sample(streaks, x * 0.9 + y * 0.12, y * 1.1)
    canvas.paint(smoothstep(0.66, 0.95, fall) * 0.4, rgb("d5dfe8"))
