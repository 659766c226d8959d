"""Agreement of two precisions: noise that leaves the ranking alone, and noise that does not."""

from dataclasses import replace

import numpy as np
import pytest

from screening.models.agreement import (
    MIN_CORRELATION,
    MIN_NEAREST_KEPT,
    MIN_PICTURES,
    Agreement,
    agreement,
    strangers,
)


def vectors(count: int = 40, size: int = 32, *, seed: int = 0) -> np.ndarray:
    """Return unit vectors with a part in common, as those of pictures have."""
    rng = np.random.default_rng(seed)
    return unit(rng.normal(size=(count, size)) + 1.5)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def noisy(rows: np.ndarray, level: float) -> np.ndarray:
    return unit(rows + level * np.random.default_rng(9).normal(size=rows.shape))


def test_little_noise_is_good_and_much_is_not():
    """int8 becomes the default only where its noise leaves the ranking alone."""
    exact = vectors()
    little, much = agreement(exact, noisy(exact, 0.001)), agreement(exact, noisy(exact, 0.05))
    assert little.good
    assert not much.good
    assert little.mean_cosine > much.mean_cosine > much.min_cosine
    assert little.correlation > MIN_CORRELATION > much.correlation


def test_equal_vectors_agree_in_everything():
    """Figures of a precision that changes nothing are all 1."""
    assert agreement(vectors(20), vectors(20)) == Agreement(
        pictures=20, mean_cosine=1.0, min_cosine=1.0, correlation=1.0, nearest_kept=1.0
    )


def test_bounds_are_inclusive():
    """What just reaches every bound is good, what just misses one is not."""
    least = Agreement(
        pictures=MIN_PICTURES,
        mean_cosine=0.9,
        min_cosine=0.5,
        correlation=MIN_CORRELATION,
        nearest_kept=MIN_NEAREST_KEPT,
    )
    assert least.good
    assert not replace(least, pictures=MIN_PICTURES - 1).good
    assert not replace(least, correlation=MIN_CORRELATION - 1e-6).good
    assert not replace(least, nearest_kept=MIN_NEAREST_KEPT - 1e-6).good


def test_a_lost_neighbor_counts_unless_it_was_a_tie():
    """nearest_kept is the share of pictures whose nearest stays, or gives way to its equal."""
    angles = np.radians([0, 10, 40, 70, 70.001])
    exact = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    swapped = exact.copy()
    swapped[1] = -exact[1]  # the nearest of the first, and of none else
    assert agreement(exact, swapped).nearest_kept == pytest.approx(3 / 5)
    ties = exact[[0, 1, 2, 4, 3]]
    assert agreement(exact, ties).nearest_kept == 1.0


def test_vectors_without_spread_correlate_with_nothing():
    """A network that gives the same for everything is never good in int8."""
    same = np.repeat(vectors(1), 20, axis=0)
    assert agreement(same, same).correlation == 0.0
    assert not agreement(same, same).good


@pytest.mark.parametrize(
    ("first", "second"), [((4, 8), (5, 8)), ((4, 8), (4, 9)), ((2, 8), (2, 8))]
)
def test_vectors_of_other_pictures_are_refused(first, second):
    """Numbers of pictures and sizes must be equal, and there must be pairs to compare."""
    with pytest.raises(ValueError, match="expected"):
        agreement(vectors(*first), vectors(*second))


def test_strangers_are_the_nearest_tenth_and_the_rare_pair():
    """Both equal a slow computation, to two decimals."""
    rows = vectors(60)
    cosines = rows.astype(np.float64) @ rows.astype(np.float64).T
    tenth, pairs = [], []
    for i in range(60):
        others = sorted((cosines[i, j] for j in range(60) if j != i), reverse=True)
        tenth.append(np.mean(others[:5]))
        pairs += [cosines[i, j] for j in range(i + 1, 60)]
    typical, rare = strangers(rows)
    assert typical == round(float(np.mean(tenth)), 2)
    assert rare == round(float(np.quantile(pairs, 0.999)), 2)


@pytest.mark.parametrize(
    "rows",
    [
        np.repeat(vectors(1), 5, axis=0),
        vectors(2),
        np.array([[1, 0], [-1, 0]], np.float32),
        np.eye(8, dtype=np.float32),
    ],
)
def test_strangers_always_rise_below_1(rows):
    """Even of equal, opposite or orthogonal vectors they are what a conversion may say."""
    typical, rare = strangers(rows)
    assert -1 < typical < rare < 1


def test_one_picture_has_no_strangers():
    """Without a second picture there is nothing to be alike to."""
    with pytest.raises(ValueError, match="two pictures"):
        strangers(vectors(1))
