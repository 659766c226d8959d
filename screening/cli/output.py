"""Where results go: standard output, or a file that is there only when it is whole."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tqdm import tqdm

from reference_index.errors import IndexDamagedError, IndexFormatError
from reference_index.manifest import MANIFEST, SEGMENTS, read_manifest
from screening.errors import OutputError
from screening.images.formats import HEAD_BYTES, classify
from screening.replacing import replacing


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
    Raises OutputError where the place cannot take it, lies in a reference index, or is a picture
    or may hold some; an older file is kept.
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
        check_outside_indexes(file)
        _check_replaceable(file, place)
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as text:
        yield Output(text, str(file))
        with _writing(str(file)):
            text.seek(0)
            _deliver(text, place)


def check_outside_indexes(place: Path) -> None:
    """Raise OutputError for a place inside a reference index, which holds nothing but its own."""
    for folder in (place.resolve(), *place.resolve().parents):
        if _is_index(folder):
            raise OutputError(
                f"{place}: lies in the reference index {folder}, into which nothing else may be "
                "written; name a place outside of it"
            )


def _is_index(folder: Path) -> bool:
    """Return whether a folder is a reference index, be it a damaged or a newer one."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        read_manifest(folder)
    except IndexFormatError:
        return True
    except IndexDamagedError:  # as the manifest.json of any other program is
        return (folder / SEGMENTS).is_dir()
    return True


def _check_replaceable(file: Path, place: Path) -> None:
    """Raise OutputError for a regular file that is, or may hold, a picture."""
    if not place.is_file():
        return
    with place.open("rb") as stream:
        kind = classify(stream.read(HEAD_BYTES))
    held = kind.format or (kind.skip and kind.skip.unread and kind.skip.reason.partition(":")[0])
    if held:
        raise OutputError(
            f"{file}: is no earlier report that may be replaced, but of the kind {held}; name "
            "another file"
        )


def _deliver(text: IO[str], place: Path) -> None:
    """Copy text to a place: into what is no regular file, else by replacing it at once."""
    if place.exists() and not place.is_file():
        with place.open("w", encoding="utf-8", newline="") as stream:
            shutil.copyfileobj(text, stream)
        return
    with replacing(place, "w", encoding="utf-8", newline="") as stream:
        shutil.copyfileobj(text, stream)


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
