"""The prompts with the truth about them: enough, labeled, and in parts that share nothing."""

import random
import re
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from reference_index import Kind
from screening.enrollment.sources import records_sources

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
pytestmark = pytest.mark.skipif(
    not BENCHMARKS.is_dir(), reason="runs in a checkout, not on a wheel"
)
if str(BENCHMARKS) not in sys.path:
    sys.path.append(str(BENCHMARKS))
if BENCHMARKS.is_dir():
    from prompt_corpus import digest, prompts, records_file, variants
    from prompt_corpus.sources import LANGUAGES, PARTS, THIRDS, names, rows, templates

CJK = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
CUE = (
    r"\b(?:movies?|films?u?|series|serie|serii|serialu?"
    r"|novel|roman[sz]?[ou]?|romanzo|novela|сериала?|романа?|фильма?)"
)
TAG = re.compile(r"[,，、()\[\]<>:#]")
OPENED = re.compile(CUE + r" [\"'«„“]+ ?([^\"'»”“]+)", re.IGNORECASE)


def folded(text: str) -> str:
    words = re.findall(r"[^\W_]+", variants.unmarked(text).casefold())
    return f" {' '.join(words)} "


def contains(text: str, name: str) -> bool:
    """Say whether a text has a name in it, as whole words where words are separated."""
    return (folded(name).strip() if CJK.search(text + name) else folded(name)) in folded(text)


def written(name) -> set[str]:
    forms = {form for (_, trait), own in name.forms.items() for form in own if trait == "name"}
    return {name.title} | forms


@pytest.fixture(scope="module")
def corpus():
    return prompts()


@pytest.fixture(scope="module")
def known():
    return {name.record: name for name in names()}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    empty = tmp_path_factory.mktemp("no pictures")
    sources = records_sources(records_file(), folder=empty, kind=Kind.WORK)
    return {source.record.id: source.record for source in sources if source.record}


def test_there_are_enough_records(records):
    """The records file is read as enrollment reads it, and has at least 600 records."""
    kinds = Counter(record.kind for record in records.values())
    assert len(records) >= 600
    assert min(kinds[kind] for kind in (Kind.WORK, Kind.PERSON)) >= 250
    assert kinds[Kind.KEY_ELEMENT] >= 20
    assert set(kinds) == {Kind.WORK, Kind.PERSON, Kind.KEY_ELEMENT}


def test_people_are_dead_or_known_everywhere(records):
    """Every person is a public figure or deceased, and nothing else has a status."""
    people = [record for record in records.values() if record.kind is Kind.PERSON]
    assert {record.status for record in people} == {"deceased", "public-figure"}
    assert {r.status for r in records.values() if r.kind is not Kind.PERSON} == {""}


def test_names_are_those_of_the_records(records, known):
    """Every record has one name, and every form of it that is no variant is its title or alias."""
    assert list(known) == sorted(records)
    for name in known.values():
        record = records[name.record]
        assert written(name) == {record.title, *record.aliases}
        assert name.third in THIRDS


def test_there_are_enough_prompts(corpus):
    """Both parts have thousands, one in two of them naming something, and hundreds by hand."""
    assert len(corpus) >= 6000
    for part in PARTS:
        own = [prompt for prompt in corpus if prompt.part == part]
        naming = sum(bool(prompt.records) for prompt in own)
        assert min(naming, len(own) - naming) >= 1500
        assert 0.48 <= naming / len(own) <= 0.52
        assert sum(prompt.hand for prompt in own) >= 250
        for named in (True, False):
            assert sum(p.hand and bool(p.records) is named for p in own) >= 200


def test_every_language_is_in_both_parts(corpus):
    """Twelve languages, each with prompts of both truths in both parts, and by hand."""
    cells = Counter((p.language, p.part, bool(p.records)) for p in corpus)
    by_hand = Counter((p.language, p.part, bool(p.records)) for p in corpus if p.hand)
    every = {
        (language, part, named) for language in LANGUAGES for part in PARTS for named in (0, 1)
    }
    assert every == set(cells) == set(by_hand)
    assert min(cells.values()) >= 75


