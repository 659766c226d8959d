"""A film read frame by frame; ``main`` is the process that does it.

It sends what it looks at frame by frame, so that a film of any length takes the memory of a few
frames, and one that crashes its decoder has told until then what was seen.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from screening.errors import ModelBrokenError, UnreadError
from screening.examine import Examined
from screening.images import Frame, Limits, load
from screening.images.files import ClipFile
from screening.images.limits import Budget
from screening.images.video import open_clip
from screening.signals import NO_MODELS, Models, fingerprint
from screening.signals.embeddings import prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A film that could be opened: digest of its bytes, and length and rate as in Clip."""

    sha256: str
    seconds: float | None
    rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One sample of a film: its place, and what it gave; None where it shows what the last did."""

    number: int
    seconds: float
    examined: Examined | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The end of a film, or of what could be read; unscreened: why that is not all, in words."""

    unscreened: str | None = None
    notes: tuple[str, ...] = ()


Message = Opened | Looked | Ended


def read(
    path: str, limits: Limits, models: Models = NO_MODELS, *, threads: int = 1
) -> Iterator[Message]:
    """Yield what a film gives: Opened, every sample, Ended; only the last where it is unread."""
    notes: list[str] = []
    try:
        loaded = load(path, limits=limits)
        if not isinstance(loaded.data, ClipFile) or loaded.sha256 is None:
            yield Ended(unscreened=loaded.type.skip.reason if loaded.type.skip else "not a video")
            return
        with open_clip(loaded.data, Budget(limits), notes, threads=threads) as clip:
            yield Opened(sha256=loaded.sha256, seconds=clip.seconds, rate=clip.rate)
            blind = None
            for sample in clip.samples():
                examined = None
                if sample.frame is not None:
                    examined = _examined(sample.frame, path, loaded.sha256, models)
                    blind = blind or examined.unscreened
                yield Looked(number=sample.number, seconds=sample.seconds, examined=examined)
            yield Ended(unscreened=clip.damage or blind, notes=tuple(dict.fromkeys(notes)))
    except UnreadError as error:
        yield Ended(unscreened=error.reason, notes=tuple(dict.fromkeys(notes)))


def _examined(frame: Frame, path: str, sha256: str, models: Models) -> Examined:
    """Return the fingerprint of one frame, without what models see where they cannot look."""
    try:
        return Examined(
            path=path,
            sha256=sha256,
            fingerprints=(fingerprint(frame, sha256=sha256, models=models),),
            prepared=(tuple(prepare(frame.rgb, model) for model in models.together),),
        )
    except ModelBrokenError as error:
        return Examined(
            path=path,
            sha256=sha256,
            fingerprints=(fingerprint(frame, sha256=sha256),),
            unscreened=f"no model could look at it ({error})",
        )


def main(descriptor: int) -> None:
    """Read the one film that is asked for."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # decoders in C print there
        os.dup2(quiet, stream)
    with Connection(descriptor) as connection:
        how: tuple[str, Limits, Models, int] = connection.recv()
        path, limits, models, threads = how
        for message in read(path, limits, models, threads=threads):
            connection.send(message)
