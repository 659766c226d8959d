"""Every file under a folder, in path order and in bounded memory; nothing is left out in silence.

What is looked at, and what is only listed:

- a regular file is looked at, hidden (with a leading dot) or not; so is a link to one, as long as
  it lies inside the root
- files that operating systems and photo tools leave beside pictures are listed as sidecars
- hidden folders and ``__MACOSX`` are listed once and not entered, unless ``hidden`` is set
- a link to a folder is never entered: inside the root the folder is seen at its own place; out of
  the root, or into a folder that is not entered, what it holds is unread
- a link out of the root, a dangling link, a folder that cannot be listed: unread
- pipes, sockets and devices are listed and never opened

The root itself may be a link. Order is that of path components, compared as bytes.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from screening.errors import PathMissingError
from screening.images.formats import Skip

_SIDECARS = frozenset((".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory"))
_SIDECAR_SUFFIXES = (".xmp", ".aae", ".pp3", ".dop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One path: to be looked at, or to be listed with the reason why not.

    path: the root as it was given, joined with what lies below it; bytes that are not UTF-8 are
    kept as ``os.fsdecode`` keeps them.
    """

    path: str
    skip: Skip | None = None


def walk(root: str | os.PathLike[str], *, hidden: bool = False) -> Iterator[Seen]:
    """Yield every file under a folder, or the one file that root is, in path order.

    hidden: enter hidden folders too. Only the names of the folders on the way down are held.
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
        elif entry.is_symlink():
            yield _link(entry, inside, hidden=hidden)
        elif not entry.is_dir(follow_symlinks=False):
            yield _file(entry, regular=entry.is_file(follow_symlinks=False))
        elif not hidden and _is_hidden(entry.name):
            yield _listed(entry.path, "hidden folder, not entered")
        else:
            stack.append(_listing(entry.path))


def _listing(folder: str) -> Iterator["os.DirEntry[str] | Seen"]:
    """Return a folder's entries by the bytes of their names, or why it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return iter(sorted(entries, key=lambda entry: os.fsencode(entry.name)))
    except OSError as error:
        return iter((_unread(folder, f"folder cannot be listed: {_why(error)}"),))


def _file(entry: "os.DirEntry[str]", *, regular: bool) -> Seen:
    if _is_sidecar(entry.name):
        return _listed(entry.path, "sidecar")
    return Seen(path=entry.path) if regular else _irregular(entry.path)


def _link(entry: "os.DirEntry[str]", inside: Path, *, hidden: bool) -> Seen:
    path = entry.path
    try:
        target = Path(path).resolve(strict=True)
        mode = target.stat().st_mode
    except FileNotFoundError:
        return _unread(path, "link to nothing")
    except (OSError, RuntimeError) as error:  # Python 3.11 and 3.12 call a loop a RuntimeError
        return _unread(path, f"link that cannot be followed: {_why(error)}")
    if not target.is_relative_to(inside):
        return _unread(path, "link leads out of the folder")
    if not stat.S_ISDIR(mode):
        return _file(entry, regular=stat.S_ISREG(mode))
    if not hidden and any(_is_hidden(part) for part in target.relative_to(inside).parts):
        return _unread(path, "link to a folder that is not entered")
    return _listed(path, "link to a folder that is listed at its own place")


def _is_sidecar(name: str) -> bool:
    name = name.lower()
    return name in _SIDECARS or name.startswith("._") or name.endswith(_SIDECAR_SUFFIXES)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _listed(path: str, reason: str) -> Seen:
    return Seen(path=path, skip=Skip(reason=reason, unread=False))


def _unread(path: str, reason: str) -> Seen:
    return Seen(path=path, skip=Skip(reason=reason, unread=True))


def _irregular(path: str) -> Seen:
    return _listed(path, "not a regular file")


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _printable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
