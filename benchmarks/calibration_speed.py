"""Seconds that calibrating takes beside a scan of the same images, among ten thousand references.

Most references are made up of the features of photographs (see local_search), with hashes drawn at
random; the images are photographs, paintings and cartoons. Both are run as a user would, in turn.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from _common import (
    digest,
    enroll,
    environment,
    fingerprint_of,
    parser,
    pictures,
    print_table,
    shared_data,
    write,
)
from local_search import made_up_of

REAL = 150
REFERENCES = 10_000
BACKGROUND = 1_000


def main() -> None:
    """Measure, print and write."""
    options = parser("calibration_speed", __doc__ or "")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    rng = np.random.default_rng(chosen.seed)
    names = [*rng.permutation(pictures("photos") + pictures("art"))]
    enrolled, background = names[:REAL], names[REAL:][:BACKGROUND]
    scan, calibrate = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder, index = Path(temporary) / "unrelated", Path(temporary) / "works.index"
        folder.mkdir()
        for number, name in enumerate(background):
            (folder / f"{number:04d}.jpg").write_bytes((shared_data() / name).read_bytes())
        real = [fingerprint_of(name) for name in enrolled]
        made_up = (
            replace(
                one,
                hashes=replace(
                    one.hashes, codes=rng.integers(0, 256, (8, 32), np.uint8), structure=1.0
                ),
            )
            for one in made_up_of(real, REFERENCES - REAL, rng)
        )
        enroll(index, (one for part in (real, made_up) for one in part))
        for _ in range(chosen.rounds):
            scan.append(seconds("scan", folder, "--index", index, "--format", "jsonl"))
            calibrate.append(seconds("calibrate", index, "--background", folder))
            seconds("calibrate", index, "--discard")
    record = {
        **environment(seeds=[chosen.seed], data_sha256=digest(names)),
        "references": REFERENCES,
        "images": len(background),
        "scan_seconds": scan,
        "calibrate_seconds": calibrate,
        "median_difference_seconds": round(float(np.median(np.subtract(calibrate, scan))), 2),
    }
    write(chosen.output, record)
    print_table(["round", "scan s", "calibrate s"], rows(scan, calibrate))
    print(f"calibrating takes {record['median_difference_seconds']} s more in the median")


def seconds(*arguments: str | Path) -> float:
    """Run the command line, and return how long it took."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "screening", *map(str, arguments)], capture_output=True, check=False
    )
    if done.returncode not in {0, 3, 4}:
        sys.exit(done.stderr.decode())
    return round(time.perf_counter() - started, 2)


def rows(scan: Sequence[float], calibrate: Sequence[float]) -> list[list[str]]:
    """Return one row for each round."""
    return [
        [str(number), f"{one:.1f}", f"{other:.1f}"]
        for number, (one, other) in enumerate(zip(scan, calibrate, strict=True), 1)
    ]


if __name__ == "__main__":
    main()
