"""Putting things on record together: all of them, or none."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from screening.approvals.errors import StoreDamagedError
from screening.approvals.keys import Keys
from screening.approvals.ledger import (
    PURGED,
    Entry,
    EntryKind,
    Row,
    canonical,
    entry_of,
    genesis,
    hash_of,
    sealed,
    stamp,
    texts_of,
    written,
)
from screening.errors import InputInvalidError

if TYPE_CHECKING:
    from screening.approvals.rows import Tables

Clock = Callable[[], datetime]


class Transaction:
    """Things put on record together. erased: the ids whose particulars it has erased."""

    def __init__(self, tables: "Tables", keys: Keys, clock: Clock) -> None:
        self.erased: tuple[str, ...] = ()
        self._tables, self._keys, self._clock = tables, keys, clock
        self._head = tables.head()
        if self._head and hash_of(self._head) != self._head.hash:
            raise StoreDamagedError(
                f"entry {self._head.seq}, the last of the ledger, is not as it was written, so "
                "nothing is added to it: run 'screening ledger verify' for what was altered, and "
                "restore the store from a copy"
            )

    def append(
        self,
        kind: EntryKind,
        *,
        body: Mapping[str, Any],
        particulars: Mapping[str, Any] | None = None,
        subjects: Iterable[str] = (),
    ) -> Entry:
        """Put one thing on record, as ``Store.append`` does."""
        if not isinstance(kind, EntryKind) or kind is EntryKind.PURGE:
            raise InputInvalidError(
                f"the kind of an entry is {kind!r}, expected an EntryKind; a purge is put on "
                "record by erase, with what it erases"
            )
        return self._append(kind, body, particulars, subjects)

    def erase(
        self,
        entries: Iterable[str],
        *,
        body: Mapping[str, Any] | None = None,
        subjects: Iterable[str] = (),
    ) -> Entry:
        """Erase the particulars of entries and put on record that they were.

        entries: ids; none only where body says what else was purged. Raises InputInvalidError for
        an id that no entry has.
        """
        ids = sorted(set(texts_of(entries, name="entries")))
        if not (ids or body) or (unknown := sorted(set(ids) - self._tables.known(ids))):
            which = f"{', '.join(unknown)} of no entry" if ids else "none"
            raise InputInvalidError(f"the ids to erase are {which}, expected those of entries")
        if PURGED in (body or {}):
            raise InputInvalidError(f"the body of a purge says its own {PURGED!r}; leave it out")
        if ids:
            self._tables.erase(ids)
        self.erased += tuple(ids)
        return self._append(EntryKind.PURGE, {**(body or {}), PURGED: ids}, None, subjects)

    def _append(
        self,
        kind: EntryKind,
        body: Mapping[str, Any],
        particulars: Mapping[str, Any] | None,
        subjects: Iterable[str],
    ) -> Entry:
        content = None if particulars is None else written(particulars, name="particulars")
        digests = sorted({self._keys.digest(one) for one in texts_of(subjects, name="subjects")})
        name, now, last = uuid.uuid4().hex, stamp(self._clock()), self._head
        row = sealed(
            Row(
                seq=last.seq + 1 if last else 1,
                id=name,
                at=max(now, last.at) if last else now,
                kind=kind.value,
                body=written(body, name="body"),
                subjects=canonical(digests),
                particulars="" if content is None else self._keys.particulars_digest(name, content),
                checks="",
                previous=last.hash if last else genesis(self._keys.store, self._keys.public_key),
                hash="",
            )
        )
        self._tables.add(row, content)
        self._head = row
        return entry_of(row, content)
