"""How much of a file is looked at before it is given up: bytes, pixels, frames and seconds."""

import math
import time
from dataclasses import dataclass, fields

from screening.errors import InputInvalidError, UnreadError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds for one file, all inclusive and positive.

    max_bytes: size of the file. max_pixels: width × height of a frame as the header states it,
    before any reduction (the default is Pillow's own bound). max_frames: frames looked at, spread
    evenly over a file that has more. max_seconds: checked between frames; a single decoder call
    is not interrupted. Raises InputInvalidError.
    """

    max_bytes: int = 512 * 1024 * 1024
    max_pixels: int = 178_956_970
    max_frames: int = 64
    max_seconds: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            whole = field.name != "max_seconds"
            if (
                isinstance(value, bool)
                or not isinstance(value, int if whole else (int, float))
                or not (math.isfinite(value) and value > 0)
            ):
                raise InputInvalidError(
                    f"{field.name} is {value!r}, expected a positive "
                    f"{'whole number' if whole else 'number of seconds'}"
                )


class Budget:
    """The limits of one file while it is being decoded; the clock starts at construction."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deadline = time.monotonic() + limits.max_seconds

    def check_size(self, size: tuple[int, int]) -> None:
        """Raise UnreadError when a frame of (width, height) has too many pixels."""
        width, height = size
        if width <= 0 or height <= 0:
            raise UnreadError(f"absurd dimensions: {width} × {height} pixels")
        if width * height > self._limits.max_pixels:
            raise UnreadError(
                f"too large: {width} × {height} pixels, limit {self._limits.max_pixels:,}"
            )

    @property
    def max_frames(self) -> int:
        """How many frames are looked at."""
        return self._limits.max_frames

    @property
    def ending(self) -> bool:
        """Whether four fifths of the file's time are over.

        A clip stops there: at the end of its time the process that decodes is ended, and what it
        had seen is lost.
        """
        return time.monotonic() > self._deadline - self._limits.max_seconds / 5

    @property
    def spent(self) -> bool:
        """Whether the file has had its time."""
        return time.monotonic() > self._deadline

    def check_time(self) -> None:
        """Raise UnreadError when the file has had its time."""
        if self.spent:
            raise UnreadError(f"took longer than {self._limits.max_seconds:g} s")
