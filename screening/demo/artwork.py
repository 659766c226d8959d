"""Pictures for posters: ranges and moons, cities, waves, doorways, heads full of landscape."""

import math

from screening.demo.canvas import Canvas
from screening.demo.colors import (
    BLACK,
    WHITE,
    Color,
    Inks,
    mix,
)
from screening.demo.noise import outline
from screening.demo.shapes import Place, Point, curve, ellipse, rectangle


def peaks(canvas: Canvas, inks: Inks) -> None:
    """Paint ranges of hills before a giant moon."""
    rng = canvas.rng
    canvas.gradient(inks.deep, inks.middle, inks.light, inks.paper, bottom=0.8)
    moon = (canvas.width * float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.2, 0.42)))
    radius = float(rng.uniform(0.12, 0.24))
    canvas.glow(moon, 0.5, inks.paper, 0.5)
    canvas.ellipse(moon, (radius, radius), inks.accent, shadow=mix(inks.accent, inks.middle, 0.8))
    for i in range(5):
        color = mix(mix(inks.light, inks.middle, 0.3), inks.line, i / 5)
        _range(canvas, 0.5 + 0.085 * i, 0.15, color, bumps=3 + i)


def summit(canvas: Canvas, inks: Inks) -> None:
    """Paint a wanderer on a crag before ranges of hills and a giant moon."""
    peaks(canvas, inks)
    side = 1 if canvas.rng.random() < 0.5 else -1
    x = canvas.width * (0.5 + side * 0.16)
    crag = [
        (x - side * 0.13, 0.69),
        (x + side * 0.06, 0.66),
        (x + side * 0.2, 0.72),
        (x + side * 0.7, 0.78),
        (x + side * 0.7, 1.1),
        (x - side * 0.02, 1.1),
        (x + side * 0.02, 0.84),
    ]
    canvas.shape(crag, mix(inks.line, inks.deep, 0.25), shadow=inks.line)
    wanderer(canvas, Place(x=x, y=0.68, scale=0.2, mirrored=side < 0), inks.line, inks.accent)
    _birds(canvas, inks.line)


def skyline(canvas: Canvas, inks: Inks) -> None:
    """Paint a city of towers with search lights and one great wheel in the sky."""
    rng = canvas.rng
    canvas.gradient(inks.line, inks.deep, inks.middle, inks.accent, bottom=0.85)
    hub = (canvas.width * float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.25, 0.42)))
    size = float(rng.uniform(0.17, 0.29))
    for i in range(4):
        canvas.ellipse(
            hub,
            (size * (1 - 0.21 * i),) * 2,
            (inks.accent, inks.deep, inks.light, inks.line)[i],
            shadow=inks.deep,
        )
    for i in range(16):
        angle = 2 * math.pi * i / 16
        canvas.stroke(
            [hub, (hub[0] + size * math.cos(angle), hub[1] + size * math.sin(angle))],
            0.006,
            inks.paper,
        )
    for i in range(4):
        root = canvas.width * (i + 0.5) / 4
        tip = root + float(rng.uniform(-0.3, 0.3))
        canvas.shape(
            [(root, 0.85), (tip - 0.06, -0.05), (tip + 0.06, -0.05)], inks.paper, opacity=0.16
        )
    for layer in range(3):
        _towers(canvas, inks, layer)


