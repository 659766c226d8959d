"""What was decided, as values: dismissals, requests for approval, and the letters that answer them.

An entry's body keeps only digests, dates and preset words, its particulars what people read. Where
these were erased, what is left still says which picture and record it was about, by their digests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from screening.approvals.ledger import Entry
from screening.approvals.pictures import Sight
from screening.decision import Role, Stage
from screening.errors import InputInvalidError, ScreeningError

ERASED = "erased"
SHORT = 8  # hex digits of an id that people are shown; more where two begin alike


class DecisionError(ScreeningError):
    """A decision cannot be put on record, changed or read as asked; nothing was written."""


class Reason(StrEnum):
    """Why a finding is none."""

    SAME_TYPEFACE = "same-typeface"
    COMMON_SCENE = "common-scene"
    COMMON_OBJECT = "common-object"
    LOOK_ALIKE = "look-alike"
    WRONG_PERSON = "wrong-person"
    OTHER = "other"


class Scope(StrEnum):
    """What an answer is for: the picture's bytes, with its near-exact copies, or the record."""

    PICTURE = "picture"
    COPIES = "copies"
    RECORD = "record"


class Event(NamedTuple):
    """When something happened to a decision, by whom, and what was said."""

    at: datetime
    by: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismissal:
    """Somebody said of a finding that it is none.

    picture, record: keyed digests. sight: None where it was erased. undone: taken back.
    """

    id: str
    at: datetime
    picture: str
    record: str
    reason: Reason
    sight: Sight | None = None
    note: str = ""
    by: str = ""
    undone: Event | None = None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return what an entry says. Raises KeyError, TypeError, ValueError."""
        said = entry.particulars
        return cls(
            id=entry.id,
            at=entry.at,
            picture=entry.body["picture"],
            record=entry.body["record"],
            reason=Reason(entry.body["reason"]),
            sight=None if said is None else Sight.read(said),
            note=_text(said, "note"),
            by=_text(said, "by"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Approval asked for one record in one picture.

    picture, record, production: keyed digests; production is empty where none was named. role,
    stage: what the picture was, and how far it was to go. sight, told: None and empty where they
    were erased; told holds what the page says, see ``requests``. sent: None for a draft.
    """

    id: str
    at: datetime
    picture: str
    record: str
    production: str
    role: Role
    stage: Stage
    clauses: tuple[str, ...]
    sight: Sight | None
    told: Mapping[str, Any]
    sent: Event | None = None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return what an entry says. Raises KeyError, TypeError, ValueError."""
        said = entry.particulars
        return cls(
            id=entry.id,
            at=entry.at,
            picture=entry.body["picture"],
            record=entry.body["record"],
            production=entry.body.get("production", ""),
            role=Role(entry.body["role"]),
            stage=Stage(entry.body["stage"]),
            clauses=tuple(entry.body["clauses"]),
            sight=None if said is None else Sight.read(said),
            told={**entry.body, **(said or {})},
        )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What an answer is for: the stage that was asked for, and those before it."""
        every = tuple(Stage)
        return every[: every.index(self.stage) + 1]

    @property
    def production_name(self) -> str:
        """The production as it is called, in words where that was erased."""
        return _text(self.told, "production_name") or (f"({ERASED})" if self.production else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A written answer to one or several requests.

    requests: their ids. until: its last day. conditional: whether there are conditions, which may
    have been erased. digest: keyed, of the letter's file; sha256, name: of the file, empty where
    they were erased.
    """

    id: str
    at: datetime
    seq: int
    requests: tuple[str, ...]
    granted: bool
    scope: Scope
    until: date | None
    conditional: bool
    digest: str
    sha256: str = ""
    name: str = ""
    conditions: str = ""
    by: str = ""
    revoked: Event | None = None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return what an entry says. Raises KeyError, TypeError, ValueError."""
        said, until = entry.particulars, entry.body["until"]
        erased = said is None and entry.body["conditional"]
        return cls(
            id=entry.id,
            at=entry.at,
            seq=entry.seq,
            requests=tuple(entry.body["requests"]),
            granted=entry.body["granted"],
            scope=Scope(entry.body["scope"]),
            until=None if until is None else date.fromisoformat(until),
            conditional=entry.body["conditional"],
            digest=entry.body["letter"],
            sha256=_text(said, "letter_sha256"),
            name=_text(said, "letter_name"),
            conditions=f"({ERASED}, see the letter)" if erased else _text(said, "conditions"),
            by=_text(said, "by"),
        )

    @property
    def order(self) -> tuple[datetime, int]:
        """What the later of two answers has more of."""
        return self.at, self.seq

    @property
    def answer(self) -> str:
        """Granted or denied, in a word."""
        return "granted" if self.granted else "denied"


def event_of(entry: Entry, said: str) -> Event:
    """Return an entry about another one. said: which of its particulars holds the words."""
    words = entry.particulars
    return Event(entry.at, _text(words, "by"), _text(words, said))


def local_day(at: datetime) -> date:
    """Return the day on which something was, by the zone of this machine."""
    return at.astimezone().date()


def check_words(**words: str) -> None:
    """Raise InputInvalidError for text that says nothing where something is needed."""
    for name, value in words.items():
        if not value.strip():
            raise InputInvalidError(f"{name} is empty; say it in a few words")


def _text(particulars: Mapping[str, Any] | None, name: str) -> str:
    value = (particulars or {}).get(name, "")
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, expected text")
    return value
