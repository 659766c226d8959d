"""Regions: where a reference shows in a picture, as corners, shares of area, and words."""

import math

import numpy as np
import numpy.typing as npt

from reference_index.candidates import LocalReference
from screening.matching.correspondences import Correspondences, Floats
from screening.matching.findings import Point, Quad
from screening.matching.geometry import Alignment, transformed

_FOOTPRINT = 3.0
"""Half the side of what a descriptor looks at, in diameters of its feature (Lowe 2004: four cells
of one and a half diameters)."""

_LEAST_DEPTH = 0.1  # of a corner, where that of the reference's origin is 1

_TURN_STEP = 5  # degrees
_NEARLY_UPRIGHT = 3.0


def upright(box: npt.NDArray[np.float32]) -> Quad:
    """Return the corners of a box, float32 (4,): left, top, right, bottom, within the picture."""
    left, top, right, bottom = np.clip(box.astype(np.float64), 0.0, 1.0).tolist()
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def upright_share(box: npt.NDArray[np.float32]) -> float:
    """Return the share of the picture's area that a box covers within it."""
    (left, top), _, (right, bottom), _ = upright(box)
    return (right - left) * (bottom - top)


def matched_regions(
    pairs: Correspondences,
    alignment: Alignment,
    reference: LocalReference,
    extents: tuple[float, float],
    *,
    mirrored: bool,
) -> tuple[Quad, Quad]:
    """Return the corners of what matched in the picture and in the reference.

    extents: of the picture, in fractions of its longer side. Both in fractions of width and height.
    In the reference it is the upright rectangle around what the inliers' descriptors looked at, as
    far as the picture shows it; in the picture it is what the transformation makes of that, each
    corner moved into the picture. Where it reaches the horizon of a homography, it is the rectangle
    around the inliers alone.
    """
    inliers = alignment.inliers
    points, reach = pairs.reference[inliers, :2], pairs.reference[inliers, 2:3] * _FOOTPRINT
    box = _shown(_box(points, reach, reference.extents), points, alignment.matrix, extents)
    if (box @ alignment.matrix[2, :2]).min() < _LEAST_DEPTH - 1.0:
        box = _box(points, 0.0 * reach, reference.extents)
    corners = transformed(alignment.matrix, box)
    if mirrored:
        corners[:, 0] = extents[0] - corners[:, 0]
    return _quad(corners, extents), _quad(box, reference.extents)


def _box(points: Floats, reach: Floats, extents: tuple[float, float]) -> Floats:
    """Return the corners (4, 2), clockwise, of the rectangle around points and their reach."""
    low = np.maximum((points - reach).min(axis=0), 0.0)
    high = np.minimum((points + reach).max(axis=0), extents)
    return np.array([low, [high[0], low[1]], high, [low[0], high[1]]])


def _shown(box: Floats, points: Floats, matrix: Floats, extents: tuple[float, float]) -> Floats:
    """Return the part of a box of the reference that the picture has room for, and all points."""
    width, height = extents
    inverse: Floats = np.linalg.inv(matrix).astype(np.float64)
    frame = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    depth = frame @ inverse[2, :2] + inverse[2, 2]
    if depth.min() * depth.max() <= 0.0:  # the frame crosses the horizon: it bounds nothing
        return box
    back = transformed(inverse, frame)
    low = np.maximum(box[0], np.minimum(back.min(axis=0), points.min(axis=0)))
    high = np.minimum(box[2], np.maximum(back.max(axis=0), points.max(axis=0)))
    return np.array([low, [high[0], low[1]], high, [low[0], high[1]]])


def contains(quad: Quad, point: Point) -> bool:
    """Tell whether a point lies in a quadrilateral without a dent, or on its edge."""
    turns = [
        (x1 - x0) * (point[1] - y0) - (y1 - y0) * (point[0] - x0)
        for (x0, y0), (x1, y1) in zip(quad, (*quad[1:], quad[0]), strict=True)
    ]
    return min(turns) >= 0.0 or max(turns) <= 0.0


def share_of_area(quad: Quad) -> float:
    """Return the area of a quadrilateral in fractions of width and height, 0 to 1."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = quad
    return min(abs((x2 - x0) * (y3 - y1) - (x3 - x1) * (y2 - y0)) / 2, 1.0)


def in_words(
    linear: Floats, *, mirrored: bool, inverted: bool, share: float, reference_share: float
) -> str:
    """Return how the picture differs from the reference, as a reviewer would say it.

    linear: (2, 2), the transformation's linear part in the middle of what matched.
    """
    turn = math.degrees(math.atan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))
    if mirrored:
        turn = -turn  # it was told in the mirrored picture
    words = []
    if mirrored:
        words.append("mirrored")
    if inverted:
        words.append("as a negative")
    if abs(turn) > _NEARLY_UPRIGHT:
        degrees = round(abs(turn) / _TURN_STEP) * _TURN_STEP
        way = "" if degrees == 180 else " clockwise" if turn > 0 else " counterclockwise"
        words.append(f"rotated {max(degrees, _TURN_STEP)}°{way}")
    words.append(f"covers {_percent(share)} of the picture")
    words.append(f"shows {_percent(reference_share)} of the reference")
    return ", ".join(words)


def _percent(share: float) -> str:
    return f"{max(share, 0.01):.0%}".replace("%", " %")


def _quad(corners: Floats, extents: tuple[float, float]) -> Quad:
    """Return corners as fractions of width and height, none outside."""
    fractions = np.clip(corners / np.array(extents), 0.0, 1.0).round(4).tolist()
    first, second, third, fourth = (_point(corner) for corner in fractions)
    return first, second, third, fourth


def _point(corner: list[float]) -> Point:
    return corner[0], corner[1]
