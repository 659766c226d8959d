"""What every channel answers to fusion: hits frame by frame, and how far it could look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_index import Fingerprint, Kind, Record, ReferenceIndex
from reference_index.calibration import CalibrationState, NullDistribution
from screening.matching.findings import (
    WHOLE_PICTURE,
    ChannelEvidence,
    ChannelReport,
    ChannelState,
    Quad,
)
from screening.matching.nulls import null_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One record that scored on one channel against one frame, by the best of its images.

    score: raw, higher is closer; nothing is said of chance. The rest as in ChannelEvidence.
    """

    index: ReferenceIndex
    record_id: str
    image_id: int
    score: float
    transform: str
    region: Quad = WHOLE_PICTURE
    reference_region: Quad = WHOLE_PICTURE
    share: float = 1.0
    reference_share: float = 1.0
    inliers: int | None = None


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

    def hit(self, scored: Scored, *, frame: int) -> Hit:
        """Return what a score in this index says of chance."""
        evidence = ChannelEvidence(
            channel=self.null.channel,
            score=scored.score,
            unit=self.null.unit,
            false_alarms=self.null.false_alarms(scored.score, references=self.references),
            extrapolated=self.null.extrapolated(scored.score),
            measured_to=self.null.measured_to(references=self.references),
            calibration=self.calibration,
            reference_image=self.index.image(scored.image_id).sha256,
            transform=scored.transform,
            frame=frame,
            region=scored.region,
            reference_region=scored.reference_region,
            share=scored.share,
            reference_share=scored.reference_share,
            inliers=scored.inliers,
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

    unit: of its scores, which are whole steps apart if discrete. too_plain: what a frame lacks
    that it cannot look at.
    """

    name: str
    unit: str
    discrete: bool
    sees: Callable[[Fingerprint], bool]
    too_plain: str
    search: Search

    def references(self, index: ReferenceIndex) -> int:
        """Return the number of references on the channel, those of cleared records aside."""
        return index.references(self.name, without=Kind.CLEARED)

    def searched(self, indexes: Sequence[ReferenceIndex]) -> list[Searched]:
        """Return the indexes with references on the channel. Raises CalibrationError."""
        found = []
        for index in indexes:
            if references := self.references(index):
                null, state = null_of(index, self.name)
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
            [places[scored.index.uuid].hit(scored, frame=frame.frame) for scored in those]
            for frame, those in zip(frames, found, strict=True)
        ]

    def report(
        self, frames: Sequence[Fingerprint], indexes: Sequence[ReferenceIndex], *, searched: int
    ) -> ChannelReport:
        """Return what the channel could do with the frames of a picture.

        searched: how many of the indexes have references on the channel.
        """
        without = [index for index in indexes if self.name not in index.channels]
        if without:
            return ChannelReport(
                state=ChannelState.WEAK if searched else ChannelState.UNAVAILABLE,
                reason=f"index {without[0].path} was built without the {self.name} channel",
                mend="enroll its works again into a new index",
            )
        if not searched:
            return ChannelReport(state=ChannelState.NO_REFERENCES)
        plain = sum(not self.sees(frame) for frame in frames)
        if plain:
            which = (
                "the picture has" if len(frames) == 1 else f"{plain} of {len(frames)} frames have"
            )
            return ChannelReport(state=ChannelState.WEAK, reason=f"{which} {self.too_plain}")
        if searched < len(indexes):
            reason = f"{len(indexes) - searched} of {len(indexes)} indexes hold no references"
            return ChannelReport(state=ChannelState.WEAK, reason=reason)
        return ChannelReport(state=ChannelState.RAN)
