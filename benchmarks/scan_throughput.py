"""Images per second of a scan beside a plain loop of the libraries, and memory as folders grow.

The plain loop is what a user would write: ``imagehash.phash(Image.open(path))``, one hash of 64
bits, and OpenCV's SIFT as it comes on the picture at the size the scan works at; nothing is
compared. The scan decodes, hashes under eight isometries, extracts local features, compares both
with an index of references, verifies, and writes JSON lines. Both run over the same folders in the
same run, in turn, the loop in one process.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import imagehash
import numpy as np
from _common import digest, environment, parser, pictures, print_table, shared_data, write
from PIL import Image

from screening.signals.local import at_working_size

REFERENCES = 400
COPIES = 2  # of every photograph: so that start-up does not decide
LARGE_SIDE = 1536
LARGE = 200
LARGE_COPIES = 2
MEMORY_AT = (500, 1_000, 4_000)


def main() -> None:
    """Make the folders, time both in turn, print and write."""
    options = parser("scan_throughput", __doc__ or "")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    names = pictures("photos")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        index = make_index(work)
        folders = {
            "photographs as they are (about 300 px)": make_folder(work / "small", names, COPIES),
            f"the same, enlarged to {LARGE_SIDE} px": make_large(work / "large", names[:LARGE]),
        }
        record = {
            **environment(
                seeds=[chosen.seed], data_sha256=digest([*names, *pictures("art")[:REFERENCES]])
            ),
            "references": REFERENCES,
            "folders": {
                words: compare(folder, index, chosen.rounds) for words, folder in folders.items()
            },
            "peak_memory_mib": memory(work, names, index),
        }
    write(chosen.output, record)
    print_table(
        ["folder", "images", "plain loop", "scan", "ratio (least, most)"],
        [
            [
                words,
                str(r["images"]),
                f"{r['plain_images_per_second']:.0f}/s",
                f"{r['scan_images_per_second']:.0f}/s",
                f"{r['ratio']:.2f} ({r['ratio_range'][0]:.2f}, {r['ratio_range'][1]:.2f})",
            ]
            for words, r in record["folders"].items()
        ],
    )
    print("peak memory of a scan, all processes:", record["peak_memory_mib"])


def make_folder(folder: Path, names: list[str], copies: int) -> Path:
    """Fill a folder with links to photographs, so many names for each."""
    folder.mkdir()
    for copy in range(copies):
        for number, name in enumerate(names):
            os.link(source(folder, name), folder / f"{copy:04d}-{number:04d}.jpg")
    return folder


def source(folder: Path, name: str) -> Path:
    """Return a copy of a photograph on the disk that the folders are on, made once."""
    kept = folder.parent / "source" / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes((shared_data() / name).read_bytes())
    return kept


def make_large(folder: Path, names: list[str]) -> Path:
    """Fill a folder with photographs enlarged to the size of generated images."""
    folder.mkdir()
    for number, name in enumerate(names):
        first = folder / f"0-{number:04d}.jpg"
        with Image.open(shared_data() / name) as image:
            factor = LARGE_SIDE / max(image.size)
            size = (round(image.width * factor), round(image.height * factor))
            image.convert("RGB").resize(size, Image.Resampling.BICUBIC).save(first, quality=90)
        for copy in range(1, LARGE_COPIES):
            os.link(first, folder / f"{copy}-{number:04d}.jpg")
    return folder


def make_index(work: Path) -> Path:
    """Enroll paintings and cartoons: of a board of photographs hardly one resembles them."""
    works = make_folder(work / "works", pictures("art")[:REFERENCES], 1)
    screening("enroll", work / "works.index", works)
    return work / "works.index"


def screening(*arguments: str | Path) -> None:
    """Run the command line, as a user would."""
    done = subprocess.run(
        [sys.executable, "-m", "screening", *map(str, arguments)], capture_output=True, check=False
    )
    if done.returncode not in {0, 3}:
        sys.exit(done.stderr.decode())


def by_hand(file: Path) -> None:
    """Hash a picture and extract its features, as a user would."""
    with Image.open(file) as image:
        imagehash.phash(image)
        gray = at_working_size(np.asarray(image.convert("L")))
    cv2.SIFT.create().detectAndCompute(gray, None)


def compare(folder: Path, index: Path, rounds: int) -> dict[str, object]:
    """Return images per second of both, each round one after the other."""
    files = sorted(folder.iterdir())
    output = folder.parent / "report.jsonl"
    plain, scan = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        for file in files:
            by_hand(file)
        plain.append(len(files) / (time.perf_counter() - started))
        started = time.perf_counter()
        screening("scan", folder, "--index", index, "--format", "jsonl", "--output", output)
        scan.append(len(files) / (time.perf_counter() - started))
        if len(output.read_text().splitlines()) != len(files) + 1:
            sys.exit("the scan did not account for every file")
    ratios = np.array(scan) / np.array(plain)
    return {
        "images": len(files),
        "plain_images_per_second": round(float(np.median(plain)), 1),
        "scan_images_per_second": round(float(np.median(scan)), 1),
        "ratio": round(float(np.median(ratios)), 3),
        "ratio_range": [round(float(ratios.min()), 3), round(float(ratios.max()), 3)],
    }


def memory(work: Path, names: list[str], index: Path) -> dict[str, float]:
    """Return the peak memory of scans of growing folders: scan and workers, summed, in MiB."""
    peaks = {}
    for count in MEMORY_AT:
        copies = -(-count // len(names))
        folder = make_folder(work / f"memory-{count}", names, copies)
        for surplus in sorted(folder.iterdir())[count:]:
            surplus.unlink()
        peaks[str(count)] = peak_of(folder, index, work / "report.jsonl")
    return peaks


def peak_of(folder: Path, index: Path, output: Path) -> float:
    """Return the largest sum of the proportional set sizes of a scan and its workers."""
    arguments = ["scan", str(folder), "--index", str(index), "--format", "jsonl"]
    process = subprocess.Popen(
        [sys.executable, "-m", "screening", *arguments, "--output", str(output)],
        stderr=subprocess.DEVNULL,
    )
    peak = 0.0
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        try:
            ids = [process.pid, *map(int, children.read_text().split())]
            peak = max(peak, sum(proportional_mib(one) for one in ids))
        except OSError:
            continue
        time.sleep(0.05)
    return round(peak, 1)


def proportional_mib(process: int) -> float:
    """Return the proportional set size of a process (shared pages divided among their users)."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    main()
