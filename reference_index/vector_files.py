"""The vector channels of an index: their names, their files, and what the manifest says of them.

A vector channel holds unit vectors that a model makes: of pictures (``embedding:MODEL``), or of the
words of records (``concept:MODEL``).
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reference_index.errors import IndexFormatError
from reference_index.fingerprint import (
    CONCEPT_PREFIX,
    EMBEDDING_PREFIX,
    FACE_CHANNEL,
    HASH_CHANNEL,
    LOCAL_CHANNEL,
)
from reference_index.storage import FileEntry

VECTOR_CHANNEL = re.compile(f"({EMBEDDING_PREFIX}|{CONCEPT_PREFIX})[a-z0-9][a-z0-9._-]{{0,63}}")
LISTS_SUFFIX = ".lists"


def vector_channels(settings: Iterable[str], *, prefix: str = "") -> tuple[str, ...]:
    """Return the names of the vector channels among those of an index, sorted.

    prefix: that of the kind wanted, EMBEDDING_PREFIX or CONCEPT_PREFIX.
    """
    return tuple(
        sorted(name for name in settings if name.startswith(prefix) and is_vector_channel(name))
    )


def is_vector_channel(name: str) -> bool:
    """Tell whether this can be the name of a vector channel."""
    return VECTOR_CHANNEL.fullmatch(name) is not None


def check_channels(settings: Iterable[str]) -> None:
    """Raise IndexFormatError for a channel that no index has."""
    known = {HASH_CHANNEL, LOCAL_CHANNEL, FACE_CHANNEL}
    for name in sorted(settings):
        if name not in known and not is_vector_channel(name):
            raise IndexFormatError(
                f"the settings name the channel {name!r}, expected {', '.join(sorted(known))}, "
                f"{EMBEDDING_PREFIX}MODEL or {CONCEPT_PREFIX}MODEL, where MODEL is 1 to 64 of "
                f"a-z, 0-9, '.', '_' and '-' and begins with a letter or digit: rename the channel"
            )


def row_files(channel: str) -> tuple[str, str, str]:
    """Return the names of a channel's files of vectors, ids and owners."""
    stem = _stem(channel)
    return f"{stem}.vectors", f"{stem}.ids", f"{stem}.records"


def lists_file(channel: str) -> str:
    """Return the name of the file of a channel's trained lists, which only large segments have."""
    return _stem(channel) + LISTS_SUFFIX


def _stem(channel: str) -> str:
    return channel.replace(":", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """How often lists find what is nearest, measured when they were made; ties count as found.

    at_1: share of vectors for which the nearest is found first, 0 to 1; at_10: mean share of the
    ten nearest among the first ten. held_out_at_1, held_out_at_10: the same of vectors that were
    not among those that the lists were trained on, as they are, and without themselves.
    """

    at_1: float
    at_10: float
    held_out_at_1: float
    held_out_at_10: float

    def __post_init__(self) -> None:
        if not all(0 <= value <= 1 for value in asdict(self).values()):
            raise ValueError(f"impossible shares: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListsEntry:
    """How the lists of a segment are searched, and what was measured with that.

    nprobe: lists looked into. rerank: coarse neighbors looked at for each that is wanted.
    error: more than their cosines were off.
    """

    nprobe: int
    rerank: int
    error: float
    recall: Recall

    def __post_init__(self) -> None:
        if self.nprobe < 1 or self.rerank < 1 or not 0 <= self.error < math.inf:
            raise ValueError(f"impossible lists: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorEntry:
    """What a segment has of a vector channel: rows, the dead too, and lists where it is large."""

    rows: int
    lists: ListsEntry | None = None

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ValueError(f"a vector channel has {self.rows} rows, expected 1 or more")


def vector_files(entries: Mapping[str, VectorEntry]) -> tuple[str, ...]:
    """Return the names of the files that a segment has of vector channels."""
    return tuple(
        name
        for channel, entry in entries.items()
        for name in (*row_files(channel), *([lists_file(channel)] if entry.lists else []))
    )


def check_sizes(entries: Mapping[str, VectorEntry], files: Mapping[str, FileEntry]) -> None:
    """Raise ValueError where the sizes of a segment's files do not fit their rows."""
    for channel, entry in entries.items():
        if not is_vector_channel(channel):
            raise ValueError(f"{channel!r} is no vector channel")
        vectors, *numbers = (files[name].size for name in row_files(channel))
        if not vectors or vectors % (4 * entry.rows) or numbers != [8 * entry.rows] * 2:
            raise ValueError(f"the vectors of {channel} do not have equally many numbers")


def vector_size(channel: str, entry: VectorEntry, files: Mapping[str, FileEntry]) -> int:
    """Return how many numbers each vector of a channel has."""
    return files[row_files(channel)[0]].size // (4 * entry.rows)


def entry_values(entries: Mapping[str, VectorEntry]) -> dict[str, Any]:
    """Return what the manifest keeps of a segment's vector channels, as JSON values."""
    return {channel: asdict(entry) for channel, entry in entries.items()}


def parse_entries(values: Mapping[str, Any]) -> dict[str, VectorEntry]:
    """Return what ``entry_values`` gave. Raises ValueError, TypeError or KeyError."""
    return {channel: _entry(**value) for channel, value in values.items()}


def _entry(*, rows: Any, lists: Any) -> VectorEntry:
    return VectorEntry(rows=_whole(rows), lists=None if lists is None else _lists(**lists))


def _lists(*, nprobe: Any, rerank: Any, error: Any, recall: Mapping[str, Any]) -> ListsEntry:
    return ListsEntry(
        nprobe=_whole(nprobe),
        rerank=_whole(rerank),
        error=_number(error),
        recall=Recall(**{name: _number(value) for name, value in recall.items()}),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no whole number")
    return value


def _number(value: object) -> float:
    if type(value) not in {int, float}:
        raise TypeError(f"{value!r} is no number")
    return float(value)  # type: ignore[arg-type]
