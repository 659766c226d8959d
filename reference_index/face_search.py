"""The face channel searched by record: which persons each face is alike.

A record is compared by its template, which ``templates`` makes of the vectors of all its faces.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from reference_index.candidates import FaceCandidate
from reference_index.face_levels import Levels
from reference_index.fingerprint import FACE_CHANNEL, FaceVectors
from reference_index.vector_rows import VectorRows
from reference_index.vectors import CosineBlock, CosineFactory, Ids, Vectors, are_unit

FETCH_BEYOND_K = 8
QUERIES_AT_ONCE = 64
RECORDS_AT_ONCE = 1 << 14
ENGINE_ERROR = 1e-5  # more than an engine's cosines are off

Strangers = tuple[float, float]
"""What strangers have in common: the typical level, and the cosine that counts as most."""

Names = Callable[[Sequence[int]], Mapping[int, str]]
"""From numbers of records to their ids."""


def templates(vectors: Vectors, begins: Ids) -> Vectors:
    """Return the template of each record: the mean of its unit vectors, of unit length again.

    With it 1.7 % of people were missed at one stranger in 100, with the nearest of two photographs
    2.4 %, with the mean of both cosines 2.8 % (benchmarks/faces.py).

    vectors: float32 (n, d), record by record; begins: int64 (r,), the first row of each record.
    float32 (r, d); zeros, alike to nothing, where the vectors of a record cancel each other out.
    """
    sums = np.add.reduceat(vectors, begins)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(lengths > ENGINE_ERROR, sums / np.maximum(lengths, ENGINE_ERROR), 0)


class FaceChannel:
    """The faces of an index, at least one of them live, and a template for each record in memory.

    Besides the templates it takes 8 bytes a face and 16 bytes a record.
    """

    def __init__(self, segments: Sequence[VectorRows], dead: Ids, engine: CosineFactory) -> None:
        self._segments = tuple(rows for rows in segments if len(rows.ids))
        self._bases = np.cumsum([0, *(len(rows.ids) for rows in self._segments)])
        owners = np.concatenate([rows.owners for rows in self._segments])
        alive = np.concatenate([~np.isin(rows.ids, dead) for rows in self._segments])
        live = np.flatnonzero(alive)
        self._rows = live[np.argsort(owners[live], kind="stable")]  # of all segments, by record
        self._records, begins = np.unique(owners[self._rows], return_index=True)
        self._bounds = np.append(begins, len(self._rows))
        self._templates = np.concatenate([*self._made_templates()])
        places = np.arange(len(self._records))
        block = CosineBlock(vectors=self._templates, ids=places)
        self._engine = engine([block], np.empty(0, np.int64))
        self._levels: dict[Strangers, Levels] = {}

    @property
    def person_count(self) -> int:
        """The number of records that have a live face."""
        return len(self._records)

    @property
    def records(self) -> Ids:
        """The numbers of these records: int64, ascending."""
        return self._records

    def search(
        self,
        vectors: FaceVectors,
        *,
        k: int,
        min_score: float | None,
        strangers: Strangers | None,
        names: Names,
    ) -> list[tuple[FaceCandidate, ...]]:
        """Return the records that come closest; see ReferenceIndex.search_faces."""
        if vectors.shape[1] != self._templates.shape[1]:
            raise ValueError(
                f"faces have {vectors.shape[1]} numbers each, those of the index "
                f"{self._templates.shape[1]}: search with the face model it was built with"
            )
        lowest = math.inf if min_score is None else min_score
        levels = self._levels_for(strangers) if strangers else None
        found: list[tuple[FaceCandidate, ...]] = []
        for start in range(0, len(vectors), QUERIES_AT_ONCE):
            queries = np.ascontiguousarray(vectors[start : start + QUERIES_AT_ONCE])
            near = self._near(queries, k, lowest, levels)
            found += [
                self._candidates(query, places, k, lowest, levels, names)
                for query, places in zip(queries, near, strict=True)
            ]
        return found

    def _levels_for(self, strangers: Strangers) -> Levels:
        if strangers not in self._levels:
            typical, cap = strangers
            self._levels[strangers] = Levels(self._templates, typical=typical, cap=cap)
        return self._levels[strangers]

    def _near(
        self, queries: Vectors, k: int, lowest: float, levels: Levels | None
    ) -> Iterator[Ids]:
        """Yield for each query the places of records among which are all that are to be found."""
        fetch = k + FETCH_BEYOND_K
        # The most by which a score exceeds its cosine: by so much the limits lie lower.
        most = np.array([levels.most(query) if levels else 0.0 for query in queries])
        while True:
            near = self._engine.search(queries, k=fetch)
            width = near.scores.shape[1]
            scores = near.scores.astype(np.float64)
            if levels:
                rows = zip(scores, queries, near.ids, strict=True)
                scores = np.array([levels.scores(*row) for row in rows])
            kth = np.sort(scores, axis=1)[:, -min(k, width)] if k else np.inf
            limits = np.minimum(kth, lowest) - most - ENGINE_ERROR
            if width == self._engine.size or (near.scores[:, -1] < limits).all():
                break
            fetch *= 2
        for scores, ids, limit in zip(near.scores, near.ids, limits, strict=True):
            yield ids[scores >= limit]

    def _candidates(
        self,
        query: Vectors,
        places: Ids,
        k: int,
        lowest: float,
        levels: Levels | None,
        names: Names,
    ) -> tuple[FaceCandidate, ...]:
        """Return the k best of the records at these places and all that score at least lowest."""
        records = self._records[places].tolist()
        # Computed one by one, so that neither engine nor batch changes a digit.
        scores = np.einsum("ij,j->i", self._templates[places], query).clip(-1, 1)
        if levels:
            scores = levels.scores(scores.astype(np.float64), query, places)
        known = names(records)
        ranked = sorted(
            (-score, known[record], image)
            for score, record, image in zip(
                scores.tolist(), records, self._nearest(query, places), strict=True
            )
        )
        return tuple(
            FaceCandidate(record_id=name, image_id=image, channel=FACE_CHANNEL, score=-negated)
            for rank, (negated, name, image) in enumerate(ranked)
            if rank < k or -negated >= lowest
        )

    def _nearest(self, query: Vectors, places: Ids) -> list[int]:
        """Return the image of the nearest face of each record."""
        rows, begins = self._faces_of(places)
        scores = np.einsum("ij,j->i", self._vectors(rows), query)
        record = np.repeat(np.arange(len(places)), np.diff(begins, append=len(rows)))
        best = rows[np.lexsort((rows, -scores, record))[begins]]
        images = np.empty(len(best), np.int64)
        for here, segment, own in self._by_segment(best):
            images[here] = segment.ids[own]
        return images.tolist()

    def _made_templates(self) -> Iterator[Vectors]:
        """Yield the templates of all records, so many at once."""
        for start in range(0, len(self._records), RECORDS_AT_ONCE):
            places = np.arange(start, min(start + RECORDS_AT_ONCE, len(self._records)))
            rows, begins = self._faces_of(places)
            yield templates(self._vectors(rows), begins)

    def _faces_of(self, places: Ids) -> tuple[Ids, Ids]:
        """Return the rows of the faces of records, one record after the other, and its first's."""
        counts = self._bounds[places + 1] - self._bounds[places]
        begins = np.cumsum(counts) - counts
        shifts = np.repeat(self._bounds[places] - begins, counts)
        return self._rows[np.arange(len(shifts)) + shifts], begins

    def _vectors(self, rows: Ids) -> Vectors:
        """Return the vectors in these rows of all segments."""
        found = np.empty((len(rows), self._segments[0].vectors.shape[1]), np.float32)
        for here, segment, own in self._by_segment(rows):
            found[here] = segment.vectors[own]
        return found

    def _by_segment(self, rows: Ids) -> Iterator[tuple[Ids, VectorRows, Ids]]:
        """Yield each segment with the positions of its rows among these, and its own rows."""
        segment_of = np.searchsorted(self._bases, rows, side="right") - 1
        for number, segment in enumerate(self._segments):
            here = np.flatnonzero(segment_of == number)
            yield here, segment, rows[here] - self._bases[number]


def check_faces(vectors: FaceVectors, k: int, min_score: float | None) -> None:
    """Raise ValueError for what cannot be searched by; see ReferenceIndex.search_faces."""
    if vectors.dtype != np.float32 or vectors.ndim != 2 or not are_unit(vectors):
        raise ValueError(
            f"vectors are {vectors.dtype} {vectors.shape}, expected float32 (n, d) of unit length: "
            f"pass those of usable faces alone"
        )
    if k < 0:
        raise ValueError(f"k is {k}, expected at least 0")
    if min_score is not None and math.isnan(min_score):
        raise ValueError("min_score is nan, expected a cosine from -1 to 1")
