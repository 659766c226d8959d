"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def replacing(place: Path, mode: str = "wb", **how: Any) -> Iterator[IO[Any]]:
    """Give a stream whose content takes the place of a file once all of it is on the disk.

    mode, how: as ``Path.open`` takes them. The file stays as it was where anything fails.
    """
    whole = place.with_name(f".{place.name}.{os.getpid()}.partial")
    try:
        with whole.open(mode, **how) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        whole.replace(place)
    finally:
        whole.unlink(missing_ok=True)
