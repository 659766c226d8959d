"""Fingerprints are checked when they are made, and travel between processes as they are."""

import pickle

import numpy as np
import pytest

from reference_index import Faces, Fingerprint, LocalFeatures
from reference_index.fingerprint import PerceptualHashes


def faces(count, size=8):
    """Return faces of which the first, if any, is too poor to compare."""
    rng = np.random.default_rng(count)
    vectors = rng.random((count, size), np.float32)
    vectors[:1] = 0
    return Faces(
        settings="s",
        boxes=rng.random((count, 4), np.float32),
        quality=rng.random((count, 4), np.float32),
        drawn=rng.random(count) < 0.5,
        vectors=vectors,
        strangers=(0.25, 0.5),
    )


def fingerprint(found):
    """Return a fingerprint with these faces."""
    return Fingerprint(
        sha256="0" * 64,
        width=640,
        height=480,
        frame=0,
        hashes=PerceptualHashes(codes=np.zeros((8, 32), np.uint8), structure=1.0),
        local=LocalFeatures(
            descriptors=np.zeros((2, 128), np.uint8), geometry=np.ones((2, 4), np.float32)
        ),
        faces=found,
    )


@pytest.mark.parametrize("found", [None, faces(0), faces(0, 0), faces(3)], ids=str)
def test_faces_travel_with_the_fingerprint(found):
    """Whether nobody looked, none was there, or some, the copy says the same, read-only."""
    copy = pickle.loads(pickle.dumps(fingerprint(found))).faces
    assert (copy is None) == (found is None)
    if found is not None:
        assert (copy.settings, len(copy)) == (found.settings, len(found))
        assert copy.strangers == found.strangers == (0.25, 0.5)
        for name in ("boxes", "quality", "drawn", "vectors", "usable"):
            np.testing.assert_array_equal(getattr(copy, name), getattr(found, name))
        for name in ("boxes", "quality", "drawn", "vectors"):
            assert not getattr(copy, name).flags.writeable
            assert not getattr(found, name).flags.writeable


def test_a_face_without_a_vector_is_not_usable():
    """Rows of zeros stand for faces too poor to compare."""
    assert faces(3).usable.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("boxes", np.zeros((2, 4), np.float32)),
        ("boxes", np.zeros((3, 4))),
        ("quality", np.zeros((3, 3), np.float32)),
        ("drawn", np.zeros(3, np.float32)),
        ("vectors", np.zeros((3, 8))),
        ("vectors", np.zeros(3, np.float32)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name, wrong):
    """Another type, or another number of faces, is an error that names the array."""
    good = faces(3)
    arrays = {key: getattr(good, key) for key in ("boxes", "quality", "drawn", "vectors")}
    with pytest.raises(ValueError, match=f"{name} .* expected"):
        Faces(settings="s", **arrays | {name: wrong})
