"""What reports say of names in prompts and of models: which words, where, and beside a picture."""

import csv
import io
import json
from pathlib import Path

import pytest
from html_reports import Page, reported
from named_records import calibrate, name_null
from pictures import textured
from PIL.PngImagePlugin import PngInfo

from reference_index import IndexWriter, Kind, Record
from screening import Screener, draw_finding
from screening.decision import advice
from screening.decision.advice import place_of
from screening.enrollment import enroll, folder_sources
from screening.errors import ReferenceUnavailableError
from screening.matching import RankedCandidate
from screening.report import CsvReport, JsonlReport, Summary, TableReport
from screening.report.words import false_alarms_in_words, thresholds_in_words
from screening.signals import SETTINGS

TITLE = "Vexlorian <&> Compass"
GREG = Record(id="greg", kind=Kind.PERSON, title="Greg Rutkowski", status="public-figure")
BOTH, WORDS, PICTURE = "both.png", "words.png", "picture.png"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory) -> Path:
    """Return the folder of an index of one work with a picture, and of one person without."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "works").mkdir()
    textured(1).save(folder / "works" / f"{TITLE}.png")
    index = folder / "works.index"
    sources = folder_sources(folder / "works", kind=Kind.WORK)
    enroll(index, sources, workers=0, embeddings=())
    with IndexWriter(index, settings=SETTINGS) as writer:
        writer.put_record(GREG)
    calibrate(index, name_null())
    return folder


def made(path: Path, picture: int, prompt: str) -> None:
    """Save a picture that says by which prompt it was made."""
    said = PngInfo()
    said.add_text("parameters", f"{prompt}\nSteps: 20, Sampler: Euler, Seed: 1, Model: base")
    textured(picture).save(path, pnginfo=said)


@pytest.fixture
def board(enrolled, tmp_path, monkeypatch):
    """Return the screenings of a board, by name: a copy asked for by name, a name alone, a copy."""
    monkeypatch.chdir(tmp_path)
    made(tmp_path / BOTH, 1, "fan art of the Vexlorian Compass, 8k")
    made(tmp_path / WORDS, 9, "a castle, art by greg rutkowski")
    textured(1).save(tmp_path / PICTURE)
    with Screener.open(enrolled / "works.index") as screener:
        yield {name: screener.screen(name) for name in (BOTH, WORDS, PICTURE)}


@pytest.fixture
def page(board, enrolled):
    with Screener.open(enrolled / "works.index") as screener:
        return Page(reported(board.values(), screener).page)


def test_the_place_of_words_is_no_place_in_the_picture(board):
    """A request tells the prompt; of what is also seen it tells where in the picture."""
    assert [place_of(one) for one in board[WORDS].findings] == ["the prompt"]
    assert [place_of(one) for one in board[BOTH].findings] == ["the whole picture"]


def test_json_has_the_words(board):
    """Beside every evidence that rests on them; the prompt itself is nowhere."""
    said = JsonlReport().line(board[WORDS])
    (finding,) = json.loads(said)["findings"]
    (evidence,) = finding["channels"]
    assert evidence["named"] == {
        "source": "prompt", "words": "greg rutkowski", "name": "Greg Rutkowski",
        "cue": evidence["named"]["cue"], "how": "",
    }  # fmt: skip
    assert evidence["named"]["cue"]
    assert "castle" not in said
    both = json.loads(JsonlReport().line(board[BOTH]))["findings"][0]["channels"]
    assert {one["channel"] for one in both if "named" in one} == {"name"}
    assert {one["channel"] for one in both if "named" not in one} == {"hash", "local"}


def test_csv_has_the_words_and_no_share_of_a_picture(board):
    """Where words alone speak there is no region."""
    rows = csv.DictReader(io.StringIO(CsvReport().start() + CsvReport().line(board[WORDS])))
    (row,) = rows
    assert row["transform"].startswith("“greg rutkowski” in the prompt")
    assert (row["channel"], row["share"], row["reference_share"]) == ("name", "", "")


def test_the_table_tells_words_beside_what_the_picture_shows(board):
    """Both where both speak."""
    both, words = TableReport().line(board[BOTH]), TableReport().line(board[WORDS])
    assert "“Vexlorian Compass” in the prompt" in both
    assert "as it is" in both
    assert "; its prompt names it too: " in both
    assert "└ person “Greg Rutkowski”: name, “greg rutkowski” in the prompt" in words
    assert "C2, G3: The prompt names Greg Rutkowski (public figure): " in words


def test_the_page_shows_the_words_and_draws_nothing_for_them(board, page):
    """Escaped, with the phrase beside them, once in so many prompts; a pair only where one is."""
    assert "castle" not in page.html
    for words in ("greg rutkowski", "in the prompt", "By name", "once in", "prompts"):
        assert words in page.text
    assert len(page.of("p", "named")) == 2
    assert len(page.of("div", "pair")) == 2  # of the two copies
    assert TITLE in page.text
    assert TITLE not in page.html


def test_the_finding_is_drawn_by_what_the_picture_shows(board, enrolled):
    """Words alone are not to be drawn, and the error says which they are."""
    works = enrolled / "works"
    (both,), (words,) = board[BOTH].findings, board[WORDS].findings
    assert draw_finding(BOTH, both, reference=works).size[0] > 200
    with pytest.raises(ReferenceUnavailableError, match=r"'greg': words alone name it .“greg rut"):
        draw_finding(WORDS, words, reference=works)


def test_prompts_are_counted_as_prompts(enrolled):
    """In the table, of candidates, in thresholds and in the summary."""
    table = TableReport(what="PROMPT")
    with Screener.open(enrolled / "works.index") as screener:
        screening = screener.screen_prompt("a castle")
    summary = Summary(policy=screener.policy, noun="prompt")
    summary.add(screening)
    assert table.start().split()[-1] == "PROMPT"
    assert "(input)" not in table.line(screening)
    for channel, unit in (("name", "prompt"), ("name:model", "prompt"), ("local", "image")):
        candidate = RankedCandidate(record=GREG, channel=channel, score=9.0, false_alarms=2.5)
        assert false_alarms_in_words(candidate) == f"2.5 false alarms per {unit}"
    assert "1 prompt screened" in summary.lines()
    assert thresholds_in_words(screener.policy, per="prompt") in summary.lines()
    assert "false alarms per prompt" in thresholds_in_words(screener.policy, per="prompt")


def test_what_only_was_named_is_not_said_to_be_seen(board, enrolled, tmp_path):
    """However many candidates are listed: a picture unlike the work speaks for nothing."""
    made(tmp_path / "unlike.png", 9, "fan art of the Vexlorian Compass, 8k")
    with Screener.open(enrolled / "works.index") as screener:
        (finding,) = screener.screen("unlike.png", candidates=5).findings
        (both,) = screener.screen(BOTH, candidates=5).findings
    assert [one.channel for one in finding.channels] == ["name"]
    assert advice(finding).startswith("The prompt names the work")
    assert {one.channel for one in both.channels} == {"name", "hash", "local"}
    assert both.clauses[0] == "P1"  # what the picture shows comes first
