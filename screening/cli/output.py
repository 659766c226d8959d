"""Where results go: standard output, or a file that is there only when it is whole."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tqdm import tqdm

from screening.errors import OutputError


class Output:
    """Text on its way out; ``write`` steps around the progress bar."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write text, if any."""
        if not text:
            return
        if self._stream.isatty():
            with tqdm.external_write_mode(file=self._stream):
                self._stream.write(text)
        else:
            self._stream.write(text)


@contextmanager
def output_to(file: Path | None) -> Iterator[Output]:
    """Open standard output, or a file that replaces an older one only when all is written.

    Raises OutputError where the file or standard output cannot take it; an older file is kept.
    """
    if file is None:
        yield Output(sys.stdout)
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output: cannot be written ({error.strerror})") from error
        return
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as stream:
            yield Output(stream)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise OutputError(
            f"{file}: cannot be written ({error.strerror}); choose another place, or free space"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
