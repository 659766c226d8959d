import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_tools import CALIBRATION, NULL, THRESHOLD

from reference_index.calibration import Calibration, NullDistribution
from reference_index.errors import IndexFormatError

WITHOUT_TAIL = dataclasses.replace(NULL, tail_scale=None, tail_shape=None, floor=0.0003)
SCORES = st.floats(-1e3, 1e6)


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0, 10.0), (100, 10.0), (139.9, 10.0), (140, 5.0), (149, 5.0), (150, 0.1), (160, 0.01)],
)
def test_inside_the_data_a_score_has_the_rate_of_the_measured_score_below(score, expected):
    """Between two measured scores the larger number of false alarms holds."""
    assert NULL.false_alarms(score, references=10) == pytest.approx(expected)
    assert not NULL.extrapolated(score)


def test_beyond_the_data_the_tail_goes_on_without_a_jump():
    """Just past the last measured score the tail begins at its rate, and is extrapolated."""
    assert NULL.extrapolated(160.001)
    assert NULL.false_alarms(160.001, references=1) == pytest.approx(0.001, rel=1e-3)
    assert NULL.false_alarms(163, references=1) == pytest.approx(0.001 * 1.1**-10)
    exponential = dataclasses.replace(NULL, tail_shape=0.0)
    assert exponential.false_alarms(163, references=1) == pytest.approx(0.001 * math.exp(-1))


def test_without_a_tail_nothing_is_promised_below_the_floor():
    """Beyond the data stands the bound that follows from what was not seen, however far."""
    for score in (160.001, 1e9, math.inf):
        assert WITHOUT_TAIL.false_alarms(score, references=10) == pytest.approx(0.003)
        assert WITHOUT_TAIL.extrapolated(score)
    assert WITHOUT_TAIL.false_alarms(160, references=10) == pytest.approx(0.01)
    assert WITHOUT_TAIL.measured_to(references=10) == pytest.approx(0.01)
    assert WITHOUT_TAIL.score_at(0.01, references=10) == 160.0
    just_beyond = WITHOUT_TAIL.score_at(0.009, references=10)
    assert just_beyond == math.nextafter(160.0, math.inf)
    assert WITHOUT_TAIL.score_at(0.0031, references=10) == just_beyond
    assert WITHOUT_TAIL.score_at(0.0029, references=10) == math.inf


def test_a_promise_of_all_references_holds_for_any_score():
    """Below what was measured lies minus infinity, so that nothing is lost between."""
    assert NULL.score_at(10.0, references=10) == -math.inf
    assert NULL.score_at(9.99, references=10) == 140.0


@given(
    low=st.floats(160.0, 400.0),
    high=st.floats(160.0, 400.0),
    shape=st.just(0.0) | st.floats(1e-6, 2.0),
)
def test_in_the_tail_false_alarms_strictly_fall(low, high, shape):
    """Of two different scores beyond the data the higher one is rarer, and tells itself back."""
    null = dataclasses.replace(NULL, tail_shape=shape)
    low, high = sorted((low, high))
    less, more = (null.false_alarms(score, references=7) for score in (high, low))
    assert less < more or high - low < 1e-9
    assert null.score_at(less, references=7) == pytest.approx(high)


@given(low=SCORES, high=SCORES, references=st.integers(1, 10**9))
def test_false_alarms_fall_with_the_score_and_are_never_zero(low, high, references):
    """A higher score is never more probable; nothing is impossible; it grows with the index."""
    low, high = sorted((low, high))
    for null in (NULL, dataclasses.replace(NULL, tail_shape=0.0), WITHOUT_TAIL):
        less, more = (null.false_alarms(s, references=references) for s in (high, low))
        assert 0.0 < less <= more <= references
        assert null.false_alarms(low, references=2 * references) == pytest.approx(2 * more)


@given(wanted=st.floats(1e-12, 100.0), references=st.integers(1, 10**7))
def test_the_way_back_keeps_the_promise(wanted, references):
    """At the score given for a number of false alarms there are no more than that."""
    if wanted >= references:
        wanted = references * 0.99
    score = NULL.score_at(wanted, references=references)
    assert NULL.false_alarms(score, references=references) <= wanted * (1 + 1e-9)


def test_json_round_trip():
    """What is written is read again; anything else is refused."""
    for null in (NULL, WITHOUT_TAIL):
        assert NullDistribution.from_json(null.to_json()) == null
    for text in ("", "[]", "{}", NULL.to_json().replace("0.001", "2.0")):
        with pytest.raises(IndexFormatError, match="calibrate again"):
            NullDistribution.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"rates": (1.0, 0.5, 0.01)},
        {"rates": (0.5, 0.6, 0.01, 0.001)},
        {"rates": (1.0, 0.5, 0.01, 0.0)},
        {"scores": (100.0, 100.0, 150.0, 160.0)},
        {"tail_scale": 0.0},
        {"tail_shape": -0.1},
        {"scores": (), "rates": ()},
        {"scores": (100.0, 140.0, 150.0, math.inf)},
        {"floor": 0.1},
        {"tail_scale": None},
        {"tail_scale": None, "tail_shape": None},
        {"tail_scale": None, "tail_shape": None, "floor": 0.002},
        {"images": -1},
        {"pairs": 0.5},
    ],
)
def test_impossible_figures_are_refused(change):
    """Values that could not have been measured cannot be made."""
    with pytest.raises(ValueError, match=r"must|not|no "):
        dataclasses.replace(NULL, **change)


def test_a_calibration_comes_back_from_json():
    """What is written is read again, and cannot be changed."""
    found = Calibration.from_json(CALIBRATION.to_json())
    assert found == CALIBRATION
    assert found.channels["hash"].thresholds == (THRESHOLD,)
    with pytest.raises(TypeError):
        found.channels["hash"] = None


def places_in(value, place=()):
    """Yield the way to every value within JSON, the whole first."""
    yield place
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield from places_in(value[key], (*place, key))


def refused(place, *value):
    """Assert that the calibration cannot be read with another value at a place, or with none."""
    changed = json.loads(CALIBRATION.to_json())
    *way, last = place
    there = changed
    for key in way:
        there = there[key]
    if value:
        there[last] = value[0]
    else:
        del there[last]
    with pytest.raises(IndexFormatError, match="calibrate again"):
        Calibration.from_json(json.dumps(changed))


def test_whatever_is_wrong_in_a_calibration_is_refused():
    """No key can be missing or one too many, and no value of another kind, wherever it stands."""
    for place in places_in(json.loads(CALIBRATION.to_json())):
        if place:
            refused(place, ["no"])
        if place and isinstance(place[-1], str) and place != ("channels", "hash"):
            refused(place)
    refused(("more",), 1)
    refused(("channels", "local"), json.loads(CALIBRATION.to_json())["channels"]["hash"])
    for number in (math.nan, math.inf, 10**400, True, "1", -1):
        refused(("images",), number)
        refused(("channels", "hash", "null", "tail_scale"), number)
    for text in ("", "[]", "{}", "null", CALIBRATION.to_json()[:-1]):
        with pytest.raises(IndexFormatError, match="calibrate again"):
            Calibration.from_json(text)


def test_a_calibration_is_stale_once_the_index_grew():
    """It is of the index as it was: another next id means that references were added."""
    assert [CALIBRATION.state(next_id) for next_id in (8, 9)] == ["own", "stale"]
