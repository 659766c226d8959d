"""Many files at once, in worker processes: answers in order, none missing, memory bounded."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from contextlib import closing, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path

from screening.errors import WorkerError
from screening.examine import Examined, completed, examine
from screening.images import Limits, Seen
from screening.signals import NO_MODELS, Models

_LARGEST_JOB = 128
_JOBS_AHEAD = 4
_MOST_FAILED_STARTS = 3
_START_SECONDS = 60.0
_GRACE_SECONDS = 5.0
_WATCH_SECONDS = 1.0


def default_workers() -> int:
    """Return one worker per processor this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def examine_files(
    files: Iterable[Seen],
    *,
    limits: Limits,
    workers: int | None = None,
    models: Models = NO_MODELS,
    said: bool = True,
) -> Iterator[list[Examined]]:
    """Yield what was found in every file, in the order given, in lists of whatever is ready.

    workers: processes, one per processor by default; 0 decodes in this process, where the time
    limit of a file holds only between frames. A file that crashes its process, or outlasts
    ``limits.max_seconds`` in it, comes back as unread. models: what looks at the files by
    weights; a process loads them at its first picture. said: as in ``examine``.
    """
    with closing(Examiner(limits=limits, workers=workers, models=models, said=said)) as examiner:
        yield from examiner.examine(files)


