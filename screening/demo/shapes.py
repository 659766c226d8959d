"""Outlines in picture heights, and where to put them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
Points = Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Puts a drawing made around (0, 0), with y upward, somewhere on a canvas."""

    x: float
    y: float
    scale: float = 1.0
    mirrored: bool = False
    lean: float = 0.0

    def __call__(self, points: Points) -> list[Point]:
        """Return the points in the canvas's own coordinates."""
        side = -self.scale if self.mirrored else self.scale
        return [(self.x + side * (x + self.lean * y), self.y - self.scale * y) for x, y in points]


def ellipse(center: Point, radii: Point, *, start: float = 0.0, turn: float = 1.0) -> list[Point]:
    """Return points around an ellipse, or along `turn` of its round from `start`."""
    steps = 64
    angles = [2 * math.pi * (start + turn * step / steps) for step in range(steps + 1)]
    return [
        (center[0] + radii[0] * math.cos(a), center[1] + radii[1] * math.sin(a)) for a in angles
    ]


def rectangle(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """Return the four corners of an upright rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def curve(points: Points, *, steps: int = 12) -> list[Point]:
    """Return a smooth closed line through the points (Catmull–Rom)."""
    count = len(points)
    smooth = []
    for i in range(count):
        p0, p1, p2, p3 = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            smooth.append(
                (_catmull(p0[0], p1[0], p2[0], p3[0], t), _catmull(p0[1], p1[1], p2[1], p3[1], t))
            )
    return smooth


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
