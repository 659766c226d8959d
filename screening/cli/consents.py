"""``screening consents``: what people agreed to, filed by its paper, listed and revoked."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import click

from reference_index import Kind, PersonStatus, ReferenceIndex, ReferenceIndexError
from screening.approvals.consent_file import consent_of, read_consents
from screening.approvals.consents import (
    Filed,
    file_consents,
    filed_consents,
    find_consent,
    revoke,
    state_of,
)
from screening.cli.ledger import key_option, opened, store_option
from screening.cli.progress import say
from screening.config import find_config
from screening.decision import Stage
from screening.decision.consents import Consent, Grantor, Use
from screening.errors import InputInvalidError
from screening.report.words import printable

_NEEDED = {PersonStatus.MINOR: Grantor.GUARDIAN, PersonStatus.DECEASED: Grantor.ESTATE}
_ROW = "{:<8}  {:<24}  {:<20}  {:<24}  {}"


@click.group("consents")
def consents_group() -> None:
    """File, list and revoke what people agreed to."""


@consents_group.command("add")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--person", metavar="RECORD_ID", help="The record of whom it is.")
@click.option("--name", help="What the person is called; can be erased.")
@click.option("--granted-by", type=click.Choice([*map(str, Grantor)]))
@click.option("--document", type=click.Path(), help="The signed paper; its digest is kept.")
@click.option("--place", help="Where the paper can be read.  [default: the path of --document]")
@click.option("--production", help="The production that it is for.")
@click.option("--uses", multiple=True, metavar="USE", help=f"Some of {', '.join(Use)}.")
@click.option("--stages", multiple=True, metavar="STAGE",
              help=f"Some of {', '.join(Stage)}.  [default: all]")  # fmt: skip
@click.option("--territory", multiple=True, help="[default: worldwide]")
@click.option("--media", multiple=True, help="[default: all media]")
@click.option("--from", metavar="DATE", help="Its first day.  [default: today]")
@click.option("--until", metavar="DATE", help="Its last day.  [default: no end]")
@click.option("--term", help="What was agreed on time, in words.")
@click.option("--irrevocable", is_flag=True, help="It cannot be revoked.")
@store_option
@key_option
def add_command(
    file: Path | None, store: str | None, key: Path | None, **given: str | tuple[str, ...] | bool
) -> None:
    """Put a consent on record, or all those of a TOML FILE with tables [[consent]].

    The keys of a table are the options: person, granted_by, document, production, uses, ... Lists
    are given with commas, or several times. The paper is not copied: its SHA-256 and its place are
    kept.
    """
    today = _today()
    said = {name: _split(value) for name, value in given.items() if value}
    if file and said:
        raise click.UsageError("FILE says everything: leave other options out")
    if file:
        consents = read_consents(file, today=today)
    else:
        try:
            consents = (consent_of(said, folder=Path(), today=today),)
        except InputInvalidError as error:
            raise click.UsageError(str(error)) from error
    _say_doubts([consent for consent, _ in consents])
    with opened(store, key, create=True) as it:
        for entry in file_consents(it, consents):
            click.echo(entry.id)


@consents_group.command("list")
@click.option("--person", metavar="RECORD_ID", help="Only those of one.")
@click.option("--format", "form", default="table", show_default=True,
              type=click.Choice(("table", "jsonl")))  # fmt: skip
@store_option
@key_option
def list_command(person: str | None, form: str, store: str | None, key: Path | None) -> None:
    """List the consents on record and whether they hold today."""
    with opened(store, key) as it:
        filed = filed_consents(it, person)
    if form == "table":
        click.echo(_ROW.format("ID", "TODAY", "PERSON", "PRODUCTION", "USES"))
    for one in filed:
        consent = one.consent
        click.echo(
            _json(one)
            if form == "jsonl"
            else _ROW.format(
                one.entry[:8],
                state_of(consent, _today()),
                printable(one.name or consent.record_id),
                printable(consent.production),
                ", ".join(consent.uses),
            )
        )


@consents_group.command("show")
@click.argument("consent")
@store_option
@key_option
def show_command(consent: str, store: str | None, key: Path | None) -> None:
    """Show all that is on record of one CONSENT, by its id or the beginning of it."""
    with opened(store, key) as it:
        said = json.loads(_json(find_consent(it, consent)))
    for name, value in said.items():
        words = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{name}: {printable(str(words))}")


@consents_group.command("revoke")
@click.argument("consent")
@click.option("--on", metavar="DATE", help="From which day it holds no more.  [default: today]")
@click.option("--reason", default="", help="In words; can be erased.")
@store_option
@key_option
def revoke_command(
    consent: str, on: str | None, reason: str, store: str | None, key: Path | None
) -> None:
    """Put on record that a CONSENT holds no more."""
    try:
        day = date.fromisoformat(on) if on else _today()
    except ValueError as error:
        raise click.UsageError(f"--on is {on!r}, expected a day, as 2026-12-31") from error
    with opened(store, key) as it:
        filed = find_consent(it, consent)
        entry = revoke(it, filed, on=day, reason=reason)
    click.echo(f"{filed.entry}: revoked on {day}, entry {entry.id}")


def _say_doubts(consents: Iterable[Consent]) -> None:
    """Tell of consents that would never cover anybody, as far as the indexes here tell."""
    indexes = find_config(Path()).indexes
    for consent in consents:
        known = []
        for path in indexes:
            try:
                with ReferenceIndex.open(path) as index:
                    known += [one for one in index.records() if one.id == consent.record_id]
            except ReferenceIndexError:
                return  # nothing can be said of an index that cannot be read
        who = printable(consent.record_id)
        if indexes and not any(one.kind is Kind.PERSON for one in known):
            say(f"{who}: is no person of the indexes of screening.toml, so it covers nobody there")
        for one in known:
            needed = next((g for s, g in _NEEDED.items() if s == one.status), Grantor.PERSON)
            if one.kind is Kind.PERSON and consent.granted_by is not needed:
                say(f"{who}: is {one.status}, so the {needed}'s consent is needed, not this one")


def _split(value: str | tuple[str, ...] | bool) -> object:
    """Return an option as a file would have it: commas separate the words of lists."""
    if isinstance(value, tuple):
        return [word.strip() for one in value for word in one.split(",") if word.strip()]
    return value


def _json(filed: Filed) -> str:
    consent = asdict(filed.consent)
    return json.dumps(
        {"entry": filed.entry, "today": state_of(filed.consent, _today())}
        | {"name": filed.name, "filed": filed.on.isoformat(), "revocation": filed.revocation}
        | {
            name: str(value) if isinstance(value, date) else value
            for name, value in consent.items()
        }
    )


def _today() -> date:
    return datetime.now(UTC).astimezone().date()
