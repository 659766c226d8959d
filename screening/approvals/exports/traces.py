"""Traces: which entries of a ledger are about a finding, found by digests of what it is about."""

from collections import defaultdict
from dataclasses import dataclass

from reference_index import Kind
from screening.approvals.decisions import inner
from screening.approvals.ledger import Entry, EntryKind
from screening.approvals.store import Store
from screening.approvals.texts import meant_by

_CONSENTS = {EntryKind.CONSENT, EntryKind.CONSENT_REVOKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One entry about a finding: its id, its kind in words, its day."""

    entry: str
    words: str
    on: str


class Traces:
    """All entries of a store, read once."""

    def __init__(self, store: Store) -> None:
        self.entries = tuple(store.entries())
        self._store = store
        self._by_subject: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
        self._by_link: defaultdict[str, list[Entry]] = defaultdict(list)
        known = {inner(entry).id for entry in self.entries}
        for entry in self.entries:
            for subject in entry.subjects:
                self._by_subject[subject][entry.id] = entry
            for other in meant_by(inner(entry), known):
                self._by_link[other].append(entry)

    def of(self, sha256: str, record_id: str, kind: str) -> tuple[Trace, ...]:
        """Return the entries about a record in a picture by its bytes, in their order.

        Of a person also the consents, and their revocations.
        """
        of_record = self._by_subject.get(self._store.digest(record_id), {})
        of_picture = self._by_subject.get(self._store.digest(sha256), {}) if sha256 else {}
        found = {id_: one for id_, one in of_record.items() if id_ in of_picture}
        if kind == Kind.PERSON:
            found |= {id_: one for id_, one in of_record.items() if one.kind in _CONSENTS}
        going = list(found.values())
        while going:
            for entry in self._by_link.get(inner(going.pop()).id, ()):
                if entry.id not in found:
                    found[entry.id] = entry
                    going.append(entry)
        return tuple(
            Trace(entry=one.id, words=_words(one), on=inner(one).at.date().isoformat())
            for one in sorted(found.values(), key=lambda one: one.seq)
        )


def _words(entry: Entry) -> str:
    """Return what an entry is, in a word or two."""
    told = inner(entry)
    if told.kind is EntryKind.LETTER:
        return f"letter: {'granted' if told.body.get('granted') else 'denied'}"
    if told.kind is EntryKind.DISMISSAL:
        return f"dismissed: {told.body.get('reason', 'no reason')}"
    return str(told.kind).replace("-", " ")
