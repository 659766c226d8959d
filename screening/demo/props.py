"""Things that invented characters hold."""

from collections.abc import Callable

from screening.demo.cast import Brush
from screening.demo.colors import BLACK, WHITE, mix
from screening.demo.shapes import Point, ellipse, rectangle


def prop(brush: Brush, hand: Point) -> None:
    """Draw what the character holds, in its hand."""
    PROPS[brush.who.prop](brush, hand)


def _staff(brush: Brush, hand: Point) -> None:
    x, y = hand
    brush.line(
        [(x - 0.02, 0.0), (x, y), (x + 0.03, y + 0.42)],
        0.025,
        mix(brush.who.inks.line, brush.who.inks.middle, 0.35),
    )
    tip = (x + 0.03, y + 0.45)
    brush.dot(tip, 0.06, brush.who.inks.accent)
    brush.dot(tip, 0.03, brush.who.inks.paper)
    brush.canvas.glow(brush.at([tip])[0], 0.28 * brush.at.scale, brush.who.inks.accent, 0.8)


def _lantern(brush: Brush, hand: Point) -> None:
    x, y = hand
    iron = brush.who.inks.line
    brush.line([(x, y), (x, y - 0.08)], 0.012, iron)
    brush.part(
        [(x - 0.03, y - 0.06), (x + 0.03, y - 0.06), (x + 0.065, y - 0.1), (x - 0.065, y - 0.1)],
        iron,
    )
    brush.part(
        rectangle(x - 0.055, y - 0.1, x + 0.055, y - 0.23), mix(brush.who.inks.accent, WHITE, 0.5)
    )
    brush.line([(x, y - 0.1), (x, y - 0.23)], 0.008, iron)
    brush.part(rectangle(x - 0.065, y - 0.23, x + 0.065, y - 0.255), iron)
    brush.canvas.glow(
        brush.at([(x, y - 0.16)])[0], 0.34 * brush.at.scale, brush.who.inks.accent, 0.8
    )


def _umbrella(brush: Brush, hand: Point) -> None:
    x, y = hand
    top = y + 0.36
    brush.line([(x, y - 0.12), (x, top + 0.16)], 0.016, brush.who.inks.line)
    for i in range(4):
        a, b = -0.34 + 0.17 * i, -0.34 + 0.17 * (i + 1)
        rim = ellipse((x + (a + b) / 2, top), (0.085, -0.035), turn=0.5)
        color = brush.who.inks.accent if i % 2 else brush.who.inks.paper
        gore = [
            (x + a, top),
            (x + a * 0.72, top + 0.11),
            (x, top + 0.17),
            (x + b * 0.72, top + 0.11),
            (x + b, top),
        ]
        brush.part(gore, color)
        brush.part(rim, mix(color, BLACK, 0.25))


def _kite(brush: Brush, hand: Point) -> None:
    x, y = hand
    brush.line(
        [(x, y), (x + 0.04, y + 0.1), (x + 0.02, y + 0.2), (x + 0.1, y + 0.3)],
        0.006,
        brush.who.inks.paper,
    )
    center = (x + 0.12, y + 0.4)
    corners = ((0, 0.17), (0.12, 0.03), (0, -0.16), (-0.12, 0.03))
    for i in range(4):
        (ax, ay), (bx, by) = corners[i], corners[(i + 1) % 4]
        color = brush.who.inks.accent if i % 2 else brush.who.inks.paper
        brush.part(
            [center, (center[0] + ax, center[1] + ay), (center[0] + bx, center[1] + by)], color
        )


def _book(brush: Brush, hand: Point) -> None:
    x, y = hand
    brush.part(
        [
            (x - 0.14, y + 0.12),
            (x, y + 0.08),
            (x + 0.14, y + 0.12),
            (x + 0.14, y - 0.09),
            (x, y - 0.13),
            (x - 0.14, y - 0.09),
        ],
        brush.who.inks.accent,
    )
    for side in (-1, 1):
        brush.part(
            [
                (x, y + 0.07),
                (x + side * 0.12, y + 0.105),
                (x + side * 0.12, y - 0.07),
                (x, y - 0.11),
            ],
            brush.who.inks.paper,
        )
        for row in range(4):
            rise = y + 0.055 - 0.035 * row
            brush.line(
                [(x + side * 0.025, rise), (x + side * 0.1, rise + 0.02)],
                0.006,
                brush.who.inks.deep,
            )


def _key(brush: Brush, hand: Point) -> None:
    x, y = hand
    brush.line([(x, y - 0.1), (x, y + 0.24)], 0.035, brush.who.inks.accent)
    brush.dot((x, y + 0.29), 0.09, brush.who.inks.accent)
    brush.dot((x, y + 0.29), 0.045, brush.who.inks.line)
    for rise in (0.09, 0.03):
        brush.line([(x, y - rise), (x + 0.08, y - rise)], 0.03, brush.who.inks.accent)


PROPS: dict[str, Callable[[Brush, Point], None]] = {
    "staff": _staff,
    "lantern": _lantern,
    "umbrella": _umbrella,
    "kite": _kite,
    "book": _book,
    "key": _key,
}
