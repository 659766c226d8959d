"""Resizing: the pixels are Pillow's, to rounding, whatever the sizes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from screening.models.resizing import INTERPOLATIONS, resized

FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
SIDES = st.integers(1, 400)


def assert_rounded_alike(one: np.ndarray, other: np.ndarray) -> None:
    """Check that hardly a value differs, and none by more than one level."""
    assert one.shape == other.shape
    apart = np.abs(one.astype(int) - other.astype(int))
    assert apart.max(initial=0) <= 2
    assert np.count_nonzero(apart) <= 4 + apart.size / 10


@pytest.mark.smoke
@settings(deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from(INTERPOLATIONS))
def test_pixels_are_those_of_pillow(width, height, to_width, to_height, interpolation):
    """Noise is made smaller and larger, along either side or both."""
    rng = np.random.default_rng(width + 1_000 * height)
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    by_pillow = Image.fromarray(rgb).resize((to_width, to_height), FILTERS[interpolation])
    assert_rounded_alike(np.asarray(by_pillow), resized(rgb, to_width, to_height, interpolation))


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_large_pictures_are_as_pillow_resizes_them(interpolation):
    """Black and white, so that kernels overshoot; of more rows than are turned at once.

    Hardly a value differs, by one level.
    """
    rng = np.random.default_rng(0)
    rgb = rng.choice(np.array([0, 255], np.uint8), (1_333, 2_050, 3))
    by_pillow = Image.fromarray(rgb).resize((224, 146), FILTERS[interpolation])
    apart = np.abs(np.asarray(by_pillow).astype(int) - resized(rgb, 224, 146, interpolation))
    assert apart.max() <= 1
    assert np.count_nonzero(apart) <= apart.size / 1_000


def test_parts_of_pictures_and_locked_ones_are_resized():
    """As a crop of a decoded picture is: rows apart in memory, not to be written to."""
    rgb = np.random.default_rng(1).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    rgb.flags.writeable = False
    part = rgb[10:70, 20:100]
    alone = part.copy()
    assert np.array_equal(resized(part, 40, 30, "bicubic"), resized(alone, 40, 30, "bicubic"))
    assert np.array_equal(resized(part, 80, 60, "bicubic"), alone)
    turned = resized(rgb[:, ::-1], 40, 30, "bicubic")[:, ::-1]
    assert_rounded_alike(turned, resized(rgb, 40, 30, "bicubic"))
