"""Drawings of stuff: dead leaves, clouds, fractals, patterns, brush strokes.

Every function takes the side in px and a generator and gives a picture, uint8 (side, side, 3).
Dead leaves and clouds follow the statistics of photographs. Source: Baradad et al. 2021.
"""

import cv2
import numpy as np

from training.data import Pixels

Rng = np.random.Generator


def field(side: int, rng: Rng, roughness: float) -> np.ndarray:
    """Return noise, float32 (side, side) from 0 to 1: every octave finer and fainter.

    roughness: by how much an octave is fainter than the one before, as a power of two.
    """
    total = np.zeros((side, side), np.float32)
    cells, strength = 2, 1.0
    while cells < side:
        noise = rng.random((cells + 1, cells + 1), np.float32)
        total += strength * cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
        cells, strength = cells * 2, strength * 2.0**-roughness
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / (high - low))


def palette(rng: Rng, count: int) -> np.ndarray:
    """Return colors that go together, float (count, 3) from 0 to 255."""
    base = rng.uniform(0.0, 255.0, 3)
    spread = rng.uniform(20.0, 140.0)
    colors = base + rng.normal(0.0, spread, (count, 3))
    if rng.random() < 0.3:
        colors = colors.mean(axis=1, keepdims=True) + rng.normal(0.0, 12.0, (count, 3))
    return np.clip(colors, 0.0, 255.0)


def ramp(values: np.ndarray, colors: np.ndarray) -> Pixels:
    """Return values from 0 to 1 as colors between those of a row of colors."""
    places = np.linspace(0.0, 1.0, len(colors))
    levels = np.linspace(0.0, 1.0, 256)
    table = np.stack([np.interp(levels, places, colors[:, c]) for c in range(3)], axis=-1)
    return np.asarray(table.astype(np.uint8)[(values * 255.0).astype(np.uint8)])


def clouds(side: int, rng: Rng) -> Pixels:
    """Return clouds, marble or terraces in a few colors."""
    values = field(side, rng, rng.uniform(0.5, 1.8))
    if rng.random() < 0.4:
        shift = field(side, rng, 1.2)
        values = 0.5 + 0.5 * np.sin(values * rng.uniform(6.0, 40.0) + shift * rng.uniform(0.0, 9.0))
    if rng.random() < 0.25:
        values = np.floor(values * (steps := rng.integers(3, 9))) / steps
    return ramp(values.clip(0.0, 1.0), palette(rng, int(rng.integers(2, 7))))


def dead_leaves(side: int, rng: Rng) -> Pixels:
    """Return shapes of all sizes that lie over one another, some of them shaded or grained."""
    canvas = np.zeros((side, side, 3), np.uint8)
    colors = palette(rng, int(rng.integers(4, 40)))
    kinds = rng.permutation(3)[: int(rng.integers(1, 4))]
    smallest = rng.uniform(0.01, 0.06)
    grain = field(side, rng, rng.uniform(0.2, 1.0))[..., None]
    for _ in range(int(rng.integers(40, 300))):
        # sizes with a density of one over their cube, as things in photographs have
        size = side * min(0.5, smallest / np.sqrt(rng.uniform(0.004, 1.0)))
        middle = rng.uniform(0.0, side, 2)
        color = tuple(np.clip(colors[rng.integers(len(colors))] + rng.normal(0, 8, 3), 0, 255))
        kind = int(kinds[rng.integers(len(kinds))])
        if kind == 0:
            cv2.circle(canvas, _point(middle), max(1, round(size)), color, -1, cv2.LINE_AA)
        elif kind == 1:
            axes = (max(1, round(size)), max(1, round(size * rng.uniform(0.2, 0.8))))
            turn = rng.uniform(0.0, 180.0)
            cv2.ellipse(canvas, _point(middle), axes, turn, 0, 360, color, -1, cv2.LINE_AA)
        else:
            angles = np.sort(rng.uniform(0.0, 2 * np.pi, int(rng.integers(3, 7))))
            points = middle + size * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
            cv2.fillPoly(canvas, [points.round().astype(np.int32)], color, cv2.LINE_AA)
    if rng.random() < 0.6:
        shaded = canvas * (0.6 + 0.8 * grain * rng.uniform(0.3, 1.0))
        return np.clip(shaded, 0, 255).astype(np.uint8)
    return canvas


