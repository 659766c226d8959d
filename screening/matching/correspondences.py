"""Correspondences: which local features of two pictures look like one another."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_index.vectors.threads import calling_thread_only

MAX_DISTANCE_RATIO = 0.9
"""Squared distance to the nearest feature over that to the second nearest, at most. Of 0.9, 0.95
and 1.0 the strictest found most copies: a texture that repeats corresponds with nothing."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correspondences:
    """Features of a view of the picture and of a reference, row by row alike.

    rows: (n,) rows of the view's features. view, reference: float64 (n, 4), geometry as in
    LocalFeatures: fractions of the longer side, degrees. area: of the reference, in squares of
    its longer side, 0 to 1.
    """

    rows: npt.NDArray[np.intp]
    view: Floats
    reference: Floats
    area: float

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, which: npt.NDArray[np.bool_]) -> "Correspondences":
        """Return some of them."""
        return Correspondences(
            rows=self.rows[which],
            view=self.view[which],
            reference=self.reference[which],
            area=self.area,
        )


def mutually_nearest(
    view: npt.NDArray[np.float32], reference: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the rows of descriptors (n, 128) and (m, 128) that are each other's nearest.

    Those whose second nearest is nearly as near, MAX_DISTANCE_RATIO, are left out.
    """
    import faiss

    if len(view) == 0 or len(reference) < 2:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    with calling_thread_only():
        distances = faiss.pairwise_distances(view, reference)
    rows = np.arange(len(view))
    nearest = distances.argmin(axis=1)
    mutual = distances.argmin(axis=0)[nearest] == rows
    first = distances[rows, nearest]
    distances[rows, nearest] = np.inf
    kept = np.flatnonzero(mutual & (first <= MAX_DISTANCE_RATIO * distances.min(axis=1)))
    return kept, nearest[kept]
