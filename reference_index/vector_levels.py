"""What a vector has in common with references at large, to be taken off a cosine.

As face_levels does for people: some pictures are a little alike to everything. The level of a
vector is the mean of its cosines with the tenth of a cohort that comes nearest. The cohort stands
for all references: rows of as many records as possible. No vector is compared with rows of its own
record, and a picture with none of the record that it is a candidate for. A score is the cosine less
the mean of both levels, and as much higher as that usually is. Levels of references are worked out
when they are asked for, since an index may hold millions.
Source: Conneau et al. 2018 (CSLS); adaptive normalization in Matějka et al. 2017.
"""

import numpy as np
import numpy.typing as npt

from reference_index.vectors import Ids, Vectors

COHORT = 1_000  # rows at most that stand for all
NEAREST = 10  # one in so many counts as near
PRIOR = 2  # rows of the typical level among them: of few references little is known

Floats = npt.NDArray[np.float64]


def cohort_rows(owners: Ids) -> Ids:
    """Return which rows stand for all, given the record of each: int64, ascending.

    The first row of each record, or of records spread over all where there are more than COHORT;
    further ones of each record, spread over it, where there are fewer.
    """
    order = np.argsort(owners, kind="stable")
    _, begins, counts = np.unique(owners[order], return_index=True, return_counts=True)
    if len(counts) >= COHORT:
        chosen = np.linspace(0, len(counts) - 1, COHORT).round().astype(np.int64)
        return np.sort(order[begins[chosen]])
    shares = np.arange(1, COHORT + 1)
    totals = np.minimum(counts[:, None], shares).sum(axis=0)
    share = shares[totals <= COHORT][-1]
    spread = (
        begin + np.linspace(0, count - 1, min(count, share)).round().astype(np.int64)
        for begin, count in zip(begins.tolist(), counts.tolist(), strict=True)
    )
    return np.sort(order[np.concatenate([*spread])])


class CohortLevels:
    """The levels of vectors, beside a cohort.

    cohort: float32 (c, d), of unit length, at least one; owners: int64 (c,), their records.
    typical: the level that unrelated pictures usually have. cap: what no cosine counts beyond, so
    that something that is enrolled twice is still found.
    """

    def __init__(self, cohort: Vectors, owners: Ids, *, typical: float, cap: float) -> None:
        self._cohort, self._owners = cohort, owners
        self.typical, self._cap = typical, cap
        self._most = int(np.unique(owners, return_counts=True)[1].max())
        self._near = (len(owners) - self._most) // NEAREST
        self.least = float(self.of_rows(cohort, owners).min())

    def of_rows(self, vectors: Vectors, owners: Ids) -> Floats:
        """Return the levels of vectors, float32 (n, d), of records, int64 (n,): float64 (n,)."""
        if not (self._near and len(vectors)):
            return self._level(np.zeros(len(vectors)))
        cosines = np.array([self._cosines(vector) for vector in vectors])
        cosines[owners[:, None] == self._owners] = -np.inf
        nearest = -np.partition(-cosines, self._near - 1, axis=1)[:, : self._near]
        return self._level(nearest.sum(axis=1))

    def of_query(self, query: Vectors) -> "QueryLevels":
        """Return the levels of a vector that is searched by: float32 (d,)."""
        cosines = self._cosines(query)
        wanted = self._near + self._most
        nearest = np.argpartition(-cosines, wanted - 1)[:wanted]
        nearest = nearest[np.argsort(-cosines[nearest])]
        return QueryLevels(
            cosines[nearest], self._owners[nearest], near=self._near, typical=self.typical
        )

    def _cosines(self, vector: Vectors) -> Floats:
        """Return those with the cohort, each vector by itself, so that no batch changes a digit."""
        return np.asarray(np.minimum(self._cohort @ vector, self._cap), np.float64)

    def _level(self, sums: Floats) -> Floats:
        return _level(sums, near=self._near, typical=self.typical)


class QueryLevels:
    """The level of one vector beside each record that it may be a candidate for.

    cosines: float64 (c,), falling, those of the nearest of the cohort; owners: their records.
    near: how many of them count.
    """

    def __init__(self, cosines: Floats, owners: Ids, *, near: int, typical: float) -> None:
        self._cosines, self._owners, self._near, self._typical = cosines, owners, near, typical

    def beside(self, records: Ids) -> Floats:
        """Return the level beside each record, int64 (n,), none of whose rows count."""
        others = self._owners != records[:, None]
        counted = others & (others.cumsum(axis=1) <= self._near)
        return _level((self._cosines * counted).sum(axis=1), near=self._near, typical=self._typical)

    @property
    def least(self) -> float:
        """What it is at least, beside any record."""
        farthest = self._cosines[len(self._cosines) - self._near :]
        return float(_level(farthest.sum(keepdims=True), near=self._near, typical=self._typical)[0])


def _level(sums: Floats, *, near: int, typical: float) -> Floats:
    return (
        np.asarray((sums + PRIOR * typical) / (near + PRIOR))
        if near
        else np.full(len(sums), typical)
    )
