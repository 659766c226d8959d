"""Drawings of things: type, polygons, creatures, landscapes, still lifes, sketches in line.

Every function takes the side in px and a generator and gives a picture, uint8 (side, side, 3).
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training import overlays, texture
from training.data import Pixels
from training.things import Pen, any_color, creature, house, light_color, tree

Rng = np.random.Generator


def creatures(side: int, rng: Rng) -> Pixels:
    """Return one or a few made-up creatures: body, legs, head, ears, eyes, a tail."""
    pen = _pen(_ground(side, rng), rng)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        creature(pen, rng.uniform(0.25, 0.75), rng.uniform(0.35, 0.65), rng.uniform(0.6, 1.6))
    return pen.canvas


def landscape(side: int, rng: Rng) -> Pixels:
    """Return a view outdoors: sky, sun, ridges, water or fields, houses, trees."""
    sky = np.linspace(0.0, 1.0, side)[:, None].repeat(side, axis=1)
    canvas = np.ascontiguousarray(texture.ramp(sky, texture.palette(rng, 3)))
    pen = _pen(canvas, rng)
    if rng.random() < 0.6:
        size = rng.uniform(0.03, 0.12)
        pen.ellipse(rng.random(), rng.uniform(0.05, 0.4), size, size, fill=light_color(rng))
    ground = rng.uniform(0.35, 0.75)
    for depth in range(int(rng.integers(1, 5))):
        base = ground + 0.12 * depth * rng.uniform(0.3, 1.0)
        rough = np.cumsum(rng.normal(0.0, rng.uniform(0.005, 0.05), 24))
        along = np.linspace(-0.02, 1.02, 24)
        ridge = np.stack([along, base + rough - rough.mean()], axis=-1)
        pen.polygon(np.concatenate([ridge, [(1.02, 1.05), (-0.02, 1.05)]]), fill=any_color(rng))
    for _ in range(int(rng.integers(0, 9))):
        x, y, size = rng.random(), rng.uniform(ground, 0.95), rng.uniform(0.05, 0.25)
        (house if rng.random() < 0.5 else tree)(pen, x, y, size)
    if rng.random() < 0.25:
        creature(pen, rng.uniform(0.2, 0.8), rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.6))
    return pen.canvas


def still_life(side: int, rng: Rng) -> Pixels:
    """Return vessels, boxes and fruit on a table, shaded, before a wall."""
    canvas = texture.clouds(side, rng) if rng.random() < 0.5 else _ground(side, rng)
    table = round(side * rng.uniform(0.45, 0.8))
    canvas[table:] = any_color(rng)
    pen = _pen(canvas, rng)
    for _ in range(int(rng.integers(2, 9))):
        x, y = rng.uniform(0.1, 0.9), table / side + rng.uniform(0.0, 0.2)
        w, h = rng.uniform(0.04, 0.16), rng.uniform(0.08, 0.3)
        color = any_color(rng)
        kind = int(rng.integers(3))
        if kind == 0:
            pen.ellipse(x, y - w, w, w * rng.uniform(0.8, 1.1), fill=color)
            pen.ellipse(x - w * 0.3, y - w * 1.3, w * 0.25, w * 0.2, fill=light_color(rng))
        elif kind == 1:
            low, deep = np.array([x - w, y - h]), rng.uniform(0.02, 0.08)
            box = np.array([(0, 0), (2 * w, 0), (2 * w, h), (0, h)]) + low
            pen.polygon(box, fill=color)
            top = np.array([(0, 0), (2 * w, 0), (2 * w + deep, -deep), (deep, -deep)]) + low
            pen.polygon(top, fill=light_color(rng))
        else:
            heights = np.linspace(0.0, h, 8)
            bulge = w * (0.35 + 0.65 * np.abs(np.sin(heights / h * 3.0 + rng.uniform(0, 3))))
            left = np.stack([x - bulge, y - heights], -1)
            right = np.stack([x + bulge, y - heights], -1)
            pen.polygon(np.concatenate([left, right[::-1]]), fill=color)
    shade = texture.field(side, rng, 2.0)[..., None] * 0.5 + 0.7
    return np.clip(pen.canvas * shade, 0, 255).astype(np.uint8)


def polygons(side: int, rng: Rng) -> Pixels:
    """Return an abstract composition: shapes and bands, a few or many."""
    pen = _pen(_ground(side, rng), rng)
    for _ in range(int(rng.integers(3, 30))):
        middle, size = rng.random(2), rng.uniform(0.03, 0.35)
        if rng.random() < 0.3:
            pen.ellipse(
                middle[0],
                middle[1],
                size,
                size * rng.uniform(0.3, 1.0),
                rng.uniform(0, 180),
                fill=any_color(rng),
            )
        elif rng.random() < 0.3:
            ends = rng.uniform(-0.1, 1.1, (int(rng.integers(2, 5)), 2))
            pen.line(ends, rng.uniform(0.005, 0.08), fill=any_color(rng))
        else:
            angles = np.sort(rng.uniform(0.0, 2 * np.pi, int(rng.integers(3, 8))))
            points = middle + size * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
            pen.polygon(points, fill=any_color(rng))
    return pen.canvas


def line_drawing(side: int, rng: Rng) -> Pixels:
    """Return a drawing in line on paper: a creature, things, hatching, loose curves."""
    canvas = np.full((side, side, 3), 255, np.uint8)
    if rng.random() < 0.3:
        canvas[:] = light_color(rng)
    gray = rng.uniform(0.0, 90.0)
    pen = Pen(canvas=canvas, ink=(gray, gray, gray), outline_px=int(rng.integers(1, 3)), rng=rng)
    for _ in range(int(rng.integers(0, 3))):
        creature(
            pen, rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.7), rng.uniform(0.4, 1.2), plain=True
        )
    for _ in range(int(rng.integers(0, 4))):
        x, y, size = rng.random(), rng.uniform(0.3, 0.95), rng.uniform(0.1, 0.4)
        (house if rng.random() < 0.5 else tree)(pen, x, y, size, plain=True)
    for _ in range(int(rng.integers(2, 14))):
        steps = np.cumsum(rng.normal(0.0, rng.uniform(0.01, 0.06), (16, 2)), axis=0)
        pen.line(rng.random(2) + steps, 0.0, fill=None)
    if rng.random() < 0.6:
        start, way = rng.random(2), rng.normal(0.0, 0.12, 2)
        for step in np.linspace(0.0, rng.uniform(0.1, 0.4), int(rng.integers(5, 25))):
            across = start + step * np.array([-way[1], way[0]]) / np.hypot(*way)
            pen.line(np.stack([across, across + way]), 0.0, fill=None)
    return canvas


def type_page(side: int, rng: Rng) -> Pixels:
    """Return a poster or page: large letters, lines of small ones, a panel or two."""
    canvas = _ground(side, rng)
    pen = _pen(canvas, rng)
    for _ in range(int(rng.integers(0, 4))):
        low, extent = rng.random(2), rng.uniform(0.1, 0.7, 2)
        box = low + np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * extent
        pen.polygon(box, fill=any_color(rng))
    image = Image.fromarray(canvas)
    pencil = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 8))):
        size = side * float(np.exp(rng.uniform(np.log(0.05), np.log(0.5))))
        color = tuple(int(value) for value in any_color(rng))
        place = (rng.uniform(-0.1, 0.7) * side, rng.uniform(-0.1, 0.9) * side)
        letters = overlays.words(rng, int(rng.integers(1, max(2, round(2.5 * side / size)))))
        pencil.text(place, letters, fill=color, font=ImageFont.load_default(size))
    return np.array(image)


def _pen(canvas: Pixels, rng: Rng) -> Pen:
    ink = (0.0, 0.0, 0.0) if rng.random() < 0.7 else any_color(rng)
    outline = int(rng.choice([0, 1, 1, 2]))
    return Pen(canvas=canvas, ink=ink, outline_px=outline, rng=rng)


def _ground(side: int, rng: Rng) -> Pixels:
    draw = rng.random()
    if draw < 0.35:
        return np.full((side, side, 3), 255, np.uint8)
    canvas = np.empty((side, side, 3), np.uint8)
    if draw < 0.6:
        canvas[:] = any_color(rng)
        return canvas
    if draw < 0.85:
        slope = np.linspace(0.0, 1.0, side)[:, None].repeat(side, axis=1)
        slope = slope if rng.random() < 0.5 else slope.T
        return np.ascontiguousarray(texture.ramp(slope, texture.palette(rng, 3)))
    return texture.clouds(side, rng)
