"""The hash channel: whole pictures that are near-exact copies, mirrored and turned ones too."""

from collections.abc import Sequence

import numpy as np

from reference_index import Fingerprint, Kind
from reference_index.fingerprint import HASH_CHANNEL, ISOMETRIES
from screening.matching.channels import Channel, Hit, Searched
from screening.matching.findings import WHOLE_PICTURE, ChannelEvidence, Quad
from screening.matching.nulls import default_null
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


def _has_structure(frame: Fingerprint) -> bool:
    return frame.hashes.structure >= MIN_STRUCTURE


def _search(
    frames: Sequence[Fingerprint], searched: Sequence[Searched], *, note_at: float, candidates: int
) -> list[list[Hit]]:
    """Search all frames in one batch."""
    null = default_null(HASH_CHANNEL)
    hits: list[list[Hit]] = [[] for _ in frames]
    codes = np.array([frame.hashes.codes for frame in frames])
    for index, references in searched if frames else ():
        found = index.search_hashes(
            codes, k=candidates, min_score=null.score_at(note_at, references=references)
        )
        for frame, best, into in zip(frames, found, hits, strict=True):
            for candidate in best:
                record = index.record(candidate.record_id)
                if record.kind is Kind.CLEARED:
                    continue
                evidence = ChannelEvidence(
                    channel=HASH_CHANNEL,
                    score=candidate.score,
                    unit=null.unit,
                    false_alarms=null.false_alarms(candidate.score, references=references),
                    extrapolated=null.extrapolated(candidate.score),
                    measured_to=null.measured_to(references=references),
                    calibration="default",
                    reference_image=index.image(candidate.image_id).sha256,
                    transform=ISOMETRIES[candidate.isometry],
                    frame=frame.frame,
                    region=_CORNERS[candidate.isometry],
                )
                into.append(Hit(record=record, evidence=evidence))
    return hits


HASH = Channel(
    name=HASH_CHANNEL,
    sees=_has_structure,
    too_plain="too little structure for a hash to mean anything",
    search=_search,
)
