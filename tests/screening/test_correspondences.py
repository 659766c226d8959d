import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.matching.correspondences import MAX_DISTANCE_RATIO, mutually_nearest


def unit(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return random descriptors of length 1, nonnegative as SIFT's are: float32 (count, 128)."""
    vectors = rng.random((count, 128))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def brute_force(view: np.ndarray, reference: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs that are each other's nearest and clearly so, one by one in float64."""
    found = []
    for row, one in enumerate(view.astype(float)):
        distances = ((reference - one) ** 2).sum(axis=1)
        nearest, second = np.argsort(distances)[:2]
        back = ((view - reference[nearest].astype(float)) ** 2).sum(axis=1)
        if back.argmin() == row and distances[nearest] <= MAX_DISTANCE_RATIO * distances[second]:
            found.append((row, int(nearest)))
    return found


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 40))
@settings(max_examples=40, deadline=None)
def test_pairs_are_those_of_brute_force(seed, count, others):
    """Whatever is compared, the pairs are those that all distances give, in order of the view."""
    rng = np.random.default_rng(seed)
    reference = unit(rng, others)
    near = reference[rng.integers(0, others, count)] + rng.normal(0, 0.03, (count, 128))
    view = near.astype(np.float32)
    rows, matched = mutually_nearest(view, reference)
    assert list(zip(rows.tolist(), matched.tolist(), strict=True)) == brute_force(view, reference)


def test_a_copy_in_another_order_corresponds_with_itself():
    """Every feature finds its own, whichever row it has moved to."""
    rng = np.random.default_rng(1)
    reference, order = unit(rng, 200), rng.permutation(200)
    rows, matched = mutually_nearest(reference[order], reference)
    np.testing.assert_array_equal(rows, np.arange(200))
    np.testing.assert_array_equal(matched, order)


@pytest.mark.parametrize(("off", "expected"), [(1e-3, 1), (-1e-3, 0)])
def test_the_second_nearest_must_be_clearly_farther(off, expected):
    """A squared distance of nine tenths of the second is near enough, and no more."""
    view = np.zeros((1, 128), np.float32)
    reference = np.zeros((2, 128), np.float32)
    reference[0, 0], reference[1, 1] = np.sqrt(MAX_DISTANCE_RATIO), np.sqrt(1.0 + off)
    assert len(mutually_nearest(view, reference)[0]) == expected


@pytest.mark.parametrize(("count", "others"), [(0, 0), (0, 5), (5, 0), (5, 1)])
def test_too_few_to_tell_give_nothing(count, others):
    """Where there is no second nearest nothing corresponds."""
    rng = np.random.default_rng(0)
    rows, matched = mutually_nearest(unit(rng, count), unit(rng, others))
    assert (rows.tolist(), matched.tolist()) == ([], [])
