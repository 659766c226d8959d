"""The local channel searched: which enrolled frames a picture's local features vote for."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from reference_index.candidates import LocalCandidate, LocalReference
from reference_index.fingerprint import LocalFeatures
from reference_index.local_features import (
    FRAME_SHIFT,
    Floats,
    decode,
    log2_diameters,
    unit_descriptors,
    unpack_geometry,
    unpack_pose,
)
from reference_index.local_lists import ListRows, LocalRows, codes_of
from reference_index.local_neighbors import LocalLists
from reference_index.local_votes import NEIGHBORS, Hits, best_bins, most_voted, weights
from reference_index.vectors import Ids

FRAMES_OF_A_RECORD = 3


Names = Callable[[Sequence[int]], Mapping[int, str]]
"""From numbers of records to their ids."""


class LocalChannel:
    """The local features of all segments; 17 bytes a frame beyond the files.

    A frame is known by its number among those of all segments, dead ones included.
    """

    def __init__(self, segments: Sequence[LocalRows], dead: Ids) -> None:
        self._segments = tuple(rows for rows in segments if len(rows.frames))
        counts = [len(rows.frames) for rows in self._segments]
        self._bases = np.cumsum([0, *counts])
        self._records = np.concatenate(
            [np.empty(0, np.int64), *(rows.frames["record"] for rows in self._segments)]
        )
        alive = [~np.isin(rows.frames["image"], dead) for rows in self._segments]
        self._alive = np.concatenate([np.empty(0, bool), *alive])
        self._starts = [
            np.cumsum(rows.frames["features"], dtype=np.int64) - rows.frames["features"]
            for rows in self._segments
        ]
        self._rows = [ListRows(rows.sizes) for rows in self._segments]
        self._lists = [
            LocalLists(rows, living) for rows, living in zip(self._segments, alive, strict=True)
        ]

    def search(
        self, views: Sequence[LocalFeatures], *, k: int, names: Names
    ) -> tuple[LocalCandidate, ...]:
        """Return the k pairs of frame and view with most votes; see ReferenceIndex.search_local."""
        hits = self._hits(views)
        pairs, inverse = np.unique(hits.pair, return_inverse=True)
        if not len(pairs):
            return ()
        sums = np.bincount(inverse, hits.weight).astype(np.float64)
        pairs = pairs[most_voted(pairs, sums, self._records[pairs // len(views)])]
        votes = best_bins(hits, pairs)
        best = list(self._spread(pairs, votes, k, len(views)))
        frames = [int(pairs[place]) // len(views) for place in best]
        records = self._records[frames].tolist()
        known = names(records)
        return tuple(
            LocalCandidate(
                record_id=known[record],
                image_id=self._image(frame),
                frame=frame,
                view=int(pairs[place]) % len(views),
                votes=float(votes[place]),
            )
            for place, frame, record in zip(best, frames, records, strict=True)
        )

    def reference(self, frame: int, *, names: Names) -> LocalReference:
        """Return what is kept of a frame. Raises ValueError for one that is not there."""
        if not (0 <= frame < len(self._alive) and self._alive[frame]):
            raise ValueError(
                f"there is no frame {frame}: pass one that search_local of this open index gave"
            )
        segment, ordinal = self._place(frame)
        rows, start = self._segments[segment], int(self._starts[segment][ordinal])
        row = rows.frames[ordinal]
        features = rows.read(self._rows[segment], slice(start, start + int(row["features"])))
        record, aspect = int(row["record"]), float(row["aspect"])
        return LocalReference(
            record_id=names([record])[record],
            image_id=int(row["image"]),
            extents=(min(aspect, 1.0), min(1 / aspect, 1.0)),
            descriptors=decode(codes_of(features)),
            geometry=unpack_geometry(features["id"]),
        )

    def _spread(
        self, pairs: Ids, votes: npt.NDArray[np.float64], k: int, views: int
    ) -> Iterator[int]:
        """Yield the positions of the k best pairs, of each record those of a few frames alone."""
        frames_of: dict[int, set[int]] = {}
        for place in np.lexsort((pairs, -votes)):
            frame = int(pairs[place]) // views
            chosen = frames_of.setdefault(int(self._records[frame]), set())
            if k and (frame in chosen or len(chosen) < FRAMES_OF_A_RECORD):
                chosen.add(frame)
                k -= 1
                yield int(place)

    def _hits(self, views: Sequence[LocalFeatures]) -> Hits:
        """Return the hits of all views among all segments that weigh anything."""
        geometry = np.concatenate([np.empty((0, 4), np.float32), *(v.geometry for v in views)])
        distances, frames, ids = self._nearest(views, len(geometry))
        weight = weights(distances, frames)
        query, rank = np.nonzero(weight > 0)
        view = np.repeat(np.arange(len(views)), [len(one) for one in views])
        angles, octaves = unpack_pose(ids[query, rank])
        return Hits(
            pair=frames[query, rank] * len(views) + view[query],
            weight=weight[query, rank],
            rotation=geometry[query, 3] - angles,
            octaves=log2_diameters(geometry)[query] - octaves,
        )

    def _nearest(self, views: Sequence[LocalFeatures], count: int) -> tuple[Floats, Ids, Ids]:
        """Return distances, frames and packed ids of the nearest hits of every descriptor."""
        if not count or not self._lists:
            empty = np.empty((count, 0), np.int64)
            return empty.astype(np.float32), empty, empty
        descriptors = np.concatenate([unit_descriptors(view.descriptors) for view in views])
        found = [lists.search(descriptors, k=NEIGHBORS) for lists in self._lists]
        distances = np.concatenate([near.distances for near in found], axis=1)
        ids = np.concatenate([near.ids for near in found], axis=1)
        frames = np.concatenate(
            [
                (near.ids >> FRAME_SHIFT) + base
                for near, base in zip(found, self._bases, strict=False)
            ],
            axis=1,
        )
        if len(found) == 1:
            return distances, frames, ids
        order = np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBORS]
        arrays = (np.take_along_axis(array, order, axis=1) for array in (distances, frames, ids))
        return tuple(arrays)  # type: ignore[return-value]

    def _place(self, frame: int) -> tuple[int, int]:
        segment = int(np.searchsorted(self._bases, frame, side="right")) - 1
        return segment, frame - int(self._bases[segment])

    def _image(self, frame: int) -> int:
        segment, ordinal = self._place(frame)
        return int(self._segments[segment].frames["image"][ordinal])
