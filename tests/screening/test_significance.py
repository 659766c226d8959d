import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.matching.correspondences import Correspondences
from screening.matching.geometry import MAX_OCTAVES, MAX_TURN, Alignment
from screening.matching.significance import CELLS, cells_of, significance


def scored(points, residuals, *, shares=1.0, view=None, area=1.0) -> float:
    """Return the significance of an alignment of points (n, 2) with these residuals (n,)."""
    geometry = np.column_stack([points, np.full(len(points), 0.02), np.zeros(len(points))])
    pairs = Correspondences(
        rows=np.arange(len(points)),
        view=geometry if view is None else np.column_stack([view, geometry[:, 2:]]),
        reference=geometry,
        area=area,
    )
    alignment = Alignment(matrix=np.eye(3), residuals=np.asarray(residuals, float))
    return significance(pairs, alignment, np.full(len(points), shares))


def apart(count: int) -> np.ndarray:
    """Return points of which no two lie in one cell."""
    place = np.arange(count)
    return (np.column_stack([place % CELLS, place // CELLS]) + 0.5) / CELLS


def mixed(inliers: int, outliers: int, residual: float = 0.01) -> np.ndarray:
    return np.array([residual] * inliers + [math.inf] * outliers)


@pytest.mark.parametrize(
    ("inliers", "outliers", "residual", "area"),
    [(10, 0, 0.01, 1.0), (12, 50, 0.02, 1.0), (40, 40, 0.005, 0.6), (5, 5, 0.02, 0.75)],
)
def test_independent_correspondences_are_counted_by_the_formula(inliers, outliers, residual, area):
    """With one feature a cell it is the number of false alarms of Moisan and Stival."""
    total = inliers + outliers
    pose = MAX_TURN / math.pi * MAX_OCTAVES / 2
    chance = math.pi * residual**2 / area * pose
    expected = -min(
        math.log10((total + 1) * math.comb(total, k)) + max(k - 3, 0) * math.log10(chance)
        for k in range(1, inliers + 1)
    )
    found = scored(apart(total), mixed(inliers, outliers, residual), area=area)
    assert found == pytest.approx(max(expected, 0.0), rel=1e-9)


def test_it_grows_with_every_inlier():
    """Among equally many correspondences, more that fit are less probable."""
    scores = [scored(apart(60), mixed(k, 60 - k)) for k in range(5, 61)]
    assert scores == sorted(set(scores))


def test_it_falls_with_every_tentative_match():
    """Ten that fit are the more probable, the more there were that might have."""
    scores = [scored(apart(10 + n), mixed(10, n)) for n in range(0, 90, 5)]
    assert scores == sorted(set(scores), reverse=True)


def test_it_falls_with_the_residual():
    """What fits less closely is more probable; below what can be told apart nothing changes."""
    scores = [scored(apart(20), mixed(20, 0, r)) for r in (0.004, 0.008, 0.016, 0.025)]
    assert scores == sorted(set(scores), reverse=True)
    assert scored(apart(20), mixed(20, 0, 0.0)) == scores[0]


@pytest.mark.parametrize("inliers", [0, 1, 2, 3])
def test_what_any_three_would_do_is_worth_nothing(inliers):
    """An affinity fits three correspondences always."""
    assert scored(apart(20), mixed(inliers, 20 - inliers, 0.0)) == 0.0


def test_no_correspondences_are_worth_nothing():
    """Of nothing nothing follows."""
    assert scored(np.empty((0, 2)), []) == 0.0


def test_it_has_no_ties():
    """Among random alignments every score above 0 is another."""
    rng = np.random.default_rng(0)
    scores = []
    for _ in range(100):
        count = rng.integers(10, 40)
        scores.append(scored(rng.random((count, 2)), rng.random(count) * 0.03))
    above = [score for score in scores if score > 0]
    assert len(above) > 80
    assert len(set(above)) == len(above)


def test_a_heap_counts_little():
    """Features in one cell count as the root of their number; nine of them as three, for nothing.

    The picture in which they are more spread decides.
    """
    heap = np.full((36, 2), 0.05)
    assert scored(heap[:9], mixed(9, 0)) == 0.0
    assert 0 < scored(heap, mixed(36, 0)) < 0.15 * scored(apart(36), mixed(36, 0))
    assert scored(heap, mixed(36, 0), view=apart(36)) == scored(apart(36), mixed(36, 0))


def test_shares_count_as_fewer_features():
    """Of a half each, twenty that fit are worth ten; of nothing, nothing."""
    shared = scored(apart(20), mixed(20, 0), shares=0.5)
    assert shared == pytest.approx(scored(apart(10), mixed(10, 0)))
    scores = [scored(apart(20), mixed(20, 0), shares=share) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert scores == sorted(scores)
    assert scores[0] == 0.0


@given(st.integers(0, 2**32 - 1), st.integers(4, 60), st.floats(0.1, 1.0))
@settings(max_examples=100, deadline=None)
def test_what_fits_more_closely_is_never_worth_less(seed, count, factor):
    """Scaling every residual down never lowers the score."""
    rng = np.random.default_rng(seed)
    points, residuals = rng.random((count, 2)), rng.random(count) * 0.025
    loose, close = scored(points, residuals), scored(points, residuals * factor)
    assert close >= loose - 1e-9


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((0.01, 0.01), (0.09, 0.09), True),
        ((0.09, 0.0), (0.11, 0.0), False),
        ((1, 0), (0, 0.1), False),
    ],
)
def test_cells_are_tenths_of_the_longer_side(one, other, same):
    """No two cells share a number, the edge of the picture included."""
    first, second = cells_of(np.array([one, other], float))
    assert (first == second) == same
