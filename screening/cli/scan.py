"""``screening scan``: what somebody wants to know of a mood board."""

import sys
from contextlib import closing
from pathlib import Path

import click

from screening.cli.interrupt import Interrupts
from screening.cli.output import output_to
from screening.cli.progress import bar, counted, say
from screening.config import FILE_NAME, find_config
from screening.decision import NETFLIX_GENAI
from screening.report import CsvReport, JsonlReport, Report, Summary, TableReport
from screening.screener import Screener, distinct_roots
from screening.signals import SETTINGS

FORMATS = ("table", "jsonl", "csv")


@click.command("scan")
@click.argument("paths", nargs=-1, required=True,
                type=click.Path(path_type=Path, exists=True, readable=False))  # fmt: skip
@click.option("--index", "indexes", multiple=True, type=click.Path(path_type=Path),
              help="Reference index to compare with; may be given several times.")  # fmt: skip
@click.option("--policy", default=NETFLIX_GENAI.name, show_default=True, help="Policy to apply.")
@click.option("--candidates", default=0, type=click.IntRange(0, 1000), metavar="K",
              help="Also list the K best records, whatever their score.")  # fmt: skip
@click.option("--format", "form", default="table", type=click.Choice(FORMATS), show_default=True)
@click.option("--output", type=click.Path(path_type=Path),
              help="Write the report here instead of to standard output.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, 256),
              help="Decoding processes; one per processor by default.")  # fmt: skip
def scan_command(
    paths: tuple[Path, ...],
    indexes: tuple[Path, ...],
    policy: str,
    candidates: int,
    form: str,
    output: Path | None,
    workers: int | None,
) -> None:
    """Screen files and folders against reference indexes.

    The nearest screening.toml, upward from the first PATH, gives the limits of a file and, without
    --index, the indexes. Writes nothing but its report.
    """
    reports: dict[str, Report] = {
        "table": TableReport(color=output is None and sys.stdout.isatty()),
        "jsonl": JsonlReport(),
        "csv": CsvReport(),
    }
    report = reports[form]
    config = find_config(paths[0])
    chosen = _indexes(indexes or config.indexes, paths[0])
    if not indexes:
        say(f"{config.file}: comparing with {', '.join(map(str, chosen))}")
    summary = Summary(policy=policy, indexes=tuple(map(str, chosen)))
    with Screener.open(*chosen, policy=policy, limits=config.limits) as screener:
        _say_gaps(screener)
        results = screener.scan(*paths, candidates=candidates, workers=workers)
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
        say(summary.sentence())
    raise click.exceptions.Exit(summary.exit_code)


def _say_gaps(screener: Screener) -> None:
    """Tell of indexes that an earlier version built, once; every screening tells it too."""
    for index in screener.indexes:
        for channel in sorted(SETTINGS.keys() - set(index.channels)):
            say(
                f"{index.path}: built without the {channel} channel; enroll its works again into "
                "a new index"
            )


def _indexes(found: tuple[Path, ...], start: Path) -> tuple[Path, ...]:
    """Return the indexes to compare with; none is a usage error that says how to get one."""
    if not found:
        raise click.UsageError(
            f"no reference index: give --index INDEX, or name it in a {FILE_NAME} at or above "
            f"{start} (made with: screening enroll INDEX FOLDER)"
        )
    return found
