"""Flat cosine search with FAISS on the raw arrays, memory maps included."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from reference_index.vectors import CosineBlock, CosineNeighbours, Ids, Vectors, check_vectors
from reference_index.vectors.faiss_flat import FlatScan
from reference_index.vectors.threads import calling_thread_only

PARALLEL_FROM = 1 << 29
"""Multiplications from which on several threads are used: about 70 ms of one core."""


class FaissCosine:
    """A CosineEngine that scans every block for every query.

    One query against 100,000 vectors of 256 numbers took 3.5 ms on one core.
    """

    def __init__(self, blocks: Sequence[CosineBlock], dead: Ids) -> None:
        parts = ((partial(nearest_rows, block.vectors), block.ids) for block in blocks)
        self._scan = FlatScan(parts, dead)

    @property
    def size(self) -> int:
        """The number of live vectors."""
        return self._scan.size

    def search(self, queries: Vectors, *, k: int) -> CosineNeighbours:
        """Return the min(k, size) nearest live vectors of each query."""
        check_vectors(queries, what="queries")
        near = self._scan.search(queries, k=k)
        return CosineNeighbours(scores=-near.distances.astype(np.float32, copy=False), ids=near.ids)


def nearest_rows(vectors: Vectors, queries: Vectors, k: int) -> tuple[Vectors, Ids]:
    """Return the negated cosines and the rows of the k nearest vectors."""
    import faiss

    if queries.size * len(vectors) >= PARALLEL_FROM:
        scores, rows = faiss.knn(queries, vectors, k, faiss.METRIC_INNER_PRODUCT)
    else:
        with calling_thread_only():
            scores, rows = faiss.knn(queries, vectors, k, faiss.METRIC_INNER_PRODUCT)
    return -scores, rows
