"""``screening benchmark``: how well an index finds what it holds, and what that costs."""

from collections.abc import Sequence
from pathlib import Path

import click

from screening.benchmark import BenchmarkRun, Comparison, as_text, compare, read_run, run, write
from screening.benchmark.files import prepare
from screening.benchmark.measure import EDITS, LOAD
from screening.benchmark.plots import available
from screening.benchmark.queries import REMARKS
from screening.benchmark.words import comparison_as_text, remarks_by_kind
from screening.calibration import ImageScores
from screening.cli.output import check_outside_indexes, output_to
from screening.cli.progress import bar, counted, say
from screening.cli.weights import models_option, runtime_option, say_of_weights
from screening.config import find_config
from screening.errors import OutputError
from screening.report.summary import EXIT_UNFINISHED
from screening.report.words import printable

_SHOWN = 5


@click.command("benchmark")
@click.argument("index", type=click.Path(path_type=Path))
@click.option("--background", "backgrounds", multiple=True, required=True,
              type=click.Path(path_type=Path, exists=True),
              help="Images that show nothing enrolled; may be given several times.")  # fmt: skip
@click.option("--positives", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="CSV file, columns query and record: pictures and what they show.")  # fmt: skip
@click.option("--attacks", type=click.Path(path_type=Path, exists=True),
              help="Enrolled pictures, edited copies of which are the queries.")  # fmt: skip
@click.option("--attacks-per-image", default=EDITS, show_default=True,
              type=click.IntRange(1, 1000), metavar="N",
              help="Edited copies of each picture.")  # fmt: skip
@click.option("--load", default=LOAD, show_default=True,
              type=click.FloatRange(0, 1000, min_open=True),
              help="Flagged unrelated images per 1,000 that a reviewer can bear.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0),
              help="Of the halves, the edits and the intervals.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, file_okay=False),
              help="New folder for run.json, measures.csv, report.html, the curves.")  # fmt: skip
@click.option("--compare", "earlier", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="The run.json of an earlier run, to set beside this one.")  # fmt: skip
@models_option
@runtime_option
@click.option("--workers", type=click.IntRange(0, 256),
              help="Decoding processes; one per processor by default.")  # fmt: skip
def benchmark_command(
    index: Path,
    backgrounds: tuple[Path, ...],
    positives: Path | None,
    attacks: Path | None,
    attacks_per_image: int,
    load: float,
    seed: int,
    output: Path | None,
    earlier: Path | None,
    models: Path | None,
    runtime: str,
    workers: int | None,
) -> None:
    """Measure how well INDEX finds what it holds, and what that costs among unrelated images.

    Half of the background calibrates, and figures are told of the other half. The positives are
    either pairs of your own, or edited copies of the enrolled pictures in a folder, made in memory.
    INDEX stays as it is. Exit code 4 when something could not be read. The nearest screening.toml,
    upward from the first background, gives the limits of a file and the folder of weights.
    """
    if (positives is None) == (attacks is None):
        raise click.UsageError("give either --positives PAIRS.csv or --attacks FOLDER")
    before = read_run(earlier) if earlier else None
    if output is not None:
        _check_apart(output, [*backgrounds, *([attacks] if attacks else [])])
        check_outside_indexes(output)
        prepare(output)
    if output is not None and not available():
        say("curves will be missing: matplotlib is not installed (pip install 'screening[plots]')")
    config = find_config(backgrounds[0])
    models = models or config.models
    say_of_weights(index, models)
    total = counted(backgrounds)
    if total is not None and attacks is not None:
        total += attacks_per_image * (counted([attacks]) or 0)
    with bar(total=total) as advance:

        def report(_: ImageScores) -> None:
            advance()

        measured = run(
            index,
            background=backgrounds,
            positives=positives,
            attacks=attacks,
            attacks_per_image=attacks_per_image,
            load=load,
            seed=seed,
            limits=config.limits,
            workers=workers,
            models=models,
            runtime=runtime,
            report=report,
        )
    comparison = compare(before, measured) if before else None
    _tell(measured, comparison)
    if output is not None:
        write(measured, output, comparison=comparison)
        say(f"written to {output}: open {output / 'report.html'}")
    if any(remark.kind == "unread" for remark in measured.remarks):
        raise click.exceptions.Exit(EXIT_UNFINISHED)


def _check_apart(output: Path, pictures: Sequence[Path]) -> None:
    """Raise OutputError for a folder among pictures: its curves would be some the next time."""
    for folder in pictures:
        if output.resolve().is_relative_to(folder.resolve()):
            raise OutputError(
                f"{output}: lies in {folder}, whose pictures are measured with; name a folder "
                "outside of it"
            )


def _tell(measured: BenchmarkRun, comparison: Comparison | None) -> None:
    """Print the table, and say of files what a reader must know."""
    with output_to(None) as out:
        out.write(as_text(measured))
        if comparison is not None:
            out.write("\n" + comparison_as_text(comparison))
    for kind, remarks in remarks_by_kind(measured.remarks).items():
        say(f"{REMARKS[kind]} ({len(remarks)}):")
        for remark in remarks[:_SHOWN]:
            say(
                f"  {printable(remark.name)}"
                + (f" ({printable(remark.detail)})" * bool(remark.detail))
            )
        if len(remarks) > _SHOWN:
            say(f"  and {len(remarks) - _SHOWN} more; run.json names all (--output FOLDER)")
