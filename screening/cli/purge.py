"""``screening purge``: taking out all that is known of a person or a production."""

from datetime import UTC, datetime
from pathlib import Path

import click

from screening.approvals.purge import purge_expired, purge_person, purge_production
from screening.cli.ledger import key_option, opened, store_option
from screening.cli.progress import say
from screening.config import find_config


@click.command("purge")
@click.option("--person", metavar="RECORD_ID", help="Whom to forget.")
@click.option("--name", "names", multiple=True,
              help="A further spelling of the person's name to look for.")  # fmt: skip
@click.option("--production", metavar="NAME", help="Which production to forget.")
@click.option("--expired", is_flag=True, help="What was to be held until a day that has passed.")
@click.option("--index", "indexes", multiple=True, type=click.Path(path_type=Path),
              help="An index to take it out of; several times for several.  [default: those of "
              "screening.toml, but none for --production]")  # fmt: skip
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0),
              help="Seconds to wait for another writer of an index.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only tell what would be taken out.")
@store_option
@key_option
def purge_command(
    person: str | None,
    names: tuple[str, ...],
    production: str | None,
    expired: bool,
    indexes: tuple[Path, ...],
    wait: float,
    dry_run: bool,
    store: str | None,
    key: Path | None,
) -> None:
    """Erase what is known of a person or a production, and print the receipt.

    It goes out of indexes and out of the store; the ledger stays whole and says that it went. Of a
    production, --index names its own indexes: people, key elements and temporary records go out of
    them. Interrupted, it can be run again. Reports and exports that were written are not reached.
    """
    if [person is not None, production is not None, expired].count(True) != 1:
        raise click.UsageError("give one of --person, --production and --expired")
    if names and person is None:
        raise click.UsageError("--name is for --person")
    where = indexes or (() if production is not None else find_config(Path()).indexes)
    if where and not indexes:
        say(f"looking into {', '.join(map(str, where))}")
    with opened(store, key) as it:
        if person is not None:
            receipt = purge_person(
                it, person, indexes=where, names=names, timeout=wait, dry_run=dry_run
            )
        elif production is not None:
            receipt = purge_production(it, production, indexes=where, timeout=wait, dry_run=dry_run)
        else:
            today = datetime.now(UTC).astimezone().date()
            receipt = purge_expired(it, today=today, indexes=where, timeout=wait, dry_run=dry_run)
    click.echo(receipt.text())
