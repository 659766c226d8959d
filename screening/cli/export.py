"""``screening export``: what is on record, as sheets and pages for people who decide."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import click

from reference_index import ReferenceIndex, ReferenceIndexError
from screening.approvals import Store
from screening.approvals.exports import (
    Sheet,
    binder,
    consent_page,
    consent_sheet,
    cue_sheet,
    read_report,
    register,
)
from screening.cli.ledger import check_outside_store, key_option, opened, store_option
from screening.cli.output import check_outside_indexes, output_to
from screening.config import find_config
from screening.errors import OutputError, UnreadError
from screening.images.files import type_of
from screening.replacing import replacing

output_option = click.option(
    "--output", type=click.Path(path_type=Path),
    help="Write to this file instead of to standard output.",
)  # fmt: skip
force_option = click.option("--force", is_flag=True, help="Replace a file that is there already.")


def form_option(*forms: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option for the formats of an export; the ending of --output is the default."""
    return click.option(
        "--format", "form", type=click.Choice(forms),
        help=f"[default: by the ending of --output, or {forms[0]}]",
    )  # fmt: skip


@click.group("export")
def export_group() -> None:
    """Write registers, binders and packages of what is on record."""


@export_group.command("register")
@form_option("csv", "xlsx")
@output_option
@force_option
@store_option
@key_option
def register_command(
    form: str | None, output: Path | None, force: bool, store: str | None, key: Path | None
) -> None:
    """Write the register of uses: every declared tool and every decision, by ledger entry."""
    with opened(store, key) as it:
        _deliver(lambda _: register(it), ("csv", "xlsx"), form, output, it, force=force)


@export_group.command("binder")
@click.option("--scan", "report", required=True, type=click.Path(path_type=Path),
              help="What 'screening scan --format jsonl' wrote.")  # fmt: skip
@click.option("--production", help="[default: that of screening.toml, or the one declared]")
@output_option
@force_option
@store_option
@key_option
def binder_command(
    report: Path,
    production: str | None,
    output: Path | None,
    force: bool,
    store: str | None,
    key: Path | None,
) -> None:
    """Write the clearance binder of a scan, one page first, as HTML to be read or printed.

    What was checked against what, what was not, every flag and what became of it, letters by
    digest, and the checkpoint of the ledger.
    """
    scanned = read_report(report)
    name = production or find_config(Path()).production
    with opened(store, key) as it, ExitStack() as stack:
        indexes = []
        for path in (scanned.summary or {}).get("indexes", ()):
            try:
                indexes.append(stack.enter_context(ReferenceIndex.open(path)))
            except ReferenceIndexError:
                continue  # what it was then stands in the report
        text = binder(scanned, it, today=_today(), production=name, indexes=indexes)
        _deliver(lambda _: text, ("html",), None, output, it, force=force)


@export_group.command("consents")
@form_option("html", "csv", "xlsx")
@output_option
@force_option
@store_option
@key_option
def consents_command(
    form: str | None, output: Path | None, force: bool, store: str | None, key: Path | None
) -> None:
    """Write the consent package: each person's consents, their papers, and how they stand today."""
    with opened(store, key) as it:

        def made(form: str) -> Sheet | str:
            if form == "html":
                return consent_page(it, today=_today())
            return consent_sheet(it, today=_today())

        _deliver(made, ("html", "csv", "xlsx"), form, output, it, force=force)


@export_group.command("cues")
@click.option("--index", "indexes", multiple=True, type=click.Path(path_type=Path),
              help="An index of temporary material, as 'screening remember' makes it.")  # fmt: skip
@click.option("--scan", "reports", multiple=True, type=click.Path(path_type=Path),
              help="What 'screening scan --format jsonl' wrote.")  # fmt: skip
@form_option("csv", "xlsx")
@output_option
@force_option
@store_option
@key_option
def cues_command(
    indexes: tuple[Path, ...],
    reports: tuple[Path, ...],
    form: str | None,
    output: Path | None,
    force: bool,
    store: str | None,
    key: Path | None,
) -> None:
    """Write the cue sheet of generated material: tool, prompt, source and status of each picture.

    What is not known is said to be unknown. A store is looked into where there is one.
    """
    if not (indexes or reports or store or find_config(Path()).store):
        raise click.UsageError("nothing to look into: give --index, --scan or --store")
    with ExitStack() as stack:
        named = store or find_config(Path()).store
        it = stack.enter_context(opened(store, key)) if named else None
        sheet = cue_sheet(
            it,
            indexes=[stack.enter_context(ReferenceIndex.open(path)) for path in indexes],
            reports=map(read_report, reports),
        )
        _deliver(lambda _: sheet, ("csv", "xlsx"), form, output, it, force=force)


def _deliver(
    made: Callable[[str], Sheet | str],
    forms: tuple[str, ...],
    form: str | None,
    output: Path | None,
    store: Store | None,
    *,
    force: bool,
) -> None:
    """Write an export in a format, by default the one that a file's name ends in."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    chosen = form or (ending if ending in forms else forms[0])
    if output is None and (force or chosen == "xlsx"):
        raise click.UsageError("--force and the format xlsx are for a file: give --output FILE")
    if store:
        check_outside_store(store, output)
    if output and output.exists() and not force:
        raise OutputError(f"{output}: is there already; --force replaces it, or name another file")
    export = made(chosen)
    if chosen == "xlsx":
        assert output is not None
        assert isinstance(export, Sheet)
        _write(output, export.xlsx())
        return
    text = export.csv() if isinstance(export, Sheet) else export
    if output is None:
        with output_to(None) as out:
            out.write(text)
    else:
        _write(output, text.encode())


def _write(output: Path, data: bytes) -> None:
    """Write a file whole, or leave what is there. Raises OutputError, also for a picture there."""
    check_outside_indexes(output)
    try:
        if output.is_file() and type_of(str(output)).format:
            raise OutputError(f"{output}: is a picture, no earlier export; name another file")
        with replacing(output) as stream:
            stream.write(data)
    except (OSError, UnreadError) as error:
        raise OutputError(
            f"{output}: cannot be written ({error}); choose another place, or free space"
        ) from error


def _today() -> date:
    return datetime.now(UTC).astimezone().date()
