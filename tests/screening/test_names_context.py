"""Context: what stands around a name, and in which direction it speaks."""

import pytest

from reference_index import Kind
from screening.names.context import Surroundings
from screening.names.folding import fold


def around(text, name="Zorbel", kind=Kind.WORK, *, model=False):
    """Return the phrase and the signs around the first place of a name in a text."""
    surroundings, letters = Surroundings(fold(text), model=model), fold(name).letters
    begin = surroundings.folded.letters.index(letters)
    phrase, signs = surroundings.around(begin, begin + len(letters), kind)
    assert len(dict(signs)) == len(signs)
    return phrase, dict(signs)


def signs(text, name="Zorbel"):
    """Return the signs around a name, each with its bits."""
    return around(text, name)[1]


@pytest.mark.parametrize(
    ("sign", "texts", "others"),
    [
        (
            "quoted",
            [
                'the "Zorbel" hat', "the “Zorbel” hat", "the «Zorbel» hat", "the 'Zorbel' hat",
                "the *Zorbel* hat", "das „Zorbel“ da", "「Zorbel」の", "the « Zorbel » hat",
            ],
            [
                "the Zorbel hat", 'the "Zorbel hat"', 'the "big Zorbel" hat', "the (Zorbel) hat",
                "《Zorbel》の",
            ],
        ),
        (
            "title marks",
            ["《Zorbel》の", "〈Zorbel〉の", "『Zorbel』の"],
            ["the “Zorbel” hat", "《Zorbel hat》", "「Zorbel」の"],
        ),
        (
            "year",
            ["the Zorbel (1999) hat", "Zorbel (2024)", "Zorbel [1895]", "Zorbel(1999)"],
            ["Zorbel 1999", "Zorbel (12)", "Zorbel (1700)", "Zorbel hat (1999)", "Zorbel (19999)"],
        ),
        (
            "tag",
            ["a hat #Zorbel", "a <lora:Zorbel:0.8> hat", "embedding:Zorbel hat", "<lyco:Zorbel>"],
            ["a hat # Zorbel", "a lora Zorbel", "a <Zorbel> hat"],
        ),
        (
            "alone",
            ["Zorbel", " Zorbel! ", "#Zorbel", "(Zorbel:)"],
            ["Zorbel hat", "a Zorbel", "Zorbel, 8k", "“Zorbel”"],
        ),
        (
            "apart",
            [
                "a hat, Zorbel, night", "Zorbel, a hat", "a hat, Zorbel", "a hat (Zorbel:1.2)",
                "a hat | Zorbel | night", "帽子、Zorbel、夜", "<lora:Zorbel:0.8> hat",
            ],
            ["a Zorbel hat", "a hat, big Zorbel", "Zorbel hat, night", "Zorbel"],
        ),
        (
            "possessive",
            ["Zorbel's hat", "Zorbel’s hat", "in Zorbel's"],
            ["Zorbel hat", "the 'Zorbel' hat", "Zorbels hat", "Zorbel' hat"],
        ),
        (
            "one of many",
            ["a Zorbel on a hill", "an Zorbel", "ein Zorbel da", "une Zorbel bleue"],
            ["the Zorbel on a hill", "a big Zorbel", "Zorbel a hill"],
        ),
        (
            "part of more",
            ["a walk in Zorbel Park", "the old Zorbel Street at night"],
            [
                "a walk in Zorbel park", "Zorbel Park", "a walk in Zorbel, Park",
                "a walk in Zorbel-Park", "a walk in zorbel Park", "a walk in Zorbel and Park",
            ],
        ),
        (
            "small",
            ["a walk with zorbel in Venice", "Mars and zorbel by Venus"],
            ["a walk with zorbel", "a walk with Zorbel in Venice", "A walk with zorbel"],
        ),
        (
            "capitals",
            ["a walk with Zorbel", "the hat of Zorbel at night", "a hat. the Zorbel of old"],
            [
                "a walk with zorbel", "Zorbel walks at night", "a hat. Zorbel of old",
                "A Walk With Zorbel", "a walk with ZORBEL",
            ],
        ),
    ],
)  # fmt: skip
def test_signs(sign, texts, others):
    """Each is seen where it is, and not where something else is."""
    assert [text for text in texts if sign not in signs(text)] == []
    assert [text for text in others if sign in signs(text)] == []


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("a hat of “Zorbel” here", "a hat of Zorbel here"),
        ("『Zorbel』の帽子", "Zorbelの帽子"),
        ("a hat of Zorbel (1999)", "a hat of Zorbel (12)"),
        ("hat #zorbel here", "hat zorbel here"),
        ("zorbel", "zorbel hat"),
        ("hat, zorbel, night", "hat zorbel night"),
        ("hat of Zorbel's night", "hat of Zorbel night"),
        ("the movie zorbel", "the mover zorbel"),
        ("the hat of Zorbel", "the hat of zorbel"),
        ("one zorbel hat", "a zorbel hat"),
        ("Mars and Venus and Zorbel", "Mars and Venus and zorbel"),
        ("a walk in Zorbel park", "a walk in Zorbel Park"),
        ("a cat with Zorbel", "a cat named Zorbel"),
    ],
)
def test_what_speaks_for_a_name_is_worth_more(text, other):
    """Signs of names have bits above none, those of words below."""
    assert sum(signs(text).values()) > sum(signs(other).values())


