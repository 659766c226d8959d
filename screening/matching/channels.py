"""What every channel answers to fusion: hits frame by frame, and how far it could look."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_index import Fingerprint, Record, ReferenceIndex
from reference_index.calibration import CalibrationState, NullDistribution
from screening.matching.findings import (
    WHOLE_PICTURE,
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    FaceSeen,
    NameSeen,
    Quad,
)
from screening.matching.nulls import null_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One record that scored on one channel against one frame, by the best of its images.

    image_id: None where the record's words matched. score: raw, higher is closer; nothing is said
    of chance. The rest as in ChannelEvidence.
    """

    index: ReferenceIndex
    record_id: str
    image_id: int | None
    score: float
    transform: str
    region: Quad = WHOLE_PICTURE
    reference_region: Quad = WHOLE_PICTURE
    share: float = 1.0
    reference_share: float = 1.0
    inliers: int | None = None
    face: FaceSeen | None = None
    named: NameSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One record that scored on one channel against one frame, and how far chance explains it."""

    record: Record
    evidence: ChannelEvidence

    @property
    def rank(self) -> tuple[float, float, str]:
        """Sort key: the least probable first, then the highest score."""
        return self.evidence.false_alarms, -self.evidence.score, self.record.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """An index with references on a channel, those of cleared records aside, and its null."""

    index: ReferenceIndex
    references: int
    null: NullDistribution
    calibration: CalibrationState

    def is_mute(self, note_at: float) -> bool:
        """Tell whether no score, however high, is at so many false alarms or rarer."""
        return self.null.score_at(note_at, references=self.references) == math.inf

    def hit(self, scored: Scored, *, frame: int, units: int) -> Hit:
        """Return what a score in this index says of chance, when so many units were compared."""
        count = self.references * units
        evidence = ChannelEvidence(
            channel=self.null.channel,
            score=scored.score,
            unit=self.null.unit,
            false_alarms=self.null.false_alarms(scored.score, references=count),
            extrapolated=self.null.extrapolated(scored.score),
            measured_to=self.null.measured_to(references=count),
            calibration=self.calibration,
            reference_image=self.index.image(scored.image_id).sha256 if scored.image_id else "",
            transform=scored.transform,
            frame=frame,
            region=scored.region,
            reference_region=scored.reference_region,
            share=scored.share,
            reference_share=scored.reference_share,
            inliers=scored.inliers,
            face=scored.face,
            named=scored.named,
        )
        return Hit(record=self.index.record(scored.record_id), evidence=evidence)


class Search(Protocol):
    """Search indexes with frames that the channel can look at; what scored against each frame.

    No cleared record among them. All that score at least min_scores[i] in indexes[i], and the
    ``best`` of each index, fewer only where no more score at all.
    """

    def __call__(
        self,
        frames: Sequence[Fingerprint],
        indexes: Sequence[ReferenceIndex],
        *,
        min_scores: Sequence[float],
        best: int,
    ) -> list[list[Scored]]:
        """Return what scored against each frame, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as fusion sees it.

    unit: of its scores, which are whole steps apart if discrete. references: how many an index
    holds for it, those of cleared records aside. units: how many parts of a frame are compared,
    each with every reference; 0 where the channel has nothing to look at. gap: what is to be said
    of frames that were not looked at wholly, None where they all were. everywhere: whether every
    index should have references on it.
    """

    name: str
    unit: str
    discrete: bool
    references: Callable[[ReferenceIndex], int]
    units: Callable[[Fingerprint], int]
    gap: Callable[[Sequence[Fingerprint]], ChannelReport | None]
    search: Search
    everywhere: bool = True

    def searched(self, indexes: Sequence[ReferenceIndex]) -> list[Searched]:
        """Return the indexes with references on the channel and figures for it.

        Raises CalibrationError.
        """
        found = []
        for index in indexes:
            references = self.references(index)
            if references and (figures := null_of(index, self.name)):
                null, state = figures
                found.append(
                    Searched(index=index, references=references, null=null, calibration=state)
                )
        return found

    def hits(
        self,
        frames: Sequence[Fingerprint],
        searched: Sequence[Searched],
        *,
        note_at: float,
        raw_score: float,
        candidates: int,
    ) -> list[list[Hit]]:
        """Return the hits of each frame: all at ``note_at`` or rarer, or from ``raw_score`` on.

        And the best candidates.
        """
        places = {one.index.uuid: one for one in searched}
        found = self.search(
            frames,
            [one.index for one in searched],
            min_scores=[
                min(one.null.score_at(note_at, references=one.references), raw_score)
                for one in searched
            ],
            best=candidates,
        )
        return [
            [
                places[scored.index.uuid].hit(scored, frame=frame.frame, units=self.units(frame))
                for scored in those
            ]
            for frame, those in zip(frames, found, strict=True)
        ]

    def report(
        self,
        frames: Sequence[Fingerprint],
        indexes: Sequence[ReferenceIndex],
        *,
        searched: int,
        mute: Sequence[Searched] = (),
    ) -> ChannelReport:
        """Return what the channel could do with the frames of a picture.

        searched: how many of the indexes were searched on it. mute: those of them in which no score
        is rare enough to be told.
        """
        without = [index for index in indexes if self.name not in index.channels]
        if self.everywhere and without:
            return ChannelReport(
                state=ChannelState.WEAK if searched else ChannelState.UNAVAILABLE,
                reason=f"index {without[0].path} was built without the {self.name} channel",
                mend="enroll its works again into a new index",
            )
        if not any(map(self.references, indexes)):
            return ChannelReport(state=ChannelState.NO_REFERENCES)
        unknown = [i.path for i in indexes if self.references(i) and not null_of(i, self.name)]
        if unknown and any(map(self.units, frames)):
            return ChannelReport(
                state=ChannelState.WEAK if searched else ChannelState.UNAVAILABLE,
                reason=f"no null figures ship for what index {unknown[0]} was built with",
                mend=f"screening calibrate {unknown[0]} --background FOLDER",
            )
        muted = _muted(mute) if any(map(self.units, frames)) else None
        if report := muted or self.gap(frames):
            return report
        if self.everywhere and searched < len(indexes):
            reason = f"{len(indexes) - searched} of {len(indexes)} indexes hold no references"
            return ChannelReport(state=ChannelState.WEAK, reason=reason)
        return ChannelReport(state=ChannelState.RAN)


def _muted(mute: Sequence[Searched]) -> ChannelReport | None:
    """Return what is to be said of indexes in which no score is rare enough to be told."""
    if not mute:
        return None
    place = mute[0].index.path
    return ChannelReport(
        state=ChannelState.WEAK,
        reason=f"index {place} was calibrated with too few images for any score to count",
        mend=f"screening calibrate {place} --background FOLDER, with more images",
    )


def too_plain(
    units: Callable[[Fingerprint], int], what: str
) -> Callable[[Sequence[Fingerprint]], ChannelReport | None]:
    """Return the gap of a channel that cannot look at some frames; what these have, in words."""

    def gap(frames: Sequence[Fingerprint]) -> ChannelReport | None:
        plain = sum(not units(frame) for frame in frames)
        if not plain:
            return None
        which = "the picture has" if len(frames) == 1 else f"{plain} of {len(frames)} frames have"
        return ChannelReport(state=ChannelState.WEAK, reason=f"{which} {what}")

    return gap
