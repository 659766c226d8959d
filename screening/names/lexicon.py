"""How common words are: what makes "Rose" a word and "Rashomon" a name, computed from word lists.

A word that one language uses far more often than the others is a word of that language; one that
all use alike is a name. So of how often a word is written, the part that many languages share is
taken for a name, and the rest for ordinary use; and what is a word in one language is hardly one in
a text of another. Source of the frequencies: wordfreq.
"""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from screening.names.folding import letters_of
from screening.names.given import given_names
from screening.names.memory import give_back

NAMING = ("en", "de", "fr", "es", "it", "pt", "nl", "pl")
"""Languages in Latin letters of which rare words are known too: they tell names from words."""

LARGE = (*NAMING, "ru", "ja", "zh")
SMALL = ("sv", "tr", "fi", "da", "nb", "id", "cs", "ro", "uk", "el", "hu", "ko")
"""Languages of which rare words are known, down to RARE, and of which only the usual ones are."""

RARE = 750
"""Centibels below all words: of thirty million words one."""

LANGUAGES = (*LARGE, *SMALL)
FOREIGN, RELATED, ENGLISH = 0.01, 0.3, 0.1
"""The share of a word's uses in its own language that another has beside those that it really has,
that a related one has, and that any has of an English word."""

FAMILIES = (("es", "pt", "it", "fr"), ("de", "nl"), ("pl", "cs"), ("ru", "uk"), ("sv", "da", "nb"))
FIRST = 0.3
"""How much of all prompts is in English, roughly; the other languages share the rest."""

USED_BY_CHANCE, GIVEN_BY_CHANCE = 0.01, 0.5
"""The share of a name's uses that mean somebody else, and of a given name's."""

RARE_GIVEN = 1e-6
"""How often a given name is written, at least."""

SHARED = 3.0
"""How many times as often as in the median language a name may be written in one."""

USUAL, UNUSUAL = 1e-4, 1e-7
"""Words that tell a language are written so often in one, and at least so often in any other."""

RAREST = 2.0**-26
"""Of a word that no list has."""

LETTER_BITS, SIGN_BITS, MOST_SIGN_BITS = 4.5, 9.0, 36.0
"""A word that no list has is no more surprising than so much for each letter or Han sign, up to
RAREST, and MOST_SIGN_BITS for signs."""

_SCRIPTS = tuple(
    (re.compile(signs), [LANGUAGES.index(one) for one in those])
    for signs, those in (
        ("[\u3040-\u30ff]", ("ja",)),
        ("[\uac00-\ud7af]", ("ko",)),
        ("[\u4e00-\u9fff]", ("zh",)),
        ("[\u0370-\u03ff]", ("el",)),
        ("[ыэёъЫЭЁЪ]", ("ru",)),
        ("[іїєґІЇЄҐ]", ("uk",)),
        ("[\u0400-\u04ff]", ("ru", "uk")),
    )
)
_LATIN = [
    place
    for place, language in enumerate(LANGUAGES)
    if not any(place in those for _, those in _SCRIPTS)
]

_IN_LATIN = np.array([place in _LATIN for place in range(len(LANGUAGES))], np.float32)

_SPREAD = np.array(
    [
        [
            1.0
            if one == other
            else RELATED
            if any({one, other} <= {*family} for family in FAMILIES)
            else ENGLISH
            if one == "en"
            else FOREIGN
            for other in LANGUAGES
        ]
        for one in LANGUAGES
    ],
    np.float32,
)
"""From language to language, how much of a word's uses goes along."""

_PRIOR = -np.log2([FIRST] + [(1.0 - FIRST) / (len(LANGUAGES) - 1)] * (len(LANGUAGES) - 1))

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Commonness:
    """How surprising words are, in bits.

    written: (n,) float32, as words of a text at all. as_name: (n,) float32, as the name of somebody
    else. By language of the text, each (n, LANGUAGES) float32: ordinary: not as a name. alone: as
    one that stands for itself, in ordinary use or as the name of somebody else.
    """

    written: Floats
    ordinary: Floats
    alone: Floats
    as_name: Floats


