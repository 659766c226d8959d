"""Attacks that put other things onto the picture."""

import numpy as np
from PIL import Image, ImageDraw

from screening.evaluation.attacks.attack import (
    Attack,
    Draw,
    Family,
    RgbImage,
    Strength,
    attack,
)
from screening.evaluation.attacks.lettering import any_color, box, font, words
from screening.evaluation.attacks.raster import BLACK, WHITE, as_rgb, covering, plain, short_side_px


@attack(
    Family.OVERLAY,
    Strength(name="lines", low=2, high=5, unit="lines"),
    Strength(name="size", low=0.06, high=0.11, unit="share of the height"),
)
def text_lines(image: RgbImage, draw: Draw) -> RgbImage:
    """Write lines of text over the picture."""
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    letters = font(image.shape[0] * draw.strengths["size"])
    fill = any_color(draw)
    lines = int(draw.strengths["lines"])
    for line in range(lines):
        x, y = draw.rng.uniform((0.0, line), (0.3, line + 0.5)) * (1.0, 1.0 / lines)
        place = (x * image.shape[1], y * image.shape[0])
        pen.text(place, words(draw, 3), fill=fill, font=letters)
    return as_rgb(canvas)


@attack(
    Family.OVERLAY,
    Strength(name="opacity", low=0.25, high=0.55, unit="0 to 1"),
    Strength(name="pitch", low=0.2, high=0.35, unit="rows, share of the height"),
)
def watermark(image: RgbImage, draw: Draw) -> RgbImage:
    """Repeat a slanted, half transparent word all over the picture."""
    height, width = image.shape[:2]
    side = height + width
    pitch = max(8.0, draw.strengths["pitch"] * height)
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    word = words(draw, 1) + "      "
    for y in np.arange(0.0, side, pitch):
        pen.text((0, y), word * (side // 20), fill=255, font=font(pitch * 0.4))
    slanted = np.asarray(mask.rotate(30.0 * draw.sign()), np.float64)
    top, left = width // 2, height // 2
    share = draw.strengths["opacity"] * slanted[top : top + height, left : left + width, None] / 255
    return np.rint(image * (1.0 - share) + 255.0 * share).astype(np.uint8)


@attack(
    Family.OVERLAY,
    Strength(name="count", low=1, high=3, unit="shapes"),
    Strength(name="size", low=0.2, high=0.3, unit="share of the short side, each"),
)
def sticker(image: RgbImage, draw: Draw) -> RgbImage:
    """Stick logos onto the picture: a disc, a star, or a plate with a word."""
    height, width = image.shape[:2]
    canvas = Image.fromarray(image)
    pen = ImageDraw.Draw(canvas)
    side = short_side_px(image, draw.strengths["size"])
    for _ in range(int(draw.strengths["count"])):
        x, y = draw.rng.uniform(0.0, 1.0, 2) * (width - side, height - side)
        shape = draw.rng.integers(3)
        if shape == 0:
            pen.ellipse(box(x, y, side), fill=any_color(draw), outline=WHITE, width=2)
        elif shape == 1:
            angles = np.arange(10) * np.pi / 5
            radii = side / 2 * np.where(np.arange(10) % 2, 0.45, 1.0)
            xs, ys = x + side / 2 + radii * np.sin(angles), y + side / 2 - radii * np.cos(angles)
            pen.polygon([*zip(xs.tolist(), ys.tolist(), strict=True)], fill=any_color(draw))
        else:
            pen.rectangle((x, y, x + side, y + side * 0.6), fill=any_color(draw))
            pen.text((x + 2, y + side * 0.15), words(draw, 1), fill=WHITE, font=font(side * 0.25))
    return as_rgb(canvas)


@attack(Family.OVERLAY, Strength(name="bar", low=0.15, high=0.28, unit="share of the height added"))
def caption(image: RgbImage, draw: Draw) -> RgbImage:
    """Make a meme: a white bar with words above, outlined words across the foot."""
    height, width = image.shape[:2]
    bar = max(8, round(draw.strengths["bar"] * height))
    canvas = Image.fromarray(np.concatenate([plain(width, bar, WHITE), image]))
    pen = ImageDraw.Draw(canvas)
    letters = font(bar * 0.4)
    pen.text((width * 0.03, bar * 0.25), words(draw, 4), fill=BLACK, font=letters)
    pen.text(
        (width * 0.05, bar + height - bar * 0.7),
        words(draw, 3).upper(),
        fill=WHITE,
        font=letters,
        stroke_width=max(1, bar // 25),
        stroke_fill=BLACK,
    )
    return as_rgb(canvas)


@attack(
    Family.OVERLAY,
    Strength(name="opacity", low=0.25, high=0.45, unit="0 to 1, of the other picture"),
    others=1,
)
def blend(image: RgbImage, draw: Draw) -> RgbImage:
    """Let another picture shine through."""
    share = draw.strengths["opacity"]
    other = covering(draw.others[0], image.shape[1], image.shape[0])
    return as_rgb(np.rint(image * (1.0 - share) + other * share))


@attack(
    Family.OVERLAY,
    Strength(name="area", low=0.2, high=0.4, unit="share of the picture hidden"),
    others=1,
)
def cover(image: RgbImage, draw: Draw) -> RgbImage:
    """Hide a part of the picture behind another one."""
    height, width = image.shape[:2]
    side = draw.strengths["area"] ** 0.5
    patch = covering(draw.others[0], max(1, round(width * side)), max(1, round(height * side)))
    left = draw.rng.integers(0, width - patch.shape[1], endpoint=True)
    top = draw.rng.integers(0, height - patch.shape[0], endpoint=True)
    covered = image.copy()
    covered[top : top + patch.shape[0], left : left + patch.shape[1]] = patch
    return covered


OVERLAY_ATTACKS: tuple[Attack, ...] = (text_lines, watermark, sticker, caption, blend, cover)
