"""A clip as a picture of several frames: at most as many as are looked at of any file."""

from collections.abc import Iterator
from io import BytesIO

from screening.errors import UnreadError
from screening.images.files import ClipFile
from screening.images.frame import Frame
from screening.images.limits import Budget
from screening.images.sampling import EVERY_SECONDS
from screening.images.sources import Source
from screening.images.video import Clip, clock, open_clip


class ClipSource(Source):
    """A clip as a picture of several frames, at most as many as its budget allows.

    Where one a second and those at changes may be too many, two lie further apart; where one a
    second alone is, so many are spread over the clip, and it counts as not looked at wholly.
    """

    sequential = True
    sampled = True
    complete = False

    def __init__(
        self, clip: ClipFile | tuple[BytesIO, str], budget: Budget, notes: list[str]
    ) -> None:
        super().__init__(b"", budget, notes)
        self.count = budget.max_frames
        self._frames = self._sampled(clip)

    def frame(self, index: int) -> Frame | None:  # noqa: ARG002  they come in order
        """Return the next frame, None after the last."""
        return next(self._frames, None)

    def _sampled(self, clip: ClipFile | tuple[BytesIO, str]) -> Iterator[Frame]:
        """Yield the frames of the sample; after the last, how many there should be is known."""
        most, taken, stopped = self._budget.max_frames, 0, False
        with open_clip(clip, self._budget, self._notes) as opened:
            seconds = opened.seconds or 0.0
            steady = int(seconds / EVERY_SECONDS) + 1
            apart = min(seconds / max(most - 1, 1), EVERY_SECONDS)
            samples = opened.spread(most) if steady > most else opened.samples(apart=apart)
            try:
                for sample in samples:
                    stopped = self._budget.ending or (sample.frame is not None and taken == most)
                    if stopped:
                        break
                    if sample.frame:
                        taken += 1
                        yield sample.frame
            finally:
                whole = steady <= most and not stopped and opened.damage is None
                left = 0 if whole else max(1, int(seconds - opened.position))
                self.count = steady if steady > most else taken + left
                self.complete = self.count == taken
                self._tell(opened, taken, apart)
            if not taken:
                raise UnreadError(opened.damage or "video without a picture")

    def _tell(self, opened: Clip, taken: int, apart: float) -> None:
        """Note what the sample is, for the result is only about that."""
        length = f" of {clock(opened.seconds)}" if opened.seconds else ""
        rate = f" at {opened.rate:.6g} a second" if opened.rate else ""
        short = f", of shots under {apart:.1f} s perhaps none" if apart >= 0.1 else ""
        self._notes.append(f"sampled: {taken} frames{length}{rate}{short}")
        if opened.damage:
            self._notes.append(opened.damage)
