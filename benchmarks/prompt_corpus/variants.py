"""How people change a name, or a whole prompt, while they type it."""

import random
import re
import unicodedata
from collections.abc import Callable

VOWELS = "aeiou"
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)
TURKISH = str.maketrans({"i": "İ", "ı": "I"})


def unmarked(text: str) -> str:
    """Return a text in Latin letters without its marks: é as e, ł as l; others stay as they are."""
    plain = text.translate(str.maketrans("łŁıøØ", "lLioO"))
    parts = (unicodedata.normalize("NFD", letter) for letter in unicodedata.normalize("NFC", plain))
    return "".join(
        part[0] if part[0].isascii() else unicodedata.normalize("NFC", part) for part in parts
    )


def misspelled(name: str, rng: random.Random) -> str | None:
    """Return a name with one edit in a word of 5 or more letters, at times two in one of 9."""
    words = [word.span() for word in re.finditer(r"[^\W\d_]{5,}", name)]
    if not words:
        return None
    start, end = rng.choice(words)
    word = name[start:end]
    if len(word) >= 9 and rng.random() < 0.3:
        middle = len(word) // 2
        wrong = _edited(word[:middle], rng) + _edited(word[middle:], rng)
    else:
        wrong = _edited(word, rng)
    return f"{name[:start]}{wrong}{name[end:]}" if wrong != word else None


def _edited(word: str, rng: random.Random) -> str:
    """Return a word with a letter dropped, doubled, swapped with the next, or another vowel."""
    at = rng.randrange(1, len(word) - 1)
    letter = word[at]
    vowels = [place for place, seen in enumerate(word) if place and seen in VOWELS]
    return rng.choice([
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + word[at + 1] + letter + word[at + 2 :],
        _revoweled(word, rng.choice(vowels), rng) if vowels else word[:at] + word[at + 1 :],
    ])  # fmt: skip


def _revoweled(word: str, at: int, rng: random.Random) -> str:
    other = rng.choice([vowel for vowel in VOWELS if vowel != word[at]])
    return word[:at] + other + word[at + 1 :]


def without_marks(name: str, rng: random.Random) -> str | None:
    """Return a name without its marks, or with umlauts as two letters; None where it has none."""
    written = name.translate(UMLAUTS) if rng.random() < 0.5 else unmarked(name)
    return (written if written != name else unmarked(name)) if unmarked(name) != name else None


def rehyphenated(name: str) -> str | None:
    """Return a name of two or three words with hyphens for spaces, or the reverse."""
    if "-" in name:
        return name.replace("-", " ")
    return name.replace(" ", "-") if 1 <= name.count(" ") <= 2 else None


def joined(name: str) -> str | None:
    """Return a name of two words, or with hyphens, as one word."""
    text = re.sub(r"[ .-]", "", name)
    return text.lower() if text != name and re.fullmatch(r"\w{6,18}", text) else None


def reversed_order(name: str, rng: random.Random) -> str | None:
    """Return a name of two words with the last first, with or without a comma."""
    words = name.split(" ")
    if len(words) != 2:
        return None
    return f"{words[1]}{rng.choice([', ', ' '])}{words[0]}"


def hashtag(name: str) -> str | None:
    """Return a name as a hashtag: its letters and digits in lower case."""
    text = "".join(re.findall(r"\w+", unmarked(name))).lower()
    return f"#{text}" if len(text) >= 5 else None


def underscored(name: str) -> str | None:
    """Return a name as a tag: lower case, underscores for spaces."""
    text = "_".join(re.findall(r"\w+", unmarked(name))).lower()
    return text if "_" in text else None


def lora(name: str, rng: random.Random) -> str | None:
    """Return the tag that calls a LoRA named after somebody or something."""
    words = re.findall(r"[A-Za-z0-9]+", unmarked(name))
    if not words or len("".join(words)) < 5 or not unmarked(name).isascii():
        return None
    camel = words[0].lower() + "".join(word.capitalize() for word in words[1:])
    called = rng.choice([camel, "_".join(words).lower(), "".join(w.capitalize() for w in words)])
    tail = rng.choice(["_v2", "_v1.5", "V3", "-000008", "_style", "_sdxl", ""])
    return f"<lora:{called}{tail}:{rng.choice(['0.6', '0.75', '0.8', '1'])}>"


def weighted(phrase: str, rng: random.Random) -> str:
    """Return a phrase with the emphasis that generators read."""
    return rng.choice(["({}:1.3)", "({}:1.15)", "(({}))", "[{}]", "({}:0.8)", "{}::2"]).format(
        phrase
    )


def titlecase(text: str, language: str) -> str:
    """Return a text with a capital at the beginning of every word."""
    start = r"(^|[\s(\"“„«_])(\w)"
    return re.sub(start, lambda found: found[1] + uppercase(found[2], language), text)


def uppercase(text: str, language: str) -> str:
    """Return a text in capitals, those of its language."""
    return (text.translate(TURKISH) if language == "tr" else text).upper()


WITH_CHANCE: dict[str, Callable[[str, random.Random], str | None]] = {
    "misspelled": misspelled,
    "diacritics": without_marks,
    "reversed": reversed_order,
    "weights": weighted,
}
CERTAIN: dict[str, Callable[[str], str | None]] = {
    "hyphen": rehyphenated,
    "spacing": joined,
    "underscore": underscored,
    "hashtag": hashtag,
}


def changed(name: str, trait: str, rng: random.Random) -> str | None:
    """Return a name as a trait has it, itself for all other traits; None where it cannot be so."""
    if trait in WITH_CHANCE:
        return WITH_CHANCE[trait](name, rng)
    return CERTAIN[trait](name) if trait in CERTAIN else name
