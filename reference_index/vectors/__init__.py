"""Nearest neighbors among packed bit strings, or among vectors by cosine.

One protocol for each of the two, one module per engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]
Distances = npt.NDArray[np.int32]
Vectors = npt.NDArray[np.float32]

UNIT_WITHIN = 1e-4  # of the squared length


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Vectors that never change. codes: uint8 (n, bytes); ids: int64 (n,), ascending.

    Several vectors may share an id, but only within a block. Memory maps are served as they are,
    without a copy.
    """

    codes: Codes
    ids: Ids

    def __post_init__(self) -> None:
        check_codes(self.codes, what="codes")
        if self.ids.dtype != np.int64 or self.ids.shape != self.codes.shape[:1]:
            raise ValueError(
                f"ids are {self.ids.dtype} {self.ids.shape}, expected int64 ({len(self.codes)},)"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """The live vectors nearest to each of n queries, nearest first.

    distances: int32 (n, k), differing bits; ids: int64 (n, k). k is what was asked for, or the
    number of live vectors where that is smaller. Which of several vectors at the last distance
    are given is up to the engine.
    """

    distances: Distances
    ids: Ids


class HammingEngine(Protocol):
    """Vectors with stable 64-bit ids, some of them dead, searched by differing bits."""

    @property
    def size(self) -> int:
        """The number of live vectors."""
        ...

    def search(self, queries: Codes, *, k: int) -> Neighbours:
        """Return the min(k, size) nearest live vectors of each query, uint8 (n, bytes).

        Raises ValueError for queries of another shape or type and for k below 1.
        """
        ...


class EngineFactory(Protocol):
    """How every engine is made: a new one for every change, since blocks never change."""

    def __call__(self, blocks: Sequence[Block], dead: Ids) -> HammingEngine:
        """Return an engine over the blocks without the dead ids (int64, ascending)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CosineBlock:
    """Vectors that never change. vectors: float32 (n, d) of unit length; ids: as in Block."""

    vectors: Vectors
    ids: Ids

    def __post_init__(self) -> None:
        check_vectors(self.vectors, what="vectors")
        if self.ids.dtype != np.int64 or self.ids.shape != self.vectors.shape[:1]:
            raise ValueError(
                f"ids are {self.ids.dtype} {self.ids.shape}, expected int64 ({len(self.vectors)},)"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CosineNeighbours:
    """The live vectors nearest to each of n queries, nearest first.

    scores: float32 (n, k), cosines, to about six digits; ids and k: as in Neighbours.
    """

    scores: Vectors
    ids: Ids


class CosineEngine(Protocol):
    """Unit vectors with stable 64-bit ids, some of them dead, searched by cosine."""

    @property
    def size(self) -> int:
        """The number of live vectors."""
        ...

    def search(self, queries: Vectors, *, k: int) -> CosineNeighbours:
        """Return the min(k, size) nearest live vectors of each query, float32 (n, d), unit length.

        Raises ValueError for queries of another shape or type and for k below 1.
        """
        ...


class CosineFactory(Protocol):
    """How every cosine engine is made."""

    def __call__(self, blocks: Sequence[CosineBlock], dead: Ids) -> CosineEngine:
        """Return an engine over the blocks without the dead ids (int64, ascending)."""
        ...


def check_vectors(vectors: Vectors, *, what: str) -> None:
    """Raise ValueError unless vectors are float32 (n, d), C-contiguous."""
    if vectors.dtype != np.float32 or vectors.ndim != 2 or not vectors.flags.c_contiguous:
        raise ValueError(
            f"{what} are {vectors.dtype} {vectors.shape}, expected C-contiguous float32 (n, d)"
        )


def are_unit(vectors: Vectors) -> bool:
    """Tell whether every vector, float32 (n, d), is of length 1 as far as float32 can say."""
    return bool((np.abs(np.einsum("ij,ij->i", vectors, vectors) - 1) < UNIT_WITHIN).all())


def check_codes(codes: Codes, *, what: str) -> None:
    """Raise ValueError unless codes are uint8 (n, bytes), C-contiguous."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or not codes.flags.c_contiguous:
        raise ValueError(
            f"{what} are {codes.dtype} {codes.shape}, expected C-contiguous uint8 (n, bytes)"
        )
