"""Clips: frames at scene changes and at a steady rate, with their times, never all in memory.

Decoded by PyAV. The demuxer is the one that the file's signature names, and it may open no other
file: playlists and references inside a clip lead nowhere.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image

from screening.errors import UnreadError
from screening.images.boundary import decoding
from screening.images.color import canonical
from screening.images.files import ClipFile
from screening.images.frame import Frame, frame_of
from screening.images.limits import Budget
from screening.images.sampling import EVERY_SECONDS, THUMBNAIL, Choice, Chooser

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.error import FFmpegError
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_BUFFER = 1 << 20
_MICROSECONDS = 1_000_000
_MOST_DAMAGED = 100
_WIDEST_PIXEL = 4.0
_LEAST_RATE, _MOST_RATE = 1.0, 1000.0
_TURNS = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A frame chosen from a clip.

    number: its place among the clip's frames, from 0. seconds: from the clip's beginning. frame:
    None where it shows what the sample before it showed.
    """

    number: int
    seconds: float
    frame: Frame | None


class Clip:
    """An opened clip; see ``open_clip``.

    seconds: how long it says it is, None where it does not say. rate: its frames a second, None
    where it does not say or they are not evenly spaced. position: seconds of the last frame
    decoded. damage: why not all of it could be looked at, None as long as nothing is wrong.
    """

    def __init__(
        self, container: "InputContainer", budget: Budget, notes: list[str], *, threads: int = 1
    ) -> None:
        from av.stream import Disposition
        from av.video.reformatter import VideoReformatter

        extras = Disposition.attached_pic | Disposition.timed_thumbnails
        streams = [one for one in container.streams.video if not one.disposition & extras]
        if not streams:
            raise UnreadError("video without pictures: sound only")
        self._container, self._budget, self._notes = container, budget, notes
        self._stream: VideoStream = streams[0]
        self._to_rgb, self._to_gray = VideoReformatter(), VideoReformatter()
        budget.check_size((self._stream.width, self._stream.height))
        self._stream.codec_context.thread_count = threads
        self._stream.thread_type = "AUTO"
        base = self._stream.time_base
        start = self._stream.start_time
        self._start = float(start * base) if start and base else 0.0
        self.seconds = self._said_seconds(base)
        self._rate = self._said_rate()
        even = self._stream.average_rate == self._stream.base_rate
        self.rate = self._rate if even else None
        self.position = 0.0
        others = len(streams) - 1
        self.damage = f"{others} of {len(streams)} picture tracks not looked at" if others else None

    def samples(self, *, every: float = EVERY_SECONDS, apart: float = 0.0) -> Iterator[Sample]:
        """Yield the frames that a Chooser chooses, in order, each decoded and let go.

        What is damaged is left out, and ``damage`` says so. Raises UnreadError where the budget of
        the clip is spent, or a frame is too large.
        """
        chooser = Chooser(every=every, apart=apart)
        for number, frame in enumerate(self._frames()):
            self.position = seconds = self._time(frame, number)
            choice = chooser.choose(seconds, self._thumbnail(frame))
            if choice is not Choice.PASS:
                look = choice is Choice.LOOK
                shown = self._upright(frame, number, seconds) if look else None
                yield Sample(number=number, seconds=seconds, frame=shown)
        if self.seconds and self.seconds - self.position > max(1.0, self.seconds / 20):
            self._damaged(f"ends at {clock(self.position)} of {clock(self.seconds)}")

    def spread(self, count: int) -> Iterator[Sample]:
        """Yield so many frames evenly over the clip, each one that stands alone in the stream.

        Only those are decoded, so that a long clip takes no longer than a short one. Fewer where
        several places lead to one frame.
        """
        assert self.seconds
        last = -1.0
        for place in range(count):
            self._budget.check_time()
            wanted = self.seconds * (place + 0.5) / count
            self._container.seek(int((self._start + wanted) * _MICROSECONDS))
            frame = next(self._frames(), None)
            if frame is None:
                return
            stated = self._stated(frame)
            seconds = wanted if stated is None else stated
            if seconds > last:
                self.position = last = seconds
                number = round(seconds * self._rate)
                shown = self._upright(frame, number, seconds)
                yield Sample(number=number, seconds=seconds, frame=shown)

    def _frames(self) -> Iterator["VideoFrame"]:
        """Yield the frames that could be decoded whole, in the order in which they are shown."""
        from av.error import FFmpegError

        packets, lost = self._container.demux(self._stream), 0
        while True:
            self._budget.check_time()
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                self._damaged(f"cannot be read beyond {clock(self.position)} ({_reason(error)})")
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except FFmpegError:
                frames, lost = [], lost + 1
                self._damaged(f"damaged at {clock(self.position)}")
                if lost > _MOST_DAMAGED:
                    return
            for frame in frames:
                if frame.is_corrupt:
                    self._damaged(f"damaged at {clock(self.position)}")
                else:
                    yield frame

    def _damaged(self, what: str) -> None:
        self.damage = self.damage or what

    def _said_seconds(self, base: Any) -> float | None:
        if self._stream.duration and base:
            said = float(self._stream.duration * base)
        else:
            said = (self._container.duration or 0) / _MICROSECONDS
        return said if said > 0 else None

    def _said_rate(self) -> float:
        """Return frames a second, some likely number where the clip says nothing sensible."""
        rate = float(self._stream.average_rate or self._stream.guessed_rate or 0)
        return rate if _LEAST_RATE <= rate <= _MOST_RATE else 25.0

    def _time(self, frame: "VideoFrame", number: int) -> float:
        """Return a frame's time: by its number where it has none, after the last one's in any case.

        Where a stream begins to count anew, as one put together of several does, it goes on.
        """
        stated = self._stated(frame)
        if stated is None:
            return max(number / self._rate, self.position)
        if stated >= self.position:
            return stated
        goes_on = self.position + (1 / self._rate if number else 0.0)
        self._start += stated - goes_on
        return goes_on

    def _stated(self, frame: "VideoFrame") -> float | None:
        """Return the seconds that a frame states, None where it states none."""
        if frame.pts is None or frame.time_base is None:
            return None
        return float(frame.pts * frame.time_base) - self._start

    def _thumbnail(self, frame: "VideoFrame") -> Any:
        small = self._to_gray.reformat(frame, *THUMBNAIL, "gray", interpolation="AREA", threads=1)
        return small.to_ndarray()

    def _upright(self, frame: "VideoFrame", number: int, seconds: float) -> Frame:
        """Return a frame as it is shown: square pixels, turned upright, at working size."""
        self._budget.check_size((frame.width, frame.height))
        width, height = self._shown_size(frame)
        self._budget.check_size((width, height))
        with decoding("video"):
            rgb = self._to_rgb.reformat(frame, width, height, "rgb24", threads=1).to_ndarray()
            image = canonical(Image.fromarray(rgb), None, self._notes)
            turn = frame.rotation % 360
            if turn in _TURNS:
                image = image.transpose(_TURNS[turn])
        size = (height, width) if turn in {90, 270} else (width, height)
        return frame_of(image, index=number, size=size, seconds=seconds)

    def _shown_size(self, frame: "VideoFrame") -> tuple[int, int]:
        shape = float(self._stream.sample_aspect_ratio or 1)
        if shape > 1 and shape <= _WIDEST_PIXEL:
            return round(frame.width * shape), frame.height
        if shape < 1 and shape >= 1 / _WIDEST_PIXEL:
            return frame.width, round(frame.height / shape)
        return frame.width, frame.height


@contextmanager
def open_clip(
    clip: ClipFile | tuple[BytesIO, str], budget: Budget, notes: list[str], *, threads: int = 1
) -> Iterator[Clip]:
    """Open the file of a clip, or its bytes and the demuxer for them.

    threads: that decode. Raises UnreadError.
    """
    import av

    with ExitStack() as stack:
        stream: BinaryIO
        if isinstance(clip, ClipFile):
            stream, demuxer = stack.enter_context(clip.opened()), clip.demuxer
        else:
            stream, demuxer = clip
        try:
            container = av.open(
                stream, "r", format=demuxer, buffer_size=_BUFFER, io_open=_nothing_else
            )
            stack.callback(container.close)
        except av.FFmpegError as error:
            raise UnreadError(f"broken or truncated video ({_reason(error)})") from error
        with decoding("video"):
            opened = Clip(container, budget, notes, threads=threads)
        yield opened


def _reason(error: "FFmpegError") -> str:
    return (error.strerror or "no reason given").lower()


def _nothing_else(url: str, _flags: int, _options: dict[str, str]) -> BinaryIO:
    raise FileNotFoundError(f"{url} is not opened")


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, after hours where there are some."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
