"""Entries of the ledger: what they say, how they are written, and the hash that chains them."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from screening.approvals.errors import StoreDamagedError
from screening.errors import InputInvalidError

FORMAT = 1
PURGED = "entries"  # what the body of a purge calls the ids of the entries it is about
# Larger whole numbers are rounded by programs that read JSON numbers as floating point.
_MAX_WHOLE = 2**53 - 1


class EntryKind(StrEnum):
    """What an entry puts on record."""

    DECLARATION = "declaration"
    CONSENT = "consent"
    CONSENT_REVOKED = "consent-revoked"
    DISMISSAL = "dismissal"
    DISMISSAL_UNDONE = "dismissal-undone"
    REQUEST = "request"
    REQUEST_SENT = "request-sent"
    LETTER = "letter"
    LETTER_REVOKED = "letter-revoked"
    TEMPORARY_ENROLLED = "temporary-enrolled"
    PURGE = "purge"
    IMPORTED = "imported"


class Row(NamedTuple):
    """An entry as it is written; where it was altered, a value may be of any type.

    body, subjects: canonical JSON. particulars: their keyed digest, "" where there never were any.
    checks: a short check of each hashed value, which tells an altered one from the others; proof is
    the hash alone. previous: the hash of the entry before, of the first one the genesis.
    """

    seq: int
    id: str
    at: str
    kind: str
    body: str
    subjects: str
    particulars: str
    checks: str
    previous: str
    hash: str


HASHED = ("seq", "id", "at", "kind", "body", "subjects", "particulars", "previous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing on record.

    seq: from 1, without gaps. id: 32 hex digits that say nothing. at: UTC, never before that of
    the entry before. body: opaque ids, digests, dates and preset words, kept for good. subjects:
    keyed digests of what it is about. particulars: what people read; None where they were erased,
    which ``erased`` tells, or where there never were any. hash: hex SHA-256.
    """

    seq: int
    id: str
    at: datetime
    kind: EntryKind
    body: Mapping[str, Any]
    subjects: tuple[str, ...]
    particulars: Mapping[str, Any] | None
    erased: bool
    hash: str


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII alone."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)


def written(value: object, *, name: str) -> str:
    """Return the canonical text of a body or of particulars.

    value: a mapping of text to text, whole numbers, bool, None, and lists, tuples and mappings of
    these. A number with a fraction is to be handed over as text, because its digits are no one
    thing to all programs. Raises InputInvalidError.
    """
    if not isinstance(value, Mapping):
        raise InputInvalidError(f"{name} is {type(value).__name__}, expected a mapping")
    return canonical(_plain(value, name))


def stamp(at: datetime) -> str:
    """Return a time in UTC to the microsecond; such texts sort as the times do.

    Raises InputInvalidError for a time without a zone.
    """
    if at.tzinfo is None:
        raise InputInvalidError(f"the time {at} has no zone, expected one, such as UTC")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def genesis(store: str, public_key: str) -> str:
    """Return what the first entry of a store follows, hex: no entry fits into two stores."""
    return _sha256(canonical(["screening ledger", FORMAT, store, public_key]))


def sealed(row: Row) -> Row:
    """Return a row with the checks and the hash that its other values make."""
    return row._replace(checks=checks_of(row), hash=hash_of(row))


def hash_of(row: Row) -> str:
    """Return the hash that the values of a row make, whatever is written in it."""
    return _sha256(canonical([getattr(row, name) for name in HASHED]))


def checks_of(row: Row) -> str:
    """Return 8 hex digits for each hashed value, in their order."""
    return "".join(f"{zlib.crc32(repr(getattr(row, name)).encode()):08x}" for name in HASHED)


def altered_values(row: Row) -> tuple[str, ...]:
    """Return the names of the values that are not what was hashed, as far as the checks tell."""
    if hash_of(row) == row.hash:
        return ()
    stands, makes = str(row.checks), checks_of(row)
    steps = range(0, len(makes), 8)
    pairs = zip(HASHED, steps, strict=True)
    return tuple(name for name, at in pairs if stands[at : at + 8] != makes[at : at + 8])


def entry_of(row: Row, content: str | None) -> Entry:
    """Return what a row says. Raises StoreDamagedError where it is not as it was written."""
    try:
        return Entry(
            seq=row.seq,
            id=row.id,
            at=datetime.fromisoformat(row.at),
            kind=EntryKind(row.kind),
            body=json.loads(row.body),
            subjects=tuple(json.loads(row.subjects)),
            particulars=None if content is None else json.loads(content),
            erased=content is None and row.particulars != "",
            hash=row.hash,
        )
    except (TypeError, ValueError) as error:
        raise StoreDamagedError(
            f"entry {row.seq} of the ledger is not as it was written ({error}): run 'screening "
            "ledger verify' for what was altered, and restore the store from a copy"
        ) from error


def texts_of(texts: Iterable[str], *, name: str) -> tuple[str, ...]:
    """Return texts, none of them empty. Raises InputInvalidError."""
    given = (texts,) if isinstance(texts, str) else tuple(texts)
    if isinstance(texts, str) or not all(isinstance(one, str) and one for one in given):
        raise InputInvalidError(f"{name} is {texts!r}, expected several texts, none of them empty")
    return given


def _plain(value: object, where: str) -> object:
    """Return a value of types that JSON tells apart. Raises InputInvalidError."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)  # of a StrEnum its text
    if isinstance(value, int) and abs(value) <= _MAX_WHOLE:
        return int(value)
    if isinstance(value, list | tuple):
        return [_plain(one, f"{where}[{place}]") for place, one in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {str(key): _plain(one, f"{where}.{key}") for key, one in value.items()}
    raise InputInvalidError(
        f"{where} is {value!r}, expected text, a whole number up to 2^53, true, false, nothing, or "
        "lists and mappings of text to these; write a number with a fraction as text"
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
