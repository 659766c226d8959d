"""Roles by folder: what a picture is, from where it lies."""

import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from screening.decision.verdicts import Role
from screening.errors import InputInvalidError


class FolderRoles:
    """Says which role the files in and below a folder have: call it with a path.

    lines: globs relative to the folder and their roles, later ones win. ``*`` and ``?`` stay within
    a name, ``**`` spans folders; a glob that fits a folder holds for all that is in it.
    Raises InputInvalidError.
    """

    def __init__(self, folder: Path, lines: Mapping[str, Role | str]) -> None:
        self._folder = os.path.realpath(folder)
        self._lines = [(_pattern(glob), role_named(role)) for glob, role in lines.items()]

    def __call__(self, path: str | os.PathLike[str]) -> Role:
        """Return the role of a file, UNKNOWN where no line fits; links to folders are followed."""
        if not self._lines:
            return Role.UNKNOWN
        head, name = os.path.split(path)
        place = os.path.relpath(f"{os.path.realpath(head)}{os.sep}{name}", self._folder)
        place = unicodedata.normalize("NFC", place.replace(os.sep, "/"))
        fitting = (role for pattern, role in reversed(self._lines) if pattern.fullmatch(place))
        return next(fitting, Role.UNKNOWN)


def role_named(name: str) -> Role:
    """Return the role of that name. Raises InputInvalidError."""
    try:
        return Role(name)
    except ValueError as error:
        raise InputInvalidError(
            f"there is no role {name!r}, expected one of {', '.join(Role)}"
        ) from error


def _pattern(glob: str) -> re.Pattern[str]:
    """Return what paths fit a glob, and all paths below them."""
    steps = unicodedata.normalize("NFC", glob).removesuffix("/").split("/")
    if not all(steps) or {".", ".."} & {*steps}:
        raise InputInvalidError(
            f'{glob!r} is no glob relative to the folder, expected one like "references/**"'
        )
    parts = ["(?:[^/]+/)*" if step == "**" else f"{_name(step)}/" for step in steps[:-1]]
    last = ".+" if steps[-1] == "**" else f"{_name(steps[-1])}(?:/.*)?"
    return re.compile("".join(parts) + last, re.DOTALL)


def _name(step: str) -> str:
    wild = {"*": "[^/]*", "?": "[^/]"}
    return "".join(wild.get(character) or re.escape(character) for character in step)
