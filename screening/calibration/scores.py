"""Raw scores: what the screening itself finds of each image, before anything is said of chance."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reference_index import ReferenceIndex
from screening.batch import examine_files
from screening.examine import Examined
from screening.images import Limits, Seen
from screening.matching import channels_of
from screening.signals import NO_MODELS, Models

RECORDS = 100
"""Records of which the score is kept, for each image and channel: those that come closest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageScores:
    """What one image scored against the records of an index.

    path, sha256: as in Examined. unread: why it could not be screened; then channels is empty.
    channels: for each channel that could look at the image and has references, record id to the
    best raw score over all its parts, of the records that came closest. A channel that is absent
    did not look. For the same channels, units: how many parts of the image were compared: distinct
    frames, faces, or windows of a model; complete_from: the score from which on no record is
    missing.
    """

    path: str | None
    sha256: str | None
    unread: str | None
    channels: Mapping[str, Mapping[str, float]]
    units: Mapping[str, int]
    complete_from: Mapping[str, float]


def score_files(
    files: Iterable[Seen],
    index: ReferenceIndex,
    *,
    records: int = RECORDS,
    limits: Limits | None = None,
    workers: int | None = None,
    models: Models = NO_MODELS,
) -> Iterator[ImageScores]:
    """Yield what every file scores against an index, in order; files that are no images are not.

    records: how many are kept for each image and channel. workers, models: as in examine_files.
    """
    for batch in examine_files(
        files, limits=limits or Limits(), workers=workers, models=models, said=False
    ):
        images = [one for one in batch if not one.passed_over]
        yield from score_examined(images, index, records=records)


def score_examined(
    examined: Sequence[Examined], index: ReferenceIndex, *, records: int = RECORDS
) -> list[ImageScores]:
    """Return what each of some files that were examined scores against an index, in order."""
    tables = [_Table() for _ in examined]
    for channel in channels_of([index]):
        if not channel.references(index):
            continue
        seen = [
            (table, frame)
            for table, one in zip(tables, examined, strict=True)
            for frame in one.fingerprints
            if channel.units(frame)
        ]
        found = channel.search(
            [frame for _, frame in seen], [index], min_scores=[math.inf], best=records
        )
        for (table, frame), scored in zip(seen, found, strict=True):
            best = table.channels.setdefault(channel.name, {})
            table.units[channel.name] = table.units.get(channel.name, 0) + channel.units(frame)
            for one in scored:
                best[one.record_id] = max(one.score, best.get(one.record_id, -math.inf))
            if len(scored) >= records:  # others may score as high as the last of these
                lowest = math.nextafter(min(one.score for one in scored), math.inf)
                table.complete_from[channel.name] = max(
                    lowest, table.complete_from.get(channel.name, 0.0)
                )
            else:
                table.complete_from.setdefault(channel.name, 0.0)
    return [
        ImageScores(
            path=one.path,
            sha256=one.sha256,
            unread=one.unread or one.passed_over,
            channels=table.channels,
            units=table.units,
            complete_from=table.complete_from,
        )
        for table, one in zip(tables, examined, strict=True)
    ]


@dataclass(slots=True)
class _Table:
    channels: dict[str, dict[str, float]] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    complete_from: dict[str, float] = field(default_factory=dict)