def commonness(words: Sequence[str]) -> Commonness:
    """Return how surprising folded words are, each once; some seconds, however few they are."""
    hashes = hashes_of(words)
    order = np.argsort(hashes, kind="stable")
    ascending = hashes[order]
    frequency = np.zeros((len(words), len(LANGUAGES)), np.float32)
    for column, language in enumerate(LANGUAGES):
        found, values = _listed(language, large=language in LARGE)
        places = np.minimum(np.searchsorted(ascending, found), max(len(words) - 1, 0))
        known = ascending[places] == found if len(words) else np.zeros(len(found), bool)
        np.add.at(frequency[:, column], order[places[known]], values[known].astype(np.float32))
    shared = np.median(frequency[:, : len(NAMING)], axis=1)[:, None]
    most = frequency.max(axis=1, initial=0.0)[:, None]
    ordinary = np.maximum(frequency - SHARED * shared * _IN_LATIN, 0.0)
    ordinary = np.stack(
        [np.max(ordinary * column, axis=1, initial=0.0) for column in _SPREAD.T], axis=1
    )
    given = np.array([word in given_names() for word in words], bool)[:, None]
    by_chance = np.where(
        given, GIVEN_BY_CHANCE * np.maximum(shared, RARE_GIVEN), USED_BY_CHANCE * shared
    )
    unknown = np.where(most > 0.0, np.inf, most_bits(words)[:, None])
    return Commonness(
        written=np.minimum(bits_of(most), unknown)[:, 0],
        ordinary=np.minimum(bits_of(ordinary), unknown),
        alone=np.minimum(bits_of(ordinary + by_chance), unknown),
        as_name=bits_of(by_chance)[:, 0],
    )


class Vocabulary:
    """The usual words of all languages, to tell an ordinary word from one that is misspelled."""

    def __init__(self) -> None:
        listed = [_listed(language) for language in LANGUAGES]
        hashes = np.concatenate([one for one, _ in listed])
        values = np.concatenate([one for _, one in listed]).astype(np.float32)
        column = np.repeat(np.arange(len(listed)), [len(one) for one, _ in listed])
        order = np.argsort(hashes, kind="stable")
        self._hashes, first = np.unique(hashes[order], return_index=True)
        self._bits = bits_of(np.maximum.reduceat(values[order], first)).astype(np.float16)
        usual = values >= USUAL
        self._usual = np.unique(hashes[usual])
        frequency = np.full((len(self._usual), len(listed)), UNUSUAL, np.float32)
        rows = np.minimum(np.searchsorted(self._usual, hashes), len(self._usual) - 1)
        told = self._usual[rows] == hashes
        np.maximum.at(frequency, (rows[told], column[told]), values[told])
        self._speech = bits_of(frequency)

    def bits(self, words: Sequence[str]) -> Floats:
        """Return how surprising words are as ordinary ones: (n,) float32."""
        hashes = hashes_of(words)
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        known = self._hashes[places] == hashes
        return np.where(known, self._bits[places], most_bits(words)).astype(np.float32)

    def languages(self, text: str, words: Sequence[str]) -> Floats:
        """Return how likely a text is in each of LANGUAGES: (LANGUAGES,), in sum 1.

        words: its words, folded. By its letters, and where several languages share them by its
        usual words. Source: naive Bayes over the frequencies of words.
        """
        among = next((those for signs, those in _SCRIPTS if signs.search(text)), _LATIN)
        hashes = hashes_of(words)
        places = np.minimum(np.searchsorted(self._usual, hashes), len(self._usual) - 1)
        known = np.unique(places[self._usual[places] == hashes])
        surprise = self._speech[known][:, among].sum(axis=0) + _PRIOR[among]
        likely = np.zeros(len(LANGUAGES), np.float32)
        likely[among] = np.exp2(surprise.min() - surprise)
        likely /= likely.sum()
        return likely


@cache
def vocabulary() -> Vocabulary:
    """Return the one vocabulary, loaded at first use."""
    found = Vocabulary()
    give_back()
    return found


def hashes_of(words: Collection[str]) -> Hashes:
    """Return numbers that stand for words in this process: uint64 (n,)."""
    return np.fromiter(map(hash, words), np.int64, len(words)).view(np.uint64)


def most_bits(words: Sequence[str]) -> Floats:
    """Return how surprising words are that no list has, by their length: (n,) float32."""
    rarest = -math.log2(RAREST)
    bits = (
        min(LETTER_BITS * len(word), rarest)
        if word.isascii()
        else min(SIGN_BITS * len(word), MOST_SIGN_BITS)
        for word in words
    )
    return np.fromiter(bits, np.float32, len(words))


def bits_of(frequency: npt.NDArray[np.floating]) -> Floats:
    """Return how surprising what is so frequent is; nothing is rarer than RAREST."""
    return np.asarray(-np.log2(np.maximum(frequency, RAREST)), np.float32)


def _listed(language: str, *, large: bool = False) -> tuple[Hashes, npt.NDArray[np.float64]]:
    """Return the words of a language, hashed, and how often each is written, of all words."""
    from wordfreq import available_languages, read_cBpack

    path = available_languages("large" if large else "small")[language]
    listed = read_cBpack(path)[: RARE + 1]
    found = hashes_of(letters_of("\n".join(_chained(listed))).split("\n"))
    centibels = np.repeat(np.arange(len(listed)), [len(those) for those in listed])
    return found, 10 ** (-centibels / 100)


def _chained(listed: Sequence[Sequence[str]]) -> Iterator[str]:
    return (word for those in listed for word in those)
