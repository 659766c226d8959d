"""``screening remember``: what was generated, so that it can be looked for in deliverables."""

from contextlib import ExitStack
from pathlib import Path

import click

from screening.approvals import Store
from screening.approvals.temporaries import record_remembered
from screening.cli.ledger import key_option, store_option
from screening.cli.progress import bar, counted, say
from screening.cli.weights import models_option
from screening.config import find_config
from screening.deliverables import remember
from screening.enrollment import PROBLEMS, Enrolled
from screening.report.summary import EXIT_UNFINISHED
from screening.report.words import printable


@click.command("remember")
@click.argument("boards", nargs=-1, required=True, metavar="BOARD...",
                type=click.Path(path_type=Path, exists=True, readable=False))  # fmt: skip
@click.option("--index", required=True, type=click.Path(path_type=Path),
              help="Index of temporary material, made if it is not there.")  # fmt: skip
@store_option
@key_option
@models_option
@click.option("--workers", type=click.IntRange(0, 256),
              help="Decoding processes; one per processor by default.")  # fmt: skip
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0),
              help="Seconds to wait for another writer of the index.")  # fmt: skip
def remember_command(
    boards: tuple[Path, ...],
    index: Path,
    store: str | None,
    key: Path | None,
    models: Path | None,
    workers: int | None,
    wait: float,
) -> None:
    """Remember the pictures and clips of each BOARD, folder or file, as temporary material.

    Each file becomes a record, titled after it and known by its bytes, of which only fingerprints
    are kept. Done again it changes nothing. Then `screening deliverables` finds them in what is
    delivered, and a scan notes them. Where a store is named it is put on record. Exit code 4 when
    something could not be used.
    """
    config = find_config(boards[0])
    named = store or config.store
    with ExitStack() as stack:
        ledger = stack.enter_context(Store.open(named, create=True, key=key)) if named else None
        advance = stack.enter_context(bar(total=counted(boards)))

        def report(enrolled: Enrolled) -> None:
            if enrolled.outcome in PROBLEMS:
                reason = f" ({printable(enrolled.reason)})" if enrolled.reason else ""
                say(f"{printable(enrolled.path)}: {enrolled.outcome}{reason}")
            advance()

        done = remember(
            index,
            *boards,
            limits=config.limits,
            workers=workers,
            timeout=wait,
            models=models or config.models,
            report=report,
            remark=say,
        )
        entry = ledger and record_remembered(ledger, done, production=config.production)
    click.echo(
        f"{index}: {len(done.enrolled)} remembered, {done.already} already known, "
        f"{len(done.problems)} could not be used wholly"
        + (f", on record as {entry.id}" if entry else "")
    )
    if done.problems:
        raise click.exceptions.Exit(EXIT_UNFINISHED)
