"""The name channel: what names in texts say of chance, index by index, beside pictures."""

import threading

import pytest
from generation_files import INFOTEXT
from named_records import (
    NAME_CHANNEL,
    RECORDS,
    calibrate,
    finder,
    name_null,
    names_index,
    shared_index,
    work,
)
from pictures import composed, textured
from PIL.PngImagePlugin import PngInfo

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from screening import Screener, Verdict
from screening.enrollment import enroll, folder_sources
from screening.errors import CalibrationError
from screening.matching import ChannelState, Names
from screening.matching.name_channel import MAX_LETTERS, TOO_MUCH, WORDS, has_names, units_of
from screening.matching.settings import MODEL_NAME_CHANNEL
from screening.names import Said, Source

NONE = {}
PROMPT, MODEL, LORA = Source.PROMPT, Source.MODEL, Source.LORA
CLEARED = Record(id="c", kind=Kind.CLEARED, title="Rashomon")


def said(*texts, source=PROMPT):
    return [Said(source=source, text=text) for text in texts]


def hits(names, texts, *, note_at=1e-2, raw_scores=NONE, candidates=0):
    """Return record, channel and false alarms of all hits, and how many searches there were."""
    found, searches = names.hits(
        texts, note_at=note_at, raw_scores=raw_scores, candidates=candidates
    )
    each = [(hit.record.id, hit.evidence.channel, hit.evidence.false_alarms) for hit in found]
    return each, searches


def records_of(names, texts, **how):
    return [record for record, _, _ in hits(names, texts, **how)[0]]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    """The shared index, and another with one record that both have and one of its own."""
    path = tmp_path_factory.mktemp("second") / "second.index"
    names_index(path, [work("own", "Vexelmoor"), RECORDS[1]], null=name_null())
    with ReferenceIndex.open(shared_index()) as first, ReferenceIndex.open(path) as second:
        yield first, second


@pytest.fixture(scope="module")
def one(indexes):
    return Names(indexes[:1])


@pytest.fixture(scope="module")
def both(indexes):
    return Names(indexes)


def test_false_alarms_grow_with_the_records_searched(one):
    """Those of the null figures, for as many references as records have names."""
    text = said("Rashomon at dawn, a still from the movie Heat")
    [(searched, names)] = one.searched()
    assert searched.references == len(names) == len(finder())
    expected = {
        named.record_id: name_null().false_alarms(named.score, references=len(names))
        for named in finder().find(text, min_score=0.0)
    }
    found, searches = hits(one, text)
    assert searches == 1
    assert {record: alarms for record, _, alarms in found} == pytest.approx(expected)


def test_the_evidence_is_of_words(one):
    """No picture of the record, no region; which words name it, and the phrase beside them."""
    [hit], _ = one.hits(said("art by greg rutkowsky"), note_at=1e-2, raw_scores=NONE, candidates=0)
    evidence = hit.evidence
    assert (evidence.reference_image, evidence.inliers, evidence.face) == ("", None, None)
    assert not evidence.located
    named = evidence.named
    assert (named.source, named.words, named.name, named.cue, named.how) == (
        "prompt", "greg rutkowsky", "Greg Rutkowski", "by ...", "misspelled"
    )  # fmt: skip
    assert evidence.transform == "“greg rutkowsky” in the prompt, misspelled, as in “by ...”"


@pytest.mark.parametrize(
    ("words", "units"),
    [(0, 1), (1, 1), (WORDS, 1), (WORDS + 1, 2), (10 * WORDS, 10)],
)
def test_a_long_text_is_several(words, units):
    """So many units as it has times so many words, one at least; those of texts add up."""
    text = " ".join(["hat"] * words)
    assert units_of(said(text)) == units
    assert units_of(said(text, "a hat")) == units + 1
    assert units_of([]) == 0


