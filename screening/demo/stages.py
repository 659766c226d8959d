"""Backgrounds that characters stand before."""

import math
from collections.abc import Callable

from screening.demo.canvas import Canvas
from screening.demo.colors import BLACK, WHITE, Color, Inks, mix
from screening.demo.noise import fbm, outline, smoothstep
from screening.demo.patterns import pattern
from screening.demo.shapes import Place, ellipse, rectangle


def rays(canvas: Canvas, inks: Inks) -> None:
    """Paint a rising disc and its rays over rolling ground."""
    canvas.gradient(inks.light, inks.paper)
    center = (canvas.width * float(canvas.rng.uniform(0.3, 0.7)), 0.52)
    for i in range(18):
        a, b = (2 * math.pi * (i + half) / 18 for half in (0, 0.5))
        far = [(center[0] + 2 * math.cos(t), center[1] + 2 * math.sin(t)) for t in (a, b)]
        canvas.shape([center, *far], mix(inks.light, inks.middle, 0.45), opacity=0.8)
    canvas.ellipse(center, (0.33, 0.33), inks.accent, shadow=mix(inks.accent, inks.middle, 0.7))
    hills(
        canvas, (mix(inks.middle, inks.paper, 0.2), inks.deep, mix(inks.deep, inks.line, 0.6)), 0.72
    )
    wash(canvas)


def arch(canvas: Canvas, inks: Inks) -> None:
    """Paint a patterned wall with an arched window on a night landscape."""
    canvas.gradient(mix(inks.deep, inks.middle, 0.3), mix(inks.deep, inks.line, 0.3))
    tiles = pattern("scales", canvas.size, scale=0.08)
    if tiles is not None:
        canvas.paint(tiles * 0.35, inks.middle)
    x, reach = canvas.width / 2, 0.33
    window = [
        *ellipse((x, 0.42), (reach, reach), start=0.5, turn=0.5),
        (x + reach, 0.84),
        (x - reach, 0.84),
    ]
    rim = [(x + (px - x) * 1.09, 0.45 + (py - 0.45) * 1.08) for px, py in window]
    canvas.shape(rim, inks.accent, shadow=mix(inks.accent, inks.line, 0.6))
    canvas.shape(window, mix(inks.light, WHITE, 0.2), shadow=inks.middle)
    moon = (x + float(canvas.rng.uniform(-0.2, 0.2)), 0.28)
    canvas.ellipse(moon, (0.07, 0.07), inks.paper)
    canvas.shape(
        rectangle(-0.1, 0.84, canvas.width + 0.1, 1.1),
        mix(inks.line, inks.deep, 0.35),
        shadow=inks.line,
    )
    for i in range(9):
        left = canvas.width * (i - 0.15) / 8
        canvas.stroke([(left, 1.0), (x + (left - x) * 0.8, 0.84)], 0.004, inks.line)
    wash(canvas)


def grove(canvas: Canvas, inks: Inks) -> None:
    """Paint layers of giant leaves and stems around a clearing."""
    canvas.gradient(inks.paper, inks.light, inks.middle)
    canvas.glow((canvas.width / 2, 0.4), 0.6, inks.paper, 0.6)
    for layer, color in enumerate((mix(inks.light, inks.middle, 0.5), inks.middle, inks.deep)):
        for i in range(12):
            side = -1 if i % 2 else 1
            x = canvas.width / 2 + side * canvas.width * float(
                canvas.rng.uniform(0.24 + 0.04 * layer, 0.58)
            )
            _leaf(
                canvas,
                Place(x=x, y=1.0, scale=float(canvas.rng.uniform(0.5, 1.0)), lean=-side * 0.2),
                color,
                inks,
            )
    hills(canvas, (mix(inks.deep, inks.line, 0.5),), 0.86)
    wash(canvas)


def _leaf(canvas: Canvas, at: Place, color: Color, inks: Inks) -> None:
    blade = [
        (0.0, 0.25),
        (0.09, 0.45),
        (0.11, 0.65),
        (0.06, 0.85),
        (0.0, 1.0),
        (-0.06, 0.85),
        (-0.11, 0.65),
        (-0.09, 0.45),
    ]
    canvas.stroke(at([(0, 0), (0, 0.3)]), 0.015, mix(color, inks.line, 0.4))
    canvas.shape(at(blade), color, shadow=mix(color, inks.line, 0.55))
    canvas.stroke(at([(0, 0.25), (0, 0.95)]), 0.005, mix(color, inks.paper, 0.35))
    for i in range(5):
        y = 0.4 + 0.1 * i
        for side in (-1, 1):
            canvas.stroke(
                at([(0, y), (side * 0.07, y + 0.07)]), 0.003, mix(color, inks.paper, 0.25)
            )


