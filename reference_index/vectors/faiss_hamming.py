"""Flat Hamming search with FAISS on the raw arrays, memory maps included."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from reference_index.vectors import Block, Codes, Distances, Ids, Neighbours, check_codes
from reference_index.vectors.faiss_flat import FlatScan
from reference_index.vectors.threads import calling_thread_only

PARALLEL_FROM = 1 << 26
"""Comparisons from which on several threads are used: about 70 ms of one core."""


class FaissHamming:
    """A HammingEngine that scans every block for every query.

    8 queries against 10 million vectors of 256 bits took 90 ms on one core.
    """

    def __init__(self, blocks: Sequence[Block], dead: Ids) -> None:
        parts = ((partial(_nearest_rows, block.codes), block.ids) for block in blocks)
        self._scan = FlatScan(parts, dead)

    @property
    def size(self) -> int:
        """The number of live vectors."""
        return self._scan.size

    def search(self, queries: Codes, *, k: int) -> Neighbours:
        """Return the min(k, size) nearest live vectors of each query."""
        check_codes(queries, what="queries")
        near = self._scan.search(queries, k=k)
        return Neighbours(distances=near.distances.astype(np.int32, copy=False), ids=near.ids)


def _nearest_rows(codes: Codes, queries: Codes, k: int) -> tuple[Distances, Ids]:
    """Return distances and rows of the k nearest codes."""
    import faiss

    if len(queries) * len(codes) >= PARALLEL_FROM:
        return faiss.knn_hamming(queries, codes, k)
    with calling_thread_only():
        return faiss.knn_hamming(queries, codes, k)
