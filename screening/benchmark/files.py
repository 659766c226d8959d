"""The folder of a run: each file appears whole or not at all, and what else lies there is kept."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from screening.benchmark import plots
from screening.benchmark.compare import Comparison
from screening.benchmark.page import page
from screening.benchmark.result import BenchmarkRun
from screening.benchmark.words import as_csv
from screening.errors import OutputError
from screening.replacing import replacing


def write(
    run: BenchmarkRun,
    folder: str | os.PathLike[str],
    *,
    comparison: Comparison | None = None,
) -> None:
    """Write run.json, measures.csv, report.html and the curves, as PNG and SVG, into a folder.

    Those of an earlier run are replaced. Without matplotlib there are no curves, and the page says
    so. Raises OutputError.
    """
    curves = plots.drawn(run) if plots.available() else {}
    texts = {
        "run.json": run.to_json(),
        "measures.csv": as_csv(run),
        "report.html": page(run, curves, comparison),
    }
    written = {name: text.encode() for name, text in texts.items()}
    write_files(Path(folder), {**written, **curves})


def prepare(folder: Path) -> None:
    """Make a folder and see that files can be written into it.

    Raises OutputError, also for a folder that holds something: no earlier run is lost, and no
    index or folder of pictures is added to.
    """
    with _writing(folder):
        _make(folder)
        held = min((file.name for file in folder.iterdir()), default=None)
    if held is not None:
        raise OutputError(
            f"{folder}: is not empty (it holds {held!r}), expected a folder that is new or empty: "
            "name another one"
        )


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, made if it is not there; those of other names stay as they are.

    Each is written beside its place and then put there at once. Raises OutputError where that
    fails; files that were put in place before stay.
    """
    with _writing(folder):
        _make(folder)
        for name, data in files.items():
            with replacing(folder / name) as stream:
                stream.write(data)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{folder}: the benchmark cannot be written there ({error.strerror}); choose another "
            "folder, or free space"
        ) from error
