"""A vector channel searched by record: which records each vector of a picture is alike.

A record is compared by its nearest row. Scores of pictures are cosines less what both sides have in
common with references at large, see vector_levels; scores of words are cosines less what the
picture is alike to words that name nothing.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from reference_index.candidates import VectorCandidate
from reference_index.fingerprint import CONCEPT_PREFIX
from reference_index.vector_files import is_vector_channel
from reference_index.vector_levels import CohortLevels, QueryLevels, cohort_rows
from reference_index.vector_source import VectorSource
from reference_index.vectors import (
    CosineBlock,
    CosineFactory,
    CosineNeighbours,
    Ids,
    Vectors,
    are_unit,
)
from reference_index.vectors.faiss_cosine import nearest_rows
from reference_index.vectors.faiss_flat import FlatScan, Nearest
from reference_index.vectors.faiss_flat import Near as NearRows
from reference_index.vectors.faiss_lists import CosineLists

FETCH_BEYOND_K = 8
RECORDS_BEYOND_K = 16
ALL_RANKED = 1 << 14
"""Rows up to which nothing is left out: among more, the k best records by score are taken from
those RECORDS_BEYOND_K more that come nearest by cosine, since a level can lift any of millions."""
LEVELS_AT_ONCE = 1 << 10
ENGINE_ERROR = 1e-5  # more than the cosines of an engine without lists are off

Strangers = tuple[float, float]
"""What unrelated pictures have in common: the typical level, and the cosine that counts as most."""

Names = Callable[[Sequence[int]], Mapping[int, str]]
"""From numbers of records to their ids."""

Floats = npt.NDArray[np.float64]

Cosines = tuple[Vectors, Ids]
"""Cosines, falling, and the rows that have them."""


class Common(Protocol):
    """What is taken off the cosines of one vector that is searched by."""

    @property
    def least(self) -> float:
        """The least that is taken off for any record."""
        ...

    def of(self, near: "Near") -> Floats:
        """Return what is taken off for each of these records: float64 (n,)."""
        ...


class Near(NamedTuple):
    """Records near to a vector, each by its nearest row.

    records: int64 (n,), their numbers; rows: int64 (n,), of all segments; vectors: float32 (n, d),
    those in these rows; cosines: float64 (n,).
    """

    records: Ids
    rows: Ids
    vectors: Vectors
    cosines: Floats

    def take(self, which: Ids) -> "Near":
        """Return some of them."""
        return Near(self.records[which], self.rows[which], self.vectors[which], self.cosines[which])


class VectorChannel:
    """The rows of a vector channel of an index, at least one of them live.

    sources: those of the segments that have rows. dead: ids, ascending. engine: None for the lists
    of the segments that have them and a flat scan of the others; else what searches the raw vectors
    of all of them.
    """

    def __init__(
        self,
        channel: str,
        sources: Sequence[VectorSource],
        dead: Ids,
        engine: CosineFactory | None,
    ) -> None:
        self._channel, self._sources = channel, tuple(sources)
        self._bases = np.cumsum([0, *(source.entry.rows for source in self._sources)])
        self._owners = _joined([source.owners for source in self._sources])
        self._alive = ~_joined([np.isin(source.ids, dead) for source in self._sources])
        self._live = int(self._alive.sum())
        self._error = ENGINE_ERROR
        self._lists: dict[VectorSource, CosineLists] = {}
        self._nearest = self._searched_by(engine)
        self._levels: dict[Strangers, _KnownLevels] = {}

    def search(
        self,
        vectors: Vectors,
        *,
        k: int,
        min_score: float | None,
        strangers: Strangers | None,
        neutral: Vectors | None,
        names: Names,
    ) -> list[tuple[VectorCandidate, ...]]:
        """Return the records that come closest; see ReferenceIndex.search_vectors."""
        size = self._sources[0].size
        if vectors.shape[1] != size:
            raise ValueError(
                f"vectors of {self._channel} have {vectors.shape[1]} numbers each, those of the "
                f"index {size}: search with the model it was built with"
            )
        lowest = math.inf if min_score is None else min_score
        levels = self._levels_for(strangers) if strangers else None
        found = []
        for place, query in enumerate(np.ascontiguousarray(vectors)):
            common: Common = _Constant(0.0 if neutral is None else float(neutral[place]))
            if levels:
                common = levels.beside(query)
            near, scores = self._near(query, k, lowest, common)
            found.append(self._candidates(near, scores, k, lowest, names))
        return found

    def _searched_by(self, engine: CosineFactory | None) -> Callable[[Vectors, int], Cosines]:
        """Return what finds rows near to a query, float32 (1, d), with their cosines, falling."""
        places = [np.arange(*bounds) for bounds in pairwise(self._bases.tolist())]
        dead = np.flatnonzero(~self._alive)
        if engine is not None:
            blocks = [
                CosineBlock(vectors=source.all().vectors, ids=rows)
                for source, rows in zip(self._sources, places, strict=True)
            ]
            given = engine(blocks, dead)
            return lambda query, k: _first(given.search(query, k=k))
        scan = FlatScan(zip(map(self._part, self._sources), places, strict=True), dead)
        return lambda query, k: _first_of_scan(scan.search(query, k=k))

    def _part(self, source: VectorSource) -> Nearest:
        if source.entry.lists is None:
            return partial(nearest_rows, source.all().vectors)
        self._error = max(self._error, source.entry.lists.error)
        self._lists[source] = source.lists()
        return self._lists[source].nearest

    def _levels_for(self, strangers: Strangers) -> "_KnownLevels":
        if strangers not in self._levels:
            typical, cap = strangers
            live = np.flatnonzero(self._alive)
            rows = live[cohort_rows(self._owners[live])]
            cohort = self._vectors(rows, exact=False)
            levels = CohortLevels(cohort, self._owners[rows], typical=typical, cap=cap)
            known = _KnownLevels(levels, len(self._owners))
            if self._live <= ALL_RANKED:
                for start in range(0, len(live), LEVELS_AT_ONCE):
                    part = live[start : start + LEVELS_AT_ONCE]
                    known.work_out(part, self._vectors(part), self._owners[part])
            self._levels[strangers] = known
        return self._levels[strangers]

    def _near(self, query: Vectors, k: int, lowest: float, common: Common) -> tuple[Near, Floats]:
        """Return records among which are all that are to be found, and their scores."""
        fetch = k + FETCH_BEYOND_K
        while True:
            cosines, rows = self._nearest(query[None], min(fetch, self._live))
            near = self._by_record(query, rows, cosines)
            scores = _scores(near, k, lowest, common)
            count = len(scores)
            # No record that was not found scores more.
            ceiling = float(cosines[-1]) + self._error - common.least
            kth = math.inf if not k else -math.inf if count < k else np.sort(scores)[-k]
            many = self._live > ALL_RANKED and count >= k + RECORDS_BEYOND_K
            if len(rows) == self._live or (ceiling < lowest and (many or ceiling < kth)):
                return near, scores
            fetch *= 2

    def _by_record(self, query: Vectors, rows: Ids, cosines: Vectors) -> Near:
        """Return the records of rows, each with its row that comes nearest, the first of equals.

        An engine's cosines only say which rows may be nearest; theirs are worked out one by one,
        so that neither engine nor batch changes a digit.
        """
        _, record = np.unique(self._owners[rows], return_inverse=True)
        best = np.full(record.max() + 1, -np.inf)
        np.maximum.at(best, record, cosines)
        may_be = cosines >= best[record] - 2 * self._error
        rows, record = rows[may_be], record[may_be]
        vectors = self._vectors(rows)
        exact = np.einsum("ij,j->i", vectors, query).clip(-1, 1).astype(np.float64)
        order = np.lexsort((rows, -exact, record))
        first = order[np.searchsorted(record[order], np.arange(len(best)))]
        return Near(self._owners[rows[first]], rows[first], vectors[first], exact[first])

    def _candidates(
        self, near: Near, scores: Floats, k: int, lowest: float, names: Names
    ) -> tuple[VectorCandidate, ...]:
        """Return the k best of these records and all that score at least lowest."""
        kth = np.sort(scores)[-min(k, len(scores))] if k else math.inf
        # Equals of the last may be more than k; which of them stay goes by their ids.
        wanted = np.flatnonzero(scores >= min(kth, lowest))
        records = near.records[wanted].tolist()
        known = names(records)
        ranked = sorted(
            (-score, known[record], image)
            for score, record, image in zip(
                scores[wanted].tolist(), records, self._images(near.rows[wanted]), strict=True
            )
        )
        words = self._channel.startswith(CONCEPT_PREFIX)
        return tuple(
            VectorCandidate(
                record_id=name,
                image_id=None if words else image,
                channel=self._channel,
                score=-negated,
            )
            for rank, (negated, name, image) in enumerate(ranked)
            if rank < k or -negated >= lowest
        )

    def _images(self, rows: Ids) -> list[int]:
        """Return the ids of rows."""
        images = np.empty(len(rows), np.int64)
        for here, source, own in self._by_source(rows):
            images[here] = source.ids[own]
        return images.tolist()

    def _vectors(self, rows: Ids, *, exact: bool = True) -> Vectors:
        """Return the vectors in rows; those of lists as these keep them unless they are exact."""
        found = np.empty((len(rows), self._sources[0].size), np.float32)
        for here, source, own in self._by_source(rows):
            kept = None if exact else self._lists.get(source)
            found[here] = source.take(own) if kept is None else kept.decode(own)
        return found

    def _by_source(self, rows: Ids) -> Iterator[tuple[Ids, VectorSource, Ids]]:
        """Yield each source with the positions of its rows among these, and its own rows."""
        number_of = np.searchsorted(self._bases, rows, side="right") - 1
        for number, source in enumerate(self._sources):
            here = np.flatnonzero(number_of == number)
            if len(here):
                yield here, source, rows[here] - self._bases[number]


class _Constant:
    """The same taken off for every record."""

    def __init__(self, amount: float) -> None:
        self.least = amount

    def of(self, near: Near) -> Floats:
        return np.full(len(near.rows), self.least)


class _KnownLevels:
    """The levels of the rows of a channel, each worked out once.

    least: what a level is at least: of all rows once each is known, else as the cohort has it.
    """

    def __init__(self, levels: CohortLevels, rows: int) -> None:
        self._levels = levels
        self._known = np.full(rows, np.nan)
        self.least = levels.least

    def work_out(self, rows: Ids, vectors: Vectors, records: Ids) -> None:
        """Let the levels of rows be known: their vectors, and whose they are."""
        self._known[rows] = found = self._levels.of_rows(vectors, records)
        self.least = min(self.least, float(found.min()))

    def beside(self, query: Vectors) -> "_Levels":
        """Return what is taken off the cosines of a query."""
        return _Levels(self, self._levels.of_query(query), self._levels)

    def of(self, near: Near) -> Floats:
        """Return the levels of the rows of records: float64 (n,)."""
        new = np.flatnonzero(np.isnan(self._known[near.rows]))
        if len(new):
            self.work_out(near.rows[new], near.vectors[new], near.records[new])
        return self._known[near.rows]


class _Levels:
    """Half of both levels, less what they usually are."""

    def __init__(self, rows: _KnownLevels, query: QueryLevels, levels: CohortLevels) -> None:
        self._rows, self._query, self._typical = rows, query, levels.typical
        self.least = (query.least + rows.least) / 2 - levels.typical

    def of(self, near: Near) -> Floats:
        levels = (self._query.beside(near.records) + self._rows.of(near)) / 2
        return np.asarray(levels - self._typical)


def _scores(near: Near, k: int, lowest: float, common: Common) -> Floats:
    """Return the scores of records; -inf where it is neither among the k best nor at least lowest.

    What is taken off is worked out for no more records than that needs.
    """
    scores = np.full(len(near.records), -np.inf)
    most = near.cosines - common.least
    first = np.argsort(-most, kind="stable")[:k]
    scores[first] = near.cosines[first] - common.of(near.take(first))
    limit = min(scores[first].min() if k else math.inf, lowest)
    others = np.flatnonzero((most >= limit - ENGINE_ERROR) & (scores == -np.inf))
    scores[others] = near.cosines[others] - common.of(near.take(others))
    return scores


def _joined(arrays: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return arrays as one, without a copy where there is but one."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _first(near: CosineNeighbours) -> Cosines:
    return near.scores[0], near.ids[0]


def _first_of_scan(near: NearRows) -> Cosines:
    return -near.distances[0], near.ids[0]


def check_search(
    channel: str,
    vectors: Vectors,
    *,
    k: int,
    min_score: float | None,
    strangers: Strangers | None,
    neutral: Vectors | None,
) -> None:
    """Raise ValueError for what cannot be searched by; see ReferenceIndex.search_vectors."""
    if not is_vector_channel(channel):
        raise ValueError(f"{channel!r} is no channel of vectors, as embedding:MODEL is")
    if vectors.dtype != np.float32 or vectors.ndim != 2 or not are_unit(vectors):
        raise ValueError(
            f"vectors are {vectors.dtype} {vectors.shape}, expected float32 (n, d) of unit length"
        )
    if k < 0:
        raise ValueError(f"k is {k}, expected at least 0")
    if min_score is not None and math.isnan(min_score):
        raise ValueError("min_score is nan, expected a score, about a cosine from -1 to 1")
    words = channel.startswith(CONCEPT_PREFIX)
    if words and strangers is not None:
        raise ValueError(f"strangers came for {channel}: scores of words go by neutral alone")
    if not words and neutral is not None:
        raise ValueError(f"neutral came for {channel}: scores of pictures go by strangers alone")
    if neutral is not None and (
        neutral.dtype != np.float32
        or neutral.shape != vectors.shape[:1]
        or not np.isfinite(neutral).all()
    ):
        raise ValueError(
            f"neutral is {neutral.dtype} {neutral.shape}, expected finite float32 "
            f"({len(vectors)},), one for each vector"
        )
