"""``screening deliverables``: whether generated material is left in what is delivered."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from tqdm import tqdm

from screening.cli.interrupt import Interrupts
from screening.cli.output import output_to
from screening.cli.progress import say
from screening.cli.weights import models_option, runtime_option
from screening.config import FILE_NAME, find_config
from screening.decision import NETFLIX_GENAI
from screening.deliverables import Position, deliverables
from screening.deliverables.lines import (
    Totals,
    csv_head,
    csv_lines,
    json_end,
    json_line,
    table_head,
    table_lines,
)
from screening.screener import Screener

_REDRAW_SECONDS = 0.2


@click.command("deliverables")
@click.argument("paths", nargs=-1, required=True,
                type=click.Path(path_type=Path, exists=True, readable=False))  # fmt: skip
@click.option("--index", "indexes", multiple=True, type=click.Path(path_type=Path),
              help="Index of what was remembered; may be given several times.")  # fmt: skip
@click.option("--format", "form", default="table", show_default=True,
              type=click.Choice(("table", "jsonl", "csv")))  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path),
              help="Write the report here instead of to standard output.")  # fmt: skip
@models_option
@runtime_option
@click.option("--workers", type=click.IntRange(0, 256),
              help="Decoding processes, for a film threads; one for each processor.")  # fmt: skip
def deliverables_command(
    paths: tuple[Path, ...],
    indexes: tuple[Path, ...],
    form: str,
    output: Path | None,
    models: Path | None,
    runtime: str,
    workers: int | None,
) -> None:
    """Look for temporary material in final pictures and films.

    PATHS are files and folders; INDEX is what `screening remember` made. A film is looked at once
    a second and after every change of the picture, and each sighting is told with its first and
    last timecode. Exit code 3 where something was found, 4 where nothing was but something could
    not be looked at. The nearest screening.toml, upward from the first PATH, gives the limits of
    pictures, the threshold, the folder of weights and, without --index, the indexes.
    """
    config = find_config(paths[0])
    chosen = indexes or config.indexes
    if not chosen:
        raise click.UsageError(
            f"no index: give --index INDEX, or name it in a {FILE_NAME} at or above {paths[0]} "
            "(made with: screening remember BOARD --index INDEX)"
        )
    settings = dict(config.thresholds)
    if config.required is not None:
        settings["required"] = config.required
    heads: dict[str, Callable[[], str]] = {"table": table_head, "csv": csv_head}
    lines = {"table": table_lines, "jsonl": json_line, "csv": csv_lines}[form]
    totals = Totals()
    with Screener.open(
        *chosen,
        policy=replace(config.policy or NETFLIX_GENAI, **settings),
        limits=config.limits,
        models=models or config.models,
        runtime=runtime,
    ) as screener:
        for remark in screener.weights.remarks:
            say(remark)
        with output_to(output) as out, _shown() as progress:
            results = deliverables(screener, *paths, workers=workers, progress=progress)
            out.write(heads.get(form, str)())
            try:
                with Interrupts() as interrupts:
                    for one in results:
                        interrupts.hold()
                        totals.add(one)
                        out.write(lines(one))
                        interrupts.release()
            except KeyboardInterrupt:
                totals.interrupted = True
            out.write(
                {"table": f"\n{totals.sentence()}\n", "jsonl": json_end(totals)}.get(form, "")
            )
    if form == "csv" or output is not None:
        say(totals.sentence())
    raise click.exceptions.Exit(totals.exit_code)


@contextmanager
def _shown() -> Iterator[Callable[[Position], object]]:
    """Show where in which film we are and how fast, on standard error where it is a terminal."""
    with tqdm(bar_format="{desc}", leave=False, disable=not sys.stderr.isatty()) as shown:
        drawn = 0.0

        def progress(position: Position) -> None:
            nonlocal drawn
            if time.monotonic() - drawn >= _REDRAW_SECONDS:
                drawn = time.monotonic()
                shown.set_description_str(position.in_words)

        yield progress
