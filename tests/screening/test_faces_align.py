"""Faces put upright, and judged: geometry without any network."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.models import shipped_cards
from screening.signals.faces.align import aligned, eyes_and_nose, similarity
from screening.signals.faces.detect import TILE_OVERLAP, TILE_SIDE, merged, sides, tiles
from screening.signals.faces.embed import prepared
from screening.signals.faces.quality import (
    LOOK_SIDE,
    MIN_SHARPNESS,
    MIN_WIDTH,
    comparable,
    frontality,
    sharpness,
)
from screening.signals.faces.style import is_drawn

CARDS = {card.id: card for card in shipped_cards()}
TEMPLATE = np.float32(CARDS["retail-0095"].template)


@given(
    st.floats(0.05, 20),
    st.floats(-np.pi, np.pi),
    st.floats(-500, 500),
    st.floats(-500, 500),
)
def test_any_similarity_is_undone(scale, angle, x, y):
    """Five points that were scaled, turned and shifted come back to where they were."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = TEMPLATE @ (scale * turn.T) + (x, y)
    matrix = similarity(moved, TEMPLATE)
    np.testing.assert_allclose(moved @ matrix[:, :2].T + matrix[:, 2], TEMPLATE, atol=1e-4)


def test_no_other_similarity_comes_closer():
    """What cannot be undone is undone as well as may be, without mirroring."""
    rng = np.random.default_rng(0)
    points = TEMPLATE * 100 + rng.normal(size=(5, 2)) * 8
    best = similarity(points, TEMPLATE * 128)

    def error(matrix):
        return ((points @ matrix[:, :2].T + matrix[:, 2] - TEMPLATE * 128) ** 2).sum()

    for _ in range(50):
        a, b, *shift = rng.normal(size=4) * 0.01
        near = best + np.array([[a, -b, shift[0]], [b, a, shift[1]]])
        assert error(best) < error(near)
    mirrored = similarity(points * (-1, 1), TEMPLATE * 128)
    assert np.linalg.det(mirrored[:, :2]) > 0


def test_points_in_one_place_are_only_shifted():
    """Landmarks without extent are no division by zero."""
    matrix = similarity(np.ones((5, 2)), TEMPLATE)
    np.testing.assert_allclose(matrix[:, :2], np.eye(2))


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5, 8.0])
def test_landmarks_come_to_lie_on_the_template(scale):
    """Five dots of different brightness lie on the template to a pixel, at any size of the face."""
    side = 128
    points = TEMPLATE * side * scale + 40
    picture = np.zeros((round(side * scale) + 100, round(side * scale) + 100, 3), np.uint8)
    for x, y in points:
        place = round(x * 16), round(y * 16)
        cv2.circle(picture, place, round(64 * scale), (255, 255, 255), -1, cv2.LINE_AA, 4)
    crop = aligned(picture, points, TEMPLATE, side)
    assert crop.shape == (side, side, 3)
    labels, _, _, middles = cv2.connectedComponentsWithStats((crop[..., 0] > 127).astype(np.uint8))
    assert labels == 6
    off = np.linalg.norm(middles[1:, None] - TEMPLATE[None] * side, axis=2)
    assert off.min(axis=1).max() < 1.0


def test_large_faces_are_reduced_without_leaving_pixels_out():
    """A fine checkerboard becomes gray, not a pattern of its own."""
    board = np.indices((1024, 1024)).sum(axis=0) % 2 * 255
    picture = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    crop = aligned(picture, TEMPLATE * 1024, TEMPLATE, 128)
    assert np.abs(crop[4:-4, 4:-4].astype(int) - 127).max() <= 2


def test_both_landmark_schemes_have_eyes_and_nose():
    """YuNet gives the eyes; dlib gives their corners, those of the right eye first."""
    left, right, nose = (30, 40), (70, 42), (50, 60)
    yunet = np.float32([left, right, nose, (35, 80), (65, 80)])
    dlib = np.float32([(76, 42), (64, 42), (24, 40), (36, 40), nose])
    for points, scheme in ((yunet, "eyes-nose-mouth"), (dlib, "dlib-5")):
        np.testing.assert_array_equal(eyes_and_nose(points, scheme), [left, right, nose])


@pytest.mark.parametrize(
    ("nose", "expected"), [(50, 1.0), (40, 0.5), (60, 0.5), (30, 0.0), (70, 0.0), (10, 0.0)]
)
def test_frontality_falls_as_the_nose_nears_an_eye(nose, expected):
    """1 in the middle, 0 over an eye or beyond, whichever way the head leans."""
    core = np.float32([(30, 40), (70, 40), (nose, 60)])
    leaning = core @ np.float32([[0.8, 0.6], [-0.6, 0.8]])
    assert frontality(core) == pytest.approx(expected, abs=1e-6)
    assert frontality(leaning) == pytest.approx(expected, abs=1e-6)


