"""Attacks on the values of the pixels: light and color, wear, drawing style."""

import cv2
import numpy as np
import numpy.typing as npt

from screening.evaluation.attacks.attack import (
    Attack,
    Draw,
    Family,
    RgbImage,
    Strength,
    attack,
)
from screening.evaluation.attacks.raster import as_rgb, resized, short_side_px

# dark and light end: sepia, blue print, night green, warm poster
DUOTONES = (
    ((40, 22, 8), (255, 238, 205)),
    ((8, 20, 80), (235, 245, 255)),
    ((4, 40, 30), (200, 255, 180)),
    ((90, 0, 60), (255, 225, 60)),
)


@attack(Family.PHOTOMETRIC, Strength(name="change", low=0.25, high=0.55, unit="± share"))
def brightness(image: RgbImage, draw: Draw) -> RgbImage:
    """Make every value larger or smaller by a share."""
    return _levels(image * (1.0 + draw.sign() * draw.strengths["change"]))


@attack(Family.PHOTOMETRIC, Strength(name="change", low=0.3, high=0.6, unit="± share"))
def contrast(image: RgbImage, draw: Draw) -> RgbImage:
    """Spread the values around their mean, or draw them together."""
    mean = image.mean()
    return _levels((image - mean) * (1.0 + draw.sign() * draw.strengths["change"]) + mean)


@attack(Family.PHOTOMETRIC, Strength(name="octaves", low=0.5, high=1.2, unit="± log2 of exponent"))
def gamma(image: RgbImage, draw: Draw) -> RgbImage:
    """Raise the values to a power."""
    exponent = 2.0 ** (draw.sign() * draw.strengths["octaves"])
    return _levels(255.0 * (image / 255.0) ** exponent)