def escape_time(side: int, rng: Rng) -> Pixels:
    """Return a Julia set: how soon points leave, in colors."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    # around the edge of the Mandelbrot set's main body, where Julia sets are richest
    edge = 0.5 * np.exp(1j * angle) - 0.25 * np.exp(2j * angle)
    constant = edge * rng.uniform(0.98, 1.12)
    span = np.exp(rng.uniform(np.log(0.3), np.log(1.6)))
    line = np.linspace(-span, span, side, dtype=np.float32)
    turn = np.exp(1j * rng.uniform(0.0, 2.0 * np.pi))
    z = ((line[None, :] + 1j * line[:, None]) * turn + rng.normal(0.0, 0.3)).astype(np.complex64)
    left = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(24, 60))):
        z = np.where(np.abs(z) < 4.0, z * z + constant, z).astype(np.complex64)
        left += np.abs(z) < 4.0
    values = (left / left.max().clip(1.0)) ** rng.uniform(0.3, 1.0)
    return ramp(values, palette(rng, int(rng.integers(3, 8))))


def pattern(side: int, rng: Rng) -> Pixels:
    """Return stripes, checks, dots or rings, bent or not."""
    bend = (field(side, rng, 1.5) - 0.5) * side * rng.choice([0.0, 0.0, 0.1, 0.4])
    rows, columns = np.indices((side, side)).astype(np.float32)
    angle = rng.uniform(0.0, np.pi)
    along = columns * np.cos(angle) + rows * np.sin(angle) + bend
    across = rows * np.cos(angle) - columns * np.sin(angle) + bend
    a, b = 2.0 * np.pi / (side * np.exp(rng.uniform(np.log(0.05), np.log(0.6), 2)))
    kind = int(rng.integers(4))
    if kind == 0:
        wave = np.sin(along * a) + rng.uniform(0.0, 0.8) * np.sin(along * b)
    elif kind == 1:
        wave = np.sin(along * a) * np.sin(across * b)
    elif kind == 2:
        wave = np.sin(along * a) + np.sin(across * b)
    else:
        center = rng.uniform(0.2, 0.8, 2) * side
        wave = np.sin(a * np.hypot(columns - center[0], rows - center[1]) + bend * 0.1)
    if rng.random() < 0.6:
        wave = np.sign(wave - rng.uniform(-0.4, 0.4))
    low, high = wave.min(), max(wave.max(), wave.min() + 1e-6)
    return ramp((wave - low) / (high - low), palette(rng, int(rng.integers(2, 5))))


def strokes(side: int, rng: Rng) -> Pixels:
    """Return a painting: strokes that follow a flow and take their colors from clouds below."""
    below = clouds(side, rng) if rng.random() < 0.5 else dead_leaves(side, rng)
    canvas = np.asarray(cv2.GaussianBlur(below, (0, 0), side * 0.02), np.uint8)
    flow = field(side, rng, 1.5) * rng.uniform(2.0, 12.0)
    width, length = side * rng.uniform(0.01, 0.05), side * rng.uniform(0.04, 0.2)
    for _ in range(int(rng.integers(80, 350))):
        start = rng.uniform(0.0, side - 1.0, 2)
        color = tuple((below[int(start[1]), int(start[0])] + rng.normal(0.0, 22.0, 3)).clip(0, 255))
        points = [start]
        for _ in range(4):
            x, y = np.clip(points[-1], 0, side - 1).astype(int)
            points.append(points[-1] + length / 4 * _way(flow[y, x]))
        line = np.array(points).round().astype(np.int32)
        cv2.polylines(canvas, [line], False, color, max(1, round(width)), cv2.LINE_AA)
    return canvas


def _way(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])


def _point(place: np.ndarray) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
