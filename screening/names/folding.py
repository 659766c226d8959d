"""Text as names are compared: small Latin letters and Han signs, and where words end.

Names are compared without their spaces, so that "Spider-Man", "spider man" and "spiderman" are one
spelling; where words begin and end is kept beside the letters.
"""

import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from anyascii import anyascii


class Break(IntEnum):
    """What stands between two letters.

    WORD: a space or a mark. HYPHEN: one, which not everybody writes. INNER: nothing, between small
    and capital letters, letters and digits, or signs of two scripts. ANY: nothing, in a script that
    sets no spaces. TAIL: the end of a syllable to which particles are joined: a name may end there,
    none begins.
    """

    NONE = 0
    WORD = 1
    HYPHEN = 2
    INNER = 3
    ANY = 4
    TAIL = 5


class _Script(IntEnum):
    GAP = 0
    MARK = 1
    SPACED = 2
    DIGIT = 3
    SYLLABLES = 4
    RUN = 5
    UNSPACED = 6


# plain numbers, since every letter of every text is compared with them
_NONE, _WORD, _HYPHEN, _INNER = map(int, (Break.NONE, Break.WORD, Break.HYPHEN, Break.INNER))
_GAP, _MARK, _SPACED = map(int, (_Script.GAP, _Script.MARK, _Script.SPACED))
_WITHIN = {
    int(_Script.DIGIT): _NONE,
    int(_Script.RUN): _NONE,
    int(_Script.SYLLABLES): int(Break.TAIL),
    int(_Script.UNSPACED): int(Break.ANY),
}
"""What stands between two signs of a script."""


class _Sign(NamedTuple):
    letters: str
    script: int
    upper: bool


_SCRIPTS = (
    (("HANGUL", "HALFWIDTH HANGUL"), _Script.SYLLABLES),
    (("KATAKANA", "HALFWIDTH KATAKANA"), _Script.RUN),
    (("CJK", "HIRAGANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"), _Script.UNSPACED),
)
_MARKS = ("Mn", "Mc", "Me", "Cf")
_SOFT_HYPHEN = "\u00ad"
_HYPHENS = frozenset("-\u2010\u2011\u00ad·・‧･_")
_SAME = {"&": "and", "＆": "and", "ё": "e", "Ё": "e"}


@dataclass(frozen=True, slots=True)
class Folded:
    """A text, folded.

    letters: ASCII letters and digits, and Han signs. places: for each letter its place in the text.
    breaks: what stands before each letter, and after the last: one more than letters. text: as
    given.
    """

    text: str
    letters: str
    places: tuple[int, ...]
    breaks: bytes

    def words_in_letters(self, *, hyphened: bool = False) -> list[str]:
        """Return its words, folded."""
        return [self.letters[begin:end] for begin, end in self.words(hyphened=hyphened)]

    def words(self, *, hyphened: bool = False) -> list[tuple[int, int]]:
        """Return begin and end of each word among the letters; a hyphen ends one, if not told else.

        hyphened: whether words with a hyphen between are one.
        """
        ends = (Break.WORD,) if hyphened else (Break.WORD, Break.HYPHEN)
        edges = [at for at, kind in enumerate(self.breaks) if kind in ends]
        return list(pairwise(edges))

    def written(self, begin: int, end: int) -> str:
        """Return how the letters from begin to end stand in the text."""
        return self.text[self.places[begin] : self.places[end - 1] + 1]


def fold(text: str) -> Folded:
    """Return a text folded: case, accents and spaces away, other alphabets in Latin letters.

    Han signs stay as they are, since they are read differently in each language.
    Source of the Latin letters: anyascii.
    """
    letters: list[str] = []
    places: list[int] = []
    breaks = bytearray()
    pending, last, last_upper = _WORD, _GAP, False
    for place, character in enumerate(text):
        one, script, upper = _sign(character)
        if script == _GAP:
            hyphen = character in _HYPHENS and (last != _GAP or pending == _HYPHEN)
            pending, last = _HYPHEN if hyphen else _WORD, _GAP
        elif script != _MARK:
            if last == _GAP:
                breaks.append(pending)
            elif last != script:
                breaks.append(_INNER)
            elif script == _SPACED:
                breaks.append(_INNER if upper and not last_upper else _NONE)
            else:
                breaks.append(_WITHIN[script])
            letters.append(one)
            places.append(place)
            if len(one) > 1:
                breaks += bytes(len(one) - 1)
                places += [place] * (len(one) - 1)
            last, last_upper = script, upper
    breaks.append(_WORD)
    return Folded(text, "".join(letters), tuple(places), bytes(breaks))


class _Letters(dict[int, str]):
    """For str.translate: what each character is folded to."""

    def __missing__(self, code: int) -> str:
        letters = self[code] = _sign(chr(code)).letters
        return letters


_LETTERS = _Letters({ord("\n"): "\n"})


def letters_of(text: str) -> str:
    """Return the letters of a text, folded, line ends kept; much faster than ``fold``."""
    return text.translate(_LETTERS)


@lru_cache(maxsize=20_000)
def _sign(character: str) -> _Sign:
    """Return what a character is folded to. Source of Latin letters: anyascii."""
    category, name = unicodedata.category(character), unicodedata.name(character, "")
    if character in _SAME:
        return _Sign(_SAME[character], _SPACED, upper=character.isupper())
    if category in _MARKS and character != _SOFT_HYPHEN:
        return _Sign("", _MARK, upper=False)
    if name.startswith("CJK") and category == "Lo":
        return _Sign(unicodedata.normalize("NFKC", character), int(_Script.UNSPACED), upper=False)
    latin = ""
    if category[0] in "LN":
        latin = "".join(one for one in anyascii(character).lower() if one.isalnum())
    if not latin:
        return _Sign("", _MARK if category == "Lm" else _GAP, upper=False)
    upper = character.isupper() or category == "Lt"
    return _Sign(latin, int(_script_of(category, name)), upper=upper)


def _script_of(category: str, name: str) -> _Script:
    if category.startswith("N"):
        return _Script.DIGIT
    named = ((script, kinds) for kinds, script in _SCRIPTS if name.startswith(kinds))
    return next((script for script, _ in named), _Script.SPACED)
