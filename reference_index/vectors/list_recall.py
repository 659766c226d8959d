"""Making lists that find what is nearest: how often they do is measured, and searched for."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_index.vectors import Ids, Vectors
from reference_index.vectors.faiss_cosine import nearest_rows
from reference_index.vectors.faiss_lists import SEED, CosineLists, train, training_sample

SAMPLE = 500
ALIKE = 0.85  # cosine of a changed copy and what it was made of
WANTED = 0.99  # of the changed copies, found first
TEN = 10
TIE = 1e-6
NPROBE_SHARE = 64  # one list in so many is looked into at first
NPROBE_LEAST = 16
RERANK, RERANK_MOST = 16, 64
ERROR_MARGIN = 2  # on the largest error seen, since others may be larger

Shares = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLists:
    """Lists and what was measured of them; at_1 … and error as in vector_files.

    held_out is None where the lists were trained on all vectors.
    """

    lists: CosineLists
    error: float
    changed: Shares
    held_out: Shares


def make_lists(vectors: Vectors) -> MadeLists:
    """Train lists on vectors, float32 (n, d) of unit length, and measure them beside all cosines.

    Looks into more lists, and ranks more again, until of 500 copies changed to a cosine of 0.85
    at least 99 % find what they were made of first, or what is as near; at most all lists.
    """
    rng = np.random.default_rng(SEED)
    sample = training_sample(len(vectors), rng)
    index = train(vectors, sample)
    lists = CosineLists(index, nprobe=NPROBE_LEAST, rerank=RERANK)
    lists = lists.searched(nprobe=_first_nprobe(lists), rerank=RERANK)
    rows = np.sort(rng.choice(len(vectors), min(SAMPLE, len(vectors)), replace=False))
    copies = changed(vectors[rows], rng)
    truth = _tenth_best(vectors, copies, without=None)
    while True:
        shares, error = measure(lists, vectors, copies, truth, without=None)
        harder = _harder(lists)
        if shares[0] >= WANTED or harder is None:
            break
        lists = harder
    others = np.setdiff1d(np.arange(len(vectors)), sample, assume_unique=True)
    others = np.sort(rng.choice(others if len(others) else rows, SAMPLE))
    queries = np.ascontiguousarray(vectors[others])
    truth = _tenth_best(vectors, queries, without=others)
    held_out, other = measure(lists, vectors, queries, truth, without=others)
    return MadeLists(
        lists=lists,
        error=ERROR_MARGIN * max(error, other),
        changed=shares,
        held_out=held_out,
    )


def changed(vectors: Vectors, rng: np.random.Generator) -> Vectors:
    """Return vectors turned away from these to the cosine ALIKE, each its own way."""
    noise = rng.standard_normal(vectors.shape)
    noise -= np.einsum("ij,ij->i", noise, vectors)[:, None] * vectors
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    turned = ALIKE * vectors + (1 - ALIKE**2) ** 0.5 * noise
    return np.asarray(turned / np.linalg.norm(turned, axis=1, keepdims=True), np.float32)


def measure(
    lists: CosineLists,
    vectors: Vectors,
    queries: Vectors,
    truth: npt.NDArray[np.float32],
    *,
    without: Ids | None,
) -> tuple[Shares, float]:
    """Return the recall at 1 and at 10, and by how much the cosines of what was found are off.

    truth: float32 (n, up to 10), the highest cosines of each query, falling. without: int64 (n,),
    a row for each query that does not count.
    """
    width = truth.shape[1] + (without is not None)
    distances, rows = lists.nearest(queries, width)
    exact = np.einsum("nkd,nd->nk", vectors[rows], queries)
    error = float(np.abs(exact + distances).max())
    if without is not None:
        exact = np.where(rows == without[:, None], -np.inf, exact)
        # What is left out stands last, so that the others move up.
        order = np.argsort(rows == without[:, None], axis=1, kind="stable")[:, :-1]
        exact = np.take_along_axis(exact, order, axis=1)
    at_1 = float((exact[:, 0] >= truth[:, 0] - TIE).mean())
    return (at_1, float((exact >= truth[:, -1:] - TIE).mean())), error


def _tenth_best(vectors: Vectors, queries: Vectors, *, without: Ids | None) -> Vectors:
    """Return the highest cosines of each query, ten where there are so many, falling."""
    wanted = min(TEN + (without is not None), len(vectors))
    _, rows = nearest_rows(vectors, queries, wanted)
    cosines = np.einsum("nkd,nd->nk", vectors[rows], queries)
    if without is not None:
        cosines = np.where(rows == without[:, None], -np.inf, cosines)
    cosines = -np.sort(-cosines, axis=1)
    return cosines[:, : wanted - (without is not None)]


def _first_nprobe(lists: CosineLists) -> int:
    return min(max(lists.lists // NPROBE_SHARE, NPROBE_LEAST), lists.lists)


def _harder(lists: CosineLists) -> CosineLists | None:
    """Return the same lists searched with twice the effort, None where there is nothing left."""
    nprobe = min(2 * lists.nprobe, lists.lists)
    rerank = min(2 * lists.rerank, RERANK_MOST)
    if (nprobe, rerank) == (lists.nprobe, lists.rerank):
        return None
    return lists.searched(nprobe=nprobe, rerank=rerank)
