"""The process that decodes: ``python -m screening.worker FD``, one of several behind a scan.

A decoder that crashes or hangs takes this process with it, never the scan: every file runs under
an alarm whose default action ends the process even inside a C library.
"""

import os
import signal
import sys
import time
from multiprocessing.connection import Connection

import cv2

from screening.examine import Examined, examine
from screening.images import Limits, Seen
from screening.signals import Models

FLUSH_SECONDS = 0.05
"""Answers are sent together at most this long after the first: small files cost no round trip
each, and of a process that dies only so much is done again."""


def main(descriptor: int) -> None:
    """Answer jobs (tuples of paths, or of what was seen there) until the other end closes."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # whoever started the scan may have ignored it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    quiet = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # decoders in C print there
        os.dup2(quiet, stream)
    with Connection(descriptor) as connection:
        how: tuple[Limits, Models, bool] = connection.recv()
        connection.send(())  # ready
        while True:
            try:
                job: tuple[Seen | str, ...] = connection.recv()
            except EOFError:
                return
            _answer(job, how, connection)


def _answer(
    job: tuple[Seen | str, ...], how: tuple[Limits, Models, bool], connection: Connection
) -> None:
    """Send what was found in each file of a job, in order, a few at a time."""
    limits = how[0]
    done: list[Examined] = []
    flushed = time.monotonic()
    for seen in job:
        signal.setitimer(signal.ITIMER_REAL, limits.max_seconds)
        done.append(examine(seen, *how))
        signal.setitimer(signal.ITIMER_REAL, 0)
        if time.monotonic() - flushed > FLUSH_SECONDS:
            connection.send(tuple(done))
            done, flushed = [], time.monotonic()
    if done:
        connection.send(tuple(done))


if __name__ == "__main__":
    cv2.setNumThreads(1)  # there is a worker for every processor
    main(int(sys.argv[1]))
