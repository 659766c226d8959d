"""Enroll records and their images: idempotent, resumable, every file accounted for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np

from reference_index import IndexWriter, Record
from reference_index.errors import IndexStorageError
from reference_index.fingerprint import HASH_BYTES, HASH_CHANNEL, LOCAL_CHANNEL
from screening.batch import examine_files
from screening.enrollment.sources import Source
from screening.examine import Examined
from screening.images import Limits, Seen
from screening.signals import MIN_FEATURES, MIN_STRUCTURE, SETTINGS

COMMIT_EVERY = 2_000
"""Images between commits: what a killed enrollment has to do again at most."""


class Outcome(StrEnum):
    """What became of one file."""

    ENROLLED = "enrolled"
    ALREADY = "already enrolled"
    PARTLY = "enrolled in part"
    TOO_PLAIN = "enrolled, but too plain for any channel"
    PASSED_OVER = "not an image"
    UNREAD = "not enrolled"
    NO_RECORD = "not enrolled, no row of the records file names it"


PROBLEMS = frozenset({Outcome.PARTLY, Outcome.TOO_PLAIN, Outcome.UNREAD, Outcome.NO_RECORD})
"""Outcomes after which something is missing from the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What became of one file of one record, and why."""

    path: str
    record_id: str | None
    outcome: Outcome
    reason: str | None = None


def enroll(
    index: Path,
    sources: Iterable[Source],
    *,
    limits: Limits | None = None,
    workers: int | None = None,
    timeout: float = 10.0,
    report: Callable[[Enrolled], None] = lambda _: None,
) -> list[Enrolled]:
    """Enroll records into the index at a path, made if it is not there.

    Done again it changes nothing; interrupted it keeps what was committed and goes on from there.
    Returns the files that could not be used, each also given to ``report`` as it happens with all
    the others. timeout: seconds to wait for another writer. Raises ReferenceIndexError.
    """
    problems: list[Enrolled] = []
    with IndexWriter(index, settings=SETTINGS, timeout=timeout) as writer:
        try:
            for count, (record, examined) in enumerate(_examined(writer, sources, limits, workers)):
                outcome = _add(writer, record, examined)
                report(outcome)
                if outcome.outcome in PROBLEMS:
                    problems.append(outcome)
                if count % COMMIT_EVERY == COMMIT_EVERY - 1:
                    writer.commit()
        except KeyboardInterrupt:
            with suppress(IndexStorageError):  # it came in the midst of writing
                writer.commit()
            raise
    return problems


def _examined(
    writer: IndexWriter, sources: Iterable[Source], limits: Limits | None, workers: int | None
) -> Iterator[tuple[Record | None, Examined]]:
    """Yield every file examined, with its record; declared records are put in the index first."""
    owners: deque[Record | None] = deque()

    def files() -> Iterator[Seen]:
        for source in sources:
            if source.declared and source.record:
                writer.put_record(source.record)
            for seen in source.files:
                owners.append(source.record)
                yield seen

    for answers in examine_files(files(), limits=limits or Limits(), workers=workers):
        for examined in answers:
            yield owners.popleft(), examined


def _add(writer: IndexWriter, record: Record | None, examined: Examined) -> Enrolled:
    """Add what one file gave to the index, and say what became of it."""
    said = partial(Enrolled, path=examined.path or "", record_id=record.id if record else None)
    if examined.passed_over:
        return said(outcome=Outcome.PASSED_OVER, reason=examined.passed_over)
    if examined.unread or examined.sha256 is None:
        return said(outcome=Outcome.UNREAD, reason=examined.unread)
    if record is None:
        return said(outcome=Outcome.NO_RECORD)
    first, frames = examined.fingerprints[0], examined.fingerprints
    codes = [f.hashes.codes[0] for f in frames if f.hashes.structure >= MIN_STRUCTURE]
    local = [(f.local, f.width / f.height) for f in frames if len(f.local) >= MIN_FEATURES]
    writer.put_record(record)
    added = writer.add_image(
        record.id,
        np.array(codes, dtype=np.uint8).reshape(-1, HASH_BYTES),
        sha256=examined.sha256,
        width=first.width,
        height=first.height,
        source=examined.path or "",
        local=local,
    )
    if examined.unscreened:
        return said(outcome=Outcome.PARTLY, reason=examined.unscreened)
    if not codes and not local:
        return said(outcome=Outcome.TOO_PLAIN)
    lacking = HASH_CHANNEL if not codes else LOCAL_CHANNEL if not local else None
    return said(
        outcome=Outcome.ENROLLED if added else Outcome.ALREADY,
        reason=f"too plain for the {lacking} channel" if lacking else None,
    )
