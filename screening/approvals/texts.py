"""Texts within what entries say: which there are, and which of them mean other entries."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from screening.approvals.ledger import Entry, EntryKind


def texts_in(value: object) -> Iterator[str]:
    """Yield every text in a body or in particulars, keys too, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (key, *texts_in(inner))
    elif isinstance(value, Sequence):
        for inner in value:
            yield from texts_in(inner)


def meant_by(entry: Entry, known: Collection[str]) -> tuple[str, ...]:
    """Return the ids of other entries that an entry is about, among those that are known.

    A letter is about requests, a revocation about a letter; a purge is about none.
    """
    if entry.kind is EntryKind.PURGE:
        return ()
    ids = dict.fromkeys(text for text in texts_in(entry.body) if text in known)
    return tuple(one for one in ids if one != entry.id)
