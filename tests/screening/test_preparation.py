"""Preparation: the pixels that a network is shown are those that open_clip would show it."""

from dataclasses import replace

import numpy as np
import pytest
from clip_models import need_clip
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from test_resizing import assert_rounded_alike

from screening.models.preparation import MOST_ASPECT, Preparation, normalized, prepared

CLIP = Preparation(
    input_size=64,
    mean=(0.48145466, 0.4578275, 0.40821073),
    std=(0.26862954, 0.26130258, 0.27577711),
)
SIZES = [
    *((1, 1), (2, 1), (1, 3), (64, 64), (63, 65), (65, 64), (64, 129), (128, 64), (32, 33)),
    *((300, 200), (201, 299), (640, 480), (767, 1023), (17, 400), (900, 31), (5, 300)),
]


def noise(width: int, height: int) -> np.ndarray:
    """Return random pixels: no error of rounding goes unseen."""
    return np.random.default_rng(width * 10_000 + height).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


def theirs(rgb: np.ndarray, how: Preparation) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels that open_clip's own transform gives, before and after normalization."""
    need_clip()
    from open_clip.transform import image_transform

    steps = image_transform(
        how.input_size,
        is_train=False,
        mean=how.mean,
        std=how.std,
        resize_mode=how.resize,
        interpolation=how.interpolation,
    ).transforms
    image = Image.fromarray(rgb)
    for step in steps[:-2]:
        image = step(image)
    pixels = np.asarray(image)
    for step in steps[-2:]:
        image = step(image)
    return pixels, image.numpy()


@pytest.mark.smoke
@pytest.mark.parametrize("resize", ["shortest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("side", [64, 97])
def test_pixels_are_those_of_open_clip(resize, interpolation, side):
    """To rounding before they are normalized, and to that of 32 bits after."""
    how = replace(CLIP, input_size=side, resize=resize, interpolation=interpolation)
    for size in SIZES:
        rgb = noise(*size)
        pixels, batch = theirs(rgb, how)
        ours = prepared(rgb, how)
        assert_rounded_alike(pixels, ours)
        assert np.allclose(batch, normalized(pixels[None], how)[0], rtol=0, atol=1e-6), size


@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from(["shortest", "squash"]))
def test_any_picture_can_be_prepared(width, height, resize):
    """The result is a square of input_size, whatever the size of the picture."""
    how = replace(CLIP, input_size=16, resize=resize)
    shown = prepared(np.full((height, width, 3), (10, 120, 250), np.uint8), how)
    assert (shown.shape, shown.dtype) == ((16, 16, 3), np.uint8)
    assert (shown == (10, 120, 250)).all()


def test_of_a_line_only_the_middle_is_enlarged():
    """Up to an aspect of 64 pixels are open_clip's; beyond it the rest is not even resized."""
    how = replace(CLIP, input_size=32)
    upto, beyond = noise(3 * MOST_ASPECT, 3), noise(3 * MOST_ASPECT + 2, 3)
    assert_rounded_alike(theirs(upto, how)[0], prepared(upto, how))
    assert np.array_equal(prepared(beyond[:, 1:-1], how), prepared(beyond, how))
    assert np.array_equal(
        prepared(np.swapaxes(beyond, 0, 1)[1:-1], how), prepared(np.swapaxes(beyond, 0, 1), how)
    )
    assert prepared(noise(200_000, 1), how).shape == (32, 32, 3)


def test_normalized_colors_are_in_their_order():
    """Of each color its own mean is taken off and its own deviation divides the rest."""
    how = Preparation(input_size=1, mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 2.0))
    batch = normalized(np.array([[[[255, 255, 0]]], [[[0, 0, 255]]]], np.uint8), how)
    assert batch.dtype == np.float32
    assert batch.reshape(2, 3).tolist() == [[1.0, 1.0, -0.5], [0.0, -1.0, 0.0]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"input_size": 0}, "input_size is 0"),
        ({"mean": (0.5, 0.5)}, "mean is"),
        ({"mean": (0.5, 0.5, float("nan"))}, "mean is"),
        ({"std": (0.5, 0.0, 0.5)}, "std is"),
        ({"std": (0.5, float("inf"), 0.5)}, "std is"),
        ({"resize": "longest"}, "resize is 'longest'"),
        ({"interpolation": "nearest"}, "interpolation is 'nearest'"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, says):
    """Sizes, colors and names are checked on construction."""
    with pytest.raises(ValueError, match=says):
        replace(CLIP, **change)
