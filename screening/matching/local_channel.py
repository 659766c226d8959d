"""The local channel: parts of pictures, wherever and however they show."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from reference_index import Fingerprint
from reference_index.fingerprint import LOCAL_CHANNEL
from screening.matching.channels import Channel, Hit, Searched
from screening.matching.findings import ChannelEvidence
from screening.matching.local import LocalMatch, local_matches
from screening.matching.nulls import default_null
from screening.signals import MIN_FEATURES


def _has_features(frame: Fingerprint) -> bool:
    return len(frame.local) >= MIN_FEATURES


def _search(
    frames: Sequence[Fingerprint], searched: Sequence[Searched], *, note_at: float, candidates: int
) -> list[list[Hit]]:
    """Search the frames on several threads: most of the work is done outside of Python."""
    del note_at, candidates  # every match is given: few unrelated pictures have any
    indexes = [index for index, _ in searched]
    references = {index.uuid: number for index, number in searched}

    def hits(frame: Fingerprint) -> list[Hit]:
        found = local_matches(frame, indexes) if indexes else ()
        return [_hit(match, frame, references[match.index.uuid]) for match in found]

    if len(frames) < 2:
        return [hits(frame) for frame in frames]
    with ThreadPoolExecutor(min(len(frames), os.cpu_count() or 1)) as threads:
        return list(threads.map(hits, frames))


def _hit(match: LocalMatch, frame: Fingerprint, references: int) -> Hit:
    null = default_null(LOCAL_CHANNEL)
    evidence = ChannelEvidence(
        channel=LOCAL_CHANNEL,
        score=match.score,
        unit=null.unit,
        false_alarms=null.false_alarms(match.score, references=references),
        extrapolated=null.extrapolated(match.score),
        measured_to=null.measured_to(references=references),
        calibration="default",
        reference_image=match.index.image(match.image_id).sha256,
        transform=match.transform,
        frame=frame.frame,
        region=match.region,
        reference_region=match.reference_region,
        share=match.share,
        reference_share=match.reference_share,
        inliers=match.inliers,
    )
    return Hit(record=match.index.record(match.record_id), evidence=evidence)


LOCAL = Channel(
    name=LOCAL_CHANNEL,
    sees=_has_features,
    too_plain="too few local features for silence to mean anything",
    search=_search,
)
