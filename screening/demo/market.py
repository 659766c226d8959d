"""A scene in town: market stalls under striped awnings."""

import numpy as np

from screening.demo.canvas import Canvas
from screening.demo.colors import BLACK, Color, mix, one_of, pixel, rgb
from screening.demo.noise import fbm, sample
from screening.demo.shapes import Place, ellipse, rectangle
from screening.demo.street import LAMP, SIGNS

FRUIT = (rgb("d8432f"), rgb("f08a24"), rgb("e8c33a"), rgb("7aa33c"), rgb("7b3b66"), rgb("b9d16b"))


def market(canvas: Canvas) -> None:
    """Paint stalls with striped awnings, crates of fruit and lamps on a string."""
    rng = canvas.rng
    wall = one_of(rng, (rgb("c98d5e"), rgb("7f8f8a"), rgb("b5695a"), rgb("8a7fa3")))
    ground = one_of(rng, (rgb("8a7660"), rgb("6f6a72"), rgb("9c8063")))
    canvas.gradient(mix(wall, rgb("fff0d0"), 0.35), wall, mix(wall, BLACK, 0.35))
    plaster = fbm(rng, canvas.size, (7, 5), octaves=7, gain=0.62)
    canvas.pixels *= (0.7 + 0.55 * plaster)[:, :, None]
    _arches(canvas, wall)
    x, y = canvas.grid()
    stones = fbm(rng, (512, 512), (20, 20), octaves=4, gain=0.7)
    depth = 1 / np.maximum(y - 0.5, 0.05)
    floor = sample(stones, (x - 0.7) * depth * 0.25, depth * 0.4 + x * 0)
    paint = pixel(ground) * (0.45 + 0.8 * floor)[:, :, None]
    canvas.paint(np.broadcast_to((y > 0.78).astype(np.float32), floor.shape), paint)
    left = -0.08
    while left < canvas.width:
        width = float(rng.uniform(0.48, 0.66))
        _stall(canvas, left, width, one_of(rng, SIGNS), top=float(rng.uniform(0.26, 0.34)))
        left += width + 0.05
    _string_of_lamps(canvas)


def _arches(canvas: Canvas, wall: Color) -> None:
    for i in range(5):
        x = (i + 0.5) * canvas.width / 5
        frame = [
            *ellipse((x, 0.3), (0.1, 0.14), start=0.5, turn=0.5),
            (x + 0.1, 0.8),
            (x - 0.1, 0.8),
        ]
        canvas.shape(frame, mix(wall, rgb("2a1c20"), 0.75), shadow=rgb("1a1216"))


def _stall(canvas: Canvas, left: float, width: float, cloth: Color, *, top: float) -> None:
    rng, right, wood = canvas.rng, left + width, rgb("6b4a30")
    canvas.shape(
        rectangle(left + 0.03, top + 0.1, right - 0.03, 0.66), rgb("2b1e1c"), shadow=rgb("120c0e")
    )
    for x in (left + 0.02, right - 0.03):
        canvas.shape(rectangle(x, top, x + 0.016, 0.93), wood, shadow=mix(wood, BLACK, 0.6))
    _keeper(canvas, Place(x=left + width * rng.uniform(0.35, 0.65), y=0.67, scale=0.25))
    columns = 5
    for row in range(2):
        for column in range(columns):
            x = left + 0.02 + column * (width - 0.04) / columns
            _crate(canvas, x, 0.62 + 0.12 * row, (width - 0.04) / columns - 0.008)
    canvas.shape(rectangle(left, 0.84, right, 0.94), wood, shadow=mix(wood, BLACK, 0.6))
    canvas.shape(rectangle(left - 0.02, 0.935, right + 0.03, 0.965), BLACK, opacity=0.35)
    _awning(canvas, left, right, top, cloth)
    lamp = (left + width * 0.14, top + 0.15)
    canvas.ellipse(lamp, (0.016, 0.02), rgb("fff3d4"))
    canvas.glow(lamp, 0.34, LAMP, 0.75)


def _keeper(canvas: Canvas, at: Place) -> None:
    skin = mix(rgb("7a4a32"), rgb("e8b890"), canvas.rng.random())
    coat = one_of(canvas.rng, SIGNS)
    body = [(-0.3, 0), (-0.26, 0.42), (-0.1, 0.55), (0.1, 0.55), (0.26, 0.42), (0.3, 0)]
    canvas.shape(at(body), mix(coat, BLACK, 0.25), shadow=mix(coat, BLACK, 0.75))
    canvas.ellipse(
        at([(0, 0.7)])[0], (0.12 * at.scale, 0.15 * at.scale), skin, shadow=mix(skin, BLACK, 0.6)
    )
    canvas.shape(at(ellipse((0, 0.78), (0.16, 0.12), turn=0.5)), mix(coat, BLACK, 0.5))


def _crate(canvas: Canvas, left: float, top: float, width: float) -> None:
    rng, fruit = canvas.rng, one_of(canvas.rng, FRUIT)
    radius = width * float(rng.uniform(0.1, 0.17))
    for row in range(3):
        for i in range(int(width / radius / 1.6)):
            x = left + radius + i * radius * 1.7 + (row % 2) * radius * 0.8
            y = top - 0.012 + row * radius * 0.8 + rng.uniform(-0.004, 0.004)
            skin = mix(fruit, rgb("fff0b0"), 0.2 * rng.random())
            canvas.ellipse((x, y), (radius, radius), skin, shadow=mix(fruit, BLACK, 0.65))
            canvas.ellipse(
                (x - radius * 0.35, y - radius * 0.4),
                (radius * 0.2, radius * 0.15),
                (1, 1, 1),
                opacity=0.5,
            )
    plank = mix(rgb("a87b4c"), rgb("6e4a2c"), rng.random())
    for i in range(2):
        y = top + 0.03 + i * 0.04
        canvas.shape(
            rectangle(left, y, left + width, y + 0.034), plank, shadow=mix(plank, BLACK, 0.5)
        )


def _awning(canvas: Canvas, left: float, right: float, top: float, cloth: Color) -> None:
    bands, cream = 9, rgb("f4e8cf")
    for i in range(bands):
        a, b = left + (right - left) * i / bands, left + (right - left) * (i + 1) / bands
        inner = (left + right) / 2
        up_a, up_b = inner + (a - inner) * 0.86, inner + (b - inner) * 0.86
        color = cloth if i % 2 else cream
        drop = ellipse(((a + b) / 2, top + 0.1), ((b - a) / 2, 0.035), turn=0.5)
        canvas.shape(
            [(up_a, top - 0.06), (up_b, top - 0.06), (b, top + 0.1), (a, top + 0.1)],
            color,
            shadow=mix(color, BLACK, 0.4),
        )
        canvas.shape(drop, mix(color, BLACK, 0.12))


def _string_of_lamps(canvas: Canvas) -> None:
    points = []
    for i in range(25):
        x = canvas.width * i / 24
        swing = (i % 8) / 4 - 1
        points.append((x, 0.15 + 0.05 * (1 - swing * swing)))
    canvas.stroke(points, 0.003, rgb("1a1216"))
    for i, (x, y) in enumerate(points):
        tint = SIGNS[i % len(SIGNS)]
        canvas.ellipse((x, y + 0.014), (0.009, 0.012), mix(tint, (1, 1, 1), 0.5))
        canvas.glow((x, y + 0.014), 0.06, tint, 0.7)