def test_sharpness_falls_with_blur_and_does_not_depend_on_contrast():
    """The figure is relative to the variance of the picture; a blank one has none."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 16)).astype(np.float32)
    gray = cv2.resize(noise, (LOOK_SIDE, LOOK_SIDE), interpolation=cv2.INTER_CUBIC)
    figures = [sharpness(cv2.GaussianBlur(gray, (0, 0), sigma)) for sigma in (0.5, 1, 2, 4, 8)]
    assert figures == sorted(figures, reverse=True)
    assert sharpness(gray / 4) == pytest.approx(sharpness(gray), rel=1e-4)
    assert sharpness(np.full((LOOK_SIDE, LOOK_SIDE), 99, np.float32)) == 0.0


def test_both_bounds_of_what_can_be_compared_are_inclusive():
    """Just as wide and just as sharp as demanded will do."""
    assert comparable(MIN_WIDTH, MIN_SHARPNESS)
    assert not comparable(np.nextafter(MIN_WIDTH, 0), MIN_SHARPNESS)
    assert not comparable(MIN_WIDTH, np.nextafter(MIN_SHARPNESS, 0))


def test_flat_areas_within_lines_are_drawn_and_shades_with_noise_are_not():
    """A plain drawing and a smooth lit ball with a camera's noise tell what the figure looks at."""
    y, x = np.mgrid[:LOOK_SIDE, :LOOK_SIDE].astype(np.float32) - LOOK_SIDE / 2
    away = np.hypot(x, y)
    drawing = np.where(away < 26, 220, 90).astype(np.float32)
    drawing[np.abs(away - 26) < 1.5] = 0
    drawing[np.hypot(np.abs(x) - 10, y + 8) < 4] = 20
    ball = np.clip(230 - (x + y + 60) * 1.5, 0, 255) - away
    ball = ball + np.random.default_rng(0).normal(size=ball.shape) * 4
    assert is_drawn(drawing)
    assert not is_drawn(ball.astype(np.float32))


def test_sface_is_prepared_as_opencv_does():
    """The card gives the network what cv2.FaceRecognizerSF gives it: RGB, raw values."""
    crops = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3)).astype(np.uint8)
    bgr = [np.ascontiguousarray(crop[..., ::-1]) for crop in crops]
    expected = cv2.dnn.blobFromImages(bgr, 1, (112, 112), (0, 0, 0), swapRB=True, crop=False)
    np.testing.assert_array_equal(prepared(crops, CARDS["sface-2021dec"]), expected)


@pytest.mark.parametrize(
    ("card_id", "expected"),
    [
        ("retail-0095", (0.0, 127.0, 255.0)),  # blue, green, red as they are
        ("sface-2021dec", (255.0, 127.0, 0.0)),
        ("arcface", (1.0, -0.5 / 127.5, -1.0)),
    ],
)
def test_channels_and_values_are_in_the_order_and_scale_of_the_card(card_id, expected):
    """An orange crop shows which channel comes first, and from where to where values go."""
    crops = np.full((1, 4, 4, 3), (255, 127, 0), np.uint8)
    given = prepared(crops, CARDS[card_id])
    assert given.dtype == np.float32
    np.testing.assert_allclose(given[0, :, 0, 0], expected, rtol=1e-6)


def test_large_pictures_are_searched_in_tiles_that_overlap():
    """Tiles cover all, are as large as one may be at most, and neighbors share enough."""
    assert [sides(longer) for longer in (100, 250, 1024, 1025, 2048)] == [
        [100],
        [250, 192],
        [640, 192],
        [1025, 640, 192],
        [1536, 640, 192],
    ]
    assert list(tiles(TILE_SIDE, 640)) == [(0, 0, TILE_SIDE, 640)]
    for width, height in ((833, 600), (1536, 1152), (1536, 1536), (1300, 7)):
        cover = np.zeros((height, width), int)
        edges = set()
        for left, top, right, bottom in tiles(width, height):
            assert 0 < right - left <= TILE_SIDE
            assert 0 < bottom - top <= TILE_SIDE
            cover[top:bottom, left:right] += 1
            edges.add((left, right))
        assert cover.min() == 1
        spans = sorted(edges)
        for (_, right), (left, _) in pairwise(spans):
            assert right - left >= TILE_OVERLAP


def face(left, top, width, score):
    return [left, top, width, width, *range(10), score]


def test_of_faces_that_cover_one_another_the_best_scored_stays():
    """Twice the same face and a part of it are one; those side by side are two."""
    found = np.float32(
        [face(0, 0, 10, 0.8), face(1, 1, 10, 0.9), face(2, 2, 4, 0.7), face(7, 1, 10, 0.75)]
    )
    kept = merged(found)
    np.testing.assert_allclose(kept.scores, [0.9, 0.75])
    np.testing.assert_array_equal(kept.boxes, [[1, 1, 11, 11], [7, 1, 17, 11]])
    assert kept.landmarks.shape == (2, 5, 2)
    assert len(merged(found[:0])) == 0
    again = merged(found[::-1])
    np.testing.assert_array_equal(again.boxes, kept.boxes)