def test_the_same_seed_gives_the_same_prompts(corpus):
    """Prompts and digest depend on the seed alone; another seed keeps the hand-written ones."""
    other = prompts(seed=1)
    assert prompts() == corpus
    assert digest(corpus) == digest(prompts())
    assert digest(other) != digest(corpus)
    assert [p for p in other if p.hand] == [p for p in corpus if p.hand]


def test_no_text_occurs_twice(corpus):
    """No prompt is another's text, not even in other capitals."""
    twice = [text for text, n in Counter(p.text.casefold() for p in corpus).items() if n > 1]
    assert twice == []


def test_the_parts_share_no_record(corpus, known):
    """Every record that a prompt names is known and belongs to the prompt's part."""
    for prompt in corpus:
        assert {known[record].part for record in prompt.records} <= {prompt.part}, prompt


def test_the_thirds_share_no_template():
    """No template of one third is one of another, nor is what tempts in its innocent prompts."""
    for language in LANGUAGES:
        for one, other in combinations(templates(language).values(), 2):
            for own, others in ((one.naming, other.naming), (one.innocent, other.innocent)):
                assert set(own) == set(others), language
                assert not {t for group in own.values() for t in group} & {
                    t for group in others.values() for t in group
                }, language
            for slot in ("subject", "tempting", "byword", "place"):
                assert not set(one.slots[slot]) & set(other.slots[slot]), (language, slot)


def test_what_tempts_is_rarely_repeated(corpus):
    """A phrase that tempts is in at most 3 prompts of the report, in English in at most 6."""
    for language in LANGUAGES:
        own = [p.text.casefold() for p in corpus if (p.language, p.part) == (language, "report")]
        phrases = templates(language)["c"].slots["tempting"]
        assert len(phrases) >= (40 if language == "en" else 25), language
        for phrase in phrases:
            times = sum(phrase.casefold() in text for text in own)
            assert times <= (6 if language == "en" else 3), (language, phrase)


def test_common_words_and_others_are_in_both_parts(known):
    """The halves of tune divide each sort evenly; the report has every sort, common words too."""
    cells = Counter((name.sort, name.cued, name.third) for name in known.values())
    for sort, cued in {(sort, cued) for sort, cued, _ in cells}:
        assert abs(cells[sort, cued, "a"] - cells[sort, cued, "b"]) <= 2, (sort, cued)
    assert {name.sort for name in known.values() if name.part == "report"} == {
        name.sort for name in known.values()
    }
    assert sum(name.cued and name.part == "report" for name in known.values()) >= 30


def test_plain_prompts_contain_a_name_of_their_records(corpus, known):
    """Where nothing was done to a name, it stands in the prompt as the record has it."""
    made = [p for p in corpus if p.records and not p.hand]
    for prompt in made:
        if prompt.trait in {"plain", "common-word", "lowercase", "titlecase", "list", "alias"}:
            for record in prompt.records:
                assert any(contains(prompt.text, form) for form in written(known[record])), prompt


def test_naming_prompts_name_no_other_record(corpus, known):
    """A name that needs no context is in a prompt's truth wherever it stands in its text."""
    for name, form, prompt in _found(corpus, known):
        assert not prompt.records or name.record in prompt.records, (form, prompt)


def test_innocent_prompts_contain_no_name(corpus, known):
    """Prompts that name nobody contain no person's full name, and no name that needs no context."""
    near = "spider, man's hand for scale, field guide"
    for _, form, prompt in _found(corpus, known):
        assert prompt.records or prompt.text == near, (form, prompt)
    people = {"artist", "director", "actor", "musician", "writer", "public"}
    cued = [name for name in known.values() if name.cued and name.sort in people]
    innocent = "\n".join(folded(prompt.text) for prompt in corpus if not prompt.records)
    for form in (form for name in cued for form in written(name) if " " in form):
        assert folded(form) not in innocent, form


