"""Where the time of a query goes."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reference_index import Among, LocalCandidate, LocalFeatures, ReferenceIndex
from reference_index.local_neighbors import Floats, LocalLists, Near

NEAREST = "nearest local features"
SEARCH = "local search and votes"


class Clock:
    """Milliseconds that each step took, of each query."""

    def __init__(self) -> None:
        self.ms: defaultdict[str, list[float]] = defaultdict(list)

    @contextmanager
    def timing(self, step: str) -> Iterator[None]:
        """Time what is done within."""
        started = time.perf_counter()
        yield
        self.ms[step].append((time.perf_counter() - started) * 1e3)


class TimedIndex(ReferenceIndex):
    """A reference index whose local search is timed by a clock that is given to it."""

    clock: Clock

    def search_local(
        self, views: Sequence[LocalFeatures], *, k: int, among: Among = Among.ALL
    ) -> tuple[LocalCandidate, ...]:
        """Search as the product does."""
        with self.clock.timing(SEARCH):
            return super().search_local(views, k=k, among=among)


def time_neighbors(clock: Clock) -> None:
    """Time, from now on, what the lists of every segment take for their nearest features."""
    search = LocalLists.search

    def timed(lists: LocalLists, descriptors: Floats, *, k: int) -> Near:
        with clock.timing(NEAREST):
            return search(lists, descriptors, k=k)

    LocalLists.search = timed  # type: ignore[method-assign]
