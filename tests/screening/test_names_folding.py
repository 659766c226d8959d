"""Folding: which letters a text has, where they stand in it, and what stands between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.names.folding import Break, fold, letters_of

SIGNS = "aZéß9 -_'’.\u0301\u200b\u202e\u00ad&@\n羅生門のトトロ봉준호ДжΩทًيा🎬\ud800"
TEXTS = st.text(st.characters() | st.sampled_from(SIGNS), max_size=40)


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        pytest.param("RASHOMON", "rashomon", id="case"),
        pytest.param("Dalí", "dali", id="accent"),
        pytest.param("Dali\u0301", "dali", id="combining mark"),
        pytest.param("Müller", "muller", id="umlaut"),
        pytest.param("Große Straße", "grossestrasse", id="sharp s"),
        pytest.param("Łódź", "lodz", id="stroke"),
        pytest.param("İstanbul", "istanbul", id="dotted i"),
        pytest.param("Тарковский", "tarkovskiy", id="Cyrillic"),
        pytest.param("Όμηρος", "omiros", id="Greek"),
        pytest.param("ﬁlm", "film", id="ligature"),
        pytest.param("Ｈａｒｒｙ", "harry", id="full width"),
        pytest.param("トトロ", "totoro", id="katakana"),
        pytest.param("ﾄﾄﾛ", "totoro", id="half width"),
        pytest.param("羅生門", "羅生門", id="Han"),
        pytest.param("\uf900", "豈", id="compatible Han"),
        pytest.param("Tom & Jerry", "tomandjerry", id="and"),
        pytest.param("WALL·E", "walle", id="middle dot"),
        pytest.param("Spider-Man", "spiderman", id="hyphen"),
        pytest.param("Potter's", "potters", id="apostrophe"),
        pytest.param("Pot\u200bt\u202eer", "potter", id="signs without width"),
        pytest.param("Pot\0t\x1ber", "potter", id="control characters"),
        pytest.param("Pot\ud800ter", "potter", id="lone surrogate"),
        pytest.param("🎬 2001!", "2001", id="picture"),
        pytest.param("", "", id="empty"),
        pytest.param(" -—…\n", "", id="no letters"),
    ],
)
def test_letters(text, letters):
    """Case, accents, spaces and marks are gone, other alphabets Latin, Han signs as they are."""
    assert fold(text).letters == letters


@pytest.mark.parametrize(
    ("text", "before", "kind"),
    [
        ("spider man", "m", Break.WORD),
        ("spider, man", "m", Break.WORD),
        ("spider\0man", "m", Break.WORD),
        ("spider-man", "m", Break.HYPHEN),
        ("spider_man", "m", Break.HYPHEN),
        ("spider\u00adman", "m", Break.HYPHEN),
        ("spider--man", "m", Break.HYPHEN),
        ("spider - man", "m", Break.WORD),
        ("spider- man", "m", Break.WORD),
        ("-man", "m", Break.WORD),
        ("spiderMan", "m", Break.INNER),
        ("SPIDERMAN", "m", Break.NONE),
        ("spiderman", "m", Break.NONE),
        ("spider\u200bman", "m", Break.NONE),
        ("spiderm\u0308an", "m", Break.NONE),
        ("man2", "2", Break.INNER),
        ("v20", "0", Break.NONE),
        ("羅生門", "生", Break.ANY),
        ("a門", "門", Break.INNER),
        ("トキ", "k", Break.NONE),
        ("のキ", "k", Break.INNER),
        ("봉준", "j", Break.TAIL),
        ("봉 준", "j", Break.WORD),
    ],
)
def test_breaks(text, before, kind):
    """What stands before a letter: a space, a hyphen, a change of case or script, or nothing."""
    folded = fold(text)
    assert Break(folded.breaks[folded.letters.index(before)]) is kind


def test_words_end_at_spaces_and_hyphens():
    """A change of case or script ends none."""
    folded = fold("Bong Joon-ho's GregRutkowski v2")
    words = [folded.letters[begin:end] for begin, end in folded.words()]
    assert words == ["bong", "joon", "ho", "s", "gregrutkowski", "v2"]


def test_written_is_what_stands_in_the_text():
    """With marks and spaces inside, without those around."""
    folded = fold("a «Straße, Dalí» b")
    assert folded.written(1, 12) == "Straße, Dalí"
    assert folded.written(5, 7) == "ß"


@given(TEXTS)
def test_places_rise_and_point_at_the_letters(text):
    """What is written from one letter to another is a slice of the text that has those letters."""
    folded = fold(text)
    places, letters = folded.places, folded.letters
    assert list(places) == sorted(places)
    assert len(letters) == len(places) == len(folded.breaks) - 1
    assert folded.text == text
    starts = [at for at, place in enumerate(places) if not at or places[at - 1] != place]
    for begin in starts:
        for end in [at for at in (*starts, len(letters)) if at > begin]:
            written = folded.written(begin, end)
            assert text[places[begin] :].startswith(written)
            assert fold(written).letters == letters[begin:end]


@given(TEXTS)
def test_letters_are_lower_case_and_their_own(text):
    """Folding twice changes nothing more, and letters are small ASCII ones, digits or Han."""
    letters = fold(text).letters
    assert fold(letters).letters == letters
    for letter in letters:
        assert "a" <= letter <= "z" or "0" <= letter <= "9" or ord(letter) >= 0x3400, repr(letter)


@given(TEXTS, TEXTS)
def test_a_text_is_folded_sign_by_sign(one, other):
    """The letters of two texts side by side are those of each, and a word begins between them."""
    first, second, both = fold(one), fold(other), fold(f"{one} {other}")
    assert both.letters == first.letters + second.letters
    if first.letters and second.letters:
        assert both.breaks[len(first.letters)] in {Break.WORD, Break.HYPHEN}


@given(TEXTS)
def test_letters_alone_are_the_same(text):
    """The fast way gives the same letters and keeps line ends."""
    assert letters_of(text) == "\n".join(fold(line).letters for line in text.split("\n"))
