import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from reference_index import Fingerprint, IndexWriter, Kind, LocalReference, Record, ReferenceIndex
from screening.demo import poster
from screening.images import from_pil
from screening.matching.correspondences import Correspondences
from screening.matching.findings import WHOLE_PICTURE
from screening.matching.geometry import Alignment
from screening.matching.local import LocalMatch, local_matches
from screening.matching.regions import in_words, matched_regions, share_of_area
from screening.signals import SETTINGS, fingerprint

IDENTITY = np.eye(3)
CLOCKWISE = np.array([[0, -1, 0.6], [1, 0, 0], [0, 0, 1.0]])
WIDE = (1.0, 0.5)


def regions(matrix, *, reach=0.0, mirrored=False, view_extents=WIDE, points=None):
    """Return the regions of inliers at points (n, 2) that each look at reach around them."""
    points = np.array([(0.2, 0.1), (0.6, 0.1), (0.4, 0.4)] if points is None else points)
    geometry = np.column_stack([points, np.full(len(points), reach / 3), np.zeros(len(points))])
    outlier = np.array([[0.95, 0.45, 0.01, 0.0]])
    pairs = Correspondences(
        rows=np.arange(len(points) + 1),
        view=np.zeros((len(points) + 1, 4)),
        reference=np.concatenate([geometry, outlier]),
        area=0.5,
    )
    alignment = Alignment(matrix=matrix, residuals=np.array([0.01] * len(points) + [math.inf]))
    reference = LocalReference(
        record_id="a",
        image_id=1,
        extents=WIDE,
        descriptors=np.zeros((0, 128), np.float32),
        geometry=np.zeros((0, 4), np.float32),
    )
    return matched_regions(pairs, alignment, reference, view_extents, mirrored=mirrored)


def box(left, top, right, bottom):
    return (left, top), (right, top), (right, bottom), (left, bottom)


MIDDLE = box(0.2, 0.2, 0.6, 0.8)


def moved(scale=1.0, x=0.0, y=0.0):
    return np.array([[scale, 0, x], [0, scale, y], [0, 0, 1.0]])


@pytest.mark.parametrize(
    ("how", "region", "reference_region"),
    [
        pytest.param({"matrix": IDENTITY}, MIDDLE, MIDDLE, id="as it is"),
        pytest.param(
            {"matrix": IDENTITY, "reach": 0.05},
            box(0.15, 0.1, 0.65, 0.9),
            box(0.15, 0.1, 0.65, 0.9),
            id="what descriptors look at",
        ),
        pytest.param(
            {"matrix": IDENTITY, "reach": 0.3},
            box(0, 0, 0.9, 1),
            box(0, 0, 0.9, 1),
            id="no more than the reference",
        ),
        pytest.param(
            {"matrix": moved(0.5, 0.1, 0.2)}, box(0.2, 0.5, 0.4, 0.8), MIDDLE, id="half the size"
        ),
        pytest.param(
            {"matrix": moved(1, -0.4, -0.2)},
            box(0, 0, 0.2, 0.4),
            MIDDLE,  # where the inliers themselves are, out of the picture or not
            id="no more than the picture",
        ),
        pytest.param(
            {"matrix": IDENTITY, "view_extents": (0.8, 1.0)},
            box(0.25, 0.1, 0.75, 0.4),
            MIDDLE,
            id="another format",
        ),
        pytest.param(
            {"matrix": IDENTITY, "mirrored": True},
            ((0.8, 0.2), (0.4, 0.2), (0.4, 0.8), (0.8, 0.8)),
            MIDDLE,
            id="mirrored",
        ),
        pytest.param(
            {"matrix": CLOCKWISE, "view_extents": (1.0, 1.0)},
            ((0.5, 0.2), (0.5, 0.6), (0.2, 0.6), (0.2, 0.2)),
            MIDDLE,
            id="a quarter turn clockwise",
        ),
    ],
)
def test_corners_are_where_the_transformation_takes_them(how, region, reference_region):
    """Corner by corner, in fractions of width and height of each; outliers have no part in it."""
    found, found_reference = regions(**how)
    np.testing.assert_allclose(found, region, atol=1e-4)
    np.testing.assert_allclose(found_reference, reference_region, atol=1e-4)


@pytest.mark.parametrize("fall", [-1.2, -1.4])
def test_nothing_is_told_from_beyond_the_horizon(fall):
    """What descriptors look at is left out where perspective would make nothing of it."""
    perspective = np.array([[1, 0, 0], [0, 1, 0], [fall, 0, 1.0]])
    quad, reference_region = regions(perspective, reach=0.1)
    assert all(0.0 <= place <= 1.0 for corner in (*quad, *reference_region) for place in corner)
    assert 0.6 <= max(x for x, _ in reference_region) < -1 / fall


@pytest.mark.parametrize("side", [0.4, 0.5, 0.7])
def test_of_a_crop_no_more_is_told_than_it_shows(side):
    """What descriptors look at beyond the picture's edge is not what the picture shows."""
    crop = moved(1 / side, -0.2 / side, -0.2 / side)
    _, reference_region = regions(crop, reach=0.3)
    assert min(x for x, _ in reference_region) >= 0.2 - 1e-3
    assert min(y for _, y in reference_region) >= 0.2 - 1e-3


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.5)), min_size=4, max_size=9),
    st.floats(0.1, 5),
    st.floats(-2, 2),
    st.booleans(),
)
def test_regions_stay_in_the_picture(points, scale, shift, mirrored):
    """Wherever a reference would reach, shares are of what can be seen."""
    both = regions(moved(scale, shift, -shift), points=points, reach=0.1, mirrored=mirrored)
    for quad in both:
        assert all(0.0 <= place <= 1.0 for corner in quad for place in corner)
        assert 0.0 <= share_of_area(quad) <= 1.0


