"""Small words of many languages, from words.toml."""

import tomllib
from importlib.resources import files

from screening.names.folding import letters_of

WORDS = (files(__package__) / "words.toml").read_text(encoding="utf-8")

_LISTS = tomllib.loads(WORDS)


def small_words(name: str) -> frozenset[str]:
    """Return the words of a list, folded."""
    return frozenset(letters_of(word) for word in _LISTS[name].split())
