"""``screening scan``: what somebody wants to know of a mood board."""

import sys
import webbrowser
from contextlib import closing
from pathlib import Path

import click

from screening.cli.interrupt import Interrupts
from screening.cli.ledger import check_outside_store
from screening.cli.options import Options, screening_options
from screening.cli.output import output_to
from screening.cli.progress import bar, counted, say
from screening.cli.screened import opened_screener
from screening.report import CsvReport, JsonlReport, Report, TableReport
from screening.report.html import HtmlReport
from screening.screener import distinct_roots

FORMATS = ("table", "jsonl", "csv", "html")
OPENED = Path("screening-report.html")


@click.command("scan")
@click.argument("paths", nargs=-1, required=True,
                type=click.Path(path_type=Path, exists=True, readable=False))  # fmt: skip
@screening_options
@click.option("--inputs", multiple=True, metavar="PATH",
              type=click.Path(path_type=Path, exists=True, readable=False),
              help="Picture or folder of pictures that were fed to the generator: screened too, "
              "and told of with what was made; may be given several times.")  # fmt: skip
@click.option("--notes/--no-notes", default=True, show_default=True,
              help="Whether the table tells what a note is about.")  # fmt: skip
@click.option("--candidates", default=0, type=click.IntRange(0, 1000), metavar="K",
              help="Also list the K best records, whatever their score.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="[default: table; html where it is opened]")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path),
              help="Write the report here instead of to standard output.")  # fmt: skip
@click.option("--thumbnails/--no-thumbnails", default=True, show_default=True,
              help="Whether html shows small pictures; without, no pixel is in it.")  # fmt: skip
@click.option("--open", "shown", is_flag=True,
              help="Show the html report in the browser; without --output it is "
              f"{OPENED} in the current folder.")  # fmt: skip
def scan_command(
    paths: tuple[Path, ...],
    options: Options,
    inputs: tuple[Path, ...],
    notes: bool,
    candidates: int,
    form: str | None,
    output: Path | None,
    thumbnails: bool,
    shown: bool,
) -> None:
    """Screen files and folders against reference indexes.

    Pictures that the metadata of what was made names as its inputs are screened too, where they lie
    beside it or among --inputs.

    The nearest screening.toml, upward from the first PATH, gives the policy, the roles of folders,
    the limits of a file, thresholds, required channels, the folder of weights, the store of what is
    on record and, without --index, the indexes; options win over it. Writes nothing but its report.
    """
    form = form or ("html" if shown else "table")
    output = output or (OPENED if shown else None)
    if not notes and form != "table":
        raise click.UsageError(f"--no-notes is for the table: {form} always has the notes")
    if not thumbnails and form != "html":
        raise click.UsageError(f"--no-thumbnails is for html: {form} has no pictures")
    if shown and form != "html":
        raise click.UsageError(f"--open is for html: {form} is not for a browser")
    reports: dict[str, Report] = {
        "table": TableReport(color=output is None and sys.stdout.isatty(), notes=notes),
        "jsonl": JsonlReport(),
        "csv": CsvReport(),
    }
    with opened_screener(options, paths[0]) as opened:
        screener, desk = opened.screener, opened.on_record.desk
        if desk:
            check_outside_store(desk.decisions.store, output)
            say(f"{desk.decisions.store.database.name}: what is on record there counts")
        report = (
            HtmlReport(screener.indexes, thumbnails=thumbnails, limits=screener.limits)
            if form == "html"
            else reports[form]
        )
        summary = opened.summary()
        results = screener.scan(
            *paths,
            candidates=candidates,
            workers=options.workers,
            role=options.role_of_all,
            inputs=inputs,
        )
        with output_to(output) as out:
            out.write(report.start())
            try:
                total = counted(distinct_roots(paths))
                with closing(results), bar(total=total) as advance, Interrupts() as interrupts:
                    for screening in results:
                        interrupts.hold()
                        summary.add(screening)
                        out.write(report.line(screening))
                        advance()
                        interrupts.release()
            except KeyboardInterrupt:
                summary.interrupted = True
            out.write(report.end(summary))
    if form == "csv" or output is not None:
        say(summary.lines())
    if shown and output is not None and not webbrowser.open(output.resolve().as_uri()):
        say(f"{output}: no browser could be started; open it in one")
    raise click.exceptions.Exit(summary.exit_code)
