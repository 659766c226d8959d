"""Cues: phrases beside a name that tell that it is one."""

import tomllib
from collections import Counter

import pytest

from reference_index import Kind
from screening.names.cues import _OF, CUES, cue_at, is_one_of_many
from screening.names.folding import fold

GROUPS = tomllib.loads(CUES)["cue"]
NAME = "Zorbelquist"
each_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group["name"])


def cue_in(text, kind=Kind.PERSON, name=NAME):
    """Return the cue at the first place where a name stands in a text."""
    folded, letters = fold(text), fold(name).letters
    begin = folded.letters.index(letters)
    return cue_at(folded, begin, begin + len(letters), kind)


def texts_of(phrase, between=""):
    """Return a phrase beside a name, on each side that it may stand on."""
    if "..." in phrase:
        before, _, after = phrase.partition("...")
        first = before.rstrip() + between + before[len(before.rstrip()) :] if before else ""
        return [first + NAME + (between + after if after else "")]
    return [f"{phrase}{between} {NAME}", f"{NAME}{between} {phrase}"]


@each_group
def test_every_phrase_is_found(group):
    """Before the name or after it, for the kinds that it is for, at the strength of its group."""
    missing = []
    for phrase in group["phrases"]:
        for text in texts_of(phrase):
            for kind in _OF[group["of"]]:
                cue = cue_in(text, kind)
                if cue is None or cue.strength < group["strength"]:
                    missing.append((phrase, text, kind, cue))
    assert missing == []


@each_group
def test_every_phrase_is_found_among_other_words(group):
    """Whatever stands beyond it, in small letters or capitals."""
    missing = []
    kind = next(iter(_OF[group["of"]]))
    for phrase in group["phrases"]:
        for text in texts_of(phrase):
            for around in (f"qxz {text} qxz", f"qxz, {text.upper()}. Qxz"):
                cue = cue_in(around, kind)
                if cue is None or cue.strength < group["strength"]:
                    missing.append(around)
    assert missing == []


@each_group
def test_a_phrase_that_a_comma_cuts_off_does_not_count(group):
    """Nor one before the end of a sentence or a line."""
    for phrase in group["phrases"]:
        for mark in (",", ".", "\n", "、", " | "):
            for text in texts_of(phrase, mark):
                assert all(cue_in(text, kind) is None for kind in _OF[group["of"]]), text


@each_group
def test_no_phrase_stands_twice_in_a_group(group):
    """Every phrase has letters and at most one place for the name, at an end."""
    phrases = group["phrases"]
    assert [phrase for phrase, count in Counter(phrases).items() if count > 1] == []
    for phrase in phrases:
        assert fold(phrase).letters, phrase
        before, name, after = phrase.partition("...")
        assert not name or bool(before) != bool(after), phrase
        assert phrase == phrase.strip()


def test_the_groups_are_well_formed():
    """Each has a name of its own, says what it is for and how strong it is."""
    assert len({group["name"] for group in GROUPS}) == len(GROUPS)
    for group in GROUPS:
        assert set(group) == {"name", "of", "strength", "phrases"}
        assert group["of"] in _OF
        assert group["strength"] != 0


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("by the Zorbelquist", "by ..."),
        ("im Stil der Zorbelquist", "im Stil der ..."),
        ("in the style of “Zorbelquist”", "in the style of ..."),
        ("in-the-style-of Zorbelquist", "in the style of ..."),
        ("IN THE STYLE OF\tZORBELQUIST", "in the style of ..."),
        ("Zorbelquist's painting", "... painting"),
        ("Zorbelquist’s painting", "... painting"),
        ("paintingZorbelquist", None),
        ("rugby Zorbelquist", None),
        ("by a Zorbelquist", None),
        ("by some Zorbelquist", None),
        ("Zorbelquist paintingesque", None),
        ("Zorbelquist and a painting", None),
        ("by: Zorbelquist", "by ..."),
        ("by; Zorbelquist", None),
        ("by. The Zorbelquist", None),
        ("Zorbelquist", None),
        ("ein Bild im Stile von Zorbelquist", "im Stile von ..."),
        ("Zorbelquist風の城", "...風"),
    ],
)
def test_what_may_stand_between(text, phrase):
    """An article, quotes and the s of a possessive, but no other word and no end of a phrase."""
    cue = cue_in(text)
    assert (cue and cue.phrase) == phrase


def test_cues_are_for_kinds():
    """Somebody is behind “by”, a title behind “movie”; “in the style of” fits both."""
    kinds = (Kind.PERSON, Kind.WORK, Kind.KEY_ELEMENT)
    for text, told in (
        ("by Zorbelquist", (True, False, False)),
        ("the video game Zorbelquist", (False, True, True)),
        ("in the style of Zorbelquist", (True, True, True)),
    ):
        assert tuple(cue_in(text, kind) is not None for kind in kinds) == told


def test_the_strongest_of_several_cues_is_told():
    """On whichever side of the name it is."""
    assert cue_in("a scene from the video game Zorbelquist", Kind.WORK).name == "medium"
    assert cue_in("by Zorbelquist, in a movie").phrase == "by ..."
    strong, weak = cue_in("inspired by Zorbelquist"), cue_in("by Zorbelquist")
    assert (strong.name, weak.name) == ("manner", "maker")
    assert strong.strength > weak.strength


def test_a_given_name_speaks_against():
    """A cat named so is not somebody."""
    assert cue_in("a cat named Zorbelquist").strength < 0


@pytest.mark.parametrize(
    ("text", "many"),
    [
        ("a Zorbelquist", True),
        ("an Zorbelquist", True),
        ("ein Zorbelquist", True),
        ("with einem Zorbelquist", True),
        ("the Zorbelquist", False),
        ("pizza Zorbelquist", False),
        ("Zorbelquist", False),
        ("a big Zorbelquist", False),
    ],
)
def test_one_of_many(text, many):
    """An indefinite article stands right before what is a thing."""
    folded = fold(text)
    assert is_one_of_many(folded, folded.letters.index("zorb")) is many
