"""What it costs to read how a picture was made, and how long damaged metadata can hold a scan up.

Every file is in memory; what its bytes say is read as a scan reads it, its sidecars looked for on
the disk included, and the same file is screened from its path against an index of hashes and local
features alone, which is the shortest that screening gets: the share is the largest there is. The
first file is read once before, as libraries are loaded then.

Then each generated file is damaged again and again, bytes changed, doubled or taken out, mostly
where metadata stands. Longest is by the clock on the wall and by the time of the thread, which is
what the bound on reading goes by; memory is the largest that the process ever had.
"""

import random
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

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

from screening import Screener
from screening.decision import Coverage
from screening.generation import generation_of, sidecars_of
from screening.images import load

REFERENCES, QUICK_REFERENCES = 400, 20
PHOTOGRAPHS, QUICK_PHOTOGRAPHS = 700, 40
DAMAGED, QUICK_DAMAGED = 200, 4  # of each file
HEAD_BYTES, IN_HEAD = 4_000, 0.7  # where metadata mostly stands, and how often that is damaged
MOST_CHANGES = 8
SUFFIXES = frozenset((".png", ".jpg", ".webp", ".avif"))


def main() -> None:
    """Damage, read, screen, print and write."""
    options = parser("generation", __doc__ or "")
    options.add_argument("--quick", action="store_true", help="so few files that it means little")
    options.add_argument("--rounds", type=int, default=5, help="readings of each file")
    chosen = options.parse_args()
    quick = chosen.quick
    groups = {
        "generated": generated(),
        "photographs": pictures("photos")[: QUICK_PHOTOGRAPHS if quick else PHOTOGRAPHS],
    }
    references = pictures("art")[: QUICK_REFERENCES if quick else REFERENCES]
    names = [name for group in groups.values() for name in group]
    about = environment(seeds=[chosen.seed], data_sha256=digest([*names, *references]))
    generation_of(content(groups["generated"][0]))
    # first, so that the memory is that of reading
    damaged = fuzzed(groups["generated"], QUICK_DAMAGED if quick else DAMAGED, chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "works.index"
        enroll(index, map(fingerprint_of, references))
        with Screener.open(index) as screener:
            measured = {
                words: measure(group, screener, 1 if quick else chosen.rounds)
                for words, group in groups.items()
            }
    record = {**about, "quick": quick, "references": len(references), "files": measured}
    write(chosen.output, {**record, "damaged": damaged})
    print_table(
        ["files", "number", "median ms", "worst ms", "sidecars ms", "screening ms", "share"],
        (
            [
                words,
                str(r["files"]),
                f"{r['median_ms']:.3f}",
                f"{r['worst_ms']:.1f}",
                f"{r['looking_for_sidecars_ms']:.3f}",
                f"{r['screening_median_ms']:.1f}",
                f"{r['share_of_screening']:.2%}",
            ]
            for words, r in measured.items()
        ),
    )
    print(
        f"{damaged['readings']:,} damaged files: at most {damaged['longest_s']} s "
        f"({damaged['longest_thread_s']} s of the thread), "
        f"{damaged['peak_memory_mib']} MiB, {damaged['memory_before_mib']} MiB before"
    )


def generated() -> list[str]:
    """Return the sorted names of the generated pictures that are not empty."""
    data = shared_data()
    found = (path for path in (data / "generated").rglob("*") if path.suffix in SUFFIXES)
    return sorted(path.relative_to(data).as_posix() for path in found if path.stat().st_size)


def content(name: str) -> bytes:
    """Return a file's bytes."""
    return (shared_data() / name).read_bytes()


def measure(names: Sequence[str], screener: Screener, rounds: int) -> dict[str, Any]:
    """Time reading and screening each file; of each the median of the rounds counts."""
    reading, looking, screening, shares = [], [], [], []
    for name in names:
        path = str(shared_data() / name)
        data = load(path).data
        assert isinstance(data, bytes)
        read_ms, look_ms, screen_ms = (
            np.median([milliseconds(what) for _ in range(rounds)])
            for what in (
                lambda path=path, data=data: generation_of(
                    data, name=path, beside=sidecars_of(path)
                ),
                lambda path=path: sidecars_of(path),
                lambda path=path: screener.screen(path),
            )
        )
        reading.append(read_ms)
        looking.append(look_ms)
        if screener.screen(path).coverage is not Coverage.UNREAD:
            screening.append(screen_ms)
            shares.append(read_ms)
    return {
        "files": len(names),
        "median_ms": round(float(np.median(reading)), 4),
        "worst_ms": round(float(max(reading)), 2),
        "looking_for_sidecars_ms": round(float(np.median(looking)), 4),
        "screened": len(screening),
        "screening_median_ms": round(float(np.median(screening)), 2),
        "share_of_screening": round(float(sum(shares) / sum(screening)), 5),
    }


def fuzzed(names: Sequence[str], times: int, seed: int) -> dict[str, Any]:
    """Read each file so many times, each time damaged anew."""
    chance, contents = random.Random(seed), [content(name) for name in names]
    before, longest, longest_thread, cut = peak_mib(), 0.0, 0.0, 0
    for data in contents:
        for _ in range(times):
            damaged = damage(data, chance)
            started, thread = time.perf_counter(), time.thread_time()
            said = generation_of(damaged)
            longest = max(longest, time.perf_counter() - started)
            longest_thread = max(longest_thread, time.thread_time() - thread)
            cut += any("took too long" in problem for problem in said.problems)
    return {
        "readings": len(contents) * times,
        "longest_s": round(longest, 3),
        "longest_thread_s": round(longest_thread, 3),
        "out_of_time": cut,
        "memory_before_mib": round(before, 1),
        "peak_memory_mib": round(peak_mib(), 1),
    }


def damage(data: bytes, chance: random.Random) -> bytes:
    """Return bytes with some changed, but for the first twelve, which tell the format."""
    content = bytearray(data)
    for _ in range(chance.randint(1, MOST_CHANGES)):
        end = min(len(content), HEAD_BYTES) if chance.random() < IN_HEAD else len(content)
        at, length = chance.randrange(12, max(end, 13)), chance.choice((1, 4, 40, 400))
        content[at : at + length] = chance.choice((
            b"", chance.randbytes(length), content[at : at + length] * 2,
            b"\xff" * length, bytes(length),
        ))  # fmt: skip
    return bytes(content)


def milliseconds(what: Callable[[], object]) -> float:
    """Return how long something takes."""
    started = time.perf_counter()
    what()
    return (time.perf_counter() - started) * 1e3


def peak_mib() -> float:
    """Return the most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
