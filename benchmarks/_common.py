"""What every benchmark shares: options, the measuring data, the record of the run, the table."""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import stats

from reference_index import Fingerprint, IndexWriter, Kind, Record
from screening.enrollment.vectors import of_pictures
from screening.evaluation.attacks import RgbImage
from screening.examine import examine_file, examine_pixels
from screening.images import Limits
from screening.signals import MIN_STRUCTURE, SETTINGS

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "numpy",
    "pillow",
    "opencv-python-headless",
    "faiss-cpu",
    "imagehash",
    "pdqhash",
    "scipy",
)


# Each of these was made from the photograph or drawing of another picture, which stays and is named
# beside it: laid over one another their lines coincide. The packs' notes overlook them; as a
# distractor of the other each would be a false match for being right. Pictures that only show the
# same kind of thing stay, and so do those with a watermark, sign or banknote in common.
LEFT_OUT = frozenset({
    "art/cartoon/giraffe/pic_165.jpg",  # body, mane and tail of pic_127 with other limbs
    "art/cartoon/giraffe/pic_303.jpg",  # the head of pic_159 in other colors
    "art/cartoon/guitar/pic_132.jpg",  # pic_025 squeezed
    "art/cartoon/guitar/pic_136.jpg",  # pic_127 mirrored, in another color
    "art/cartoon/horse/pic_337.jpg",  # pic_004 in a landscape
    "art/cartoon/house/pic_024.jpg",  # pic_088 smaller
    "art/cartoon/house/pic_205.jpg",  # pic_119 in a landscape
    "art/cartoon/house/pic_257.jpg",  # pic_253 mirrored, with other limbs
    "photos/crocodile_head/image_0024.jpg",  # a part of crocodile/image_0023
    "photos/mandolin/image_0033.jpg",  # another part of the photograph of image_0032
    "photos/platypus/image_0024.jpg",  # image_0002 mirrored and turned, in a disc
})  # fmt: skip

# One photograph of a face that its source has under two names; see the README of the data.
TWICE = "Eva_Amurri_0001.jpg"


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return the options every benchmark has; add its own to it.

    --seed: the first seed. --output: where the JSON goes, benchmarks/results/NAME.json by default.
    """
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--seed", type=int, default=0, help="first seed (default 0)")
    options.add_argument(
        "--output",
        type=Path,
        default=RESULTS / f"{name}.json",
        help=f"JSON file to write (default benchmarks/results/{name}.json)",
    )
    return options


def shared_data() -> Path:
    """Return the folder of the measuring data, or leave with a sentence that says how to give it.

    It is ``data`` in the folder that SCREENING_SHARED names, else in ``../shared``.
    """
    shared = Path(os.environ.get("SCREENING_SHARED") or ROOT.parent / "shared")
    if not (shared / "data").is_dir():
        sys.exit(
            "the measuring data was not found: expected a folder 'data' in ../shared beside the "
            "checkout, or in the folder that the variable SCREENING_SHARED names"
        )
    return shared / "data"


def pictures(pack: str, *, without: frozenset[str] = LEFT_OUT) -> list[str]:
    """Return the sorted names, relative to the measuring data, of a pack's JPEG and PNG files."""
    data = shared_data()
    found = (path for path in (data / pack).rglob("*") if path.suffix in {".jpg", ".png"})
    return sorted({path.relative_to(data).as_posix() for path in found} - without)


def load(name: str) -> RgbImage:
    """Return the RGB pixels of one of the shared pictures."""
    with Image.open(shared_data() / name) as image:
        return np.asarray(image.convert("RGB"))


def fingerprint_of(picture: str | RgbImage) -> Fingerprint:
    """Return what the product extracts from pixels, or from a picture of the measuring data."""
    if isinstance(picture, str):
        return examine_file(str(shared_data() / picture), Limits()).fingerprints[0]
    return examine_pixels(picture, Limits()).fingerprints[0]


def enroll(
    index: Path, fingerprints: Iterable[Fingerprint], models: Mapping[str, str] | None = None
) -> None:
    """Write an index of pictures as the product does, each a record whose id is its number.

    models: the settings of channels of models, where such looked at the pictures.
    """
    with IndexWriter(index, settings={**SETTINGS, **(models or {})}) as writer:
        for number, one in enumerate(fingerprints):
            record = Record(id=str(number), kind=Kind.WORK, title=f"picture {number}")
            writer.put_record(record)
            writer.add_image(
                record.id,
                one.hashes.codes[0] if one.hashes.structure >= MIN_STRUCTURE else None,
                sha256=one.sha256,
                width=one.width,
                height=one.height,
                source="",
                local=[(one.local, one.width / one.height)],
                vectors=of_pictures([one]),
            )


def digest(names: Iterable[str]) -> str:
    """Return the sha256 over the sorted names and the digest of each file's bytes."""
    data = shared_data()
    total = hashlib.sha256()
    for name in sorted(names):
        content = hashlib.sha256((data / name).read_bytes()).hexdigest()
        total.update(f"{name}\0{content}\n".encode())
    return total.hexdigest()


def environment(*, seeds: Sequence[int], data_sha256: str | None) -> dict[str, Any]:
    """Return what a reader needs to judge or repeat a run; nothing that names a person or host."""
    return {
        "date_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "git": {
            "commit": _git("rev-parse", "HEAD"),
            # results of other benchmarks do not change what this one measures
            "dirty": _git("status", "--porcelain", "--", ".", ":!benchmarks/results") != "",
        },
        "seeds": list(seeds),
        "data_sha256": data_sha256,
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "memory_gib": round(
                os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1
            ),
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
        },
    }


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Return the values of the seeds, their mean, and its 95 % interval (Student's t).

    The seeds draw from one pool of pictures, so the interval says nothing of other pictures; of
    one seed there is none.
    """
    mean = float(np.mean(values))
    interval = None
    if len(values) > 1:
        error = float(np.std(values, ddof=1)) / len(values) ** 0.5
        half = float(stats.t.ppf(0.975, len(values) - 1)) * error
        interval = [round(mean - half, 4), round(mean + half, 4)]
    return {
        "mean": round(mean, 4),
        "interval_95": interval,
        "per_seed": [round(float(value), 4) for value in values],
    }


def write(output: Path, record: Mapping[str, Any]) -> None:
    """Write the JSON record of a run."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print one table, the first column to the left, the others to the right."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *others]))


def _git(*arguments: str) -> str | None:
    """Return what git says, None where there is no git, no repository or no commit."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
