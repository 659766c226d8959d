"""Heads of invented characters: their shapes, eyes, and what they wear on top."""

from collections.abc import Callable

from screening.demo.cast import Brush
from screening.demo.colors import WHITE, mix
from screening.demo.shapes import Point, curve, ellipse, rectangle


def head(brush: Brush) -> None:
    """Draw the character's head above its shoulders."""
    r, center = brush.who.head_size, (0.0, 0.68 + brush.who.head_size)
    HEAD_SHAPES[brush.who.head](brush, center, r)
    _eyes(brush, (center[0] + 0.015, center[1] + 0.1 * r), r)
    TOP_SHAPES[brush.who.top](brush, center, r)


def _eyes(brush: Brush, at: Point, r: float) -> None:
    (x, y), ink = at, brush.who.inks.line
    if brush.who.eyes == "cyclops":
        brush.dot((x, y), 0.42 * r, WHITE)
        brush.dot((x + 0.08 * r, y), 0.26 * r, brush.who.inks.accent)
        brush.dot((x + 0.1 * r, y), 0.12 * r, ink)
        return
    for side in (-1, 1):
        eye = (x + side * 0.38 * r, y)
        if brush.who.eyes == "goggles":
            brush.dot(eye, 0.33 * r, mix(ink, brush.who.inks.middle, 0.3))
            brush.dot(eye, 0.24 * r, brush.who.inks.accent)
            brush.dot((eye[0] - 0.07 * r, eye[1] + 0.07 * r), 0.07 * r, WHITE)
        elif brush.who.eyes == "sleepy":
            brush.line(ellipse(eye, (0.2 * r, -0.14 * r), turn=0.5), 0.012, ink)
        else:
            brush.dot(eye, 0.2 * r, WHITE)
            brush.dot((eye[0] + 0.04 * r, eye[1]), 0.12 * r, ink)


def _round_head(brush: Brush, center: Point, r: float) -> None:
    brush.part(ellipse(center, (r, r)), brush.who.skin)
    _cheeks(brush, center, r)


