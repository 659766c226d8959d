"""Enroll records and their images: idempotent, resumable, every file accounted for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain, groupby
from pathlib import Path

import numpy as np

from reference_index import IndexWriter, Kind, Record
from reference_index.errors import IndexStorageError, UnknownRecordError
from reference_index.fingerprint import HASH_BYTES, HASH_CHANNEL, LOCAL_CHANNEL
from screening.batch import examine_files
from screening.enrollment.gallery import Gallery, gallery
from screening.enrollment.outcomes import PROBLEMS, Enrolled, Outcome
from screening.enrollment.portraits import Portrait
from screening.enrollment.sources import Source
from screening.enrollment.vectors import Vectorizer, of_pictures, vectorizer
from screening.examine import Examined
from screening.images import Limits, Seen
from screening.people import checked
from screening.signals import MIN_FEATURES, MIN_STRUCTURE, SETTINGS, Models
from screening.signals.faces import FaceModel

COMMIT_EVERY = 2_000
"""Images between commits: what a killed enrollment has to do again at most."""


def enroll(
    index: Path,
    sources: Iterable[Source],
    *,
    limits: Limits | None = None,
    workers: int | None = None,
    timeout: float = 10.0,
    models: Path | None = None,
    face_model: str | None = None,
    embeddings: Sequence[str] | None = None,
    tiles: int | None = None,
    runtime: str = "onnx",
    keep_doubtful: bool = False,
    report: Callable[[Enrolled], None] = lambda _: None,
    remark: Callable[[str], object] = lambda _: None,
) -> list[Enrolled]:
    """Enroll records into the index at a path, made if it is not there.

    Done again it changes nothing; interrupted it keeps what was committed and goes on from there.
    Returns the files that could not be used, each also given to ``report`` as it happens with all
    the others. All sources are read before anything is written. timeout: seconds to wait for
    another writer.
    Of a person those photographs are enrolled that show one face, and one like that in the others;
    with keep_doubtful also those that seem to show someone else, and of several faces the largest.
    models: the folder of weights. face_model: the id of those to look for faces with in an index
    that has none yet, by default the best there are. embeddings: the ids of models to build a new
    index with, by default the best one there is. tiles: how closely those look at a picture, 0 at
    the whole only, 1 also along its longer side, 2 also at smaller squares; by default 1. An index
    keeps the models and tiles it was built with. runtime: what runs them, "onnx" or "torch". People
    who are to be held no longer, by the index or by their source, are removed. ``remark`` is given
    that, and what else there is to say of the whole.
    Raises ReferenceIndexError, RecordsFileError, InputInvalidError where the index was built
    otherwise than is asked for, ModelMissingError where there are people to enroll and nothing to
    look for faces with, or where what the index was built with is not here, and OtherWeightsError
    where others are.
    """
    given = [*sources]
    works = [source for source in given if not _is_person(source)]
    people = [source for source in given if _is_person(source) and not _is_late(source)]
    late = [source for source in given if _is_person(source) and _is_late(source)]
    problems: list[Enrolled] = []
    with ExitStack() as stack:
        known = stack.enter_context(gallery(index, models, face_model)) if people else None
        vectors = vectorizer(index, models, embeddings, tiles=tiles, runtime=runtime)
        settings = {**SETTINGS, **vectors.settings}
        writer = stack.enter_context(IndexWriter(index, settings=settings, timeout=timeout))
        if vectors.remark:
            remark(vectors.remark)
        if gone := writer.remove_expired() + sum(_is_removed(writer, source) for source in late):
            remark(f"{index}: people whose retention date has passed were removed: {gone}")
        for text in checked(known.model).remarks if known else ():
            remark(text)
        into = _Into(writer=writer, vectors=vectors)
        examined = partial(_examined, into, limits=limits or Limits(), workers=workers)
        outcomes = chain(
            (_add(into, source.record, one) for source, one in examined(works)),
            (_too_late(source, seen) for source in late for seen in source.files),
            _people(into, examined(people, faces=known.model), known, keep_doubtful)
            if known
            else (),
        )
        try:
            for count, outcome in enumerate(outcomes, 1):
                report(outcome)
                if outcome.outcome in PROBLEMS:
                    problems.append(outcome)
                if count % COMMIT_EVERY == 0:
                    writer.commit()
        except KeyboardInterrupt:
            with suppress(IndexStorageError):  # it came in the midst of writing
                writer.commit()
            raise
    return problems


@dataclass(frozen=True, slots=True, kw_only=True)
class _Into:
    """Where records and pictures go, with what models make of them."""

    writer: IndexWriter
    vectors: Vectorizer

    def put(self, record: Record) -> None:
        if not self.writer.holds(record):
            self.writer.put_record(record, self.vectors.of_words(record))


def _is_person(source: Source) -> bool:
    return source.record is not None and source.record.kind is Kind.PERSON


def _is_late(source: Source) -> bool:
    """Tell whether the person of a source is to be held no longer."""
    until = source.record.retain_until if source.record else None
    return until is not None and until < date.today()  # noqa: DTZ011


def _is_removed(writer: IndexWriter, late: Source) -> bool:
    """Remove the person of a source if they are still in the index, by whatever date."""
    assert late.record is not None
    try:
        writer.remove_record(late.record.id)
    except UnknownRecordError:
        return False
    return True


def _examined(
    into: _Into,
    sources: Sequence[Source],
    *,
    limits: Limits,
    workers: int | None,
    faces: FaceModel | None = None,
) -> Iterator[tuple[Source, Examined]]:
    """Yield every file examined, with its source; declared records are put in the index first."""
    owners: deque[Source] = deque()

    def files() -> Iterator[Seen]:
        for source in sources:
            if source.declared and source.record:
                into.put(source.record)
            for seen in source.files:
                owners.append(source)
                yield seen

    models = Models(faces=faces, embeddings=into.vectors.models)
    for answers in examine_files(
        files(), limits=limits, workers=workers, models=models, said=False
    ):
        for examined in answers:
            yield owners.popleft(), examined


def _people(
    into: _Into,
    examined: Iterable[tuple[Source, Examined]],
    known: Gallery,
    keep_doubtful: bool,
) -> Iterator[Enrolled]:
    """Add the photographs of each person, looked at together: they vouch for one another."""
    for _, group in groupby(examined, key=lambda pair: id(pair[0])):
        pairs = [*group]
        source, photographs = pairs[0][0], [one for _, one in pairs]
        assert source.record is not None
        portraits = known.portraits(
            source.record.id,
            photographs,
            source.boxes,
            has=partial(into.writer.has, source.record.id),
            keep_doubtful=keep_doubtful,
        )
        for one, shown in zip(photographs, portraits, strict=True):
            yield _add(into, source.record, one, person=shown, settings=known.model.settings)


def _too_late(source: Source, seen: Seen) -> Enrolled:
    assert source.record is not None
    reason = f"retain_until is {source.record.retain_until}"
    return Enrolled(
        path=seen.path, record_id=source.record.id, outcome=Outcome.EXPIRED, reason=reason
    )


def _add(
    into: _Into,
    record: Record | None,
    examined: Examined,
    *,
    person: Portrait | None = None,
    settings: str = "",
) -> Enrolled:
    """Add what one file gave to the index, and say what became of it.

    person: what there is of a person's face; settings: what that depends on.
    """
    said = partial(Enrolled, path=examined.path or "", record_id=record.id if record else None)
    if refused := _refused(record, examined, person, models=len(into.vectors.models)):
        return said(outcome=refused[0], reason=refused[1])
    assert record is not None
    assert examined.sha256 is not None
    first, frames = examined.fingerprints[0], examined.fingerprints
    codes = [f.hashes.codes[0] for f in frames if f.hashes.structure >= MIN_STRUCTURE]
    local = [(f.local, f.width / f.height) for f in frames if len(f.local) >= MIN_FEATURES]
    # what a photograph of a person looks like as a whole says nothing of who it is
    vectors = {} if record.kind is Kind.PERSON else of_pictures(frames)
    into.put(record)
    added = into.writer.add_image(
        record.id,
        np.array(codes, dtype=np.uint8).reshape(-1, HASH_BYTES),
        sha256=examined.sha256,
        width=first.width,
        height=first.height,
        source=examined.path or "",
        local=local,
        faces=person.vectors if person else None,
        face_settings=settings,
        vectors=vectors,
    )
    if examined.unscreened:
        return said(outcome=Outcome.PARTLY, reason=examined.unscreened)
    lacking = [name for name, had in ((HASH_CHANNEL, codes), (LOCAL_CHANNEL, local)) if not had]
    if len(lacking) == 2 and not person and not vectors:
        return said(outcome=Outcome.TOO_PLAIN)
    return said(
        outcome=Outcome.ENROLLED if added else Outcome.ALREADY,
        reason=f"too plain for the {' and the '.join(lacking)} channel" if lacking else None,
    )


def _refused(
    record: Record | None, examined: Examined, person: Portrait | None, *, models: int
) -> tuple[Outcome, str | None] | None:
    """Return why a file is not to be enrolled, None if it is.

    models: how many are to have looked at it. One that could not may the next time, and what is
    enrolled without it would never be looked at again.
    """
    if examined.passed_over:
        return Outcome.PASSED_OVER, examined.passed_over
    if examined.unread or examined.sha256 is None:
        return Outcome.UNREAD, examined.unread
    if record is None:
        return Outcome.NO_RECORD, None
    if any(len(frame.embeddings) < models for frame in examined.fingerprints):
        return Outcome.UNREAD, examined.unscreened
    if person and person.refused:
        return person.refused, person.reason or examined.unscreened
    return None
