"""The lexicon: how common words are, as words and as names, and which language a text is in."""

import numpy as np
import pytest

from screening.names.folding import fold
from screening.names.lexicon import (
    LANGUAGES,
    MOST_SIGN_BITS,
    RAREST,
    bits_of,
    commonness,
    hashes_of,
    most_bits,
    vocabulary,
)

WORDS = ("harry", "heat", "night", "rose", "und", "haus", "rutkowski", "qxzvbn", "羅生門", "夜")
RAREST_BITS = -np.log2(RAREST)


@pytest.fixture(scope="module")
def common():
    return commonness(WORDS)


def test_a_name_is_rarer_as_a_word_than_what_is_written_as_often(common):
    """All languages write “harry” alike, so it is a name; “heat” and “rose” are also words."""
    harry, heat, _, rose = range(4)
    english = LANGUAGES.index("en")
    assert abs(common.written[harry] - common.written[heat]) < 1.0
    assert common.ordinary[harry, english] > common.ordinary[heat, english] + 8.0
    assert common.ordinary[harry, english] > common.ordinary[rose, english]


def test_the_more_usual_a_word_the_less_it_surprises(common):
    """“night” less than “heat”, that less than a rare name; nothing more than the rarest."""
    _, heat, night, _, _, _, rutkowski, unknown, *_ = common.written.tolist()
    assert night < heat < rutkowski < unknown
    assert common.written.max() == common.ordinary.max() == pytest.approx(RAREST_BITS)


def test_a_word_of_another_language_is_rarer(common):
    """“und” and “haus” are words in German, and hardly any in English."""
    english, german, dutch = map(LANGUAGES.index, ("en", "de", "nl"))
    for word in ("und", "haus"):
        row = common.ordinary[WORDS.index(word)]
        assert row[german] < row[dutch] < row[english]


def test_a_word_is_used_at_least_as_often_as_in_ordinary_use(common):
    """Being somebody else's name is added to it."""
    assert (common.alone <= common.ordinary).all()
    assert common.alone[0, 0] < common.ordinary[0, 0]
    assert (common.written[:, None] <= common.alone + 1e-3).all()


def test_the_order_of_words_changes_nothing(common):
    """Each word's figures are its own."""
    back = commonness(WORDS[::-1])
    for name in ("written", "ordinary", "alone"):
        np.testing.assert_array_equal(getattr(back, name)[::-1], getattr(common, name))
        assert getattr(back, name).dtype == np.float32


def test_no_words_have_no_figures():
    """Empty arrays of the usual shapes."""
    none = commonness(())
    assert none.written.shape == (0,)
    assert none.ordinary.shape == none.alone.shape == (0, len(LANGUAGES))


def test_unknown_words_surprise_by_their_length():
    """More for each letter and sign, up to the rarest; an empty word not at all."""
    bits = most_bits(("", "q", "qx", "qxz", "q" * 50, "龘", "龘" * 2, "龘" * 50)).tolist()
    assert bits[0] == 0.0
    assert bits[:5] == sorted(bits[:5])
    assert bits[4] == RAREST_BITS
    assert bits[1] < bits[5] < bits[6] < bits[7] == MOST_SIGN_BITS


def test_bits_of_frequencies():
    """Minus the binary logarithm, no more than that of the rarest."""
    bits = bits_of(np.array([1.0, 0.5, 2.0**-10, RAREST, RAREST / 2, 0.0]))
    assert bits.tolist() == [0.0, 1.0, 10.0, RAREST_BITS, RAREST_BITS, RAREST_BITS]


def test_equal_words_have_equal_numbers():
    """And others others."""
    one, other, again = hashes_of(["rashomon", "rashomom", "rashomon"])
    assert one == again != other
    assert hashes_of([]).shape == (0,)


def test_the_vocabulary_knows_usual_words():
    """A usual word surprises less than a rare one, which does less than one that is none."""
    night, kimono, none = vocabulary().bits(["night", "kimono", "qxzvbnqxzvbn"]).tolist()
    assert night < kimono < none == RAREST_BITS
    assert vocabulary() is vocabulary()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "a house by the lake with a dog"),
        ("de", "ein Haus am See mit einem Hund"),
        ("fr", "une maison au bord du lac avec un chien"),
        ("es", "una casa junto al lago con un perro"),
        ("it", "una casa sul lago con un cane"),
        ("pt", "uma casa à beira do lago com um cão"),
        ("nl", "een huis aan het meer met een hond"),
        ("pl", "dom nad jeziorem z psem, który śpi"),
        ("tr", "göl kenarında bir ev ve bir köpek"),
        ("ru", "дом у озера и собака на берегу"),
        ("uk", "будинок біля озера та собака"),
        ("el", "ένα σπίτι δίπλα στη λίμνη"),
        ("ja", "湖のほとりの家と犬"),
        ("zh", "湖边的房子和狗"),
        ("ko", "호숫가의 집과 개"),
    ],
)
def test_the_language_of_a_text_is_told(language, text):
    """By its letters, or by its usual words."""
    likely = languages(text)
    assert LANGUAGES[int(likely.argmax())] == language
    assert likely.sum() == pytest.approx(1.0, abs=1e-5)
    assert (likely >= 0.0).all()


@pytest.mark.parametrize("text", ["", "Rutkowski qxzvbn", "\ud800 123"])
def test_of_a_text_that_tells_nothing_english_is_likeliest(text):
    """And none in Latin letters is ruled out."""
    likely = languages(text)
    assert likely.argmax() == LANGUAGES.index("en")
    assert (likely > 0.0).sum() >= 15
    assert likely[LANGUAGES.index("ja")] == 0.0


def languages(text):
    folded = fold(text)
    return vocabulary().languages(text, [folded.letters[a:b] for a, b in folded.words()])
