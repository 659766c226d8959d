"""False alarms of the local channel among pictures that have something in common, none a copy.

Photographs are enrolled and others are asked for, all with the same words, logo, frame or screen on
or around them; every match is false. What the shipped null promises (screening/matching/nulls/
local.json) stands beside what is observed, where all references are dressed alike and where one is.
"""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from multiprocessing.pool import Pool
from typing import Any

import numpy as np
from _common import (
    digest,
    environment,
    fingerprint_of,
    load,
    parser,
    pictures,
    print_table,
    write,
)
from _local import CHUNK, against, observed, one_thread, told

from reference_index import Fingerprint
from reference_index.fingerprint import LOCAL_CHANNEL
from screening.evaluation.distractors import DRESSES, dressed
from screening.matching import default_null

ALONE_IN = 4  # indexes with one dressed reference each


def main() -> None:
    """Measure, print and write."""
    options = parser("local_distractors", __doc__ or "")
    options.add_argument("--references", type=int, default=100, help="default 100")
    options.add_argument("--queries", type=int, default=50, help="default 50")
    options.add_argument("--processes", type=int, default=os.cpu_count(), help="default: all cores")
    chosen = options.parse_args()
    photos = pictures("photos")
    drawn = np.random.default_rng(chosen.seed).permutation(photos).tolist()
    references = drawn[: chosen.references]
    queries = drawn[chosen.references :][: chosen.queries]
    with multiprocessing.get_context("spawn").Pool(chosen.processes, one_thread) as workers:
        rows = [*hard_distractors(workers, references, queries, chosen.seed)]
    about = environment(seeds=[chosen.seed], data_sha256=digest(photos))
    write(chosen.output, {**about, "hard_distractors": rows})
    print_table(
        ["in common", "on", "highest", "promised", "from", "observed", "images"],
        [
            [row["kind"], row["dressed"], f"{row['highest_score']:.1f}", *told(promise)]
            for row in rows
            for promise in row["promises"]
        ],
    )


def hard_distractors(
    workers: Pool, references: Sequence[str], queries: Sequence[str], seed: int
) -> Iterator[dict[str, Any]]:
    """Yield what dressed queries raise, with all references dressed and with one in each index."""
    null = default_null(LOCAL_CHANNEL)
    count = len(references)
    plain = workers.map(fingerprint_of, references, CHUNK)
    for kind in DRESSES:
        work = [(name, kind, seed) for name in (*references, *queries)]
        alike = workers.starmap(dressed_fingerprint, work, CHUNK)
        worn, asked = alike[:count], alike[count:]
        one_each = [
            against(workers, asked, [*plain[:place], worn[place], *plain[place + 1 :]])
            for place in range(ALONE_IN)
        ]
        settings = {
            "all references": (against(workers, asked, worn), count),
            "one reference": (np.concatenate(one_each), 1),
        }
        for setting, (table, sharing) in settings.items():
            yield {
                "kind": kind,
                "dressed": setting,
                "pairs_that_share_it": len(table) * sharing,
                "highest_score": round(float(table.max()), 2),
                "promises": observed(null, table, references=count),
            }


def dressed_fingerprint(name: str, kind: str, seed: int) -> Fingerprint:
    """Return what the product extracts from a dressed picture."""
    return fingerprint_of(dressed(load(name), kind, seed=seed))


if __name__ == "__main__":
    main()
