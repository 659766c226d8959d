"""Search every index on every channel with what was extracted, and fuse what comes back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from reference_index import Fingerprint, ReferenceIndex
from screening.matching.channels import Channel, Hit, Searched
from screening.matching.cleared import Explanations
from screening.matching.face_channel import DRAWN_FACE, FACE
from screening.matching.findings import (
    WHOLE_PICTURE,
    ChannelReport,
    ChannelState,
    Finding,
    RankedCandidate,
)
from screening.matching.hash_channel import HASH
from screening.matching.local_channel import LOCAL
from screening.matching.name_channel import Names
from screening.matching.settings import NAME_CHANNEL
from screening.matching.vector_channel import vector_channels
from screening.names import Said

CHANNELS = (HASH, LOCAL, FACE, DRAWN_FACE)
"""Those that every index may have; those of models depend on what it was built with."""

_NONE: Mapping[str, Any] = MappingProxyType({})


def channels_of(indexes: Sequence[ReferenceIndex]) -> tuple[Channel, ...]:
    """Return the channels on which some indexes can be searched."""
    return (*CHANNELS, *vector_channels(indexes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """What the search said of one picture: findings strongest first, and the K best records."""

    findings: tuple[Finding, ...]
    candidates: tuple[RankedCandidate, ...]
    channels: dict[str, ChannelReport]


def match(
    pictures: Sequence[Sequence[Fingerprint]],
    indexes: Sequence[ReferenceIndex],
    *,
    note_at: float,
    raw_scores: Mapping[str, float] = _NONE,
    candidates: int = 0,
    known: Mapping[str, ChannelReport] = _NONE,
    names: Names | None = None,
    said: Sequence[Sequence[Said]] = (),
) -> list[Matches]:
    """Compare pictures (each a sequence of frames) with the indexes, all in one batch.

    Findings are the records at ``note_at`` false alarms per image or rarer, and those that reach
    the raw score given for a channel, however many false alarms it has. The best value of a record
    over channels, frames and indexes is multiplied by the number of searches that ran on the
    picture (channels times indexes with references on them, times distinct frames), the same number
    for every record: a bound on the expected number of unrelated records, whatever the searches
    share. Cleared records count nowhere: not as references, not as findings, not as candidates; a
    finding that one explains better is told with it and otherwise the same, see ``cleared``.
    known: by channel, what is to be said of it whatever it does: one that is unavailable is not
    searched, one that is weak is so also where it ran, and one that no index has is told as it
    is. names: of the same indexes; said: for each picture, what went into its generator, searched
    for them, so that one record may be found by what is shown and by what was asked for. Raises
    CalibrationError where an index was calibrated with other settings.
    """
    frames = [(picture, frame) for picture, those in enumerate(pictures) for frame in those]
    hits: list[list[Hit]] = [[] for _ in pictures]
    searches = [0] * len(pictures)
    reports: list[dict[str, ChannelReport]] = [{} for _ in pictures]
    searched_on: dict[str, list[Searched]] = {}
    for channel in channels_of(indexes):
        told = known.get(channel.name)
        off = told is not None and told.state is ChannelState.UNAVAILABLE
        searched = [] if off else channel.searched(indexes)
        searched_on[channel.name] = searched
        raw_score = raw_scores.get(channel.name, math.inf)
        mute = [one for one in searched if one.is_mute(note_at) and raw_score == math.inf]
        seen = [(picture, frame) for picture, frame in frames if channel.units(frame)]
        found = channel.hits(
            [frame for _, frame in seen],
            searched,
            note_at=note_at,
            raw_score=raw_score,
            candidates=candidates,
        )
        for (picture, _), those in zip(seen, found, strict=True):
            hits[picture] += those
            searches[picture] += len(searched)
        for those_frames, report in zip(pictures, reports, strict=True):
            ran = channel.report(those_frames, indexes, searched=len(searched), mute=mute)
            worse = told and (off or ran.state is ChannelState.RAN)
            report[channel.name] = told if told and worse else ran
    for picture, texts in enumerate(said if names else ()):
        assert names is not None
        named, count = names.hits(
            texts, note_at=note_at, raw_scores=raw_scores, candidates=candidates
        )
        hits[picture] += named
        searches[picture] += count
        reports[picture][NAME_CHANNEL] = names.report(texts, note_at=note_at, raw_scores=raw_scores)
    for report in reports:
        report |= {name: told for name, told in known.items() if name not in report}
    matched = [
        _fuse(
            hits[picture],
            searches=searches[picture],
            reports=reports[picture],
            note_at=note_at,
            raw_scores=raw_scores,
            candidates=candidates,
        )
        for picture in range(len(pictures))
    ]
    clearing = [index for index in indexes if index.has_cleared]
    if not clearing:
        return matched
    return [
        _cleared(
            one,
            Explanations(
                those,
                clearing,
                searched_on,
                searches=number,
                note_at=note_at,
                raw_scores=raw_scores,
            ),
        )
        for one, those, number in zip(matched, pictures, searches, strict=True)
    ]


def match_texts(
    said: Sequence[Said],
    names: Names,
    *,
    note_at: float,
    raw_scores: Mapping[str, float] = _NONE,
    candidates: int = 0,
) -> Matches:
    """Compare texts alone with the names of some indexes, as ``match`` does beside a picture."""
    hits, searches = names.hits(said, note_at=note_at, raw_scores=raw_scores, candidates=candidates)
    report = names.report(said, note_at=note_at, raw_scores=raw_scores)
    return _fuse(
        hits,
        searches=searches,
        reports={NAME_CHANNEL: report},
        note_at=note_at,
        raw_scores=raw_scores,
        candidates=candidates,
    )


def _cleared(matches: Matches, explanations: Explanations) -> Matches:
    """Return the same findings, those marked that a cleared reference explains."""
    marked = (replace(one, cleared=explanations.of(one)) for one in matches.findings)
    return replace(matches, findings=tuple(marked))


def _fuse(
    hits: list[Hit],
    *,
    searches: int,
    reports: dict[str, ChannelReport],
    note_at: float,
    raw_scores: Mapping[str, float],
    candidates: int,
) -> Matches:
    """Return findings and candidates of one picture from its hits."""
    by_record: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=lambda hit: hit.rank):
        by_record.setdefault(hit.record.id, []).append(hit)
    return Matches(
        findings=tuple(
            _finding(telling, searches, raw_scores)
            for those in by_record.values()
            if (telling := _telling(those, searches, note_at, raw_scores))
        ),
        candidates=tuple(
            RankedCandidate(
                record=best.record,
                channel=best.evidence.channel,
                score=best.evidence.score,
                false_alarms=best.evidence.false_alarms * searches,
            )
            for best, *_ in list(by_record.values())[:candidates]
        ),
        channels=reports,
    )


def _telling(
    hits: Sequence[Hit], searches: int, note_at: float, raw_scores: Mapping[str, float]
) -> list[Hit]:
    """Return the hits of what tells of a record: the picture, the prompt, the names of models.

    What a picture shows says nothing of a record that was merely named, nor the other way around.
    """
    parts = {
        _part(hit)
        for hit in hits
        if hit.evidence.false_alarms * searches <= note_at or _reaches(hit, raw_scores)
    }
    return [hit for hit in hits if _part(hit) in parts]


def _part(hit: Hit) -> str:
    return hit.evidence.channel if hit.evidence.named else ""


def _reaches(hit: Hit, raw_scores: Mapping[str, float]) -> bool:
    return hit.evidence.score >= raw_scores.get(hit.evidence.channel, math.inf)


def _finding(hits: Sequence[Hit], searches: int, raw_scores: Mapping[str, float]) -> Finding:
    """Return the finding of one record from its hits, the best first: the best of each channel.

    Of a channel whose raw score some reach, the best of those: in another index the same score may
    be less rare. Of the channels that see the finding in the same frame, one that sees where it is
    tells the region; words see nothing.
    """
    ranked = sorted(hits, key=lambda hit: not _reaches(hit, raw_scores))
    each = {hit.evidence.channel: hit for hit in reversed(ranked)}
    those = sorted(each.values(), key=lambda hit: hit.rank)
    channels = tuple(hit.evidence for hit in those)
    best = channels[0]
    pictured = [one for one in channels if one.named is None] or channels
    frame = pictured[0].frame
    regions = (e.region for e in pictured if e.frame == frame and e.located)
    return Finding(
        record=hits[0].record,
        false_alarms=best.false_alarms * searches,
        measured_to=min(max(e.false_alarms, e.measured_to) for e in channels) * searches,
        channels=channels,
        region=next(regions, WHOLE_PICTURE),
        frame=frame,
    )