@pytest.mark.parametrize(
    ("quad", "expected"),
    [
        (WHOLE_PICTURE, 1.0),
        (box(0.25, 0.25, 0.75, 0.75), 0.25),
        (((0.75, 0.25), (0.25, 0.25), (0.25, 0.75), (0.75, 0.75)), 0.25),
        (((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)), 0.5),
        (box(0.3, 0.3, 0.3, 0.3), 0.0),
    ],
)
def test_shares_are_areas(quad, expected):
    """Whichever way round the corners go."""
    assert share_of_area(quad) == pytest.approx(expected)


def turned(degrees):
    angle = math.radians(degrees)
    return np.array(
        [[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]]
    )


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, ""),
        ({"mirrored": True}, "mirrored, "),
        ({"inverted": True}, "as a negative, "),
        ({"degrees": 2.9}, ""),
        ({"degrees": 3.1}, "rotated 5° clockwise, "),
        ({"degrees": -3.1}, "rotated 5° counterclockwise, "),
        ({"degrees": 88}, "rotated 90° clockwise, "),
        ({"degrees": 179}, "rotated 180°, "),
        ({"degrees": -179}, "rotated 180°, "),
        ({"degrees": 30, "mirrored": True}, "mirrored, rotated 30° counterclockwise, "),
        (
            {"degrees": -30, "mirrored": True, "inverted": True},
            "mirrored, as a negative, rotated 30° clockwise, ",
        ),
    ],
)
def test_the_transformation_is_told_in_words(how, expected):
    """Only what differs is said, angles in steps of five degrees."""
    words = in_words(
        turned(how.get("degrees", 0)),
        mirrored=how.get("mirrored", False),
        inverted=how.get("inverted", False),
        share=0.25,
        reference_share=1.0,
    )
    assert words == f"{expected}covers 25 % of the picture, shows 100 % of the reference"


@pytest.mark.parametrize(("share", "expected"), [(0.0001, "1 %"), (0.016, "2 %"), (1.0, "100 %")])
def test_no_share_is_nothing(share, expected):
    """What is there covers one percent at least."""
    words = in_words(IDENTITY, mirrored=False, inverted=False, share=share, reference_share=1.0)
    assert words.startswith(f"covers {expected} of the picture")


def seen(image: Image.Image) -> Fingerprint:
    (frame,) = from_pil(image).frames
    return fingerprint(frame, sha256=hashlib.sha256(image.tobytes()).hexdigest())


@pytest.fixture(scope="module")
def drawn() -> Image.Image:
    return poster(np.random.default_rng(1), (300, 400), kind="tide")


@pytest.fixture(scope="module")
def index(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("index") / "works.index"
    enrolled = seen(drawn)
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_record(Record(id="tide", kind=Kind.WORK, title="tide"))
        writer.add_image(
            "tide",
            None,
            sha256=enrolled.sha256,
            width=300,
            height=400,
            source="tide.png",
            local=[(enrolled.local, 300 / 400)],
        )
    with ReferenceIndex.open(path) as opened:
        yield opened


def matched(image: Image.Image, index: ReferenceIndex) -> LocalMatch:
    (match,) = local_matches(seen(image), [index])
    return match


@pytest.mark.parametrize(
    ("changed", "words", "region"),
    [
        pytest.param(lambda a: a, "covers", WHOLE_PICTURE, id="as it is"),
        pytest.param(
            lambda a: a.rotate(-90, expand=True),
            "rotated 90° clockwise, ",
            ((1, 0), (1, 1), (0, 1), (0, 0)),
            id="clockwise",
        ),
        pytest.param(
            lambda a: a.rotate(90, expand=True),
            "rotated 90° counterclockwise, ",
            ((0, 1), (0, 0), (1, 0), (1, 1)),
            id="counterclockwise",
        ),
        pytest.param(
            lambda a: a.rotate(180), "rotated 180°, ", ((1, 1), (0, 1), (0, 0), (1, 0)), id="half"
        ),
        pytest.param(
            ImageOps.mirror, "mirrored, covers", ((1, 0), (0, 0), (0, 1), (1, 1)), id="mirrored"
        ),
        pytest.param(
            lambda a: ImageOps.mirror(a).rotate(-90, expand=True),
            "mirrored, rotated 90° clockwise, ",
            ((1, 1), (1, 0), (0, 0), (0, 1)),
            id="mirrored, then clockwise",
        ),
    ],
)
def test_real_pixels_turn_the_way_the_words_say(drawn, index, changed, words, region):
    """PIL turns counterclockwise by positive degrees; words and corners agree with what it did."""
    match = matched(changed(drawn), index)
    assert match.transform.startswith(words)
    np.testing.assert_allclose(match.region, region, atol=0.06)
    np.testing.assert_allclose(match.reference_region, WHOLE_PICTURE, atol=0.06)


@pytest.mark.parametrize(
    ("degrees", "words"), [(-30, "rotated 30° clockwise"), (20, "rotated 20° counterclockwise")]
)
def test_real_pixels_turn_by_as_much_as_the_words_say(drawn, index, degrees, words):
    """An angle between quarter turns is told to five degrees."""
    assert matched(drawn.rotate(degrees, expand=True), index).transform.startswith(words)
