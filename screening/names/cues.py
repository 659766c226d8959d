"""Words around a name that tell that it is one: "in the style of", "by", "the movie"."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reference_index import Kind
from screening.names.folding import Break, Folded, letters_of
from screening.names.words import small_words

CUES = (files(__package__) / "cues.toml").read_text(encoding="utf-8")

_ENDS = frozenset(",;.!?|、。，；\n")

_OF = {
    "maker": frozenset((Kind.PERSON,)),
    "work": frozenset((Kind.WORK, Kind.KEY_ELEMENT)),
    "any": frozenset(Kind),
}
_ARTICLES = small_words("definite")
_INDEFINITE = small_words("indefinite")
INDEFINITE_LENGTH = 6


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase beside a name, as cues.toml has it, for kinds of records; strength in bits.

    name: of its group.
    """

    name: str
    phrase: str
    of: frozenset[Kind]
    strength: float


@dataclass(frozen=True, slots=True)
class _Cues:
    """By their letters, those that stand before a name and those after; the longest first."""

    before: dict[str, tuple[Cue, ...]]
    after: dict[str, tuple[Cue, ...]]
    lengths: tuple[int, ...]


@cache
def _cues() -> _Cues:
    before: dict[str, tuple[Cue, ...]] = {}
    after: dict[str, tuple[Cue, ...]] = {}
    for group in tomllib.loads(CUES)["cue"]:
        for phrase in group["phrases"]:
            first, name, last = phrase.partition("...")
            cue = Cue(group["name"], phrase, _OF[group["of"]], float(group["strength"]))
            if first:
                before[letters_of(first)] = (*before.get(letters_of(first), ()), cue)
            if last or not name:
                words = letters_of(last or first)
                after[words] = (*after.get(words, ()), cue)
    lengths = {len(letters) for place in (before, after) for letters in place}
    return _Cues(before, after, tuple(sorted(lengths, reverse=True)))


def cue_at(folded: Folded, begin: int, end: int, kind: Kind) -> Cue | None:
    """Return the strongest cue right before or after the letters from begin to end, for a kind."""
    found = [*_before(folded, begin), *_after(folded, _past_possessive(folded, end))]
    fitting = [cue for cue in found if kind in cue.of]
    return max(fitting, key=lambda cue: cue.strength, default=None)


def _before(folded: Folded, begin: int) -> list[Cue]:
    cues, found = _cues(), list[Cue]()
    bare = _without_article(folded, begin)
    for edge in dict.fromkeys((begin, bare, _before_possessive(folded, bare))):
        for length in cues.lengths if _adjoin(folded, edge, begin) else ():
            at = edge - length
            if at >= 0 and folded.breaks[at] != Break.NONE:
                found += cues.before.get(folded.letters[at:edge], ())
    return found


def _after(folded: Folded, end: int) -> list[Cue]:
    cues, found = _cues(), list[Cue]()
    for length in cues.lengths if _adjoin(folded, end, end) else ():
        edge = end + length
        if edge <= len(folded.letters) and folded.breaks[edge] != Break.NONE:
            found += cues.after.get(folded.letters[end:edge], ())
    return found


def is_one_of_many(folded: Folded, begin: int) -> bool:
    """Return whether an indefinite article stands right before: a thing then, hardly a name."""
    return any(
        folded.breaks[begin - length] == Break.WORD
        and folded.letters[begin - length : begin] in _INDEFINITE
        for length in range(1, min(begin, INDEFINITE_LENGTH) + 1)
    )


def _adjoin(folded: Folded, first: int, last: int) -> bool:
    """Tell whether no mark ends a phrase in the text between the letters before first and last."""
    places = folded.places
    if not 0 < first <= last < len(places):
        return False
    return _ENDS.isdisjoint(folded.text[places[first - 1] + 1 : places[last]])


def _without_article(folded: Folded, begin: int) -> int:
    """Return where an article before a name begins, or begin."""
    for length in range(1, 4):
        at = begin - length
        if at >= 0 and folded.breaks[at] == Break.WORD and folded.letters[at:begin] in _ARTICLES:
            return at
    return begin


def _before_possessive(folded: Folded, begin: int) -> int:
    """Return where the letters end before the s of a possessive that comes before, or begin."""
    possessive = folded.letters[begin - 1 : begin] == "s" and begin > 1
    return begin - 1 if possessive and folded.breaks[begin - 1] == Break.WORD else begin


def _past_possessive(folded: Folded, end: int) -> int:
    """Return where the letters go on after the s of a possessive."""
    possessive = folded.letters[end : end + 1] == "s" and folded.breaks[end : end + 2] == b"\1\1"
    return end + 1 if possessive else end
