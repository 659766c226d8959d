import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_index.calibration import NullDistribution
from reference_index.errors import IndexFormatError

NULL = NullDistribution(
    channel="hash",
    unit="bits of 256 alike",
    settings="test",
    scores=(100.0, 140.0, 150.0, 160.0),
    rates=(1.0, 0.5, 0.01, 0.001),
    tail_scale=3.0,
    tail_shape=0.1,
    images=100,
    pairs=9_900,
    background="0" * 64,
)
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


@given(low=SCORES, high=SCORES, references=st.integers(1, 10**9))
def test_false_alarms_fall_with_the_score_and_are_never_zero(low, high, references):
    """A higher score is never more probable; nothing is impossible; it grows with the index."""
    low, high = sorted((low, high))
    for null in (NULL, dataclasses.replace(NULL, tail_shape=0.0)):
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
    assert NullDistribution.from_json(NULL.to_json()) == NULL
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
    ],
)
def test_impossible_figures_are_refused(change):
    """Values that could not have been measured cannot be made."""
    with pytest.raises(ValueError, match=r"must|not"):
        dataclasses.replace(NULL, **change)
