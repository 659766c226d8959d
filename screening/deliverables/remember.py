"""Generated material into an index of temporary records, so that deliverables can be searched.

Each file is a record of its own, known by its bytes: the same picture anywhere is the same record,
and remembered again it is left as it is. Only fingerprints are kept.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference_index import Kind, Record, ReferenceIndex
from reference_index.errors import IndexMissingError
from screening.enrollment import Enrolled, Outcome, Source, enroll
from screening.errors import UnreadError
from screening.images import Limits, Seen, walk
from screening.images.files import sha256_of, type_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a board added to an index of temporary records.

    enrolled: the sha256 of each file that is new. already: how many were remembered before.
    problems: files that could not be, wholly. index, uuid, updated: which index, and as of when.
    """

    enrolled: tuple[str, ...] = ()
    already: int = 0
    problems: tuple[Enrolled, ...] = ()
    index: Path
    uuid: str
    updated: str


def remember(
    index: Path,
    *boards: str | os.PathLike[str],
    limits: Limits | None = None,
    workers: int | None = None,
    timeout: float = 10.0,
    models: Path | None = None,
    embeddings: Sequence[str] | None = None,
    report: Callable[[Enrolled], None] = lambda _: None,
    remark: Callable[[str], object] = lambda _: None,
) -> Remembered:
    """Enroll every picture and clip of some boards as temporary; the index is made if need be.

    Options are those of ``enroll``. Raises what that raises, PathMissingError where there is no
    such board, and TypeError where none is given.
    """
    if not boards:
        raise TypeError("nothing to remember: give the path of at least one board")
    known = _known(index)
    held = set(known or ())
    sources: list[Source] = []
    digests: dict[str, str] = {}
    already = 0
    for seen in (one for board in boards for one in walk(board)):
        sha256 = _sha256(seen)
        record = _record(seen.path, sha256)
        if sha256 in held:
            already += 1
            report(Enrolled(path=seen.path, record_id=record.id, outcome=Outcome.ALREADY))
            continue
        if sha256:
            held.add(sha256)
        digests[seen.path] = sha256
        sources.append(Source(record=record, files=(seen,)))
    enrolled: list[str] = []

    def reported(one: Enrolled) -> None:
        if one.outcome in {Outcome.ENROLLED, Outcome.PARTLY, Outcome.TOO_PLAIN}:
            enrolled.append(digests[one.path])
        report(one)

    problems: list[Enrolled] = []
    if sources or known is None:
        problems = enroll(
            index,
            sources,
            limits=limits,
            workers=workers,
            timeout=timeout,
            models=models,
            embeddings=embeddings,
            report=reported,
            remark=remark,
        )
    with ReferenceIndex.open(index) as opened:
        return Remembered(
            enrolled=tuple(enrolled),
            already=already,
            problems=tuple(problems),
            index=index,
            uuid=opened.uuid,
            updated=opened.updated,
        )


def _known(index: Path) -> set[str] | None:
    """Return the digests of what an index remembers; None where there is no index."""
    try:
        with ReferenceIndex.open(index) as opened:
            return {
                image.sha256
                for record in opened.records()
                if record.kind is Kind.TEMPORARY
                for image in opened.images(record.id)
            }
    except IndexMissingError:
        return None


def _sha256(seen: Seen) -> str:
    """Return the digest of a file that may show something, empty for any other."""
    if seen.skip is not None:
        return ""
    try:
        kind = type_of(seen.path)
        return sha256_of(seen.path) if kind.format or kind.clip else ""
    except UnreadError:
        return ""


def _record(path: str, sha256: str) -> Record:
    place = os.fsencode(os.path.abspath(path)).decode("utf-8", "replace")  # noqa: PTH100
    title = os.fsencode(Path(path).stem).decode("utf-8", "replace").strip()
    return Record(
        id=f"{Kind.TEMPORARY}-{sha256[:16] or 'unread'}",
        kind=Kind.TEMPORARY,
        title=title or "untitled",
        locator=place,
    )
