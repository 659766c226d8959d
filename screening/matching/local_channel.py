"""The local channel: parts of pictures, wherever and however they show."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from reference_index import Fingerprint, Kind, ReferenceIndex
from reference_index.fingerprint import LOCAL_CHANNEL
from screening.matching.channels import Channel, Scored, too_plain
from screening.matching.local import LocalMatch, local_matches
from screening.signals import MIN_FEATURES


def _references(index: ReferenceIndex) -> int:
    return index.references(LOCAL_CHANNEL, without=Kind.CLEARED)


def _units(frame: Fingerprint) -> int:
    return int(len(frame.local) >= MIN_FEATURES)


def _search(
    frames: Sequence[Fingerprint],
    indexes: Sequence[ReferenceIndex],
    *,
    min_scores: Sequence[float],
    best: int,
) -> list[list[Scored]]:
    """Search the frames on several threads: most of the work is done outside of Python."""
    del min_scores, best  # every match is given: few unrelated pictures have any

    def found(frame: Fingerprint) -> list[Scored]:
        return [*map(_scored, local_matches(frame, indexes))] if indexes else []

    if len(frames) < 2:
        return [found(frame) for frame in frames]
    with ThreadPoolExecutor(min(len(frames), os.cpu_count() or 1)) as threads:
        return list(threads.map(found, frames))


def _scored(match: LocalMatch) -> Scored:
    return Scored(
        index=match.index,
        record_id=match.record_id,
        image_id=match.image_id,
        score=match.score,
        transform=match.transform,
        region=match.region,
        reference_region=match.reference_region,
        share=match.share,
        reference_share=match.reference_share,
        inliers=match.inliers,
    )


LOCAL = Channel(
    name=LOCAL_CHANNEL,
    unit="log significance",
    discrete=False,
    references=_references,
    units=_units,
    gap=too_plain(_units, "too few local features for silence to mean anything"),
    search=_search,
)