def tide(canvas: Canvas, inks: Inks) -> None:
    """Paint a small boat under a towering wave with something in it."""
    rng = canvas.rng
    canvas.gradient(inks.paper, inks.light, mix(inks.light, inks.middle, 0.6))
    canvas.ellipse(
        (canvas.width * float(rng.uniform(0.2, 0.5)), float(rng.uniform(0.12, 0.3))),
        (0.1, 0.1),
        inks.accent,
    )
    side = 1 if rng.random() < 0.5 else -1
    for i in range(5):
        color = mix(inks.middle, inks.line, i / 5)
        lift = 0.5 - 0.09 * i
        crest = [
            (0.5 - 1.2, 1.1),
            (0.5 - 0.6, 0.66 + 0.06 * i),
            (0.25, 0.72 + 0.055 * i),
            (0.52, 0.5 + 0.07 * i),
            (0.7, 0.14 + 0.12 * i + 0.02 * lift),
            (0.5, 0.12 + 0.12 * i),
            (0.4, 0.22 + 0.12 * i),
            (0.46, 0.08 + 0.12 * i),
            (0.78, 0.02 + 0.12 * i),
            (1.3, 0.3 + 0.1 * i),
            (1.4, 1.1),
        ]
        points = [(x * canvas.width / 0.667, y) for x, y in curve(crest)]
        canvas.shape(
            points if side > 0 else [(canvas.width - x, y) for x, y in points],
            color,
            shadow=mix(color, BLACK, 0.5),
        )
    eye = (canvas.width * (0.5 + side * 0.28), 0.5)
    canvas.ellipse(eye, (0.07, 0.045), inks.accent, shadow=inks.middle)
    canvas.ellipse(eye, (0.014, 0.04), inks.line)
    canvas.glow(eye, 0.25, inks.accent, 0.5)
    boat = Place(x=canvas.width * (0.5 - side * 0.22), y=0.72, scale=0.2, lean=-side * 0.15)
    canvas.shape(
        boat([(-0.5, 0.15), (0.55, 0.2), (0.3, -0.1), (-0.35, -0.1)]), inks.second, shadow=inks.line
    )
    canvas.stroke(boat([(0, 0.15), (0, 1.15)]), 0.006, inks.line)
    canvas.shape(boat([(0.03, 0.28), (0.03, 1.1), (0.5, 0.35)]), inks.paper, shadow=inks.middle)
    canvas.shape(
        boat([(-0.03, 0.28), (-0.03, 0.95), (-0.4, 0.35)]), inks.accent, shadow=inks.middle
    )


def portal(canvas: Canvas, inks: Inks) -> None:
    """Paint doorways within doorways, and someone at the last of them."""
    rng = canvas.rng
    canvas.gradient(inks.line, mix(inks.line, inks.deep, 0.6))
    cycle: tuple[Color, ...] = (
        inks.deep,
        inks.middle,
        inks.second,
        inks.light,
        inks.accent,
        inks.paper,
    )
    count, x = 6, canvas.width / 2
    shift = float(rng.uniform(-0.04, 0.04))
    for i in range(count):
        reach = 0.31 * (1 - i / count) + 0.03
        middle = (x + shift * i, 0.38 + 0.035 * i)
        door = [
            *ellipse(middle, (reach, reach * 1.1), start=0.5, turn=0.5),
            (middle[0] + reach, 0.8),
            (middle[0] - reach, 0.8),
        ]
        canvas.shape(door, cycle[i], shadow=mix(cycle[i], inks.line, 0.55))
    last = (x + shift * (count - 1), 0.6)
    canvas.glow(last, 0.5, inks.paper, 0.7)
    floor = [(last[0] - 0.07, 0.73), (last[0] + 0.07, 0.73), (canvas.width + 0.1, 1.1), (-0.1, 1.1)]
    canvas.shape(rectangle(-0.1, 0.73, canvas.width + 0.1, 1.1), mix(inks.deep, inks.line, 0.7))
    canvas.shape(floor, mix(inks.accent, inks.deep, 0.3), shadow=inks.line)
    for i in range(5):
        y = 0.745 + 0.012 * i * (i + 1)
        canvas.stroke([(-0.1, y), (canvas.width + 0.1, y)], 0.003, inks.line)
    wanderer(canvas, Place(x=last[0], y=0.755, scale=0.17), inks.line, inks.second)


