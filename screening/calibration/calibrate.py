"""Calibrate an index: score a background by the screening's own code, fit, and keep the figures."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import numpy as np

from reference_index import IndexWriter, ReferenceIndex, null_fit
from reference_index.calibration import Calibration, ChannelCalibration, NullDistribution
from reference_index.manifest import read_manifest
from screening.calibration.background import Background, background_of, digest
from screening.calibration.scores import ImageScores, score_files
from screening.errors import CalibrationError
from screening.images import Limits, walk
from screening.matching import channels_of, default_null, settings_of
from screening.matching.channels import Channel
from screening.matching.settings import check_settings
from screening.version import __version__
from screening.weights import weights_for

MIN_IMAGES = 20
"""Background images that a channel must have looked at: with fewer nothing can be promised."""

NEEDED = (
    "to measure one false alarm in 100 images takes 1,000 unrelated images, in 1,000 images "
    "10,000; with a few hundred both are extrapolated"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A background image that scores with a record as no unrelated image would.

    It probably shows what is enrolled. score: raw, on the channel.
    """

    path: str | None
    record_id: str
    channel: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOutcome:
    """A calibration that an index now has, what it was made from, and which images it is without.

    suspects: those of the background that seem to show what is enrolled, left out unless
    suspects_kept.
    """

    calibration: Calibration
    background: Background
    suspects: tuple[Suspect, ...]
    suspects_kept: bool


def calibrate(
    index: Path,
    backgrounds: Sequence[Path],
    *,
    limits: Limits | None = None,
    workers: int | None = None,
    seed: int = 0,
    keep_suspects: bool = False,
    timeout: float = 10.0,
    models: Path | None = None,
    runtime: str = "onnx",
    report: Callable[[ImageScores], object] = lambda _: None,
) -> CalibrationOutcome:
    """Measure what the images of some files and folders score, and put it into the index.

    Each image is given to ``report`` when it was scored. Equal for equal images, index and seed,
    but for the date. timeout: seconds to wait for another writer of the index. models: the folder
    of weights. runtime: what runs those that look at whole pictures, "onnx" or "torch". Raises
    CalibrationError where that is not possible, or where the index changed
    meanwhile; ReferenceIndexError and PathMissingError.
    """
    with ReferenceIndex.open(index) as opened:
        check_settings(opened)
        looking = weights_for([opened], folder=models, runtime=runtime).models

        def scores() -> Iterator[ImageScores]:
            files = chain.from_iterable(map(walk, backgrounds))
            for one in score_files(files, opened, limits=limits, workers=workers, models=looking):
                report(one)
                yield one

        background = background_of(scores(), opened)
        if not background.kept:
            raise CalibrationError(
                f"{', '.join(map(str, backgrounds))}: no background image to calibrate {index} "
                f"with ({background.left_out_in_words or 'no image is there'}); name folders of "
                "unrelated images"
            )
        calibration, suspected = fitted(
            background.kept, opened, seed=seed, keep_suspects=keep_suspects
        )
        _put(opened, calibration, timeout)
    return CalibrationOutcome(
        calibration=calibration,
        background=background,
        suspects=suspected,
        suspects_kept=keep_suspects,
    )


def discard(index: Path, *, timeout: float = 10.0) -> None:
    """Take the calibration out of an index, if it has one. Raises ReferenceIndexError."""
    with IndexWriter(index, settings=None, create=False, timeout=timeout) as writer:
        writer.put_calibration(None, next_id=read_manifest(index).next_id)


def fitted(
    scores: Sequence[ImageScores],
    index: ReferenceIndex,
    *,
    seed: int = 0,
    keep_suspects: bool = False,
) -> tuple[Calibration, tuple[Suspect, ...]]:
    """Return the calibration that follows from the scores of a background, and its suspects.

    Suspects are left out on every channel, and so are images that no channel could compare. A
    channel that fewer than MIN_IMAGES images could be compared on is not calibrated; nor are faces
    that are too few for a tail of their own where figures ship: at the level of a few faces that
    tail would promise too much. Raises CalibrationError where that is true of all.
    """
    suspected = tuple(
        suspect
        for channel in channels_of([index])
        for suspect in _suspects(scores, index, channel, seed)
    )
    left_out = set() if keep_suspects else {number for number, _ in suspected}
    kept = [one for number, one in enumerate(scores) if one.channels and number not in left_out]
    background = digest(kept)
    measured = {
        channel: _fitted(kept, index, channel, background, seed)
        for channel in channels_of([index])
        if sum(channel.name in one.channels for one in kept) >= MIN_IMAGES
    }
    channels = {
        channel.name: one
        for channel, one in measured.items()
        if channel.everywhere or one.goodness_of_fit is not None or not _default(index, channel)
    }
    if not channels:
        near_all = _near_everything([one for _, one in suspected], len(scores), index)
        raise CalibrationError(near_all or _too_few(kept, len(left_out), index))
    calibration = Calibration(
        index_uuid=index.uuid,
        next_id=index.next_id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        background=background,
        images=len(kept),
        channels=channels,
    )
    return calibration, tuple(suspect for _, suspect in suspected)


