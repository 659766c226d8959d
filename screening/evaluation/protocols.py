"""Pinned protocols: which images are enrolled, which are asked for, and how they are attacked.

A protocol holds names and seeds, never pixels: every picture is loaded, and attacked anew, when it
is needed, so that memory stays that of a few pictures. Source of the form: DISC21, Douze et al.
2021.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import numpy as np

from screening.evaluation.attacks import ATTACKS, Attack, Composition, RgbImage, compose
from screening.evaluation.metrics import FloatArray, ScoredPairs

Load = Callable[[str], RgbImage]

_OTHERS = max(attack.others for attack in ATTACKS)


class Method(Protocol):
    """A way of telling copies, as a benchmark sees it."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    def index(self, references: Iterable[RgbImage]) -> None:
        """Take in the references, in order, in place of any before."""

    def scores(self, query: RgbImage) -> FloatArray:
        """Return one score per reference, float64 (references,), higher is closer.

        A reference that was not compared scores minus infinity.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many pictures a protocol uses, DISC21 in small unless given.

    Each positive is an attacked copy of a reference of its own.
    """

    references: int = 400
    positives: int = 200
    distractors: int = 400

    def __post_init__(self) -> None:
        if not 0 < self.positives <= self.references or self.distractors < 0:
            raise ValueError(
                f"{self}: expected at least one positive, no more positives than references, "
                "and no negative number"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query: a picture of the pool and what is done to it.

    reference: which of the references it is a copy of; None for a distractor.
    others: names of the pictures the attack may put around it.
    """

    source: str
    reference: int | None
    attack: Composition
    others: tuple[str, ...]
    seed: tuple[int, ...]

    def image(self, load: Load) -> RgbImage:
        """Return the attacked picture, the same pixels every time."""
        others = [load(name) for name in self.others[: self.attack.others]]
        return self.attack.apply(load(self.source), np.random.default_rng(self.seed), others)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyProtocol:
    """References, queries, and the pictures kept apart to surround a query.

    No picture is in two of: references, sources of distractors, backgrounds.
    """

    seed: int
    references: tuple[str, ...]
    queries: tuple[Query, ...]
    backgrounds: tuple[str, ...]

    def attack_queries(self, attack: Attack, count: int = 100) -> tuple[Query, ...]:
        """Return copies of ``count`` different references under one attack alone.

        Raises ValueError where there are fewer references.
        """
        if count > len(self.references):
            raise ValueError(
                f"{count} queries of {attack.name} asked for, expected at most one for each of "
                f"the {len(self.references)} references"
            )
        base = (self.seed, crc32(attack.name.encode()))
        rng = np.random.default_rng(base)
        return tuple(
            Query(
                source=self.references[reference],
                reference=int(reference),
                attack=compose(attack),
                others=_drawn(rng, self.backgrounds),
                seed=(*base, number),
            )
            for number, reference in enumerate(rng.permutation(len(self.references))[:count])
        )


def copy_protocol(names: Iterable[str], *, seed: int, sizes: Sizes | None = None) -> CopyProtocol:
    """Return the protocol a seed draws from a pool of pictures, whatever their order.

    Positives are copies under two attacks, every fourth under one, each attack as often as any
    other; every second distractor is attacked in the same way, the others are as they are.
    Raises ValueError for a pool that is too small or names a picture twice.
    """
    sizes = sizes or Sizes()
    pool = sorted(names)
    needed = sizes.references + sizes.distractors + _OTHERS
    if len(set(pool)) != len(pool) or len(pool) < needed:
        raise ValueError(
            f"the pool has {len(pool)} names, {len(set(pool))} of them different, expected at "
            f"least {needed}, none twice: add pictures or ask for smaller sizes"
        )
    rng = np.random.default_rng(seed)
    shuffled = [pool[place] for place in rng.permutation(len(pool))]
    references = tuple(shuffled[: sizes.references])
    distractors = shuffled[sizes.references : sizes.references + sizes.distractors]
    backgrounds = tuple(shuffled[sizes.references + sizes.distractors :])
    attacked = (sizes.distractors + 1) // 2
    compositions = _compositions(rng, sizes.positives + attacked)
    copied = rng.choice(sizes.references, sizes.positives, replace=False)
    asked: list[tuple[str, int | None, Composition]] = [
        (references[copied[number]], int(copied[number]), compositions[number])
        for number in range(sizes.positives)
    ]
    for number, name in enumerate(distractors):
        done = compose() if number % 2 else compositions[sizes.positives + number // 2]
        asked.append((name, None, done))
    queries = tuple(
        Query(
            source=source,
            reference=reference,
            attack=composition,
            others=_drawn(rng, backgrounds),
            seed=(seed, number),
        )
        for number, (source, reference, composition) in enumerate(asked)
    )
    return CopyProtocol(seed=seed, references=references, queries=queries, backgrounds=backgrounds)


def score_queries(
    methods: Sequence[Method], queries: Sequence[Query], load: Load
) -> dict[str, ScoredPairs]:
    """Return what each method, its references taken in before, makes of the same queries."""
    scores: dict[str, list[FloatArray]] = {method.name: [] for method in methods}
    for query in queries:
        image = query.image(load)
        for method in methods:
            scores[method.name].append(method.scores(image))
    return {name: _pairs(queries, np.stack(rows)) for name, rows in scores.items()}


def _pairs(queries: Sequence[Query], scores: FloatArray) -> ScoredPairs:
    """Return the pairs of a full (queries, references) matrix that were compared."""
    compared = np.isfinite(scores)
    query, record = np.nonzero(compared)
    true = np.zeros(scores.shape, np.bool_)
    for row, asked in enumerate(queries):
        if asked.reference is not None:
            true[row, asked.reference] = True
    return ScoredPairs(
        query=query,
        record=record,
        score=scores[compared],
        is_true=true[compared],
        truths=true.sum(axis=1),
    )


def _compositions(rng: np.random.Generator, count: int) -> list[Composition]:
    """Return attacks for each of ``count`` pictures: one for every fourth, two for the others."""
    first, second = _evenly(rng, count), _evenly(rng, count)
    # an attack twice over may undo itself, as a mirror does: then it comes once
    return [
        compose(a) if a is b or number % 4 == 0 else compose(a, b)
        for number, (a, b) in enumerate(zip(first, second, strict=True))
    ]


def _evenly(rng: np.random.Generator, count: int) -> list[Attack]:
    """Return ``count`` attacks in random order, each as often as any other or once more."""
    rounds = -(-count // len(ATTACKS))
    order = [place for _ in range(rounds) for place in rng.permutation(len(ATTACKS))]
    return [ATTACKS[place] for place in order[:count]]


def _drawn(rng: np.random.Generator, backgrounds: Sequence[str]) -> tuple[str, ...]:
    chosen = rng.choice(len(backgrounds), _OTHERS, replace=False)
    return tuple(backgrounds[place] for place in chosen)
