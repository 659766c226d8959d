"""From whatever a file holds to 8-bit sRGB over a neutral ground, at working size."""

from functools import lru_cache
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

WORKING_SIDE = 2048
"""The longer side of what the channels see is at most this many pixels."""

GROUND = 128
"""Gray level under transparent pixels: on black or white a figure of that color would vanish."""

_SRGB_TOLERANCE = 2
_LATTICE = 17
_PROFILE_MODES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK", "Lab ": "LAB"}
_SAMPLED = 1_000_000


def working_factor(size: tuple[int, int]) -> int:
    """Return the whole factor by which a picture of (width, height) is reduced, 1 or more."""
    return -(-max(size) // WORKING_SIDE)


def canonical(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Return a decoded image, of any mode and size, as RGB at working size.

    profile: ICC profile of its colors; a broken one is ignored and said so in ``notes``.
    Reduction comes first, so that color management only meets the pixels that stay.
    """
    image = _plain(image)
    factor = working_factor(image.size)
    if factor > 1:
        image = image.reduce(factor)
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    rgb = _to_srgb(image.convert("RGB") if alpha else image, profile, notes)
    if alpha is None or alpha.getextrema() == (255, 255):
        return rgb
    ground = Image.new("RGB", rgb.size, (GROUND,) * 3)
    ground.paste(rgb, mask=alpha)
    return ground


def _plain(image: Image.Image) -> Image.Image:
    """Return an image in a mode that can be averaged: L, RGB, RGBA, CMYK or LAB."""
    if image.mode.startswith("I;16"):
        return from_levels(np.asarray(image))
    if image.mode == "I":
        return from_levels(np.asarray(image))
    if image.mode == "F":
        return Image.fromarray(display_referred(np.asarray(image)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"L", "RGB", "CMYK", "LAB"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def from_levels(levels: npt.NDArray[np.integer]) -> Image.Image:
    """Return whole-number levels as L: 16 bits divided down, anything wider by its own range."""
    low, high = int(levels.min()), int(levels.max())
    if low < 0 or high > 0xFFFF:
        return Image.fromarray(display_referred(levels.astype(np.float32)))
    return Image.fromarray(((levels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8))


def display_referred(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return float pixels of any shape as 8 bits.

    Values within [0, 1] are taken as they are; any others are stretched from the 0.5th to the
    99.5th percentile. What is not a number becomes the lowest value, infinities the extremes.
    """
    sample = values.ravel()[:: max(1, values.size // _SAMPLED)]
    sample = sample[np.isfinite(sample)]
    low, high = 0.0, 1.0
    if sample.size and (sample.min() < 0.0 or sample.max() > 1.0):
        low, high = (float(edge) for edge in np.percentile(sample, (0.5, 99.5)))
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / max(
        high - low, 1e-30
    )
    eight_bits: npt.NDArray[np.uint8] = (np.clip(scaled, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return eight_bits


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    if profile:
        try:
            transform, mode = _transform(profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append("broken color profile ignored")
        else:
            fits = image.mode == mode or {image.mode, mode} == {"L", "RGB"}
            if fits and not (image.mode == "RGB" and mode == "L"):
                image = image.convert(mode) if image.mode != mode else image
                return image.convert("RGB") if transform is None else _apply(transform, image)
            notes.append("color profile for other colors ignored")
    if image.mode == "LAB":
        return _apply(_lab_transform(), image)
    return image.convert("RGB")


def _apply(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    return transform.apply(image)


@lru_cache(maxsize=16)
def _transform(profile: bytes) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """Return the way from a profile to sRGB, and the mode it takes.

    The transform is None where it would change no color by more than 2 levels: that is how an
    sRGB profile is known, whatever it calls itself.
    """
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    mode = _PROFILE_MODES.get(source.profile.xcolor_space)
    if mode is None:
        raise ValueError(f"profile for {source.profile.xcolor_space!r}")
    transform = ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode in {"CMYK", "LAB"}:
        return transform, mode
    probe = _lattice(mode)
    moved = np.asarray(_apply(transform, probe), dtype=np.int16)
    still = np.asarray(probe.convert("RGB"), dtype=np.int16)
    return (None if np.abs(moved - still).max() <= _SRGB_TOLERANCE else transform), mode


def is_srgb(profile: bytes) -> bool:
    """Say whether a profile leaves RGB colors as they are; False for a broken one."""
    try:
        transform, mode = _transform(profile)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return False
    return transform is None and mode == "RGB"


def _lattice(mode: str) -> Image.Image:
    levels = np.linspace(0, 255, _LATTICE).astype(np.uint8)
    if mode == "L":
        return Image.fromarray(levels[None])
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
    return Image.fromarray(grid.reshape(_LATTICE, -1, 3))


@lru_cache(maxsize=1)
def _lab_transform() -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )
