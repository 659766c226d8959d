"""How alike the vectors of two precisions are, and those of unrelated pictures."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

MIN_PICTURES = 16
"""Fewer say too little of a network."""
MIN_CORRELATION = 0.995
"""Of the cosines of all pairs: noise is then below a tenth of their spread."""
MIN_NEAREST_KEPT = 0.98
SAME = 0.005
"""Cosines that differ by no more rank alike: which of them comes first means nothing."""
NEAREST = 10  # one in so many others counts as near, as in reference_index.face_levels
RARE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How the vectors of one precision, int8, agree with those of another, fp32.

    pictures: how many were looked at. mean_cosine, min_cosine: of each picture's two vectors.
    correlation: of the cosines of all pairs of pictures in one with those in the other.
    nearest_kept: the share of pictures whose nearest other one is the same in both; a change among
    those that fp32 holds equally near does not count.
    """

    pictures: int
    mean_cosine: float
    min_cosine: float
    correlation: float
    nearest_kept: float

    @property
    def good(self) -> bool:
        """Whether the lower precision leaves the ranking alone."""
        return (
            self.pictures >= MIN_PICTURES
            and self.correlation >= MIN_CORRELATION
            and self.nearest_kept >= MIN_NEAREST_KEPT
        )


def agreement(fp32: Floats, int8: Floats) -> Agreement:
    """Return how vectors (n, d) of unit length, n at least 3, agree with others.

    Raises ValueError where they are not of the same pictures, or of too few.
    """
    if fp32.shape != int8.shape or fp32.ndim != 2 or len(fp32) < 3:
        raise ValueError(
            f"vectors are {fp32.shape} and {int8.shape}, expected (n, d) of the same pictures, "
            f"n at least 3"
        )
    exact, coarse = fp32.astype(np.float64), int8.astype(np.float64)
    own = np.einsum("ij,ij->i", exact, coarse)
    pairs = np.triu_indices(len(exact), 1)
    cosines, coarse_cosines = exact @ exact.T, coarse @ coarse.T
    return Agreement(
        pictures=len(exact),
        mean_cosine=round(float(own.mean()), 6),
        min_cosine=round(float(own.min()), 6),
        correlation=round(_correlation(cosines[pairs], coarse_cosines[pairs]), 6),
        nearest_kept=round(_nearest_kept(cosines, coarse_cosines), 6),
    )


def strangers(vectors: Floats) -> tuple[float, float]:
    """Return how alike unrelated pictures are by their vectors (n, d) of unit length, in cosines.

    First the mean of the nearest tenth of each picture's cosines with the others, then what 1 of
    1,000 pairs exceeds; two rising numbers below 1, to two decimals, so that machines that compute
    a little differently agree. No two may show the same. Raises ValueError below two pictures.
    """
    count = len(vectors)
    if count < 2:
        raise ValueError(f"there are {count} vectors, expected those of two pictures at least")
    cosines = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    rare = float(np.quantile(cosines[np.triu_indices(count, 1)], 1 - RARE))
    np.fill_diagonal(cosines, -np.inf)
    near = max(1, (count - 1) // NEAREST)
    typical = float(-np.partition(-cosines, near - 1, axis=1)[:, :near].mean())
    level = float(np.clip(round(typical, 2), -0.98, 0.98))
    return level, float(np.clip(round(rare, 2), level + 0.01, 0.99))


def _correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Return the correlation, 0 where there is no spread that could correlate."""
    spreads = float(one.std() * other.std())
    if not spreads > 1e-12:
        return 0.0
    return float(np.mean((one - one.mean()) * (other - other.mean()))) / spreads


def _nearest_kept(exact: npt.NDArray[np.float64], coarse: npt.NDArray[np.float64]) -> float:
    for cosines in (exact, coarse):
        np.fill_diagonal(cosines, -np.inf)
    there = np.take_along_axis(exact, coarse.argmax(axis=1)[:, None], axis=1)[:, 0]
    return float(np.mean(there >= exact.max(axis=1) - SAME))
