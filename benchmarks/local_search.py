"""Search by local features among a thousand and a hundred thousand references, on one processor.

The references are real photographs first; to make up the number, photographs whose features are
moved and whose descriptors are disturbed in all 128 dimensions by more than what tells two
pictures of the same thing apart. The queries are attacked copies of the real ones, and pictures
that are not enrolled. Every size is measured in a process of its own, on the index as it lies on
the disk; the screening is the product's own.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _common import (
    digest,
    enroll,
    environment,
    fingerprint_of,
    load,
    parser,
    pictures,
    print_table,
    write,
)
from _timing import NEAREST, SEARCH, Clock, TimedIndex, time_neighbors

from reference_index import Fingerprint, LocalFeatures
from reference_index.fingerprint import PerceptualHashes
from screening.evaluation.attacks import ATTACKS, RgbImage
from screening.matching.local import local_matches

ORIGINALS = 300
COPIES, UNRELATED = 60, 60
# What local features are for: a part of a picture, or the picture among other things.
ATTACKED = ("crop", "paste", "screenshot", "rotation", "perspective", "text_lines")
# Of descriptors 512 long: what is made up lies 0.15 (squared, of length 1) from what it is made of,
# as near as the nearest of twenty thousand features of other photographs, 0.17 in the median.
DISTURBED = 20.0
NOISE = 1 << 20
STEPS = ("nearest features", "votes and the rest", "search", "verification", "all")


def main() -> None:
    """Measure at each size in a process of its own, print and write."""
    options = parser("local_search", __doc__ or "")
    options.add_argument("--references", type=int, nargs="+", default=[1_000, 100_000])
    options.add_argument("--measure", type=Path, metavar="INDEX", help="measure one, print JSON")
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    names = [*np.random.default_rng(chosen.seed).permutation(pictures("photos"))]
    originals, others = names[:ORIGINALS], names[ORIGINALS:]
    if chosen.measure:
        queries = [*copies(originals, others, chosen.seed), *((n, None) for n in others)]
        print(json.dumps(measure(chosen.measure, queries[: COPIES + UNRELATED])))
        return
    real = [fingerprint_of(name) for name in originals]
    results = {}
    for size in chosen.references:
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "works.index"
            started = time.perf_counter()
            made_up = made_up_of(real, size - len(real), np.random.default_rng(chosen.seed))
            enroll(index, (one for part in (real, made_up) for one in part))
            seconds = time.perf_counter() - started
            results[str(size)] = {"build_seconds": round(seconds, 1)} | alone(index, chosen.seed)
    about = environment(seeds=[chosen.seed], data_sha256=digest(names))
    write(chosen.output, {**about, "originals": ORIGINALS, "references": results})
    show(results)


def made_up_of(
    real: Sequence[Fingerprint], count: int, rng: np.random.Generator
) -> Iterator[Fingerprint]:
    """Yield so many pictures that never were, with features as real ones have them.

    Each has the geometry of one of the real ones, and descriptors of any of them, disturbed.
    """
    descriptors = np.concatenate([one.local.descriptors for one in real])
    noise = np.rint(rng.normal(0.0, DISTURBED, NOISE)).astype(np.int16)
    hashes = PerceptualHashes(codes=np.zeros((8, 32), np.uint8), structure=0.0)
    for number in range(count):
        model = real[rng.integers(len(real))]
        rows = rng.integers(0, len(descriptors), len(model.local))
        start = rng.integers(0, NOISE - descriptors.shape[1] * len(rows))
        disturbed = descriptors[rows] + noise[start:][: rows.size * 128].reshape(-1, 128)
        yield Fingerprint(
            sha256=f"{number:064x}",
            width=model.width,
            height=model.height,
            frame=0,
            hashes=hashes,
            local=LocalFeatures(
                descriptors=disturbed.clip(0, 255).astype(np.uint8),
                geometry=model.local.geometry.copy(),
            ),
        )


def copies(
    originals: Sequence[str], others: Sequence[str], seed: int
) -> Iterator[tuple[RgbImage, int]]:
    """Yield attacked copies of enrolled pictures, each with the number of its original."""
    attacks = [attack for attack in ATTACKS if attack.name in ATTACKED]
    for number in range(COPIES):
        rng = np.random.default_rng((seed, number))
        around = [load(others[-1 - number])]
        yield attacks[number % len(attacks)].apply(load(originals[number]), rng, around), number


def alone(index: Path, seed: int) -> dict[str, Any]:
    """Return what a process of its own measures, on one processor."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure", str(index), "--seed", str(seed)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def measure(path: Path, queries: Sequence[tuple[RgbImage | str, int | None]]) -> dict[str, Any]:
    """Time opening, the first query and all others by step; count the originals found."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    asked = [(fingerprint_of(picture), original) for picture, original in queries]
    clock = Clock()
    with clock.timing("open"):
        index = TimedIndex.open(path)
    index.clock = clock
    time_neighbors(clock)
    with clock.timing("first query"):
        local_matches(asked[-1][0], [index])
    found, highest, rows = 0, 0.0, []
    for picture, original in asked:
        clock.ms[NEAREST].clear()
        with clock.timing("all"):
            matches = local_matches(picture, [index])
        whole, search = clock.ms["all"][-1], clock.ms[SEARCH][-1]
        nearest = sum(clock.ms[NEAREST])  # once for each segment
        rows.append((nearest, search - nearest, search, whole - search, whole))
        if original is None:
            highest = max([highest, *(one.score for one in matches)])
        else:
            found += bool(matches) and matches[0].record_id == str(original)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    ms = {
        step: np.array(column) for step, column in zip(STEPS, zip(*rows, strict=True), strict=True)
    }
    return {
        "images": index.image_count,
        "bytes_per_image": round(size / index.image_count),
        "open_ms": round(clock.ms["open"][0], 1),
        "first_query_ms": round(clock.ms["first query"][0], 1),
        "queries": len(asked),
        "median_ms": {step: round(float(np.median(of)), 1) for step, of in ms.items()},
        "percentile_95_ms": {
            step: round(float(np.percentile(of, 95)), 1) for step, of in ms.items()
        },
        "copies": COPIES,
        "copies_found_as_best": found,
        "highest_score_of_unrelated": round(highest, 2),
        # as the kernel counts it: mapped pages of the index included
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def show(results: dict[str, Any]) -> None:
    """Print times, sizes, and what was found."""
    print_table(
        ["references", "ms a query", *STEPS],
        [
            [f"{int(size):,}", name, *(f"{r[key][step]:.1f}" for step in STEPS)]
            for size, r in results.items()
            for name, key in (("median", "median_ms"), ("95 %", "percentile_95_ms"))
        ],
    )
    print()
    columns = {
        "bytes each": "bytes_per_image",
        "build s": "build_seconds",
        "open ms": "open_ms",
        "first ms": "first_query_ms",
        "MiB": "peak_memory_mib",
        "found": "copies_found_as_best",
        "of": "copies",
        "unrelated": "highest_score_of_unrelated",
    }
    print_table(
        ["references", *columns],
        [
            [f"{int(size):,}", *(str(r[key]) for key in columns.values())]
            for size, r in results.items()
        ],
    )


if __name__ == "__main__":
    main()