def theater(canvas: Canvas, inks: Inks) -> None:
    """Paint a stage: curtains, boards and one cone of light."""
    canvas.gradient(mix(inks.line, inks.deep, 0.6), mix(inks.deep, inks.middle, 0.35))
    x = canvas.width / 2
    canvas.shape(
        [(x - 0.06, -0.02), (x + 0.06, -0.02), (x + 0.42, 0.92), (x - 0.42, 0.92)],
        inks.light,
        opacity=0.4,
    )
    canvas.shape(
        rectangle(-0.1, 0.83, canvas.width + 0.1, 1.1),
        mix(inks.middle, inks.line, 0.35),
        shadow=inks.line,
    )
    canvas.ellipse((x, 0.92), (0.42, 0.06), inks.light, opacity=0.55)
    folds = 5
    reach = canvas.width * 0.24
    for side in (0, 1):
        for i in range(folds):
            a, b = reach * i / folds, reach * (i + 1) / folds
            drape = [
                (a, -0.02),
                (b, -0.02),
                (b * 0.8 + 0.01, 0.45),
                (b + 0.01, 0.95),
                (a, 0.95),
                (a * 0.8, 0.45),
            ]
            points = [(canvas.width - px, py) for px, py in drape] if side else drape
            canvas.shape(points, inks.middle, shadow=mix(inks.middle, inks.line, 0.85))
    for i in range(7):
        middle = canvas.width * (i + 0.5) / 7
        canvas.ellipse(
            (middle, 0.0),
            (canvas.width / 13, 0.11),
            inks.accent,
            shadow=mix(inks.accent, inks.line, 0.7),
        )
    wash(canvas)


def rooftops(canvas: Canvas, inks: Inks) -> None:
    """Paint a town of roofs and chimneys under a big moon."""
    canvas.gradient(inks.deep, inks.middle, inks.light)
    moon = (canvas.width * float(canvas.rng.uniform(0.25, 0.75)), 0.3)
    canvas.glow(moon, 0.5, inks.light, 0.6)
    canvas.ellipse(moon, (0.2, 0.2), inks.paper, shadow=inks.light)
    for layer in range(3):
        color = mix(inks.middle, inks.line, 0.25 + 0.3 * layer)
        x = -0.1
        while x < canvas.width:
            width = float(canvas.rng.uniform(0.1, 0.2))
            top = 0.52 + 0.13 * layer - float(canvas.rng.uniform(0, 0.12))
            house = [
                (x, 1.1),
                (x, top),
                (x + width / 2, top - 0.09),
                (x + width, top),
                (x + width, 1.1),
            ]
            canvas.shape(house, color, shadow=mix(color, BLACK, 0.45))
            canvas.shape(rectangle(x + width * 0.7, top - 0.1, x + width * 0.8, top), color)
            for row in range(2):
                lit = canvas.rng.random() < 0.5
                pane = inks.accent if lit else mix(color, BLACK, 0.4)
                left, up = x + width * 0.35, top + 0.03 + 0.06 * row
                canvas.shape(rectangle(left, up, left + 0.03, up + 0.035), pane)
            x += width
    canvas.shape(rectangle(-0.1, 0.9, canvas.width + 0.1, 1.1), inks.line, shadow=BLACK)
    wash(canvas)


def hills(canvas: Canvas, colors: tuple[Color, ...], level: float) -> None:
    """Paint rolling ridges, one per color, the first one farthest."""
    for i, color in enumerate(colors):
        ridge = outline(canvas.rng, 128, 3, octaves=3)
        crest = [
            (canvas.width * k / 127, level + 0.1 * i - 0.14 * float(ridge[k])) for k in range(128)
        ]
        canvas.shape(
            [*crest, (canvas.width + 0.1, 1.1), (-0.1, 1.1)], color, shadow=mix(color, BLACK, 0.4)
        )


def wash(canvas: Canvas) -> None:
    """Lay uneven pigment over the whole picture, as watercolor dries."""
    pigment = fbm(canvas.rng, canvas.size, (4, 4), octaves=7, gain=0.6)
    canvas.pixels *= (0.86 + 0.26 * smoothstep(0.2, 0.8, pigment))[:, :, None]


STAGES: dict[str, Callable[[Canvas, Inks], None]] = {
    "rays": rays,
    "arch": arch,
    "grove": grove,
    "theater": theater,
    "rooftops": rooftops,
}
