"""Approximate cosine search with FAISS: inverted lists of coarse codes, ranked again by finer ones.

The vectors are sorted into lists by the nearest of many centers. A query looks into the nearest
lists, compares 4-bit product codes there, and ranks the best again by one byte a number. In memory
a vector of 512 numbers takes 584 bytes instead of 2,048.
Source: Jégou et al. 2011 (IVF, PQ); André et al. 2017 (fast scan).
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np

from reference_index.vectors import Ids, Vectors, check_vectors
from reference_index.vectors.threads import calling_thread_only

IO_BYTES = 1 << 20
ADD_ROWS = 1 << 16
ROWS_PER_LIST = 64  # at least, on average
TRAINING_ROWS_PER_LIST = 40  # FAISS warns below 39
TRAINING_ROUNDS = 10
CODE_MARGIN = 0.1  # of the range of each number beyond that of the sample; halves the largest error
SEED = 1
PARALLEL_FROM = 1 << 22
"""Numbers in all vectors from which on lists are made by several threads."""


def list_count(rows: int) -> int:
    """Return how many lists so many rows are sorted into: a power of two near twice the root."""
    wanted = min(2 * rows**0.5, rows / ROWS_PER_LIST)
    return int(2 ** np.floor(np.log2(max(wanted, 1))))


class CosineLists:
    """Unit vectors in a trained FAISS index, searched one query at a time by the calling thread.

    Which rows are found, and the cosines, are approximate; neither depends on what else is
    searched at the same time. Safe to use from several threads.

    nprobe: lists looked into. rerank: coarse neighbors ranked again for each that is wanted.
    """

    def __init__(self, index: Any, *, nprobe: int, rerank: int) -> None:
        self._index, self.nprobe, self.rerank = index, nprobe, rerank

    @property
    def size(self) -> int:
        """The number of vectors."""
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        """How many numbers each vector has."""
        return int(self._index.d)

    @property
    def lists(self) -> int:
        """The number of lists."""
        return int(_inverted(self._index).nlist)

    def searched(self, *, nprobe: int, rerank: int) -> "CosineLists":
        """Return the same vectors, searched otherwise."""
        return CosineLists(self._index, nprobe=nprobe, rerank=rerank)

    def nearest(self, queries: Vectors, k: int) -> tuple[Vectors, Ids]:
        """Return the negated cosines and the rows of k near vectors, nearest first.

        queries: float32 (n, d). k: from 1 to size; as many lists are looked into as that needs.
        """
        check_vectors(queries, what="queries")
        distances = np.empty((len(queries), k), np.float32)
        rows = np.empty((len(queries), k), np.int64)
        with calling_thread_only():
            for place in range(len(queries)):
                distances[place], rows[place] = self._nearest(queries[place : place + 1], k)
        return distances, rows

    def decode(self, rows: Ids) -> Vectors:
        """Return what is kept of some vectors: float32 (n, d), of nearly unit length."""
        return np.asarray(self._index.reconstruct_batch(rows), np.float32)

    def write(self, write: Callable[[bytes], Any]) -> None:
        """Hand the bytes of the index to a function, part by part."""
        faiss = _faiss()
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write, IO_BYTES))

    @classmethod
    def read(cls, blocks: Iterable[memoryview], *, nprobe: int, rerank: int) -> "CosineLists":
        """Return the index of which these are the bytes. Raises ValueError where they are none."""
        faiss = _faiss()
        source = _Source(blocks)
        try:
            index = faiss.read_index(faiss.PyCallbackIOReader(source.read, IO_BYTES))
        except RuntimeError as error:
            raise ValueError(
                f"FAISS cannot read it ({str(error).splitlines()[0][:200]})"
            ) from error
        if not isinstance(index, faiss.IndexRefine):
            raise ValueError(f"it holds a {type(index).__name__}, expected an IndexRefine")  # noqa: TRY004
        return cls(index, nprobe=nprobe, rerank=rerank)

    def _nearest(self, query: Vectors, k: int) -> tuple[Vectors, Ids]:
        faiss = _faiss()
        nprobe, lists = self.nprobe, self.lists
        while True:
            parameters = faiss.IndexRefineSearchParameters(
                k_factor=min(self.rerank, self.size / k),
                base_index_params=faiss.SearchParametersIVF(nprobe=min(nprobe, lists)),
            )
            scores, rows = self._index.search(query, k, params=parameters)
            if rows[0, -1] >= 0 or nprobe >= lists:
                return -scores[0], rows[0]
            nprobe *= 2


def train(vectors: Vectors, sample: Ids) -> Any:
    """Return a FAISS index of all vectors, float32 (n, d), trained on the rows of a sample."""
    faiss = _faiss()
    dimensions = vectors.shape[1]
    width = next(width for width in (4, 3, 2, 1) if dimensions % width == 0)
    lists = list_count(len(vectors))
    kind = f"IVF{lists},PQ{dimensions // width}x4fs,Refine(SQ8)"
    index = faiss.index_factory(dimensions, kind, faiss.METRIC_INNER_PRODUCT)
    _codes(index).sq.rangestat_arg = CODE_MARGIN
    clustering = _inverted(index).cp
    clustering.niter, clustering.seed = TRAINING_ROUNDS, SEED
    clustering.max_points_per_centroid = 2 * TRAINING_ROWS_PER_LIST
    with calling_thread_only() if vectors.size < PARALLEL_FROM else nullcontext():
        index.train(np.ascontiguousarray(vectors[sample]))
        for start in range(0, len(vectors), ADD_ROWS):
            index.add(np.ascontiguousarray(vectors[start : start + ADD_ROWS]))
    return index


def training_sample(rows: int, rng: np.random.Generator) -> Ids:
    """Return the rows to train on: int64, ascending."""
    wanted = min(rows, max(TRAINING_ROWS_PER_LIST * list_count(rows), 16 * TRAINING_ROWS_PER_LIST))
    return np.sort(rng.choice(rows, wanted, replace=False))


def _codes(index: Any) -> Any:
    return _faiss().downcast_index(index.refine_index)


def _inverted(index: Any) -> Any:
    return _faiss().downcast_index(index.base_index)


def _faiss() -> Any:
    """Return the library, whose own stubs lack what is used here."""
    import faiss

    return faiss


class _Source:
    """Blocks of bytes, read as a file is."""

    def __init__(self, blocks: Iterable[memoryview]) -> None:
        self._blocks, self._left = iter(blocks), memoryview(b"")

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many, none at the end."""
        while not self._left:
            self._left = next(self._blocks, memoryview(b""))
            if not self._left:
                return b""
        part = bytes(self._left[:size])
        self._left = self._left[size:]
        return part
