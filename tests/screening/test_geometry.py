import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from screening.matching.correspondences import Correspondences
from screening.matching.geometry import MAX_RESIDUAL, Alignment, _sound, align, transformed

SHEARED = np.array([[0.75, 0.1, 0.05], [0.0, 0.55, 0.2], [0, 0, 1.0]])
PERSPECTIVE = np.array([[0.9, 0.05, 0.02], [0.08, 0.8, 0.03], [0.35, 0.2, 1.0]])


def similarity(scale: float, degrees: float, shift: tuple[float, float] = (0, 0)) -> np.ndarray:
    """Return a turn by degrees, clockwise since y points down, about the reference's middle."""
    turn = math.radians(degrees)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    middle = np.array([0.5, 0.5])
    moved = middle - linear @ middle + shift
    return np.vstack([np.column_stack([linear, moved]), [0, 0, 1.0]])


def turn_of(matrix: np.ndarray) -> float:
    return math.degrees(math.atan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))


def pairs_of(points, matrix, *, outliers=0, seed=0, angle=None, scale=None) -> Correspondences:
    """Return points (n, 2) of a reference with their places in a view, and others at random.

    Rotation and scale of the features are those of the matrix, as coarse as a detector's.
    """
    rng = np.random.default_rng(seed)
    count = len(points)
    linear = matrix[:2, :2]
    scale = math.sqrt(abs(np.linalg.det(linear))) if scale is None else scale
    angle = turn_of(matrix) if angle is None else angle
    reference = np.column_stack([points, rng.uniform(0.01, 0.05, count), rng.random(count) * 360])
    view = np.column_stack(
        [
            transformed(matrix, points) + rng.normal(0, 0.001, (count, 2)),
            reference[:, 2] * scale * np.exp2(rng.normal(0, 0.1, count)),
            (reference[:, 3] + angle + rng.normal(0, 4, count)) % 360,
        ]
    )
    noise = rng.random((2, outliers, 4)) * (1, 1, 0.04, 360) + (0, 0, 0.01, 0)
    return Correspondences(
        rows=np.arange(count + outliers),
        view=np.concatenate([view, noise[0]]),
        reference=np.concatenate([reference, noise[1]]),
        area=1.0,
    )


def spread(count: int, seed: int = 0, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (count, 2))


def best(found: list[Alignment]) -> Alignment:
    return max(found, key=lambda one: (np.count_nonzero(one.inliers), -one.residuals.min()))


@pytest.mark.parametrize("outliers", [0, 60])
@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param(np.eye(3), id="identity"),
        pytest.param(similarity(0.4, 0, (0.2, -0.1)), id="reduced"),
        pytest.param(similarity(1.0, 137), id="turned"),
        pytest.param(similarity(0.15, -90, (0.3, 0.3)), id="reduced and turned"),
        pytest.param(SHEARED, id="affinity"),
        pytest.param(PERSPECTIVE, id="homography"),
    ],
)
def test_a_transformation_is_recovered_among_outliers(matrix, outliers):
    """What the correspondences stand for comes back, to a fraction of what an inlier may be off."""
    points = spread(40)
    found = best(align(pairs_of(points, matrix, outliers=outliers)))
    off = transformed(found.matrix, points) - transformed(matrix, points)
    size = math.sqrt(np.linalg.det(matrix[:2, :2]))
    assert np.linalg.norm(off, axis=1).max() < MAX_RESIDUAL / 2 * size
    assert found.inliers[:40].sum() >= 38
    assert found.inliers[40:].sum() <= 0.05 * outliers


@given(
    seed=st.integers(0, 1000),
    scale=st.floats(0.12, 1.5),
    degrees=st.floats(-180, 180),
    count=st.integers(8, 40),
)
@settings(max_examples=40, deadline=None)
def test_any_similarity_is_recovered(seed, scale, degrees, count):
    """Whatever the turn and the scale, all correspondences fit, and orientation is kept."""
    matrix = similarity(scale, degrees)
    found = align(pairs_of(spread(count, seed), matrix, seed=seed))
    assert best(found).inliers.sum() >= 0.85 * count
    assert all(np.linalg.det(one.matrix[:2, :2]) > 0 for one in found)


def test_perspective_is_recovered_only_by_a_homography():
    """Few correspondences are not given the freedom to bend."""
    many = align(pairs_of(spread(40), PERSPECTIVE))
    few = align(pairs_of(spread(8), PERSPECTIVE))
    assert {bool(one.matrix[2, :2].any()) for one in many} == {False, True}
    assert not any(one.matrix[2, :2].any() for one in few)


def test_two_places_give_two_alignments():
    """A reference that shows twice is proposed at both places."""
    here, there = similarity(0.3, 0, (-0.3, 0)), similarity(0.3, 40, (0.3, 0))
    parts = [pairs_of(spread(20, seed), matrix) for seed, matrix in enumerate((here, there))]
    both = Correspondences(
        rows=np.arange(40),
        view=np.concatenate([part.view for part in parts]),
        reference=np.concatenate([part.reference for part in parts]),
        area=1.0,
    )
    first, second = (
        [one for one in align(both) if one.inliers[half].all()]
        for half in (slice(0, 20), slice(20, 40))
    )
    assert first
    assert second


