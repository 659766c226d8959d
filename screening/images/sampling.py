"""Which frames of a clip are looked at: one a second, and one whenever the picture has changed.

Frames are compared as thumbnails of 64 × 36 gray cells with the last frame that was looked at, not
with the one before: cuts, dissolves and pans all end in a picture unlike the last one, whichever
way it came about. What "unlike" means depends on no data: it is the mean difference of the cells,
each thumbnail's own mean taken off, over the sum of their mean deviations. It is 0 for one picture
in any brightness, at most 1, and 0.71 for two of equal contrast that have nothing in common, in the
dark too. One that differs nowhere by more than a few levels shows what the last one showed.
"""

from enum import Enum

import numpy as np
import numpy.typing as npt

EVERY_SECONDS = 1.0
"""A frame is looked at this long after the last one, however little has happened."""

MIN_UNLIKE = 0.25
"""From here on (inclusive) a picture has changed: half the contrast correlates by 0.87 then."""

THUMBNAIL = (64, 36)
"""Width and height in cells."""

_MAX_STILL = 4
_NOISE = 2.0

Thumbnail = npt.NDArray[np.uint8]


class Choice(Enum):
    """What becomes of a frame: passed over, looked at, or known from the last one looked at."""

    PASS = "pass"  # noqa: S105  no password
    LOOK = "look"
    KNOWN = "known"


def unlikeness(one: Thumbnail, other: Thumbnail) -> float:
    """Return how far two pictures differ, from 0 to 1, their brightness apart.

    Thumbnails are uint8 of one shape. Noise on plain pictures is no difference.
    """
    first, second = (thumb - thumb.mean(dtype=np.float64) for thumb in (one, other))
    spread = float(np.abs(first).mean() + np.abs(second).mean())
    return float(np.abs(first - second).mean()) / (spread + _NOISE)


def is_still(one: Thumbnail, other: Thumbnail) -> bool:
    """Return whether no cell differs by more than 4 of 255 levels: a change of 1/2000 is seen."""
    return int(np.abs(one.astype(np.int16) - other).max()) <= _MAX_STILL


class Chooser:
    """Chooses among the frames of a clip as they come.

    every: seconds after which a frame is looked at. apart: the least seconds between two; a shot
    shorter than that may be passed over.
    """

    def __init__(self, *, every: float = EVERY_SECONDS, apart: float = 0.0) -> None:
        self._every = every
        self._apart = apart
        self._at = 0.0
        self._last: Thumbnail | None = None

    def choose(self, seconds: float, thumbnail: Thumbnail) -> Choice:
        """Return what becomes of the next frame."""
        if self._last is not None:
            since = seconds - self._at
            if since < self._every and (
                since < self._apart or unlikeness(thumbnail, self._last) < MIN_UNLIKE
            ):
                return Choice.PASS
            if is_still(thumbnail, self._last):
                self._at = seconds
                return Choice.KNOWN
        self._at, self._last = seconds, thumbnail
        return Choice.LOOK
