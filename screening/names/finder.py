"""Names in texts: which records of an index a prompt, or the name of a model, speaks of."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from ahocorasick_rs import AhoCorasick, Implementation

from reference_index import Kind, ReferenceIndex
from screening.names.context import BESIDE, HOLDER, Signs, Surroundings
from screening.names.folding import Break, Folded, fold
from screening.names.forms import NAMED, names_of
from screening.names.lexicon import Floats, vocabulary
from screening.names.memory import give_back
from screening.names.mending import Mended, Mender
from screening.names.spellings import UNSPACED, Collected, masks_of

SPLIT_BITS = 2.0
PARTED_BITS = 6.0
PARTICLE_BITS = 0.5
INSIDE_BITS = 4.0
JOINED_BITS = 4.0
UNSPACED_BITS = 1.5
"""What it costs that a word of the name is split in two, that a comma stands within it, that a
particle is joined to it, and that the name of a model runs on without a break. What it is worth
that no space is in it where the name has one, and that it is in Han signs, kana or Hangul."""

SHORTEST_INSIDE = 5
SURE_BITS = 22.0
"""From which score on a name speaks for another one beside it."""

MOST_SIGNS = 40.0
"""More bits than all that stands around a name comes to."""

_PARTING = frozenset(",;!?")


class Source(StrEnum):
    """Where a text stood."""

    PROMPT = "prompt"
    MODEL = "model"
    LORA = "LoRA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text that went into a generator: a prompt, or the name of a model or a LoRA."""

    source: Source
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A record that a text names.

    name: its title or alias, as the record has it. words: as they stand in the text, in one line.
    cue: the phrase beside them that tells a name, "" for none. how: "misspelled", "inflected" or
    "". score: bits of surprise: minus the binary logarithm of how often such words stand in such a
    place without naming the record, roughly; what that says of chance is measured. signs: what
    around the words counts in it, by name, in bits.
    """

    record_id: str
    source: Source
    name: str
    words: str
    cue: str
    how: str
    score: float
    signs: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    """A spelling at letters of a text.

    cost: of how it is written there. most: bits that it can be worth so.
    """

    pattern: int
    begin: int
    end: int
    cost: float
    how: str = ""
    most: float = math.inf


@dataclass(frozen=True, slots=True)
class _Scored:
    """A record that a spelling may name; place: of the name among the record's."""

    hit: _Hit
    owner: int
    place: int
    bits: float
    cue: str
    signs: tuple[tuple[str, float], ...]

    @property
    def score(self) -> float:
        return self.bits + sum(bits for _, bits in self.signs)


