"""Texts as CLIP's tokenizer is to be given them."""

import html
import unicodedata


def cleaned(text: str) -> str:
    """Return a text composed, in plain letters and quotes, in lower case and in one line.

    It is what open_clip makes of it, but for text whose encoding was once mistaken, which ftfy
    repairs there.
    """
    plain = text if "<" in text else html.unescape(text)  # a "<" may be that of real HTML
    plain = unicodedata.normalize("NFC", plain.translate(FORMS).translate(QUOTES))
    return " ".join(html.unescape(html.unescape(plain)).split()).lower()


_WIDE_AND_NARROW = map(chr, (*range(0xFF01, 0xFFE7), *range(0xFFE8, 0xFFEF)))
_LIGATURES = "ĲĳŉǄǅǆǇǈǉǊǋǌǱǲǳﬀﬁﬂﬃﬄﬆ"
_WINDOWS = range(0x80, 0xA0)  # controls that stand for the letters of Windows-1252
_UNSEEN = (
    *(*range(9), 0xB, *range(0xE, 0x20), 0x7F),
    *(*range(0x206A, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFD)),
)

FORMS = {
    **{ord(one): unicodedata.normalize("NFKC", one) for one in (*_WIDE_AND_NARROW, *_LIGATURES)},
    **{code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in _WINDOWS},
    **dict.fromkeys(_UNSEEN, ""),
    0x3000: " ",
}
"""What stands for each letter that is another in an unusual form, or is not to be seen at all."""

QUOTES = {**dict.fromkeys(map(ord, "‘’‚‛ʼ"), "'"), **dict.fromkeys(map(ord, "“”„‟"), '"')}
"""What stands for each curved quote."""