class Examiner:
    """Examines files as ``examine_files`` does, in processes that stay until it is closed.

    They are started as they are needed, for a list of few files no more than one for each.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        workers: int | None = None,
        models: Models = NO_MODELS,
        said: bool = True,
    ) -> None:
        if workers is None:
            workers = default_workers()
        if workers < 0:
            raise ValueError(
                f"workers is {workers}, expected at least 0, or None for all processors"
            )
        in_processes = os.name == "posix" and bool(sys.executable)
        self._workers = workers if in_processes else 0
        self._how = limits, models, said
        self._pool: list[_Worker] = []

    def examine(self, files: Iterable[Seen]) -> Iterator[list[Examined]]:
        """Yield what was found in every file; to be taken to its end before the next is asked."""
        _, models, _ = self._how
        if self._workers == 0:
            yield from (completed([examine(seen, *self._how)], models) for seen in files)
            return
        most = min(self._workers, len(files)) if isinstance(files, Sized) else self._workers
        while len(self._pool) < most:
            self._pool.append(_Worker(*self._how))
        if self._pool:
            yield from (completed(answers, models) for answers in _all(files, self._pool))

    def close(self) -> None:
        """End the processes at once."""
        for worker in self._pool:
            worker.stop()
        self._pool.clear()


@dataclass(slots=True)
class _Job:
    """Consecutive files; ``ahead`` are answered and not yet handed on."""

    left: tuple[Seen, ...]
    ahead: list[Examined] = field(default_factory=list)
    alone: bool = False  # a process died on it: go on file by file

    def answer(self, answers: tuple[Examined, ...]) -> None:
        self.ahead.extend(answers)
        self.left = self.left[len(answers) :]


class _Worker:
    """One decoding process and what it is doing."""

    def __init__(self, limits: Limits, models: Models, said: bool) -> None:
        self._limits, self._how = limits, (limits, models, said)
        self.job: _Job | None = None
        self._failed_starts = 0
        self._start()

    def _start(self) -> None:
        self.connection, theirs = Pipe()
        # Last in the search path, so that it shadows nothing; -P keeps the current folder, which
        # may be the very board that is scanned, out of it.
        package = str(Path(__file__).parent.parent)
        search = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), package)))
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter, our own module
            [sys.executable, "-P", "-m", "screening.worker", str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            env=os.environ | one_thread | {"PYTHONPATH": search},
            start_new_session=True,  # Ctrl-C is the scan's to handle
        )
        theirs.close()
        self.ready = False
        self._late = False
        self._waiting = 0
        self._heard = time.monotonic()
        with suppress(OSError):  # one that ended already is noticed when it is heard
            self.connection.send(self._how)

    @property
    def idle(self) -> bool:
        return self.ready and self._waiting == 0

    @property
    def free(self) -> bool:
        return self.idle and not (self.job and self.job.left)

    def watch(self) -> None:
        """End a process that has been silent for too long: stopped, or deaf to its alarm."""
        patience = self._limits.max_seconds + _GRACE_SECONDS if self.ready else _START_SECONDS
        if not self.idle and time.monotonic() - self._heard > patience:
            self._late = True
            self._died()

    def work(self) -> None:
        """Send what is left of the job, or its first file if the job killed a process before."""
        assert self.job is not None
        files = self.job.left[:1] if self.job.alone else self.job.left
        try:
            self.connection.send(tuple(seen if seen.skip else seen.path for seen in files))
            self._waiting = len(files)
            self._heard = time.monotonic()
        except OSError:  # it ended while idle; the job waits for the next one
            self.stop()
            self._start()

    def receive(self) -> None:
        """Take what the process sent; where it died, blame the file or try one by one."""
        try:
            answers: tuple[Examined, ...] = self.connection.recv()
        except (EOFError, OSError):
            self._died()
            return
        self._heard = time.monotonic()
        if not self.ready:
            self.ready, self._failed_starts = True, 0
        elif self.job is not None:
            self.job.answer(answers)
            self._waiting -= len(answers)

    def _died(self) -> None:
        """Blame the file the process died on, if there was but one, and start another process."""
        self.stop()
        status = self._process.returncode
        if not self.ready:
            self._failed_starts += 1
        if self._failed_starts == _MOST_FAILED_STARTS:
            raise WorkerError(
                f"decoding processes end before they can start (status {status}): run "
                f"'{sys.executable} -P -m screening.worker 0' to see why, or scan with workers=0"
            )
        if self.job is not None and self._waiting:
            if self._waiting == 1:
                late = f"took longer than {self._limits.max_seconds:g} s (the limit of one file)"
                crashed = f"decoder crashed (status {status})"
                reason = late if self._late or status == -signal.SIGALRM else crashed
                self.job.answer((Examined(path=self.job.left[0].path, unread=reason),))
            self.job.alone = True
        self._start()

    def stop(self) -> None:
        """End the process at once."""
        self.connection.close()
        self._process.kill()
        self._process.wait()


def _all(files: Iterable[Seen], pool: list[_Worker]) -> Iterator[list[Examined]]:
    """Yield every answer, and make sure that there is one for every file."""
    taken = handed_on = 0

    def counted() -> Iterator[Seen]:
        nonlocal taken
        for seen in files:
            taken += 1
            yield seen

    source = counted()
    for answers in _run(source, pool):
        handed_on += len(answers)
        yield answers
    if next(source, None) is not None or taken != handed_on:
        raise WorkerError(f"only {handed_on} of {taken} or more files came back: scan again")


def _run(files: Iterator[Seen], pool: list[_Worker]) -> Iterator[list[Examined]]:
    """Keep every worker busy and hand on the answers of the oldest job as they come."""
    jobs: deque[_Job] = deque()  # given out and not handed on, oldest first
    new_jobs = _cut(files, len(pool))
    following = next(new_jobs, None)
    while jobs or following:
        for worker in pool:
            if worker.free and following and len(jobs) < _JOBS_AHEAD * len(pool):
                worker.job = following
                jobs.append(following)
                following = next(new_jobs, None)
            if worker.idle and worker.job and worker.job.left:
                worker.work()
        # What is ready is handed on while the workers are busy, not before they are.
        while jobs and (jobs[0].ahead or not jobs[0].left):
            ready, jobs[0].ahead = jobs[0].ahead, []
            if not jobs[0].left:
                jobs.popleft()
            if ready:
                yield ready
        _listen([worker for worker in pool if not worker.idle])


def _listen(busy: list[_Worker]) -> None:
    """Wait for the next answers, and give up on workers that are silent for too long."""
    by_connection = {id(worker.connection): worker for worker in busy}
    if not busy:
        return
    for connection in wait([worker.connection for worker in busy], _WATCH_SECONDS):
        by_connection[id(connection)].receive()
    for worker in busy:
        worker.watch()


def _cut(files: Iterator[Seen], workers: int) -> Iterator[_Job]:
    """Yield files as jobs: one by one at first, so that something is seen soon, then many."""
    given = 0
    while left := tuple(itertools.islice(files, min(_LARGEST_JOB, 1 + given // (2 * workers)))):
        given += len(left)
        yield _Job(left)
