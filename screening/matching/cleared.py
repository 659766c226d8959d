"""Cleared references: findings that an owned, licensed or stock picture explains better.

A finding is explained where the picture resembles the protected reference no more than the cleared
image itself does, and the cleared image is itself found in the picture, there where the finding is.
What is worth a note is looked at piece by piece, in every frame, index and place, not the best of
it alone; a piece that nothing explains leaves the finding as it is:

* hash: each image of the record that is near enough. A cleared image is at least as near to the
  picture, and no farther from the protected one than the picture is.
* local: each place where an image of the record shows. A cleared image shows there too, at least
  as significantly by the features around those that the protected one rests on; and what it leaves
  over of these is not worth a note. So a protected sticker on a cleared photograph stays what it is
  although the photograph is all around it.
* embedding, concept: each window that is alike enough. A cleared image is found as a copy, by hash
  or local features rare enough for a finding, that holds the middle of the window; and one of its
  own vectors scores as high for the record. Words have no vector of what names nothing in an index:
  the window's own value stands for both.

People are never explained: whether they may be shown is a matter of consent. No score, bound or
constant is added here.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from reference_index import Among, Fingerprint, Kind, ReferenceIndex
from reference_index.calibration import NullDistribution
from reference_index.errors import UnknownRecordError
from reference_index.fingerprint import CONCEPT_PREFIX, HASH_BITS, HASH_CHANNEL, LOCAL_CHANNEL
from reference_index.vector_files import is_vector_channel
from screening.matching.channels import Channel, Searched
from screening.matching.cleared_copies import (
    Bound,
    ClearedCopies,
    bits_apart,
    cleared_by,
    order,
)
from screening.matching.findings import ChannelEvidence, ClearedBy, Finding
from screening.matching.hash_channel import HASH
from screening.matching.local import (
    Verified,
    alignments_of,
    covered,
    score_with,
    significance_at,
)
from screening.matching.local_channel import LOCAL
from screening.matching.regions import contains
from screening.matching.vector_channel import of_model, vector_channel

Piece = tuple[float, ClearedBy | None]
"""The score of a resemblance that is worth a note, and what explains it."""


class Explanations:
    """What cleared references explain of one picture's findings.

    frames: of the picture. clearing: the indexes with cleared records. searched: by channel, the
    indexes that were searched. searches, note_at, raw_scores: as in ``match``, of this picture.
    """

    def __init__(
        self,
        frames: Sequence[Fingerprint],
        clearing: Sequence[ReferenceIndex],
        searched: Mapping[str, Sequence[Searched]],
        *,
        searches: int,
        note_at: float,
        raw_scores: Mapping[str, float],
    ) -> None:
        self._frames, self._searched = tuple(frames), searched
        self._searches, self._note_at, self._raw_scores = searches, note_at, raw_scores
        self._cleared = ClearedCopies(clearing, self._bound)

    def of(self, finding: Finding) -> ClearedBy | None:
        """Return the cleared reference that explains a finding, where all of it is explained."""
        if finding.record.kind is Kind.PERSON:
            return None
        said = [
            self._on_channel(one.channel, finding.record.id)
            for one in finding.channels
            if self._counts(one)
        ]
        return said[0] if said and all(said) else None

    def _counts(self, evidence: ChannelEvidence) -> bool:
        """Tell whether what a channel says would alone be worth a note."""
        raw_score = self._raw_scores.get(evidence.channel, math.inf)
        return (
            evidence.false_alarms * self._searches <= self._note_at or evidence.score >= raw_score
        )

    def _on_channel(self, name: str, record_id: str) -> ClearedBy | None:
        """Return what explains the best of a record on a channel, None unless all is explained."""
        explained = []
        for score, by in self._pieces(name, record_id):
            if by is None:
                return None
            explained.append((-score, order(by), by))
        return min(explained, key=lambda one: one[:2])[-1] if explained else None

    def _pieces(self, name: str, record_id: str) -> Iterator[Piece]:
        """Yield what of a record is worth a note on a channel; nothing where no way explains it."""
        channel: Channel
        pieces_of: Callable[[Fingerprint, ReferenceIndex, str, Bound], Iterator[Piece]]
        if name == HASH_CHANNEL:
            channel, pieces_of = HASH, self._by_hash
        elif name == LOCAL_CHANNEL and any(map(self._cleared.shown, self._frames)):
            channel, pieces_of = LOCAL, self._by_local
        elif is_vector_channel(name) and any(map(self._cleared.copies, self._frames)):
            channel, pieces_of = vector_channel(name), partial(self._by_vectors, name)
        else:
            return
        for one in self._searched[name]:
            if _protects(one.index, record_id):
                for frame in self._frames:
                    if units := channel.units(frame):
                        bound = self._bound(name, one.null, one.references * units)
                        yield from pieces_of(frame, one.index, record_id, bound)

    def _bound(self, name: str, null: NullDistribution, references: int) -> Bound:
        return Bound(
            null=null,
            references=references,
            searches=self._searches,
            note_at=self._note_at,
            raw_score=self._raw_scores.get(name, math.inf),
        )

    def _by_hash(
        self, frame: Fingerprint, index: ReferenceIndex, record_id: str, bound: Bound
    ) -> Iterator[Piece]:
        seen = frame.hashes.codes
        rows = [row for image in index.images(record_id) for row in index.codes_of(image.id)]
        near = [(n, row) for row in rows if bound.met(HASH_BITS - (n := bits_apart(seen, row)))]
        if not near:
            return
        cleared = self._cleared.nearest(frame, max_bits=min(bits for bits, _ in near))
        for bits, row in near:
            explaining = (by for by, code in cleared if bits_apart(code[None], row) <= bits)
            yield float(HASH_BITS - bits), next(explaining, None)

    def _by_local(
        self, frame: Fingerprint, index: ReferenceIndex, record_id: str, bound: Bound
    ) -> Iterator[Piece]:
        cleared = self._cleared.shown(frame)
        for one in alignments_of(frame, index, record_id):
            score = score_with(one, np.ones(len(one.pairs)))
            if bound.met(score):
                yield score, _by_features(one, cleared, frame, bound)

    def _by_vectors(
        self,
        name: str,
        frame: Fingerprint,
        index: ReferenceIndex,
        record_id: str,
        bound: Bound,
    ) -> Iterator[Piece]:
        one = of_model(frame, name)
        if one is None:
            return
        copies = self._cleared.copies(frame)

        def score_of(vectors: npt.NDArray[np.float32], neutral: float) -> float:
            """Return the best score of the record against vectors; -inf where all are low."""
            words = name.startswith(CONCEPT_PREFIX)
            near = index.search_vectors(
                name,
                vectors,
                k=0,
                min_score=bound.least,
                strangers=None if words else one.strangers,
                neutral=np.full(len(vectors), neutral, np.float32) if words else None,
                among=Among.PROTECTED,
            )
            scores = (n.score for those in near for n in those if n.record_id == record_id)
            return max(scores, default=-math.inf)

        for vector, box, neutral in zip(
            one.vectors, one.boxes.tolist(), one.neutral.tolist(), strict=True
        ):
            score = score_of(vector[None], neutral)
            if not bound.met(score):
                continue
            middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            explaining = (
                replace(copy.by, channel=name)
                for copy in copies
                if contains(copy.region, middle)
                and len(vectors := copy.vectors(one))
                and score_of(vectors, neutral) >= score
            )
            yield score, next(explaining, None)


def _by_features(
    one: Verified, cleared: Sequence[Verified], frame: Fingerprint, bound: Bound
) -> ClearedBy | None:
    """Return the cleared image that shows best where another one does, and leaves nothing over."""
    own = significance_at(one, covered(one, one.places, frame))
    found = []
    for other in cleared:
        theirs = significance_at(other, covered(other, one.places, frame))
        left = np.where(covered(one, other.places, frame), 0.0, 1.0)
        if theirs >= own and not bound.met(score_with(one, left)):
            by = cleared_by(other.index, other.candidate.image_id, LOCAL_CHANNEL)
            found.append((-theirs, order(by), by))
    return min(found, key=lambda one: one[:2])[-1] if found else None


def _protects(index: ReferenceIndex, record_id: str) -> bool:
    """Tell whether a record is among those that findings in an index may be of."""
    try:
        return index.record(record_id).kind is not Kind.CLEARED
    except UnknownRecordError:
        return False