def test_a_mirrored_picture_is_refused():
    """What only a reflection explains is not explained: orientation is kept, and little fits."""
    mirror = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]])
    found = align(pairs_of(spread(60), mirror, angle=0.0, scale=1.0))
    assert all(np.linalg.det(one.matrix[:2, :2]) > 0 for one in found)
    assert all(one.inliers.mean() < 0.3 for one in found)


@pytest.mark.parametrize("degrees", [0, 30])
def test_points_on_a_line_fix_a_similarity_only(degrees):
    """A line says nothing of what is across it; points around it say all."""
    line = np.column_stack([np.linspace(0, 1, 20), np.full(20, 0.5)])
    matrix = similarity(0.8, degrees)
    (along,) = align(pairs_of(line, matrix))
    ((a, b), (c, d)) = along.matrix[:2, :2]
    assert (a, b) == pytest.approx((d, -c), abs=1e-12)
    assert turn_of(along.matrix) == pytest.approx(degrees, abs=1)
    ((a, b), (c, d)), *_ = (one.matrix[:2, :2] for one in align(pairs_of(spread(20), matrix)))
    assert (a, b) != pytest.approx((d, -c), abs=1e-12)


@given(st.lists(st.floats(-20, 20), min_size=4, max_size=4))
def test_sound_is_what_the_singular_values_say(numbers):
    """Orientation kept, at most threefold stretch, at most twelvefold scale."""
    linear = np.array(numbers).reshape(2, 2)
    large, small = np.linalg.svd(linear)[1]
    determinant = np.linalg.det(linear)
    assume(abs(large - 3 * small) > 1e-6)
    assume(min(abs(abs(determinant) - bound) for bound in (144, 1 / 144)) > 1e-6)
    expected = 1 / 144 < determinant < 144 and large < 3 * small
    assert _sound(linear) == expected


def test_an_absurd_shear_is_refused():
    """Correspondences that a fourfold stretch explains do not make one."""
    matrix = np.array([[1.0, 0, 0], [0, 0.25, 0.4], [0, 0, 1]])
    for one in align(pairs_of(spread(60), matrix, scale=0.5)):
        large, small = np.linalg.svd(one.matrix[:2, :2])[1]
        assert large < 3 * small


@pytest.mark.parametrize(("scale", "expected"), [(10, 1), (14, 0), (1 / 10, 1), (1 / 14, 0)])
def test_twelvefold_is_the_most(scale, expected):
    """Ten times larger or smaller is found, fourteen times is not."""
    points = spread(11, low=0.47, high=0.53) if scale > 1 else spread(11)
    assert len(align(pairs_of(points, similarity(scale, 20)))) == expected


def test_points_in_one_place_fix_nothing():
    """A heap of features says neither scale nor turn."""
    assert align(pairs_of(np.full((30, 2), 0.4), np.eye(3))) == []


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (3, 0), (4, 1)])
def test_four_correspondences_are_the_fewest(count, expected):
    """Of three nothing is made, and of none no error."""
    assert len(align(pairs_of(spread(count), similarity(0.8, 10)))) == expected


def test_unrelated_features_fit_nothing_much():
    """Among a hundred random correspondences no more than a few fit anything."""
    for seed in range(5):
        found = align(pairs_of(np.empty((0, 2)), np.eye(3), outliers=100, seed=seed))
        assert all(one.inliers.sum() <= 8 for one in found)


def test_the_same_comes_again():
    """Nothing depends on chance."""
    pairs = pairs_of(spread(40), PERSPECTIVE, outliers=60)
    for one, again in zip(align(pairs), align(pairs), strict=True):
        np.testing.assert_array_equal(one.matrix, again.matrix)
        np.testing.assert_array_equal(one.residuals, again.residuals)


def test_residuals_are_told_in_the_worse_picture():
    """Of a tenfold reduction an inlier is as exact in the reference as it is told to be."""
    pairs = pairs_of(spread(40), similarity(0.1, 0))
    found = best(align(pairs))
    back = transformed(np.linalg.inv(found.matrix), pairs.view[:, :2]) - pairs.reference[:, :2]
    inside = found.inliers
    assert inside.any()
    np.testing.assert_allclose(
        np.linalg.norm(back, axis=1)[inside], found.residuals[inside], rtol=0.25, atol=1e-6
    )


def test_features_that_disagree_in_rotation_do_not_fit():
    """A place that fits is not enough."""
    pairs = pairs_of(spread(40), np.eye(3))
    pairs.view[:10, 3] = (pairs.view[:10, 3] + 90) % 360
    found = best(align(pairs))
    assert not found.inliers[:10].any()
    assert found.inliers[10:].all()
    assert np.isinf(found.residuals[:10]).all()