def test_the_phrase_of_a_cue_is_told():
    """Empty where there is none; the group that it is of is among the signs."""
    phrase, told = around("the movie Zorbel here")
    assert (phrase, "medium" in told) == ("movie", True)
    assert around("the mover zorbel here") == ("", {})
    assert around("by Zorbel", kind=Kind.PERSON)[0] == "by ..."
    assert around("by Zorbel", kind=Kind.WORK)[0] == ""


def test_the_name_of_a_model_is_a_sign():
    """Names stand in it more often than in prompts."""
    assert around("zorbel_v2", model=True)[1].keys() == {"model"}
    assert around("zorbel_v2")[1] == {}


def test_capitals_say_more_where_they_are_rare():
    """More beside words in small letters than beside others with capitals; more of two words."""
    rare = signs("a small old hat of Zorbel on the green hill")["capitals"]
    beside = signs("Mars, the Venus of Zorbel on the Green Hill")["capitals"]
    one, two = (signs("a hat of Zorbel Quist there", name)["capitals"]
                for name in ("Quist", "Zorbel Quist"))  # fmt: skip
    assert rare > beside > 0.0
    assert two > one > 0.0


@pytest.mark.parametrize("text", ["羅生門の前", "봉준호의 집", "トトロの森"])
def test_scripts_without_capitals_have_no_signs_of_them(text):
    """Neither for a name nor against it."""
    assert not {"small", "capitals", "part of more"} & signs(text, text[:3]).keys()


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("Zorbel Quist", True),
        ("Zorbel and Quist", True),
        ("Quist & Zorbel", True),
        ("Quist, Zorbel", True),
        ("Quist's Zorbel", True),
        ("Zorbel by Quist", True),
        ("Zorbel von Quist", True),
        ("Zorbel with a hat of Quist", False),
        ("Quist has Zorbel", False),
    ],
)
def test_names_beside_each_other(text, beside):
    """Right beside, or with one small word between them."""
    surroundings = Surroundings(fold(text))
    first, second = (
        (at, at + len(name))
        for name in ("zorbel", "quist")
        for at in [surroundings.folded.letters.index(name)]
    )
    assert surroundings.beside(*first, {second[0]}, {second[1]}) is beside
    assert surroundings.beside(*second, {first[0]}, {first[1]}) is beside
    assert not surroundings.beside(*first, set(), set())
    assert not surroundings.beside(*first, {first[0]}, {first[1]})
