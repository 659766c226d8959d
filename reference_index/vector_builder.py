"""Writing the vector channels of a segment: rows as they come, then lists where there are many."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from reference_index.vector_files import (
    ListsEntry,
    Recall,
    VectorEntry,
    lists_file,
    row_files,
)
from reference_index.vector_rows import VectorBuilder, VectorRows
from reference_index.vectors import Ids, Vectors
from reference_index.vectors.list_recall import make_lists

LISTS_FROM = 100_000
"""Rows of a segment from which on lists are made; below, 512 numbers each, a scan takes
milliseconds and finds everything."""


class ChannelBuilders:
    """The vector channels of a segment being written; only those that hold something have files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._builders: dict[str, VectorBuilder] = {}
        self._sizes: dict[str, int] = {}

    def add(self, row: int, record: int, vectors: Mapping[str, Vectors]) -> None:
        """Add the vectors of an image, or of the words in a record row; a higher id than any."""
        for channel, own in vectors.items():
            if len(own):
                self._builder(channel, own.shape[1]).add(row, record, own)

    def copy_live(self, channel: str, source: VectorRows, dead: Ids) -> None:
        """Add all rows of a segment with lower ids but those of the dead."""
        if not np.isin(source.ids, dead).all():
            self._builder(channel, source.vectors.shape[1]).copy_live(source, dead)

    def seal(self, *, lists: bool) -> dict[str, VectorEntry]:
        """Put everything into the files, close them, and return what the manifest says of them.

        lists: whether to make them where there are many rows.
        """
        for builder in self._builders.values():
            builder.seal()
        return {
            channel: VectorEntry(
                rows=builder.count,
                lists=self._made_lists(channel) if lists and builder.count >= LISTS_FROM else None,
            )
            for channel, builder in sorted(self._builders.items())
        }

    def close(self) -> None:
        """Close the files, finished or not."""
        for builder in self._builders.values():
            builder.close()

    def _builder(self, channel: str, size: int) -> VectorBuilder:
        if channel not in self._builders:
            self._builders[channel] = VectorBuilder(self._folder, row_files(channel), dtype="<f4")
            self._sizes[channel] = size
        return self._builders[channel]

    def _made_lists(self, channel: str) -> ListsEntry:
        """Write the file of a channel's lists, and return how they are to be searched."""
        vectors = np.memmap(self._folder / row_files(channel)[0], "<f4", mode="r")
        made = make_lists(vectors.reshape(-1, self._sizes[channel]))
        with (self._folder / lists_file(channel)).open("wb") as file:
            made.lists.write(file.write)
            file.flush()
            os.fsync(file.fileno())
        return ListsEntry(
            nprobe=made.lists.nprobe,
            rerank=made.lists.rerank,
            error=made.error,
            recall=Recall(
                at_1=made.changed[0],
                at_10=made.changed[1],
                held_out_at_1=made.held_out[0],
                held_out_at_10=made.held_out[1],
            ),
        )
