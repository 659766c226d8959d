"""Finding: which records a text names, however they are written there."""

import math
import threading
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from named_records import (
    RECORDS,
    finder,
    found,
    names_index,
    person,
    work,
)

from reference_index import Kind, Record, ReferenceIndex
from screening.names import NameFinder, Said, Source
from screening.names.forms import NAMED

CLEAR = 22.0  # bits: fewer would be a word that stands there by chance


def best(text, source=Source.PROMPT):
    """Return the best of what a text names, None for nothing."""
    return next(iter(found(text, source=source).values()), None)


def score(text, record, source=Source.PROMPT):
    """Return the score of a record in a text, minus infinity where it is not named."""
    named = found(text, source=source).get(record)
    return named.score if named else -math.inf


TODAY = date.today()  # noqa: DTZ011
ODD = ("Zorbel,", ", Zorbel", ",", "?", "a" * 5_000, "羅", "( Zorbel", "Zorbel (x)", "\u202e", "1")


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """Return what finds the names of other records: alike, shared, odd, and not held for long."""
    folder = tmp_path_factory.mktemp("others")
    records = [work("b", "Vexelmoor"), work("a", "Vexelmoor")]
    records += [person("only", "Anna Quistelhorn")]
    records += [person(f"one {i}", f"{i * 'a'}nna Zorbelhorn") for i in range(1, 9)]
    records += [
        Record(id=id_, kind=Kind.PERSON, title=name, status="crew", retain_until=day)
        for id_, name, day in (
            ("last", "Annika Dremmel", TODAY + timedelta(days=1)),
            ("gone", "Bertram Dremmel", TODAY - timedelta(days=1)),
        )
    ]
    records += [
        Record(id=f"odd {kind} {number}", kind=kind, title="Odd", aliases=(name,))
        for kind in (Kind.WORK, Kind.PERSON)
        for number, name in enumerate(ODD)
    ]
    return NameFinder(ReferenceIndex.open(names_index(folder / "others.index", records)))


def told(names, text, least=-math.inf):
    """Return what a finder finds in a prompt."""
    return names.find([Said(source=Source.PROMPT, text=text)], min_score=least)


@pytest.mark.parametrize(
    ("text", "record", "words", "how"),
    [
        pytest.param("a train, Harry Potter", "potter", "Harry Potter", "", id="exact"),
        pytest.param("harry potter on a train", "potter", "harry potter", "", id="small"),
        pytest.param("HARRY POTTER", "potter", "HARRY POTTER", "", id="capitals"),
        pytest.param("Harry Potter's train", "potter", "Harry Potter", "", id="possessive"),
        pytest.param("Harry Potter’s train", "potter", "Harry Potter", "", id="apostrophe"),
        pytest.param("a harry-potter train", "potter", "harry-potter", "", id="hyphen"),
        pytest.param("a harry_potter train", "potter", "harry_potter", "", id="underscore"),
        pytest.param("a harrypotter train", "potter", "harrypotter", "", id="joined"),
        pytest.param("a Harry\n\tPotter train", "potter", "Harry Potter", "", id="line end"),
        pytest.param("a spider man on a roof", "spider", "spider man", "", id="hyphen gone"),
        pytest.param("a spiderman on a roof", "spider", "spiderman", "", id="hyphen joined"),
        pytest.param("#SpiderMan on a roof", "spider", "SpiderMan", "", id="camel case"),
        pytest.param("a clock #salvadordali", "dali", "salvadordali", "", id="hashtag"),
        pytest.param("salvador dali clocks", "dali", "salvador dali", "", id="accent gone"),
        pytest.param("Dali\u0301, Salvador", "dali", "Dali\u0301, Salvador", "", id="turned"),
        pytest.param("the sky by Gogh", "gogh", "Gogh", "", id="surname"),
        pytest.param("Joerg Muellerhoff", "muller", "Joerg Muellerhoff", "", id="umlaut as two"),
        pytest.param("jorg mullerhoff", "muller", "jorg mullerhoff", "", id="umlaut gone"),
        pytest.param("Great Wave off Kanagawa", "wave", "Great Wave off Kanagawa", "",
                     id="article gone"),
        pytest.param("Empire Strikes Back", "wars", "Empire Strikes Back", "", id="subtitle"),
        pytest.param("art by greg rutkowsky", "rutkowski", "greg rutkowsky", "misspelled",
                     id="misspelled"),
        pytest.param("Hary Pottr on a train", "potter", "Hary Pottr", "misspelled",
                     id="both words misspelled"),
        pytest.param("картина Тарковского", "tarkovsky", "Тарковского", "inflected",
                     id="inflected"),
        pytest.param("кадр, Тарковский", "tarkovsky", "Тарковский", "", id="Cyrillic alias"),
        pytest.param("Носферату на лестнице", "nosferatu", "Носферату", "", id="transliterated"),
        pytest.param("京都の羅生門の前に立つ侍", "rashomon", "羅生門", "", id="Han in a sentence"),
        pytest.param("巨大な神奈川沖浪裏風の海", "wave", "神奈川沖浪裏", "", id="Han before Han"),
        pytest.param("기생충에서 본 계단", "parasite", "기생충", "", id="Hangul with a particle"),
        pytest.param("감독 봉준호가", "bong", "봉준호", "", id="Hangul name with a particle"),
        pytest.param("屋根のスパイダーマンと猫", "spider", "スパイダーマン", "", id="katakana"),
        pytest.param("森の中のとなりのトトロ", "totoro", "となりのトトロ", "", id="both kana"),
        pytest.param("<lora:greg_rutkowski:0.8> dragon", "rutkowski", "greg_rutkowski", "",
                     id="LoRA tag"),
        pytest.param("the Vexlorian Compass glows", "compass", "Vexlorian Compass", "",
                     id="key element"),
        pytest.param("a \u202eHarry\u202c \u200fPotter", "potter", "Harry Potter", "",
                     id="right to left marks"),
        pytest.param("Har\0ry Potter", "potter", "Har ry Potter", "", id="control character"),
    ],
)  # fmt: skip
def test_a_name_is_found(text, record, words, how):
    """However it is written; told as it stands there, in one line, and as the record has it."""
    named = best(text)
    assert (named.record_id, named.words, named.how) == (record, words, how)
    assert named.source is Source.PROMPT
    own = next(one for one in RECORDS if one.id == record)
    assert named.name in {own.title, *own.aliases}


