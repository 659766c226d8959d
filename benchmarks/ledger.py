"""What the ledger costs: entries a second put on record at growing sizes, and its verification.

Entries are those of a screened picture: a body of ids and words, four subjects, and particulars.
Appended one by one each is on the disk before the next begins, so the figure is that of the disk;
in one transaction it is that of the ledger. Beside it the disk alone is timed: a small write made
certain, as each entry needs several.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _common import environment, parser, print_table, write

from screening.approvals import EntryKind, Store, verify

SIZES = (0, 10_000, 100_000)
QUICK_SIZES = (0, 500, 1_000)


def main() -> None:
    """Measure at each size, print and write."""
    options = parser("ledger", __doc__ or "")
    options.add_argument("--quick", action="store_true", help="so few entries that it means little")
    options.add_argument("--singly", type=int, default=200, help="entries timed one by one")
    options.add_argument("--together", type=int, default=2_000, help="entries of one transaction")
    chosen = options.parse_args()
    sizes = QUICK_SIZES if chosen.quick else SIZES
    singly = min(chosen.singly, 20) if chosen.quick else chosen.singly
    about = environment(seeds=[chosen.seed], data_sha256=None)
    rng = np.random.default_rng(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        sync_ms = synced_ms(Path(folder))
        results = {
            str(size): measured(Path(folder), size, singly, chosen.together, rng) for size in sizes
        }
    record = {**about, "quick": chosen.quick, "sync_ms": sync_ms, "entries": results}
    write(chosen.output, record)
    columns = {
        "entries/s singly": "per_second_singly",
        "slowest ms": "slowest_ms",
        "entries/s together": "per_second_together",
        "verify s": "verify_s",
        "MB": "file_mb",
    }
    print_table(
        ["entries before", *columns],
        (
            [f"{int(size):,}", *(f"{r[c]:.4g}" for c in columns.values())]
            for size, r in results.items()
        ),
    )
    print(f"a small write made certain on this disk takes {sync_ms} ms")


def measured(
    folder: Path, size: int, singly: int, together: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Time a store that holds so many entries: appending some, then verifying all."""
    place = folder / f"{size}.store"
    with Store.open(place, create=True) as store:
        fill(store, size, rng)
        took = []
        for _ in range(singly):
            started = time.perf_counter()
            append(store, rng)
            took.append(time.perf_counter() - started)
        started = time.perf_counter()
        fill(store, together, rng)
        together_s = time.perf_counter() - started
        started = time.perf_counter()
        problems = verify(store)
        verify_s = time.perf_counter() - started
    if problems:
        raise SystemExit(f"the ledger is not whole: {problems[0]}")
    return {
        "per_second_singly": round(singly / sum(took), 1),
        "median_ms": round(float(np.median(took)) * 1e3, 2),
        "slowest_ms": round(max(took) * 1e3, 2),
        "per_second_together": round(together / together_s, 1),
        "verified_entries": size + singly + together,
        "verify_s": round(verify_s, 3),
        "file_mb": round(place.stat().st_size / 1e6, 2),
    }


def fill(store: Store, count: int, rng: np.random.Generator) -> None:
    """Put so many entries on record at once."""
    with store.transaction() as transaction:
        for _ in range(count):
            append(transaction, rng)


def append(target: Any, rng: np.random.Generator) -> None:
    """Put on record what a dismissed finding of a picture says."""
    picture, record = rng.bytes(32).hex(), f"work-{rng.integers(10_000)}"
    target.append(
        EntryKind.DISMISSAL,
        body={"reason": "licensed", "policy": "netflix-genai 1", "clauses": ["P1", "G3"]},
        particulars={
            "record": record,
            "title": "A title of a work",
            "path": f"board/{picture}.png",
        },
        subjects=(picture, record, f"{picture} {record}", "netflix-genai"),
    )


def synced_ms(folder: Path) -> float:
    """Return the median time in ms of writing 4 KiB to a file so that a power cut spares it."""
    took = []
    with (folder / "sync").open("wb") as stream:
        for _ in range(50):
            started = time.perf_counter()
            stream.write(bytes(4096))
            stream.flush()
            os.fsync(stream.fileno())
            took.append(time.perf_counter() - started)
    return round(float(np.median(took)) * 1e3, 2)


if __name__ == "__main__":
    main()
