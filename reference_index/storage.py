"""Durable writing and verified reading of the files of an index."""

import hashlib
import mmap
import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reference_index.errors import IndexDamagedError, IndexStorageError

BLOCK_BYTES = 16 << 20
SMALL_FILE_BYTES = 64 << 20  # up to here a file is verified when it is opened, not when it is used
DIGEST_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """What a file holds. size: bytes; blocks: hex sha256 of each 16 MiB, the last one shorter."""

    size: int
    blocks: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.blocks) != -(-self.size // BLOCK_BYTES):
            raise ValueError(f"{self.size} bytes do not make {len(self.blocks)} blocks")
        if any(len(block) != DIGEST_DIGITS for block in self.blocks):
            raise ValueError("a block's sha256 does not have 64 digits")


def damaged(root: Path, name: str, what: str) -> IndexDamagedError:
    """Return the error for a file of the index, named relative to it."""
    return IndexDamagedError(
        f"index {root}: {name} {what}; run 'screening index verify {root}' to see all that is "
        f"damaged, then restore the index from a copy or enroll again"
    )


@contextmanager
def storage_errors(root: Path) -> Iterator[None]:
    """Translate what the disk says while the index at root is written to IndexStorageError."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise IndexStorageError(
            f"index {root} could not be written ({error}): the last committed state is whole, "
            f"what was not committed is lost; make room or permit writing there, then try again"
        ) from error


def describe_file(path: Path) -> FileEntry:
    """Return the entry of a file as it stands."""
    blocks = []
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK_BYTES):
            blocks.append(hashlib.sha256(block).hexdigest())
        return FileEntry(size=file.tell(), blocks=tuple(blocks))


def fsync_path(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Put content in the place of a file, so that a reader finds either all of it or the old."""
    temporary = temporary_path(path)
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    fsync_path(path.parent)


def temporary_path(path: Path) -> Path:
    """Return where the next content of a file is written: one name, since one writer at a time."""
    return path.with_name(path.name + ".tmp")


class VerifiedFile:
    """The bytes of a file that never changes, handed out only after they were verified.

    Small files are read and verified at once; larger ones are mapped, and verified block by block
    when they are first used. Either way the file may be unlinked afterwards. ``content`` brings a
    mapped file into memory, ``blocks`` and ``rows`` do not.
    Raises IndexDamagedError when the file is missing, cannot be read, or is not what it was.
    """

    def __init__(self, root: Path, name: str, entry: FileEntry) -> None:
        self._root, self._name, self._entry = root, name, entry
        self._trusted = [False] * len(entry.blocks)
        self._content: bytes | mmap.mmap
        try:
            with (root / name).open("rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                if size != entry.size:
                    raise self._damaged(f"has {size} bytes, expected {entry.size}")
                if size <= SMALL_FILE_BYTES:
                    self._content = file.readall()
                else:
                    self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    self._descriptor = os.dup(file.fileno())
                    weakref.finalize(self, os.close, self._descriptor)
        except FileNotFoundError as error:
            raise self._damaged("is missing") from error
        except OSError as error:
            raise self._damaged(f"cannot be read ({error.strerror})") from error
        if isinstance(self._content, bytes):
            self.content()

    @property
    def verified(self) -> bool:
        """Whether every block was verified."""
        return all(self._trusted)

    def content(self) -> memoryview:
        """Return the verified bytes."""
        view = memoryview(self._content)
        if len(view) != self._entry.size:
            raise self._damaged(f"has {len(view)} bytes, expected {self._entry.size}")
        for number, trusted in enumerate(self._trusted):
            if not trusted:
                self._verify(number, view[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES])
        return view

    def blocks(self) -> Iterator[memoryview]:
        """Yield the verified bytes one after the other, mapping nothing of a large file."""
        for number in range(len(self._trusted)):
            yield self._read_block(number)

    def rows(self, numbers: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.uint8]:
        """Return some rows of so many bytes each: uint8 (n, width), verified.

        Mapping a large file for that would bring far more of it into memory.
        """
        if not self.verified:
            steps = np.arange(0, width + BLOCK_BYTES, BLOCK_BYTES).clip(max=width - 1)
            for number in np.unique((numbers[:, None] * width + steps) // BLOCK_BYTES).tolist():
                if not self._trusted[number]:
                    self._read_block(number)
        if isinstance(self._content, bytes):
            return np.frombuffer(self._content, np.uint8).reshape(-1, width)[numbers]
        found = np.empty((len(numbers), width), np.uint8)
        for row, number in zip(found, numbers.tolist(), strict=True):
            if os.preadv(self._descriptor, [row.data], number * width) != width:
                raise self._damaged("was cut short")
        return found

    def _read_block(self, number: int) -> memoryview:
        start = number * BLOCK_BYTES
        block = memoryview(
            self._content[start : start + BLOCK_BYTES]
            if isinstance(self._content, bytes)
            else os.pread(self._descriptor, BLOCK_BYTES, start)
        )
        self._verify(number, block)
        return block

    def _verify(self, number: int, block: memoryview) -> None:
        found, expected = hashlib.sha256(block).hexdigest(), self._entry.blocks[number]
        if found != expected:
            raise self._damaged(
                f"is altered (block {number} has sha256 {found[:16]}…, expected {expected[:16]}…)"
            )
        self._trusted[number] = True

    def _damaged(self, what: str) -> IndexDamagedError:
        return damaged(self._root, self._name, what)
