"""Scenes by the water: a harbor at dusk, a mountain lake, a lighthouse off a coast."""

from screening.demo.canvas import Canvas
from screening.demo.colors import (
    BLACK,
    DAWN,
    DUSK,
    GOLDEN,
    NIGHT,
    NOON,
    STORM,
    Color,
    Light,
    mix,
    one_of,
    rgb,
)
from screening.demo.noise import outline
from screening.demo.shapes import Place, rectangle
from screening.demo.terrain import ALPINE, HILLS, View, land, sky, water


def harbor(canvas: Canvas) -> None:
    """Paint houses with lit windows along a quay, boats before them, at dusk."""
    rng, light, shore = canvas.rng, one_of(canvas.rng, (DUSK, DUSK, DAWN)), 0.56
    sun = (canvas.width * rng.uniform(0.25, 0.75), shore - 0.07)
    sky(canvas, light, horizon=shore, sun=sun, clouds=0.52)
    land(canvas, light, View(horizon=shore - 0.01, shore=2.2, farthest=7), HILLS, relief=0.75)
    left = rng.random() < 0.5
    _quay(canvas, light, shore, start=0.0 if left else canvas.width * 0.48)
    water(canvas, light, shore=shore, tint=mix(light.shade, rgb("123044"), 0.5), waves=1.0)
    for i in range(5):
        near = 0.25 + 0.75 * (i + rng.random()) / 5
        x = canvas.width * ((i * 0.37 + rng.random() * 0.2) % 1)
        _boat(
            canvas,
            light,
            Place(
                x=x,
                y=shore + 0.36 * near * near + 0.02,
                scale=0.34 * near + 0.06,
                mirrored=rng.random() < 0.5,
            ),
        )


def _quay(canvas: Canvas, light: Light, shore: float, *, start: float) -> None:
    rng, x = canvas.rng, start
    while x < start + canvas.width * 0.52:
        width, height = rng.uniform(0.045, 0.1), rng.uniform(0.09, 0.24)
        wall = mix(
            one_of(rng, (rgb("b5563f"), rgb("d9a35b"), rgb("7c8f94"), rgb("c9b79a"))),
            light.shade,
            0.55,
        )
        top = shore - height
        canvas.shape(rectangle(x, top, x + width, shore), wall, shadow=mix(wall, light.shade, 0.7))
        roof = [
            (x - 0.006, top),
            (x + width / 2, top - rng.uniform(0.02, 0.06)),
            (x + width + 0.006, top),
        ]
        canvas.shape(roof, mix(wall, light.shade, 0.6), shadow=light.shade)
        _windows(canvas, x, top, width, height)
        x += width + rng.uniform(-0.005, 0.015)
    canvas.shape(
        rectangle(start - 0.01, shore - 0.014, x + 0.01, shore),
        mix(light.shade, rgb("6b5a4c"), 0.3),
    )


def _windows(canvas: Canvas, left: float, top: float, width: float, height: float) -> None:
    rng = canvas.rng
    for row in range(int(height / 0.036)):
        for column in range(int(width / 0.024)):
            x, y = left + 0.008 + column * 0.024, top + 0.012 + row * 0.036
            lit = rng.random() < 0.55
            pane = rgb("ffd27a") if lit else rgb("232a45")
            canvas.shape(rectangle(x, y, x + 0.011, y + 0.019), pane)
            if lit:
                canvas.glow((x + 0.005, y + 0.01), 0.03, rgb("ffae4d"), 0.4)


def _boat(canvas: Canvas, light: Light, at: Place) -> None:
    hull = [(-0.34, 0.12), (0.36, 0.15), (0.24, -0.02), (-0.26, -0.02)]
    color = mix(
        one_of(canvas.rng, (rgb("b23a34"), rgb("27556b"), rgb("e7dcc6"), rgb("3c6e57"))),
        light.shade,
        0.35,
    )
    dark = mix(light.shade, BLACK, 0.35)
    mirrored = [(x, -y * 0.8 - 0.05) for x, y in hull]
    canvas.shape(at(mirrored), dark, opacity=0.55)
    canvas.stroke(at([(0.02, -0.1), (0.03, -0.6)]), 0.008 * at.scale, dark, opacity=0.4)
    canvas.shape(at(hull), color, shadow=dark)
    canvas.stroke(at([hull[0], hull[1]]), 0.02 * at.scale, mix(light.sun, color, 0.4))
    canvas.shape(
        at(rectangle(-0.16, 0.26, 0.04, 0.12)), mix(rgb("e9e2d0"), light.shade, 0.35), shadow=dark
    )
    canvas.shape(at(rectangle(-0.12, 0.23, -0.02, 0.17)), rgb("ffcf7d"))
    canvas.stroke(at([(0.05, 0.12), (0.07, 0.95)]), 0.016 * at.scale, dark)
    canvas.stroke(at([(0.07, 0.92), (0.35, 0.15)]), 0.005 * at.scale, dark)
    canvas.stroke(at([(0.07, 0.92), (-0.33, 0.13)]), 0.005 * at.scale, dark)
    canvas.shape(
        at([(0.055, 0.3), (0.062, 0.78), (-0.04, 0.36)]),
        mix(light.horizon, light.shade, 0.35),
        shadow=light.shade,
    )
    canvas.glow(at([(0.07, 0.95)])[0], 0.1 * at.scale + 0.02, rgb("ffdfa0"), 0.8)


