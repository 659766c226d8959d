"""Reading a whole store again, to name everything that is not as it was written."""

from collections.abc import Iterable, Iterator, Mapping

from screening.approvals.checkpoint import Checkpoint
from screening.approvals.errors import StoreKeyError
from screening.approvals.judge import Chain, Particulars, Problem, named
from screening.approvals.keys import Keys
from screening.approvals.ledger import Row
from screening.approvals.store import Store

_META = {"format", "store", "public_key"}


def verify(store: Store, checkpoint: Checkpoint | None = None) -> list[Problem]:
    """Return all that is wrong with a store; empty when nothing is.

    checkpoint: one taken before. Without it neither a ledger cut short at its end nor one written
    anew as a whole can be told. Without the key file the last problem says what was not checked.
    Raises CheckpointError where the checkpoint itself was altered, StoreError.
    """
    if checkpoint:
        checkpoint.verify()
    keys, unchecked = _keys_of(store)
    with store.database.reading() as tables:
        return [
            *judged(tables.meta(), tables.rows(), tables.particulars(), keys, checkpoint),
            *(
                Problem(entry=None, what=f"the file is inconsistent: {what}")
                for what in tables.inconsistencies()
            ),
            *unchecked,
        ]


def judged(
    meta: Mapping[str, str],
    rows: Iterable[Row],
    particulars: Iterable[tuple[str, str]],
    keys: Keys | None,
    checkpoint: Checkpoint | None = None,
) -> Iterator[Problem]:
    """Yield all that is wrong with what a store holds; rows are by their number."""
    for name in sorted(meta.keys() - _META):
        yield Problem(entry=None, what=f"screening_meta: {name!r} does not belong there")
    if keys and (meta["store"], meta["public_key"]) != (keys.store, keys.public_key):
        yield Problem(
            entry=None, what="screening_meta: store or public_key is not that of the key file"
        )
    seen = (checkpoint,) if checkpoint else ()
    chain, held = Chain(meta["store"], meta["public_key"], seen), Particulars(keys)
    for entry, content in particulars:
        held.hold(entry, content)
    for row in rows:
        if type(row.seq) is not int:
            yield Problem(entry=None, what=f"{named(row)}: has no whole number")
            continue
        yield from chain.judge(row)
        yield from held.judge(row)
    yield from chain.end()
    yield from held.end()


def _keys_of(store: Store) -> tuple[Keys | None, list[Problem]]:
    """Return the keys, or else what cannot be checked without them."""
    try:
        return store.keys, []
    except StoreKeyError as error:
        what = f"what the particulars say was not checked, but all else was: {error}"
        return None, [Problem(entry=None, what=what, damage=False)]
