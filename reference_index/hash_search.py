"""The hash channel searched by record: which records come closest to each picture, and how."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from reference_index.candidates import Candidate
from reference_index.fingerprint import (
    HASH_BITS,
    HASH_BYTES,
    HASH_CHANNEL,
    ISOMETRIES,
    HashCodes,
)
from reference_index.vector_rows import VectorRows
from reference_index.vectors import Block, EngineFactory, Ids

FETCH_BEYOND_K = 8
HITS_AT_ONCE = 1 << 21  # about 200 MB while they are being sorted
ALL_DISTANCES = HASH_BITS + 1


class RecordHits(NamedTuple):
    """Records near to queries, by query, then distance, isometry and image id.

    Arrays of one length. query: index of the picture; distance: differing bits; isometry: row of
    ISOMETRIES; image: id of the record's best image; owner: number of the record.
    """

    query: Ids
    distance: Ids
    isometry: Ids
    image: Ids
    owner: Ids


class HashChannel:
    """All hashes of an index in one engine; a few bytes per reference beyond the files.

    dead: ids, ascending. Segments in which most are dead are copied without them.
    """

    def __init__(self, segments: Sequence[VectorRows], dead: Ids, engine: EngineFactory) -> None:
        spared = (rows.spared(dead) for rows in segments)
        self._segments = tuple(rows for rows in spared if len(rows.ids))
        self._first_ids = np.array([rows.ids[0] for rows in self._segments], np.int64)
        self._engine = engine([Block(codes=s.vectors, ids=s.ids) for s in self._segments], dead)

    def nearest_records(
        self, codes: HashCodes, *, k: int, max_distance: int
    ) -> Iterator[RecordHits]:
        """Yield, in batches, the hits of every query; each query stands in one batch.

        codes: uint8 (n, 8, 32). The hits of a query are the k nearest records, all others as near
        as the last of these, and all within max_distance bits (inclusive; negative for none).
        """
        open_queries = np.arange(len(codes))
        fetch = k + FETCH_BEYOND_K
        while len(open_queries):
            still_open = []
            step = max(1, HITS_AT_ONCE // (len(ISOMETRIES) * min(fetch, self._engine.size + 1)))
            for start in range(0, len(open_queries), step):
                part = open_queries[start : start + step]
                hits, done = self._fetch(codes[part], fetch, k=k, max_distance=max_distance)
                yield hits._replace(query=part[hits.query])
                still_open.append(part[~done])
            open_queries = np.concatenate(still_open)
            fetch *= 2

    def _fetch(
        self, codes: HashCodes, fetch: int, *, k: int, max_distance: int
    ) -> tuple[RecordHits, npt.NDArray[np.bool_]]:
        """Return the hits of those queries for which so many neighbors suffice, and which."""
        queries, rows = len(codes), len(ISOMETRIES)
        near = self._engine.search(codes.reshape(queries * rows, HASH_BYTES), k=fetch)
        width = near.ids.shape[1]
        # Below its frontier a query has seen everything; at it, ties may be missing.
        frontier = np.full(queries, ALL_DISTANCES)
        if width < self._engine.size:
            frontier = near.distances[:, -1].reshape(queries, rows).min(axis=1).astype(np.int64)
        distance = near.distances.reshape(queries, rows * width)
        query, place = np.nonzero(distance < frontier[:, np.newaxis])
        hits = RecordHits(
            query=query,
            distance=distance[query, place].astype(np.int64),
            isometry=place // width,
            image=near.ids.reshape(queries, rows * width)[query, place],
            owner=query,
        )
        best = self._best_of_each_record(hits)
        bounds = np.searchsorted(best.query, np.arange(queries + 1))
        limit = np.full(queries, max_distance)
        if k:
            kth = np.full(queries, HASH_BITS)
            enough = np.diff(bounds) >= k
            kth[enough] = best.distance[bounds[:-1][enough] + k - 1]
            limit = np.maximum(limit, kth)
        done = limit < frontier
        wanted = (best.distance <= limit[best.query]) & done[best.query]
        return RecordHits(*(array[wanted] for array in best)), done

    def _best_of_each_record(self, hits: RecordHits) -> RecordHits:
        """Return the first hit of each query and record, in the order of RecordHits."""
        rank = (hits.query * ALL_DISTANCES + hits.distance) * len(ISOMETRIES) + hits.isometry
        order = np.lexsort((hits.image, rank))
        hits = RecordHits(*(array[order] for array in hits))
        hits = hits._replace(owner=self._owners(hits.image))
        groups = np.lexsort((hits.owner, hits.query))
        query, owner = hits.query[groups], hits.owner[groups]
        new = np.ones(len(groups), bool)
        new[1:] = (query[1:] != query[:-1]) | (owner[1:] != owner[:-1])
        first = np.sort(groups[new])
        return RecordHits(*(array[first] for array in hits))

    def _owners(self, images: Ids) -> Ids:
        """Return the record number of each image."""
        owners = np.empty(len(images), np.int64)
        segment_of = np.searchsorted(self._first_ids, images, side="right") - 1
        for number, segment in enumerate(self._segments):
            here = segment_of == number
            owners[here] = segment.owners[np.searchsorted(segment.ids, images[here])]
        return owners


def candidates(
    hits: RecordHits, names: Mapping[int, str], *, k: int, max_distance: int
) -> Iterator[tuple[int, tuple[Candidate, ...]]]:
    """Yield each query that hits are of, with its k best and all within max_distance bits.

    names: record ids by number.
    """
    by_query: dict[int, list[tuple[int, str, int, int]]] = {}
    columns = (column.tolist() for column in hits)
    for query, distance, isometry, image, owner in zip(*columns, strict=True):
        by_query.setdefault(query, []).append((distance, names[owner], image, isometry))
    for query, near in by_query.items():
        near.sort()
        yield (
            query,
            tuple(
                Candidate(
                    record_id=name,
                    image_id=image,
                    channel=HASH_CHANNEL,
                    score=float(HASH_BITS - distance),
                    isometry=isometry,
                )
                for rank, (distance, name, image, isometry) in enumerate(near)
                if rank < k or distance <= max_distance
            ),
        )


def check_query(codes: HashCodes, k: int, min_score: float | None) -> None:
    """Raise ValueError for what cannot be searched by; see ReferenceIndex.search_hashes."""
    shape = (len(ISOMETRIES), HASH_BYTES)
    if codes.dtype != "uint8" or codes.ndim != 3 or codes.shape[1:] != shape:
        raise ValueError(
            f"codes are {codes.dtype} {codes.shape}, expected uint8 (n, {shape[0]}, {shape[1]})"
        )
    if k < 0:
        raise ValueError(f"k is {k}, expected at least 0")
    if min_score is not None and math.isnan(min_score):
        raise ValueError("min_score is nan, expected a number of bits from 0 to 256")
