"""What a face or a person has in common with people at large, to be taken off a cosine.

Some photographs are a little alike to everybody. The level of a face is the mean of its cosines
with the people of the index who come nearest, one in ten of them; that of a person likewise. Among
ten others or fewer there is no such tenth, and every level is the typical one. A score is the
cosine less the mean of both levels, and as much higher as that usually is. On random
galleries of 100 people (benchmarks/faces.py) 0.9 instead of 1.7 % were missed at one stranger in
100, and 1.7 instead of 2.6 % at three in 1,000. Source: Conneau et al. 2018 (CSLS); adaptive
normalization in Matějka et al. 2017.
"""

import numpy as np
import numpy.typing as npt

from reference_index.vectors import Ids, Vectors

COHORT = 1_000  # people at most that stand for all
NEAREST = 10  # one in so many counts as near
PRIOR = 2  # people of the typical level among them: of few people little is known
BLOCK = 1 << 14

Floats = npt.NDArray[np.float64]


class Levels:
    """The levels of the people of an index.

    templates: float32 (r, d), of unit length. typical: the level that strangers usually have.
    cap: what no cosine counts beyond, so that somebody who is enrolled twice is still found.
    """

    def __init__(self, templates: Vectors, *, typical: float, cap: float) -> None:
        count = len(templates)
        self._typical, self._cap = typical, cap
        places = np.linspace(0, count - 1, min(count, COHORT)).round().astype(np.int64)
        self._cohort = templates[places]
        self._row_of = np.full(count, -1)
        self._row_of[places] = np.arange(len(places))
        self._near = (len(places) - 1) // NEAREST
        self._of_people = np.concatenate([
            self._of_block(templates[start : start + BLOCK], self._row_of[start : start + BLOCK])
            for start in range(0, count, BLOCK)
        ])  # fmt: skip
        self._least = float(self._of_people.min())

    def scores(self, cosines: Floats, query: Vectors, places: Ids) -> Floats:
        """Return the scores of people: their cosines with a face, less what is common to both.

        cosines: float64 (p,). query: float32 (d,), the face. places: int64 (p,), those of the
        people's templates. Nobody counts among the people at large that a face is compared with
        for their sake.
        """
        own = self._common(query)
        top, near = self._nearest(own)
        rows = self._row_of[places]
        cosine = np.where(rows >= 0, own[rows], -np.inf)
        among = cosine >= top[-2] if self._near else np.zeros(len(places), np.bool_)
        sums = np.where(among, near - cosine + top[-1], near)
        levels = (self._level(sums) + self._of_people[places]) / 2
        return np.asarray(cosines - levels + self._typical)

    def most(self, query: Vectors) -> float:
        """Return the most by which the score of anyone exceeds their cosine with a face."""
        top, near = self._nearest(self._common(query))
        least = near - top[0] + top[-1] if self._near else near
        return self._typical - (float(self._level(np.array(least))) + self._least) / 2

    def _common(self, query: Vectors) -> Floats:
        cosines: Floats = np.einsum("ij,j->i", self._cohort, query).astype(np.float64)
        return cosines.clip(max=self._cap)

    def _nearest(self, cosines: Floats) -> tuple[Floats, float]:
        """Return the nearest of the cohort, and one more, in falling order; the sum of the first.

        The one more is at the level where there is nobody else.
        """
        top = np.sort(cosines)[::-1][: self._near + 1]
        return top, float(top[: self._near].sum())

    def _of_block(self, templates: Vectors, rows: Ids) -> Floats:
        cosines = np.minimum(templates @ self._cohort.T, self._cap).astype(np.float64)
        own = np.flatnonzero(rows >= 0)
        cosines[own, rows[own]] = -np.inf
        if not self._near:
            return np.full(len(templates), self._typical)
        nearest = -np.partition(-cosines, self._near - 1, axis=1)[:, : self._near]
        return self._level(nearest.sum(axis=1))

    def _level(self, sums: Floats) -> Floats:
        return (sums + PRIOR * self._typical) / (self._near + PRIOR)
