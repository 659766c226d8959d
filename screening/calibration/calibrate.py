"""Calibrate an index: score a background by the screening's own code, fit, and keep the figures."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from reference_index import IndexWriter, ReferenceIndex
from reference_index.calibration import Calibration, ChannelCalibration
from reference_index.manifest import read_manifest
from screening.calibration.background import Background, background_of, digest
from screening.calibration.fitting import MIN_IMAGES, Fitting, Suspect
from screening.calibration.prompts import fitted_names, prompts_in
from screening.calibration.scores import ImageScores, score_files
from screening.errors import CalibrationError
from screening.images import Limits, walk
from screening.matching import channels_of, settings_of
from screening.matching.settings import NAME_CHANNEL, check_settings
from screening.version import __version__
from screening.weights import weights_for

NEEDED = (
    "to measure one false alarm in 100 images takes 1,000 unrelated images, in 1,000 images "
    "10,000; with a few hundred both are extrapolated"
)

NO_BACKGROUND = Background(kept=(), duplicates=(), enrolled=(), unread=())


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOutcome:
    """A calibration that an index now has, what it was made from, and which images it is without.

    background, prompts: what was measured now, images and prompts; of one of them perhaps nothing.
    suspects: those of both that seem to show or name what is enrolled, left out unless
    suspects_kept. as_before: the channels that were not measured, whose figures stay.
    """

    calibration: Calibration
    background: Background
    suspects: tuple[Suspect, ...]
    suspects_kept: bool
    prompts: Background = NO_BACKGROUND
    as_before: tuple[str, ...] = ()


def calibrate(
    index: Path,
    backgrounds: Sequence[Path],
    *,
    prompts: Sequence[Path] = (),
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

    prompts: files of prompts that name nobody, to measure the name channel with. Of images and
    prompts one is enough; what was measured with the other before then stays as it is. Each image
    is given to ``report`` when it was scored. Equal for equal images, prompts, index and seed, but
    for the date. timeout: seconds to wait for another writer of the index. models: the folder of
    weights. runtime: what runs those that look at whole pictures, "onnx" or "torch". Raises
    CalibrationError where that is not possible, where what was measured before is no longer of the
    index as it is, or where the index changed meanwhile; InputInvalidError for a file of prompts;
    ReferenceIndexError and PathMissingError.
    """
    given = prompts_in(prompts) if prompts else ()
    with ReferenceIndex.open(index) as opened:
        check_settings(opened)
        before = _as_before(opened, images=bool(backgrounds), prompts=bool(prompts))
        background, texts = NO_BACKGROUND, NO_BACKGROUND
        calibration, suspected = _of_images_before(opened), tuple[Suspect, ...]()
        channels = dict(before)
        if backgrounds:
            looking = weights_for([opened], folder=models, runtime=runtime).models
            files = chain.from_iterable(map(walk, backgrounds))
            scores = score_files(files, opened, limits=limits, workers=workers, models=looking)
            background = background_of(_reported(scores, report), opened)
            if not background.kept:
                raise CalibrationError(
                    f"{', '.join(map(str, backgrounds))}: no background image to calibrate {index} "
                    f"with ({background.left_out_in_words or 'no image is there'}); name folders "
                    "of unrelated images"
                )
            calibration, suspected = fitted(
                background.kept, opened, seed=seed, keep_suspects=keep_suspects
            )
            channels |= calibration.channels
        if prompts:
            channels[NAME_CHANNEL], texts, naming = fitted_names(
                given, opened, seed=seed, keep_suspects=keep_suspects
            )
            suspected += naming
        calibration = replace(calibration, channels=channels)
        _put(opened, calibration, timeout)
    return CalibrationOutcome(
        calibration=calibration,
        background=background,
        suspects=suspected,
        suspects_kept=keep_suspects,
        prompts=texts,
        as_before=tuple(before),
    )


def _reported(
    scores: Iterable[ImageScores], report: Callable[[ImageScores], object]
) -> Iterator[ImageScores]:
    for one in scores:
        report(one)
        yield one


def _as_before(
    index: ReferenceIndex, *, images: bool, prompts: bool
) -> Mapping[str, ChannelCalibration]:
    """Return the figures of channels that are not measured now. Raises CalibrationError."""
    calibration = index.calibration
    before = {
        name: channel
        for name, channel in (calibration.channels if calibration else {}).items()
        if not (prompts if name == NAME_CHANNEL else images)
    }
    stale = calibration is not None and calibration.state(index.next_id) != "own"
    for name, channel in before.items():
        if stale or channel.null.settings != settings_of(index, name):
            why = "before the index was changed" if stale else "with other settings"
            also = "--prompts FILE" if name == NAME_CHANNEL else "--background FOLDER"
            raise CalibrationError(
                f"{index.path}: its {name} channel was calibrated {why}, and is not measured now: "
                f"give {also} too, or take its calibration out first (screening calibrate "
                f"{index.path} --discard)"
            )
    return before


def _of_images_before(index: ReferenceIndex) -> Calibration:
    """Return a calibration whose images are those there were, none where none were measured."""
    before = index.calibration
    return _calibration(
        index,
        background=before.background if before else digest(()),
        images=before.images if before else 0,
        channels={},
    )


def _calibration(
    index: ReferenceIndex,
    *,
    background: str,
    images: int,
    channels: Mapping[str, ChannelCalibration],
) -> Calibration:
    return Calibration(
        index_uuid=index.uuid,
        next_id=index.next_id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        background=background,
        images=images,
        channels=channels,
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
    fittings = {
        channel: Fitting.of(channel, index)
        for channel in channels_of([index])
        if channel.references(index)
    }
    suspected = tuple(
        suspect for one in fittings.values() for suspect in one.suspects(scores, seed=seed)
    )
    left_out = set() if keep_suspects else {number for number, _ in suspected}
    kept = [one for number, one in enumerate(scores) if one.channels and number not in left_out]
    background = digest(kept)
    measured = {
        channel: one.fitted(kept, background=background, seed=seed)
        for channel, one in fittings.items()
        if sum(channel.name in image.channels for image in kept) >= MIN_IMAGES
    }
    channels = {
        channel.name: one
        for channel, one in measured.items()
        if channel.everywhere or one.goodness_of_fit is not None or not fittings[channel].default
    }
    if not channels:
        near_all = _near_everything([one for _, one in suspected], len(scores), index)
        raise CalibrationError(near_all or _too_few(kept, len(left_out), index))
    calibration = _calibration(index, background=background, images=len(kept), channels=channels)
    return calibration, tuple(suspect for _, suspect in suspected)


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
