"""Writing to a folder of weights: prepared aside, then put into place, all of it or nothing."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from reference_index.storage import fsync_path

STAGING = ".staging"


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    """Hold the lock of one name in a folder, which is made; another holder is waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{name}.lock", thread_local=False):
        yield


@contextmanager
def staging(folder: Path, name: str) -> Iterator[Path]:
    """Give an empty hidden folder within a folder, gone again at the end; the lock must be held.

    What an earlier holder left there when it was killed is removed first.
    """
    aside = folder / f".{name}{STAGING}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def put_into_place(files: Sequence[tuple[Path, Path]]) -> None:
    """Move staged files to their places on the same disk, in order, once all are safely written.

    The last should be the one without which the others do not count. Where one cannot be moved,
    those that were new are taken away again.
    """
    for staged, _ in files:
        with staged.open("rb") as stream:
            os.fsync(stream.fileno())
    added = []
    try:
        for staged, place in files:
            was_there = place.exists()
            staged.replace(place)
            if not was_there:
                added.append(place)
    except OSError:
        for place in added:
            place.unlink(missing_ok=True)
        raise
    fsync_path(files[-1][1].parent)
