"""How well copies are told from other pictures: our hash beside those a user would pick instead.

Every method sees the same pixels in the same run. A protocol in the form of DISC21 per seed and
set of pictures, then each attack by itself at the thresholds that run gave.
"""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import imagehash
import numpy as np
import numpy.typing as npt
import pdqhash
from _common import (
    LEFT_OUT,
    digest,
    environment,
    over_seeds,
    parser,
    pictures,
    print_table,
    shared_data,
    write,
)
from PIL import Image

from screening.evaluation.attacks import ATTACKS, RgbImage
from screening.evaluation.metrics import (
    FloatArray,
    micro_average_precision,
    recall_at_precision,
    recall_at_score,
    recall_without_false_match,
)
from screening.evaluation.protocols import Sizes, copy_protocol, score_queries
from screening.signals.hashes import MIN_STRUCTURE, perceptual_hashes

Codes = npt.NDArray[np.uint8]

# The smaller packs leave a hundred pictures to surround queries with.
SETS = {
    "photos and art": (("photos", "art"), Sizes()),
    "photos": (("photos",), Sizes(references=300, positives=150, distractors=300)),
    "art": (("art",), Sizes(references=200, positives=100, distractors=200)),
}
ATTACKED_SET = "photos and art"
ATTACK_QUERIES = 100
MEASURES = ("micro_ap", "recall_at_90_precision", "recall_without_false_match")
OURS = "screening"


@dataclass(slots=True)
class HashMethod:
    """A hash as a benchmark method: bits of the closest query code that agree.

    encode: picture to packed codes (k, bytes); the first is enrolled, all are asked for, and none
    means that the picture is neither enrolled nor searched.
    """

    name: str
    bits: int
    encode: Callable[[RgbImage], Codes]
    enrolled: tuple[Codes, ...] = ()

    def index(self, references: Iterable[RgbImage]) -> None:
        """Keep the first code of each reference."""
        self.enrolled = tuple(self.encode(reference)[:1] for reference in references)

    def scores(self, query: RgbImage) -> FloatArray:
        """Return bits that agree, minus infinity where there was no code to compare."""
        scores = np.full(len(self.enrolled), -np.inf)
        asked = self.encode(query)
        held = np.array([len(code) > 0 for code in self.enrolled])
        if len(asked):
            codes = np.concatenate(self.enrolled)
            distances = np.bitwise_count(codes ^ asked[:, None]).sum(axis=2, dtype=np.int64)
            scores[held] = self.bits - distances.min(axis=0)
        return scores


def phash(size: int) -> Callable[[RgbImage], Codes]:
    """Return imagehash.phash with size x size bits, as it comes."""

    def encode(image: RgbImage) -> Codes:
        return np.packbits(imagehash.phash(Image.fromarray(image), hash_size=size).hash)[None]

    return encode


def pdq(image: RgbImage) -> Codes:
    """Return PDQ as it comes; its quality is left aside, as a plain user would."""
    return np.packbits(pdqhash.compute(image)[0].astype(bool))[None]


def pdq_dihedral(image: RgbImage) -> Codes:
    """Return PDQ of the eight isometries."""
    return np.packbits(np.stack(pdqhash.compute_dihedral(image)[0]).astype(bool), axis=1)


def ours(image: RgbImage) -> Codes:
    """Return what the product enrolls and searches: nothing where structure is too weak."""
    hashes = perceptual_hashes(np.asarray(Image.fromarray(image).convert("L")))
    return hashes.codes if hashes.structure >= MIN_STRUCTURE else hashes.codes[:0]


def methods() -> tuple[HashMethod, ...]:
    """Return the methods side by side."""
    return (
        HashMethod("phash 64", 64, phash(8)),
        HashMethod("phash 256", 256, phash(16)),
        HashMethod("PDQ", 256, pdq),
        HashMethod("PDQ dihedral", 256, pdq_dihedral),
        HashMethod(OURS, 256, ours),
    )


def pool(packs: Iterable[str]) -> list[str]:
    """Return the names of the pictures that protocols draw from."""
    return [name for pack in packs for name in pictures(pack)]


def load(name: str) -> RgbImage:
    """Return the RGB pixels of one of the shared pictures."""
    with Image.open(shared_data() / name) as image:
        return np.asarray(image.convert("RGB"))


def measure(work: tuple[str, int]) -> dict[str, dict[str, Any]]:
    """Return, per method, the measures of one set and seed, and the recall of each attack."""
    cv2.setNumThreads(1)
    set_name, seed = work
    packs, sizes = SETS[set_name]
    protocol = copy_protocol(pool(packs), seed=seed, sizes=sizes)
    compared = methods()
    for method in compared:
        method.index(load(name) for name in protocol.references)
    results: dict[str, dict[str, Any]] = {}
    for name, pairs in score_queries(compared, protocol.queries, load).items():
        precise, clean = recall_at_precision(pairs), recall_without_false_match(pairs)
        results[name] = {
            "micro_ap": micro_average_precision(pairs),
            "recall_at_90_precision": precise.recall,
            "recall_without_false_match": clean.recall,
            "thresholds": (precise.min_score, clean.min_score),
            "attacks": {},
        }
    for attack in ATTACKS if set_name == ATTACKED_SET else ():
        queries = protocol.attack_queries(attack, ATTACK_QUERIES)
        for name, pairs in score_queries(compared, queries, load).items():
            results[name]["attacks"][attack.name] = [
                recall_at_score(pairs, threshold) for threshold in results[name]["thresholds"]
            ]
    return results