@pytest.mark.parametrize(
    ("text", "record"),
    [
        pytest.param("a potter harrying sheep", "potter", id="other words"),
        pytest.param("cherish the cherry", "cher", id="inside a word"),
        pytest.param("ネオスパイダーマンの絵", "spider", id="inside a run of katakana"),
        pytest.param("나기생충", "parasite", id="behind Hangul"),
        pytest.param("a heatwave", "heat", id="begin of a word"),
        pytest.param("rashomen", "cher", id="something else"),
        pytest.param("in the style of a bong", "bong", id="given name alone"),
        pytest.param("Zorvathian Harbor", "cleared", id="cleared"),
        pytest.param("Blenquist Placeholder", "temporary", id="temporary"),
        pytest.param("Brunhildis Gonefar", "expired", id="expired"),
        pytest.param("Warner, Disney and Marvel", "potter", id="owner alone"),
        pytest.param("", "potter", id="empty"),
        pytest.param(" ,.!\n🎬", "potter", id="no letters"),
    ],
)
def test_a_name_is_not_found(text, record):
    """Inside other words, of records whose titles are no names, and of people no longer held."""
    assert record not in found(text)


@pytest.mark.parametrize(
    ("more", "less", "record"),
    [
        pytest.param("a dragon by Rutkowski", "a dragon near Rutkowski", "rutkowski", id="cue"),
        pytest.param("the movie Heat at night", "the mover Heat at night", "heat", id="medium"),
        pytest.param("a poster, “heat”, night", "a poster, heat, night", "heat", id="quoted"),
        pytest.param("the Heat (1995) night", "the Heat (12) night", "heat", id="year"),
        pytest.param("one frozen lake", "a frozen lake", "frozen", id="one of many"),
        pytest.param("in Disney's frozen palace", "in Daphne's frozen palace", "frozen",
                     id="owner of the rights"),
        pytest.param("heat by the sea, Disney, frozen", "heat by the sea, disco, frozen",
                     "frozen", id="owner apart"),
        pytest.param("Greg Rutkowski dragon", "Rutkowski dragon", "rutkowski", id="whole name"),
        pytest.param("Amelia Rose there", "Rose there", "rose", id="whole name of words"),
        pytest.param("Greg Rutkowski there", "Greg Rutkowsky there", "rutkowski", id="spelled"),
        pytest.param("harry potter there", "harry, potter there", "potter", id="comma within"),
        pytest.param("harrypotter there", "harry potter there", "potter", id="joined"),
        pytest.param("rashomon there", "rash omon there", "rashomon", id="split"),
        pytest.param("봉준호 영화", "봉준호가 영화", "bong", id="particle"),
        pytest.param("cher and Rashomon", "cher and random", "cher", id="another name beside"),
        pytest.param("with Cher there", "a cat named Cher there", "cher", id="given name"),
        pytest.param("the hat of Cher", "the hat of cher", "cher", id="capitals"),
        pytest.param("heat", "heat there", "heat", id="alone"),
        pytest.param("night, heat, dust", "night heat dust", "heat", id="apart"),
        pytest.param("Star Wars: The Empire Strikes Back", "Star Wars", "wars", id="subtitle"),
    ],
)  # fmt: skip
def test_what_speaks_for_a_name_raises_its_score(more, less, record):
    """Whatever stands around it, and how much of it is there."""
    assert score(more, record) > score(less, record)


