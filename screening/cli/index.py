"""``screening index``: what is in an index, whether it is whole, and taking records out."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from reference_index import IndexWriter, Record, ReferenceIndex, verify
from screening.errors import CalibrationError
from screening.matching import null_of
from screening.report.words import printable
from screening.signals import SETTINGS

FORMATS = click.Choice(("table", "jsonl"))


@click.group("index")
def index_group() -> None:
    """Look into a reference index, verify it, or take records out of it."""


@index_group.command("info")
@click.argument("index", type=click.Path(path_type=Path))
@click.option("--format", "form", default="table", type=FORMATS, show_default=True)
def info_command(index: Path, form: str) -> None:
    """Show what INDEX holds, by channel, and when it was written."""
    with ReferenceIndex.open(index) as opened:
        facts: dict[str, Any] = {
            "index": str(index),
            "uuid": opened.uuid,
            "records": opened.record_count,
            "reference_images": opened.image_count,
            "channels": {
                channel: opened.references(channel) if channel in opened.channels else None
                for channel in SETTINGS
            },
            "settings": dict(opened.settings),
            "segments": opened.segment_count,
            "created": opened.created,
            "updated": opened.updated,
            "calibration": _calibration(opened),
        }
    if form == "jsonl":
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        shown = _calibration_shown(value) if name == "calibration" else _shown(value)
        click.echo(f"{name.replace('_', ' '):<18}{shown}")


@index_group.command("list")
@click.argument("index", type=click.Path(path_type=Path))
@click.option("--format", "form", default="table", type=FORMATS, show_default=True)
def list_command(index: Path, form: str) -> None:
    """List the records of INDEX, by id."""
    with ReferenceIndex.open(index) as opened:
        if form == "table":
            click.echo(f"{'ID':<32}  {'KIND':<12}  {'IMAGES':>6}  TITLE")
        for record in opened.records():
            images = len(opened.images(record.id))
            if form == "jsonl":
                click.echo(json.dumps(_record_json(record) | {"images": images}))
            else:
                click.echo(
                    f"{printable(record.id):<32}  {record.kind:<12}  {images:>6}  "
                    f"{printable(record.title)}"
                )


@index_group.command("verify")
@click.argument("index", type=click.Path(path_type=Path))
def verify_command(index: Path) -> None:
    """Read every file of INDEX and name each that is damaged; exit code 1 if any is."""
    problems = verify(index)
    for problem in problems:
        click.echo(f"{printable(problem.file)}: {problem.what}")
    if any(problem.damage for problem in problems):
        raise click.ClickException(
            f"{index} is damaged: restore it from a copy, or enroll again into a new index"
        )
    click.echo(f"{index}: every file of the index is whole")


@index_group.command("remove")
@click.argument("index", type=click.Path(path_type=Path))
@click.argument("record_ids", nargs=-1, required=True, metavar="RECORD_ID...")
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0),
              help="Seconds to wait for another writer of the index.")  # fmt: skip
def remove_command(index: Path, record_ids: tuple[str, ...], wait: float) -> None:
    """Take records and everything known of their images out of INDEX, all or none."""
    with IndexWriter(index, settings=None, create=False, timeout=wait) as writer:
        for record_id in dict.fromkeys(record_ids):
            writer.remove_record(record_id)
    click.echo(f"{index}: {len(record_ids)} removed")


def _calibration(index: ReferenceIndex) -> dict[str, Any] | None:
    """Return of when and what the calibration is, and whether each channel goes by it."""
    calibration = index.calibration
    if calibration is None:
        return None
    return {
        "created": calibration.created,
        "state": calibration.state(index.next_id),
        "images": calibration.images,
        "background": calibration.background,
        "channels": {name: _state(index, name) for name in index.channels if name in SETTINGS},
    }


def _state(index: ReferenceIndex, channel: str) -> str:
    try:
        return null_of(index, channel)[1]
    except CalibrationError:
        return "of other settings"


def _calibration_shown(facts: dict[str, Any] | None) -> str:
    if facts is None:
        return "none: the figures that ship with this program are in use"
    return f"{facts['created']} with {facts['images']} images; {_shown(facts['channels'])}"


def _shown(value: object) -> str:
    """Return a fact as text; of an index built without a channel it says so."""
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"{k}: {'built without' if v is None else v}" for k, v in value.items())


def _record_json(record: Record) -> dict[str, object]:
    return asdict(record) | {"review_by": record.review_by and record.review_by.isoformat()}
