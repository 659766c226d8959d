"""Forms: how the titles of works and the names of people are written, shortened and turned."""

import pytest
from named_records import RECORDS

from reference_index import Kind, Record
from screening.names.forms import NAMED, forms_of, names_of

WORK, PERSON = Kind.WORK, Kind.PERSON


def letters_of(name, kind=WORK):
    return [form.folded.letters for form in forms_of(name, kind)]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("Rashomon", ["rashomon"], id="plain"),
        pytest.param("The Matrix", ["thematrix", "matrix"], id="English article"),
        pytest.param("Der Himmel", ["derhimmel", "himmel"], id="German article"),
        pytest.param("La Haine", ["lahaine", "haine"], id="French article"),
        pytest.param("The", ["the"], id="article alone"),
        pytest.param("Them", ["them"], id="no article"),
        pytest.param("Star Wars: Return", ["starwarsreturn", "starwars", "return"], id="subtitle"),
        pytest.param("Alien – Covenant", ["aliencovenant", "alien", "covenant"], id="dash"),
        pytest.param("千と千尋：神", ["千to千尋神", "千to千尋", "神"], id="wide colon"),
        pytest.param("Spider-Man", ["spiderman"], id="hyphen is no subtitle"),
        pytest.param("3:10 to Yuma", ["310toyuma"], id="colon is no subtitle"),
        pytest.param("Tom & Jerry", ["tomandjerry", "tomjerry"], id="and"),
        pytest.param("Dune (1984 film)", ["dune"], id="remark"),
        pytest.param("千（映画）", ["千"], id="wide remark"),
        pytest.param("(Untitled)", ["untitled"], id="remark alone"),
        pytest.param("Die Dörfler", ["diedorfler", "dorfler", "diedoerfler", "doerfler"], id="ö"),
        pytest.param("M", [], id="one letter"),
        pytest.param("門", ["門"], id="one sign"),
        pytest.param("?!", [], id="no letters"),
        pytest.param("", [], id="empty"),
        pytest.param("x" * 80, ["x" * 80], id="as long as can be"),
        pytest.param("x" * 81, [], id="too long"),
    ],
)
def test_forms_of_works(title, expected):
    """An article, a subtitle and a remark may be left out, umlauts be two letters."""
    assert letters_of(title) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Cher", ["cher"], id="one word"),
        pytest.param(
            "Greg Rutkowski", ["gregrutkowski", "rutkowskigreg", "rutkowski"], id="two words"
        ),
        pytest.param("Kahlo, Frida", ["fridakahlo", "kahlofrida", "kahlo"], id="turned"),
        pytest.param(
            "Vincent van Gogh",
            ["vincentvangogh", "vangoghvincent", "vincentgogh", "vangogh", "gogh"],
            id="particle",
        ),
        pytest.param(
            "Pablo Ruiz Picasso",
            ["pabloruizpicasso", "picassopabloruiz", "pablopicasso", "picasso"],
            id="second given name",
        ),
        pytest.param("Ang Lee", ["anglee", "leeang"], id="short surname"),
        pytest.param("Ludwig 2.", ["ludwig2", "2ludwig"], id="number"),
        pytest.param(
            "Jörg Otto",
            ["jorgotto", "ottojorg", "otto", "joergotto", "ottojoerg"],
            id="umlaut",
        ),
        pytest.param("Frida Kahlo (artist)", ["fridakahlo", "kahlofrida", "kahlo"], id="remark"),
        pytest.param("Frida Kahlo,", ["fridakahlo", "kahlofrida", "kahlo"], id="comma at the end"),
        pytest.param(", Frida", ["frida"], id="comma first"),
        pytest.param(",", [], id="comma alone"),
        pytest.param("", [], id="empty"),
        pytest.param("黒澤明", ["黒澤明"], id="Han"),
        pytest.param("宮崎 駿", ["宮崎駿"], id="Han with a space"),
    ],
)
def test_forms_of_people(name, expected):
    """The last name may come first or stand alone, with its particles or without."""
    assert letters_of(name, PERSON) == expected


def test_the_whole_name_costs_nothing_and_less_of_it_more():
    """A shortened or turned name is worth less; only a last name alone is told as one."""
    whole, turned, *others = forms_of("Pablo Ruiz Picasso", PERSON)
    assert (whole.cost, whole.surname) == (0.0, False)
    assert turned.cost > 0.0
    assert all(form.cost > 0.0 for form in others)
    assert [form.surname for form in others] == [False, True]
    assert not any(form.surname for form in forms_of("Star Wars: Return", WORK))


def test_a_work_is_not_turned():
    """Only people have last names; a key element is as a work."""
    assert letters_of("Grimbleford Inn") == ["grimblefordinn"]
    assert letters_of("Grimbleford Inn", Kind.KEY_ELEMENT) == ["grimblefordinn"]


def test_words_are_those_of_the_form():
    """Folded, in order; a hyphen separates two."""
    assert forms_of("The Spider-Man", WORK)[0].words() == ["the", "spider", "man"]


@pytest.mark.parametrize("kind", [WORK, PERSON])
def test_hostile_names_have_few_forms(kind):
    """Neither a text of brackets nor one of commas and colons takes long or has many forms."""
    for name in ("(" * 20_000, ", " * 10_000, ": a" * 5_000, "\ud800 \u202e", "a " * 10_000):
        assert len(forms_of(name, kind)) <= 200


def test_only_some_kinds_have_names():
    """Works, people and key elements do; what was cleared or is temporary has none."""
    assert {Kind.WORK, Kind.PERSON, Kind.KEY_ELEMENT} == NAMED
    assert {record.kind for record in RECORDS if not names_of(record)} == {
        Kind.CLEARED, Kind.TEMPORARY
    }  # fmt: skip


def test_a_name_that_is_given_twice_is_one():
    """The title comes first, then its aliases, each once."""
    record = Record(id="a", kind=WORK, title="Alpha", aliases=("Beta", "Alpha", "Beta"))
    assert names_of(record) == ("Alpha", "Beta")
