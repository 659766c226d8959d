"""``screening approvals``: requests sent, answers filed, and what stands."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from screening.approvals.decided import Dismissal, Letter, Request, Scope
from screening.approvals.decisions import Decisions
from screening.approvals.exchange import export_decisions, import_decisions, read_decisions
from screening.approvals.letters import record_letter, revoke
from screening.approvals.requests import mark_sent, state_of, when
from screening.cli.ledger import (
    check_outside_store,
    key_option,
    opened,
    output_option,
    store_option,
)
from screening.cli.output import output_to
from screening.cli.progress import say
from screening.report.words import printable

ERASED = "(erased)"


@click.group("approvals")
def approvals_group() -> None:
    """Send requests, file the answers, and see what stands."""


@approvals_group.command("sent")
@click.argument("id_", metavar="ID")
@click.option("--to", default="", help="To whom.")
@click.option("--by", default="", help="Who sent it.")
@store_option
@key_option
def sent_command(id_: str, to: str, by: str, store: str | None, key: Path | None) -> None:
    """Put on record that request ID, or what begins so, was sent."""
    with opened(store, key) as it:
        request = mark_sent(Decisions(it), id_, to=to, by=by)
        click.echo(f"request {request.id}: sent")


@approvals_group.command("record")
@click.option("--letter", required=True, type=click.Path(path_type=Path),
              help="The file that holds the answer; its digest is kept, not the file.")  # fmt: skip
@click.option("--by", required=True, help="Who answered.")
@click.option("--request", "requests", multiple=True, required=True, metavar="ID",
              help="What it answers; several times for several.")  # fmt: skip
@click.option("--granted", is_flag=True, help="The answer is yes.")
@click.option("--denied", is_flag=True, help="The answer is no.")
@click.option("--scope", required=True, type=click.Choice([*map(str, Scope)]),
              help="What it is for: the very file, with its near-exact copies, or the record in "
              "all of this production.")  # fmt: skip
@click.option("--conditions", default="", help="On what conditions it is granted.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="The last day of what is granted.")  # fmt: skip
@store_option
@key_option
def record_command(
    letter: Path,
    by: str,
    requests: tuple[str, ...],
    granted: bool,
    denied: bool,
    scope: str,
    conditions: str,
    until: datetime | None,
    store: str | None,
    key: Path | None,
) -> None:
    """File a written answer to requests; ids may be cut short.

    A later answer wins over an earlier one of the same scope, a denial over grants of others. A
    denial stays in force for near-exact copies whatever its scope.
    """
    if granted is denied:
        raise click.UsageError("say what the answer is: either --granted or --denied")
    with opened(store, key) as it:
        filed = record_letter(
            Decisions(it),
            letter,
            requests=requests,
            granted=granted,
            scope=Scope(scope),
            by=by,
            conditions=conditions,
            until=until.date() if until else None,
        )
        for id_ in filed.requests:
            click.echo(f"request {id_}: {filed.answer}, letter {filed.id}")


@approvals_group.command("revoke")
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why it counts no more.")
@click.option("--by", default="", help="Who says so.")
@store_option
@key_option
def revoke_command(id_: str, reason: str, by: str, store: str | None, key: Path | None) -> None:
    """Put on record that the letter ID counts no more; what it answered is open again."""
    with opened(store, key) as it:
        letter = revoke(Decisions(it), id_, reason=reason, by=by)
        click.echo(f"letter {letter.id}: revoked")


@approvals_group.command("list")
@click.option("--format", "form", default="table", show_default=True,
              type=click.Choice(("table", "jsonl")))  # fmt: skip
@store_option
@key_option
def list_command(form: str, store: str | None, key: Path | None) -> None:
    """List all requests, oldest first, with the letters that answer them."""
    with opened(store, key) as it:
        decisions = Decisions(it)
        decisions.refresh()
        for request in sorted(decisions.requests.values(), key=lambda one: one.at):
            if form == "jsonl":
                click.echo(json.dumps(_request_json(decisions, request)))
            else:
                click.echo("\n".join(map(printable, _lines(decisions, request))))


@approvals_group.command("show")
@click.argument("id_", metavar="ID")
@store_option
@key_option
def show_command(id_: str, store: str | None, key: Path | None) -> None:
    """Tell all that is on record of a request, letter or dismissal, as JSON."""
    with opened(store, key) as it:
        decisions = Decisions(it)
        decisions.refresh()
        found = decisions.find(id_)
        told = {Request: _request_json, Letter: _letter_json, Dismissal: _dismissal_json}
        click.echo(json.dumps(told[type(found)](decisions, found), indent=1))  # type: ignore[operator]


@approvals_group.command("export")
@store_option
@key_option
@output_option
def export_command(store: str | None, key: Path | None, output: Path | None) -> None:
    """Write the decisions as JSON, to be imported into another store: titles and names too."""
    with opened(store, key) as it:
        check_outside_store(it, output)
        values, left = export_decisions(it)
        with output_to(output) as out:
            out.write(json.dumps(values, indent=1) + "\n")
        if left:
            say(f"{left} entries stay: what they are about was erased")


@approvals_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@store_option
@key_option
def import_command(file: Path, store: str | None, key: Path | None) -> None:
    """Take over the decisions in FILE; those that are there already are left as they are."""
    given = read_decisions(file)
    with opened(store, key, create=True) as it:
        count = import_decisions(Decisions(it), given)
        click.echo(f"{count} imported, {len(given) - count} were there already")


def _lines(decisions: Decisions, request: Request) -> Iterator[str]:
    """Yield the lines of a request in the table."""
    sight, state = request.sight, state_of(decisions, request)
    what = f"“{sight.title}” in {sight.path}" if sight else ERASED
    sent = f", sent {when(request.sent)}" if request.sent else ""
    yield f"{request.id}  {state:<7}  {request.at.astimezone():%Y-%m-%d}  {what}{sent}"
    for letter in decisions.letters_to(request):
        until = f" until {letter.until}" if letter.until else ""
        revoked = f"; revoked {when(letter.revoked)}" if letter.revoked else ""
        conditions = f", on condition: {letter.conditions}" if letter.conditions else ""
        yield (
            f"  └ letter {letter.id}: {letter.answer} for {letter.scope}{until}"
            f"{f' by {letter.by}' if letter.by else ''}{conditions}{revoked}"
        )


def _request_json(decisions: Decisions, request: Request) -> dict[str, Any]:
    return {
        "request": request.id,
        "state": state_of(decisions, request),
        "at": request.at.isoformat(),
        "sent": request.sent and when(request.sent),
        "erased": request.sight is None,
        **{key: value for key, value in request.told.items() if key not in _DIGESTS},
        "letters": [_letter_json(decisions, one) for one in decisions.letters_to(request)],
    }


def _letter_json(_: Decisions, letter: Letter) -> dict[str, Any]:
    return {
        "letter": letter.id,
        "at": letter.at.isoformat(),
        "answer": letter.answer,
        "scope": letter.scope,
        "until": letter.until and letter.until.isoformat(),
        "conditions": letter.conditions,
        "by": letter.by,
        "requests": letter.requests,
        "sha256": letter.sha256,
        "name": letter.name,
        "revoked": letter.revoked and when(letter.revoked),
    }


def _dismissal_json(_: Decisions, dismissal: Dismissal) -> dict[str, Any]:
    return {
        "dismissal": dismissal.id,
        "at": dismissal.at.isoformat(),
        "reason": dismissal.reason,
        "note": dismissal.note,
        "by": dismissal.by,
        "undone": dismissal.undone and when(dismissal.undone),
        **(dismissal.sight.written() if dismissal.sight else {"erased": True}),
    }


_DIGESTS = {"picture", "record", "production", "code", "entry", "store"}