def _suspects(
    scores: Sequence[ImageScores], index: ReferenceIndex, channel: Channel, seed: int
) -> Iterator[tuple[int, Suspect]]:
    """Yield each suspect of a channel with the number of its image."""
    looked = [number for number, one in enumerate(scores) if channel.name in one.channels]
    if len(looked) < MIN_IMAGES:
        return
    those = [scores[number] for number in looked]
    default = _default(index, channel)
    for place, position in _improbable(those, channel, channel.references(index), default, seed):
        record_id, score = list(those[place].channels[channel.name].items())[position]
        suspect = Suspect(
            path=those[place].path, record_id=record_id, channel=channel.name, score=score
        )
        yield looked[place], suspect


def _improbable(
    scores: Sequence[ImageScores],
    channel: Channel,
    references: int,
    default: NullDistribution | None,
    seed: int,
) -> list[tuple[int, int]]:
    """Return image and position of the pairs too improbable to be chance.

    They are judged by the other images, or, where too few of these score anything besides, by the
    figures that ship.
    """
    arrays, complete_from = _arrays(scores, channel), _complete_from(scores, channel)
    by_default = []
    if default:
        limit = default.score_at(null_fit.SUSPICIOUS / len(arrays), references=references)
        by_default = [
            (image, int(position))
            for image, one in enumerate(arrays)
            for position in np.flatnonzero(one >= limit)
        ]
    # Where so many seem to show what is enrolled, what others than their best record score tells.
    many = len({image for image, _ in by_default}) > len(scores) // null_fit.SUSPECT_SHARE
    telling = sum(int(np.count_nonzero(one > complete_from)) > many for one in arrays)
    if telling <= 2 * null_fit.MIN_IMAGES:
        return by_default
    found = null_fit.suspects(
        arrays,
        complete_from=complete_from,
        references=references,
        discrete=channel.discrete,
        rng=np.random.default_rng(seed),
    )
    return [(image, position) for image, position, _ in found]


def _fitted(
    scores: Sequence[ImageScores],
    index: ReferenceIndex,
    channel: Channel,
    background: str,
    seed: int,
) -> ChannelCalibration:
    looked = [one for one in scores if channel.name in one.channels]
    settings = settings_of(index, channel.name)
    assert settings is not None  # of a channel with references
    return null_fit.fit_null(
        _arrays(looked, channel),
        complete_from=_complete_from(looked, channel),
        channel=channel.name,
        unit=channel.unit,
        settings=settings,
        references=channel.references(index),
        background=background,
        discrete=channel.discrete,
        rng=np.random.default_rng(seed),
        elsewhere=default_null(channel.name, settings),
    )


def _default(index: ReferenceIndex, channel: Channel) -> NullDistribution | None:
    return default_null(channel.name, settings_of(index, channel.name))


def _arrays(scores: Sequence[ImageScores], channel: Channel) -> list[null_fit.FloatArray]:
    """Return the scores of each image, and an empty array for each further part of one.

    Of several frames, faces or windows each record's best score counts: all together have it.
    """
    arrays = [np.array([*one.channels[channel.name].values()], np.float64) for one in scores]
    further = sum(one.units[channel.name] - 1 for one in scores)
    return arrays + [np.empty(0, np.float64)] * further


def _complete_from(scores: Sequence[ImageScores], channel: Channel) -> float:
    return max(one.complete_from[channel.name] for one in scores)


def _near_everything(
    suspected: Sequence[Suspect], images: int, index: ReferenceIndex
) -> str | None:
    """Return what is to be said where one record seems to be shown by most of the background."""
    counted = Counter((one.channel, one.record_id) for one in suspected)
    if not counted:
        return None
    (channel, record_id), count = counted.most_common(1)[0]
    if 2 * count <= images:
        return None
    record = index.record(record_id)
    return (
        f"{index.path}: {count} of {images} background images seem to show {record.title!r} "
        f"({record_id}, {channel}). If they do not, it is alike to everything: name or describe it "
        "more closely, or remove it, or count them with --keep-suspects; else name other folders"
    )


def _too_few(kept: Sequence[ImageScores], suspected: int, index: ReferenceIndex) -> str:
    channels = channels_of([index])
    if not any(channel.references(index) for channel in channels):
        return f"{index.path} holds no references to calibrate: enroll works first"
    without = f", without {suspected} that seem to show what is enrolled" if suspected else ""
    most = max(sum(channel.name in one.channels for one in kept) for channel in channels)
    if most >= MIN_IMAGES:
        return (
            f"{index.path}: the faces of {most} background images{without} are too few for figures "
            "of their own; those that ship stay in use. Name more folders of unrelated images"
        )
    return (
        f"{index.path}: no channel could compare more than {most} background images"
        f"{without}, expected at least {MIN_IMAGES}; {NEEDED}. Name more folders of unrelated "
        "images"
    )


def _put(index: ReferenceIndex, calibration: Calibration, timeout: float) -> None:
    """Put a calibration into the index it was measured with, if that is still what it was."""
    with IndexWriter(index.path, settings=None, create=False, timeout=timeout) as writer:
        now = read_manifest(index.path)
        if (now.uuid, now.updated) != (index.uuid, index.updated):
            raise CalibrationError(
                f"{index.path} was changed while the background was screened, last at "
                f"{now.updated}: nothing was kept; calibrate again"
            )
        writer.put_calibration(calibration, next_id=calibration.next_id)
