"""Where results go: standard output, or a file that is there only when it is whole."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tqdm import tqdm

from screening.errors import OutputError


class Output:
    """Text on its way out; ``write`` steps around the progress bar. Raises OutputError."""

    def __init__(self, stream: IO[str], name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> None:
        """Write text, if any."""
        with _writing(self._name):
            if text and self._stream.isatty():
                with tqdm.external_write_mode(file=self._stream):
                    self._stream.write(text)
            else:
                self._stream.write(text)


@contextmanager
def output_to(file: Path | None) -> Iterator[Output]:
    """Open standard output, or a file that replaces an older one only when all is written.

    Until then the text lies in a temporary file without a name, so that nothing is left behind
    whatever happens. Links are followed; devices and pipes are written to as they are.
    Raises OutputError where the place cannot take it; an older file is kept.
    """
    if file is None:
        yield Output(sys.stdout, "standard output")
        with _writing("standard output"):
            sys.stdout.flush()
        return
    place = file.resolve()
    with _writing(str(file)):
        if not place.parent.is_dir() or place.is_dir():
            raise IsADirectoryError(0, "there is no such folder, or it is a folder itself")
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as text:
        yield Output(text, str(file))
        with _writing(str(file)):
            text.seek(0)
            _deliver(text, place)


def _deliver(text: IO[str], place: Path) -> None:
    """Copy text to a place: into what is no regular file, else by replacing it at once."""
    if place.exists() and not place.is_file():
        with place.open("w", encoding="utf-8", newline="") as stream:
            shutil.copyfileobj(text, stream)
        return
    whole = place.with_name(f".{place.name}.{os.getpid()}.partial")
    try:
        with whole.open("w", encoding="utf-8", newline="") as stream:
            shutil.copyfileobj(text, stream)
            stream.flush()
            os.fsync(stream.fileno())
        whole.replace(place)
    finally:
        whole.unlink(missing_ok=True)


@contextmanager
def _writing(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"{name}: cannot be written ({error.strerror}); choose another place, or free space"
        ) from error
