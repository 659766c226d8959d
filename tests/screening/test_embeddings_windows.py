"""Windows: where a model looks, and that nothing is left out without being told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.models.preparation import RESIZES
from screening.signals.embeddings.windows import (
    GRID_STEP,
    MOST_ALONG,
    MOST_STEP,
    NEARLY_SQUARE,
    SQUASHED_UP_TO,
    TILES,
    seen,
    squares,
    windows,
)

SIDES = st.integers(1, 400)
WAYS = st.sampled_from(RESIZES)


def slowly_seen(width: int, height: int, boxes: np.ndarray) -> np.ndarray:
    """Return which pixels are in some window, bool (h, w): those whose middle is."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    found = np.zeros((height, width), bool)
    for left, top, right, bottom in boxes:
        found |= ((y >= top) & (y <= bottom))[:, None] & ((x >= left) & (x <= right))
    return found


@pytest.mark.parametrize(
    ("resize", "box"), [("shortest", [0.25, 0, 0.75, 1]), ("squash", [0, 0, 1, 1])]
)
@pytest.mark.parametrize("tiles", TILES)
def test_the_first_window_is_what_the_preparation_shows(resize, box, tiles):
    """The middle square, or the whole picture where it is squashed."""
    found = windows(200, 100, tiles, resize=resize)
    assert found.dtype == np.float32
    assert found[0].tolist() == box
    assert tiles or len(found) == 1


@given(SIDES, SIDES, WAYS, st.sampled_from([1, 2]))
def test_windows_cover_the_picture(width, height, resize, tiles):
    """Every pixel is in some window, but the ends of nearly square pictures and gaps of lines."""
    longer, shorter = max(width, height), min(width, height)
    boxes = windows(width, height, tiles, resize=resize)
    whole = slowly_seen(width, height, boxes).all()
    if longer > shorter * (1 + MOST_STEP * (MOST_ALONG - 1)):
        assert len(boxes) <= 1 + MOST_ALONG + 4 * MOST_ALONG
    elif tiles == 1 and resize == "shortest" and longer <= NEARLY_SQUARE * shorter:
        assert seen(boxes) >= 1 / NEARLY_SQUARE - 1e-6
    else:
        assert whole
    assert (seen(boxes) > 1 - 1e-6) or not whole


@given(SIDES, SIDES, WAYS, st.sampled_from(TILES))
def test_windows_are_squares_within_the_picture_and_differ(width, height, resize, tiles):
    """All but the first are squares of whole pixels; none is there twice."""
    parts = squares(width, height, tiles, resize=resize)
    assert len(set(parts)) == len(parts)
    for left, top, right, bottom in parts:
        assert right - left == bottom - top >= 1
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


@given(SIDES, SIDES, WAYS, st.sampled_from(TILES))
def test_a_turned_picture_has_turned_windows(width, height, resize, tiles):
    """Width and height are treated alike."""
    upright = windows(width, height, tiles, resize=resize)
    turned = windows(height, width, tiles, resize=resize)
    assert upright[0, [1, 0, 3, 2]].tolist() == turned[0].tolist()
    assert sorted(upright[:, [1, 0, 3, 2]].tolist()) == sorted(turned.tolist())


@given(st.integers(20, 300), st.floats(1.2, 10))
def test_neighbors_share_a_quarter_and_smaller_ones_half(side, aspect):
    """To the rounding of a pixel."""
    width = int(side * aspect)
    boxes = windows(width, side, 1)
    starts = np.sort(boxes[:, 0]) * width
    assert np.diff(starts).max() <= MOST_STEP * side + 1
    small = [part for part in squares(width, side, 2) if part[2] - part[0] < side]
    assert {part[2] - part[0] for part in small} == {-(-2 * side // 3)}
    for axis in (0, 1):
        places = sorted({part[axis] for part in small})
        assert np.diff(places).max() <= GRID_STEP * 2 / 3 * side + 1


def test_nearly_square_pictures_are_looked_at_once():
    """Both sides of the bounds: 1.1 for what is cut out of the middle, 2 for what is squashed."""
    assert len(windows(110, 100, 1)) == 1
    assert len(windows(111, 100, 1)) == 3
    assert len(windows(int(100 * SQUASHED_UP_TO), 100, 1, resize="squash")) == 1
    assert len(windows(int(100 * SQUASHED_UP_TO) + 1, 100, 1, resize="squash")) == 4


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("size", "counts"),
    [
        ((1024, 1024), (1, 1, 5)),
        ((1280, 1024), (1, 3, 9)),
        ((1024, 768), (1, 3, 9)),
        ((1536, 1024), (1, 3, 11)),
        ((1080, 1920), (1, 3, 13)),
        ((2048, 858), (1, 3, 17)),
        ((2048, 1), (1, 17, 17)),
        ((1, 1), (1, 1, 1)),
    ],
)
def test_how_many_windows_common_pictures_have(size, counts):
    """What a closer look costs is known beforehand."""
    assert tuple(len(windows(*size, tiles)) for tiles in TILES) == counts


def test_of_an_absurdly_long_picture_the_share_that_is_seen_is_told():
    """Windows are bounded; 17 of a line of 2,048 px show 17 of them."""
    assert seen(windows(2048, 1, 1)) == pytest.approx(17 / 2048, abs=1e-6)
    assert seen(windows(4 * 100, 100, 0)) == pytest.approx(1 / 4)
    assert seen(windows(2048, 1, 0, resize="squash")) == 1.0


def test_overlaps_are_not_counted_twice():
    """The share seen is that of the union."""
    boxes = np.array([[0, 0, 0.5, 0.5], [0.25, 0, 0.75, 0.5], [0.9, 0.5, 1, 1]], np.float32)
    assert seen(boxes) == pytest.approx(0.375 + 0.05)
