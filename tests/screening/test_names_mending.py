"""Mending: which word of a name a misspelled or inflected one was meant for."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from screening.names.folding import fold
from screening.names.mending import MIN_LETTERS, TWO_EDITS_FROM, Mender, stems_of

NAMES = (
    ("greg", "rutkowski"),
    ("harry", "potter"),
    ("nosferatu",),
    ("totoro",),
    ("cher",),
    ("tarkovskiy",),
    ("klimt",),
    ("joan", "miro"),
    ("wilhelmina", "kandolsky"),
)


def mender_of(names):
    """Return a mender of names, each given as its words."""
    words = [word for name in names for word in name]
    return Mender(words, [pair for name in names for pair in pairwise(name)])


@pytest.fixture(scope="module")
def mender():
    return mender_of(NAMES)


def read(mender, text):
    """Return the words of a text as they are read, None where it is read as it stands."""
    mended = mender.mended(fold(text))
    return mended and [mended.folded.letters[begin:end] for begin, end, *_ in mended.words]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("rutkowsky", "rutkowski", id="other letter"),
        pytest.param("rutkwski", "rutkowski", id="letter gone"),
        pytest.param("ruttkowski", "rutkowski", id="letter twice"),
        pytest.param("rutkwoski", "rutkowski", id="letters changed over"),
        pytest.param("urtkowski", "rutkowski", id="at the beginning"),
        pytest.param("rutkowska", "rutkowski", id="at the end"),
        pytest.param("rotkovski", "rutkowski", id="two of many letters"),
        pytest.param("ruktowksi", "rutkowski", id="changed over twice"),
        pytest.param("nosferat", "nosferatu", id="last letter gone"),
        pytest.param("totori", "totoro", id="six letters"),
        pytest.param("klmit", "klimt", id="five letters"),
        pytest.param("Тарковского", "tarkovskiy", id="Russian ending"),
        pytest.param("Тарковскому", "tarkovskiy", id="another ending"),
        pytest.param("nosferatuego", "nosferatu", id="Polish ending"),
        pytest.param("nosferatus", "nosferatu", id="genitive"),
    ],
)
def test_what_was_meant(mender, text, meant):
    """One edit away, in long words two, or the same but for its ending."""
    assert read(mender, f"a {text} hat") == ["a", meant, "hat"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rutkowski", id="as it is"),
        pytest.param("rotkovsky", id="three edits"),
        pytest.param("totiri", id="two edits of few letters"),
        pytest.param("chef", id="four letters"),
        pytest.param("che", id="three letters"),
        pytest.param("harp", id="four of five letters"),
        pytest.param("mirror", id="meant beside its neighbor alone"),
        pytest.param("羅生門", id="Han"),
        pytest.param("", id="empty"),
        pytest.param("2001", id="digits"),
    ],
)
def test_what_is_left_alone(mender, text):
    """Whatever is far from all names or short, and every word of a name that is spelled right."""
    assert read(mender, text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gerg rutkowski", ["greg", "rutkowski"]),
        ("joan mirro", ["joan", "miro"]),
        ("jaon miro", ["joan", "miro"]),
        ("a harri pottr hat", ["a", "harry", "potter", "hat"]),
        ("wilhelmine kandolski", ["wilhelmina", "kandolsky"]),
    ],
)
def test_a_neighbor_decides(mender, text, words):
    """A short word is mended beside another word of its name."""
    assert read(mender, text) == words


def test_of_several_words_that_of_the_pair_is_taken():
    """“vexeli” is as near to both; the neighbor says which."""
    mender = mender_of([("vexela", "zorbel"), ("vexelo", "quist")])
    assert read(mender, "vexeli zorbel") == ["vexela", "zorbel"]
    assert read(mender, "vexeli quist") == ["vexelo", "quist"]


def test_a_name_that_is_spelled_right_is_not_mended(mender):
    """Not even where a mark stands between its words."""
    for text in ("harry potter", "harry, potter", "Harry Potter by Greg Rutkowski"):
        assert mender.mended(fold(text)) is None


def test_what_was_touched_is_told_in_the_letters_of_the_text(mender):
    """Only where it covers whole words, some of them changed; the cost adds up."""
    mended = mender.mended(fold("a hary pottr hat"))
    at = mended.folded.letters.index("harrypotter")
    touched = mended.within(at, at + len("harrypotter"))
    assert (touched.begin, touched.end, touched.how) == (1, 10, "misspelled")
    first, second = (mended.within(*span) for span in ((at, at + 5), (at + 5, at + 11)))
    assert touched.cost == pytest.approx(first.cost + second.cost)
    assert mended.within(0, 1) is None
    assert mended.within(at, at + 4) is None
    assert mended.within(at + 1, at + 5) is None


def test_a_mistake_costs_more_the_farther_it_is(mender):
    """Two edits more than one; both more than none, which is not told."""
    one, two = (mender.mended(fold(text)).words[0][4] for text in ("rutkowsky", "rutkovsky"))
    assert (one.edits, two.edits) == (1, 2)
    assert 0.0 < one.cost < two.cost
    assert one.how == two.how == "misspelled"


def test_a_usual_word_costs_more():
    """“quilt” is a word that may be meant as it is, “zorbelq” is none; “night” is no mistake."""
    mender = mender_of([("quiltz",), ("zorbelg",), ("nightz",)])
    usual, none = (mender.mended(fold(text)).words[0][4] for text in ("quilt", "zorbelq"))
    assert usual.edits == none.edits == 1
    assert usual.cost > none.cost
    assert mender.mended(fold("night")) is None


def test_an_ending_is_told_as_one(mender):
    """Where more than its spelling differs."""
    assert mender.mended(fold("Тарковского")).words[0][4].how == "inflected"


def test_stems_are_what_endings_leave():
    """Of words that are not too short, the word itself first."""
    assert stems_of("nosferatus") == ["nosferatus", "nosferatu"]
    assert stems_of("anna")[0] == "anna"
    assert stems_of("e") == []
    assert all("tarkovskogo".startswith(stem) for stem in stems_of("tarkovskogo"))
    assert "tarkovsk" in stems_of("tarkovskogo")


def test_without_names_nothing_is_meant():
    """Of no names, and of names that are too short or in no Latin letters."""
    for names in ([], [()], [("up",)], [("羅生門",)]):
        assert mender_of(names).mended(fold("rutkowsky 羅生門")) is None


def test_hostile_text_is_read_in_one_go(mender):
    """A word of a million letters, and many words."""
    assert mender.mended(fold("r" * 1_000_000)) is None
    assert read(mender, "rutkowsky " * 2_000) == ["rutkowski"] * 2_000


@given(st.text("qxz", min_size=MIN_LETTERS, max_size=11), st.data())
def test_the_nearest_within_reach_is_meant(word, data):
    """By a comparison with every word of the names; none where all are farther."""
    texts = st.lists(st.text("qxz", min_size=MIN_LETTERS, max_size=11), max_size=8)
    known = [name for name in data.draw(texts) if name != word]
    most = 2 if len(word) >= TWO_EDITS_FROM else 1
    near = {name: edits for name in known if (edits := OSA.distance(word, name)) <= most}
    mended = mender_of([(name,) for name in known]).mended(fold(word))
    if not near:
        assert mended is None
    else:
        meant = mended.words[0][4]
        assert near[meant.word] == meant.edits == min(near.values())
