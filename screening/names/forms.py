"""The forms in which a record's names are written: whole, turned around, shortened."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reference_index import Kind, Record
from screening.names.folding import Folded, fold
from screening.names.words import small_words

NAMED = frozenset((Kind.WORK, Kind.PERSON, Kind.KEY_ELEMENT))
"""Kinds of records whose titles are names; those of cleared and temporary pictures are not."""

SURNAME_BITS = 2.0
PART_BITS = 2.0
TURNED_BITS = 5.0
"""What a form costs: how many bits less than its words it is worth, since more records share it."""

_MIN_LETTERS = 2
_MIN_SURNAME = 4
_LONGEST = 80
_ARTICLES = small_words("articles")
_PARTICLES = small_words("particles")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe",
                          "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa", "Ø": "Oe"})  # fmt: skip
_SUBTITLE = re.compile(r"\s*(?::\s|：|\s[-–—]\s)\s*")
_REMARK = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]\s*$")


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing a name.

    folded: the letters and breaks. cost: bits. surname: whether it is a person's last name alone.
    """

    folded: Folded
    cost: float = 0.0
    surname: bool = False

    def words(self, *, hyphened: bool = False) -> list[str]:
        """Return its words, folded; hyphened: those with a hyphen between as one."""
        return self.folded.words_in_letters(hyphened=hyphened)


def names_of(record: Record) -> tuple[str, ...]:
    """Return the title and the aliases of a record, as written; none where they are no names."""
    return tuple(dict.fromkeys((record.title, *record.aliases))) if record.kind in NAMED else ()


def forms_of(name: str, kind: Kind) -> list[Form]:
    """Return the forms of a name, the whole one first, each spelling once.

    Umlauts are also written as two letters, an article or a subtitle may be left out, and of a
    person in Latin letters the last name may come first, or stand alone.
    """
    name = _REMARK.sub("", name[: 4 * _LONGEST]) or name
    found: dict[str, Form] = {}
    for spelling in dict.fromkeys((name, name.translate(_UMLAUTS))):
        forms = _of_person(spelling) if kind is Kind.PERSON else _of_work(spelling)
        for form in forms:
            letters = form.folded.letters
            if _MIN_LETTERS <= len(letters) <= _LONGEST or (letters and not letters.isascii()):
                found.setdefault(letters, form)
    return list(found.values())


def _of_work(title: str) -> Iterator[Form]:
    yield Form(fold(title))
    yield from _without_article(title, 0.0)
    if "&" in title:
        yield Form(fold(title.replace("&", " ")))
    parts = [part for part in _SUBTITLE.split(title) if part]
    if len(parts) > 1:
        for part in parts:
            yield Form(fold(part), PART_BITS)
            yield from _without_article(part, PART_BITS)


def _without_article(title: str, cost: float) -> Iterator[Form]:
    first, _, rest = title.partition(" ")
    if first.lower() in _ARTICLES and rest.strip():
        yield Form(fold(rest), cost)


def _of_person(name: str) -> Iterator[Form]:
    last, _, first = map(str.split, name.partition(","))
    turned = bool(first and last)
    words = [*first, *last] if turned else name.split()
    yield Form(fold(" ".join(words)))
    if len(words) < 2 or not fold(name).letters.isascii():
        return
    cut = len(last) if turned else 1
    surname = words[-cut:]
    given = words[:-cut]
    while len(given) > 1 and given[-1].lower() in _PARTICLES:
        surname.insert(0, given.pop())
    yield Form(fold(" ".join([*surname, *given])), TURNED_BITS)
    for short in ([given[0], *surname], [given[0], surname[-1]]):
        if len(short) < len(words):
            yield Form(fold(" ".join(short)), PART_BITS)
    for alone in (surname, surname[-1:]):
        folded = fold(" ".join(alone))
        if len(folded.letters) >= _MIN_SURNAME and not alone[-1].rstrip(".").isdigit():
            yield Form(folded, SURNAME_BITS, surname=True)
