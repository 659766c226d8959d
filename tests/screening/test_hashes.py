import imagehash
import numpy as np
import pictures
import pytest
from PIL import Image

from reference_index.fingerprint import ISOMETRIES
from screening.signals import MIN_STRUCTURE, perceptual_hashes

OPERATIONS = (
    None,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_180,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,  # Pillow counts counterclockwise: a clockwise quarter turn
    Image.Transpose.ROTATE_90,
    Image.Transpose.TRANSVERSE,
)


def textured(seed: int, width: int = 300, height: int = 200) -> Image.Image:
    return pictures.textured(seed, width, height).convert("L")


def bits_between(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.bitwise_count(a ^ b).sum())


@pytest.mark.smoke
@pytest.mark.parametrize("size", [(300, 200), (64, 64), (512, 700), (40, 50), (2048, 31)])
def test_row_0_is_imagehash_but_for_rounding(size):
    """The hash of the picture as it is differs from imagehash's in a few bits at most."""
    for seed in range(5):
        image = textured(seed, *size)
        expected = np.packbits(imagehash.phash(image, hash_size=16).hash.ravel())
        actual = perceptual_hashes(np.asarray(image)).codes[0]
        assert bits_between(actual, expected) <= 6


@pytest.mark.parametrize("isometry", range(8))
def test_each_row_undoes_its_isometry(isometry):
    """A picture that was mirrored or turned equals its original in the row of that name alone."""
    image = textured(1)
    reference = perceptual_hashes(np.asarray(image)).codes[0]
    operation = OPERATIONS[isometry]
    changed = image if operation is None else image.transpose(operation)
    distances = [
        bits_between(row, reference) for row in perceptual_hashes(np.asarray(changed)).codes
    ]
    assert ISOMETRIES[int(np.argmin(distances))] == ISOMETRIES[isometry]
    assert distances[isometry] <= 4
    assert min(distances[:isometry] + distances[isometry + 1 :]) > 60


def test_texture_has_structure_and_plain_pictures_have_not():
    """Blank pages, gradients and faint noise are told from pictures that decide their hash."""
    blank = np.full((200, 300), 120, np.uint8)
    gradient = np.tile(np.linspace(0, 255, 300).astype(np.uint8), (200, 1))
    noise = np.random.default_rng(0).normal(128, 2, (200, 300)).astype(np.uint8)
    for plain in (blank, gradient, noise, np.zeros((1, 1), np.uint8)):
        assert perceptual_hashes(plain).structure < MIN_STRUCTURE
    assert perceptual_hashes(np.asarray(textured(0))).structure >= MIN_STRUCTURE


def test_hashes_are_read_only_and_packed():
    """The value cannot be changed after it was made."""
    hashes = perceptual_hashes(np.asarray(textured(0)))
    assert hashes.codes.shape == (8, 32)
    assert hashes.codes.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        hashes.codes[0, 0] = 0


@pytest.mark.shared
def test_photographs_and_art_have_structure(measuring_data):
    """One in twenty of the measuring pictures: all lie well above the least."""
    files = sorted(f for pack in ("photos", "art") for f in (measuring_data / pack).rglob("*.jpg"))
    structures = []
    for file in files[::20]:
        with Image.open(file) as image:
            structures.append(perceptual_hashes(np.asarray(image.convert("L"))).structure)
    assert len(structures) >= 50
    assert min(structures) > 0.9
