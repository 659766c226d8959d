"""How well the vectors of a model tell copies from other pictures, by ways of scoring and looking.

Needs weights: the model is one of the store (screening models list). The pictures are split in two
by a seed. On one part everything is chosen: how alike strangers are, what is subtracted, and the
threshold that no false pair reaches. The other part is reported: a protocol in the form of DISC21,
and each attack by itself at that threshold. Ways of scoring a pair, best window against best
window: the raw cosine; the cosine less what both have in common with the references at large, as
the product does it, through an index on disk; the cosine less the mean of the query's nearest
background pictures. Copies are what there is labeled data for. How well a character or a design is
found that was drawn anew is not measured by it.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from _common import digest, environment, load, over_seeds, parser, pictures, print_table, write

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.fingerprint import EMBEDDING_PREFIX
from screening.evaluation.attacks import ATTACKS
from screening.evaluation.metrics import (
    FloatArray,
    ScoredPairs,
    micro_average_precision,
    recall_at_score,
    recall_without_false_match,
)
from screening.evaluation.protocols import CopyProtocol, Query, Sizes, copy_protocol
from screening.models import ModelStore
from screening.models.agreement import strangers
from screening.signals import SETTINGS
from screening.signals.embeddings import EmbeddingModel, choose, finish, prepare
from screening.signals.embeddings.windows import TILES, squares

WAYS = ("raw cosine", "less levels (product)", "less background mean")
NEAREST_BACKGROUND = 10  # of about 200
FULL, QUICK = Sizes(references=200, positives=100, distractors=200), Sizes(
    references=20, positives=10, distractors=20
)  # fmt: skip

Floats = npt.NDArray[np.float32]
Run = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The vectors of one picture, those of every window, and how many of them each of TILES has."""

    vectors: Floats
    counts: tuple[int, ...]

    def at(self, tiles: int) -> Floats:
        """Return those of the windows of ``tiles``: the first ones."""
        return self.vectors[: self.counts[tiles]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The vectors of one half of the pictures: of references, and of queries of each kind."""

    references: Sequence[Seen]
    queries: Sequence[Seen]
    truth: Sequence[int | None]
    attacked: dict[str, tuple[Sequence[Seen], Sequence[int | None]]]


def look(rgb: npt.NDArray[np.uint8], model: EmbeddingModel) -> Seen:
    """Return the vectors of a picture, looked at as closely as can be."""
    shown = prepare(rgb, model)
    height, width = rgb.shape[:2]
    resize = model.conversion.preparation.resize
    counts = tuple(1 + len(squares(width, height, tiles, resize=resize)) for tiles in TILES)
    return Seen(vectors=finish([shown], model)[0].vectors, counts=counts)


def looked_at(protocol: CopyProtocol, model: EmbeddingModel, attack_queries: int) -> Part:
    """Return the vectors of all pictures of a protocol, each attack's queries by themselves."""

    def asked(queries: Sequence[Query]) -> tuple[list[Seen], list[int | None]]:
        seen = [look(query.image(load), model) for query in queries]
        return seen, [query.reference for query in queries]

    queries, truth = asked(protocol.queries)
    attacked = {
        attack.name: asked(protocol.attack_queries(attack, attack_queries))
        for attack in (ATTACKS if attack_queries else ())
    }
    return Part(
        references=[look(load(name), model) for name in protocol.references],
        queries=queries,
        truth=truth,
        attacked=attacked,
    )


class Scores:
    """Every way of scoring queries against the references of a part, at one of TILES.

    background: vectors of whole pictures that are in neither part. alike: its strangers.
    """

    def __init__(
        self,
        part: Part,
        model: EmbeddingModel,
        tiles: int,
        *,
        background: Floats,
        alike: tuple[float, float],
        folder: Path,
    ) -> None:
        self._tiles, self._background, self._alike = tiles, background, alike
        self._references = [one.at(tiles) for one in part.references]
        self._channel = f"{EMBEDDING_PREFIX}{model.id}"
        self._enroll(folder, model)
        self._index = ReferenceIndex.open(folder)

    def of(self, way: str, queries: Sequence[Seen]) -> FloatArray:
        """Return the scores, float64 (queries, references)."""
        seen = [one.at(self._tiles) for one in queries]
        if way == WAYS[1]:
            return np.stack([self._by_index(vectors) for vectors in seen])
        return np.stack([self._by_cosine(v, subtract=way == WAYS[2]) for v in seen])

    def _by_cosine(self, vectors: Floats, *, subtract: bool) -> FloatArray:
        taken = np.zeros(len(vectors))
        if subtract:
            near = np.sort(vectors @ self._background.T, axis=1)[:, -NEAREST_BACKGROUND:]
            taken = near.mean(axis=1)
        return np.array([
            float((vectors @ reference.T - taken[:, None]).max()) for reference in self._references
        ])  # fmt: skip

    def _by_index(self, vectors: Floats) -> FloatArray:
        scores = np.full(len(self._references), -np.inf)
        found = self._index.search_vectors(
            self._channel, vectors, k=len(self._references), strangers=self._alike
        )
        for window in found:
            for candidate in window:
                place = int(candidate.record_id)
                scores[place] = max(scores[place], candidate.score)
        return scores

    def _enroll(self, folder: Path, model: EmbeddingModel) -> None:
        with IndexWriter(folder, settings={**SETTINGS, self._channel: model.settings}) as writer:
            for number, vectors in enumerate(self._references):
                record = Record(id=str(number), kind=Kind.WORK, title=f"picture {number}")
                writer.put_record(record)
                writer.add_image(
                    record.id,
                    None,
                    sha256=f"{number:064x}",
                    width=1,
                    height=1,
                    source="",
                    vectors={self._channel: vectors},
                )


def pairs_of(scores: FloatArray, truth: Sequence[int | None]) -> ScoredPairs:
    """Return all pairs of a matrix of scores."""
    true = np.zeros(scores.shape, np.bool_)
    for row, reference in enumerate(truth):
        if reference is not None:
            true[row, reference] = True
    query, record = np.nonzero(np.isfinite(scores))
    return ScoredPairs(
        query=query,
        record=record,
        score=scores[query, record],
        is_true=true[query, record],
        truths=true.sum(axis=1),
    )


def measure(model: EmbeddingModel, names: Sequence[str], seed: int, given: Any) -> Run:
    """Return the measures of each way and each of TILES, by one precision and seed."""
    sizes = QUICK if given.quick else FULL
    order = np.random.default_rng(seed).permutation(len(names))
    halves = [[names[i] for i in order[start::2]] for start in (0, 1)]
    chosen_on, reported = (copy_protocol(half, seed=seed, sizes=sizes) for half in halves)
    parts = (
        looked_at(chosen_on, model, 0),
        looked_at(reported, model, 2 if given.quick else given.attack_queries),
    )
    apart = chosen_on.backgrounds[: sizes.references]
    background = np.stack([look(load(name), model).vectors[0] for name in apart])
    alike = strangers(background)
    run: Run = {"strangers": alike}
    with tempfile.TemporaryDirectory() as temporary:
        for tiles in TILES:
            own, far = (
                Scores(
                    part,
                    model,
                    tiles,
                    background=background,
                    alike=alike,
                    folder=Path(temporary) / f"{name}-{tiles}.index",
                )
                for part, name in zip(parts, ("chosen", "reported"), strict=True)
            )
            for way in WAYS:
                run[f"{way}, tiles {tiles}"] = measures(way, parts, own, far)
    return run


def measures(way: str, parts: tuple[Part, Part], chosen: Scores, reported: Scores) -> Run:
    """Return what a way of scoring comes to on the second part, at the threshold of the first."""
    first = pairs_of(chosen.of(way, parts[0].queries), parts[0].truth)
    limit = recall_without_false_match(first).min_score
    limit = limit if np.isfinite(limit) else float(first.score.max()) + 1.0
    pairs = pairs_of(reported.of(way, parts[1].queries), parts[1].truth)
    false = pairs.score[~pairs.is_true]
    return {
        "micro_ap": micro_average_precision(pairs),
        "recall_without_false_match": recall_without_false_match(pairs).recall,
        "threshold": limit,
        "recall": recall_at_score(pairs, limit),
        "false_matches_a_query": float((false >= limit).sum() / len(pairs.truths)),
        "attacks": {
            name: recall_at_score(pairs_of(reported.of(way, queries), truth), limit)
            for name, (queries, truth) in parts[1].attacked.items()
        },
    }


def main() -> None:
    """Run the benchmark."""
    options = parser("embedding_quality", __doc__ or "")
    options.add_argument("--model", required=True, help="id of a model of the store")
    options.add_argument("--models", type=Path, help="folder of weights (default: your own)")
    options.add_argument("--runtime", choices=("onnx", "torch"), default="onnx")
    options.add_argument("--seeds", type=int, default=3, help="how many seeds (default 3)")
    options.add_argument("--attack-queries", type=int, default=20, help="per attack and seed")
    options.add_argument(
        "--quick", action="store_true", help="so few pictures that it means little"
    )
    given = options.parse_args()
    store = ModelStore(given.models) if given.models else ModelStore()
    known = store.conversion(given.model)
    both = given.runtime == "onnx" and known is not None and known.image_int8 is not None
    precisions = ("fp32", "int8") if both else ("fp32",)
    models = {
        name: choose(store, given.model, tiles=max(TILES), precision=name, runtime=given.runtime)
        for name in precisions
    }
    names = sorted([*pictures("photos"), *pictures("art")])
    if given.quick:
        names = names[:: len(names) // 110]
    seeds = range(given.seed, given.seed + (1 if given.quick else given.seeds))
    about = environment(seeds=seeds, data_sha256=digest(names))
    runs = {
        precision: [measure(model, names, seed, given) for seed in seeds]
        for precision, model in models.items()
    }
    conversion = models["fp32"].conversion
    record = {
        **about,
        "model": {"mark": conversion.mark, "title": conversion.title, "source": conversion.source},
        "runtime": given.runtime,
        "quick": given.quick,
        "pool": len(names),
        "agreement_of_int8": conversion.agreement and conversion.agreement.correlation,
        "precisions": {name: summary(of) for name, of in runs.items()},
    }
    write(given.output, record)
    show(record)
    if given.quick:
        print("quick: so few pictures say next to nothing; of random weights nothing at all")


def summary(runs: Sequence[Run]) -> Run:
    """Return the measures of one precision over the seeds."""
    ways = [name for name in runs[0] if name != "strangers"]
    plain = [name for name in runs[0][ways[0]] if name != "attacks"]
    return {
        "strangers_per_seed": [run["strangers"] for run in runs],
        "ways": {
            way: {name: over_seeds([run[way][name] for run in runs]) for name in plain}
            | {
                "attacks": {
                    attack: round(float(np.mean([run[way]["attacks"][attack] for run in runs])), 4)
                    for attack in runs[0][way]["attacks"]
                }
            }
            for way in ways
        },
    }


def show(record: Run) -> None:
    """Print the measures of every way, then recall per attack of the product's."""
    names = (
        "micro_ap", "recall_without_false_match", "threshold", "recall", "false_matches_a_query"
    )  # fmt: skip
    print_table(
        ["precision, way", *(name.replace("_", " ") for name in names)],
        [
            [f"{precision}: {way}", *(f"{of[name]['mean']:.3f}" for name in names)]
            for precision, part in record["precisions"].items()
            for way, of in part["ways"].items()
        ],
    )
    print()
    columns = [f"{WAYS[1]}, tiles {tiles}" for tiles in TILES]
    print_table(
        ["recall, as the product scores", *(f"{p}, tiles {t}" for p in record["precisions"]
                                           for t in TILES)],
        [
            [attack.name, *(f"{part['ways'][way]['attacks'][attack.name]:.2f}"
                            for part in record["precisions"].values() for way in columns)]
            for attack in ATTACKS
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
