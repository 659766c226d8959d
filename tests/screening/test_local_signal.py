import hashlib
import warnings
from importlib.resources import files

import cv2
import numpy as np
import pytest

from reference_index.fingerprint import LocalFeatures
from screening.signals import MIN_FEATURES, SETTINGS, local_features
from screening.signals.local import SHIPPED, Extraction, at_working_size, in_turns


def gray(seed: int, width: int = 300, height: int = 200) -> np.ndarray:
    """Blots of a thirtieth of the longer side, about one feature each."""
    side = max(width, height) / 30
    grid = (round(height / side), round(width / side))
    blots = np.random.default_rng(seed).integers(0, 256, grid).astype(np.uint8)
    return cv2.resize(blots, (width, height), interpolation=cv2.INTER_CUBIC)


def paired(one: LocalFeatures, other: LocalFeatures) -> np.ndarray:
    """For each feature of one the place in the other of the nearest descriptor."""
    return (np.float32(one.descriptors) @ np.float32(other.descriptors.T)).argmax(axis=1)


@pytest.mark.smoke
def test_descriptors_are_root_sift_of_opencv():
    """Every feature is one of OpenCV's own, its descriptor the root of the shares of the sum."""
    picture = gray(1, 320, 240)
    sift = cv2.SIFT.create(enable_precise_upscale=True)
    points, plain = sift.detectAndCompute(picture, None)
    roots = np.rint(np.sqrt(plain / plain.sum(axis=1, keepdims=True)) * 512).clip(0, 255)
    there = np.float32([(p.pt[0] + 0.5, p.pt[1] + 0.5, p.size, p.angle) for p in points])
    features = local_features(picture)
    here = features.geometry * np.float32([320, 320, 320, 1])
    off = np.abs(here[:, None] - there[None]).max(axis=2)
    assert MIN_FEATURES <= len(features) <= min(len(points), SHIPPED.budget)
    assert off.min(axis=1).max() < 1e-3
    assert np.abs(features.descriptors - roots[off.argmin(axis=1)]).max() <= 1


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (1000, 333), (120, 90), (384, 384)])
def test_geometry_is_in_fractions_of_the_longer_side(size):
    """Places lie within the picture, diameters and angles within their bounds."""
    x, y, diameter, angle = local_features(gray(2, *size)).geometry.T
    assert len(x) >= MIN_FEATURES
    assert ((x > 0) & (x < size[0] / max(size))).all()
    assert ((y > 0) & (y < size[1] / max(size))).all()
    assert ((diameter > 0) & (diameter < 1)).all()
    assert ((angle >= 0) & (angle < 360)).all()


def test_a_disc_is_found_at_its_middle():
    """Places count from the edge of the picture, to a fraction of a pixel, at any size."""
    for side in (200, 384, 1000):
        y, x = np.mgrid[:side, :side] + 0.5
        off = np.hypot(x - 0.3 * side, y - 0.6 * side)
        disc = (255 * (off > 0.05 * side)).astype(np.uint8)
        geometry = local_features(disc).geometry
        nearest = np.abs(geometry[:, :2] - (0.3, 0.6)).max(axis=1).min()
        assert nearest < 0.5 / 384


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param(lambda a: a[:, ::-1], lambda f: f.mirrored(1.0), id="mirrored"),
        pytest.param(lambda a: 255 - a, lambda f: f.inverted(), id="inverted"),
    ],
)
def test_permuted_features_are_those_of_the_changed_picture(changed, expected):
    """What LocalFeatures derives without pixels is what the pixels give."""
    picture = gray(3)
    derived = expected(local_features(picture))
    seen = local_features(np.ascontiguousarray(changed(picture)))
    off = derived.geometry - seen.geometry[paired(derived, seen)]
    turned = np.abs((off[:, 3] + 180) % 360 - 180)
    assert (np.abs(off[:, :2]).max(axis=1) < 0.002).mean() > 0.8
    assert (turned < 5).mean() > 0.8


def test_every_beginning_is_spread():
    """Where one corner holds nearly all that is strong, the first features lie everywhere."""
    picture = gray(4, 384, 384) // 3 + 80
    noise = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    picture[:96, :96] = cv2.resize(noise, (96, 96))
    found = local_features(picture)
    parts = [np.unique(f.geometry[:, :2] // 0.25, axis=0) for f in (found, found.first(64))]
    assert len(parts[0]) == 16
    np.testing.assert_array_equal(*parts)


def test_cells_give_in_turns_the_stronger_first():
    """The strongest of each cell come first; ties are broken by place, then by size and angle."""
    found = np.float32(
        [
            [10, 10, 2, 0, 5],
            [11, 10, 2, 0, 4],
            [60, 10, 2, 0, 1],
            [60, 60, 2, 90, 3],
            [60, 60, 2, 10, 3],
        ]
    )
    expected = [0, 4, 2, 1, 3]
    assert in_turns(found, (100, 100), 4).tolist() == expected
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(5)
        assert order[in_turns(found[order], (100, 100), 4)].tolist() == expected


def test_the_budget_is_kept_and_the_same_comes_again():
    """No more than the budget comes back, and twice the same."""
    how = Extraction(budget=100)
    one, two = (local_features(gray(7, 384, 384), how=how) for _ in range(2))
    assert len(one) == how.budget
    np.testing.assert_array_equal(one.descriptors, two.descriptors)
    np.testing.assert_array_equal(one.geometry, two.geometry)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2000), (2000, 3), (40, 2000), (8, 8)])
def test_tiny_and_narrow_pictures_give_what_they_hold(size):
    """No picture is too small or too narrow to be looked at; most of these hold nothing."""
    noise = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(local_features(noise)) < MIN_FEATURES


def test_blank_pictures_have_no_features():
    """Where nothing is drawn nothing is found."""
    for level in (0, 128, 255):
        assert len(local_features(np.full((300, 200), level, np.uint8))) == 0


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 500), (320, 160)), ((200, 100), (320, 160)), ((100, 50), (300, 150))],
)
def test_small_pictures_are_enlarged_threefold_at_most(size, expected):
    """The longer side comes to working size, up or down, within the bound."""
    assert at_working_size(gray(5, *size)).shape == expected[::-1]


def test_the_number_of_threads_of_opencv_is_left_alone():
    """In the process of whoever calls, OpenCV's setting is theirs."""
    before = cv2.getNumThreads()
    local_features(gray(6))
    assert cv2.getNumThreads() == before


def test_the_settings_name_the_codebook():
    """An index that was quantized with another codebook is told by its settings."""
    codebook = (files("reference_index") / "local_codebook.npy").read_bytes()
    assert hashlib.sha256(codebook).hexdigest()[:8] in SETTINGS["local"]
