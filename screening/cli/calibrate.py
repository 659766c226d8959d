"""``screening calibrate``: what unrelated images and prompts of your own score on an index."""

import json
import math
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import click

from reference_index import ReferenceIndex
from reference_index.calibration import ChannelCalibration, Threshold
from reference_index.fingerprint import FACE_CHANNEL
from reference_index.manifest import read_manifest
from reference_index.vector_files import is_vector_channel, vector_channels
from screening.calibration import CalibrationOutcome, calibrate, discard
from screening.calibration.paths import path_json
from screening.cli.output import output_to
from screening.cli.progress import bar, counted
from screening.cli.weights import models_option, runtime_option, say_of_weights
from screening.config import find_config
from screening.matching import channels_of, default_null, settings_of
from screening.matching.name_channel import has_names
from screening.matching.settings import DRAWN_FACE_CHANNEL, NAME_CHANNEL, settings_with
from screening.report.calibrations import calibrated_with, prompts_of
from screening.report.summary import EXIT_UNFINISHED
from screening.report.words import HIGHEST, printable, score_shown
from screening.screener import distinct_roots

_COLUMNS = ("CHANNEL", "PROMISED", "THRESHOLD", "95 % INTERVAL", "HOW")


@click.command("calibrate")
@click.argument("index", type=click.Path(path_type=Path))
@click.option("--background", "backgrounds", multiple=True,
              type=click.Path(path_type=Path, exists=True, readable=False),
              help="Unrelated images, a folder or a file; may be given several times.")  # fmt: skip
@click.option("--prompts", multiple=True, metavar="FILE",
              type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=False),
              help="Prompts that name nobody, one a line or JSON lines; may be given several "
              "times.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path),
              help="Also write the calibration here, as JSON.")  # fmt: skip
@click.option("--format", "form", default="table", type=click.Choice(("table", "json")),
              show_default=True)  # fmt: skip
@click.option("--seed", default=0, type=click.IntRange(0), show_default=True,
              help="Of the draws behind the intervals.")  # fmt: skip
@click.option("--keep-suspects", is_flag=True,
              help="Also measure what seems to show or name what is enrolled.")  # fmt: skip
@click.option("--discard", "discarded", is_flag=True,
              help="Take the calibration out of INDEX instead.")  # fmt: skip
@models_option
@runtime_option
@click.option("--workers", type=click.IntRange(0, 256),
              help="Decoding processes; one per processor by default.")  # fmt: skip
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0),
              help="Seconds to wait for another writer of the index.")  # fmt: skip
def calibrate_command(
    index: Path,
    backgrounds: tuple[Path, ...],
    prompts: tuple[Path, ...],
    output: Path | None,
    form: str,
    seed: int,
    keep_suspects: bool,
    discarded: bool,
    models: Path | None,
    runtime: str,
    workers: int | None,
    wait: float,
) -> None:
    """Measure how high images that show nothing enrolled score against INDEX, and keep it there.

    And prompts that name nothing enrolled. Both should be like what will be screened, and show and
    name none of it. Every false alarm told afterwards rests on them. Of what is not measured now
    the calibration stays, if nothing was enrolled since. A prompt is told by file and line, never
    by its text. Exit code 4 when something could not be read. The nearest screening.toml, upward
    from the first background or file of prompts, gives the limits of a file and the folder of
    weights.
    """
    if not (backgrounds or prompts or discarded):
        raise click.UsageError(
            "give --background FOLDER with images that are unrelated to the works, --prompts FILE "
            "with prompts that name none of them, or --discard"
        )
    if discarded and (backgrounds or prompts or output):
        raise click.UsageError(
            "--discard takes the calibration out, and neither measures nor writes one: leave out "
            "--background and --output (and --prompts), or leave out --discard"
        )
    if discarded:
        discard(index, timeout=wait)
        built = read_manifest(index).settings
        without = any(
            default_null(name, settings_with(name, built[name])) is None
            for name in vector_channels(built)
        )
        none = "; for its models none do, calibrate it again" if without else ""
        click.echo(f"{index}: the figures that ship with this program are in use{none}")
        return
    roots, config = distinct_roots(backgrounds), find_config((*backgrounds, *prompts)[0])
    models = models or config.models
    if backgrounds:
        say_of_weights(index, models)
    # opened first: a place that cannot be written to is not found out after hours
    with output_to(output) if output else nullcontext() as file:
        with bar(total=counted(roots)) as advance:
            outcome = calibrate(
                index,
                roots,
                prompts=prompts,
                limits=config.limits,
                workers=workers,
                models=models,
                runtime=runtime,
                seed=seed,
                keep_suspects=keep_suspects,
                timeout=wait,
                report=lambda _: advance(),
            )
        if file is not None:
            file.write(outcome.calibration.to_json() + "\n")
    with ReferenceIndex.open(index) as opened:
        shown = _table(outcome, opened) if form == "table" else (_json(outcome),)
        for line in shown:
            click.echo(line)
    if outcome.background.unread:
        raise click.exceptions.Exit(EXIT_UNFINISHED)


