"""The spellings of all names of an index, each once, and which records have them."""

import re
from array import array
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from reference_index import Kind, Record
from screening.names.folding import Break
from screening.names.forms import Form, forms_of, names_of
from screening.names.lexicon import LANGUAGES, Floats
from screening.names.sounds import twin_of
from screening.names.surprise import surprise_of

PERSON_BITS = 4.0
TWIN_BITS = 1.0
"""What it is worth to be a person's name, not a last name alone, and what it costs that a name is
one in Latin letters written in another alphabet."""

_HOLDER = 2**16 - 1
_MASK_BITS = 64
_MASKED = {Break.WORD: 0, Break.HYPHEN: 1, Break.INNER: 2, Break.ANY: 2}
_NOT_LATIN = re.compile("[\u0250-\u1dff\u2c00-\uffef]")
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Collected:
    """Spellings while they are collected, by their letters; ids and kinds of the records so far.

    words: of all names, each once. pairs: places among them of words that stand side by side in a
    name that can be mended, hyphens ending words too.
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.words: dict[str, int] = {}
        self.pairs = array("i"), array("i")
        self.ids: list[str] = []
        self.kinds: list[Kind] = []
        self._mendable: set[int] = set()
        self._words, self._counts = array("i"), array("H")
        self._masks = array("Q")
        self._pattern, self._owner, self._twin = array("i"), array("i"), array("i")
        self._place, self._cost, self._flags = array("H"), array("f"), array("b")

    def take(self, record: Record) -> None:
        """Take in the names of a record, and who owns its rights."""
        latin: list[tuple[str, int]] = []
        for place, name in enumerate(names_of(record)):
            forms = forms_of(name, record.kind)
            whole = forms[0].folded.letters if forms else ""
            foreign = _NOT_LATIN.search(name) is not None
            twin = twin_of(whole, latin) if foreign else -1
            numbers = [
                self._add(form, place, record.kind, twin if form is forms[0] else -1)
                for form in forms
            ]
            if numbers and not foreign:
                latin.append((whole, numbers[0]))
        for form in forms_of(record.rights_holder, Kind.WORK) if record.rights_holder else ():
            self._add(form, _HOLDER, Kind.WORK, -1)
        self.ids.append(record.id)
        self.kinds.append(record.kind)

    def mendable(self) -> list[str]:
        """Return the words of names in scripts with spaces."""
        words = [*self.words]
        return [words[number] for number in sorted(self._mendable)]

    def mendable_pairs(self) -> list[tuple[str, str]]:
        """Return which of these stand side by side in a name."""
        words = [*self.words]
        return [(words[one], words[other]) for one, other in zip(*self.pairs, strict=True)]

    def spellings(self) -> "Spellings":
        """Return what is known of each spelling."""
        pattern, owner, twin = map(np.array, (self._pattern, self._owner, self._twin))
        place, cost, flags = map(np.array, (self._place, self._cost, self._flags))
        surname, person = flags % 2 > 0, flags > 1
        titles, people, most = surprise_of(
            [*self.words], np.array(self._words), np.array(self._counts)
        )
        bits = np.empty((len(pattern), len(LANGUAGES)), np.float16)
        for column in range(len(LANGUAGES) if len(pattern) else 0):
            own = np.where(person, people[pattern, column], titles[pattern, column])
            as_twin = np.where(person, people[twin, column], titles[twin, column]) - TWIN_BITS
            bits[:, column] = np.where(twin < 0, own, np.maximum(own, as_twin))
        shared = np.bincount(pattern[surname], minlength=len(self._counts))
        less = cost + np.where(surname, np.log2(np.maximum(shared, 1))[pattern], 0.0)
        less -= PERSON_BITS * (person & ~surname)
        bits -= less[:, None].astype(np.float16)
        masks = np.array(self._masks, np.uint64).reshape(-1, 3)
        return Spellings(pattern, owner, place, bits, masks, most)

    def _add(self, form: Form, place: int, kind: Kind, twin: int) -> int:
        """Take in a form of a name; return the number of its spelling.

        twin: the spelling of a name of the same record in Latin letters that it sounds like, or -1.
        """
        number = self.numbers.setdefault(form.folded.letters, len(self.numbers))
        if number == len(self._counts):
            self._add_spelling(form)
        self._pattern.append(number)
        self._owner.append(len(self.ids))
        self._twin.append(twin)
        self._place.append(place)
        self._cost.append(form.cost)
        self._flags.append(form.surname + 2 * (kind is Kind.PERSON))
        return number

    def _add_spelling(self, form: Form) -> None:
        words = self._numbers_of(form.words(hyphened=True))
        self._words.extend(words)
        self._counts.append(len(words))
        self._masks.extend(masks_of(form.folded.breaks[1:-1]))
        if not UNSPACED.search(form.folded.text):
            words = self._numbers_of(form.words())
            self._mendable.update(words)
            self.pairs[0].extend(words[:-1])
            self.pairs[1].extend(words[1:])

    def _numbers_of(self, words: list[str]) -> list[int]:
        return [self.words.setdefault(word, len(self.words)) for word in words]


class Spellings:
    """For each spelling the records that have it: by which name, and how surprising it is.

    pattern, owner, place: of each row, the spelling, the record and the name among its names. bits:
    (rows, LANGUAGES). masks: for each spelling, as in ``masks_of``. most: for each, see ``most``.
    """

    def __init__(
        self,
        pattern: npt.NDArray[np.int32],
        owner: npt.NDArray[np.int32],
        place: npt.NDArray[np.uint16],
        bits: npt.NDArray[np.float16],
        masks: npt.NDArray[np.uint64],
        most: npt.NDArray[np.float16],
    ) -> None:
        named = place != _HOLDER
        self._names, order = _grouped(pattern[named], len(masks))
        self._owner = owner[named][order].astype(np.uint32)
        self._place = place[named][order]
        self._bits = bits[named][order]
        self._holders, order = _grouped(pattern[~named], len(masks))
        self._held = owner[~named][order].astype(np.uint32)
        self._masks, self._most = masks, most

    def names(
        self, pattern: int, languages: Floats, *, least: float
    ) -> Iterator[tuple[int, int, float]]:
        """Yield record, place of the name among its names, and bits in a text, from ``least`` on.

        languages: how likely the text is in each of LANGUAGES.
        """
        rows = slice(self._names[pattern], self._names[pattern + 1])
        bits = -np.log2(np.exp2(-self._bits[rows].astype(np.float32)) @ languages)
        kept = np.flatnonzero(bits >= least)
        columns = (self._owner[rows], self._place[rows], bits)
        yield from zip(*(column[kept].tolist() for column in columns), strict=True)

    def holders(self, pattern: int) -> npt.NDArray[np.uint32]:
        """Return the records, ascending, whose rights somebody of that name owns."""
        return np.asarray(self._held[self._holders[pattern] : self._holders[pattern + 1]])

    def most(self, pattern: int) -> float:
        """Return the bits to which capitals can lift a spelling: other people's names have them."""
        return float(self._most[pattern])

    def masks(self, pattern: int) -> tuple[int, int, int]:
        """Return where a spelling has spaces and hyphens, as ``masks_of`` does."""
        spaces, hyphens, loose = self._masks[pattern].tolist()
        return spaces, hyphens, loose


def masks_of(breaks: bytes) -> tuple[int, int, int]:
    """Return between which letters a space stands, a hyphen, or what not everybody writes.

    As the bits of numbers; of the first 64 letters.
    """
    found = [0, 0, 0]
    for place, kind in enumerate(breaks[:_MASK_BITS]):
        if kind in _MASKED:
            found[_MASKED[Break(kind)]] |= 1 << place
    return found[0], found[1], found[2]


def _grouped(
    pattern: npt.NDArray[np.int32], patterns: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return where the rows of each spelling begin once they are in the order that comes second."""
    order = np.argsort(pattern, kind="stable")
    return np.searchsorted(pattern[order], np.arange(patterns + 1)), order