def test_a_name_in_a_long_text_is_less_improbable(one):
    """By the number of its units."""
    text = said("the old Nosferatu there" + " with hats" * (2 * WORDS))
    [hit], _ = one.hits(text, note_at=1e-9, raw_scores=NONE, candidates=1)
    references = len(finder()) * units_of(text)
    expected = name_null().false_alarms(hit.evidence.score, references=references)
    assert hit.evidence.false_alarms == expected
    assert references > 4 * len(finder())
    assert records_of(one, text, note_at=expected * (1 + 1e-6)) == ["nosferatu"]
    assert records_of(one, text, note_at=expected * (1 - 1e-6)) == []


def test_prompts_and_models_are_searches_of_their_own(one):
    """Each only where there are such texts; models are told apart by their channel."""
    prompt, model = said("Rashomon at dawn"), said("greg_rutkowski", source=LORA)
    assert hits(one, [])[1] == 0
    for texts, channels in (
        (prompt, {"rashomon": NAME_CHANNEL}),
        (model, {"rutkowski": MODEL_NAME_CHANNEL}),
        (said("rutkowski", source=MODEL), {"rutkowski": MODEL_NAME_CHANNEL}),
        (prompt + model, {"rashomon": NAME_CHANNEL, "rutkowski": MODEL_NAME_CHANNEL}),
    ):
        found, searches = hits(one, texts)
        assert {record: channel for record, channel, _ in found} == channels
        assert searches == len(set(channels.values()))


def test_units_of_prompts_and_models_are_counted_apart(one):
    """A long prompt makes no model more probable."""
    model = said("greg_rutkowski", source=LORA)
    [alone] = hits(one, model)[0]
    assert hits(one, [*model, *said("a hat " * 500)])[0] == [alone]


def test_two_indexes_are_two_searches(both):
    """Each with its own number of records; what both have is told of each."""
    found, searches = hits(both, said("Rashomon at dawn, Vexelmoor"))
    assert searches == 2
    alarms = {"rashomon": [], "own": []}
    for record, _, value in found:
        alarms[record].append(value)
    assert len(alarms["own"]) == 1
    first, second = alarms["rashomon"]
    assert first / second == pytest.approx(len(finder()) / 2)


def test_the_bounds_of_what_is_told(one):
    """At the false alarms given or rarer, from the raw score given on, and the best."""
    text = said("Rashomon at dawn with heat over the road")
    every = hits(one, text, note_at=1e9)[0]
    assert [record for record, _, _ in every] == ["rashomon", "heat"]
    alarms = every[0][2]
    assert records_of(one, text, note_at=alarms * (1 + 1e-6)) == ["rashomon"]
    assert records_of(one, text, note_at=alarms * (1 - 1e-6)) == []
    assert records_of(one, text, note_at=1e-300, raw_scores={"name": 0.0}) == ["rashomon", "heat"]
    assert records_of(one, text, note_at=1e-300, candidates=1) == ["rashomon"]


