"""The hash channel: whole pictures that are near-exact copies, mirrored and turned ones too."""

from collections.abc import Sequence

import numpy as np

from reference_index import Among, Fingerprint, Kind, ReferenceIndex
from reference_index.fingerprint import HASH_BITS, HASH_CHANNEL, ISOMETRIES
from screening.matching.channels import Channel, Scored, too_plain
from screening.matching.findings import WHOLE_PICTURE, Quad
from screening.signals import MIN_STRUCTURE

_A, _B, _C, _D = WHOLE_PICTURE
_CORNERS: tuple[Quad, ...] = (
    (_A, _B, _C, _D),
    (_B, _A, _D, _C),
    (_D, _C, _B, _A),
    (_C, _D, _A, _B),
    (_A, _D, _C, _B),
    (_B, _C, _D, _A),
    (_D, _A, _B, _C),
    (_C, _B, _A, _D),
)
"""Where the reference's corners show in the picture under each of ISOMETRIES."""


def _references(index: ReferenceIndex) -> int:
    return index.references(HASH_CHANNEL, without=Kind.CLEARED)


def _units(frame: Fingerprint) -> int:
    return int(frame.hashes.structure >= MIN_STRUCTURE)


def _search(
    frames: Sequence[Fingerprint],
    indexes: Sequence[ReferenceIndex],
    *,
    min_scores: Sequence[float],
    best: int,
) -> list[list[Scored]]:
    """Search all frames in one batch."""
    found: list[list[Scored]] = [[] for _ in frames]
    if not frames:
        return found
    codes = np.array([frame.hashes.codes for frame in frames])
    for index, min_score in zip(indexes, min_scores, strict=True):
        near = index.search_hashes(codes, k=best, min_score=min_score, among=Among.PROTECTED)
        for into, candidates in zip(found, near, strict=True):
            into.extend(
                Scored(
                    index=index,
                    record_id=candidate.record_id,
                    image_id=candidate.image_id,
                    score=candidate.score,
                    transform=ISOMETRIES[candidate.isometry],
                    region=_CORNERS[candidate.isometry],
                )
                for candidate in candidates
            )
    return found


HASH = Channel(
    name=HASH_CHANNEL,
    unit=f"bits of {HASH_BITS} alike",
    discrete=True,
    references=_references,
    units=_units,
    gap=too_plain(_units, "too little structure for a hash to mean anything"),
    search=_search,
)