def profile(canvas: Canvas, inks: Inks) -> None:
    """Paint a great head in profile, with a landscape inside it."""
    rng = canvas.rng
    canvas.gradient(inks.accent, mix(inks.accent, inks.paper, 0.6))
    inner = Canvas(rng, canvas.size)
    inner.gradient(inks.line, inks.deep, inks.middle, inks.light, bottom=0.75)
    for _ in range(160):
        star = (rng.random() * canvas.width, rng.random() * 0.5)
        inner.glow(star, 0.003 + 0.005 * rng.random(), inks.paper, 1.0)
    moon = (canvas.width * float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.2, 0.36)))
    inner.ellipse(moon, (0.09, 0.09), inks.paper, shadow=inks.light)
    for i in range(4):
        _range(inner, 0.5 + 0.09 * i, 0.16, mix(inks.middle, inks.line, i / 4), bumps=3 + i)
    head: list[Point] = [
        (-0.3, -0.3),
        (-0.22, 0.06),
        (-0.3, 0.3),
        (-0.28, 0.52),
        (-0.12, 0.66),
        (0.1, 0.66),
        (0.22, 0.54),
        (0.235, 0.42),
        (0.225, 0.37),
        (0.3, 0.27),
        (0.3, 0.24),
        (0.245, 0.225),
        (0.255, 0.17),
        (0.235, 0.145),
        (0.25, 0.11),
        (0.235, 0.04),
        (0.17, 0.0),
        (0.08, 0.0),
        (0.07, -0.12),
        (0.3, -0.3),
    ]
    at = Place(
        x=canvas.width * float(rng.uniform(0.45, 0.55)),
        y=0.72,
        scale=float(rng.uniform(0.8, 0.94)),
        mirrored=rng.random() < 0.5,
    )
    mask = Canvas(rng, canvas.size)
    mask.shape(curve(at(head)), WHITE)
    for reach in (0.1, 0.07, 0.04):
        canvas.ellipse(
            (canvas.width * 0.5, 0.36),
            (0.26 + reach, 0.3 + reach),
            mix(inks.accent, inks.middle, 0.9 - 6 * reach),
            opacity=0.3,
        )
    canvas.paint(mask.pixels[:, :, 0], inner.pixels)


def wanderer(canvas: Canvas, at: Place, ink: Color, scarf: Color) -> None:
    """Paint someone seen from behind: a long coat, a hat, a scarf in the wind, a staff."""
    coat = [(-0.2, 0.08), (-0.15, 0.55), (-0.1, 0.72), (0.1, 0.72), (0.15, 0.55), (0.24, 0.06)]
    canvas.stroke(at([(-0.08, 0.1), (-0.1, 0)]), 0.09 * at.scale, ink)
    canvas.stroke(at([(0.09, 0.1), (0.11, 0)]), 0.09 * at.scale, ink)
    canvas.shape(at(coat), ink)
    canvas.shape(
        at(
            curve([(0, 0.74), (-0.2, 0.72), (-0.5, 0.8), (-0.62, 0.7), (-0.45, 0.66), (-0.2, 0.64)])
        ),
        scarf,
    )
    canvas.shape(at(ellipse((0, 0.84), (0.1, 0.12))), ink)
    canvas.shape(at(ellipse((0, 0.9), (0.24, 0.035))), ink)
    canvas.shape(at(ellipse((0, 0.9), (0.12, 0.14), turn=0.5)), ink)
    canvas.stroke(at([(0.28, 0.0), (0.25, 1.0)]), 0.025 * at.scale, ink)


def _range(canvas: Canvas, level: float, relief: float, color: Color, *, bumps: int) -> None:
    ridge = outline(canvas.rng, 200, bumps)
    crest = [(canvas.width * i / 199, level - relief * float(ridge[i])) for i in range(200)]
    canvas.shape(
        [*crest, (canvas.width + 0.1, 1.1), (-0.1, 1.1)], color, shadow=mix(color, BLACK, 0.5)
    )


def _towers(canvas: Canvas, inks: Inks, layer: int) -> None:
    rng, color, x = canvas.rng, mix(inks.deep, inks.line, 0.3 + 0.35 * layer), -0.04
    while x < canvas.width:
        width, top = float(rng.uniform(0.05, 0.1)), float(rng.uniform(0.42, 0.6)) + 0.1 * layer
        canvas.shape(rectangle(x, top, x + width, 1.1), color, shadow=mix(color, BLACK, 0.6))
        canvas.stroke([(x + width / 2, top), (x + width / 2, top - 0.05)], 0.005, color)
        for row in range(9):
            for column in range(int(width / 0.016)):
                if rng.random() < 0.35:
                    left, up = x + 0.007 + 0.016 * column, top + 0.015 + 0.026 * row
                    canvas.shape(
                        rectangle(left, up, left + 0.008, up + 0.013), inks.accent, opacity=0.9
                    )
        x += width + float(rng.uniform(0, 0.03))


def _birds(canvas: Canvas, color: Color) -> None:
    for _ in range(7):
        x, y = canvas.rng.random() * canvas.width, float(canvas.rng.uniform(0.08, 0.35))
        span = float(canvas.rng.uniform(0.01, 0.022))
        wings = [
            (x - span, y - span * 0.5),
            (x - span * 0.4, y - span * 0.6),
            (x, y),
            (x + span * 0.4, y - span * 0.6),
            (x + span, y - span * 0.5),
        ]
        canvas.stroke(wings, 0.003, color)
