"""Misspelled and inflected words: which word of a name was meant."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from screening.names.folding import Folded
from screening.names.lexicon import hashes_of, vocabulary
from screening.names.words import small_words

MIN_LETTERS = 5
MIN_BESIDE = 4
MIN_MEANT = 3
"""Shorter words are compared as they are, also beside another word of the name, and are not meant:
too many others are one letter away."""

TWO_EDITS_FROM = 8
EDIT_BITS = 2.0
INFLECTED_BITS = 4.0
"""What it costs that a word is not written as in the name."""

USUAL_BITS, PLAIN_BITS = 20.0, 13.0
"""How surprising a word is that may be a mistake as it is; and at least, to be one at all."""

MOST_MEANT = 12
"""Words that one may have been meant for, at most."""

_ENDINGS = small_words("endings") | {""}
_LONGEST_ENDING = max(map(len, _ENDINGS))
_MIN_STEM = 3
_PREFIX = 7
_GONE = [gone for count in range(3) for gone in combinations(range(_PREFIX), count)]
_KEPT = np.array([
    [place for place in range(_PREFIX) if place not in gone] + [_PREFIX] * len(gone)
    for gone in _GONE
])  # fmt: skip
"""Of each way to leave letters out, the places of those kept, filled up with one that is empty."""

_SHIFTS = np.arange(0, 8 * _PREFIX, 8, dtype=np.uint64)

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.uint32]


class Meant(NamedTuple):
    """A word of a name that another was meant for; cost in bits. The least comes first."""

    cost: float
    edits: int
    word: str
    how: str


@dataclass(frozen=True, slots=True)
class Touched:
    """Letters of the text as it was, what it costs to read them as they were mended, and how."""

    begin: int
    end: int
    cost: float
    how: str


@dataclass(frozen=True, slots=True)
class Mended:
    """A text with some words read as words of names.

    words: begin and end in the mended letters, begin and end in the text's own, and what was meant,
    None where nothing was changed.
    """

    folded: Folded
    words: tuple[tuple[int, int, int, int, Meant | None], ...]

    def within(self, begin: int, end: int) -> Touched | None:
        """Return the text's own letters where mended ones were taken in, None where none were."""
        first = bisect_left(self.words, begin, key=itemgetter(0))
        last = bisect_left(self.words, end, key=itemgetter(1))
        inside = self.words[first : last + 1]
        if not inside:
            return None
        changed = [one[4] for one in inside if one[4]]
        if not changed or inside[0][0] != begin or inside[-1][1] != end:
            return None
        how = max(one.how for one in changed)
        return Touched(inside[0][2], inside[-1][3], sum(one.cost for one in changed), how)


class Mender:
    """Knows the words of names, and finds those that a word may have been meant for.

    words: of names, folded; those of fewer than MIN_MEANT letters are never meant. pairs: which
    of them stand side by side in a name.
    Source of the lookup: symmetric deletions within a prefix (SymSpell), Garbe 2012.
    """

    def __init__(self, words: Iterable[str], pairs: Sequence[tuple[str, str]]) -> None:
        self._words = tuple(sorted({w for w in words if len(w) >= MIN_MEANT and w.isascii()}))
        self._exact = frozenset(self._words)
        self._pairs = np.unique(_pairs(pairs))
        keys = _deletions(self._words)
        rows = np.repeat(np.arange(len(keys), dtype=np.uint32), keys.shape[1])
        self._deletions, self._by_deletion = _sorted(keys.ravel(), rows)
        stems = [(stem, row) for row, word in enumerate(self._words) for stem in stems_of(word)]
        self._stems, self._by_stem = _sorted(
            hashes_of([stem for stem, _ in stems]), np.array([row for _, row in stems], np.uint32)
        )

    def mended(self, folded: Folded) -> Mended | None:
        """Return a text with inflected and misspelled words put right, None where there are none.

        Of several words that one may have been meant for, those are taken that stand beside its
        neighbor in a name, else the nearest.
        """
        spans = folded.words()
        words = folded.words_in_letters()
        long = [word for word in dict.fromkeys(words) if self._may_mend(word)]
        bits = vocabulary().bits(long).tolist()
        wanted = {word: one for word, one in zip(long, bits, strict=True) if one >= PLAIN_BITS}
        found = self._meant([*wanted], [*wanted.values()])
        each = {word: those for word, those in zip(wanted, found, strict=True) if those}
        meant = {row: each[word] for row, word in enumerate(words) if word in each}
        if not meant:
            return None
        chosen = {row: those[0] for row, those in meant.items() if self._is_alone(words[row])}
        for row in range(len(words) - 1):
            if len(self._pairs) and (row in meant or row + 1 in meant):
                self._choose(row, words, meant, chosen)
        if not chosen:
            return None
        return _replaced(folded, spans, chosen)

    def _choose(
        self,
        row: int,
        words: Sequence[str],
        meant: Mapping[int, Sequence[Meant]],
        chosen: dict[int, Meant],
    ) -> None:
        """Take for a word and the next what stands side by side in a name, at the least cost."""
        first, second = ([*meant.get(at, ()), _as_is(words[at])] for at in (row, row + 1))
        both = [(one, other) for one in first for other in second]
        pairs = _pairs([(one.word, other.word) for one, other in both])
        places = np.minimum(np.searchsorted(self._pairs, pairs), len(self._pairs) - 1)
        known = self._pairs[places] == pairs
        named = [pair for pair, there in zip(both, known, strict=True) if there]
        if not named:
            return
        nearest = min(named, key=lambda pair: (pair[0].cost + pair[1].cost, pair))
        for at, one in zip((row, row + 1), nearest, strict=True):
            if one.edits:
                chosen[at] = one
            else:
                chosen.pop(at, None)

    def _may_mend(self, word: str) -> bool:
        return len(word) >= MIN_BESIDE and word.isascii()

    def _is_alone(self, word: str) -> bool:
        """Tell whether a word may be meant for another whatever stands beside it."""
        return len(word) >= MIN_LETTERS and word not in self._exact

    def _meant(self, words: Sequence[str], ordinary: Sequence[float]) -> list[list[Meant]]:
        """Return for each word those of names that it may have been meant for, the nearest first.

        Fewest edits away, one or, of a long word, two; or the same but for its ending. A usual word
        is no mistake, and costs more the more usual it is.
        """
        stems = [stems_of(word) for word in words]
        of_stem = [place for place, those in enumerate(stems) for _ in those]
        flat = hashes_of([stem for those in stems for stem in those])
        inflected = _matching(self._stems, self._by_stem, flat, of_stem, len(words))
        keys = _deletions(words)
        of_key = np.repeat(np.arange(len(words)), keys.shape[1]).tolist()
        misspelled = _matching(self._deletions, self._by_deletion, keys.ravel(), of_key, len(words))
        return [
            sorted({*self._inflected(word, one, bits), *self._misspelled(word, other, bits)})[
                :MOST_MEANT
            ]
            for word, one, other, bits in zip(words, inflected, misspelled, ordinary, strict=True)
        ]

    def _inflected(self, word: str, rows: Iterable[int], bits: float) -> Iterator[Meant]:
        for row in rows:
            if edits := OSA.distance(word, self._words[row]):
                yield self._as_meant(row, INFLECTED_BITS, edits, "inflected", bits)

    def _misspelled(self, word: str, rows: Iterable[int], bits: float) -> Iterator[Meant]:
        most = 2 if len(word) >= TWO_EDITS_FROM else 1
        for row in rows:
            meant = self._words[row]
            edits = OSA.distance(word, meant, score_cutoff=most)
            if 0 < edits <= most:
                longer = word.startswith(meant) and word[len(meant) :] in _ENDINGS
                how = "inflected" if longer else "misspelled"
                yield self._as_meant(row, EDIT_BITS * edits, edits, how, bits)

    def _as_meant(self, row: int, cost: float, edits: int, how: str, bits: float) -> Meant:
        more = max(0.0, USUAL_BITS - bits)
        return Meant(cost + more, edits, self._words[row], how)