@attack(
    Family.PHOTOMETRIC, Strength(name="angle", low=40.0, high=180.0, unit="degrees, either way")
)
def hue(image: RgbImage, draw: Draw) -> RgbImage:
    """Turn the color circle."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    # OpenCV keeps hue in half degrees
    turned = hsv[..., 0].astype(np.int32) + round(draw.sign() * draw.strengths["angle"] / 2)
    hsv[..., 0] = turned % 180
    return as_rgb(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))


@attack(Family.PHOTOMETRIC)
def grayscale(image: RgbImage, _: Draw) -> RgbImage:
    """Take the color away."""
    return _gray_rgb(_gray(image))


@attack(Family.PHOTOMETRIC, Strength(name="pair", low=0, high=3, unit="row of DUOTONES"))
def duotone(image: RgbImage, draw: Draw) -> RgbImage:
    """Print in two inks: sepia, or one of three posters."""
    dark, light = np.array(DUOTONES[int(draw.strengths["pair"])], np.float64)
    share = (_gray(image) / 255.0)[..., None]
    return _levels(dark + share * (light - dark))


@attack(Family.PHOTOMETRIC)
def invert(image: RgbImage, _: Draw) -> RgbImage:
    """Turn into the negative."""
    return 255 - image


@attack(Family.DEGRADATION, Strength(name="quality", low=4, high=20, unit="JPEG quality"))
def jpeg(image: RgbImage, draw: Draw) -> RgbImage:
    """Compress heavily."""
    options = [cv2.IMWRITE_JPEG_QUALITY, int(draw.strengths["quality"])]
    _, coded = cv2.imencode(".jpg", image[..., ::-1], options)
    return as_rgb(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1]


@attack(Family.DEGRADATION, Strength(name="scale", low=0.12, high=0.35, unit="share of a side"))
def downscale(image: RgbImage, draw: Draw) -> RgbImage:
    """Make small, then large again."""
    height, width = image.shape[:2]
    scale = draw.strengths["scale"]
    small = resized(image, max(8, round(width * scale)), max(8, round(height * scale)))
    return resized(small, width, height)


@attack(
    Family.DEGRADATION, Strength(name="sigma", low=0.008, high=0.02, unit="share of short side")
)
def blur(image: RgbImage, draw: Draw) -> RgbImage:
    """Blur as a lens out of focus does."""
    return as_rgb(cv2.GaussianBlur(image, (0, 0), short_side_px(image, draw.strengths["sigma"])))


@attack(Family.DEGRADATION, Strength(name="sigma", low=15.0, high=50.0, unit="levels of 255"))
def noise(image: RgbImage, draw: Draw) -> RgbImage:
    """Add grain of its own to every channel."""
    return _levels(image + draw.rng.normal(0.0, draw.strengths["sigma"], image.shape))


@attack(Family.DEGRADATION, Strength(name="levels", low=2, high=5, unit="levels per channel"))
def posterize(image: RgbImage, draw: Draw) -> RgbImage:
    """Keep a few levels per channel."""
    steps = int(draw.strengths["levels"]) - 1
    return _levels(np.round(image / 255.0 * steps) / steps * 255.0)


@attack(Family.DEGRADATION, Strength(name="cell", low=0.015, high=0.03, unit="share of short side"))
def halftone(image: RgbImage, draw: Draw) -> RgbImage:
    """Print in dots, one screen angle per channel."""
    frequency = np.pi / max(2.0, short_side_px(image, draw.strengths["cell"]))
    rows, columns = np.indices(image.shape[:2]).astype(np.float64)
    screens = []
    for angle in np.radians((15.0, 45.0, 75.0)):
        along = columns * np.cos(angle) + rows * np.sin(angle)
        across = rows * np.cos(angle) - columns * np.sin(angle)
        screens.append(127.5 + 127.5 * np.cos(along * frequency) * np.cos(across * frequency))
    dots = np.where(image >= np.stack(screens, axis=-1), 255.0, 0.0)
    return as_rgb(cv2.GaussianBlur(dots.astype(np.uint8), (0, 0), 0.6))


@attack(Family.STYLIZATION, Strength(name="sigma", low=0.02, high=0.05, unit="share of short side"))
def pencil_sketch(image: RgbImage, draw: Draw) -> RgbImage:
    """Draw in pencil: gray divided by its surroundings."""
    gray = _gray(image).astype(np.float64)
    surroundings = cv2.GaussianBlur(
        gray, (0, 0), max(1.0, short_side_px(image, draw.strengths["sigma"]))
    )
    return _gray_rgb(_levels(255.0 * (gray + 1.0) / (surroundings + 1.0)))


@attack(
    Family.STYLIZATION,
    Strength(name="sigma", low=0.1, high=0.3, unit="share of short side"),
    Strength(name="range", low=0.3, high=0.6, unit="OpenCV sigma_r"),
)
def stylize(image: RgbImage, draw: Draw) -> RgbImage:
    """Flatten areas and keep edges, as a comic does."""
    sigma = float(np.clip(short_side_px(image, draw.strengths["sigma"]), 5.0, 200.0))
    return as_rgb(cv2.stylization(image, sigma_s=sigma, sigma_r=draw.strengths["range"]))


@attack(
    Family.STYLIZATION,
    Strength(name="brush", low=0.02, high=0.04, unit="share of short side"),
    Strength(name="range", low=20.0, high=45.0, unit="levels of 255"),
)
def oil_paint(image: RgbImage, draw: Draw) -> RgbImage:
    """Paint in strokes of one color: mean shift, then a median as wide as the brush."""
    brush = max(2.0, short_side_px(image, draw.strengths["brush"]))
    flat = cv2.pyrMeanShiftFiltering(image, brush, draw.strengths["range"])
    # OpenCV takes odd widths only, up to 255
    return as_rgb(cv2.medianBlur(flat, min(255, 2 * (round(brush) // 2) + 1)))


PIXEL_ATTACKS: tuple[Attack, ...] = (
    brightness,
    contrast,
    gamma,
    hue,
    grayscale,
    duotone,
    invert,
    jpeg,
    downscale,
    blur,
    noise,
    posterize,
    halftone,
    pencil_sketch,
    stylize,
    oil_paint,
)


def _levels(values: npt.NDArray[np.floating]) -> RgbImage:
    return as_rgb(np.clip(np.rint(values), 0, 255))


def _gray(image: RgbImage) -> RgbImage:
    return as_rgb(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _gray_rgb(gray: RgbImage) -> RgbImage:
    return np.repeat(gray[..., None], 3, axis=2)
