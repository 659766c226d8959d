"""The fused value is a promise: no more records reach it by chance than it says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from reference_index import Record
from reference_index.calibration import NullDistribution
from reference_index.null_fit import fit_null
from reference_index.records import Kind
from screening.matching.channels import Hit
from screening.matching.findings import ChannelEvidence
from screening.matching.fusion import _fuse

REFERENCES = 20
IMAGES = 1_500
PROMISES = (1.0, 0.3, 0.1, 0.03)
RECORDS = [Record(id=str(n), kind=Kind.WORK, title=str(n)) for n in range(REFERENCES)]


def exponential(channel: int) -> NullDistribution:
    """Return a null that is known exactly: scores are exponential with scale channel + 1."""
    return NullDistribution(
        channel=str(channel),
        unit="",
        settings="",
        scores=(0.0,),
        rates=(1.0,),
        tail_scale=channel + 1.0,
        tail_shape=0.0,
        floor=0.0,
        images=1,
        references=REFERENCES,
        pairs=REFERENCES,
        background="",
    )


def hit(null: NullDistribution, score: float, record: int, frame: int) -> Hit:
    evidence = ChannelEvidence(
        channel=null.channel,
        score=score,
        unit="",
        false_alarms=null.false_alarms(score, references=REFERENCES),
        extrapolated=False,
        measured_to=null.measured_to(references=REFERENCES),
        calibration="own",
        reference_image="",
        transform="",
        frame=frame,
    )
    return Hit(record=RECORDS[record], evidence=evidence)


def fused(scores: np.ndarray, nulls: list[NullDistribution]) -> np.ndarray:
    """Return the false alarms that fusion tells of every record against every unrelated image.

    scores: (images, channels, frames, records).
    """
    told = []
    for image in scores.tolist():
        hits = [
            hit(null, score, record, frame)
            for null, channel in zip(nulls, image, strict=True)
            for frame, row in enumerate(channel)
            for record, score in enumerate(row)
        ]
        searches = scores.shape[1] * scores.shape[2]
        matches = _fuse(
            hits, searches=searches, reports={}, note_at=np.inf, raw_scores={}, candidates=0
        )
        told += [finding.false_alarms for finding in matches.findings]
    assert len(told) == len(scores) * REFERENCES
    return np.array(told)


def check(told: np.ndarray, *, least: float) -> None:
    """Compare how many records are told at each promise or rarer with how many may be.

    least: the share of what is promised that has to be used up on average.
    """
    for promise in PROMISES:
        observed = np.count_nonzero(told <= promise)
        share = promise / REFERENCES
        assert observed <= stats.binom.ppf(0.999, len(told), share)
        assert observed >= stats.binom.ppf(0.001, len(told), least * share)


def drawn(rng, channels: int, frames: int = 1) -> np.ndarray:
    return rng.exponential(size=(IMAGES, channels, frames, REFERENCES))


SCALES = np.arange(1.0, 5.0)[:, None, None]


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_independent_channels(channels):
    """Nearly all that is promised is used up: the bound is tight."""
    scores = drawn(np.random.default_rng(channels), channels) * SCALES[:channels]
    check(fused(scores, [exponential(c) for c in range(channels)]), least=0.85)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_channels_that_say_the_same(channels):
    """The promise is kept, and by how much is known: the number of searches."""
    scores = np.repeat(drawn(np.random.default_rng(channels), 1), channels, axis=1)
    scores = scores * SCALES[:channels]
    check(fused(scores, [exponential(c) for c in range(channels)]), least=1 / channels)


@pytest.mark.parametrize("alike", [False, True])
def test_an_image_of_several_frames(alike):
    """Frames are searches of their own, whether they differ or are all but the same."""
    rng = np.random.default_rng(3)
    scores = np.repeat(drawn(rng, 2), 3, axis=2) if alike else drawn(rng, 2, frames=3)
    nulls = [exponential(c) for c in range(2)]
    check(fused(scores * SCALES[:2], nulls), least=0.3 if alike else 0.85)


def test_the_best_of_several_tiles_calibrated_as_such():
    """One search of ten tiles whose null was fitted to the best of ten is one search."""
    rng = np.random.default_rng(4)

    def best(images: int) -> np.ndarray:
        return rng.exponential(size=(images, REFERENCES, 10)).max(axis=2)

    calibration = fit_null(
        list(best(3_000)),
        complete_from=0.0,
        channel="tiles",
        unit="",
        settings="",
        references=REFERENCES,
        background="",
        discrete=False,
        rng=rng,
    )
    other = rng.exponential(size=(IMAGES, REFERENCES))
    scores = np.stack([best(IMAGES), other], axis=1)[:, :, None]
    check(fused(scores, [calibration.null, exponential(0)]), least=0.7)


def test_a_raw_score_that_only_another_index_reaches_is_not_lost():
    """The rarer of two hits of a record is told, but for one that alone reaches the raw score."""
    small, large = hit(exponential(0), 9.0, 0, 0), hit(exponential(0), 10.0, 0, 0)
    large = replace(large, evidence=replace(large.evidence, false_alarms=0.5))
    for raw_scores, expected in (({}, small), ({"0": 10.0}, large), ({"0": 9.0}, small)):
        for hits in ([small, large], [large, small]):
            (found,) = _fuse(
                hits, searches=2, reports={}, note_at=1.0, raw_scores=raw_scores, candidates=0
            ).findings
            assert found.channels == (expected.evidence,)
            assert found.false_alarms == expected.evidence.false_alarms * 2
