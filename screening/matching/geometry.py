"""Geometry: the transformation that takes a reference into a picture, if there is a sound one."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from screening.matching.correspondences import Correspondences, Floats

MIN_INLIERS = 4
MAX_TURN = math.radians(25)
"""Corresponding features agree in rotation to this, and to MAX_OCTAVES in scale."""
MAX_OCTAVES = 0.8
MAX_RESIDUAL = 0.025
"""Inliers lie this close, in fractions of the longer side of whichever picture is worse."""

_FIRST_RESIDUAL = 0.10  # of one feature's own rotation and scale, which are coarse
_RESIDUALS = (0.05, 0.03, 0.025, 0.02)  # of the models fitted one after the other
_HYPOTHESES = 4
_TRIED = 60
_AFFINE_FROM = 7  # inliers; fewer fix a similarity
_HOMOGRAPHY_FROM = 12
_HOMOGRAPHY_RESIDUAL = 0.08
_MAX_STRETCH = 3.0
_MAX_ENLARGEMENT = 12.0
_MIN_SPREAD = 0.012  # standard deviation across the inliers, below which they lie on a line

Inliers = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alignment:
    """A transformation and how well each correspondence fits it.

    matrix: float64 (3, 3), from reference to view, both in fractions of their longer sides; around
    the inliers orientation is kept, and the scale is within 1 / 12 and 12. residuals: (n,),
    distance in fractions of the longer side, in the picture where it is larger; infinite where
    rotation or scale disagree. inliers: (n,), residual at most MAX_RESIDUAL.
    """

    matrix: Floats
    residuals: Floats

    @property
    def inliers(self) -> Inliers:
        """Return which correspondences fit."""
        return np.asarray(self.residuals <= MAX_RESIDUAL)


def align(pairs: Correspondences) -> list[Alignment]:
    """Return the transformations that the correspondences may stand for, at most eight.

    Every correspondence proposes a similarity by the position, rotation and scale of its two
    features; those that most others agree with are refined to an affinity, and with enough inliers
    to a homography by OpenCV's USAC. Models that mirror, shear absurdly, enlarge or reduce more
    than twelvefold, or stand on points of a line, are refused or stay similarities. Nothing is
    drawn at random but by USAC, whose seed is fixed.
    Source: Lowe 2004 (proposals); Barath et al. 2020 (MAGSAC++).
    """
    if len(pairs) < MIN_INLIERS:
        return []
    agreeing, consistent = _proposals(pairs)
    votes = agreeing.sum(axis=1)
    covered = np.zeros(len(pairs), bool)
    found: list[Alignment] = []
    tried = 0
    for proposal in np.argsort(-votes, kind="stable")[:_TRIED]:
        if tried == _HYPOTHESES or votes[proposal] < MIN_INLIERS:
            break
        if covered[proposal]:
            continue
        tried += 1
        covered |= agreeing[proposal]
        affine = _refined(pairs, agreeing[proposal], consistent[proposal])
        if affine is not None:
            found.append(affine)
            homography = _homography(pairs, affine, consistent[proposal])
            if homography is not None:
                found.append(homography)
    return found


def transformed(matrix: Floats, points: Floats) -> Floats:
    """Return points (n, 2) after a transformation (3, 3)."""
    projected = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(projected[:, :2] / projected[:, 2:])


def _proposals(pairs: Correspondences) -> tuple[Inliers, Inliers]:
    """Return (n, n) which pairs fit the similarity of each, and which share rotation and scale."""
    turn = np.radians(pairs.view[:, 3] - pairs.reference[:, 3])
    octaves = np.log2(pairs.view[:, 2] / pairs.reference[:, 2])
    similarity = np.exp2(octaves) * np.exp(1j * turn)
    view, reference = _complex(pairs.view), _complex(pairs.reference)
    shift = view - similarity * reference
    residual = np.abs(similarity[:, None] * reference + shift[:, None] - view)
    turned = np.abs((turn - turn[:, None] + np.pi) % (2 * np.pi) - np.pi)
    consistent = (turned < MAX_TURN) & (np.abs(octaves - octaves[:, None]) < MAX_OCTAVES)
    return consistent & (residual < _FIRST_RESIDUAL * np.exp2(octaves)[:, None]), consistent


def _refined(pairs: Correspondences, inliers: Inliers, consistent: Inliers) -> Alignment | None:
    """Fit again and again to what fits ever more closely."""
    residuals = matrix = None
    for limit in _RESIDUALS:
        if np.count_nonzero(inliers) < MIN_INLIERS:
            return None
        view, reference = pairs.view[inliers, :2], pairs.reference[inliers, :2]
        matrix = _fitted_affinity(reference, view)
        if matrix is None or not _sound(matrix[:2, :2]):
            matrix = _fitted_similarity(reference, view)
        if matrix is None or not _sound(matrix[:2, :2]):
            return None
        residuals = _residuals(matrix, pairs, consistent, reference.mean(axis=0))
        inliers = residuals < limit
    if matrix is None or residuals is None or np.count_nonzero(inliers) < MIN_INLIERS:
        return None
    return Alignment(matrix=matrix, residuals=residuals)


def _homography(pairs: Correspondences, affine: Alignment, consistent: Inliers) -> Alignment | None:
    """Return what perspective makes of an affinity, where enough correspondences speak for it."""
    import cv2

    near = affine.residuals < _HOMOGRAPHY_RESIDUAL
    if np.count_nonzero(near) < _HOMOGRAPHY_FROM:
        return None
    matrix, _ = cv2.findHomography(
        pairs.reference[near, :2],
        pairs.view[near, :2],
        cv2.USAC_MAGSAC,
        MAX_RESIDUAL / 2 * math.sqrt(np.linalg.det(affine.matrix[:2, :2])),
        maxIters=500,
        confidence=0.999,
    )
    if matrix is None or abs(matrix[2, 2]) < 1e-9:
        return None
    matrix = matrix / matrix[2, 2]
    # sound at the inliers, not where it is extrapolated to
    inlying = pairs.reference[affine.inliers, :2]
    box = np.array([inlying.min(axis=0), inlying.max(axis=0)])
    corners = np.array([[x, y] for x in box[:, 0] for y in box[:, 1]])
    depth = corners @ matrix[2, :2] + 1.0
    if depth.min() < 0.3 or depth.max() > 3.0:
        return None
    if not all(_sound(derivative(matrix, corner)) for corner in corners):
        return None
    residuals = _residuals(matrix, pairs, consistent, inlying.mean(axis=0))
    if np.count_nonzero(residuals <= MAX_RESIDUAL) < MIN_INLIERS:
        return None
    return Alignment(matrix=matrix, residuals=residuals)


def derivative(matrix: Floats, point: Floats) -> Floats:
    """Return the affine part (2, 2) of a homography at a point."""
    depth = matrix[2, :2] @ point + matrix[2, 2]
    image = (matrix[:2, :2] @ point + matrix[:2, 2]) / depth
    return np.asarray((matrix[:2, :2] - np.outer(image, matrix[2, :2])) / depth)


def _fitted_affinity(reference: Floats, view: Floats) -> Floats | None:
    """Return the affinity of least squares, None of few points or points on a line."""
    if len(reference) < _AFFINE_FROM or min(_spread(reference), _spread(view)) < _MIN_SPREAD:
        return None
    homogeneous = np.column_stack([reference, np.ones(len(reference))])
    solution = np.linalg.lstsq(homogeneous, view, rcond=None)[0]
    return np.vstack([solution.T, [0.0, 0.0, 1.0]])


def _fitted_similarity(reference: Floats, view: Floats) -> Floats | None:
    """Return the similarity of least squares, None of points that fall together."""
    a, b = reference[:, 0] + 1j * reference[:, 1], view[:, 0] + 1j * view[:, 1]
    centered = a - a.mean()
    size = float((np.abs(centered) ** 2).sum())
    if size / len(a) < _MIN_SPREAD**2:
        return None
    z = complex(((b - b.mean()) * centered.conj()).sum() / size)
    shift = complex(b.mean() - z * a.mean())
    return np.array([[z.real, -z.imag, shift.real], [z.imag, z.real, shift.imag], [0, 0, 1.0]])


def _spread(points: Floats) -> float:
    """Return the standard deviation of points (n, 2) across the direction they spread least in."""
    (xx, xy), (_, yy) = np.cov(points.T, bias=True)
    least = (xx + yy - math.hypot(xx - yy, 2 * xy)) / 2
    return math.sqrt(max(float(least), 0.0))


def _sound(linear: Floats) -> bool:
    """Tell whether (2, 2) keeps orientation and neither shears nor scales absurdly."""
    (a, b), (c, d) = linear.tolist()
    determinant = a * d - b * c
    if not 1 / _MAX_ENLARGEMENT**2 < determinant < _MAX_ENLARGEMENT**2:
        return False
    # the sum of the squared singular values over twice their product
    ratio = (a * a + b * b + c * c + d * d) / (2 * determinant)
    return bool(ratio < (_MAX_STRETCH + 1 / _MAX_STRETCH) / 2)


def _residuals(
    matrix: Floats, pairs: Correspondences, consistent: Inliers, middle: Floats
) -> Floats:
    """Return the residuals, with the scale that the transformation has at a point."""
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.linalg.norm(
            transformed(matrix, pairs.reference[:, :2]) - pairs.view[:, :2], axis=1
        )
    linear = derivative(matrix, middle)
    scale = math.sqrt(abs(np.linalg.det(linear)))
    distance = distance * max(1.0, 1.0 / max(scale, 1e-9))
    return np.where(consistent & np.isfinite(distance), distance, np.inf)


def _complex(geometry: Floats) -> npt.NDArray[np.complex128]:
    return np.asarray(geometry[:, 0] + 1j * geometry[:, 1])
