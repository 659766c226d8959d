"""Pictures screened against an index by the local channel alone, in several processes."""

import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from _common import enroll

from reference_index import Fingerprint, ReferenceIndex
from reference_index.calibration import NullDistribution
from screening.matching.local import local_matches

PROMISES = (1e-1, 1e-2, 1e-3)
CHUNK = 25

Scores = npt.NDArray[np.float64]


def one_thread() -> None:
    """Leave the other processors to the other processes."""
    cv2.setNumThreads(1)


def against(
    workers: Pool,
    queries: Sequence[Fingerprint],
    references: Sequence[Fingerprint],
) -> Scores:
    """Return what each query scores against each reference: (queries, references).

    0 where it was not found.
    """
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "works.index"
        enroll(index, references)
        parts = [queries[start : start + CHUNK] for start in range(0, len(queries), CHUNK)]
        rows = workers.starmap(scores_of, [(index, part) for part in parts], chunksize=1)
    return np.concatenate(rows)


def scores_of(path: Path, queries: Sequence[Fingerprint]) -> Scores:
    """Return what some pictures score against the records of an index."""
    with ReferenceIndex.open(path) as index:
        table = np.zeros((len(queries), index.record_count))
        for row, query in zip(table, queries, strict=True):
            for match in local_matches(query, [index]):
                row[int(match.record_id)] = match.score
    return table


def observed(null: NullDistribution, table: Scores, *, references: int) -> list[dict[str, Any]]:
    """Return, for each promise, how many false alarms the queries of a table raise."""
    rows = []
    for promise in PROMISES:
        limit = null.score_at(promise, references=references)
        alarms = table >= limit
        rows.append({
            "references": references,
            "images": len(table),
            "promised": promise,
            "min_score": round(limit, 3),
            "observed": round(float(alarms.sum()) / len(table), 5),
            "images_with_a_false_alarm": int(alarms.any(axis=1).sum()),
        })  # fmt: skip
    return rows


def told(row: Mapping[str, Any]) -> list[str]:
    """Return promised and observed as the tables show them."""
    return [
        f"{row['promised']:g}",
        f"{row['min_score']:.2f}",
        f"{row['observed']:.2g}",
        f"{row['images_with_a_false_alarm']} of {row['images']}",
    ]
