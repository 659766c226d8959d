"""Faces put upright: the similarity that brings five landmarks onto a template."""

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
RgbImage = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]


def similarity(points: Points, template: Points) -> Matrix:
    """Return the (2, 3) matrix of least squares that scales, turns and shifts points to template.

    points, template: (n, 2), n at least 2. Never mirrors. Points that all lie in one place are
    shifted only. Source: Umeyama 1991; in the plane, with complex numbers, it is one division.
    """
    z, w = points.astype(np.float64) @ (1, 1j), template.astype(np.float64) @ (1, 1j)
    centered = z - z.mean()
    spread = np.vdot(centered, centered).real
    a = np.vdot(centered, w - w.mean()) / spread if spread > 0 else 1.0 + 0j
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def aligned(rgb: RgbImage, points: Points, template: Points, side: int) -> RgbImage:
    """Return the crop, uint8 (side, side, 3), in which the landmarks lie on the template.

    points: in pixels of the picture; template: in fractions of the crop.
    What lies outside the picture is black.
    """
    import cv2

    matrix = similarity(points, template * side)
    finer = max(int(1 / np.hypot(*matrix[:, 0])), 1)  # large faces: warped without loss, then
    matrix *= finer  # reduced by area, since a warp that reduces leaves pixels out
    matrix[:, 2] += (finer - 1) / 2
    large = cv2.warpAffine(rgb, matrix, (side * finer, side * finer), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def eyes_and_nose(points: Points, landmarks: str) -> Points:
    """Return left eye, right eye (as one sees them) and nose, (3, 2), of five landmarks (5, 2).

    landmarks: their scheme, of Card. dlib gives the corners of the right eye, of the left eye, and
    the base of the nose.
    """
    if landmarks == "dlib-5":
        return np.stack([points[2:4].mean(axis=0), points[:2].mean(axis=0), points[4]])
    return points[:3]
