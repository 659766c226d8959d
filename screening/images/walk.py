"""Every file under a folder, in path order; nothing is left out in silence.

What is looked at, and what is only listed:

- every folder is entered, hidden ones and those of archivers too, and every regular file is looked
  at, whatever its name; so is a link to a file, as long as it lies inside the root
- a link to a folder inside the root is not entered: the folder is seen at its own place
- a link out of the root, a dangling link, what cannot be listed or asked what it is: unread
- pipes, sockets and devices are unread, and never opened

The root itself may be a link. Order is that of path components, compared as bytes. Of each folder
on the way down the entries are held, sorted: memory grows with the largest folder, not with the
number of files.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from screening.errors import PathMissingError
from screening.images.formats import Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One path: to be looked at, or to be listed with the reason why not.

    path: the root as it was given, joined with what lies below it; bytes that are not UTF-8 are
    kept as ``os.fsdecode`` keeps them.
    """

    path: str
    skip: Skip | None = None


def walk(root: str | os.PathLike[str]) -> Iterator[Seen]:
    """Yield every file under a folder, or the one file that root is, in path order.

    Raises PathMissingError at the first step when there is nothing at root.
    """
    top = os.fspath(root)
    try:
        mode = Path(top).stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PathMissingError(
            f"nothing to screen at {_printable(top)}: there is no such file or folder"
        ) from error
    except OSError as error:
        yield _unread(top, _why(error))
        return
    if not stat.S_ISDIR(mode):
        yield Seen(path=top) if stat.S_ISREG(mode) else _irregular(top)
        return
    inside = Path(top).resolve()
    stack = [_listing(top)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif isinstance(entry, Seen):
            yield entry
        elif (seen := _seen(entry, inside)) is not None:
            yield seen
        else:
            stack.append(_listing(entry.path))


def _listing(folder: str) -> Iterator["os.DirEntry[str] | Seen"]:
    """Return a folder's entries by the bytes of their names, or why it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return iter(sorted(entries, key=lambda entry: os.fsencode(entry.name)))
    except OSError as error:
        return iter((_unread(folder, f"folder cannot be listed: {_why(error)}"),))


def _seen(entry: "os.DirEntry[str]", inside: Path) -> Seen | None:
    """Return what an entry of a folder is, None for a folder to be entered."""
    try:
        if entry.is_symlink():
            return _link(entry.path, inside)
        if entry.is_dir(follow_symlinks=False):
            return None
        regular = entry.is_file(follow_symlinks=False)
    except OSError as error:
        return _unread(entry.path, _why(error))
    return Seen(path=entry.path) if regular else _irregular(entry.path)


def _link(path: str, inside: Path) -> Seen:
    try:
        target = Path(path).resolve(strict=True)
        mode = target.stat().st_mode
    except FileNotFoundError:
        return _unread(path, "link to nothing")
    except (OSError, RuntimeError) as error:  # Python 3.11 and 3.12 call a loop a RuntimeError
        return _unread(path, f"link that cannot be followed: {_why(error)}")
    if not target.is_relative_to(inside):
        return _unread(path, "link leads out of the folder")
    if stat.S_ISDIR(mode):
        reason = "link to a folder that is listed at its own place"
        return Seen(path=path, skip=Skip(reason=reason, unread=False))
    return Seen(path=path) if stat.S_ISREG(mode) else _irregular(path)


def _unread(path: str, reason: str) -> Seen:
    return Seen(path=path, skip=Skip(reason=reason, unread=True))


def _irregular(path: str) -> Seen:
    return _unread(path, "not a regular file")


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _printable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