def _json(outcome: CalibrationOutcome) -> str:
    background = outcome.background
    return json.dumps({
        "calibration": json.loads(outcome.calibration.to_json()),
        "as_before": outcome.as_before,
        "prompts": len(outcome.prompts.kept),
        "suspects": [
            path_json(s.path or "")
            | {"record_id": s.record_id, "channel": s.channel, "score": s.score}
            for s in outcome.suspects
        ],
        "suspects_kept": outcome.suspects_kept,
        "plain": [path_json(path) for path in background.plain],
        "enrolled": [path_json(path) for path in background.enrolled],
        "duplicates": [
            path_json(path) | path_json(same, key="same_as")
            for path, same in (*background.duplicates, *outcome.prompts.duplicates)
        ],
        "unread": [path_json(path) | {"reason": reason} for path, reason in background.unread],
    })  # fmt: skip


def _table(outcome: CalibrationOutcome, index: ReferenceIndex) -> Iterator[str]:
    """Yield the thresholds, what they rest on, and every image that was left out, by name."""
    calibration, background = outcome.calibration, outcome.background
    rows = [
        (name, *_row(name, threshold))
        for name, channel in calibration.channels.items()
        for threshold in channel.thresholds
    ]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    for row in (_COLUMNS, *rows):
        cells = zip(row, widths, strict=True)
        yield "  ".join(cell.ljust(width) for cell, width in cells).rstrip()
    yield ""
    for name, channel in calibration.channels.items():
        before = "; as before, not measured now" if name in outcome.as_before else ""
        yield f"{name}: {_basis(channel)}{before}"
    yield from _without(outcome, index)
    used = calibrated_with(images=calibration.images, prompts=prompts_of(calibration))
    per = " and ".join(dict.fromkeys(f"per {_part(name)}" for name in calibration.channels))
    yield (
        f"{index.path}: calibrated with {used}. Promised are false alarms "
        f"{per} on one channel; a finding is told those of all searches together."
    )
    for suspect in outcome.suspects:
        kept = "kept, though it" if outcome.suspects_kept else "left out: it"
        what = "name" if suspect.channel == NAME_CHANNEL else "show"
        title = index.record(suspect.record_id).title
        yield (
            f"{printable(suspect.path or '')}: {kept} seems to {what} “{printable(title)}” "
            f"({suspect.channel} {score_shown(suspect.score)})"
        )
    for path in background.plain:
        yield f"{printable(path)}: left out: no channel finds enough in it to compare"
    for path in background.enrolled:
        yield f"{printable(path)}: left out: it is enrolled"
    for path, same in background.duplicates:
        yield f"{printable(path)}: counted once: the same file as {printable(same)}"
    if again := len(outcome.prompts.duplicates):
        yield f"{again:,} prompts are the same as others, and were not counted again"
    for path, reason in background.unread:
        yield f"{printable(path)}: unread ({printable(reason)})"


def _without(outcome: CalibrationOutcome, index: ReferenceIndex) -> Iterator[str]:
    """Yield what holds for channels that have references and no calibration."""
    missing = {
        one.name: "too few images could be compared" if outcome.background.kept else "not measured"
        for one in channels_of([index])
        if one.references(index)
    }
    if has_names(index):
        missing[NAME_CHANNEL] = "not measured: give prompts that name nobody with --prompts"
    for name, why in missing.items():
        if name not in outcome.calibration.channels:
            without = (
                "no figures ship for it, so that it stays unavailable"
                if default_null(name, settings_of(index, name)) is None
                else "the figures that ship with this program stay in use"
            )
            yield f"{name}: {why}; {without}"


def _row(channel: str, threshold: Threshold) -> tuple[str, str, str, str]:
    promised = f"{threshold.promised:g}"
    needed = f"{threshold.images_needed:,} {_part(channel)}s"
    if threshold.min_score is None:
        return promised, "-", "-", f"needs {needed}"
    highest = HIGHEST.get(channel, math.inf)
    low, high = (
        "…" if end is None else score_shown(min(end, highest))
        for end in (threshold.low, threshold.high)
    )
    how = f"extrapolated; to measure it takes {needed}" if threshold.extrapolated else "measured"
    if threshold.min_score > highest:
        return promised, f"> {score_shown(highest)}", f"{low} to {high}", f"out of reach; {how}"
    return promised, score_shown(threshold.min_score), f"{low} to {high}", how


def _part(channel: str) -> str:
    """Return what a channel compares with the references, one at a time."""
    if channel in {FACE_CHANNEL, DRAWN_FACE_CHANNEL}:
        return "face"
    if channel == NAME_CHANNEL:
        return "prompt"
    return "window" if is_vector_channel(channel) else "image"


def _basis(channel: ChannelCalibration) -> str:
    """Return what the thresholds of a channel rest on, and what that means where it is little."""
    null = channel.null
    part = _part(null.channel)
    against = {"face": "people", "prompt": "records"}.get(part, "references")
    basis = f"{null.unit}; {null.images:,} {part}s against {null.references:,} {against}"
    if channel.goodness_of_fit is not None:
        return f"{basis}; the tail fits (p = {channel.goodness_of_fit:.2f})"
    if null.tail_scale is not None:
        return (
            f"{basis}; too few of them scored anything for a tail of their own: its level is "
            "theirs, its shape that of the figures that ship"
        )
    least = null.floor * null.references
    return (
        f"{basis}; no tail fits, so that no score counts for less than {least:.2g} false alarms "
        f"per {part}"
    )
