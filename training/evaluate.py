"""Measures an exported embedder on pictures it was not trained on, beside a perceptual hash.

The protocols and attacks are those of ``screening.evaluation``; nothing of this decides anything of
the training. Cosines are taken as they are and less levels; of the whole picture, and of windows.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import imagehash
import numpy as np
import numpy.typing as npt
import onnxruntime
from PIL import Image

from reference_index.face_levels import Levels
from screening.evaluation.attacks import ATTACKS, RgbImage
from screening.evaluation.metrics import (
    ScoredPairs,
    micro_average_precision,
    recall_at_precision,
    recall_without_false_match,
)
from screening.evaluation.protocols import CopyProtocol, Query, Sizes, copy_protocol
from training.augment import normalized

Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]

CAP = 0.7  # no cosine counts beyond as something that pictures at large have in common
PER_ATTACK = 40
GRID = 2 / 3  # side of a window, as a share of the picture's


@dataclass(slots=True, eq=False)
class Network:
    """An exported embedder on one core."""

    path: Path
    side_px: int
    _session: onnxruntime.InferenceSession = field(init=False)

    def __post_init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            self.path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def whole(self, image: RgbImage) -> Floats:
        """Return the embedding of the whole picture, float32 (1, d)."""
        return self._embedded([image])

    def parts(self, image: RgbImage) -> Floats:
        """Return the embeddings of the whole and of four overlapping windows, (5, d)."""
        height, width = image.shape[:2]
        high, wide = max(1, round(height * GRID)), max(1, round(width * GRID))
        corners = [(y, x) for y in (0, height - high) for x in (0, width - wide)]
        return self._embedded([image, *(image[y : y + high, x : x + wide] for y, x in corners)])

    def _embedded(self, images: Sequence[RgbImage]) -> Floats:
        size = (self.side_px, self.side_px)
        squares = [Image.fromarray(i).resize(size, Image.Resampling.BICUBIC) for i in images]
        pixels = normalized(np.stack([np.asarray(square) for square in squares]))
        return np.asarray(self._session.run(None, {"pixels": pixels})[0], np.float32)


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", type=Path)
    parser.add_argument("--side", type=int, required=True, help="px of the side it takes")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    network = Network(options.network, options.side)
    names = pictures(options.data)
    figures = evaluated(network, names, lambda name: load(options.data / name), options.seeds)
    options.output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def evaluated(
    network: Network,
    names: list[str],
    read: Callable[[str], RgbImage],
    seeds: Sequence[int],
    *,
    sizes: Sizes | None = None,
) -> dict[str, object]:
    """Return the figures of every method: of each seed, and of each attack under the first."""
    runs = []
    attacks: dict[str, object] = {}
    for number, seed in enumerate(seeds):
        protocol = copy_protocol(names, seed=seed, sizes=sizes)
        references = References(network, [read(name) for name in protocol.references])
        scores = scored(references, protocol.queries, read)
        figures = {name: summary(pairs(protocol.queries, one)) for name, one in scores.items()}
        runs.append(figures)
        if number == 0:
            attacks = by_attack(references, protocol, read, figures)
    means = {
        name: {key: float(np.mean([run[name][key] for run in runs])) for key in runs[0][name]}
        for name in runs[0]
    }
    return {
        "mean": means,
        "seeds": dict(zip(map(str, seeds), runs, strict=True)),
        "attacks": attacks,
    }


@dataclass(slots=True, eq=False)
class References:
    """References as every method keeps them."""

    network: Network
    images: Sequence[RgbImage]
    _parts: Floats = field(init=False)
    _hashes: npt.NDArray[np.uint8] = field(init=False)
    _levels: Levels = field(init=False)

    def __post_init__(self) -> None:
        self._parts = np.stack([self.network.parts(image) for image in self.images])
        self._hashes = np.stack([_hash(image) for image in self.images])
        self._levels = Levels(np.ascontiguousarray(self._parts[:, 0]), typical=0.0, cap=CAP)

    def scores(self, query: RgbImage) -> dict[str, Scores]:
        """Return what every method makes of a query, float64 (references,)."""
        count = len(self.images)
        parts = self.network.parts(query)
        cosines = np.einsum("qd,rpd->qrp", parts, self._parts).astype(np.float64)
        whole = cosines[0, :, 0]
        places = np.arange(count)
        levelled = np.stack([
            self._levels.scores(cosines[part, :, 0], parts[part], places)
            for part in range(len(parts))
        ])  # fmt: skip
        # a window on a reference has no level of its own: that of the whole stands for it
        both = levelled + cosines.max(axis=2) - cosines[:, :, 0]
        turned = np.stack([_hash(one) for one in _dihedral(query)])
        distance = np.bitwise_count(turned[:, None] ^ self._hashes[None]).sum(axis=2).min(axis=0)
        return {
            "cosine": whole,
            "cosine less levels": levelled[0],
            "windows of query": cosines[:, :, 0].max(axis=0),
            "windows of query less levels": levelled.max(axis=0),
            "windows of both": cosines.max(axis=(0, 2)),
            "windows of both less levels": both.max(axis=0),
            "phash 64 dihedral": -distance.astype(np.float64),
        }


def scored(
    references: References, queries: Sequence[Query], read: Callable[[str], RgbImage]
) -> dict[str, Scores]:
    """Return the scores of every method, float64 (queries, references)."""
    rows = [references.scores(query.image(read)) for query in queries]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def pairs(queries: Sequence[Query], scores: Scores) -> ScoredPairs:
    """Return a full matrix of scores as the metrics take it."""
    query, record = np.indices(scores.shape).reshape(2, -1)
    true = np.zeros(scores.shape, np.bool_)
    for row, asked in enumerate(queries):
        if asked.reference is not None:
            true[row, asked.reference] = True
    return ScoredPairs(
        query=query,
        record=record,
        score=scores.ravel(),
        is_true=true.ravel(),
        truths=true.sum(axis=1),
    )


def summary(found: ScoredPairs) -> dict[str, float]:
    """Return the figures of one method, 0 to 1 but for the threshold."""
    without = recall_without_false_match(found)
    return {
        "micro_ap": micro_average_precision(found),
        "recall_without_false_match": without.recall,
        "recall_at_90_precision": recall_at_precision(found).recall,
        "threshold": without.min_score,
    }


def by_attack(
    references: References,
    protocol: CopyProtocol,
    read: Callable[[str], RgbImage],
    figures: dict[str, dict[str, float]],
) -> dict[str, object]:
    """Return the recall of each attack alone, at the thresholds of the protocol and first."""
    found: dict[str, object] = {}
    for attack in ATTACKS:
        queries = protocol.attack_queries(attack, PER_ATTACK)
        own = np.array([query.reference for query in queries])
        rows = np.arange(len(own))
        recall = {}
        for name, scores in scored(references, queries, read).items():
            true = scores[rows, own].copy()
            others = scores.copy()
            others[rows, own] = -np.inf
            recall[name] = {
                "recall_without_false_match": float((true >= figures[name]["threshold"]).mean()),
                "nearest": float((true > others.max(axis=1)).mean()),
            }
        found[attack.name] = {"family": attack.family.value, **recall}
    return found


def pictures(data: Path) -> list[str]:
    """Return the names of the photographs and works of art for measuring."""
    found = (p for pack in ("photos", "art") for p in (data / pack).rglob("*"))
    return sorted(p.relative_to(data).as_posix() for p in found if p.suffix in {".jpg", ".png"})


def load(path: Path) -> RgbImage:
    """Return the RGB pixels of a file."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _hash(image: RgbImage) -> npt.NDArray[np.uint8]:
    return np.packbits(imagehash.phash(Image.fromarray(image), hash_size=8).hash)


def _dihedral(image: RgbImage) -> list[RgbImage]:
    sides = (image, image[:, ::-1])
    return [np.ascontiguousarray(np.rot90(one, turns)) for one in sides for turns in range(4)]


if __name__ == "__main__":
    main()
