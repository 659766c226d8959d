"""Whether a face shows enough to be compared."""

import numpy as np
import numpy.typing as npt

from screening.signals.faces.align import aligned

RgbImage = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float32]

LOOK_SIDE = 64
"""px of the look: the small upright crop by which faces of all sizes are judged alike."""
MIN_WIDTH = 20.0
"""px at working size. Of faces shrunk to 20 px 84 % are still matched at a threshold where 96 % of
the large ones are, of those of 24 px 93 %, of 16 px 57 %; no more strangers match at any size."""
MIN_SHARPNESS = 0.01
"""Of 93 px wide faces blurred by 3 px (median sharpness 0.02) 87 % are still matched, by 4 px
(0.012) 59 %, by 6 px (0.007) 5 %. Strangers that blurred resemble one another (mean cosine 0.18
instead of 0.01), those enrolled no more than before."""

MAX_COMPARED = 64
"""Of a crowd so many are compared, the largest: half a second, by dlib ten."""

# Eyes and nose in the look; a face of any landmark scheme has them.
_TEMPLATE = ((0.34, 0.42), (0.66, 0.42), (0.50, 0.62))


def look(rgb: RgbImage, core: Points) -> RgbImage:
    """Return the look of a face, uint8 (64, 64, 3). core: (3, 2), left eye, right eye, nose."""
    return aligned(rgb, core, np.array(_TEMPLATE, np.float32), LOOK_SIDE)


def frontality(core: Points) -> float:
    """Return 1 where the nose lies midway between the eyes, 0 where it lies over one or beyond.

    core: (3, 2), left eye, right eye, nose. It is told, not demanded: photographs from 0.0 to 1.0
    were matched alike.
    """
    eyes = core[1] - core[0]
    along = float((core[2] - core[0]) @ eyes) / max(float(eyes @ eyes), 1e-6)
    return float(np.clip(1.0 - 2.0 * abs(along - 0.5), 0.0, 1.0))


def sharpness(gray: Floats) -> float:
    """Return the variance of the Laplacian over that of the gray values, both of the look."""
    import cv2

    return float(cv2.Laplacian(gray, cv2.CV_32F).var() / max(float(gray.var()), 1.0))


def comparable(width: float, sharp: float) -> bool:
    """Return whether a face of this width (px at working size) and sharpness can be compared."""
    return width >= MIN_WIDTH and sharp >= MIN_SHARPNESS
