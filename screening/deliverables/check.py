"""Temporary material looked for in what is delivered: pictures and films, in path order."""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from itertools import chain, groupby

from reference_index import Kind
from screening.batch import examine_files
from screening.decision import Coverage, decide
from screening.deliverables.film import FILM_LIMITS, Position, Stopwatch, messages
from screening.deliverables.reader import Ended, Looked, Message, Opened
from screening.deliverables.sightings import Delivered, Tally
from screening.errors import InputInvalidError, UnreadError
from screening.examine import Examined, completed
from screening.images import Limits, Seen, walk
from screening.images.files import plays_video, type_of
from screening.matching import Finding, Matches, match
from screening.screener import Screener, distinct_roots

_BATCH = 16


def deliverables(
    screener: Screener,
    *roots: str | os.PathLike[str],
    workers: int | None = None,
    limits: Limits = FILM_LIMITS,
    progress: Callable[[Position], object] = lambda _: None,
) -> Generator[Delivered]:
    """Look for the temporary records of a screener's indexes in files and folders.

    Every file seen has one result, in path order. What counts as found is what the policy's
    ``flag_at`` allows over all frames of a file. limits: of a film; pictures have the screener's.
    workers: processes that decode pictures, threads that decode a film, one for each processor by
    default; 0 stays in this process. progress: told of each sample of a film.
    Raises InputInvalidError where no index holds a temporary record, TypeError without roots, and
    PathMissingError where there is nothing at one.
    """
    if not roots:
        raise TypeError("nothing to look at: give the path of at least one file or folder")
    if not any(one.kind is Kind.TEMPORARY for index in screener.indexes for one in index.records()):
        names = ", ".join(str(index.path) for index in screener.indexes)
        raise InputInvalidError(
            f"no temporary records in {names}, nothing could be found: first "
            "screening remember BOARD --index INDEX"
        )
    files = chain.from_iterable(map(walk, distinct_roots(roots)))
    return _checked(screener, files, workers, limits, progress)


def _checked(
    screener: Screener,
    files: Iterable[Seen],
    workers: int | None,
    limits: Limits,
    progress: Callable[[Position], object],
) -> Generator[Delivered]:
    """Yield a result for each file; pictures that follow one another are decoded together."""
    for is_film, group in groupby(files, key=_is_film):
        if is_film:
            for seen in group:
                with closing(
                    messages(seen.path, limits, screener.weights.models, workers=workers)
                ) as told:
                    yield _film(screener, seen.path, told, progress)
            continue
        for examined in examine_files(
            group,
            limits=screener.limits,
            workers=workers,
            models=screener.weights.models,
            said=False,
        ):
            yield from (_picture(screener, one) for one in examined)


def _is_film(seen: Seen) -> bool:
    """Tell whether a file is to be read as a film; what cannot be is for ``examine`` to name."""
    if seen.skip is not None or not plays_video():
        return False
    try:
        return type_of(seen.path).clip is not None
    except UnreadError:
        return False


def _film(
    screener: Screener,
    path: str,
    told: Iterable[Message],
    progress: Callable[[Position], object],
) -> Delivered:
    """Return what a film shows of temporary records."""
    tally, opened, ended = Tally(), Opened(sha256="", seconds=None, rate=None), Ended()
    watch, waiting = Stopwatch(path), list[Looked]()
    for message in told:
        if position := watch.at(message):
            progress(position)
        if isinstance(message, Looked):
            waiting.append(message)
            if len(waiting) >= _BATCH:
                _look(screener, waiting, tally)
                waiting.clear()
        elif isinstance(message, Opened):
            opened = message
        else:
            ended = message
    _look(screener, waiting, tally)
    coverage, reason = _coverage(screener, tally, ended.unscreened)
    return Delivered(
        path=path,
        sha256=opened.sha256 or None,
        kind="film",
        seconds=opened.seconds,
        rate=opened.rate,
        looked_at=tally.looked_at,
        sightings=tally.sightings(flag_at=screener.policy.flag_at),
        coverage=coverage,
        reason=reason,
        notes=ended.notes,
    )


def _look(screener: Screener, samples: Sequence[Looked], tally: Tally) -> None:
    """Match some samples of a film, each as a picture of its own."""
    fresh = [one.examined for one in samples if one.examined]
    matched = iter(_matches(screener, completed(fresh, screener.weights.models)))
    for one in samples:
        if one.examined is None:
            tally.repeat(one.number, one.seconds)
        else:
            matches = next(matched)
            tally.add(one.number, one.seconds, _temporary(matches), matches.channels)


def _picture(screener: Screener, examined: Examined) -> Delivered:
    """Return what a picture shows of temporary records, or why it could not be looked at."""
    path = examined.path or ""
    if examined.passed_over:
        return Delivered(path=path, reason=examined.passed_over)
    tally = Tally()
    for frame, matches in zip(
        examined.fingerprints, _matches(screener, _frames(examined)), strict=True
    ):
        tally.add(frame.frame, None, _temporary(matches), matches.channels)
    coverage, reason = _coverage(screener, tally, examined.unread or examined.unscreened)
    return Delivered(
        path=path,
        sha256=examined.sha256,
        kind="picture",
        looked_at=tally.looked_at,
        sightings=tally.sightings(flag_at=screener.policy.flag_at),
        coverage=coverage,
        reason=reason,
        notes=examined.notes,
    )


def _frames(examined: Examined) -> list[Examined]:
    """Return the frames of a picture as pictures of their own."""
    return [
        Examined(path=examined.path, sha256=examined.sha256, fingerprints=(frame,))
        for frame in examined.fingerprints
    ]


def _matches(screener: Screener, pictures: Sequence[Examined]) -> list[Matches]:
    return match(
        [one.fingerprints for one in pictures],
        screener.indexes,
        note_at=screener.policy.flag_at,
        known=screener.weights.reports,
    )


def _temporary(matches: Matches) -> list[Finding]:
    return [one for one in matches.findings if one.record.kind is Kind.TEMPORARY]


def _coverage(
    screener: Screener, tally: Tally, unscreened: str | None
) -> tuple[Coverage, str | None]:
    """Return how far a file could be looked at, as for a scan."""
    if not tally.looked_at:
        return Coverage.UNREAD, unscreened or "not one frame could be looked at"
    decision = decide((), tally.channels, unscreened=unscreened, policy=screener.policy)
    return decision.coverage, decision.reason
