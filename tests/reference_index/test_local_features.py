"""What is kept of local features is what they were, within the bounds that are stated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_tools import random_features

from reference_index.fingerprint import DESCRIPTOR_SIZE
from reference_index.local_features import (
    CODE_BYTES,
    MAX_FRAMES,
    codebook,
    decode,
    encode,
    pack,
    unit_descriptors,
    unpack_geometry,
    unpack_pose,
    with_frames,
)

FRACTIONS = st.floats(0, 1, width=32)


@given(
    frame=st.integers(0, MAX_FRAMES - 1),
    x=FRACTIONS,
    y=FRACTIONS,
    octaves=st.floats(-9, 0),
    angle=st.floats(0, 360, exclude_max=True, width=32),
)
def test_a_packed_feature_comes_back_within_its_bounds(frame, x, y, octaves, angle):
    """Frame exactly, place, angle and diameter within half a step; never a negative number."""
    geometry = np.array([[x, y, 2.0**octaves, angle]], np.float32)
    packed = pack(np.array([frame]), geometry)
    assert packed[0] >= 0
    assert packed[0] >> 35 == frame
    assert unpack_geometry(with_frames(packed, np.array([3]))).tolist() == (
        unpack_geometry(packed).tolist()
    )
    assert with_frames(packed, np.array([3]))[0] >> 35 == 3
    back = unpack_geometry(packed)[0]
    assert abs(back[:2] - geometry[0, :2]).max() <= 0.5 / 2047 + 1e-6
    assert abs((back[3] - angle + 180) % 360 - 180) <= 180 / 128 + 1e-3
    assert abs(np.log2(back[2]) - octaves) <= 4.5 / 63 + 1e-5
    assert (back[2] / geometry[0, 2]) <= 1.051
    angles, logarithms = unpack_pose(packed)
    assert (angles[0], np.exp2(logarithms)[0]) == (back[3], back[2])


def test_what_is_out_of_bounds_is_moved_to_the_bound():
    """Places outside the picture and diameters beyond the range come back as the bound."""
    outside = np.array([[-0.5, 1.5, 2.0, 359.9], [0.5, 0.5, 0.0, 0.0]], np.float32)
    back = unpack_geometry(pack(np.zeros(2, np.int64), outside))
    assert back[0].tolist() == [0.0, 1.0, 1.0, 0.0]
    assert back[1, 2] == 2.0**-9


@pytest.mark.smoke
def test_a_code_is_that_of_the_nearest_centers():
    """Encoding equals a search of every part's 256 centers; decoding gives those centers."""
    assert codebook().shape == (CODE_BYTES, 256, DESCRIPTOR_SIZE // CODE_BYTES)
    rng = np.random.default_rng(3)
    descriptors = rng.integers(0, 256, (50, DESCRIPTOR_SIZE), np.uint8)
    parts = unit_descriptors(descriptors).reshape(50, CODE_BYTES, 1, -1)
    expected = ((parts - codebook()) ** 2).sum(axis=3).argmin(axis=2)
    codes = encode(descriptors)
    assert codes.tolist() == expected.tolist()
    assert encode(descriptors[:0]).shape == (0, CODE_BYTES)
    rows = decode(codes).reshape(50, CODE_BYTES, -1)
    assert all((rows[n, m] == codebook()[m, codes[n, m]]).all() for n in range(50) for m in (0, 15))


def test_descriptors_become_unit_vectors():
    """Of length 1 whatever their scale; one that is all 0 stays so."""
    descriptors = random_features(np.random.default_rng(0)).descriptors.copy()
    descriptors[0] = 0
    lengths = np.linalg.norm(unit_descriptors(descriptors), axis=1)
    assert lengths[0] == 0
    assert lengths[1:] == pytest.approx(1)
