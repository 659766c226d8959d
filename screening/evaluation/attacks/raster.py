"""The few operations on pixels that attacks of every family share."""

import cv2
import numpy as np

from screening.evaluation.attacks.attack import Draw, RgbImage

BLACK = (0, 0, 0)
WHITE = (255, 255, 255)


def as_rgb(pixels: object) -> RgbImage:
    """Return what OpenCV or Pillow made as a uint8 array."""
    return np.asarray(pixels, np.uint8)


def resized(image: RgbImage, width: int, height: int) -> RgbImage:
    """Return the image at another size: averaged where it shrinks, bilinear where it grows."""
    smaller = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return as_rgb(cv2.resize(image, (max(1, width), max(1, height)), interpolation=method))


def covering(image: RgbImage, width: int, height: int) -> RgbImage:
    """Return the middle of the image, scaled to fill the size without distortion."""
    scale = max(width / image.shape[1], height / image.shape[0])
    scaled_w = max(width, round(image.shape[1] * scale))
    scaled_h = max(height, round(image.shape[0] * scale))
    left, top = (scaled_w - width) // 2, (scaled_h - height) // 2
    return resized(image, scaled_w, scaled_h)[top : top + height, left : left + width]


def short_side_px(image: RgbImage, share: float) -> float:
    """Return a share of the short side, at least half a pixel."""
    return max(0.5, share * float(min(image.shape[:2])))


def plain(width: int, height: int, color: tuple[int, int, int]) -> RgbImage:
    """Return a canvas of one color."""
    return np.full((height, width, 3), color, np.uint8)


def black_or_white(draw: Draw) -> tuple[int, int, int]:
    """Return one of the two grounds people leave around a picture."""
    return WHITE if draw.rng.random() < 0.5 else BLACK
