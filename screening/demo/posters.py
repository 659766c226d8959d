"""Posters of invented films: a picture, and a title in large letters."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from screening.demo.artwork import peaks, portal, profile, skyline, summit, tide
from screening.demo.canvas import Canvas
from screening.demo.colors import INKS, WHITE, Inks, mix, one_of
from screening.demo.noise import Size, fbm, smoothstep
from screening.demo.stages import wash

FIRST = ("The Paper", "Nine", "A Cold", "Under the", "The Hollow", "Last of the", "Tin", "Ember")
SECOND = ("Lighthouse", "Kites", "Meridian", "Orchard", "Ferry", "Clockwork", "Tide", "Antlers")


def poster(
    rng: np.random.Generator, size: Size, *, title: str | None = None, kind: str | None = None
) -> Image.Image:
    """Return a film poster of (width, height) pixels, of a kind named in KINDS, else of any.

    title: invented if None, left away if empty.
    """
    canvas, inks = Canvas(rng, size), one_of(rng, INKS)
    words = f"{one_of(rng, FIRST)} {one_of(rng, SECOND)}" if title is None else title
    KINDS[kind or one_of(rng, tuple(KINDS))](canvas, inks)
    wash(canvas)
    _lettering(canvas, inks, words)
    _wear(canvas)
    return canvas.finish(grain_strength=0.05, vignette=0.35)


def _lettering(canvas: Canvas, inks: Inks, title: str) -> None:
    """Set the title at the foot or at the head, in letters of its own.

    Letters set alike on two posters are features alike, and the one poster would be found for the
    other.
    """
    rng, width, words = canvas.rng, canvas.width, title.upper().split()
    half = (len(words) + 1) // 2
    rows = [" ".join(words[:half]), " ".join(words[half:])] if len(words) > 1 else words
    _, y = canvas.grid()
    ends = smoothstep(0.7, 1.0, y) + smoothstep(0.2, 0.0, y)
    canvas.paint(np.broadcast_to(ends * 0.75, canvas.grain.shape), inks.line)
    top = 0.1 if rng.random() < 0.4 else 0.85
    height = float(rng.uniform(0.05, 0.085))
    look = {
        "tracking": float(rng.uniform(0.02, 0.4)),
        "stretch": float(rng.uniform(0.8, 1.9)),
        "weight": float(rng.uniform(0.0, 0.08)),
        "slant": float(rng.uniform(-0.6, 0.6)),
        "max_width": width * 0.88,
    }
    for i, row in enumerate(rows):
        center = (width / 2, top + 1.1 * height * i)
        canvas.letters(row, center, height, mix(inks.paper, WHITE, 0.3), **look)


def _wear(canvas: Canvas) -> None:
    """Rub the paper: pale scuffs, and a fold across the middle."""
    scuff = fbm(canvas.rng, canvas.size, (6, 6), octaves=8, gain=0.8)
    canvas.paint(smoothstep(0.72, 0.85, scuff) * 0.3, (0.95, 0.92, 0.86))
    _, y = canvas.grid()
    crease = smoothstep(0.004, 0.0, np.abs(y - 0.5))
    canvas.pixels += (crease * 0.07)[:, :, None]


KINDS: dict[str, Callable[[Canvas, Inks], None]] = {
    "peaks": peaks,
    "summit": summit,
    "skyline": skyline,
    "tide": tide,
    "portal": portal,
    "profile": profile,
}
