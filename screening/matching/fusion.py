"""Search every index with what was extracted, and fuse what comes back per record."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reference_index import Candidate, Fingerprint, ReferenceIndex
from reference_index.calibration import NullDistribution
from reference_index.fingerprint import HASH_CHANNEL, ISOMETRIES
from screening.matching.findings import (
    WHOLE_PICTURE,
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    Finding,
    RankedCandidate,
)
from screening.matching.nulls import default_null
from screening.signals import MIN_STRUCTURE

_NO_REFERENCES = ChannelReport(state=ChannelState.NO_REFERENCES)
_RAN = ChannelReport(state=ChannelState.RAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What the search said of one picture: findings strongest first, and the K best records."""

    findings: tuple[Finding, ...]
    candidates: tuple[RankedCandidate, ...]
    channels: dict[str, ChannelReport]


@dataclass(frozen=True, slots=True)
class _Hit:
    """One candidate with where it came from and what it would take to happen by chance."""

    candidate: Candidate
    index: ReferenceIndex
    frame: int
    false_alarms: float
    measured_to: float


def match(
    pictures: Sequence[Sequence[Fingerprint]],
    indexes: Sequence[ReferenceIndex],
    *,
    note_at: float,
    candidates: int = 0,
) -> list[Matches]:
    """Compare pictures (each a sequence of frames) with the indexes, all in one batch.

    Findings are the records at ``note_at`` false alarms per image or rarer. The best value of a
    record over frames and indexes is multiplied by the number of searches that ran on the picture
    (indexes with references, times distinct frames), the same number for every record: a bound on
    the expected number of unrelated records, whatever the searches share.
    """
    null = default_null(HASH_CHANNEL)
    searched = [index for index in indexes if index.references(HASH_CHANNEL)]
    clear = [(p, f) for p, frames in enumerate(pictures) for f in frames if _has_structure(f)]
    hits: defaultdict[int, list[_Hit]] = defaultdict(list)
    for index in searched if clear else ():
        references = index.references(HASH_CHANNEL)
        found = index.search_hashes(
            np.stack([frame.hashes.codes for _, frame in clear]),
            k=candidates,
            min_score=null.score_at(note_at, references=references),
        )
        measured_to = null.measured_to(references=references)
        for (picture, frame), best in zip(clear, found, strict=True):
            for candidate in best:
                value = null.false_alarms(candidate.score, references=references)
                hits[picture].append(_Hit(candidate, index, frame.frame, value, measured_to))
    return [
        _fuse(hits[p], frames, len(searched), null, note_at=note_at, candidates=candidates)
        for p, frames in enumerate(pictures)
    ]


def _has_structure(frame: Fingerprint) -> bool:
    return frame.hashes.structure >= MIN_STRUCTURE


def _fuse(
    hits: list[_Hit],
    frames: Sequence[Fingerprint],
    indexes: int,
    null: NullDistribution,
    *,
    note_at: float,
    candidates: int,
) -> Matches:
    """Return findings and candidates of one picture from its hits."""
    searches = indexes * sum(map(_has_structure, frames))
    best: dict[str, _Hit] = {}
    for hit in hits:
        kept = best.get(hit.candidate.record_id)
        if kept is None or _closeness(hit) < _closeness(kept):
            best[hit.candidate.record_id] = hit
    ranked = sorted(best.values(), key=lambda hit: (*_closeness(hit), hit.candidate.record_id))
    return Matches(
        findings=tuple(
            _finding(hit, searches, null)
            for hit in ranked
            if hit.false_alarms * searches <= note_at
        ),
        candidates=tuple(_ranked(hit, searches) for hit in ranked[:candidates]),
        channels={HASH_CHANNEL: _report(frames, indexes)},
    )


def _closeness(hit: _Hit) -> tuple[float, float]:
    return hit.false_alarms, -hit.candidate.score


def _finding(hit: _Hit, searches: int, null: NullDistribution) -> Finding:
    evidence = ChannelEvidence(
        channel=HASH_CHANNEL,
        score=hit.candidate.score,
        unit=null.unit,
        false_alarms=hit.false_alarms,
        extrapolated=null.extrapolated(hit.candidate.score),
        measured_to=hit.measured_to,
        calibration="default",
        reference_image=hit.index.image(hit.candidate.image_id).sha256,
        transform=ISOMETRIES[hit.candidate.isometry],
        frame=hit.frame,
    )
    return Finding(
        record=hit.index.record(hit.candidate.record_id),
        false_alarms=hit.false_alarms * searches,
        measured_to=hit.measured_to * searches,
        channels=(evidence,),
        region=WHOLE_PICTURE,
        frame=hit.frame,
    )


def _ranked(hit: _Hit, searches: int) -> RankedCandidate:
    return RankedCandidate(
        record=hit.index.record(hit.candidate.record_id),
        channel=hit.candidate.channel,
        score=hit.candidate.score,
        false_alarms=hit.false_alarms * searches,
    )


def _report(frames: Sequence[Fingerprint], indexes: int) -> ChannelReport:
    """Return what the hash channel could do with a picture."""
    plain = sum(not _has_structure(frame) for frame in frames)
    if not indexes:
        return _NO_REFERENCES
    if not plain:
        return _RAN
    which = "the picture has" if len(frames) == 1 else f"{plain} of {len(frames)} frames have"
    return ChannelReport(
        state=ChannelState.WEAK,
        reason=f"{which} too little structure for a hash to mean anything",
    )
