"""Time of a search among many embeddings, through the index and of the engine alone, on one core.

No pictures were embedded: the references are a seeded mixture of 4,000 Gaussian clusters on the
sphere of 512 dimensions, as pictures of a kind stand together; two of a cluster have a cosine of
0.6 to 0.8. A query is a stored vector, turned away to a cosine of 0.85 to 0.95, as a changed copy
is. The cluster centers are unrelated, so that real embeddings are harder to tell apart: what lists
find of those is measured when they are made, and told by ``ReferenceIndex.recall``. The index is
written by IndexWriter, four windows an image and an image a record, and searched in a new process.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.manifest import read_manifest
from reference_index.segments import Segment
from reference_index.vectors.faiss_cosine import FaissCosine, nearest_rows

CHANNEL = "embedding:benchmark"
DIMENSIONS = 512
CLUSTERS = 4_000
WITHIN = (0.6, 0.8)  # cosine of two of a cluster
ALIKE = (0.85, 0.95)  # cosine of a query and what it was made of
WINDOWS = 4
RECORDS_AT_ONCE = 4_000
QUERIES = 500
ORACLE_QUERIES = 200
K = 5
# The level that unrelated vectors here have, and what next to no pair of them exceeds.
STRANGERS = (0.08, 0.85)

Floats = npt.NDArray[np.float32]


def main() -> None:
    """Measure at each size in a process of its own, print and write."""
    # Not wherever this is imported: what it brings would count as memory of the search.
    from _common import environment, parser, print_table, write

    options = parser("embedding_search", __doc__ or "")
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    chosen = options.parse_args()
    about = environment(seeds=[chosen.seed], data_sha256=None)
    results = {}
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "works.index"
            built = build(index, size, np.random.default_rng(chosen.seed))
            results[str(size)] = {**built, **alone(index, chosen.seed)}
    write(chosen.output, {**about, "references": results})
    columns = {
        "build s": "build_s",
        "ms a query": "ms_per_query",
        "with levels": "ms_per_query_with_levels",
        "ms engine": "ms_per_query_engine",
        "first ms": "first_query_ms",
        "MB": "peak_memory_mb",
        "recall@1": "recall_at_1",
        f"recall@{K}": "recall_at_k",
        "as made": "recall_when_made",
    }
    rows = (
        [f"{int(size):,}", *(_cell(r[c]) for c in columns.values())] for size, r in results.items()
    )
    print_table(["references", *columns], rows)


def _cell(value: float | None) -> str:
    return "exact" if value is None else f"{value:.3g}"


def build(path: Path, size: int, rng: np.random.Generator) -> dict[str, Any]:
    """Write an index of so many references, and say how long it took."""
    making = 0.0
    started = time.perf_counter()
    with IndexWriter(path, settings={"hash": "benchmark", CHANNEL: "benchmark"}) as writer:
        centers = unit(rng.standard_normal((CLUSTERS, DIMENSIONS), np.float32))
        within = rng.uniform(*WITHIN, CLUSTERS).astype(np.float32)
        for start in range(0, size // WINDOWS, RECORDS_AT_ONCE):
            count = min(RECORDS_AT_ONCE, size // WINDOWS - start)
            made, made_ms = timed(lambda count=count: drawn(centers, within, count, rng))
            making += made_ms / 1e3
            for number, windows in enumerate(made, start):
                record = Record(id=f"work-{number}", kind=Kind.WORK, title=f"work {number}")
                writer.put_record(record)
                writer.add_image(
                    record.id,
                    None,
                    sha256=hashlib.sha256(record.id.encode()).hexdigest(),
                    width=1024,
                    height=1024,
                    source="",
                    vectors={CHANNEL: windows},
                )
        adding = time.perf_counter() - started - making
        _, sealing_ms = timed(writer.commit)
    return {
        "build_s": round(adding + sealing_ms / 1e3, 1),
        "adding_ms_per_image": round(adding * 1e3 / (size / WINDOWS), 3),
        "sealing_s": round(sealing_ms / 1e3, 1),
    }


def drawn(centers: Floats, within: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return the vectors of so many images: float32 (count, WINDOWS, DIMENSIONS)."""
    clusters = rng.integers(0, CLUSTERS, count * WINDOWS)
    noise = unit(rng.standard_normal((len(clusters), DIMENSIONS), np.float32))
    share = within[clusters, None]
    vectors = unit(np.sqrt(share) * centers[clusters] + np.sqrt(1 - share) * noise)
    return vectors.reshape(count, WINDOWS, DIMENSIONS)


