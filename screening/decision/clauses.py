"""The guidance, clause by clause: what it asks, and what settles it. Data, in ``clauses.toml``."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from types import MappingProxyType

from screening.errors import InputInvalidError


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """The text that the clauses restate, and its date: clauses hold as of then."""

    title: str
    publisher: str
    date: date

    @property
    def words(self) -> str:
        """Title, publisher and date, as a line of a report has them."""
        return f"“{self.title}” ({self.publisher}, {self.date:%Y-%m-%d})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One thing that the guidance asks, in our words; ``resolve`` goes on after a semicolon."""

    id: str
    heading: str
    asks: str
    resolve: str

    def __post_init__(self) -> None:
        for name in ("id", "heading", "asks", "resolve"):
            if not getattr(self, name).strip():
                raise InputInvalidError(f"clause {self.id!r}: {name} is empty; give it words")


_DATA = tomllib.loads((files("screening.decision") / "clauses.toml").read_text(encoding="utf-8"))

GUIDANCE = Guidance(**_DATA["guidance"])

CLAUSES: Mapping[str, Clause] = MappingProxyType(
    {name: Clause(id=name, **said) for name, said in _DATA["clause"].items()}
)
"""All of them by id, in the order of the guidance."""


def clause(name: str) -> Clause:
    """Return the clause of that id. Raises InputInvalidError."""
    if name not in CLAUSES:
        raise InputInvalidError(
            f"there is no clause {name!r}, expected one of {', '.join(CLAUSES)}"
        )
    return CLAUSES[name]


def headings(names: Iterable[str]) -> tuple[str, ...]:
    """Return a line for each clause, ``P1 heading``, in the order of the guidance."""
    wanted = set(names)
    return tuple(f"{one.id} {one.heading}" for one in CLAUSES.values() if one.id in wanted)
