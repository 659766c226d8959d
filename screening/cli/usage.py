"""``screening usage``: what the production's own declaration comes to, with no picture at all."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from screening.approvals.declarations import record_declaration
from screening.cli.ledger import key_option, opened, store_option
from screening.cli.output import output_to
from screening.decision.clauses import CLAUSES
from screening.errors import OutputError
from screening.production import (
    Declaration,
    Outcome,
    Triage,
    find_declaration,
    notice,
    read_declaration,
    triage,
)
from screening.production.questions import one_line
from screening.report.summary import EXIT_FLAGGED
from screening.report.words import printable

_STDOUT = Path("-")


@click.group("usage")
def usage_group() -> None:
    """Say what the declared use of generative tools comes to, and write to the contact."""


@usage_group.command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--notice", "letter", metavar="FILE", type=click.Path(path_type=Path),
              help="Write a notice to the contact here, ready to be mailed; - is standard output, "
              "and what the declaration comes to goes to standard error.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a notice that is there already.")
@click.option("--format", "form", default="text", type=click.Choice(("text", "json")),
              show_default=True)  # fmt: skip
def check_command(file: Path | None, letter: Path | None, force: bool, form: str) -> None:
    """Tell what the declaration FILE comes to, by which answers, and what resolves them.

    By default it is the usage.toml beside the nearest screening.toml, upward from here. Exit code 0
    where the contact is only informed, 3 where anything more is needed.
    """
    if letter == _STDOUT and form == "json":
        raise click.UsageError(
            "--notice - and --format json both want standard output: name a file"
        )
    if force and letter in {None, _STDOUT}:
        raise click.UsageError("--force is for a notice in a file: give --notice FILE")
    place = file if file and not file.is_dir() else find_declaration(file or Path())
    declaration = read_declaration(place)
    done = triage(declaration)
    if letter:
        written = notice(declaration, done, on=datetime.now(UTC).astimezone().date())
        _send(written, None if letter == _STDOUT else letter, force=force)
    said = _json(place, declaration, done) if form == "json" else _text(place, declaration, done)
    click.echo(said, err=letter == _STDOUT)
    if done.outcome is not Outcome.INFORM:
        raise click.exceptions.Exit(EXIT_FLAGGED)


@usage_group.command("record")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@store_option
@key_option
def record_command(file: Path | None, store: str | None, key: Path | None) -> None:
    """Put the declaration FILE on record with what it comes to; the same again changes nothing.

    By default it is the usage.toml beside the nearest screening.toml. Prints the id of its entry.
    """
    place = file if file and not file.is_dir() else find_declaration(file or Path())
    declaration = read_declaration(place)
    with opened(store, key, create=True) as it:
        done = record_declaration(it, declaration)
    click.echo(f"{done.entry.id}: {done.outcome.words}")


def _send(text: str, place: Path | None, *, force: bool) -> None:
    if place and place.exists() and not force:
        raise OutputError(f"{place}: is there already; --force replaces it, or name another file")
    with output_to(place) as output:
        output.write(text)


def _json(place: Path, declaration: Declaration, done: Triage) -> str:
    said = done.to_json()
    for reason in said["reasons"]:
        reason["heading"] = CLAUSES[reason["clause"]].heading
    facts = {
        "schema": 1,
        "file": printable(str(place)),
        "production": declaration.production,
        "stage": declaration.stage or "unsure",
    }
    return json.dumps(facts | said)


def _text(place: Path, declaration: Declaration, done: Triage) -> str:
    named = one_line(declaration.production) or "production not named"
    lines = [
        f"{named}: {done.outcome.words} ({', '.join(done.outcome.clauses)})",
        f"declared in {printable(str(place))}",
    ]
    for reason in done.reasons:
        subject = f"{reason.subject}: " if reason.subject else ""
        lines += [
            "",
            f"{reason.outcome}: {reason.clause} {CLAUSES[reason.clause].heading}",
            f"  {subject}{reason.key} is {reason.answer}. {reason.why}",
            f"  {reason.resolves}",
        ]
    lines += ["", "Declared, not screened"]
    lines += [f"  {line}" for line in done.declared_not_screened]
    if done.unanswered:
        lines += ["", "Not answered, counted as unsure", *(f"  {key}" for key in done.unanswered)]
    return "\n".join(lines)
