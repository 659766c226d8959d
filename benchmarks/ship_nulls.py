"""Measures the null distributions that ship, screening/matching/nulls/*.json, and writes them.

The photographs, paintings and cartoons are split by a seeded permutation of their names. Each half
is enrolled and the other half screened against it, by the code of the product; what both score is
fitted together. With --check nothing is measured.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from _common import ROOT, digest, environment, parser, pictures, shared_data, write

from reference_index import Kind, Record, ReferenceIndex
from reference_index.calibration import ChannelCalibration
from reference_index.null_fit import fit_null
from screening.calibration import ImageScores, score_files
from screening.enrollment import Source, enroll
from screening.images import Seen
from screening.matching import CHANNELS, SETTINGS, default_null

NULLS = ROOT / "screening" / "matching" / "nulls"
PACKS = ("photos", "art")

Half = tuple[list[ImageScores], dict[str, int]]


def main() -> int:
    """Measure and write, or check; 1 where a file is of other settings."""
    options = parser("ship_nulls", __doc__ or "")
    options.add_argument("--check", action="store_true", help="only tell whether they are current")
    options.add_argument("--workers", type=int, help="decoding processes, one per processor")
    chosen = options.parse_args()
    if chosen.check:
        return check()
    names = [name for pack in PACKS for name in pictures(pack)]
    order = np.random.default_rng(chosen.seed).permutation(len(names)).tolist()
    middle = len(order) // 2
    one, other = [sorted(names[i] for i in part) for part in (order[:middle], order[middle:])]
    halves = [
        measured(one, other, workers=chosen.workers),
        measured(other, one, workers=chosen.workers),
    ]
    background = digest(names)
    record = environment(seeds=[chosen.seed], data_sha256=background)
    for channel in CHANNELS:
        calibration = fitted(channel.name, halves, background, chosen.seed)
        record[channel.name] = figures(calibration)
        text = calibration.null.to_json() + "\n"
        (NULLS / f"{channel.name}.json").write_text(text, encoding="utf-8")
        show(channel.name, calibration)
    write(chosen.output, record)
    return 0


def measured(enrolled: Sequence[str], background: Sequence[str], *, workers: int | None) -> Half:
    """Return what pictures score against an index of others, and its references by channel."""
    data = shared_data()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "works.index"
        sources = (
            Source(
                record=Record(id=name, kind=Kind.WORK, title=name),
                files=(Seen(path=str(data / name)),),
            )
            for name in enrolled
        )
        enroll(path, sources, workers=workers)
        with ReferenceIndex.open(path) as index:
            files = (Seen(path=str(data / name)) for name in background)
            scores = list(score_files(files, index, workers=workers))
            return scores, {channel.name: channel.references(index) for channel in CHANNELS}


def fitted(name: str, halves: Sequence[Half], background: str, seed: int) -> ChannelCalibration:
    """Return the null distribution of a channel that both halves make together."""
    channel = next(one for one in CHANNELS if one.name == name)
    looked = [one for scores, _ in halves for one in scores if name in one.channels]
    return fit_null(
        [np.array([*one.channels[name].values()], np.float64) for one in looked],
        complete_from=max(one.complete_from[name] for one in looked),
        channel=name,
        unit=channel.unit,
        settings=SETTINGS[name],
        references=round(float(np.mean([references[name] for _, references in halves]))),
        background=background,
        discrete=channel.discrete,
        rng=np.random.default_rng(seed),
    )


def figures(calibration: ChannelCalibration) -> dict[str, Any]:
    """Return what was measured of a channel, but for the rows, which ship."""
    values = asdict(calibration)
    null = values["null"]
    return values | {"null": {name: null[name] for name in null if name not in {"scores", "rates"}}}


def show(name: str, calibration: ChannelCalibration) -> None:
    """Print what was written of a channel."""
    null = calibration.null
    print(f"{name}: {null.images} images against {null.references} references, in {null.unit}")
    print(f"  tail: scale {null.tail_scale}, shape {null.tail_shape}; beyond {null.scores[-1]}")
    print(f"  goodness of fit: {calibration.goodness_of_fit}")
    for threshold in calibration.thresholds:
        print(
            f"  {threshold.promised:g}: {threshold.min_score} [{threshold.low}, {threshold.high}]"
        )


def check() -> int:
    """Tell of each file whether it is of this checkout's settings."""
    stale = 0
    for channel, settings in SETTINGS.items():
        shipped = default_null(channel).settings
        if shipped == settings:
            print(f"{channel}: current")
        else:
            stale = 1
            print(f"{channel}: measured with {shipped!r}, not {settings!r}: run scripts/ship_nulls")
    return stale


if __name__ == "__main__":
    sys.exit(main())
