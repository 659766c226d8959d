"""A ledger as JSON Lines: one entry a line, and a signed checkpoint that holds them together."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from screening.approvals.checkpoint import Checkpoint
from screening.approvals.errors import CheckpointError
from screening.approvals.judge import Chain, Problem
from screening.approvals.ledger import Row, canonical, entry_of, genesis
from screening.approvals.store import Store

_PARSED = ("body", "subjects")
CONTENT = "content"


def export(
    store: Store, write: Callable[[str], object], *, particulars: bool = False
) -> Checkpoint:
    """Write the ledger of a store as it stands at one moment; return the checkpoint at its end.

    write: takes text. particulars: also what people read, where it was not erased; it is held
    together by the signature alone. Raises StoreKeyError, and StoreDamagedError at an entry that is
    not as it was written.
    """
    keys, lines = store.keys, hashlib.sha256()
    last = (0, genesis(store.id, store.public_key))
    for row, content in store.rows():
        entry = entry_of(row, content)
        values: dict[str, Any] = {
            **row._asdict(),
            "body": entry.body,
            "subjects": entry.subjects,
            **({CONTENT: entry.particulars} if particulars else {}),
        }
        line = canonical(values) + "\n"
        lines.update(line.encode())
        write(line)
        last = row.seq, row.hash
    seq, head = last
    checkpoint = Checkpoint.signed(
        keys, seq=seq, head=head, at=store.now(), lines=lines.hexdigest()
    )
    write(checkpoint.text() + "\n")
    return checkpoint


def verify_export(
    file: Path, *, checkpoint: Checkpoint | None = None, public_key: str | None = None
) -> list[Problem]:
    """Return all that is wrong with an export; empty when nothing is. Needs no store.

    checkpoint: one taken before. public_key: hex, that of the store, as it was told another way;
    without either, one who can write a whole export anew can also sign it with a key of their own.
    Raises CheckpointError where the file cannot be read.
    """
    try:
        lines = file.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise CheckpointError(f"{file}: cannot be read ({error.strerror})") from error
    try:
        end = Checkpoint.parse(lines[-1].decode() if lines else "")
    except (CheckpointError, UnicodeDecodeError):
        what = "the last line is no checkpoint that is signed as it stands: the export is cut short"
        return [Problem(entry=None, what=what)]
    return [*_judged(lines[:-1], end, checkpoint, public_key)]


def _judged(
    lines: list[bytes], end: Checkpoint, checkpoint: Checkpoint | None, public_key: str | None
) -> Iterator[Problem]:
    if public_key not in {None, end.public_key}:
        yield Problem(entry=None, what=f"the export is signed with another key, {end.public_key}")
    if hashlib.sha256(b"".join(lines)).hexdigest() != end.lines:
        yield Problem(entry=None, what="the lines are not those that were signed")
    seen = (end, checkpoint) if checkpoint else (end,)
    chain = Chain(end.store, end.public_key, seen)
    for number, line in enumerate(lines, 1):
        row = None
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            row = _row(line)
        if row is None:
            yield Problem(entry=None, what=f"line {number} is not written as an export is")
            continue
        yield from chain.judge(row)
    yield from chain.end()


def _row(line: bytes) -> Row:
    """Return the row that a line says. Raises what Python does where it is not one."""
    values = json.loads(line)
    if canonical(values) + "\n" != line.decode():
        raise ValueError("written in another way")
    values.pop(CONTENT, None)
    row = Row(**{**values, **{name: canonical(values[name]) for name in _PARSED}})
    if type(row.seq) is not int or not all(isinstance(value, str) for value in row[1:]):
        raise TypeError("values of other types")
    return row
