"""From a path to bytes: the first few of any file, all of them only for an image.

A clip is not read but handed on as a ClipFile: a film has more bytes than memory.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import BinaryIO

from screening.errors import UnreadError
from screening.images.formats import HEAD_BYTES, FileType, Skip, classify
from screening.images.limits import Limits

WITHOUT_VIDEO = "video: not opened without PyAV: pip install 'screening[video]'"

_DEFAULT_LIMITS = Limits()
_BLOCK = 1 << 20
# a pipe must not be waited for, a terminal not taken over, and Windows not translate line ends
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFile:
    """A clip that is read from where it lies.

    demuxer: what opens it. size, changed: bytes, and time of the last change in ns, when it was
    first read.
    """

    path: str
    demuxer: str
    size: int
    changed: int

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Give the file to read from. Raises UnreadError where it is another one by now."""
        with _opened(self.path) as descriptor, open(descriptor, "rb", closefd=False) as stream:
            status = os.fstat(descriptor)
            if (status.st_size, status.st_mtime_ns) != (self.size, self.changed):
                raise UnreadError("changed while it was read")
            yield stream


Content = bytes | ClipFile
"""What can be opened: an image's bytes, or the file of a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file as it was read: its type, and for an image that can be decoded all its bytes.

    data: for a clip, where it lies. sha256: hex digest of the bytes. Both are None for anything
    else.
    """

    type: FileType
    data: Content | None = None
    sha256: str | None = None


def load(path: str | os.PathLike[str], *, limits: Limits = _DEFAULT_LIMITS) -> Loaded:
    """Return what a file is and, for an image, its bytes.

    Of anything but an image and a clip only the first HEAD_BYTES are read. A pipe or a device is
    refused without waiting for it. Raises UnreadError.
    """
    with _opened(path) as descriptor:
        return _load(descriptor, os.fspath(path), limits)


def type_of(path: str | os.PathLike[str]) -> FileType:
    """Return what a file is, by its first bytes. Raises UnreadError."""
    with _opened(path) as descriptor:
        return classify(_read(descriptor, HEAD_BYTES), os.fspath(path))


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the hex digest of a file's bytes, which need not fit in memory. Raises UnreadError."""
    with _opened(path) as descriptor:
        return _digest(descriptor, b"", os.fstat(descriptor).st_size)


@cache
def plays_video() -> bool:
    """Tell whether what opens clips is installed."""
    return find_spec("av") is not None


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[int]:
    """Give the descriptor of a regular file. Raises UnreadError for what cannot be read."""
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise UnreadError("is a directory")
            if not stat.S_ISREG(mode):
                raise UnreadError("not a regular file")
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnreadError((error.strerror or type(error).__name__).lower()) from error


def _load(descriptor: int, name: str, limits: Limits) -> Loaded:
    status = os.fstat(descriptor)
    head = _read(descriptor, HEAD_BYTES)
    kind = classify(head, name)
    if kind.format is None and kind.clip is None:
        return Loaded(type=kind)
    if kind.clip and not plays_video():
        return Loaded(type=FileType(skip=Skip(reason=WITHOUT_VIDEO, unread=True)))
    if status.st_size > limits.max_bytes:
        raise UnreadError(f"too large: {status.st_size:,} bytes, limit {limits.max_bytes:,}")
    if kind.clip:
        clip = ClipFile(
            path=name, demuxer=kind.clip, size=status.st_size, changed=status.st_mtime_ns
        )
        return Loaded(type=kind, data=clip, sha256=_digest(descriptor, head, status.st_size))
    data = head + _read(descriptor, status.st_size - len(head) + 1)
    if len(data) != status.st_size:
        raise UnreadError("changed while it was read")
    return Loaded(type=kind, data=data, sha256=hashlib.sha256(data).hexdigest())


def _digest(descriptor: int, head: bytes, size: int) -> str:
    """Return the digest of a file of which a head was read, block by block."""
    digest, length = hashlib.sha256(head), len(head)
    while block := os.read(descriptor, _BLOCK):
        digest.update(block)
        length += len(block)
    if length != size:
        raise UnreadError("changed while it was read")
    return digest.hexdigest()


def _read(descriptor: int, count: int) -> bytes:
    """Return the next so many bytes, fewer only at the end of the file."""
    parts = []
    while count and (part := os.read(descriptor, count)):
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
