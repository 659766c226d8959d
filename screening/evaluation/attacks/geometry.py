"""Attacks on the geometry of the picture: turned, cut, pulled, seen from an angle."""

import cv2
import numpy as np

from screening.evaluation.attacks.attack import (
    Attack,
    Draw,
    Family,
    RgbImage,
    Strength,
    attack,
)
from screening.evaluation.attacks.raster import as_rgb, black_or_white, resized, short_side_px


@attack(Family.GEOMETRY)
def mirror(image: RgbImage, _: Draw) -> RgbImage:
    """Exchange left and right."""
    return image[:, ::-1]


@attack(Family.GEOMETRY)
def flip(image: RgbImage, _: Draw) -> RgbImage:
    """Exchange top and bottom."""
    return image[::-1]


@attack(Family.GEOMETRY, Strength(name="turns", low=1, high=3, unit="quarter turns"))
def quarter_turn(image: RgbImage, draw: Draw) -> RgbImage:
    """Turn by 90, 180 or 270 degrees."""
    return np.rot90(image, int(draw.strengths["turns"]))


@attack(Family.GEOMETRY, Strength(name="angle", low=3.0, high=15.0, unit="degrees, either way"))
def rotation(image: RgbImage, draw: Draw) -> RgbImage:
    """Rotate a little on a larger plain ground, so that nothing is cut off."""
    height, width = image.shape[:2]
    angle = draw.strengths["angle"] * draw.sign()
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(width * cosine + height * sine), round(width * sine + height * cosine))
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    return as_rgb(cv2.warpAffine(image, matrix, size, borderValue=black_or_white(draw)))


@attack(Family.GEOMETRY, Strength(name="area", low=0.35, high=0.85, unit="share of the area kept"))
def crop(image: RgbImage, draw: Draw) -> RgbImage:
    """Keep a rectangle of nearly the same proportions from a random place."""
    height, width = image.shape[:2]
    side = draw.strengths["area"] ** 0.5
    slimness = draw.rng.uniform(max(side, 0.85), min(1 / side, 1 / 0.85))
    kept_w = max(1, round(width * side * slimness))
    kept_h = max(1, round(height * side / slimness))
    left = draw.rng.integers(0, width - kept_w, endpoint=True)
    top = draw.rng.integers(0, height - kept_h, endpoint=True)
    return image[top : top + kept_h, left : left + kept_w]


@attack(
    Family.GEOMETRY,
    Strength(name="shift", low=0.08, high=0.2, unit="largest shift of a corner, share of a side"),
)
def perspective(image: RgbImage, draw: Draw) -> RgbImage:
    """Look at the picture from an angle: every corner moves inward by its own amount."""
    height, width = image.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    inward = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float32)
    shifts = draw.rng.uniform(0.0, draw.strengths["shift"], (4, 2)) * (width, height)
    moved = (corners + inward * shifts).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return as_rgb(
        cv2.warpPerspective(image, matrix, (width, height), borderValue=black_or_white(draw))
    )


@attack(Family.GEOMETRY, Strength(name="ratio", low=1.2, high=1.7, unit="times one side"))
def stretch(image: RgbImage, draw: Draw) -> RgbImage:
    """Stretch one side."""
    height, width = image.shape[:2]
    ratio = draw.strengths["ratio"]
    if draw.rng.random() < 0.5:
        return resized(image, round(width * ratio), height)
    return resized(image, width, round(height * ratio))


@attack(
    Family.GEOMETRY,
    Strength(name="slant", low=0.12, high=0.3, unit="shift per height or width, either way"),
)
def shear(image: RgbImage, draw: Draw) -> RgbImage:
    """Slant the picture to one side, its corners left on a plain ground."""
    height, width = image.shape[:2]
    slant = draw.strengths["slant"] * draw.sign()
    grown = round(abs(slant) * height)
    matrix = np.array([(1.0, slant, grown if slant < 0 else 0.0), (0.0, 1.0, 0.0)])
    size = (width + grown, height)
    return as_rgb(cv2.warpAffine(image, matrix, size, borderValue=black_or_white(draw)))


@attack(
    Family.GEOMETRY,
    Strength(name="height", low=0.02, high=0.05, unit="amplitude, share of the short side"),
    Strength(name="waves", low=1.0, high=3.0, unit="waves per side"),
)
def waves(image: RgbImage, draw: Draw) -> RgbImage:
    """Bend the picture in waves along both sides."""
    height, width = image.shape[:2]
    amplitude = short_side_px(image, draw.strengths["height"])
    turns = 2 * np.pi * draw.strengths["waves"]
    phases = draw.rng.uniform(0.0, 2 * np.pi, 2)
    rows, columns = np.indices((height, width)).astype(np.float32)
    map_x = columns + amplitude * np.sin(turns * rows / height + phases[0])
    map_y = rows + amplitude * np.sin(turns * columns / width + phases[1])
    bent = cv2.remap(
        image,
        map_x.astype(np.float32),
        map_y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return as_rgb(bent)


GEOMETRY_ATTACKS: tuple[Attack, ...] = (
    mirror,
    flip,
    quarter_turn,
    rotation,
    crop,
    perspective,
    stretch,
    shear,
    waves,
)
