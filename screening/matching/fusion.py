"""Search every index with what was extracted, and fuse what comes back per record."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reference_index import Candidate, Fingerprint, Kind, Record, ReferenceIndex
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
    record: Record
    index: ReferenceIndex
    frame: int
    false_alarms: float
    measured_to: float

    @property
    def rank(self) -> tuple[float, float, str]:
        """Sort key: the least probable first, then the highest score."""
        return self.false_alarms, -self.candidate.score, self.record.id


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
    the expected number of unrelated records, whatever the searches share. Cleared records count
    nowhere: not as references, not as findings, not as candidates.
    """
    null = default_null(HASH_CHANNEL)
    counted = [index.references(HASH_CHANNEL, without=Kind.CLEARED) for index in indexes]
    searched = [(index, n) for index, n in zip(indexes, counted, strict=True) if n]
    clear = [(p, f) for p, frames in enumerate(pictures) for f in frames if _has_structure(f)]
    codes = np.array([frame.hashes.codes for _, frame in clear]) if clear else None
    hits: defaultdict[int, list[_Hit]] = defaultdict(list)
    for index, references in searched if codes is not None else ():
        assert codes is not None
        found = index.search_hashes(
            codes, k=candidates, min_score=null.score_at(note_at, references=references)
        )
        measured_to = null.measured_to(references=references)
        for (picture, frame), best in zip(clear, found, strict=True):
            for candidate in best:
                record = index.record(candidate.record_id)
                if record.kind is not Kind.CLEARED:
                    value = null.false_alarms(candidate.score, references=references)
                    hit = _Hit(candidate, record, index, frame.frame, value, measured_to)
                    hits[picture].append(hit)
    return [
        _fuse(
            sorted(hits[picture], key=lambda hit: hit.rank),
            searches=len(searched) * sum(map(_has_structure, frames)),
            report=_report(frames, len(searched), len(indexes)),
            note_at=note_at,
            candidates=candidates,
        )
        for picture, frames in enumerate(pictures)
    ]


def _has_structure(frame: Fingerprint) -> bool:
    return frame.hashes.structure >= MIN_STRUCTURE


def _fuse(
    hits: list[_Hit], *, searches: int, report: ChannelReport, note_at: float, candidates: int
) -> Matches:
    """Return findings and candidates of one picture from its hits, the best first."""
    best: dict[str, _Hit] = {}
    for hit in hits:
        best.setdefault(hit.record.id, hit)
    return Matches(
        findings=tuple(
            _finding(hit, searches)
            for hit in best.values()
            if hit.false_alarms * searches <= note_at
        ),
        candidates=tuple(
            RankedCandidate(
                record=hit.record,
                channel=hit.candidate.channel,
                score=hit.candidate.score,
                false_alarms=hit.false_alarms * searches,
            )
            for hit in list(best.values())[:candidates]
        ),
        channels={HASH_CHANNEL: report},
    )


def _finding(hit: _Hit, searches: int) -> Finding:
    null = default_null(HASH_CHANNEL)
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
        record=hit.record,
        false_alarms=hit.false_alarms * searches,
        measured_to=hit.measured_to * searches,
        channels=(evidence,),
        region=WHOLE_PICTURE,
        frame=hit.frame,
    )


def _report(frames: Sequence[Fingerprint], searched: int, indexes: int) -> ChannelReport:
    """Return what the hash channel could do with a picture."""
    if not searched:
        return _NO_REFERENCES
    plain = sum(not _has_structure(frame) for frame in frames)
    if plain:
        which = "the picture has" if len(frames) == 1 else f"{plain} of {len(frames)} frames have"
        reason = f"{which} too little structure for a hash to mean anything"
    elif searched < indexes:
        reason = f"{indexes - searched} of {indexes} indexes hold no references"
    else:
        return _RAN
    return ChannelReport(state=ChannelState.WEAK, reason=reason)
