"""How names sound: whether one in another alphabet is the same name."""

import re
from collections.abc import Sequence

from rapidfuzz.fuzz import ratio

ALIKE = 75.0
"""From which share of common consonants on, in percent, two names are the same one."""

MIN_SOUNDS = 2

_SOUNDS = str.maketrans("bfvwcgqxzld", "ppppkkkksrt", "aeiouyhj0123456789")
_DOUBLED = re.compile(r"(.)\1+")


def sounds_of(letters: str) -> str:
    """Return the consonants of folded letters, as those hear them who write another alphabet."""
    return _DOUBLED.sub(r"\1", letters.translate(_SOUNDS))


def twin_of(letters: str, others: Sequence[tuple[str, int]]) -> int:
    """Return the number of the one of others that letters sound like most, -1 for none."""
    sounds = sounds_of(letters)
    if len(sounds) < MIN_SOUNDS:
        return -1
    alike = [(ratio(sounds, sounds_of(other)), number) for other, number in others]
    score, number = max(alike, default=(0.0, -1))
    return number if score >= ALIKE else -1