def of_set(set_name: str, runs: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the record of one set: each measure of each method over the seeds."""
    packs, sizes = SETS[set_name]
    table = {
        name: {measure: over_seeds([run[name][measure] for run in runs]) for measure in MEASURES}
        | {"thresholds_per_seed": [list(map(finite, run[name]["thresholds"])) for run in runs]}
        for name in runs[0]
    }
    plain = ("phash 64", "phash 256", "PDQ")
    best = max(plain, key=lambda name: table[name]["micro_ap"]["mean"])
    gains = [run[OURS]["micro_ap"] - run[best]["micro_ap"] for run in runs]
    return {
        "packs": packs,
        "pool": len(pool(packs)),
        "sizes": asdict(sizes),
        "methods": table,
        "micro_ap_gain": {"of": OURS, "over": best, "best_plain_by_mean": True} | over_seeds(gains),
    }


def of_attacks(runs: list[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the record of each attack: recall of each method at the two thresholds."""
    record: dict[str, Any] = {}
    for attack in ATTACKS:
        recalls = {
            name: np.mean([run[name]["attacks"][attack.name] for run in runs], axis=0)
            for name in runs[0]
        }
        record[attack.name] = {
            "family": attack.family,
            "strengths": [asdict(strength) for strength in attack.strengths],
            "queries": ATTACK_QUERIES * len(runs),
            "recall_at_90_precision_threshold": {n: round(r[0], 4) for n, r in recalls.items()},
            "recall_at_no_false_match_threshold": {n: round(r[1], 4) for n, r in recalls.items()},
        }
    return record


def finite(score: float) -> float | None:
    """Return the score, None for a threshold that nothing meets: JSON has no infinity."""
    return score if np.isfinite(score) else None


def told(value: dict[str, Any]) -> str:
    """Return mean and half interval as the table shows them."""
    interval = value["interval_95"]
    return f"{value['mean']:.3f}" + (f" ±{interval[1] - value['mean']:.3f}" if interval else "")


def rows(sets: dict[str, Any], attacks: dict[str, Any]) -> Iterable[list[str]]:
    """Yield the table: measures per set, then recall per attack at the 90 % threshold."""
    for set_name, record in sets.items():
        for name in MEASURES:
            found = [method[name] for method in record["methods"].values()]
            yield [f"{set_name}: {name}", *map(told, found)]
    for name, record in attacks.items():
        found = record["recall_at_90_precision_threshold"].values()
        yield [f"{record['family']}: {name}", *(f"{value:.3f}" for value in found)]


def main() -> None:
    """Run the benchmark."""
    options = parser("copies", __doc__ or "")
    options.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
    options.add_argument("--processes", type=int, default=os.cpu_count(), help="default: all cores")
    given = options.parse_args()
    seeds = range(given.seed, given.seed + given.seeds)
    about = environment(seeds=seeds, data_sha256=digest(pool(("photos", "art"))))
    started = time.perf_counter()
    # the set with the attacks takes longest, so it goes first
    work = [(set_name, seed) for set_name in SETS for seed in seeds]
    with multiprocessing.get_context("spawn").Pool(given.processes) as workers:
        done = dict(zip(work, workers.map(measure, work, chunksize=1), strict=True))
    by_set = {name: [done[name, seed] for seed in seeds] for name in SETS}
    sets = {name: of_set(name, runs) for name, runs in by_set.items()}
    attacks = of_attacks(by_set[ATTACKED_SET])
    seconds = round(time.perf_counter() - started, 1)
    write(
        given.output,
        {
            **about,
            "seconds": seconds,
            "processes": given.processes,
            "left_out": sorted(LEFT_OUT),
            "ties": "worst case: among equal scores false pairs rank before true ones",
            "intervals": "95 %, Student's t over the seeds; all seeds draw from the same pool",
            "queries": "a positive has two attacks, every fourth has one; every second "
            "distractor is attacked in the same way, the others are as they are",
            "methods_as": "imagehash and PDQ: one hash, as they come; PDQ dihedral and screening: "
            "eight isometries of the query; screening leaves out pictures of weak structure",
            "sets": sets,
            "attacks_on": ATTACKED_SET,
            "attacks_per_family": Counter(str(attack.family) for attack in ATTACKS),
            "attacks": attacks,
        },
    )
    print_table(["", *(method.name for method in methods())], rows(sets, attacks))
    print(f"{seconds} s with {given.processes} processes")


if __name__ == "__main__":
    main()
