"""Views of pictures, and the drawings they are made of."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import augment, placement, procedural
from training.measures import found, held_out, ranked

SIDE = 48


@pytest.fixture(scope="module")
def drawings():
    return procedural.pictures(12, side=64, seed=5)


@pytest.mark.parametrize("way", [way for _, way in augment.WAYS], ids=lambda way: way.__name__)
def test_every_way_keeps_the_shape_and_the_kind(way, drawings):
    """Altering a picture leaves its shape and type, and the picture itself, as they are."""
    before = drawings.copy()
    for number, picture in enumerate(drawings):
        altered = way(picture, np.random.default_rng(number))
        assert altered.shape == picture.shape
        assert altered.dtype == np.uint8
    assert np.array_equal(before, drawings)


@pytest.mark.parametrize("way", [way for _, way in augment.WAYS], ids=lambda way: way.__name__)
def test_every_way_repeats_itself(way, drawings):
    """The same state of chance gives the same pixels."""
    first, again = (way(drawings[0], np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_batch_says_what_its_views_show(seed):
    """Every view copies its own picture, whatever it shows, and has the size asked for."""
    pictures = np.random.default_rng(0).integers(0, 256, (9, 40, 40, 3), np.uint8)
    ids = np.array([8, 0, 3, 5, 1])
    views = augment.views(pictures, ids, SIDE, np.random.default_rng(seed))
    assert views.clean.shape == views.attacked.shape == (5, SIDE, SIDE, 3)
    assert views.positive.diagonal().all()
    assert (views.related >= views.positive).all()
    assert (views.positive.sum(axis=1) <= 4).all()


def test_a_collage_copies_all_its_pictures():
    """A view of four pictures is a copy of each of them, and shows each in its quarter."""
    plain = [np.full((64, 64, 3), value, np.uint8) for value in (10, 90, 170, 250)]
    view = placement.collage(plain, SIDE, np.random.default_rng(1))
    quarters = [view[y, x, 0] for y in (10, 38) for x in (10, 38)]
    assert quarters == [10, 90, 170, 250]


def test_a_picture_laid_on_another_leaves_some_of_it():
    """The ground shows around a picture that is laid on it, and the picture is there too."""
    white, black = np.full((64, 64, 3), 255, np.uint8), np.zeros((64, 64, 3), np.uint8)
    for seed in range(20):
        view = placement.placed(white, SIDE, np.random.default_rng(seed), black)
        share = (view > 127).mean()
        assert 0.1 < share < 0.95


def test_normalized_values_are_those_of_the_card():
    """Black, middle and white become -2, about 0 and 2, channels first."""
    pixels = np.zeros((1, 2, 3, 3), np.uint8)
    pixels[0, 1, 2] = (0, 128, 255)
    values = augment.normalized(pixels)
    assert values.shape == (1, 3, 2, 3)
    assert values.dtype == np.float32
    assert values[0, :, 1, 2] == pytest.approx([-2.0, 0.0078, 2.0], abs=1e-3)


@pytest.mark.parametrize("kind", [kind for _, kind in procedural.KINDS], ids=lambda k: k.__name__)
def test_every_kind_of_drawing_shows_something(kind):
    """Each kind draws a square that is not of one color, and another one with another seed."""
    first, second = (kind(SIDE, np.random.default_rng(seed)) for seed in (1, 2))
    assert first.shape == second.shape == (SIDE, SIDE, 3)
    assert first.dtype == np.uint8
    assert first.std() > 0
    assert not np.array_equal(first, second)


def test_drawings_are_those_of_their_seed():
    """A seed gives the same drawings every time, however many; no two of them are alike."""
    few, many = (procedural.pictures(count, side=SIDE, seed=9) for count in (6, 12))
    assert np.array_equal(few, many[:6])
    assert len({picture.tobytes() for picture in many}) == 12
    assert not np.array_equal(few, procedural.pictures(6, side=SIDE, seed=10))


def test_held_out_queries_come_after_their_references(drawings):
    """Five of seven pictures are references, in order; every picture is asked for once."""
    asked = held_out(drawings, side=SIDE)
    assert (len(asked.references), len(asked.queries)) == (8, 12)
    sized = cv2.resize(drawings[3], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    assert np.array_equal(asked.references[3], sized)


def test_perfect_vectors_find_everything():
    """Vectors that tell all pictures apart reach 1 in every figure, equal ones next to nothing."""
    apart = np.eye(8, dtype=np.float32)
    assert (found(apart[:6], apart).micro_ap, found(apart[:6], apart).recall) == (1.0, 1.0)
    alike = np.ones((8, 4), np.float32) / 2
    worst = found(alike[:6], alike)
    assert (worst.recall, worst.nearest) == (0.0, 0.0)
    assert worst.micro_ap < 0.2


def test_figures_equal_those_of_the_benchmarks():
    """The figures that choose the weights are those that the product is measured by."""
    from screening.evaluation import metrics

    rng = np.random.default_rng(4)
    true = np.eye(9, 6, dtype=np.bool_)
    scores = np.round(rng.normal(size=(9, 6)) + 1.5 * true, 1)
    query, record = np.indices(scores.shape).reshape(2, -1)
    pairs = metrics.ScoredPairs(
        query=query,
        record=record,
        score=scores.ravel(),
        is_true=true.ravel(),
        truths=true.sum(axis=1),
    )
    ours = ranked(scores, true)
    assert ours.micro_ap == pytest.approx(metrics.micro_average_precision(pairs))
    assert ours.recall == pytest.approx(metrics.recall_without_false_match(pairs).recall)