def _as_is(word: str) -> Meant:
    return Meant(0.0, 0, word, "")


def stems_of(word: str) -> list[str]:
    """Return what is left of a word without each of the endings that it may have."""
    return [
        word[: len(word) - cut]
        for cut in range(min(_LONGEST_ENDING, len(word) - _MIN_STEM) + 1)
        if word[len(word) - cut :] in _ENDINGS
    ]


def _replaced(
    folded: Folded, spans: Sequence[tuple[int, int]], changed: Mapping[int, Meant]
) -> Mended:
    letters, breaks, words = list[str](), bytearray(), []
    length = 0
    for row, (begin, end) in enumerate(spans):
        meant = changed.get(row)
        word = meant.word if meant else folded.letters[begin:end]
        breaks.append(folded.breaks[begin])
        breaks += bytes(len(word) - 1) if meant else folded.breaks[begin + 1 : end]
        letters.append(word)
        words.append((length, length + len(word), begin, end, meant))
        length += len(word)
    breaks.append(folded.breaks[-1])
    return Mended(Folded(folded.text, "".join(letters), (), bytes(breaks)), tuple(words))


def _deletions(words: Sequence[str]) -> Keys:
    """Return the prefixes of words (n,) without up to two letters, as numbers: uint64 (n, m)."""
    signs = np.zeros((len(words), _PREFIX + 1), np.uint64)
    for row, word in enumerate(words):
        prefix = word[:_PREFIX].encode("ascii")
        signs[row, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    keys = np.zeros((len(words), len(_KEPT)), np.uint64)
    for column, shift in zip(_KEPT.T, _SHIFTS, strict=True):
        keys |= signs[:, column] << shift
    return keys


def _pairs(pairs: Sequence[tuple[str, str]]) -> Keys:
    """Return numbers that stand for two words side by side: uint64 (n,)."""
    first, second = (hashes_of([pair[side] for pair in pairs]) for side in (0, 1))
    return first * np.uint64(0x9E3779B97F4A7C15) ^ second


def _sorted(keys: Keys, rows: Rows) -> tuple[Keys, Rows]:
    order = np.argsort(keys, kind="stable")
    return keys[order], rows[order]


def _matching(
    keys: Keys, rows: Rows, wanted: Keys, owners: Sequence[int], count: int
) -> list[set[int]]:
    """Return for each of so many words the rows that some keys stand for.

    owners: of each wanted key, the place of its word.
    """
    begins = np.searchsorted(keys, wanted, side="left")
    ends = np.searchsorted(keys, wanted, side="right")
    found: list[set[int]] = [set() for _ in range(count)]
    for at in np.flatnonzero(begins < ends).tolist():
        found[owners[at]].update(rows[begins[at] : ends[at]].tolist())
    return found
