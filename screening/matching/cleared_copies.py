"""Which cleared images are found in a frame, and where: as findings are, were they protected."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_index import Among, Fingerprint, Kind, ReferenceIndex
from reference_index.calibration import NullDistribution
from reference_index.fingerprint import (
    EMBEDDING_PREFIX,
    HASH_BITS,
    HASH_CHANNEL,
    LOCAL_CHANNEL,
    Embedding,
)
from screening.matching.findings import WHOLE_PICTURE, ClearedBy, Quad
from screening.matching.hash_channel import HASH
from screening.matching.local import Verified, cleared_alignments, region_of, score_with
from screening.matching.local_channel import LOCAL
from screening.matching.nulls import null_of

Codes = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """From which score on a resemblance is worth a note, alone.

    references: that were compared. searches, note_at: as in ``match``, of one picture. raw_score:
    worth it however many false alarms it has.
    """

    null: NullDistribution
    references: int
    searches: int
    note_at: float
    raw_score: float = math.inf

    def met(self, score: float) -> bool:
        """Tell whether it is rare enough by itself, or high enough."""
        rate = self.null.false_alarms(score, references=self.references)
        return rate * self.searches <= self.note_at or score >= self.raw_score

    @property
    def least(self) -> float:
        """A score below which none is."""
        return min(self.null.score_at(self.note_at, references=self.references), self.raw_score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A cleared image that is found in a frame, and where: corners in fractions of its sides."""

    index: ReferenceIndex
    image_id: int
    region: Quad
    by: ClearedBy

    def vectors(self, one: Embedding) -> Vectors:
        """Return its vectors by the weights of an embedding, none where it has none by these."""
        channel = f"{EMBEDDING_PREFIX}{one.model}"
        if self.index.settings.get(channel) != one.settings:
            return np.empty((0, 0), np.float32)
        return self.index.vectors_of(channel, self.image_id)


class ClearedCopies:
    """The cleared images in the frames of one picture, each frame looked through once.

    clearing: the indexes with cleared records. bound: from channel, null and number of references
    to what is worth a note.
    """

    def __init__(
        self,
        clearing: Sequence[ReferenceIndex],
        bound: Callable[[str, NullDistribution, int], Bound],
    ) -> None:
        self._clearing, self._bound = tuple(clearing), bound
        self._shown: dict[int, list[Verified]] = {}
        self._found: dict[int, list[Copy]] = {}

    def nearest(self, frame: Fingerprint, *, max_bits: int) -> list[tuple[ClearedBy, Codes]]:
        """Return the hashes, uint8 (32,), within so many bits of a frame, nearest first."""
        seen = frame.hashes.codes
        near = []
        for index in self._clearing:
            (found,) = index.search_hashes(
                seen[None], k=0, min_score=HASH_BITS - max_bits, among=Among.CLEARED
            )
            for one in found:
                by = cleared_by(index, one.image_id, HASH_CHANNEL)
                codes = index.codes_of(one.image_id)
                near += [(bits_apart(seen, code), by, code) for code in codes]
        near = [one for one in near if one[0] <= max_bits]
        near.sort(key=lambda one: (one[0], order(one[1])))
        return [(by, code) for _, by, code in near]

    def shown(self, frame: Fingerprint) -> list[Verified]:
        """Return every place where local features of cleared images show in a frame."""
        if frame.frame not in self._shown:
            looked = self._clearing if LOCAL.units(frame) else ()
            self._shown[frame.frame] = [
                one for index in looked for one in cleared_alignments(frame, index)
            ]
        return self._shown[frame.frame]

    def copies(self, frame: Fingerprint) -> list[Copy]:
        """Return those that would be findings, were they protected, by title."""
        if frame.frame not in self._found:
            found = [*self._whole(frame), *self._parts(frame)]
            self._found[frame.frame] = sorted(found, key=lambda one: order(one.by))
        return self._found[frame.frame]

    def _whole(self, frame: Fingerprint) -> Iterator[Copy]:
        for index in self._clearing if HASH.units(frame) else ():
            if bound := self._among(index, HASH_CHANNEL):
                codes = frame.hashes.codes[None]
                (found,) = index.search_hashes(
                    codes, k=0, min_score=bound.least, among=Among.CLEARED
                )
                for one in found:
                    if bound.met(one.score):
                        by = cleared_by(index, one.image_id, HASH_CHANNEL)
                        yield Copy(index=index, image_id=one.image_id, region=WHOLE_PICTURE, by=by)

    def _parts(self, frame: Fingerprint) -> Iterator[Copy]:
        for one in self.shown(frame):
            bound = self._among(one.index, LOCAL_CHANNEL)
            if bound and bound.met(score_with(one, np.ones(len(one.pairs)))):
                image = one.candidate.image_id
                by = cleared_by(one.index, image, LOCAL_CHANNEL)
                yield Copy(index=one.index, image_id=image, region=region_of(one, frame), by=by)

    def _among(self, index: ReferenceIndex, channel: str) -> Bound | None:
        """Return what is rare enough among the cleared references of an index, None without any."""
        count = index.references(channel) - index.references(channel, without=Kind.CLEARED)
        figures = null_of(index, channel) if count else None
        return self._bound(channel, figures[0], count) if figures else None


def cleared_by(index: ReferenceIndex, image_id: int, channel: str) -> ClearedBy:
    """Return what is told of a cleared image that explains something on a channel."""
    image = index.image(image_id)
    return ClearedBy(
        record_id=image.record_id,
        title=index.record(image.record_id).title,
        channel=channel,
        reference_image=image.sha256,
    )


def order(by: ClearedBy) -> tuple[str, str, str]:
    """Return a sort key that says the same in whatever order indexes and records come."""
    return by.title, by.record_id, by.reference_image


def bits_apart(codes: Codes, code: Codes) -> int:
    """Return in how many bits a hash, uint8 (32,), differs from the nearest of (n, 32)."""
    return int(np.bitwise_count(codes ^ code).sum(axis=1).min())