def test_prompts_list_what_a_cue_makes_of_a_common_word(corpus, known):
    """A common word in quotes after `film`, `novel`, ... is in the truth of its prompt."""
    meant = {folded(form): name for name in known.values() for form in written(name)}
    for prompt in corpus:
        for title in OPENED.findall(prompt.text):
            name = meant.get(folded(title))
            if name and name.part == prompt.part:
                assert name.record in prompt.records, (title, prompt)


def test_prompts_list_whose_surname_they_have(corpus, known):
    """A distinctive surname in a naming prompt of the report is in its truth."""
    own = [name for name in known.values() if name.surname and name.part == "report"]
    surnames = [(name.record, folded(name.surname)) for name in own]
    for prompt in corpus:
        if prompt.records and prompt.part == "report":
            text = folded(prompt.text)
            said = {record for record, surname in surnames if surname in text}
            assert said <= set(prompt.records), prompt


def test_no_tag_of_an_innocent_prompt_is_a_title(corpus, known):
    """No part between commas, hashtag or LoRA of an innocent prompt of the report is a name."""
    forms = {folded(form).replace(" ", "") for name in known.values() for form in written(name)}
    for prompt in corpus:
        if not prompt.records and prompt.part == "report":
            tags = {folded(tag).replace(" ", "") for tag in TAG.split(prompt.text)}
            assert not tags & forms - {""}, prompt


def _found(corpus, known):
    """Yield (name, form, prompt) wherever a name that needs no context stands in a prompt."""
    texts = [folded(prompt.text) for prompt in corpus]
    everything = "".join(texts)
    words = set(everything.split())
    for name in known.values():
        for form in set() if name.cued else written(name):
            sought = folded(form).strip() if CJK.search(form) else folded(form)
            there = CJK.search(form) or words.issuperset(sought.split())
            if len(sought) > 1 and there and sought in everything:
                found = (
                    prompt for prompt, text in zip(corpus, texts, strict=True) if sought in text
                )
                yield from ((name, form, prompt) for prompt in found)


def test_hand_written_rows_are_whole():
    """Every hand-written prompt has a trait, a language that is there, and no stray spaces."""
    for row in rows("hand.csv"):
        assert row["language"] in LANGUAGES
        assert row["part"] in PARTS
        assert row["trait"]
        assert row["text"] == " ".join(row["text"].split())


def test_a_misspelled_name_is_near():
    """At most two letters differ, in a word long enough, and never the first."""
    from rapidfuzz.distance import OSA

    rng = random.Random(0)
    for name in ("Kandinsky", "Harry Potter", "Тарковский"):
        for _ in range(200):
            wrong = variants.misspelled(name, rng)
            assert wrong is None or (0 < OSA.distance(name, wrong) <= 2 and wrong[0] == name[0])
    assert variants.misspelled("Cher", rng) is None


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        pytest.param("hyphen", "Harry Potter", "Harry-Potter", id="hyphen"),
        pytest.param("hyphen", "Spider-Man", "Spider Man", id="no hyphen"),
        pytest.param("spacing", "Spider-Man", "spiderman", id="joined"),
        pytest.param("underscore", "Harry Potter", "harry_potter", id="tag"),
        pytest.param("hashtag", "Salvador Dalí", "#salvadordali", id="hashtag"),
        pytest.param("plain", "Édith Piaf", "Édith Piaf", id="plain"),
    ],
)
def test_a_name_is_changed_as_its_trait_says(change, name, expected):
    """Each trait changes a name in its own way, and plain leaves it alone."""
    assert variants.changed(name, change, random.Random(0)) == expected


def test_capitals_are_those_of_the_language():
    """Turkish keeps the dot of its i; what follows an apostrophe stays small in title case."""
    assert variants.uppercase("iki kız", "tr") == "İKİ KIZ"
    assert variants.uppercase("in it", "en") == "IN IT"
    assert variants.titlecase("klimt's the kiss", "en") == "Klimt's The Kiss"