def lake(canvas: Canvas) -> None:
    """Paint snowy mountains over a still lake, with firs on the near bank."""
    rng, light = canvas.rng, one_of(canvas.rng, (NOON, DAWN, GOLDEN))
    shore = float(rng.uniform(0.56, 0.64))
    sun = (canvas.width * rng.uniform(0.1, 0.9), 0.14)
    sky(canvas, light, horizon=shore, sun=sun, clouds=0.45)
    land(
        canvas,
        light,
        View(horizon=shore - 0.015, shore=1.1, farthest=4, spread=0.45),
        ALPINE,
        relief=0.75,
    )
    _firs(canvas, light, base=shore + 0.004, height=0.05, count=150, far=0.55)
    water(canvas, light, shore=shore, tint=rgb("1c4a5a"), waves=0.5)
    side = rng.random() < 0.5
    for _ in range(11):
        spread = rng.random() ** 2 * 0.42
        x = spread if side else canvas.width - spread
        _fir(
            canvas,
            Place(x=x, y=1.06 + 0.05 * rng.random(), scale=rng.uniform(0.35, 0.85)),
            mix(light.shade, rgb("10281c"), 0.75),
            light,
        )


def _firs(
    canvas: Canvas, light: Light, *, base: float, height: float, count: int, far: float
) -> None:
    color = mix(mix(light.shade, rgb("16351f"), 0.6), light.haze, far)
    for i in range(count):
        x = canvas.width * (i + canvas.rng.random()) / count
        _fir(
            canvas,
            Place(x=x, y=base, scale=height * canvas.rng.uniform(0.5, 1.2)),
            color,
            light,
            tiers=3,
        )


def _fir(canvas: Canvas, at: Place, color: Color, light: Light, *, tiers: int = 9) -> None:
    left, right = [], []
    for tier in range(tiers):
        up = tier / tiers
        reach = 0.2 * (1 - up) * canvas.rng.uniform(0.8, 1.15)
        left += [(-reach, 0.08 + 0.92 * up), (-reach * 0.45, 0.08 + 0.92 * (up + 0.6 / tiers))]
        right += [(reach, 0.08 + 0.92 * up), (reach * 0.45, 0.08 + 0.92 * (up + 0.6 / tiers))]
    outline = [
        (0.02, 0.0),
        (0.02, 0.08),
        *right,
        (0, 1),
        *reversed(left),
        (-0.02, 0.08),
        (-0.02, 0.0),
    ]
    canvas.shape(at(outline), mix(color, light.horizon, 0.18), shadow=mix(color, BLACK, 0.35))


def coast(canvas: Canvas) -> None:
    """Paint islands in a wide sea, with a lighthouse on a near rock."""
    rng, light, shore = canvas.rng, one_of(canvas.rng, (NIGHT, STORM, DAWN)), 0.5
    sky(canvas, light, horizon=shore, sun=(canvas.width * rng.uniform(0.2, 0.8), 0.16), clouds=0.5)
    land(canvas, light, View(horizon=shore - 0.01, shore=1.6, farthest=6), HILLS, relief=0.6)
    water(canvas, light, shore=shore, tint=mix(light.shade, rgb("14506a"), 0.4), waves=1.3)
    _lighthouse(canvas, light, canvas.width * rng.uniform(0.15, 0.85), shore + 0.14)


def _lighthouse(canvas: Canvas, light: Light, x: float, foot: float) -> None:
    rng, stone = canvas.rng, mix(light.shade, rgb("3a3a40"), 0.5)
    bumps = outline(rng, 40, 5)
    rock = []
    for i in range(40):
        across = i / 19.5 - 1
        rise = 0.12 * (0.55 + 0.45 * float(bumps[i])) * (1 - across * across)
        rock.append((x + 0.24 * across, foot + 0.03 - rise))
    canvas.shape(rock, stone, shadow=mix(stone, BLACK, 0.7))
    at = Place(x=x, y=foot - 0.02, scale=0.3)
    white, red = (mix(rgb(code), light.shade, 0.25) for code in ("efe9dc", "b8433a"))
    for i in range(5):
        low, high = 0.16 * i, 0.16 * (i + 1)
        band = [
            (-0.1 + 0.045 * low, low),
            (-0.1 + 0.045 * high, high),
            (0.1 - 0.045 * high, high),
            (0.1 - 0.045 * low, low),
        ]
        canvas.shape(at(band), red if i % 2 else white, shadow=mix(light.shade, BLACK, 0.3))
    canvas.shape(at(rectangle(-0.09, 0.83, 0.09, 0.8)), stone)
    canvas.shape(at(rectangle(-0.045, 0.93, 0.045, 0.83)), rgb("ffe9b0"))
    canvas.shape(at([(-0.065, 0.93), (0.065, 0.93), (0, 1.0)]), red)
    lamp = at([(0, 0.88)])[0]
    for side in (-1, 1):
        beam = [
            lamp,
            (lamp[0] + side * 1.2, lamp[1] - 0.12),
            (lamp[0] + side * 1.2, lamp[1] + 0.05),
        ]
        canvas.shape(beam, rgb("fff0c4"), opacity=0.16)
    canvas.glow(lamp, 0.22, rgb("ffe3a1"), 0.9)