def test_a_rare_name_is_clear_and_a_common_word_is_not():
    """Without anything that speaks for it; with a cue the common word is."""
    clear = ("rashomon at dawn", "two men, salvador dali", "a rutkowski dragon at dawn")
    assert all(best(text).score >= CLEAR for text in clear[:2])
    for text in ("heat over the road", "a frozen lake", "a rose in a vase", "a parasite on a leaf"):
        assert not found(text, min_score=CLEAR), text
    assert "heat" in found("a still from the movie Heat", min_score=CLEAR)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("greg_rutkowski_v2", "greg_rutkowski"),
        ("GregRutkowskiStyle_XL", "GregRutkowski"),
        ("gregrutkowski", "gregrutkowski"),
        ("style-of-greg-rutkowski-sdxl", "greg-rutkowski"),
        ("superrutkowskimix", "rutkowski"),
        ("RutkowskiMix", "Rutkowski"),
    ],
)
@pytest.mark.parametrize("source", [Source.LORA, Source.MODEL])
def test_a_name_in_that_of_a_model_is_found(text, words, source):
    """With underscores, in camel case, and where it runs on into other letters."""
    named = best(text, source)
    assert (named.record_id, named.words, named.source) == ("rutkowski", words, source)


def test_in_a_prompt_a_name_does_not_run_on():
    """Nor a short one in the name of a model."""
    assert not found("superrutkowskimix")
    assert not found("supercherry", source=Source.LORA)
    assert found("superrutkowskimix", source=Source.LORA)


def test_a_name_in_that_of_a_model_is_worth_more():
    """Models are called after what they were made of."""
    prompt, model = (score("heat_v2", "heat", source) for source in (Source.PROMPT, Source.MODEL))
    assert model > prompt


def test_the_phrase_beside_a_name_is_told():
    """That of the cue, empty for none; with the signs that count."""
    told, none = best("in the style of Salvador Dalí"), best("hats and Salvador Dalí there")
    assert (told.cue, none.cue) == ("in the style of ...", "")
    assert "manner" in dict(told.signs)
    assert all(isinstance(name, str) and bits for name, bits in told.signs)


def test_each_record_is_told_once_by_its_best_name():
    """However often texts name it; of equal scores in the order of ids, the highest first."""
    texts = ("heat", "harry potter", "a movie by Greg Rutkowski, Rutkowski, rutkowski", "Heat")
    named = finder().find([Said(source=Source.PROMPT, text=text) for text in texts], min_score=0)
    assert sorted(one.record_id for one in named) == ["heat", "potter", "rutkowski"]
    scores = [one.score for one in named]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == score(texts[2], "rutkowski")


def test_the_best_of_several_texts_is_told_with_its_source():
    """As the text has it that names it best."""
    said = [
        Said(source=Source.PROMPT, text="a dragon near rutkowski there"),
        Said(source=Source.LORA, text="greg_rutkowski_style"),
    ]
    for order in (said, said[::-1]):
        [named] = finder().find(order, min_score=0.0)
        assert (named.source, named.words) == (Source.LORA, "greg_rutkowski")


def test_equal_scores_are_told_by_id(others):
    """Two records of one name are both named."""
    first, second = told(others, "Vexelmoor")
    assert (first.record_id, second.record_id) == ("a", "b")
    assert first.score == second.score


def test_a_last_name_that_many_have_is_worth_less(others):
    """The more records share it, the less it says of each."""
    [only] = told(others, "the Quistelhorn there")
    shared = told(others, "the Zorbelhorn there")
    assert len(shared) == 8
    assert only.score > shared[0].score


