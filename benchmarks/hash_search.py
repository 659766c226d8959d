"""Hash search at one and ten million references: time, memory, equality with the exact oracle.

A query is one picture, all eight isometries, in a process that has one processor. The references
are random codes with half of their bits set, as the median makes them, in an index as it lies on
the disk; for every query one of them is planted some bits away, so that there is something to find.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from _common import environment, parser, print_table, write

from reference_index import Candidate, IndexWriter, Kind, Record, ReferenceIndex
from reference_index.fingerprint import HASH_BITS, HASH_BYTES, HASH_CHANNEL, ISOMETRIES
from reference_index.vectors.exact import ExactHamming

QUERIES = 20
BATCH = 32
PLANTED_BITS = 40
# The references are frames of a few images, so that filling the catalog does not take the time.
FRAMES = 10_000
ORACLE_QUERIES = 2
MIN_SCORE = HASH_BITS - 2 * PLANTED_BITS

Codes = npt.NDArray[np.uint8]


def main() -> None:
    """Measure at each size in a process of its own, print and write."""
    options = parser("hash_search", __doc__ or "")
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    options.add_argument("--measure", type=Path, metavar="INDEX", help="measure one, print JSON")
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure)))
        return
    about = environment(seeds=[chosen.seed], data_sha256=None)
    results = {}
    for size in chosen.sizes:
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "works.index"
            build(index, size, np.random.default_rng(chosen.seed))
            results[str(size)] = alone(index)
    write(chosen.output, {**about, "references": results})
    print_table(
        ["references", "ms a query", f"ms each in {BATCH}", "open ms", "first ms", "MiB", "equal"],
        [
            [
                f"{int(size):,}",
                f"{r['ms_per_query']:.0f}",
                f"{r['ms_per_query_in_batches']:.0f}",
                f"{r['open_ms']:.0f}",
                f"{r['first_query_ms']:.0f}",
                f"{r['peak_memory_mib']:.0f}",
                str(r["equals_oracle"]).lower(),
            ]
            for size, r in results.items()
        ],
    )


def build(path: Path, size: int, rng: np.random.Generator) -> None:
    """Write an index of so many references, each image a record."""
    with IndexWriter(path, settings={HASH_CHANNEL: "benchmark"}) as writer:
        for number in range(size // FRAMES):
            record = Record(id=f"work-{number}", kind=Kind.WORK, title=f"work {number}")
            writer.put_record(record)
            writer.add_image(
                record.id,
                half_set(rng, FRAMES),
                sha256=hashlib.sha256(record.id.encode()).hexdigest(),
                width=1024,
                height=1024,
                source="",
            )


def half_set(rng: np.random.Generator, count: int) -> Codes:
    """Return codes with exactly half of their bits set: (count, 32)."""
    ranks = rng.random((count, HASH_BITS)).argsort(axis=1)
    return np.packbits(ranks < HASH_BITS // 2, axis=1)


def alone(index: Path) -> dict[str, Any]:
    """Return what a process of its own measures, on one processor."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure", str(index)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def measure(path: Path) -> dict[str, Any]:
    """Time opening, the first query, single ones and batches; compare with the oracle."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rng = np.random.default_rng(1)
    opened, open_ms = timed(lambda: ReferenceIndex.open(path))
    queries = planted(path, rng)

    def search(those: Codes) -> list[tuple[Candidate, ...]]:
        return opened.search_hashes(those, k=1, min_score=MIN_SCORE)

    _, first_ms = timed(lambda: search(queries[:1]))
    times = [timed(lambda row=row: search(queries[row : row + 1]))[1] for row in range(QUERIES)]
    batch = np.concatenate([queries, queries])[:BATCH]
    _, batch_ms = timed(lambda: search(batch))
    found = search(queries)
    # as the kernel counts it: mapped pages of the index included
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    oracle = ReferenceIndex.open(path, engine=ExactHamming)
    expected = oracle.search_hashes(queries[:ORACLE_QUERIES], k=1, min_score=MIN_SCORE)
    return {
        "open_ms": round(open_ms, 1),
        "first_query_ms": round(first_ms, 1),
        "ms_per_query": round(float(np.median(times)), 2),
        "ms_per_query_range": [round(min(times), 2), round(max(times), 2)],
        "ms_per_query_in_batches": round(batch_ms / BATCH, 2),
        "peak_memory_mib": round(peak, 1),
        "disk_mib": round(sum(f.stat().st_size for f in path.rglob("*")) / 2**20, 1),
        "planted_found": sum(best[0].score == HASH_BITS - PLANTED_BITS for best in found),
        "queries": QUERIES,
        "equals_oracle": found[:ORACLE_QUERIES] == expected,
    }


def planted(path: Path, rng: np.random.Generator) -> Codes:
    """Return queries (QUERIES, 8, 32): one row of each lies PLANTED_BITS from a reference."""
    file = max(path.rglob("hash.codes"), key=lambda f: f.stat().st_size)
    references = np.memmap(file, np.uint8, "r").reshape(-1, HASH_BYTES)
    queries = half_set(rng, QUERIES * len(ISOMETRIES)).reshape(QUERIES, -1, HASH_BYTES)
    for query, row in zip(queries, rng.integers(0, len(references), QUERIES), strict=True):
        flips = np.zeros(HASH_BITS, np.uint8)
        flips[rng.choice(HASH_BITS, PLANTED_BITS, replace=False)] = 1
        query[rng.integers(0, len(ISOMETRIES))] = references[row] ^ np.packbits(flips)
    return queries


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and its milliseconds."""
    started = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - started) * 1e3


if __name__ == "__main__":
    main()
