"""``screening enroll``: a folder of protected works into a reference index."""

from collections import Counter
from pathlib import Path

import click

from reference_index import Kind, ReferenceIndex
from screening.cli.progress import bar, counted, say
from screening.cli.weights import models_option, runtime_option
from screening.config import find_config
from screening.enrollment import (
    PROBLEMS,
    Enrolled,
    Outcome,
    enroll,
    folder_sources,
    records_sources,
)
from screening.report.summary import EXIT_UNFINISHED
from screening.report.words import printable


@click.command("enroll")
@click.argument("index", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--records", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="CSV file with one record a row; images are relative to it.")  # fmt: skip
@click.option("--kind", default="work", show_default=True, type=click.Choice([*map(str, Kind)]),
              help="What the records are, where the file does not say.")  # fmt: skip
@models_option
@click.option("--face-model", metavar="ID",
              help="Weights to look for people's faces with, where INDEX has no faces yet; by "
              "default the best there are.")  # fmt: skip
@click.option("--embedding", "embeddings", multiple=True, metavar="ID",
              help="Weights to build a new INDEX with, that see what is alike when nothing was "
              "copied; may be given several times. By default the best there are.")  # fmt: skip
@click.option("--no-embeddings", is_flag=True, help="Build a new INDEX without any.")
@click.option("--tiles", type=click.IntRange(0, 2),
              help="How closely those weights look at pictures, in a new INDEX: 0 at the whole "
              "only, 1 also along the longer side, 2 also at smaller squares, which takes longer "
              "and finds smaller parts.  [default: 1]")  # fmt: skip
@runtime_option
@click.option("--keep-doubtful", is_flag=True,
              help="Also enroll photographs that seem to show someone else than the person's "
              "others, and of several faces the largest.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, 256),
              help="Decoding processes; one per processor by default.")  # fmt: skip
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0),
              help="Seconds to wait for another writer of the index.")  # fmt: skip
def enroll_command(
    index: Path,
    folder: Path,
    records: Path | None,
    kind: str,
    models: Path | None,
    face_model: str | None,
    embeddings: tuple[str, ...],
    no_embeddings: bool,
    tiles: int | None,
    runtime: str,
    keep_doubtful: bool,
    workers: int | None,
    wait: float,
) -> None:
    """Enroll the images of FOLDER into INDEX, which is made if it is not there.

    Each sub-folder is one record titled after it, each loose image a record of its own; with
    --records the records are the rows of that file, and what lies in FOLDER but in no row is
    told. Images that only one channel can find are counted. Of a person each photograph must show
    one face; where there are several, a row of --records names one by its box. Done again it
    changes nothing. Exit code 4 when something could not be used. The nearest screening.toml,
    upward from FOLDER, gives the limits of a file and the folder of weights.
    """
    if embeddings and no_embeddings:
        raise click.UsageError("--embedding and --no-embeddings exclude one another: leave one out")
    chosen = Kind(kind)
    sources = (
        records_sources(records, folder=folder, kind=chosen)
        if records
        else folder_sources(folder, kind=chosen)
    )
    counts: Counter[Outcome] = Counter()
    lacking: Counter[str] = Counter()
    with bar(total=counted([folder])) as advance:

        def report(enrolled: Enrolled) -> None:
            counts[enrolled.outcome] += 1
            if enrolled.outcome in {Outcome.ENROLLED, Outcome.ALREADY} and enrolled.reason:
                lacking[enrolled.reason] += 1
            if enrolled.outcome in PROBLEMS:
                say(_line(enrolled))
            advance()

        config = find_config(folder)
        enroll(
            index,
            sources,
            limits=config.limits,
            workers=workers,
            timeout=wait,
            models=models or config.models,
            face_model=face_model,
            embeddings=embeddings if embeddings or no_embeddings else None,
            tiles=tiles,
            runtime=runtime,
            keep_doubtful=keep_doubtful,
            report=report,
            remark=say,
        )
    with ReferenceIndex.open(index) as opened:
        done = ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "nothing"
        plain = "".join(f" {count} {reason}." for reason, count in lacking.items())
        click.echo(
            f"{index}: {opened.record_count} records, {opened.image_count} reference images. "
            f"This time: {done}.{plain}"
        )
    if any(counts[outcome] for outcome in PROBLEMS):
        raise click.exceptions.Exit(EXIT_UNFINISHED)


def _line(enrolled: Enrolled) -> str:
    reason = f" ({printable(enrolled.reason)})" if enrolled.reason else ""
    return f"{printable(enrolled.path)}: {enrolled.outcome}{reason}"