class NameFinder:
    """Finds the names of an index's records in texts; may be used from several threads.

    Knows titles and aliases as they are when it is made, which takes some seconds.
    """

    def __init__(self, index: ReferenceIndex) -> None:
        self._index = index
        collected = Collected()
        for record in index.records():
            if record.kind in NAMED:
                collected.take(record)
        self._ids, self._kinds = collected.ids, collected.kinds
        self._automaton = AhoCorasick(
            collected.numbers, implementation=Implementation.ContiguousNFA, store_patterns=False
        )
        collected.numbers.clear()  # of many names these letters are most of the memory
        self._spellings = collected.spellings()
        self._mender = Mender(collected.mendable(), collected.mendable_pairs())
        del collected
        give_back()

    def __len__(self) -> int:
        """Return how many records have names."""
        return len(self._ids)

    def find(self, said: Sequence[Said], *, min_score: float, best: int = 0) -> list[Named]:
        """Return the records that texts name, each once, by its highest score, the highest first.

        All that score at least min_score, and the ``best``.
        """
        least = -math.inf if best else min_score - MOST_SIGNS
        found: dict[int, tuple[float, Said, _Scored]] = {}
        for one in said:
            for scored in self._in_text(one, least):
                score = scored.score
                if scored.owner not in found or score > found[scored.owner][0]:
                    found[scored.owner] = score, one, scored
        ranked = sorted(found.items(), key=lambda one: (-one[1][0], self._ids[one[0]]))
        return [
            self._named(*those)
            for rank, (_, those) in enumerate(ranked)
            if rank < best or those[0] >= min_score
        ]

    def _named(self, score: float, said: Said, scored: _Scored) -> Named:
        record, hit = self._index.record(self._ids[scored.owner]), scored.hit
        return Named(
            record_id=record.id,
            source=said.source,
            name=names_of(record)[scored.place],
            words=_on_one_line(fold(said.text).written(hit.begin, hit.end)),
            cue=scored.cue,
            how=hit.how,
            score=score,
            signs=scored.signs,
        )

    def _in_text(self, said: Said, least: float) -> Iterator[_Scored]:
        """Yield what may be named in a text; records may come more than once."""
        folded = fold(said.text)
        if not folded.letters or not self._ids:
            return
        model = said.source is not Source.PROMPT
        hits = [*self._exact_hits(folded, inside=model)]
        other = self._mender.mended(folded)
        hits += self._mended_hits(folded, other) if other else ()
        if not hits:
            return
        surroundings = Surroundings(folded, model=model)
        languages = vocabulary().languages(said.text, folded.words_in_letters())
        scored = [one for hit in hits for one in self._scored(hit, surroundings, languages, least)]
        as_written = {hit.pattern for hit in hits if not hit.how}
        holders = [those for one in as_written if len(those := self._spellings.holders(one))]
        sure = [one.hit for one in scored if one.score >= SURE_BITS]
        begins, ends = {hit.begin for hit in sure}, {hit.end for hit in sure}
        for one in scored:
            more = []
            if surroundings.beside(one.hit.begin, one.hit.end, begins, ends):
                more.append(("beside", BESIDE))
            if any(_among(owners, one.owner) for owners in holders):
                more.append(("holder", HOLDER))
            yield _with(one, more) if more else one

    def _scored(
        self, hit: _Hit, surroundings: Surroundings, languages: Floats, least: float
    ) -> Iterator[_Scored]:
        """Yield the records that a spelling in a text may name, each with what speaks for it."""
        around: dict[Kind, tuple[str, Signs]] = {}
        for owner, place, bits in self._spellings.names(hit.pattern, languages, least=least):
            kind = self._kinds[owner]
            if kind not in around:
                around[kind] = surroundings.around(hit.begin, hit.end, kind)
            worth = min(bits, hit.most)
            cue, signs = around[kind]
            signs = tuple(_limited(signs, self._spellings.most(hit.pattern) - worth))
            yield _Scored(hit, owner, place, worth - hit.cost, cue, signs)

    def _hits(self, folded: Folded, *, inside: bool = False) -> Iterator[_Hit]:
        """Yield where spellings stand, at the cost of breaks that are others than the name's.

        inside: also where they run on into other letters.
        """
        breaks = folded.breaks
        for pattern, begin, end in self._automaton.find_matches_as_indexes(
            folded.letters, overlapping=True
        ):
            cost = 0.0
            if breaks[begin] in {Break.NONE, Break.TAIL} or breaks[end] == Break.NONE:
                if not inside or end - begin < SHORTEST_INSIDE:
                    continue
                cost = INSIDE_BITS
            elif breaks[end] == Break.TAIL:
                cost = PARTICLE_BITS
            here, _, _ = masks_of(breaks[begin + 1 : end])
            spaces, hyphens, loose = self._spellings.masks(pattern)
            split, most = here & ~(spaces | hyphens | loose), math.inf
            if split:
                cost += SPLIT_BITS * split.bit_count()
                most = _worth(folded, begin, end)
            elif not here and spaces | hyphens:
                cost -= JOINED_BITS
            yield _Hit(pattern, begin, end, cost, most=most)

    def _exact_hits(self, folded: Folded, *, inside: bool) -> Iterator[_Hit]:
        """Yield where spellings stand in a text as it is, at the cost of how it is written."""
        for hit in self._hits(folded, inside=inside):
            cost = hit.cost + _parted(folded, hit.begin, hit.end)
            if UNSPACED.search(folded.written(hit.begin, hit.end)):
                cost -= UNSPACED_BITS
            yield _Hit(hit.pattern, hit.begin, hit.end, cost, most=hit.most)

    def _mended_hits(self, folded: Folded, other: Mended) -> Iterator[_Hit]:
        """Yield where spellings stand in a text with other words, if these are part of them."""
        for hit in self._hits(other.folded):
            touched = other.within(hit.begin, hit.end)
            if touched is not None:
                begin, end, cost = touched.begin, touched.end, hit.cost + touched.cost
                cost += _parted(folded, begin, end)
                yield _Hit(hit.pattern, begin, end, cost, touched.how)


def _limited(signs: Signs, most: float) -> Iterator[tuple[str, float]]:
    """Yield signs, that of capitals for no more than ``most``."""
    for name, bits in signs:
        if name != "capitals":
            yield name, bits
        elif most > 0.0:
            yield name, min(bits, most)


def _with(scored: _Scored, more: Sequence[tuple[str, float]]) -> _Scored:
    signs = (*scored.signs, *more)
    return _Scored(scored.hit, scored.owner, scored.place, scored.bits, scored.cue, signs)


def _parted(folded: Folded, begin: int, end: int) -> float:
    """Return what it costs that a comma stands within the letters from begin to end."""
    return 0.0 if _PARTING.isdisjoint(folded.written(begin, end)) else PARTED_BITS


def _worth(folded: Folded, begin: int, end: int) -> float:
    """Return how surprising the words from begin to end are as ordinary ones, all together."""
    kinds = (Break.WORD, Break.HYPHEN)
    inner = [at for at in range(begin + 1, end) if folded.breaks[at] in kinds]
    words = [folded.letters[at:to] for at, to in pairwise([begin, *inner, end])]
    return float(vocabulary().bits(words).sum())


def _among(owners: npt.NDArray[np.uint32], owner: int) -> bool:
    at = int(np.searchsorted(owners, owner))
    return at < len(owners) and int(owners[at]) == owner


def _on_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
