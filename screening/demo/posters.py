"""Posters of invented films: a picture, a title in large letters, and the small print below."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from screening.demo.artwork import portal, profile, skyline, summit, tide
from screening.demo.canvas import Canvas
from screening.demo.colors import BLACK, INKS, WHITE, Inks, mix, one_of
from screening.demo.noise import Size, fbm, smoothstep
from screening.demo.stages import wash

FIRST = ("The Paper", "Nine", "A Cold", "Under the", "The Hollow", "Last of the", "Tin", "Ember")
SECOND = ("Lighthouse", "Kites", "Meridian", "Orchard", "Ferry", "Clockwork", "Tide", "Antlers")
LINES = (
    "SOME DOORS ARE DRAWN, NOT BUILT",
    "EVERY LAMP HAS A LONG MEMORY",
    "THE TIDE KEEPS THE MINUTES",
    "NOBODY MAPS THE WAY BACK",
)
SMALL_PRINT = (
    "INVENTED FOR A DEMONSTRATION  ·  DRAWN BY A PROGRAM",
    "NO CAST  ·  NO CREW  ·  NO STUDIO  ·  NO PREMIERE",
)


def poster(
    rng: np.random.Generator, size: Size, *, title: str | None = None, kind: str | None = None
) -> Image.Image:
    """Return a film poster of (width, height) pixels, of a kind named in KINDS, else of any."""
    canvas, inks = Canvas(rng, size), one_of(rng, INKS)
    words = title or f"{one_of(rng, FIRST)} {one_of(rng, SECOND)}"
    KINDS[kind or one_of(rng, tuple(KINDS))](canvas, inks)
    wash(canvas)
    _lettering(canvas, inks, words)
    _wear(canvas)
    return canvas.finish(grain_strength=0.05, vignette=0.35)


def _lettering(canvas: Canvas, inks: Inks, title: str) -> None:
    """Set the title, at the foot or at the head, with a line above and the small print below."""
    width, words = canvas.width, title.upper().split()
    half = (len(words) + 1) // 2
    rows = [" ".join(words[:half]), " ".join(words[half:])] if len(words) > 1 else words
    _, y = canvas.grid()
    ends = smoothstep(0.7, 1.0, y) + smoothstep(0.2, 0.0, y)
    canvas.paint(np.broadcast_to(ends * 0.75, canvas.grain.shape), inks.line)
    high = canvas.rng.random() < 0.4
    top = 0.1 if high else 0.815
    for i, row in enumerate(rows):
        center = (width / 2, top + 0.078 * i)
        shade = (center[0] + 0.004, center[1] + 0.005)
        look = {"tracking": 0.1, "stretch": 1.35, "weight": 0.045, "max_width": width * 0.88}
        canvas.letters(row, shade, 0.075, mix(inks.line, BLACK, 0.5), **look)
        canvas.letters(row, center, 0.075, mix(inks.paper, WHITE, 0.3), **look)
    tagline = one_of(canvas.rng, LINES)
    canvas.letters(
        tagline,
        (width / 2, 0.9 if high else 0.045),
        0.019,
        inks.paper,
        tracking=0.35,
        max_width=width * 0.84,
    )
    for i, line in enumerate(SMALL_PRINT):
        canvas.letters(
            line,
            (width / 2, 0.943 + 0.021 * i),
            0.017,
            inks.light,
            tracking=0.12,
            stretch=1.5,
            max_width=width * 0.8,
        )


def _wear(canvas: Canvas) -> None:
    """Rub the paper: pale scuffs, and a fold across the middle."""
    scuff = fbm(canvas.rng, canvas.size, (6, 6), octaves=8, gain=0.8)
    canvas.paint(smoothstep(0.72, 0.85, scuff) * 0.3, (0.95, 0.92, 0.86))
    _, y = canvas.grid()
    crease = smoothstep(0.004, 0.0, np.abs(y - 0.5))
    canvas.pixels += (crease * 0.07)[:, :, None]


KINDS: dict[str, Callable[[Canvas, Inks], None]] = {
    "summit": summit,
    "skyline": skyline,
    "tide": tide,
    "portal": portal,
    "profile": profile,
}