def unit(vectors: Floats) -> Floats:
    """Return vectors with length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def alone(index: Path, seed: int) -> dict[str, Any]:
    """Return what a process of its own measures, on one processor."""
    done = subprocess.run(
        [sys.executable, __file__, "measure", str(index), str(seed)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def measure(path: Path, seed: int) -> dict[str, Any]:
    """Time opening, the first query and single ones; compare with every cosine."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    queries = planted(path, np.random.default_rng([seed, 1]))
    opened, open_ms = timed(lambda: ReferenceIndex.open(path))

    def search(row: int, strangers: tuple[float, float] | None) -> Any:
        those = queries[row : row + 1]
        return opened.search_vectors(CHANNEL, those, k=K, strangers=strangers)[0]

    _, first_ms = timed(lambda: search(0, None))
    _, levels_ms = timed(lambda: search(0, STRANGERS))
    # Each block of the raw vectors is verified when it is first read: 500 queries read most.
    _, verifying_ms = timed(lambda: [search(row, None) for row in range(QUERIES)])
    found, times = zip(*(timed(lambda r=r: search(r, None)) for r in range(QUERIES)), strict=True)
    levelled = [timed(lambda r=r: search(r, STRANGERS))[1] for r in range(QUERIES)]
    peak = peak_memory_mb()
    recall = opened.recall(CHANNEL)
    opened.close()
    return {
        "open_ms": round(open_ms, 1),
        "first_query_ms": round(first_ms, 1),
        "first_query_with_levels_ms": round(levels_ms, 1),
        "ms_per_query_first_500": round(verifying_ms / QUERIES, 2),
        "ms_per_query": round(float(np.median(times)), 3),
        "ms_per_query_95": round(float(np.percentile(times, 95)), 3),
        "ms_per_query_with_levels": round(float(np.median(levelled)), 3),
        "ms_per_query_with_levels_95": round(float(np.percentile(levelled, 95)), 3),
        "peak_memory_mb": peak,
        "disk_mb": round(sum(f.stat().st_size for f in path.rglob("*")) / 1e6),
        "recall_when_made": recall,
        "queries": QUERIES,
        **engine_alone(path, queries),
        **beside_oracle(path, queries, found),
    }


def peak_memory_mb() -> int:
    """Return the most memory that this process had, mapped pages of the index included.

    What the kernel tells by getrusage would count the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(line.split()[1]) * 1024 / 1e6)


def engine_alone(path: Path, queries: Floats) -> dict[str, Any]:
    """Time the search of the largest segment without anything around it."""
    entry = max(read_manifest(path).segments, key=lambda entry: entry.rows)
    with closing(Segment(path, entry)) as segment:
        source = segment.vectors(CHANNEL)
        assert source is not None
        if source.entry.lists is None:
            vectors = source.all().vectors
            nearest = lambda query: nearest_rows(vectors, query, K)  # noqa: E731
        else:
            lists = source.lists()
            nearest = lambda query: lists.nearest(query, K)  # noqa: E731
        times = [timed(lambda r=r: nearest(queries[r : r + 1]))[1] for r in range(QUERIES)]
    return {
        "ms_per_query_engine": round(float(np.median(times)), 3),
        "segment": {"rows": source.entry.rows, "lists": _described(source.entry.lists)},
    }


def _described(lists: Any) -> Any:
    if lists is None:
        return None
    names = ("at_1", "at_10", "held_out_at_1", "held_out_at_10")
    recall = {name: getattr(lists.recall, name) for name in names}
    return {"nprobe": lists.nprobe, "rerank": lists.rerank, "error": lists.error, **recall}


def beside_oracle(path: Path, queries: Floats, found: Any) -> dict[str, Any]:
    """Say how many of the records that all cosines give were found."""
    with ReferenceIndex.open(path, vector_engine=FaissCosine) as oracle:
        expected = oracle.search_vectors(CHANNEL, queries[:ORACLE_QUERIES], k=K)
    pairs = [*zip(found[:ORACLE_QUERIES], expected, strict=True)]
    first = [near[0].record_id == best[0].record_id for near, best in pairs]
    shares = [
        len({n.record_id for n in near} & {b.record_id for b in best}) / K for near, best in pairs
    ]
    off = [
        abs(n.score - b.score)
        for near, best in pairs
        for n in near
        for b in best
        if n.record_id == b.record_id
    ]
    return {
        "recall_at_1": float(np.mean(first)),
        "recall_at_k": round(float(np.mean(shares)), 4),
        "scores_off_by": max(off),
        "oracle_queries": ORACLE_QUERIES,
    }


def planted(path: Path, rng: np.random.Generator) -> Floats:
    """Return queries (QUERIES, DIMENSIONS), each close to a reference."""
    file = max(path.rglob("*.vectors"), key=lambda f: f.stat().st_size)
    rows = file.stat().st_size // (4 * DIMENSIONS)
    chosen = rng.choice(rows, QUERIES, replace=False)
    # Read row by row: mapped, the file would count as memory of this process.
    with file.open("rb") as opened:
        vectors = np.array([_row(opened, int(row)) for row in chosen])
    noise = rng.standard_normal(vectors.shape, np.float32)
    noise -= (noise * vectors).sum(axis=1, keepdims=True) * vectors
    alike = rng.uniform(*ALIKE, (QUERIES, 1)).astype(np.float32)
    return unit(alike * vectors + np.sqrt(1 - alike**2) * unit(noise))


def _row(file: Any, number: int) -> Floats:
    file.seek(number * 4 * DIMENSIONS)
    return np.frombuffer(file.read(4 * DIMENSIONS), np.float32)


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and its milliseconds."""
    started = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - started) * 1e3


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
