"""Inputs: the pictures that were fed to a generator, and what they mean for what it made.

The metadata of what was made names them as its tool did, often with a folder of another machine.
Such a name is looked for in the picture's own folder, as a path that stays inside it or else by its
last part, and by its last part among the pictures that were given as inputs. Nothing else is opened
at its word, and an address is never fetched. What went into an input is not followed.
"""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from screening.decision import Coverage, Role
from screening.decision.outcome import worst
from screening.errors import UnreadError
from screening.images import Seen, walk
from screening.images.files import type_of
from screening.result import Input, Screening

MAX_INPUTS = 200
"""How many inputs of a picture are looked at, at most."""

NOT_FOUND = "not found beside the picture nor among --inputs"
CLAUSE = "C2"

_MADE = {Role.GENERATED, Role.FINAL}
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_DRIVE = re.compile(r"^[a-z]:", re.IGNORECASE)
_KEPT_IN = re.compile(r" \[\w+\]$")  # ComfyUI tells by it in which of its folders a picture is

Look = Callable[[Sequence[Seen]], Iterable[Screening]]
"""Screens files as inputs, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fed:
    """Something that was fed in. place: its real path, empty where it was not found."""

    name: str
    place: str = ""
    named: bool = True


class Inputs:
    """Finds the inputs of pictures, screens each once, and tells of them with the pictures.

    given: files and folders of pictures that somebody says went in. A picture whose metadata names
    its inputs has those, one that names none all that were given. always: whether also the former
    has all that were given. Raises PathMissingError.
    """

    def __init__(
        self, given: Iterable[str | os.PathLike[str]], look: Look, *, always: bool = False
    ) -> None:
        self._look = look
        self._always = always
        self._files: dict[str, Seen] = {}  # by real path, as all below
        self._by_name = defaultdict[str, list[str]](list)
        for root in given:
            for seen in walk(root):
                if seen.path == os.fspath(root) or _may_be_picture(seen):
                    place = os.path.realpath(seen.path)
                    self._files.setdefault(place, seen)
                    self._by_name[_composed(Path(seen.path).name)].append(place)
        self._given = tuple(self._files)
        self._looked: dict[str, Screening] = {}

    def attach(self, screenings: Sequence[Screening]) -> list[Screening]:
        """Return screenings with their inputs and what was found in those."""
        fed = [self._fed_to(one) for one in screenings]
        self._look_at(one.place for those in fed for one in those[:MAX_INPUTS] if one.place)
        return [
            self._with(one, those) if those else one
            for one, those in zip(screenings, fed, strict=True)
        ]

    def others(self) -> Iterator[Screening]:
        """Yield what is said of the pictures given that went into none of those attached to."""
        left = [self._files[place] for place in self._given if place not in self._looked]
        yield from self._look(left) if left else ()

    def _fed_to(self, screening: Screening) -> list[_Fed]:
        """Return what went into a picture, each place once."""
        if screening.verdict is None or screening.role.judged_as not in _MADE:
            return []
        names = screening.generation.images if screening.generation else ()
        itself = os.path.realpath(screening.path) if screening.path is not None else ""
        fed: dict[str, _Fed] = {}
        for name in names:
            places = [one for one in self._places(name, screening.path) if one != itself]
            for place in places or [""]:
                fed.setdefault(place or f"\0{name}", _Fed(name=name, place=place))
        for place in self._given if self._always or not names else ():
            if place != itself:
                name = Path(self._files[place].path).name
                fed.setdefault(place, _Fed(name=name, place=place, named=False))
        return [*fed.values()]

    def _places(self, name: str, picture: str | None) -> Iterator[str]:
        """Yield where a picture of that name is."""
        parts = _parts(name)
        if not parts:
            return
        if picture is not None:
            folder = Path(picture).parent
            if path := _inside(folder, parts) or _inside(folder, parts[-1:]):
                place = os.path.realpath(path)
                self._files.setdefault(place, Seen(path=path))
                yield place
        yield from self._by_name.get(_composed(parts[-1]), ())

    def _look_at(self, places: Iterable[str]) -> None:
        new = [place for place in dict.fromkeys(places) if place not in self._looked]
        found = self._look([self._files[place] for place in new]) if new else ()
        for place, one in zip(new, found, strict=True):
            self._looked[place] = replace(one, candidates=(), generation=None)  # not told of

    def _with(self, screening: Screening, fed: Sequence[_Fed]) -> Screening:
        """Return a screening with what was found in what went into the picture."""
        inputs, findings, gaps = [], [*screening.findings], []
        for one in fed[:MAX_INPUTS]:
            looked = self._looked.get(one.place)
            if looked is None:
                inputs.append(Input(name=one.name, reason=NOT_FOUND))
                continue
            if not one.named and looked.sha256 == screening.sha256:  # the picture itself
                continue
            path = looked.path or ""
            inputs.append(
                Input(
                    name=one.name,
                    path=path,
                    sha256=looked.sha256,
                    verdict=looked.verdict,
                    coverage=looked.coverage,
                    reason=looked.reason,
                )
            )
            findings += [
                replace(it, input=path, clauses=tuple(dict.fromkeys((*it.clauses, CLAUSE))))
                for it in looked.findings
            ]
            if looked.coverage not in {Coverage.COMPLETE, None}:
                gaps.append(f"input “{one.name}”: {looked.reason}")
        if len(fed) > MAX_INPUTS:
            gaps.append(f"{len(fed) - MAX_INPUTS:,} of {len(fed):,} inputs not looked at")
        verdict, clauses = worst(findings)
        partial = bool(gaps) and screening.coverage is Coverage.COMPLETE
        missing = (f"input “{one.name}”: {NOT_FOUND}" for one in inputs if one.path is None)
        return replace(
            screening,
            verdict=verdict,
            clauses=clauses,
            findings=tuple(findings),
            inputs=tuple(inputs),
            coverage=Coverage.PARTIAL if partial else screening.coverage,
            reason=gaps[0] if partial else screening.reason,
            notes=(*screening.notes, *missing),
        )


def _parts(name: str) -> list[str]:
    """Return the steps of a name as a tool wrote it, of whatever machine; none that leads up."""
    if _ADDRESS.match(name):
        name = re.split(r"[?#]", name, maxsplit=1)[0]
    name = _DRIVE.sub("", _KEPT_IN.sub("", name)).replace("\\", "/")
    steps = [step for step in name.split("/") if step not in {"", "."}]
    return [] if not steps or steps[-1] == ".." else steps


def _inside(folder: Path, steps: Sequence[str]) -> str:
    """Return the file at these steps within a folder, empty where it is none or lies elsewhere."""
    if ".." in steps:
        return ""
    written = "/".join(steps)
    for name in (written, _composed(written), unicodedata.normalize("NFD", written)):
        path = folder / name
        with suppress(OSError, ValueError):  # a name that no file can have
            if path.is_file():
                return str(path) if path.resolve().is_relative_to(folder.resolve()) else ""
    return ""


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _may_be_picture(seen: Seen) -> bool:
    """Return whether what a walk saw is, or may hold, a picture."""
    if seen.skip is not None:
        return seen.skip.unread
    try:
        skip = type_of(seen.path).skip
    except UnreadError:
        return True
    return skip is None or skip.unread
