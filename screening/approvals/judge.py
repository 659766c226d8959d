"""Judging the rows of a ledger: whatever was altered is named, and nothing else accused.

Each row is judged by its own hash, then by the row before it, so that one altered row does not
accuse those after it.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from screening.approvals.checkpoint import Checkpoint
from screening.approvals.keys import Keys
from screening.approvals.ledger import (
    PURGED,
    EntryKind,
    Row,
    altered_values,
    checks_of,
    genesis,
    hash_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about a ledger that is not as it was written.

    entry: its number, None where it belongs to none. what: in words, the entry named. damage:
    False for what could only not be checked.
    """

    entry: int | None
    what: str
    damage: bool = True

    def __str__(self) -> str:
        return self.what


class Chain:
    """The rows of a ledger on their way past: call ``judge`` on each, then ``end``.

    store, public_key: what the first entry is to follow. checkpoints: what they saw is looked for.
    """

    def __init__(self, store: str, public_key: str, checkpoints: Iterable[Checkpoint] = ()) -> None:
        self._checkpoints = tuple(checkpoints)
        self._witnessed: set[Checkpoint] = set()  # those that saw an entry that is still there
        self._last = 0  # the highest number of a row that has its own
        self._followed = {genesis(store, public_key)}  # what the next row may follow
        self._numbers: set[int] = set()
        self._ids: dict[str, int] = {}
        self._own_key = (store, public_key)

    def judge(self, row: Row) -> Iterator[Problem]:
        """Yield what is wrong with the next row, by itself and beside those before it."""
        name, makes = named(row), hash_of(row)
        altered = altered_values(row)
        for value in altered:
            yield _problem(row, f"{name}: {value} is not what was hashed")
        if makes != row.hash and not altered:
            yield _problem(row, f"{name}: hash is not the one that its values make")
        if makes == row.hash and row.checks != checks_of(row):
            yield _problem(row, f"{name}: the checks of its values were altered, not the values")
        if "id" not in altered:
            if row.id in self._ids:
                yield _problem(
                    row, f"{name}: has the id of entry {self._ids[row.id]}: one is a copy"
                )
            self._ids.setdefault(row.id, row.seq)
        if "seq" not in altered:
            yield from self._place(row, {makes, row.hash}, "previous" in altered)

    def end(self) -> Iterator[Problem]:
        """Yield what is missing, and what of the checkpoint was not found."""
        yield from self._gaps()
        for checkpoint in self._checkpoints:
            yield from self._unseen(checkpoint)

    def _unseen(self, seen: Checkpoint) -> Iterator[Problem]:
        """Yield what a checkpoint saw and is there no more."""
        if (seen.store, seen.public_key) != self._own_key:
            yield Problem(
                entry=None,
                what=f"the checkpoint is of the store {seen.store} and its key, not of "
                f"{self._own_key[0]}: the store was replaced, or the checkpoint is of another",
            )
        elif self._last < seen.seq:
            yield Problem(
                entry=seen.seq,
                what=f"{_entries(self._last + 1, seen.seq)} missing at the end: the checkpoint of "
                f"{seen.at} saw them",
            )
        elif seen.seq in self._numbers and seen not in self._witnessed:
            yield Problem(
                entry=seen.seq,
                what=f"entry {seen.seq}: is not the one that the checkpoint of {seen.at} saw: the "
                "ledger was written anew up to there",
            )

    def _place(self, row: Row, hashes: set[str], unlinked: bool) -> Iterator[Problem]:
        """Yield what is wrong with where a row stands."""
        name = named(row)
        if row.seq < 1:
            yield _problem(row, f"{name}: is no number of an entry, the first is 1")
            return
        if row.seq in self._numbers:
            yield _problem(row, f"{name}: stands where another entry {row.seq} stands")
        elif row.seq < self._last:
            yield _problem(row, f"{name}: stands after entry {self._last}, not before it")
        if row.seq == self._last + 1 and not unlinked and row.previous not in self._followed:
            before = f"entry {self._last}" if self._last else "the id and key of the store"
            yield _problem(row, f"{name}: does not follow {before}: one of the two was replaced")
        self._witnessed.update(
            one for one in self._checkpoints if one.seq == row.seq and one.head in hashes
        )
        if row.seq >= self._last:
            self._followed = hashes | (self._followed if row.seq == self._last else set())
            self._last = row.seq
        self._numbers.add(row.seq)

    def _gaps(self) -> Iterator[Problem]:
        before = 0
        for number in sorted(self._numbers):
            if number > before + 1:
                missing = _entries(before + 1, number - 1)
                yield Problem(entry=before + 1, what=f"{missing} missing")
            before = number


class Particulars:
    """What people read of entries: call ``hold`` on all of it, ``judge`` on each row, then ``end``.

    keys: None where the key file is lost; then nothing is said of what particulars say.
    """

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys
        self._held: dict[str, str | None] = {}
        self._twice: list[str] = []
        self._attached: set[str] = set()
        self._lacking: dict[str, Row] = {}
        self._purges: dict[str, int] = {}

    def hold(self, entry: str, content: str) -> None:
        """Take in what is there for an entry."""
        if entry in self._held:
            self._twice.append(entry)
        self._held[entry] = (
            self._keys.particulars_digest(entry, content)
            if self._keys and isinstance(content, str) and isinstance(entry, str)
            else None
        )

    def judge(self, row: Row) -> Iterator[Problem]:
        """Yield how the particulars of a row differ from what it says."""
        if _is_purge(row):
            with suppress(AttributeError, KeyError, TypeError, ValueError):  # forged as a whole
                self._purges.update(dict.fromkeys(json.loads(row.body)[PURGED], row.seq))
        if row.id not in self._held:
            if row.particulars:
                self._lacking[row.id] = row
            return
        self._attached.add(row.id)
        if not row.particulars:
            what = "has particulars, and was written without any"
        elif self._keys and self._held[row.id] != row.particulars:
            what = "particulars are not what was hashed"
        else:
            return
        if "particulars" not in altered_values(row):
            yield _problem(row, f"{named(row)}: {what}")

    def end(self) -> Iterator[Problem]:
        """Yield what is missing, and what belongs nowhere."""
        for entry, row in self._lacking.items():
            if self._purges.get(entry, 0) <= row.seq:
                what = f"{named(row)}: particulars are missing, and no purge says why"
                yield _problem(row, what)
        for entry in self._twice:
            yield Problem(entry=None, what=f"particulars of {entry!r}: are there twice")
        for entry in self._held:
            if entry not in self._attached:
                yield Problem(entry=None, what=f"particulars of {entry!r}: belong to no entry")
            elif entry in self._purges:
                what = (
                    f"particulars of {entry!r}: are back, entry {self._purges[entry]} purged them"
                )
                yield Problem(entry=self._purges[entry], what=what)


def named(row: Row) -> str:
    """Return how a row is called: ``entry 17 (dismissal, 2026-03-02T…)``."""
    return f"entry {row.seq} ({row.kind}, {row.at})"


def _is_purge(row: Row) -> bool:
    """Tell whether a row is a purge of what it says; its time, for one, may have been altered."""
    altered = altered_values(row)
    proven = bool(altered) or hash_of(row) == row.hash
    return row.kind == EntryKind.PURGE and proven and not {"seq", "kind", "body"} & {*altered}


def _problem(row: Row, what: str) -> Problem:
    return Problem(entry=row.seq, what=what)


def _entries(first: int, last: int) -> str:
    return f"entry {first} is" if first == last else f"entries {first} to {last} are"
