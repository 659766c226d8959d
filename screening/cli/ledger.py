"""``screening ledger``: whether what is on record is unaltered, and taking it elsewhere."""

from pathlib import Path

import click

from screening.approvals import Checkpoint, Problem, Store, export, verify, verify_export
from screening.cli.output import output_to
from screening.config import FILE_NAME, find_config
from screening.errors import ConfigError, OutputError
from screening.report.summary import EXIT_FLAGGED, EXIT_UNFINISHED
from screening.report.words import printable

store_option = click.option(
    "--store", metavar="STORE",
    help="The store: a file, or the address of a database.  [default: that of screening.toml]",
)  # fmt: skip
key_option = click.option(
    "--store-key", "key", type=click.Path(path_type=Path),
    help="Its key file.  [default: STORE.key, beside it]",
)  # fmt: skip
output_option = click.option(
    "--output", type=click.Path(path_type=Path),
    help="Write to this file instead of to standard output.",
)  # fmt: skip


@click.group("ledger")
def ledger_group() -> None:
    """Verify, export and witness what is on record."""


@ledger_group.command("verify")
@store_option
@key_option
@click.option("--checkpoint", "file", type=click.Path(path_type=Path),
              help="One taken before: tells what was cut off or written anew.")  # fmt: skip
@click.option("--export", "exported", type=click.Path(path_type=Path),
              help="Verify this export instead, without its store.")  # fmt: skip
def verify_command(
    store: str | None, key: Path | None, file: Path | None, exported: Path | None
) -> None:
    """Read the whole ledger and name whatever was altered, added or taken out.

    Exit codes: 0 it is whole, 3 it is not, 4 it is, but not all could be checked, 1 error.
    """
    checkpoint = Checkpoint.read(file) if file else None
    if exported is not None:
        _conclude(str(exported), verify_export(exported, checkpoint=checkpoint))
        return
    with opened(store, key) as it:
        _conclude(it.database.name, verify(it, checkpoint))


@ledger_group.command("export")
@store_option
@key_option
@output_option
@click.option("--with-particulars", "particulars", is_flag=True,
              help="Also what people read: titles, paths, names.")  # fmt: skip
def export_command(
    store: str | None, key: Path | None, output: Path | None, particulars: bool
) -> None:
    """Write every entry as a line of JSON, and a signed checkpoint as the last line."""
    with opened(store, key) as it:
        check_outside_store(it, output)
        with output_to(output) as out:
            export(it, out.write, particulars=particulars)


@ledger_group.command("checkpoint")
@store_option
@key_option
@output_option
def checkpoint_command(store: str | None, key: Path | None, output: Path | None) -> None:
    """Write how far the ledger has come, signed; keep it where others cannot change it."""
    with opened(store, key) as it:
        check_outside_store(it, output)
        with output_to(output) as out:
            out.write(it.checkpoint().text() + "\n")


def opened(store: str | None, key: Path | None = None, *, create: bool = False) -> Store:
    """Return the store of an option, or else of the nearest screening.toml.

    create: make it where it is not there. Raises ConfigError where neither names one, StoreError.
    """
    return open_named(store or find_config(Path()).store, key, create=create)


def open_named(named: str | Path | None, key: Path | None, *, create: bool = False) -> Store:
    """Open the store that is named, as ``opened`` does."""
    if not named:
        raise ConfigError(
            f'no store is named: give --store, or say store = "FILE" in {FILE_NAME}; '
            "'screening init' says it, and the first decision makes the file"
        )
    return Store.open(named, create=create, key=key)


def check_outside_store(store: Store, output: Path | None) -> None:
    """Raise OutputError for an output that would take the place of a store or its key file."""
    if output and output.resolve() in {
        file.resolve() for file in (store.database.file, store.key_file) if file
    }:
        raise OutputError(f"{output}: is the store itself, or its key file; name another file")


def _conclude(name: str, problems: list[Problem]) -> None:
    """Print each problem, then one sentence; leave with the exit code they mean."""
    for problem in problems:
        click.echo(printable(str(problem)))
    damaged = sum(problem.damage for problem in problems)
    if damaged:
        click.echo(
            f"{name}: {damaged} {'problem' if damaged == 1 else 'problems'}: the ledger is not as "
            "it was written"
        )
        raise click.exceptions.Exit(EXIT_FLAGGED)
    if problems:
        click.echo(f"{name}: nothing was found altered, but not all of it could be checked")
        raise click.exceptions.Exit(EXIT_UNFINISHED)
    click.echo(f"{name}: the ledger is whole")