def _egg_head(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    brush.part(ellipse((x, y + 0.1 * r), (0.85 * r, 1.2 * r)), brush.who.skin)
    _cheeks(brush, center, r)


def _box_head(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    shell = mix(brush.who.skin, brush.who.inks.paper, 0.4)
    brush.part(rectangle(x - 1.1 * r, y + 0.9 * r, x + 1.1 * r, y - 0.8 * r), shell)
    brush.part(rectangle(x - 0.6 * r, y - 0.35 * r, x + 0.6 * r, y - 0.6 * r), brush.who.inks.line)
    for i in range(4):
        left = x - 0.5 * r + 0.27 * r * i
        brush.part(
            rectangle(left, y - 0.4 * r, left + 0.18 * r, y - 0.55 * r), brush.who.inks.paper
        )


def _beak_head(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    brush.part(ellipse(center, (r, 1.05 * r)), brush.who.skin)
    beak = [(x + 0.3 * r, y), (x + 1.9 * r, y - 0.35 * r), (x + 0.35 * r, y - 0.6 * r)]
    brush.part(beak, brush.who.inks.accent)
    brush.line([beak[1], (x + 0.4 * r, y - 0.32 * r)], 0.008, brush.who.inks.line)


def _fox_head(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    for side in (-1, 1):
        ear = [
            (x + side * 0.25 * r, y + 0.7 * r),
            (x + side * 0.85 * r, y + 1.7 * r),
            (x + side * r, y + 0.2 * r),
        ]
        brush.part(ear, mix(brush.who.skin, brush.who.inks.line, 0.35))
    face = [
        (x - 1.15 * r, y + 0.15 * r),
        (x, y + 1.05 * r),
        (x + 1.15 * r, y + 0.15 * r),
        (x, y - 1.05 * r),
    ]
    brush.part(curve(face), brush.who.skin)
    muzzle = [(x - 0.5 * r, y - 0.3 * r), (x + 0.5 * r, y - 0.3 * r), (x, y - 1.0 * r)]
    brush.part(curve(muzzle), mix(brush.who.skin, WHITE, 0.6))
    brush.dot((x, y - 0.85 * r), 0.13 * r, brush.who.inks.line)


def _cheeks(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    blush = mix(brush.who.skin, brush.who.inks.middle, 0.45)
    for side in (-1, 1):
        brush.dot((x + side * 0.58 * r, y - 0.25 * r), 0.15 * r, blush)
    brush.line(
        ellipse((x + 0.03, y - 0.4 * r), (0.28 * r, -0.18 * r), turn=0.5),
        0.012,
        brush.who.inks.line,
    )
    brush.dot((x + 0.03, y - 0.14 * r), 0.1 * r, mix(brush.who.skin, brush.who.inks.middle, 0.3))


def _pointed(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    cone = [
        (x - 0.85 * r, y + 0.55 * r),
        (x - 0.2 * r, y + 2.0 * r),
        (x - 0.9 * r, y + 2.9 * r),
        (x + 0.35 * r, y + 2.1 * r),
        (x + 0.85 * r, y + 0.55 * r),
    ]
    brush.part(
        ellipse((x, y + 0.6 * r), (1.6 * r, 0.28 * r)),
        mix(brush.who.inks.deep, brush.who.inks.line, 0.3),
    )
    brush.part(cone, brush.who.inks.deep)
    brush.part(
        rectangle(x - 0.83 * r, y + 0.85 * r, x + 0.8 * r, y + 0.58 * r), brush.who.inks.accent
    )


def _bowler(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    felt = mix(brush.who.inks.deep, brush.who.inks.line, 0.35)
    brush.part(ellipse((x, y + 0.7 * r), (0.95 * r, -1.1 * r), start=0.5, turn=0.5), felt)
    brush.part(ellipse((x, y + 0.7 * r), (0.95 * r, 1.0 * r), turn=0.5), felt)
    brush.part(
        rectangle(x - 0.95 * r, y + 0.98 * r, x + 0.95 * r, y + 0.72 * r), brush.who.inks.accent
    )
    brush.part(ellipse((x, y + 0.66 * r), (1.45 * r, 0.18 * r)), felt)


def _horns(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    for side in (-1, 1):
        horn = [
            (x + side * 0.35 * r, y + 0.8 * r),
            (x + side * 0.95 * r, y + 1.1 * r),
            (x + side * 1.15 * r, y + 1.9 * r),
            (x + side * 1.45 * r, y + 1.1 * r),
            (x + side * 0.85 * r, y + 0.45 * r),
        ]
        brush.part(curve(horn), brush.who.inks.paper)


def _antennae(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    for side in (-1, 1):
        tip = (x + side * 0.9 * r, y + 2.0 * r)
        brush.line(
            [(x + side * 0.3 * r, y + 0.8 * r), (x + side * 0.4 * r, y + 1.5 * r), tip],
            0.016,
            brush.who.inks.line,
        )
        brush.dot(tip, 0.2 * r, brush.who.inks.accent)


def _hair(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    color = mix(brush.who.inks.middle, brush.who.inks.line, 0.25)
    tufts = ((-0.95, 0.35), (-0.75, 0.85), (-0.3, 1.15), (0.25, 1.2), (0.7, 0.9), (0.95, 0.4))
    for dx, dy in tufts:
        brush.dot((x + dx * r, y + dy * r), 0.42 * r, color)


def _crown(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    spikes = [(x + (0.4 * i - 0.8) * r, y + (1.15 if i % 2 else 1.75) * r) for i in range(5)]
    rim = [(x + 0.8 * r, y + 0.65 * r), (x - 0.8 * r, y + 0.65 * r)]
    brush.part([*spikes, *rim], brush.who.inks.accent)
    for i in range(3):
        brush.dot((x - 0.8 * r + 0.8 * r * i, y + 1.78 * r), 0.12 * r, brush.who.inks.second)


def _leaf(brush: Brush, center: Point, r: float) -> None:
    x, y = center
    brush.line([(x, y + 0.9 * r), (x + 0.05 * r, y + 1.5 * r)], 0.02, brush.who.inks.deep)
    for side, reach in ((-1, 1.2), (1, 1.5)):
        blade = [
            (x, y + 1.4 * r),
            (x + side * 0.5 * reach * r, y + 2.1 * r),
            (x + side * reach * r, y + 1.9 * r),
            (x + side * 0.6 * reach * r, y + 1.4 * r),
        ]
        brush.part(curve(blade), mix(brush.who.inks.second, brush.who.inks.accent, 0.3))


Draw = Callable[[Brush, Point, float], None]
HEAD_SHAPES: dict[str, Draw] = {
    "round": _round_head,
    "egg": _egg_head,
    "box": _box_head,
    "beak": _beak_head,
    "fox": _fox_head,
}
TOP_SHAPES: dict[str, Draw] = {
    "pointed": _pointed,
    "bowler": _bowler,
    "horns": _horns,
    "antennae": _antennae,
    "hair": _hair,
    "crown": _crown,
    "leaf": _leaf,
}
