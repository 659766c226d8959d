"""``screening dismiss``: "not it", said once and remembered."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from screening.approvals.decided import Reason
from screening.approvals.decisions import Decisions
from screening.approvals.dismissals import Done, dismiss, most_dismissed, undo
from screening.cli.ledger import opened
from screening.cli.options import Options, screening_options
from screening.cli.screened import opened_screener, own_findings, screenings
from screening.report.summary import EXIT_UNFINISHED
from screening.report.words import printable


@click.command("dismiss")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True, readable=False))
@click.option("--record", "records", multiple=True, metavar="ID",
              help="The record that they do not show; several times for several.")  # fmt: skip
@click.option("--reason", type=click.Choice([*map(str, Reason)]), help="Why it is none.")
@click.option("--note", default="", help="Why, in words.")
@click.option("--by", default="", help="Who says so.")
@click.option("--undo", "undone", is_flag=True, help="Take dismissals back instead.")
@click.option("--list", "listed", is_flag=True,
              help="List which records cause most dismissals: mend the index there.")  # fmt: skip
@screening_options
def dismiss_command(
    paths: tuple[Path, ...],
    options: Options,
    records: tuple[str, ...],
    reason: str | None,
    note: str,
    by: str,
    undone: bool,
    listed: bool,
) -> None:
    """Say of findings of a record in PATHS, files and folders, that they are none.

    It is remembered for each picture, and for near-exact copies that show the record in the same
    place. What is denied stays blocked. What an input of a picture shows is dismissed on that
    input, with --role input. Exit code 4 where a picture could not be looked at.
    """
    if listed:
        if paths or records or reason or undone:
            raise click.UsageError("--list is of all dismissals: leave paths and the rest out")
        with opened(options.store, options.key) as store:
            _list(Decisions(store))
        return
    if not paths or not records:
        raise click.UsageError("say what is dismissed: PATHS..., and --record ID for what")
    if bool(reason) is undone:
        raise click.UsageError("give --reason for a dismissal, or --undo to take one back")
    if reason == Reason.OTHER and not note.strip():
        raise click.UsageError(f"--reason {reason} needs --note: say why it is none")
    with opened_screener(options, paths[0], records=records, deciding=True) as it:
        finds, unread = [], 0
        with closing(screenings(it, options, paths)) as results:
            for screening in results:
                unread += screening.unfinished
                finds += [
                    it.on_record.found(screening, finding)
                    for finding in own_findings(screening, records)
                ]
        if undone:
            done = undo(it.decisions, finds, reason=note, by=by)
        else:
            assert reason is not None
            done = dismiss(
                it.decisions,
                finds,
                reason=Reason(reason),
                note=note,
                by=by,
                production=it.screener.context.production,
            )
        _say_done(done, "dismissal taken back" if undone else f"dismissed as {reason}")
    if unread:
        raise click.exceptions.Exit(EXIT_UNFINISHED)


def _say_done(done: Sequence[Done], what: str) -> None:
    for one in done:
        sight = one.found.sight
        outcome = f"not done: {one.why_not}" if one.why_not else what
        click.echo(printable(f"{sight.path}: “{sight.title}”: {outcome}"))
    count = sum(not one.why_not for one in done)
    click.echo(f"{len(done)} {'finding' if len(done) == 1 else 'findings'}: {count} {what}")


def _list(decisions: Decisions) -> None:
    decisions.refresh()
    for one in most_dismissed(decisions.dismissals.values()):
        reasons = ", ".join(f"{count} {reason}" for reason, count in one.reasons)
        named = f"“{one.title}” ({one.record_id})" if one.record_id else "(erased)"
        click.echo(printable(f"{one.count:>6}  {named}: {reasons}"))
