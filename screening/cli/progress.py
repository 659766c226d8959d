"""A progress bar on standard error where that is a terminal, and nothing otherwise."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from screening.images import walk


def counted(roots: Iterable[Path]) -> int | None:
    """Return how many files a scan of the roots will see, or None where nobody watches."""
    if not sys.stderr.isatty():
        return None
    return sum(1 for root in roots for _ in walk(root))


@contextmanager
def bar(*, total: int | None) -> Iterator[Callable[[], object]]:
    """Show a bar with rate and time left; gives what to call for every file done."""
    hidden = not sys.stderr.isatty()
    with tqdm(total=total, unit=" files", leave=False, disable=hidden) as shown:
        yield shown.update


def say(text: str) -> None:
    """Print a line of talk to standard error, past the bar."""
    tqdm.write(text, file=sys.stderr)
