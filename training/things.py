"""Things that drawings are made of: a pen, and the creatures, houses and trees it draws.

Places and sizes are shares of the canvas; ``plain`` leaves everything without color.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from training.data import Pixels

Rng = np.random.Generator
Color = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pen:
    """Draws on a canvas in shares of its side, with an outline of one width, or none."""

    canvas: Pixels
    ink: Color
    outline_px: int
    rng: Rng

    def ellipse(
        self, x: float, y: float, a: float, b: float, turn: float = 0.0, *, fill: Color | None
    ) -> None:
        """Draw an ellipse around (x, y) with half axes a and b, turned by degrees."""
        side = self.canvas.shape[0]
        middle = (round(x * side), round(y * side))
        axes = (max(1, round(a * side)), max(1, round(b * side)))
        if fill is not None:
            cv2.ellipse(self.canvas, middle, axes, turn, 0, 360, fill, -1, cv2.LINE_AA)
        if self.outline_px:
            width = self.outline_px
            cv2.ellipse(self.canvas, middle, axes, turn, 0, 360, self.ink, width, cv2.LINE_AA)

    def polygon(self, points: np.ndarray, *, fill: Color | None) -> None:
        """Draw a polygon, points (n, 2) in shares of the side."""
        corners = [(points * self.canvas.shape[0]).round().astype(np.int32)]
        if fill is not None:
            cv2.fillPoly(self.canvas, corners, fill, cv2.LINE_AA)
        if self.outline_px:
            cv2.polylines(self.canvas, corners, True, self.ink, self.outline_px, cv2.LINE_AA)

    def line(self, points: np.ndarray, width: float, *, fill: Color | None) -> None:
        """Draw a line through points, (n, 2), as wide as a share of the side."""
        side = self.canvas.shape[0]
        path = [(points * side).round().astype(np.int32)]
        px = max(1, round(width * side))
        if self.outline_px:
            px_out = px + 2 * self.outline_px if fill is not None else self.outline_px
            cv2.polylines(self.canvas, path, False, self.ink, px_out, cv2.LINE_AA)
        if fill is not None:
            cv2.polylines(self.canvas, path, False, fill, px, cv2.LINE_AA)


def creature(pen: Pen, x: float, y: float, scale: float, *, plain: bool = False) -> None:
    """Draw a creature whose body is around (x, y)."""
    rng = pen.rng
    skin, cloth, mark = (None if plain else any_color(rng) for _ in range(3))
    long, high = rng.uniform(0.1, 0.26) * scale, rng.uniform(0.09, 0.22) * scale
    head = rng.uniform(0.06, 0.17) * scale
    way = -1.0 if rng.random() < 0.5 else 1.0
    thick = rng.uniform(0.015, 0.05) * scale
    for leg in np.linspace(-0.7, 0.7, int(rng.choice([2, 2, 4]))):
        foot = (x + leg * long + rng.normal(0.0, 0.03), y + high + rng.uniform(0.05, 0.25) * scale)
        pen.line(np.array([(x + leg * long, y), foot]), thick, fill=skin)
    if rng.random() < 0.5:
        steps = np.cumsum(rng.normal(0.0, 0.04 * scale, (8, 2)), axis=0)
        pen.line(np.array([x - way * long, y]) + steps, thick, fill=skin)
    pen.ellipse(x, y, long, high, rng.normal(0.0, 12.0), fill=cloth)
    for _ in range(int(rng.choice([0, 0, 2, 5]))):
        spot = (x, y) + rng.uniform(-0.6, 0.6, 2) * (long, high)
        pen.ellipse(spot[0], spot[1], rng.uniform(0.01, 0.03), rng.uniform(0.01, 0.03), fill=mark)
    hx, hy = x + way * long * rng.uniform(0.0, 1.1), y - high - head * rng.uniform(0.2, 0.9)
    for ear in (-1, 1):
        if (kind := rng.random()) < 0.4:
            pen.ellipse(
                hx + ear * head * 0.7,
                hy - head * 0.8,
                head * 0.35,
                head * rng.uniform(0.3, 0.9),
                ear * 20,
                fill=skin,
            )
        elif kind < 0.7:
            tip = (hx + ear * head * 0.9, hy - head * rng.uniform(1.2, 2.0))
            near = (hx + ear * head * 0.2, hy - head * 0.7)
            far = (hx + ear * head * 0.9, hy - head * 0.3)
            pen.polygon(np.array([near, far, tip]), fill=mark)
    pen.ellipse(hx, hy, head, head * rng.uniform(0.75, 1.2), fill=skin)
    eye, white = head * rng.uniform(0.1, 0.35), None if plain else (255.0, 255.0, 255.0)
    for side_of in (-0.4, 0.4):
        ex, ey = hx + side_of * head + way * head * 0.15, hy - head * 0.2
        pen.ellipse(ex, ey, eye, eye * 1.2, fill=white)
        pen.ellipse(ex + way * eye * 0.3, ey, eye * 0.4, eye * 0.5, fill=(0.0, 0.0, 0.0))
    bend = np.linspace(-0.5, 0.5, 7)
    smile = np.stack([hx + bend * head, hy + head * (0.45 + rng.uniform(-0.8, 0.5) * bend**2)], -1)
    pen.line(smile, 0.004, fill=(0.0, 0.0, 0.0))


def house(pen: Pen, x: float, y: float, size: float, *, plain: bool = False) -> None:
    """Draw a house whose lower left corner is at (x, y)."""
    rng = pen.rng
    wide, high = size * rng.uniform(0.6, 1.6), size * rng.uniform(0.5, 1.8)
    box = np.array([(0, 0), (wide, 0), (wide, -high), (0, -high)]) + np.array((x, y))
    pen.polygon(box, fill=None if plain else any_color(rng))
    if rng.random() < 0.7:
        roof = np.array(
            [(-0.1 * wide, -high), (1.1 * wide, -high), (0.5 * wide, -high - size * 0.6)]
        )
        pen.polygon(roof + np.array((x, y)), fill=None if plain else any_color(rng))
    columns, rows = (int(value) for value in rng.integers(1, 5, 2))
    pane = np.array([(0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5)]) * (wide / columns, high / rows)
    color = None if plain else any_color(rng)
    for place in range(columns * rows):
        step = np.array([place % columns + 0.25, place // columns + 0.25])
        pen.polygon(pane + (x, y - high) + step * (wide / columns, high / rows), fill=color)


def tree(pen: Pen, x: float, y: float, size: float, *, plain: bool = False) -> None:
    """Draw a tree that stands at (x, y)."""
    rng = pen.rng
    high = size * rng.uniform(0.6, 1.4)
    trunk = np.array([(x, y), (x + rng.normal(0.0, 0.02), y - high)])
    pen.line(trunk, size * 0.12, fill=None if plain else any_color(rng))
    color = None if plain else any_color(rng)
    if rng.random() < 0.4:
        for step in np.linspace(0.3, 1.0, 3):
            half = size * (1.1 - step) * 0.7
            foot = y - high * step
            crown = np.array([(x - half, foot), (x + half, foot), (x, foot - size * 0.5)])
            pen.polygon(crown, fill=color)
        return
    for _ in range(int(rng.integers(1, 7))):
        place = np.array((x, y - high)) + rng.normal(0.0, 0.25 * size, 2)
        pen.ellipse(
            place[0],
            place[1],
            size * rng.uniform(0.15, 0.4),
            size * rng.uniform(0.15, 0.4),
            fill=color,
        )


def any_color(rng: Rng) -> Color:
    """Return a color at random."""
    return tuple(rng.uniform(0.0, 255.0, 3).tolist())


def light_color(rng: Rng) -> Color:
    """Return a light color at random."""
    return tuple(rng.uniform(190.0, 255.0, 3).tolist())
