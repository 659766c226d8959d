"""Attacks that put the picture among other things."""

import cv2
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
from screening.evaluation.attacks.raster import (
    WHITE,
    as_rgb,
    black_or_white,
    covering,
    plain,
    short_side_px,
)


@attack(Family.FRAMING, Strength(name="width", low=0.04, high=0.15, unit="share of short side"))
def border(image: RgbImage, draw: Draw) -> RgbImage:
    """Put a plain frame of one width around the picture."""
    width = round(max(1.0, short_side_px(image, draw.strengths["width"])))
    height, length = image.shape[:2]
    framed = plain(length + 2 * width, height + 2 * width, any_color(draw))
    framed[width:-width, width:-width] = image
    return framed


@attack(Family.FRAMING, Strength(name="bar", low=0.1, high=0.25, unit="share of a side, each bar"))
def letterbox(image: RgbImage, draw: Draw) -> RgbImage:
    """Add black bars above and below, or left and right."""
    upright = draw.rng.random() < 0.5
    bar = max(1, round(draw.strengths["bar"] * image.shape[0 if upright else 1]))
    padding = ((bar, bar), (0, 0), (0, 0)) if upright else ((0, 0), (bar, bar), (0, 0))
    return np.pad(image, padding)


@attack(
    Family.FRAMING, Strength(name="area", low=0.4, high=0.7, unit="share of the screen it covers")
)
def screenshot(image: RgbImage, draw: Draw) -> RgbImage:
    """Show the picture in a window with a title bar, a side bar and lines of text."""
    height, width = image.shape[:2]
    scale = draw.strengths["area"] ** -0.5
    screen_w, screen_h = round(width * scale), round(height * scale)
    dark = draw.rng.random() < 0.5
    paper, ink, panel = (
        ((30, 31, 34), (205, 206, 210), (52, 54, 60))
        if dark
        else (WHITE, (60, 60, 66), (232, 234, 238))
    )
    left, top = round((screen_w - width) * 0.8), round((screen_h - height) * 0.6)
    screen = Image.new("RGB", (screen_w, screen_h), paper)
    pen = ImageDraw.Draw(screen)
    line = max(4, top // 2)
    pen.rectangle((0, 0, screen_w, top - line // 2), fill=panel)
    for place, fill in enumerate(((255, 95, 86), (255, 189, 46), (39, 201, 63))):
        pen.ellipse(box(line * (0.5 + 1.2 * place), line * 0.4, line * 0.8), fill=fill)
    pen.text((line * 5, line * 0.3), words(draw, 2), fill=ink, font=font(line * 0.8))
    pen.rectangle((0, top, left - line // 2, screen_h), fill=panel)
    for y in range(top + line, screen_h - line, line * 2):
        pen.text((line * 0.3, y), words(draw, 1), fill=ink, font=font(line * 0.8))
    pen.text((left, top + height + 1), words(draw, 4), fill=ink, font=font(line * 0.8))
    screen.paste(Image.fromarray(image), (left, top))
    return as_rgb(screen)


@attack(
    Family.FRAMING,
    Strength(name="area", low=0.35, high=0.6, unit="share of the whole it covers"),
    others=1,
)
def paste(image: RgbImage, draw: Draw) -> RgbImage:
    """Lay the picture somewhere onto another one."""
    height, width = image.shape[:2]
    scale = draw.strengths["area"] ** -0.5
    whole = covering(draw.others[0], round(width * scale), round(height * scale)).copy()
    left = draw.rng.integers(0, whole.shape[1] - width, endpoint=True)
    top = draw.rng.integers(0, whole.shape[0] - height, endpoint=True)
    whole[top : top + height, left : left + width] = image
    return whole


@attack(
    Family.FRAMING,
    Strength(name="gap", low=0.0, high=0.06, unit="share of the short side between pictures"),
    others=3,
)
def collage(image: RgbImage, draw: Draw) -> RgbImage:
    """Set the picture among three others, two by two."""
    height, width = image.shape[:2]
    gap = round(draw.strengths["gap"] * min(height, width))
    tiles = [covering(other, width, height) for other in draw.others[:3]]
    tiles.insert(int(draw.rng.integers(4)), image)
    whole = plain(2 * width + gap, 2 * height + gap, black_or_white(draw))
    for place, tile in enumerate(tiles):
        top, left = (place // 2) * (height + gap), (place % 2) * (width + gap)
        whole[top : top + height, left : left + width] = tile
    return whole


@attack(
    Family.FRAMING,
    Strength(name="area", low=0.4, high=0.7, unit="share of the whole, before the tilt"),
    Strength(name="tilt", low=0.04, high=0.12, unit="largest shift of a corner, share of a side"),
    others=1,
)
def phone_photo(image: RgbImage, draw: Draw) -> RgbImage:
    """Photograph the picture lying askew on something else."""
    height, width = image.shape[:2]
    scale = draw.strengths["area"] ** -0.5
    size = (round(width * scale), round(height * scale))
    ground = covering(draw.others[0], *size)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    middle = (np.array(size) - (width, height)) / 2
    shifts = draw.rng.uniform(-draw.strengths["tilt"], draw.strengths["tilt"], (4, 2))
    placed = (corners + middle + shifts * (width, height)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, placed)
    # the ground shows wherever the picture does not cover it
    return as_rgb(
        cv2.warpPerspective(
            image, matrix, size, dst=ground.copy(), borderMode=cv2.BORDER_TRANSPARENT
        )
    )


FRAMING_ATTACKS: tuple[Attack, ...] = (border, letterbox, screenshot, paste, collage, phone_photo)
