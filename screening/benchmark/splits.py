"""Halves: what is chosen or calibrated on one is reported on the other, and nothing is in both."""

import hashlib
from collections.abc import Iterable, Sequence


def halves(keys: Iterable[str], *, seed: int) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys in two halves, equal ones once; of an odd number the second has one more.

    They are cut in the order of the sha256 of seed and key, which has nothing to do with the order
    they came in or with what they name: adding one key moves one other at most.
    """
    ordered = sorted(set(keys), key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).digest())
    half = len(ordered) // 2
    return frozenset(ordered[:half]), frozenset(ordered[half:])


def groups(trues: Sequence[frozenset[str]]) -> list[str]:
    """Return for each query the name of the group it must stay in.

    trues: the true records of each query, at least one. Queries with a record in common are in one
    group, and so are those that are linked by others.
    """
    above: dict[str, str] = {}

    def top(record: str) -> str:
        while above.setdefault(record, record) != record:
            record = above[record]
        return record

    for true in trues:
        first, *others = sorted(true)
        for other in others:
            above[top(other)] = top(first)
    return [top(min(true)) for true in trues]
