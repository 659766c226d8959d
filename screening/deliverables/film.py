"""A film read in a process of its own, message by message, however it ends."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from screening.batch import default_workers
from screening.deliverables.reader import Ended, Looked, Message, Opened, read
from screening.images import Limits
from screening.images.video import clock
from screening.report.words import printable
from screening.signals import NO_MODELS, Models

FILM_LIMITS = Limits(max_bytes=1 << 50, max_frames=1 << 30, max_seconds=7 * 86_400.0)
"""What a film may cost: a week. It is silence that ends a reader, not its length."""

_PATIENCE_SECONDS = 120.0
_BYTES_A_SECOND = 20e6
_MOST_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the reading of a film has come.

    seconds, of: in the film, and its length where it says one. frames: that were passed or looked
    at. elapsed: seconds since it was begun.
    """

    path: str
    seconds: float
    of: float | None
    frames: int
    elapsed: float

    @property
    def in_words(self) -> str:
        """A line that says where it is and how fast it goes."""
        of = f" of {clock(self.of)}" if self.of else ""
        rate = self.frames / max(self.elapsed, 1e-3)
        return f"{printable(self.path)}: {clock(self.seconds)}{of}, {rate:.0f} frames/s"


def messages(
    path: str, limits: Limits, models: Models = NO_MODELS, *, workers: int | None = None
) -> Generator[Message]:
    """Yield what a film gives; the last message is always its Ended.

    workers: threads that decode, in a process of their own, one for each processor by default; 0
    reads in this process, where a decoder that crashes ends it.
    """
    count = default_workers() if workers is None else workers
    if count == 0 or os.name != "posix" or not sys.executable:
        yield from read(path, limits, models)
        return
    with closing(_Reader(path, limits, models, min(count, _MOST_THREADS))) as reader:
        yield from reader.messages()


class _Reader:
    """The process that reads one film."""

    def __init__(self, path: str, limits: Limits, models: Models, threads: int) -> None:
        self._path = path
        self._connection, theirs = Pipe()
        # Last in the search path, so that it shadows nothing; -P keeps the current folder out.
        package = str(Path(__file__).parents[2])
        search = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), package)))
        main = f"from screening.deliverables.reader import main; main({theirs.fileno()})"
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter, our own module
            [sys.executable, "-P", "-c", main],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": search},
            start_new_session=True,  # Ctrl-C is the caller's to handle
        )
        theirs.close()
        self._connection.send((path, limits, models, threads))

    def messages(self) -> Iterator[Message]:
        """Yield what the process sends, and an end where it sends none."""
        patience = _PATIENCE_SECONDS + _size(self._path) / _BYTES_A_SECOND  # while it is digested
        at = 0.0
        while True:
            message = _received(self._connection, patience)
            if isinstance(message, str):
                self.close()
                status = self._process.returncode
                why = message or f"decoder crashed (status {status})"
                yield Ended(unscreened=f"{why}, not looked at beyond {clock(at)}")
                return
            yield message
            if isinstance(message, Ended):
                return
            if isinstance(message, Looked):
                at = message.seconds
            patience = _PATIENCE_SECONDS

    def close(self) -> None:
        """End the process at once."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


def _received(connection: Connection, patience: float) -> Message | str:
    """Return the next message; text where there will be none, empty where the process died."""
    try:
        if not connection.poll(patience):
            return f"decoder silent for {patience:.0f} s"
        message: Message = connection.recv()
    except (EOFError, OSError):
        return ""
    return message


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


class Stopwatch:
    """Where a film stands, message by message."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._started = time.monotonic()
        self._of: float | None = None

    def at(self, message: Message) -> Position | None:
        """Return how far the film has come; None before its first frame."""
        if isinstance(message, Opened):
            self._of = message.seconds
            self._started = time.monotonic()
        if not isinstance(message, Looked):
            return None
        return Position(
            path=self._path,
            seconds=message.seconds,
            of=self._of,
            frames=message.number + 1,
            elapsed=time.monotonic() - self._started,
        )
