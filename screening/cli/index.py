"""``screening index``: what is in an index, whether it is whole, and taking records out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from reference_index import IndexWriter, Record, ReferenceIndex, verify
from reference_index.fingerprint import FACE_CHANNEL
from screening.cli.weights import models_option
from screening.config import find_config
from screening.errors import CalibrationError
from screening.matching import channels_of, null_of
from screening.matching.name_channel import has_names
from screening.matching.settings import NAME_CHANNEL
from screening.people import cards_of, store_at
from screening.report.calibrations import calibrated_with, prompts_of
from screening.report.words import printable
from screening.signals import SETTINGS

FORMATS = click.Choice(("table", "jsonl"))


@click.group("index")
def index_group() -> None:
    """Look into a reference index, verify it, or take records out of it."""


@index_group.command("info")
@click.argument("index", type=click.Path(path_type=Path))
@click.option("--format", "form", default="table", type=FORMATS, show_default=True)
@models_option
def info_command(index: Path, form: str, models: Path | None) -> None:
    """Show what INDEX holds, by channel, and when it was written.

    Of people also which weights found their faces, and on what terms these may be used.
    """
    with ReferenceIndex.open(index) as opened:
        facts: dict[str, Any] = {
            "index": str(index),
            "uuid": opened.uuid,
            "records": opened.record_count,
            "reference_images": opened.image_count,
            "channels": {
                channel: opened.references(channel) if channel in opened.channels else None
                for channel in dict.fromkeys((*SETTINGS, *opened.channels))
            },
            "settings": dict(opened.settings),
            "segments": opened.segment_count,
            "created": opened.created,
            "updated": opened.updated,
            "expired_people": opened.expired,
            "calibration": _calibration(opened),
            "face_model": _face_model(opened, models),
        }
    if form == "jsonl":
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name.replace('_', ' '):<18}{_IN_WORDS.get(name, _shown)(value)}")


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


@index_group.command("purge")
@click.argument("index", type=click.Path(path_type=Path))
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0),
              help="Seconds to wait for another writer of the index.")  # fmt: skip
def purge_command(index: Path, wait: float) -> None:
    """Take the people out of INDEX whose retention date has passed, and all that is known of them.

    No scan looks for them any longer; this also takes what was held of them off the disk.
    """
    with IndexWriter(index, settings=None, create=False, timeout=wait) as writer:
        count = writer.remove_expired()
    click.echo(f"{index}: {count} removed")


def _face_model(index: ReferenceIndex, models: Path | None) -> list[dict[str, Any]] | None:
    """Return what is known of the weights that found the faces of an index, None without faces."""
    settings = index.settings.get(FACE_CHANNEL)
    if settings is None:
        return None
    store = store_at(models or find_config(index.path).models)
    return [
        {
            "id": card.id,
            "title": card.title,
            "licence": card.licence,
            "commercial_use": card.commercial_use,
            "weak": card.weak,
            "here": store.find(card) is not None,
        }
        for card in cards_of(settings, store)
    ]


def _calibration(index: ReferenceIndex) -> dict[str, Any] | None:
    """Return of when and what the calibration is, and whether each channel goes by it."""
    calibration = index.calibration
    if calibration is None:
        return None
    return {
        "created": calibration.created,
        "state": calibration.state(index.next_id),
        "images": calibration.images,
        "prompts": prompts_of(calibration),
        "background": calibration.background,
        "channels": {
            channel.name: _state(index, channel.name)
            for channel in channels_of([index])
            if channel.name in index.channels or channel.references(index)
        }
        | ({NAME_CHANNEL: _state(index, NAME_CHANNEL)} if has_names(index) else {}),
    }


def _state(index: ReferenceIndex, channel: str) -> str:
    try:
        figures = null_of(index, channel)
    except CalibrationError:
        return "of other settings"
    return figures[1] if figures else "none"


def _calibration_shown(facts: dict[str, Any] | None) -> str:
    if facts is None:
        return "none: the figures that ship with this program are in use"
    used = calibrated_with(images=facts["images"], prompts=facts["prompts"])
    return f"{facts['created']} with {used}; {_shown(facts['channels'])}"


def _face_model_shown(cards: list[dict[str, Any]] | None) -> str:
    if cards is None:
        return "none: no people are enrolled"
    return "; ".join(map(_card_shown, cards)) or "not known here; screening models list names all"


def _card_shown(card: dict[str, Any]) -> str:
    """Return what a card says, forbidden commercial use in capitals."""
    terms = "" if card["commercial_use"] else ", COMMERCIAL USE FORBIDDEN"
    there = "" if card["here"] else ", missing here"
    return f"{card['id']} ({printable(card['licence'])}{terms}{there})"


def _shown(value: object) -> str:
    """Return a fact as text; of an index built without a channel it says so."""
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"{k}: {'built without' if v is None else v}" for k, v in value.items())


_IN_WORDS: Mapping[str, Callable[[Any], str]] = {
    "calibration": _calibration_shown,
    "face_model": _face_model_shown,
}


def _record_json(record: Record) -> dict[str, object]:
    days = {"review_by": record.review_by, "retain_until": record.retain_until}
    return asdict(record) | {name: day and day.isoformat() for name, day in days.items()}