def test_the_bounds_of_what_is_told():
    """The least score is inclusive; the best are told whatever they score."""
    said = [Said(source=Source.PROMPT, text="heat, frozen and harry potter on a train")]
    every = finder().find(said, min_score=-math.inf)
    assert len(every) == 3
    middle = every[1].score
    for least, count in ((middle, 2), (math.nextafter(middle, math.inf), 1), (math.inf, 0)):
        assert finder().find(said, min_score=least) == every[:count]
    for number in range(5):
        assert finder().find(said, min_score=math.inf, best=number) == every[:number]
        assert finder().find(said, min_score=middle, best=number) == every[: max(number, 2)]


def test_nothing_said_names_nothing():
    """No text, and an empty one."""
    assert finder().find([], min_score=-math.inf, best=9) == []
    assert not found("")


def test_an_index_without_names_names_nothing(tmp_path):
    """One of records whose titles are no names; who owns their rights does not count."""
    cleared = Record(id="a", kind=Kind.CLEARED, title="Rashomon", rights_holder="Warner")
    names = NameFinder(ReferenceIndex.open(names_index(tmp_path / "own.index", [cleared])))
    assert len(names) == 0
    said = [Said(source=Source.PROMPT, text="Rashomon by Warner ?!")]
    assert names.find(said, min_score=-math.inf, best=9) == []


def test_its_length_is_that_of_the_records_with_names():
    """Cleared, temporary and expired ones are none."""
    named = [one for one in RECORDS if one.kind in NAMED and one.id != "expired"]
    assert len(finder()) == len(named)


def test_the_day_that_people_are_held_to(others):
    """Until then they are found, from then on no longer."""
    both = told(others, "Annika Dremmel and Bertram Dremmel")
    assert [one.record_id for one in both] == ["last"]


def test_odd_names_are_taken_as_they_are(others):
    """Marks alone, commas at the end, one sign, and names as long as a page do no harm."""
    assert len(others) == 2 + 1 + 8 + 1 + 2 * len(ODD)
    odd = {one.record_id for one in told(others, "the Zorbel and 羅 there")}
    assert odd >= {f"odd work {ODD.index(name)}" for name in ("Zorbel,", "Zorbel (x)", "羅")}
    assert odd >= {f"odd person {ODD.index(name)}" for name in ("Zorbel,", ", Zorbel", "羅")}
    assert not told(others, ", ? \u202e ,")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 1_000_000, id="one letter"),
        pytest.param("羅" * 300_000, id="one sign"),
        pytest.param("\0\x1b\x7f" * 100_000, id="control characters"),
        pytest.param("\ud800" * 100_000, id="lone surrogates"),
        pytest.param("\u202e\u200f" * 100_000, id="right to left marks"),
        pytest.param("e" + "\u0301" * 200_000, id="combining marks"),
        pytest.param("'" * 200_000, id="quotes"),
        pytest.param("🎬" * 100_000, id="pictures"),
    ],
)
def test_hostile_text_names_nothing(text):
    """Long and odd text is read to its end, and what stands after it is found."""
    assert found(f"{text} Rashomon").keys() == {"rashomon"}


def test_many_names_in_one_text():
    """Each record is told once, and the text is read in one go."""
    named = found("Rashomon by Greg Rutkowski, heat " * 60)
    assert named.keys() == {"rashomon", "rutkowski", "heat"}


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters() | st.sampled_from("the Rashomon Dalí羅生門봉준호,'-\ud800")))
def test_words_told_stand_in_the_text(text):
    """Whatever the text, what is told of it stands there, and the order is that of scores."""
    named = [*found(text).values()]
    flat = "".join(sign if sign.isprintable() else " " for sign in text)
    for one in named:
        assert "".join(one.words.split()) in "".join(flat.split())
        assert one.words.isprintable()
        assert math.isfinite(one.score)
    assert [one.score for one in named] == sorted((one.score for one in named), reverse=True)


@given(st.text("abc -'.,", max_size=12), st.text("xyz -'.,", max_size=12))
def test_words_around_do_not_hide_a_name(before, after):
    """Between any other words it is found, with their bits or without."""
    assert "rashomon" in found(f"{before} Rashomon {after}")


def test_several_threads_find_the_same():
    """At once, without harm."""
    texts = ["a film by Andrei Tarkovsky", "hary pottr on a train", "羅生門の前", "heat"] * 6
    expected = [found(text) for text in texts]
    answers = {}

    def ask(number):
        answers[number] = [found(text) for text in texts]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(answers.values()) == [expected] * 4
