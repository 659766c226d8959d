"""Hard distractors: unrelated pictures that have something in common, as false matches do.

What they share is the same pixel for pixel: every picture is brought to one size and dressed with
one seed. A method that matches two of them has matched their dress.
"""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageDraw

from screening.evaluation.attacks.attack import Draw, RgbImage
from screening.evaluation.attacks.framing import border, screenshot
from screening.evaluation.attacks.lettering import box, font, words
from screening.evaluation.attacks.overlay import caption, text_lines, watermark
from screening.evaluation.attacks.pixels import halftone
from screening.evaluation.attacks.raster import BLACK, WHITE, as_rgb, covering

WIDTH_PX, HEIGHT_PX = 480, 360

Dress = Callable[[RgbImage, np.random.Generator], RgbImage]


def logo(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Put an emblem of flat shapes with a word into the lower right corner."""
    height, width = image.shape[:2]
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    side = round(0.3 * min(height, width))
    left, top = width - side - side // 8, height - side - side // 8
    first, second = (tuple(color) for color in rng.integers(0, 256, (2, 3)).tolist())
    pen.rectangle((left, top, left + side, top + side), fill=WHITE, outline=first, width=3)
    pen.ellipse(box(left + side * 0.2, top + side * 0.08, side * 0.6), fill=first)
    pen.ellipse(box(left + side * 0.32, top + side * 0.2, side * 0.36), fill=WHITE)
    turns = rng.uniform(0, 2 * np.pi) + np.arange(3) * 2 * np.pi / 3
    xs = left + side * (0.5 + 0.28 * np.cos(turns))
    ys = top + side * (0.38 + 0.28 * np.sin(turns))
    pen.polygon([*zip(xs.tolist(), ys.tolist(), strict=True)], fill=second)
    name = words(Draw(strengths={}, rng=rng, others=()), 1)
    pen.text((left + side * 0.1, top + side * 0.72), name, fill=BLACK, font=font(side * 0.2))
    return as_rgb(canvas)


def film_strip(image: RgbImage, rng: np.random.Generator) -> RgbImage:
    """Frame the picture as on a strip of film: perforations and print along both edges."""
    height, width = image.shape[:2]
    edge = height // 4
    strip = Image.new("RGB", (width, height + 2 * edge), (24, 18, 14))
    strip.paste(Image.fromarray(image), (0, edge))
    pen = ImageDraw.Draw(strip)
    draw = Draw(strengths={}, rng=rng, others=())
    pitch = width / 8
    for top in (edge * 0.4, height + edge * 1.1):
        for left in np.arange(pitch * 0.25, width, pitch).tolist():
            hole = (left, top, left + pitch * 0.5, top + edge * 0.5)
            pen.rounded_rectangle(hole, radius=edge * 0.08, fill=(235, 232, 225))
    for y in (edge * 0.02, height + edge * 1.64):
        print_ = f"{words(draw, 2).upper()} {rng.integers(100, 1000)}  > {rng.integers(1, 40)}A"
        pen.text((pitch, y), print_, fill=(235, 160, 40), font=font(edge * 0.3))
    return as_rgb(strip)


DRESSES: Mapping[str, Dress] = {
    "text lines": text_lines.apply,
    "caption": caption.apply,
    "watermark": watermark.apply,
    "logo": logo,
    "border": border.apply,
    "film strip": film_strip,
    "screenshot": screenshot.apply,
    "halftone": halftone.apply,
}
"""What pictures may have in common, by name."""


def dressed(image: RgbImage, kind: str, *, seed: int) -> RgbImage:
    """Return the middle of a picture, at one size, dressed; all of a kind and seed dress alike.

    image: uint8 (h, w, 3) RGB. kind: one of DRESSES; raises ValueError for any other.
    """
    if kind not in DRESSES:
        raise ValueError(f"there is no dress {kind!r}: pass one of {', '.join(DRESSES)}")
    whole = covering(image, WIDTH_PX, HEIGHT_PX)
    return DRESSES[kind](whole, np.random.default_rng(seed))
