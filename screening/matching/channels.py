"""What every channel answers to fusion: hits frame by frame, and how far it could look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_index import Fingerprint, Kind, Record, ReferenceIndex
from screening.matching.findings import ChannelEvidence, ChannelReport, ChannelState

Searched = tuple[ReferenceIndex, int]
"""An index and the number of references it holds on the channel, those of cleared records aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One record that scored on one channel against one frame."""

    record: Record
    evidence: ChannelEvidence

    @property
    def rank(self) -> tuple[float, float, str]:
        """Sort key: the least probable first, then the highest score."""
        return self.evidence.false_alarms, -self.evidence.score, self.record.id


class Search(Protocol):
    """Search the indexes with frames that the channel can look at; hits of each frame.

    No cleared record among them, every one at ``note_at`` or rarer, and the ``candidates`` best.
    """

    def __call__(
        self,
        frames: Sequence[Fingerprint],
        searched: Sequence[Searched],
        *,
        note_at: float,
        candidates: int,
    ) -> list[list[Hit]]:
        """Return the hits of each frame, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel as fusion sees it. too_plain: what a frame lacks that it cannot look at."""

    name: str
    sees: Callable[[Fingerprint], bool]
    too_plain: str
    search: Search

    def searched(self, indexes: Sequence[ReferenceIndex]) -> list[Searched]:
        """Return the indexes with references on the channel."""
        counted = [(one, one.references(self.name, without=Kind.CLEARED)) for one in indexes]
        return [(index, references) for index, references in counted if references]

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
