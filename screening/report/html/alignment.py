"""How a reference lies on a picture: the projection that carries one region onto the other."""

import numpy as np

from screening.matching.findings import Quad


def projection(reference: Quad, picture: Quad) -> tuple[float, ...] | None:
    """Return the nine numbers of a homography, row by row, from reference to picture.

    Both in fractions of width and height. Its denominator is positive within the reference's
    region, as a browser needs it. None where no such projection exists: corners in one line, or
    regions that are not convex.
    """
    rows, sides = [], []
    for (x, y), (u, v) in zip(reference, picture, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        sides += [u, v]
    try:
        found = np.append(np.linalg.solve(np.array(rows, float), np.array(sides, float)), 1.0)
    except np.linalg.LinAlgError:
        return None
    below = np.array([[x, y, 1.0] for x, y in reference]) @ found[6:]
    if below.max() < 0:
        found, below = -found, -below
    if not np.isfinite(found).all() or below.min() <= 1e-6:
        return None
    return tuple(float(f"{one:.7g}") for one in found)
