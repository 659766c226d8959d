"""Hard distractors: unrelated pictures that share what is put on or around them."""

import numpy as np
import pytest

from screening.evaluation.distractors import DRESSES, HEIGHT_PX, WIDTH_PX, dressed

every_kind = pytest.mark.parametrize("kind", DRESSES)


def plain(level, height=200, width=300):
    return np.full((height, width, 3), level, np.uint8)


def test_the_kinds_are_those_that_false_matches_come_from():
    """Overlays, frames, chrome and screens each have a name."""
    assert set(DRESSES) == {
        "text lines", "caption", "watermark", "logo",
        "border", "film strip", "screenshot", "halftone",
    }  # fmt: skip


@every_kind
@pytest.mark.parametrize("shape", [(200, 300), (300, 200), (33, 700)])
def test_dressed_pictures_are_of_one_size(kind, shape):
    """Whatever a picture's size, what it shares with others lies in the same place."""
    expected = dressed(plain(0), kind, seed=1).shape
    actual = dressed(plain(0, *shape), kind, seed=1)
    assert (expected, np.uint8) == (actual.shape, actual.dtype)
    assert min(actual.shape[:2]) >= min(HEIGHT_PX, WIDTH_PX)


@pytest.mark.parametrize("kind", sorted(DRESSES.keys() - {"watermark"}))
def test_the_dress_is_the_same_for_all(kind):
    """Two pictures share pixels that neither had, but not all of them."""
    dark, light = (dressed(plain(level), kind, seed=1) for level in (90, 180))
    shared = (dark == light).all(axis=2).mean()
    assert 0.0 < shared < 1.0


def test_a_watermark_brightens_the_same_places():
    """Translucent as it is, it leaves no pixel alike, but is where it was."""
    dark, light = (dressed(plain(level), "watermark", seed=1) > level for level in (90, 180))
    assert 0.05 < dark.mean() < 0.5
    assert (dark != light).mean() < 0.01


@every_kind
def test_a_dress_repeats_with_its_seed_and_changes_with_another(kind):
    """One seed is one design."""
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    assert np.array_equal(dressed(image, kind, seed=4), dressed(image, kind, seed=4))
    assert not np.array_equal(dressed(image, kind, seed=4), dressed(image, kind, seed=5))


@every_kind
def test_the_picture_given_stays_as_it_is(kind):
    """A read-only picture will do, and keeps its pixels."""
    image = plain(7)
    image.flags.writeable = False
    dressed(image, kind, seed=0)
    assert (image == 7).all()


def test_an_unknown_kind_is_named():
    """The error lists the kinds there are."""
    with pytest.raises(ValueError, match="no dress 'hat': pass one of text lines, "):
        dressed(plain(0), "hat", seed=0)
