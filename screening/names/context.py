"""What stands around a name, and how much more often it does so beside names than beside words."""

import math
import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from functools import cached_property
from operator import itemgetter

from reference_index import Kind
from screening.names.cues import cue_at, is_one_of_many
from screening.names.folding import Break, Folded
from screening.names.words import small_words

QUOTED = 6.0
TITLE_MARKS = 7.0
YEAR = 6.0
TAG = 5.0
ALONE = 6.0
APART = 4.0
POSSESSIVE = 1.5
MODEL = 4.0
BESIDE = 5.0
HOLDER = 8.0
"""Bits for a name in quotes, in the marks of East Asian titles, before a year in brackets, as a
tag, that is all of a text, between commas or brackets, with a possessive, in the name of a model,
beside another name, and with the owner of its rights."""

SMALL = -2.5
ONE_OF_MANY = -7.0
PART_OF_MORE = -4.0
"""Bits for a name without capitals where other words have some, for one of many things, and for one
that goes on in another word with a capital."""

CAPITALS, MOST_CAPITALS, CAPITAL_WORDS = 2.5, 4.0, 2
"""For each bit that the capitals of so many of its words surprise by, given those of the others; of
so many bits at most."""

_QUOTES = frozenset("\"'“”„‟«»‹›‘’‚「」『』`*")
_TITLE_MARKS = frozenset("《》〈〉『』")
_EDGES = frozenset(("", *",;()[]{}|:、，；。<>#"))
_APOSTROPHES = frozenset("'’")
_TAGS = ("#", "<lora:", "<lyco:", "embedding:")
_YEAR = re.compile(r"\s?[(\[](?:18|19|20)\d\d[)\]]")
_SENTENCE_ENDS = frozenset(".!?:;\n|")
_BETWEEN = small_words("between") | {""}
_LONGEST_BETWEEN = max(map(len, _BETWEEN))
_NEAR = 40  # characters before a word that can tell something of it

Signs = tuple[tuple[str, float], ...]


class Surroundings:
    """A text, as what stands around the names in it; model: whether it is the name of a model."""

    def __init__(self, folded: Folded, *, model: bool = False) -> None:
        self.folded = folded
        self._model = model

    def around(self, begin: int, end: int, kind: Kind) -> tuple[str, Signs]:
        """Return what stands around the letters from begin to end, for a kind of record.

        The phrase of a cue, "" for none, and all signs by name, in bits.
        """
        cue = cue_at(self.folded, begin, end, kind)
        signs = [*self._signs(begin, end)]
        if cue:
            signs.append((cue.name, cue.strength))
        return cue.phrase if cue else "", tuple(signs)

    def beside(self, begin: int, end: int, begins: Collection[int], ends: Collection[int]) -> bool:
        """Return whether a name stands right before or after, or with a small word between.

        begins, ends: where names begin and end.
        """
        letters = self.folded.letters
        return any(
            (begin - gap in ends and letters[begin - gap : begin] in _BETWEEN)
            or (end + gap in begins and letters[end : end + gap] in _BETWEEN)
            for gap in range(_LONGEST_BETWEEN + 1)
        )

    def _signs(self, begin: int, end: int) -> Iterator[tuple[str, float]]:
        text, places = self.folded.text, self.folded.places
        first, last = places[begin], places[end - 1] + 1
        after = text[last : last + 8].lstrip()[:1]
        if self._model:
            yield "model", MODEL
        near = text[max(0, first - _NEAR) : first]
        if near.endswith(_TAGS):
            yield "tag", TAG
        if _YEAR.match(text, last):
            yield "year", YEAR
        yield from self._enclosed(begin, end, near.rstrip()[-1:], after)
        if after in _APOSTROPHES and text[last + 1 : last + 2].isalpha():
            yield "possessive", POSSESSIVE
        if is_one_of_many(self.folded, begin):
            yield "one of many", ONE_OF_MANY
        if self._goes_on(begin, end):
            yield "part of more", PART_OF_MORE
        else:
            yield from self._capitals(begin, end)

    def _enclosed(
        self, begin: int, end: int, before: str, after: str
    ) -> Iterator[tuple[str, float]]:
        if before in _TITLE_MARKS and after in _TITLE_MARKS:
            yield "title marks", TITLE_MARKS
        elif before in _QUOTES and after in _QUOTES:
            yield "quoted", QUOTED
        elif begin == 0 and end == len(self.folded.letters):
            yield "alone", ALONE
        elif before in _EDGES and after in _EDGES:
            yield "apart", APART

    def _goes_on(self, begin: int, end: int) -> bool:
        """Tell whether one word with a capital is followed by another: a street, a park."""
        cased, (_, small) = self._cased, self._sums
        first, last = self._between(begin, end)
        within = [capital for _, capital, _ in cased[first:last]]
        after = cased[last] if last < len(cased) else None
        if within != [True] or after is None or after[0] != end or not after[1]:
            return False
        text, places = self.folded.text, self.folded.places
        return 2 * small > len(cased) and text[places[end - 1] + 1 : places[end]].isspace()

    def _capitals(self, begin: int, end: int) -> Iterator[tuple[str, float]]:
        """Yield bits where a name's words have capitals that others lack, or none where they do."""
        first, last = self._between(begin, end)
        within = self._cased[first:last]
        told = [capital for _, capital, starts in within if not starts or len(within) > 1]
        sums, _ = self._sums
        (count, capitals), (before, upper) = sums[-1], sums[first]
        others = count - (sums[last][0] - before)
        with_capital = capitals - (sums[last][1] - upper)
        if within and not any(capital for _, capital, _ in within):
            if with_capital:
                yield "small", SMALL
        elif told and all(capital for _, capital, _ in within):
            if others and with_capital == others:
                return
            bits = -math.log2((with_capital + 1) / (others + 2)) * min(len(told), CAPITAL_WORDS)
            yield "capitals", CAPITALS * min(bits, MOST_CAPITALS)

    def _between(self, begin: int, end: int) -> tuple[int, int]:
        """Return which words with capitals or without stand from begin to end."""
        by_begin = itemgetter(0)
        return (
            bisect_left(self._cased, begin, key=by_begin),
            bisect_left(self._cased, end, key=by_begin),
        )

    @cached_property
    def _sums(self) -> tuple[list[tuple[int, int]], int]:
        """Up to each word, how many begin no sentence and how many of them have capitals.

        And how many words of all have none.
        """
        sums = [(0, 0)]
        for _, capital, starts in self._cased:
            count, capitals = sums[-1]
            sums.append((count + (not starts), capitals + (capital and not starts)))
        return sums, sum(not capital for _, capital, _ in self._cased)

    @cached_property
    def _cased(self) -> list[tuple[int, bool, bool]]:
        """Begin of each word of a script with capitals, whether it has one and begins a sentence.

        Without words all in capitals, which are shouted, unless all of the text is.
        """
        folded, found = self.folded, []
        shouting = folded.text.isupper()
        for begin, _ in folded.words():
            if begin == len(folded.letters) or folded.breaks[begin] != Break.WORD:
                continue
            place = folded.places[begin]
            first, shouted = folded.text[place], folded.text[place : place + 2].isupper()
            if first.islower() or (first.isupper() and (shouting or not shouted)):
                before = folded.text[max(0, place - _NEAR) : place].rstrip(" \t\"'“”„«»‘’([{<")[-1:]
                found.append((begin, first.isupper(), not before or before in _SENTENCE_ENDS))
        return found
