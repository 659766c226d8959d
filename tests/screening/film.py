"""Films for tests: shots of stills, drawn over, moved and encoded as a production would."""

import io
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

RATE = 12
SIZE = (480, 270)
CODEC = "libx264" if "libx264" in av.codecs_available else "mpeg4"


def fitted(picture: Image.Image, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture letterboxed: whole, over black."""
    frame = Image.new("RGB", size)
    factor = min(size[0] / picture.width, size[1] / picture.height)
    small = picture.resize((round(picture.width * factor), round(picture.height * factor)))
    frame.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    return frame


def filled(picture: Image.Image, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture that fills the frame."""
    return picture.resize(size, Image.Resampling.LANCZOS)


def still(picture: Image.Image, seconds: float = 2.0) -> Iterator[Image.Image]:
    """Yield a shot in which nothing moves."""
    for _ in range(round(seconds * RATE)):
        yield picture


def zoom(
    picture: Image.Image, seconds: float = 2.0, *, into: float = 0.75
) -> Iterator[Image.Image]:
    """Yield a slow zoom into the middle of a picture."""
    count = round(seconds * RATE)
    for step in range(count):
        part = 1 - (1 - into) * step / count
        width, height = picture.width * part, picture.height * part
        left, top = (picture.width - width) / 2, (picture.height - height) / 2
        yield picture.resize(
            SIZE, Image.Resampling.BICUBIC, (left, top, left + width, top + height)
        )


def dissolve(one: Image.Image, other: Image.Image, seconds: float = 1.0) -> Iterator[Image.Image]:
    """Yield the passage from one picture to another."""
    count = round(seconds * RATE)
    for step in range(count):
        yield Image.blend(one, other, (step + 1) / (count + 1))


def titled(frames: Iterable[Image.Image], text: str) -> Iterator[Image.Image]:
    """Yield a shot with a title over its lower third."""
    for frame in frames:
        drawn = frame.copy()
        draw = ImageDraw.Draw(drawn)
        draw.rectangle((20, 210, 250, 245), fill=(10, 10, 10))
        draw.text((28, 216), text, fill=(250, 250, 250), font_size=20)
        yield drawn


def write_film(
    place: Path | io.BytesIO,
    frames: Iterable[Image.Image],
    *,
    form: str = "mp4",
    codec: str = CODEC,
    bit_rate: int = 600_000,
    rate: int = RATE,
    times: Sequence[float] | None = None,
    turned: int = 0,
    sound: bool = False,
) -> None:
    """Encode frames as a film.

    times: seconds of each frame, evenly spaced by default. turned: degrees by which a player is to
    turn it. sound: whether it has a silent track too.
    """
    target = str(place) if isinstance(place, Path) else place
    with av.open(target, "w", format=form) as film:
        stream = track = None
        for number, frame in enumerate(frames):
            if stream is None:
                stream = film.add_stream(codec, rate=rate)
                stream.width, stream.height = frame.size
                stream.pix_fmt = "yuv420p"
                stream.bit_rate = bit_rate
                stream.codec_context.gop_size = rate
                stream.codec_context.thread_count = 1
                if codec == "libx264":
                    stream.options = {"preset": "veryfast"}
                if times is not None:
                    stream.codec_context.time_base = Fraction(1, 1000)
                if turned:
                    stream.set_display_rotation(turned)
                track = film.add_stream("aac", rate=44_100, layout="mono") if sound else None
            shown = av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")
            if times is not None:
                shown.pts, shown.time_base = round(times[number] * 1000), Fraction(1, 1000)
            film.mux(stream.encode(shown))
        assert stream is not None
        film.mux(stream.encode())
        if track is not None:
            _add_silence(film, track)


def write_sound(place: Path, *, form: str = "mp4") -> None:
    """Write a file of sound only."""
    with av.open(str(place), "w", format=form) as film:
        _add_silence(film, film.add_stream("aac", rate=44_100, layout="mono"))


def _add_silence(film: "av.container.OutputContainer", track: av.AudioStream) -> None:
    silence = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.float32), "fltp", "mono")
    silence.sample_rate = 44_100
    film.mux(track.encode(silence))
    film.mux(track.encode())
