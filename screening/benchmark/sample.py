"""What is searched with: the background in its halves, and the positives of either kind."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from reference_index import ReferenceIndex
from screening.benchmark.errors import BenchmarkError
from screening.benchmark.queries import Query, Remark, distinct, read_pairs, records_by_digest
from screening.benchmark.splits import halves
from screening.calibration import MIN_IMAGES, ImageScores, background_of, score_files
from screening.errors import UnreadError
from screening.images import Limits, Seen, load, walk
from screening.signals import Models

Report = Callable[[ImageScores], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """The index to search, the seed of all chance, and what searching needs to know.

    models: what the index needs to look by.
    """

    index: ReferenceIndex
    models: Models
    seed: int
    limits: Limits
    workers: int | None
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Pictures that were searched with: the halves of the background, the positives, remarks."""

    calibrating: tuple[Query, ...]
    reporting: tuple[Query, ...]
    asked: tuple[Query, ...]
    remarks: tuple[Remark, ...]


def gather(
    how: How,
    background: Sequence[Path],
    *,
    positives: Path | None,
    attacks: Path | None,
    attacks_per_image: int,
) -> Sample:
    """Search with the background, then with the pairs of a file or edited copies.

    A picture that is both is a positive alone. Raises BenchmarkError and PathMissingError.
    """
    unrelated, remarks = _background(background, how)
    first, _ = halves((query.key for query in unrelated), seed=how.seed)
    if positives is not None:
        asked, more = _pairs(positives, how)
    else:
        assert attacks is not None
        around = [query.name for query in unrelated if query.key in first]
        asked, more = _edited(attacks, attacks_per_image, around, how)
    if not asked:
        raise BenchmarkError("no positive could be read: there is no recall to measure")
    both = {query.key for query in asked}
    shown = [Remark(kind="positive", name=query.name) for query in unrelated if query.key in both]
    alone = [query for query in unrelated if query.key not in both]
    calibrating = tuple(query for query in alone if query.key in first)
    reporting = tuple(query for query in alone if query.key not in first)
    if min(len(calibrating), len(reporting)) < MIN_IMAGES:
        raise BenchmarkError(
            f"without {len(shown)} that are positives too, the halves of the background have "
            f"{len(calibrating)} and {len(reporting)} images, expected at least {MIN_IMAGES}: name "
            "more folders of unrelated images"
        )
    return Sample(
        calibrating=calibrating,
        reporting=reporting,
        asked=tuple(asked),
        remarks=(*remarks, *more, *shown),
    )


def _background(roots: Sequence[Path], how: How) -> tuple[list[Query], list[Remark]]:
    """Search with the background, and return what of it can be measured with."""

    def scores() -> Iterator[ImageScores]:
        files = chain.from_iterable(map(walk, roots))
        for one in _scored(files, how):
            how.report(one)
            yield one

    found = background_of(scores(), how.index)
    remarks = [
        *(Remark(kind="unread", name=path, detail=why) for path, why in found.unread),
        *(Remark(kind="twice", name=path, detail=first) for path, first in found.duplicates),
        *(Remark(kind="enrolled", name=path) for path in found.enrolled),
        *(Remark(kind="plain", name=path) for path in found.plain),
    ]
    least = 2 * MIN_IMAGES
    if len(found.kept) < least:
        left_out = found.left_out_in_words
        raise BenchmarkError(
            f"the background has {len(found.kept)} images that can be measured with"
            f"{left_out and f' (others: {left_out})'}, expected at least {least}, half of them to "
            "calibrate: name more folders of unrelated images"
        )
    return [
        Query(name=one.path or "", key=one.sha256 or "", true=frozenset(), scores=one)
        for one in found.kept
    ], remarks


def _scored(files: Iterable[Seen], how: How) -> Iterator[ImageScores]:
    return score_files(files, how.index, limits=how.limits, workers=how.workers, models=how.models)


def _pairs(file: Path, how: How) -> tuple[list[Query], list[Remark]]:
    """Search with the queries of a file of pairs."""
    pairs = read_pairs(file, how.index)
    files = [Seen(path=str(path)) for path in pairs]
    asked = []
    by_path = {str(path): true for path, true in pairs.items()}
    for one in _scored(files, how):
        how.report(one)
        path = one.path or ""
        asked.append(Query(name=path, key=one.sha256 or path, true=by_path.pop(path), scores=one))
    queries, remarks = distinct(asked)
    remarks += [Remark(kind="unread", name=path, detail="not an image") for path in by_path]
    return queries, remarks


def _edited(
    folder: Path, each: int, around: Sequence[str], how: How
) -> tuple[list[Query], list[Remark]]:
    """Search with edited copies of the enrolled pictures of a folder."""
    from screening.benchmark.edits import edited_queries  # brings OpenCV

    records = records_by_digest(how.index)
    pictures: dict[str, str] = {}
    remarks = []
    for seen in walk(folder):
        try:
            sha256 = _digest(seen, how.limits)
        except UnreadError as error:
            remarks.append(Remark(kind="unread", name=seen.path, detail=error.reason))
            continue
        if sha256 in pictures:
            remarks.append(Remark(kind="twice", name=seen.path, detail=pictures[sha256]))
        elif sha256 is not None and sha256 in records:
            pictures[sha256] = seen.path
        elif sha256 is not None:
            remarks.append(Remark(kind="not enrolled", name=seen.path))
    if not pictures:
        raise BenchmarkError(
            f"{folder}: none of the pictures is enrolled in {how.index.path} (they are compared by "
            "sha256); name the folder that was enrolled"
        )
    edits = edited_queries(
        pictures,
        records,
        how.index,
        each=each,
        others=around,
        seed=how.seed,
        limits=how.limits,
        workers=how.workers,
        models=how.models,
    )
    asked = []
    for query in edits:
        how.report(query.scores)
        asked.append(query)
    queries, more = distinct(asked)
    return queries, remarks + more


def _digest(seen: Seen, limits: Limits) -> str | None:
    """Return the sha256 of an image, None of a file that is none. Raises UnreadError."""
    if seen.skip is None:
        return load(seen.path, limits=limits).sha256
    if seen.skip.unread:
        raise UnreadError(seen.skip.reason)
    return None