def test_threads_share_what_finds_names(indexes):
    """It is made once, whoever comes first."""
    names, made = Names(indexes[1:]), []
    threads = [
        threading.Thread(target=lambda: made.append(names.searched()[0][1])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(map(id, made))) == 1


def report(names, *texts, note_at=1e-2, raw_scores=NONE):
    return names.report(said(*texts), note_at=note_at, raw_scores=raw_scores)


def test_what_the_channel_tells_of_itself(one, both):
    """That it ran, and why it found nothing where nothing was said."""
    assert report(one, "a hat").state is report(both, "a hat").state is ChannelState.RAN
    assert report(one, "a hat").reason is None
    silent = report(one)
    assert silent.state is ChannelState.RAN
    assert silent.reason is not None


def test_an_index_without_names_has_nothing_to_be_found(tmp_path):
    """Of cleared records nobody is named; no search."""
    with ReferenceIndex.open(names_index(tmp_path / "c.index", [CLEARED])) as index:
        names = Names([index])
        assert not has_names(index)
        assert report(names, "Rashomon").state is ChannelState.NO_REFERENCES
        assert hits(names, said("Rashomon")) == ([], 0)


def test_without_figures_no_name_is_told(tmp_path, indexes, monkeypatch):
    """Unavailable where no index has any, weak where one lacks them; the mend is to calibrate."""
    monkeypatch.setattr("screening.matching.nulls.shipped", dict)
    path = names_index(tmp_path / "bare.index", [RECORDS[1]])
    with ReferenceIndex.open(path) as bare:
        names, mixed = Names([bare]), Names([bare, indexes[1]])
        assert has_names(bare)
        assert hits(names, said("Rashomon"), candidates=5) == ([], 0)
        assert report(names, "Rashomon").state is ChannelState.UNAVAILABLE
        assert report(names).state is ChannelState.RAN
        assert hits(mixed, said("Rashomon at dawn"))[1] == 1
        told = report(mixed, "Rashomon")
    assert told.state is ChannelState.WEAK
    assert str(path) in told.reason
    assert told.mend == f"screening calibrate {path} --prompts FILE"


def test_figures_that_promise_too_little_are_told(tmp_path):
    """Where no score is rare enough, unless a raw score is asked for."""
    path = names_index(tmp_path / "few.index", [RECORDS[1]], null=name_null(tail=None))
    with ReferenceIndex.open(path) as index:
        names = Names([index])
        assert report(names, "Rashomon", note_at=1e-4).state is ChannelState.WEAK
        assert (
            report(names, "Rashomon", note_at=1e-4, raw_scores={"name": 9.0}).state
            is ChannelState.RAN
        )
        assert report(names, "Rashomon", note_at=1e-2).state is ChannelState.RAN
        assert hits(names, said("Rashomon"), note_at=1e-4) == ([], 1)


def test_figures_of_other_settings_are_refused(tmp_path):
    """They say nothing of scores made now: an error that says what to do."""
    path = names_index(tmp_path / "old.index", [RECORDS[1]], null=name_null(settings="matching 0"))
    with pytest.raises(CalibrationError, match="calibrate"):
        Screener.open(path)


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """An index of one work and one cleared picture, and of names; pictures made by prompts."""
    folder = tmp_path_factory.mktemp("studio")
    for name in ("works", "cleared", "board"):
        (folder / name).mkdir()
    textured(3).save(folder / "works" / "Vexelmoor.png")
    composed(4).save(folder / "cleared" / "stock.png")
    index = folder / "works.index"
    for name, kind in (("works", Kind.WORK), ("cleared", Kind.CLEARED)):
        enroll(index, folder_sources(folder / name, kind=kind), workers=0, embeddings=())
    with IndexWriter(index, settings=None) as writer:
        for record in RECORDS:
            writer.put_record(record)
    calibrate(index, name_null())
    negative = "Negative prompt: text, watermark"
    named = "a knight in the style of Greg Rutkowski, Vexelmoor\n"
    for file, picture, text in (
        ("named.png", composed(5), INFOTEXT.replace("a lighthouse at night", named.strip())),
        ("left out.png", composed(5), INFOTEXT.replace(negative, f"Negative prompt: {named}"[:-1])),
        ("lora.png", composed(5), INFOTEXT.replace("stormy_sea", "greg_rutkowski_style")),
        ("silent.png", textured(3), None),
        ("both.png", textured(3), INFOTEXT.replace("a lighthouse at night", named.strip())),
        ("stock.png", composed(4), INFOTEXT.replace("a lighthouse at night", named.strip())),
    ):
        info = PngInfo()
        if text:
            info.add_text("parameters", text)
        picture.save(folder / "board" / file, pnginfo=info)
    return folder


@pytest.fixture(scope="module")
def screener(studio):
    with Screener.open(studio / "works.index") as opened:
        yield opened


def told(screening):
    """Return title and channels of each finding."""
    return {
        one.record.title: {evidence.channel for evidence in one.channels}
        for one in screening.findings
    }


@pytest.mark.parametrize("how", ["screen", "bytes", "scan", "worker"])
def test_the_prompt_of_a_picture_is_searched(studio, screener, how):
    """Of a path, of bytes and in a scan, here and in a worker; what it names is told."""
    path = studio / "board" / "named.png"
    if how == "screen":
        screening = screener.screen(path)
    elif how == "bytes":
        screening = screener.screen(path.read_bytes())
    else:
        [screening] = screener.scan(path, workers=int(how == "worker"))
    assert told(screening) == {"Greg Rutkowski": {"name"}, "Vexelmoor": {"name"}}
    assert screening.verdict is Verdict.NEEDS_APPROVAL
    assert screening.channels["name"].state is ChannelState.RAN
    assert all("C2" in one.clauses for one in screening.findings)


def test_what_was_to_be_left_out_names_nothing(studio, screener):
    """The negative prompt asks for the contrary."""
    screening = screener.screen(studio / "board" / "left out.png")
    assert "Vexelmoor" in "".join(screening.generation.negative)
    assert told(screening) == {}


def test_a_lora_of_a_picture_is_searched(studio, screener):
    """It is called after somebody: told as a model, with the clause on training."""
    [finding] = screener.screen(studio / "board" / "lora.png").findings
    assert finding.record.id == "rutkowski"
    assert MODEL_NAME_CHANNEL in {one.channel for one in finding.channels}
    assert "D2" in finding.clauses


def test_one_record_is_shown_and_asked_for(studio, screener):
    """One finding with the evidence of both, and the clauses of both."""
    shown = screener.screen(studio / "board" / "silent.png").findings[0]
    both = next(
        one for one in screener.screen(studio / "board" / "both.png").findings
        if one.record.title == "Vexelmoor"
    )  # fmt: skip
    assert {one.channel for one in both.channels} == {
        *(one.channel for one in shown.channels), "name"
    }  # fmt: skip
    assert {*shown.clauses, "C2"} <= {*both.clauses}


def test_a_text_is_one_search_more(studio, screener):
    """False alarms are multiplied by one more search where there is a prompt, else not."""
    silent, prompted = (
        next(one for one in screener.screen(studio / "board" / name).findings
             if one.record.title == "Vexelmoor")
        for name in ("silent.png", "both.png")
    )  # fmt: skip
    searches = [
        round(one.false_alarms / one.channels[0].false_alarms) for one in (silent, prompted)
    ]
    # The prompt of the picture names a LoRA and a model besides, which is a search of its own.
    assert searches[1] - searches[0] == 2


def test_a_cleared_picture_never_explains_a_name(studio, screener):
    """A picture that is owned does not say that the prompt may name somebody."""
    screening = screener.screen(studio / "board" / "stock.png")
    named = [one for one in screening.findings if one.channels[0].named]
    assert {one.record.title for one in named} == {"Greg Rutkowski", "Vexelmoor"}
    assert [one.cleared for one in named] == [None, None]
    assert screening.verdict is Verdict.NEEDS_APPROVAL


def test_only_so_much_of_texts_is_searched_and_that_is_told(one):
    """What lies beyond is not looked at; the channel says so, and is not silent about it."""
    filler = "a" * (MAX_LETTERS - len("Rashomon, "))
    within, beyond = said(f"{filler}, Rashomon"[-MAX_LETTERS:]), said(f"{filler}{filler}, Rashomon")
    how = {"note_at": 1e-9, "raw_scores": {"name": 0.0}, "candidates": 1}
    assert [hit.record.id for hit in one.hits(within, **how)[0]] == ["rashomon"]
    assert one.hits(beyond, **how)[0] == []
    assert one.report(within, note_at=1e-2, raw_scores=NONE).state is ChannelState.RAN
    told = one.report(beyond, note_at=1e-2, raw_scores=NONE)
    assert (told.state, told.reason) == (ChannelState.WEAK, TOO_MUCH)
