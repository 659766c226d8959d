"""Names of people as they stand in texts, file names and free notes, and finding them there.

A name is looked for as whole words, spaced or joined, whatever the case; in scripts that know no
case, and so no spaces either, anywhere. A name without any letter is not looked for.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence

from screening.approvals.texts import texts_in


class Names:
    """Names to be looked for."""

    def __init__(self, names: Iterable[str]) -> None:
        forms = {form for name in names for form in _forms(name)}
        self._any = re.compile("|".join(map(_pattern, sorted(forms)))) if forms else None

    def among(self, texts: Iterable[str]) -> bool:
        """Return whether any of some texts mentions one of the names."""
        pattern = self._any
        return pattern is not None and any(pattern.search(_spoken(text)) for text in texts)


def names_beside(value: object, record_id: str) -> Iterator[str]:
    """Yield what particulars call a record: the names that stand beside its id."""
    if isinstance(value, Mapping):
        if record_id in {value.get("record_id"), value.get("id")}:
            for key in ("name", "title", "aliases"):
                yield from (text for text in texts_in(value.get(key)) if text.strip())
        for inner in value.values():
            yield from names_beside(inner, record_id)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from names_beside(inner, record_id)


def _forms(name: str) -> set[str]:
    words = _spoken(name)
    return {words, words.replace(" ", "")} - {""}


def _spoken(text: str) -> str:
    """Return the words of a text without case and punctuation, as those of a file's name too."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold()))


def _pattern(form: str) -> str:
    before = "" if _is_caseless(form[0]) else r"(?<![^\W_])"
    after = "" if _is_caseless(form[-1]) else r"(?![^\W_])"
    return before + re.escape(form) + after


def _is_caseless(character: str) -> bool:
    return character.isalpha() and character.upper() == character.lower()
