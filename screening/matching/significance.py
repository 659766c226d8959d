"""Significance: how improbable it is that so many correspondences fit one transformation."""

import math

import numpy as np
import numpy.typing as npt

from screening.matching.correspondences import Correspondences, Floats
from screening.matching.geometry import MAX_OCTAVES, MAX_TURN, Alignment

CELLS = 10
"""A picture's longer side has so many cells. Correspondences in one cell are not independent: m of
them count as the square root of m."""

_LEAST_RESIDUAL = 0.004  # positions are known no better, 1.5 px at working size
_POSE = MAX_TURN / math.pi * MAX_OCTAVES / 2.0  # scales of unrelated features lie within 4 octaves
_FIXED = 3  # correspondences that an affinity is fixed by


def significance(pairs: Correspondences, alignment: Alignment, shares: Floats) -> float:
    """Return -log10 of the expected number of such alignments among unrelated features, at least 0.

    shares: (n,), 0 to 1, how much of each correspondence counts.
    A-contrario: if the n correspondences were independent and uniform, one would fit within a
    residual r with probability p(r) = pi r^2 / area, times the chance that rotation and scale
    agree; the number of false alarms of the k best is (n + 1) C(n, k) p(r_k)^(k - 3), the least
    over all k. With the weights of cells and shares k and n are no whole numbers; the cells are
    those of the picture over which the inliers are spread more.
    Source: Moisan and Stival 2004.
    """
    inliers = np.flatnonzero(alignment.inliers)
    inliers = inliers[np.argsort(alignment.residuals[inliers], kind="stable")]
    if not len(inliers):
        return 0.0
    in_view, in_reference = (
        np.cumsum(_weights(points[inliers]) * shares[inliers])
        for points in (pairs.view, pairs.reference)
    )
    counted = in_view if in_view[-1] > in_reference[-1] else in_reference
    total = max(len(pairs) * counted[-1] / len(inliers), counted[-1])
    radius = np.maximum(alignment.residuals[inliers], _LEAST_RESIDUAL)
    chance = np.minimum(np.pi * radius**2 / pairs.area, 1.0) * _POSE
    logs = (
        _log_choose(float(total), counted)
        + np.maximum(counted - _FIXED, 0.0) * np.log(chance)
        + math.log(total + 1.0)
    )
    return max(0.0, -float(logs.min()) / math.log(10))


def cells_of(points: Floats) -> npt.NDArray[np.int64]:
    """Return the number of the cell that each of the points (n, 2 or more) lies in."""
    column, row = (points[:, :2] * CELLS).astype(np.int64).T
    return np.asarray(row * (2 * CELLS) + column)


def _weights(points: Floats) -> Floats:
    """Return what each point adds: the m-th in its cell sqrt(m) - sqrt(m - 1)."""
    cells = cells_of(points)
    order = np.argsort(cells, kind="stable")
    starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
    place = np.arange(len(cells)) - np.repeat(starts, np.diff(starts, append=len(cells)))
    weights = np.empty(len(cells))
    weights[order] = np.sqrt(place + 1.0) - np.sqrt(place)
    return weights


def _log_choose(total: float, counted: Floats) -> Floats:
    """Return the logarithm of total over counted, by the gamma function."""
    return np.array([
        math.lgamma(total + 1.0) - math.lgamma(k + 1.0) - math.lgamma(total - k + 1.0)
        for k in np.minimum(counted, total).tolist()
    ])  # fmt: skip
