"""``screening submit``: what needs approval is put on record and written up for who decides."""

from contextlib import closing
from pathlib import Path

import click
from PIL import Image

from screening.approvals.decided import Request
from screening.approvals.request_page import page_name, request_page
from screening.approvals.requests import Asked, Basis, Submitted, state_of, submit
from screening.cli.options import Options, screening_options
from screening.cli.output import check_outside_indexes
from screening.cli.progress import say
from screening.cli.screened import Opened, opened_screener, own_findings, screenings
from screening.decision import Judged, Verdict
from screening.errors import OutputError, ReferenceUnavailableError, UnreadError
from screening.replacing import replacing
from screening.report.pair import draw_finding
from screening.report.summary import EXIT_UNFINISHED
from screening.report.words import path_of, printable
from screening.result import Screening

Needing = list[tuple[Screening, Judged]]


@click.command("submit")
@click.argument("paths", nargs=-1, required=True,
                type=click.Path(path_type=Path, exists=True, readable=False))  # fmt: skip
@click.option("--record", "records", multiple=True, metavar="ID",
              help="Ask for this record alone; several times for several.")  # fmt: skip
@click.option("--by", default="", help="Who asks.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Write each request into this folder, as a page to be signed.")  # fmt: skip
@click.option("--with-pictures", is_flag=True,
              help="Show picture and reference in the page; else it has no pixels.")  # fmt: skip
@click.option("--references", type=click.Path(path_type=Path, exists=True),
              help="Where the references' pictures are.  [default: as records say]")  # fmt: skip
@screening_options
def submit_command(
    paths: tuple[Path, ...],
    options: Options,
    records: tuple[str, ...],
    by: str,
    output: Path | None,
    with_pictures: bool,
    references: Path | None,
) -> None:
    """Open a request for each picture and record in PATHS that needs approval.

    Done again, it gives those that are open. What an input of a picture shows is asked for on that
    input, with --role input. A request is a draft until `screening approvals sent`.
    Exit code 4 where a picture could not be looked at.
    """
    if with_pictures and not output:
        raise click.UsageError("--with-pictures is for pages: give --output FOLDER")
    if references and not with_pictures:
        raise click.UsageError("--references is for --with-pictures: give that too, or neither")
    if output:
        check_outside_indexes(output)
    with opened_screener(options, paths[0], records=records, deciding=True) as opened:
        needing, unread = _needing(opened, options, paths, records)
        basis = Basis.of(opened.screener)
        asked = [
            Asked.of(
                opened.on_record.found(screening, finding),
                finding,
                role=screening.role,
                basis=basis,
                by=by,
            )
            for screening, finding in needing
        ]
        done = submit(opened.decisions, asked) if asked else []
        pages: dict[str, Path] = {}
        for (screening, finding), one in zip(needing, done, strict=True):
            request, said = one.request, _said(one, state_of(opened.decisions, one.request))
            if output and request.id not in pages:
                drawn = _drawing(screening, finding, one, references) if with_pictures else None
                pages[request.id] = _write(output, request, drawn)
            page = f": {pages[request.id]}" if output else ""
            click.echo(printable(f"{path_of(screening)}: “{finding.record.title}”: {said}{page}"))
        new = {one.request.id for one in done if one.new}
        known = {one.request.id for one in done} - new
        count = f"{len(new)} {'request' if len(new) == 1 else 'requests'}"
        click.echo(f"{count} opened, {len(known)} open already")
    if unread:
        raise click.exceptions.Exit(EXIT_UNFINISHED)


def _needing(
    opened: Opened, options: Options, paths: tuple[Path, ...], records: tuple[str, ...]
) -> tuple[Needing, int]:
    """Return what needs approval, and how many pictures could not be looked at; tell the rest."""
    needing: Needing = []
    unread = 0
    with closing(screenings(opened, options, paths)) as results:
        for screening in results:
            unread += screening.unfinished
            for finding in own_findings(screening, records):
                if finding.verdict is Verdict.NEEDS_APPROVAL:
                    needing.append((screening, finding))
                elif finding.verdict is Verdict.BLOCKED:
                    why = f": {finding.standing.words}" if finding.standing else ""
                    name = f"{path_of(screening)}: “{finding.record.title}”"
                    say(printable(f"{name} is blocked, nothing is asked{why}"))
    return needing, unread


def _said(one: Submitted, state: str) -> str:
    if one.new:
        return f"request {one.request.id} opened"
    day = f"{one.request.at.astimezone():%Y-%m-%d}"
    return f"request {one.request.id} is open already, {state} since {day}"


def _drawing(
    screening: Screening, finding: Judged, one: Submitted, references: Path | None
) -> Image.Image | str:
    """Return the matched pair, or else why it cannot be shown."""
    assert screening.path is not None
    sight = one.request.sight
    if sight is None or sight.sha256 != screening.sha256:
        return "only a near-exact copy of the picture was at hand"
    try:
        return draw_finding(screening.path, finding, reference=references)
    except (ReferenceUnavailableError, UnreadError) as error:
        say(printable(f"{path_of(screening)}: the matched pair is not drawn: {error}"))
        return "the picture of the reference was not at hand"


def _write(folder: Path, request: Request, drawn: Image.Image | str | None) -> Path:
    """Write the page of a request, over an earlier one, and return where. Raises OutputError."""
    place, text = folder / page_name(request), request_page(request, drawn=drawn)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(place, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise OutputError(
            f"{place}: cannot be written ({error.strerror}); choose another folder, or free "
            "space. The requests are on record; submit again for their pages"
        ) from error
    return place
