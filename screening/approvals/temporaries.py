"""Temporary material on record: what was remembered, so that its absence can be shown later."""

from screening.approvals.ledger import Entry, EntryKind
from screening.approvals.store import Store
from screening.deliverables import Remembered


def record_remembered(store: Store, done: Remembered, *, production: str = "") -> Entry | None:
    """Put on record what a board added to an index; None, and no entry, where it added nothing.

    The entry says how many pictures, into which index and as of when; their digests can be erased.
    Raises StoreError.
    """
    if not done.enrolled:
        return None
    return store.append(
        EntryKind.TEMPORARY_ENROLLED,
        body={"index": done.uuid, "as_of": done.updated, "pictures": len(done.enrolled)},
        particulars={"production": production, "sha256s": [*done.enrolled]},
        subjects=(*filter(None, (production,)), *done.enrolled),
    )
