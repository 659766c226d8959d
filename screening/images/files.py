"""From a path to bytes: the first few of any file, all of them only for an image."""

import hashlib
import os
import stat
from dataclasses import dataclass

from screening.errors import UnreadError
from screening.images.formats import HEAD_BYTES, FileType, classify
from screening.images.limits import Limits

_DEFAULT_LIMITS = Limits()
# a pipe must not be waited for, a terminal not taken over, and Windows not translate line ends
_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A file as it was read: its type, and for an image that can be decoded all its bytes.

    sha256: hex digest of ``data``. Both are None for anything else.
    """

    type: FileType
    data: bytes | None = None
    sha256: str | None = None


def load(path: str | os.PathLike[str], *, limits: Limits = _DEFAULT_LIMITS) -> Loaded:
    """Return what a file is and, for an image, its bytes.

    Of anything but an image only the first HEAD_BYTES are read. A pipe or a device is refused
    without waiting for it. Raises UnreadError.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            return _load(descriptor, os.fspath(path), limits)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnreadError((error.strerror or type(error).__name__).lower()) from error


def _load(descriptor: int, name: str, limits: Limits) -> Loaded:
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise UnreadError("is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadError("not a regular file")
    head = _read(descriptor, HEAD_BYTES)
    kind = classify(head, name)
    if kind.format is None:
        return Loaded(type=kind)
    if status.st_size > limits.max_bytes:
        raise UnreadError(f"too large: {status.st_size:,} bytes, limit {limits.max_bytes:,}")
    data = head + _read(descriptor, status.st_size - len(head) + 1)
    if len(data) != status.st_size:
        raise UnreadError("changed while it was read")
    return Loaded(type=kind, data=data, sha256=hashlib.sha256(data).hexdigest())


def _read(descriptor: int, count: int) -> bytes:
    """Return the next so many bytes, fewer only at the end of the file."""
    parts = []
    while count and (part := os.read(descriptor, count)):
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
