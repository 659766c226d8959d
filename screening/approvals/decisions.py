"""All that was decided in a store, as it stands: read once, then whatever was added since."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from screening.approvals.decided import (
    SHORT,
    DecisionError,
    Dismissal,
    Letter,
    Request,
    Scope,
    event_of,
)
from screening.approvals.errors import StoreDamagedError
from screening.approvals.ledger import Entry, EntryKind, entry_of
from screening.approvals.pictures import Fit, Found, Sights

if TYPE_CHECKING:
    from screening.approvals.rows import Tables
    from screening.approvals.store import Store
    from screening.approvals.transaction import Transaction

DECIDING = (
    EntryKind.DISMISSAL,
    EntryKind.DISMISSAL_UNDONE,
    EntryKind.REQUEST,
    EntryKind.REQUEST_SENT,
    EntryKind.LETTER,
    EntryKind.LETTER_REVOKED,
)
KEYED: Mapping[str, str] = {
    "picture": "sha256",
    "record": "record_id",
    "production": "production_name",
    "letter": "letter_sha256",
}
"""The values of a body that are keyed digests, each of one of the particulars."""

_READ = (*DECIDING, EntryKind.IMPORTED, EntryKind.PURGE)
_LISTED = ("record_ids", "productions")  # particulars of letters: of the requests they answer

About = Dismissal | Request


class Decisions:
    """The dismissals, requests and letters of a store by their ids. Threads may share it."""

    def __init__(self, store: "Store") -> None:
        self.store = store
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._seen = 0
        self.dismissals: dict[str, Dismissal] = {}
        self.requests: dict[str, Request] = {}
        self.letters: dict[str, Letter] = {}
        self.known: set[str] = set()
        self._by_record: defaultdict[str, list[str]] = defaultdict(list)
        self._by_picture: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._by_request: defaultdict[str, list[str]] = defaultdict(list)
        self._record_wide: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self._sights: defaultdict[str, Sights] = defaultdict(Sights)

    def refresh(self) -> int:
        """Read what was put on record since; return how many there are. Raises StoreError."""
        with self._lock, self.store.database.reading() as tables:
            head = tables.head()
            until = head.seq if head else 0
            entries = [*_between(self._seen, until, tables)]
            if self._seen and any(entry.kind is EntryKind.PURGE for entry in entries):
                self._forget()  # what was read before may be what was erased
                entries = [*_between(0, until, tables)]
            for entry in entries:
                self.take(entry)
            self._seen = until
            return until

    def take(self, entry: Entry) -> None:
        """Take in what one entry says. Raises StoreDamagedError where that cannot be."""
        try:
            self._take(inner(entry))
            self._seen = entry.seq
        except (KeyError, TypeError, ValueError) as error:
            raise StoreDamagedError(
                f"entry {entry.seq} of the ledger ({entry.kind}) says nothing that is understood "
                f"({error}): run 'screening ledger verify' for what was altered"
            ) from error

    def _take(self, entry: Entry) -> None:
        body = entry.body
        if entry.kind in DECIDING:
            self.known.add(entry.id)
        match entry.kind:
            case EntryKind.DISMISSAL:
                self.dismissals[entry.id] = dismissal = Dismissal.of(entry)
                self._index(dismissal)
            case EntryKind.REQUEST:
                self.requests[entry.id] = request = Request.of(entry)
                self._index(request)
            case EntryKind.LETTER:
                self.letters[entry.id] = letter = Letter.of(entry)
                self._index_letter(letter)
            case EntryKind.DISMISSAL_UNDONE:
                undone = self.dismissals[body["dismissal"]]
                self.dismissals[undone.id] = replace(undone, undone=event_of(entry, "reason_text"))
            case EntryKind.REQUEST_SENT:
                sent = self.requests[body["request"]]
                self.requests[sent.id] = replace(sent, sent=event_of(entry, "to"))
            case EntryKind.LETTER_REVOKED:
                revoked = self.letters[body["letter"]]
                self.letters[revoked.id] = replace(revoked, revoked=event_of(entry, "reason_text"))

    def _index(self, one: About) -> None:
        self._by_picture[one.record, one.picture].append(len(self._by_record[one.record]))
        self._by_record[one.record].append(one.id)
        self._sights[one.record].add(one.sight)

    def _index_letter(self, letter: Letter) -> None:
        for id_ in letter.requests:
            self._by_request[id_].append(letter.id)
            if letter.scope is Scope.RECORD:
                self._record_wide[self.requests[id_].record].append((letter.id, id_))

    def about(self, found: Found) -> list[tuple[About, Fit]]:
        """Return what is on record about a record in a picture or in what is nearly that picture.

        The oldest first.
        """
        with self._lock:
            sight = found.sight
            picture, record = map(self.store.digest, (sight.sha256, sight.record_id))
            ids = self._by_record.get(record, [])
            fits = self._sights[record].copies(found) if ids else {}
            fits |= dict.fromkeys(self._by_picture.get((record, picture), ()), Fit.SAME)
            return [(self._named(ids[place]), fit) for place, fit in sorted(fits.items())]

    def record_wide(self, record_id: str) -> list[tuple[Letter, Request]]:
        """Return the answers for a record in a whole production that were not revoked."""
        with self._lock:
            pairs = self._record_wide.get(self.store.digest(record_id), ())
            told = [(self.letters[letter], self.requests[request]) for letter, request in pairs]
            return [one for one in told if one[0].revoked is None]

    def _named(self, id_: str) -> About:
        return self.dismissals.get(id_) or self.requests[id_]

    def answers(self, request: Request) -> list[Letter]:
        """Return the letters that answer a request and were not revoked, the latest first."""
        return [one for one in self.letters_to(request) if one.revoked is None]

    def letters_to(self, request: Request) -> list[Letter]:
        """Return all letters that answer a request, the latest first."""
        with self._lock:
            answering = [self.letters[id_] for id_ in self._by_request.get(request.id, ())]
        return sorted(answering, key=lambda one: one.order, reverse=True)

    def find(self, id_: str) -> Dismissal | Request | Letter:
        """Return what has an id, or one that begins so. Raises DecisionError."""
        every: dict[str, Dismissal | Request | Letter]
        every = {**self.dismissals, **self.requests, **self.letters}
        given = id_.strip().lower()
        found = [one for name, one in every.items() if given and name.startswith(given)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(sorted(one.id[: len(given) + SHORT] for one in found))
            raise DecisionError(f"the id {id_!r} is the beginning of several, {ids}: give more")
        raise DecisionError(
            f"there is no decision with the id {id_!r}: 'screening approvals list' names those "
            "there are"
        )

    def request(self, id_: str) -> Request:
        """Return the request that has an id. Raises DecisionError."""
        found = self.find(id_)
        if not isinstance(found, Request):
            raise DecisionError(f"{id_!r} is a {type(found).__name__.lower()}, expected a request")
        return found

    @contextmanager
    def deciding(self) -> Iterator["Deciding"]:
        """Give what puts decisions on record, all of them or none, nobody else between.

        Before the first of them all that others decided is read.
        """
        with self._lock:
            try:
                with self.store.transaction() as transaction:
                    self.refresh()
                    yield Deciding(self, transaction)
            except BaseException:
                self._forget()
                raise


class Deciding:
    """Puts decisions on record and takes them in; made by ``Decisions.deciding``."""

    def __init__(self, decisions: Decisions, transaction: "Transaction") -> None:
        self._decisions, self._transaction = decisions, transaction

    def put(self, kind: EntryKind, facts: Mapping[str, Any], particulars: Mapping[str, Any]) -> str:
        """Put one on record and return its id.

        facts: of the body, without the digests of KEYED, which are made of the particulars.
        """
        entry = self._append(kind, facts, particulars)
        return entry.id

    def put_imported(self, facts: Mapping[str, Any], particulars: Mapping[str, Any] | None) -> None:
        """Put on record what was decided in another store; see ``inner``."""
        self._append(EntryKind.IMPORTED, facts, particulars)

    def _append(
        self, kind: EntryKind, facts: Mapping[str, Any], particulars: Mapping[str, Any] | None
    ) -> Entry:
        store, said = self._decisions.store, particulars or {}
        entry = self._transaction.append(
            kind,
            body={**facts, **keyed(store, said)},
            particulars=particulars,
            subjects={*subjects_of(said)},
        )
        self._decisions.take(entry)
        return entry


def inner(entry: Entry) -> Entry:
    """Return an entry as it was where it was made, if it was imported, else as it is."""
    if entry.kind is not EntryKind.IMPORTED or "kind" not in entry.body:
        return entry
    at = datetime.fromisoformat(entry.body["at"])
    return replace(entry, id=entry.body["entry"], kind=EntryKind(entry.body["kind"]), at=at)


def keyed(store: "Store", particulars: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests that a body keeps of its particulars."""
    named = {name: particulars.get(field) for name, field in KEYED.items()}
    return {
        name: store.digest(plain(value) if name == "production" else value)
        for name, value in named.items()
        if value
    }


def subjects_of(particulars: Mapping[str, Any]) -> Iterable[str]:
    """Yield what an entry with these particulars is about: pictures, records, productions."""
    yield from (particulars[field] for field in KEYED.values() if particulars.get(field))
    for listed in _LISTED:
        yield from filter(None, particulars.get(listed, ()))


def plain(name: str) -> str:
    """Return the name of a production as it is compared: but for case and space."""
    return " ".join(name.split()).casefold()


def _between(seen: int, until: int, tables: "Tables") -> Iterator[Entry]:
    """Yield the entries that say something of decisions, after one number and up to another."""
    while page := tables.page(seen, until, kinds=_READ, subject=None):
        yield from (entry_of(row, content) for row, content in page)
        seen = page[-1][0].seq
