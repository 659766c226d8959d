"""Purge: taking everything known of a person or a production out of indexes and the store.

The order is chosen so that a purge that is killed can simply be run again. First the store is
erased, while the index still tells which names to look for, in one transaction with an entry that
says that a purge began. Then each index is rewritten without what goes. The receipt comes last: it
never speaks of what was not done. Every step done before is found done, and the receipt of the run
that ends names those that began.

What is erased from the store is what was put on record about the person or production, what refers
to that alone, and whatever mentions a name of the person, even within a free text about something
else: at worst something is asked about again, while a name that stays cannot be called back. Files
outside, such as reports and exports, are not reached.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.errors import UnknownRecordError
from screening.approvals.decisions import inner, plain
from screening.approvals.ledger import Entry, EntryKind
from screening.approvals.names import Names, names_beside
from screening.approvals.receipt import Reason, Receipt
from screening.approvals.store import Store
from screening.approvals.texts import meant_by, texts_in
from screening.decision.context import same
from screening.errors import InputInvalidError

_PRODUCTIONS_OWN = (Kind.PERSON, Kind.KEY_ELEMENT, Kind.TEMPORARY)
_PHASE, _BEGUN, _DONE = "phase", "begun", "done"


@dataclass(slots=True)
class _Work:
    """What a purge is to take out. remove: takes it out of an index, tells how many records."""

    reason: Reason
    subject: str
    about: Callable[[Entry], bool]
    remove: Callable[[IndexWriter], int]
    names: Names = field(default_factory=lambda: Names(()))
    held: dict[Path, tuple[str, int]] = field(default_factory=dict)


def purge_person(
    store: Store,
    record_id: str,
    *,
    indexes: Iterable[Path] = (),
    names: Iterable[str] = (),
    timeout: float = 10.0,
    dry_run: bool = False,
) -> Receipt:
    """Take out everything known of a person.

    names: further spellings to look for, besides title and aliases in the indexes and on record.
    timeout: seconds to wait for other writers of an index. Raises InputInvalidError for a record
    that is none of a person, StoreError, ReferenceIndexError.
    """
    digest = store.digest(record_id)

    def remove(writer: IndexWriter) -> int:
        with suppress(UnknownRecordError):
            writer.remove_record(record_id)
            return 1
        return 0

    held: dict[Path, tuple[str, int]] = {}
    known = set(names)
    for path in dict.fromkeys(indexes):
        with ReferenceIndex.open(path) as index:
            record = _find(index, record_id)
            held[path] = (index.uuid, int(record is not None))
        if record is not None and record.kind is not Kind.PERSON:
            raise InputInvalidError(
                f"record {record_id!r} of {path} is a {record.kind}, expected a person; "
                "'screening index remove' takes out others"
            )
        known |= {record.title, *record.aliases} if record else set()
    for entry in store.entries():
        known |= set(names_beside(entry.particulars, record_id))
    work = _Work(
        reason=Reason.PERSON,
        subject=record_id,
        about=lambda entry: digest in entry.subjects or record_id in texts_in(entry.particulars),
        remove=remove,
        names=Names(known),
        held=held,
    )
    receipt = _carry_out(store, work, timeout, dry_run)
    return replace(receipt, left=tuple(_left(held, record_id, work.names)))


def purge_production(
    store: Store,
    production: str,
    *,
    indexes: Iterable[Path] = (),
    timeout: float = 10.0,
    dry_run: bool = False,
) -> Receipt:
    """Take out everything known of a production.

    indexes: its own, not one that it shares: people, key elements and temporary records go out of
    them; works and cleared pictures stay. What names no production goes only where the store names
    no other one. Raises as ``purge_person`` does.
    """
    if not production.strip():
        raise InputInvalidError("the production to purge has an empty name; give it")
    digest = store.digest(plain(production))
    named = {plain(name) for entry in store.entries() for name in _productions(entry)} - {""}
    only_one = named == {plain(production)}
    held: dict[Path, tuple[str, int]] = {}
    going: set[str] = set()
    for path in dict.fromkeys(indexes):
        with ReferenceIndex.open(path) as index:
            own = {one.id for one in index.records() if one.kind in _PRODUCTIONS_OWN}
            held[path] = (index.uuid, len(own) + index.expired)
        going |= own

    def remove(writer: IndexWriter) -> int:
        count = writer.remove_expired()
        for record_id in sorted(going):
            with suppress(UnknownRecordError):
                writer.remove_record(record_id)
                count += 1
        return count

    work = _Work(
        reason=Reason.PRODUCTION,
        subject=production,
        about=lambda entry: (
            only_one
            or entry.body.get("production") == digest
            or any(same(name, production) for name in _productions(entry))
        ),
        remove=remove,
        held=held,
    )
    return _carry_out(store, work, timeout, dry_run)


def purge_expired(
    store: Store,
    *,
    today: date,
    indexes: Iterable[Path] = (),
    timeout: float = 10.0,
    dry_run: bool = False,
) -> Receipt:
    """Take out what was to be held until a day before today, and nothing else.

    That is people out of indexes, by their ``retain_until`` and the date of this machine, and
    consents by their last day, with their revocations. Raises as ``purge_person`` does.
    """
    held: dict[Path, tuple[str, int]] = {}
    for path in dict.fromkeys(indexes):
        with ReferenceIndex.open(path) as index:
            held[path] = (index.uuid, index.expired)
    ended = {
        entry.id
        for entry in store.entries([EntryKind.CONSENT])
        if entry.body["valid_until"] and date.fromisoformat(entry.body["valid_until"]) < today
    }
    work = _Work(
        reason=Reason.EXPIRED,
        subject="expired",
        about=lambda entry: entry.id in ended or entry.body.get("consent") in ended,
        remove=IndexWriter.remove_expired,
        held=held,
    )
    return _carry_out(store, work, timeout, dry_run)


def _carry_out(store: Store, work: _Work, timeout: float, dry_run: bool) -> Receipt:
    about, mentioning = _found(store, work)
    erased = Counter(str(entry.kind) for entry in (*about, *mentioning))
    counts = dict(work.held.values())
    unfinished = _unfinished(store, work)
    body: dict[str, Any] = {
        "reason": work.reason,
        "kinds": dict(sorted(erased.items())),
        "mentions": len(mentioning),
    }

    def receipt(entry: str) -> Receipt:
        return Receipt(
            reason=work.reason,
            entry=entry,
            erased=body["kinds"],
            mentions=len(mentioning),
            indexes=counts,
            dry_run=dry_run,
        )

    if dry_run:
        return receipt("")
    ids = [entry.id for entry in (*about, *mentioning)]
    if any(counts.values()):
        began = store.erase(
            ids, body=body | {_PHASE: _BEGUN, "indexes": counts}, subjects=(work.subject,)
        )
        unfinished = (*unfinished, began.id)
    for path, (uuid, _) in work.held.items():
        # opened even where nothing is to go: a writer sweeps what a killed one left
        with IndexWriter(path, settings=None, create=False, timeout=timeout) as writer:
            counts[uuid] = work.remove(writer)
    if not (ids or unfinished or any(counts.values())):
        return receipt("")
    body |= {_PHASE: _DONE, "indexes": counts, _BEGUN: unfinished}
    return receipt(store.erase(ids, body=body, subjects=(work.subject,)).id)


def _found(store: Store, work: _Work) -> tuple[list[Entry], list[Entry]]:
    """Return the entries about what goes that have particulars, and those that mention a name."""
    about, mentioning = [], []
    every, going = set[str](), set[str]()
    for entry in store.entries():
        told = inner(entry)
        meant = {*meant_by(told, every)}
        every |= {entry.id, told.id}
        if work.about(entry) or (meant and meant <= going):
            going |= {entry.id, told.id}
            about += [] if entry.particulars is None else [entry]
        elif work.names.among(texts_in(entry.particulars)):
            mentioning.append(entry)
    return about, mentioning


def _unfinished(store: Store, work: _Work) -> tuple[str, ...]:
    """Return the ids of purges of the same that began and of which no receipt tells the end."""
    begun: dict[str, None] = {}
    for entry in store.entries([EntryKind.PURGE], work.subject):
        if entry.body.get("reason") != work.reason:
            continue
        if entry.body.get(_PHASE) == _BEGUN:
            begun[entry.id] = None
        for done in entry.body.get(_BEGUN, ()):
            begun.pop(done, None)
    return tuple(begun)


def _left(indexes: Iterable[Path], record_id: str, names: Names) -> Iterator[str]:
    """Yield the ids of records of others that mention a name, in words or by where pictures lay."""
    for path in indexes:
        with ReferenceIndex.open(path) as index:
            for record in index.records():
                sources = (image.source for image in index.images(record.id))
                said = texts_in([*asdict(record).values()])
                if record.id != record_id and names.among((*said, *sources)):
                    yield record.id


def _find(index: ReferenceIndex, record_id: str) -> Record | None:
    with suppress(UnknownRecordError):
        return index.record(record_id)
    return None


def _productions(entry: Entry) -> Iterator[str]:
    """Yield the names of productions that an entry says."""
    for key in ("production", "production_name", "productions"):
        yield from texts_in((entry.particulars or {}).get(key))
