"""What reports and commands say of the pictures that went into a generated one."""

import csv
import io
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from html_reports import Page, reported
from pictures import composed, textured
from PIL import Image
from test_inputs import made, work

from reference_index import Kind
from screening import Coverage, Screener, Verdict
from screening.approvals import Store
from screening.approvals.exports.binder import binder
from screening.approvals.exports.cues import cue_sheet
from screening.approvals.exports.scan_report import read_report
from screening.decision import advice
from screening.enrollment import enroll, folder_sources
from screening.inputs import NOT_FOUND
from screening.report import CsvReport, Summary, TableReport
from screening.report.html.small import small

REF = "<b>ref.png"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory) -> Path:
    """Return the folder of an index of one work and one temporary picture."""
    folder = tmp_path_factory.mktemp("enrolled")
    for kind, number in ((Kind.WORK, 1), (Kind.TEMPORARY, 5)):
        place = folder / kind
        work(place / f"{kind} {number}.png", number)
        sources = folder_sources(place, kind=kind)
        enroll(folder / "works.index", sources, workers=0, embeddings=())
    return folder


@pytest.fixture
def board(enrolled, tmp_path, monkeypatch):
    """Return a board: one made from a work, one from something innocent, one from nothing known."""
    monkeypatch.chdir(tmp_path)
    board = tmp_path / "board"
    collage = Image.new("RGB", (800, 300), (226, 221, 210))
    collage.paste(textured(1), (20, 30))
    board.mkdir()
    collage.save(board / REF)
    composed(60).save(board / "innocent.png")
    made(board / "a.png", REF)
    made(board / "b.png", "innocent.png")
    made(board / "c.png", "gone.png")
    (tmp_path / "screening.toml").write_text(
        f'production = "Halyard"\nindexes = ["{enrolled / "works.index"}"]\n'
        'store = "approvals.db"\n[roles]\n"board/<b>ref.png" = "reference"\n'
        '"board/innocent.png" = "reference"\n'
    )
    return board


@pytest.fixture
def screened(board, enrolled):
    """Return the screening of what was made from a work."""
    with Screener.open(enrolled / "works.index") as screener:
        yield screener.screen("board/a.png")


def lines(out):
    """Return what is said of each file, by its name."""
    said = [json.loads(line) for line in out.splitlines()]
    return {Path(one["path"]).name: one for one in said if "path" in one}


def scan(run, *arguments):
    """Return exit code and output of a scan in this process."""
    return run("scan", *arguments, "--workers", 0)[:2]


def test_json_names_the_input(board, run):
    """In a finding, and as one of the inputs, each with how far it was looked at."""
    code, out = scan(run, "board", "--format", "jsonl")
    said = lines(out)
    (finding,), (fed,) = said["a.png"]["findings"], said["a.png"]["inputs"]
    assert (code, said["a.png"]["verdict"], finding["verdict"]) == (3, *["needs_approval"] * 2)
    assert (finding["input"], fed["path"], fed["name"]) == (f"board/{REF}", f"board/{REF}", REF)
    assert fed["sha256"] == said[REF]["sha256"]
    assert finding["clauses"] == ["C2", "G3"]
    assert finding["advice"].startswith(f"In the input “{REF}”, what is at the left resembles")
    assert said[REF]["findings"][0]["input"] is None
    assert [one["verdict"] for one in said["b.png"]["inputs"]] == ["nothing_found"]
    assert said["c.png"]["inputs"] == [
        {"name": "gone.png", "path": None, "sha256": None, "verdict": None, "coverage": None,
         "reason": NOT_FOUND}
    ]  # fmt: skip


def test_exit_codes(board, run, tmp_path):
    """Flagged inputs flag; what is not found or not read changes no exit code; no path is usage."""
    assert scan(run, "board/a.png")[0] == 3
    assert scan(run, "board/b.png")[0] == scan(run, "board/c.png")[0] == 0
    (tmp_path / "gone.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    code, out = scan(run, "board/c.png", "--inputs", "gone.png", "--format", "jsonl")
    assert (code, lines(out)["c.png"]["coverage"]) == (0, "partial")
    assert scan(run, "board/c.png", "--inputs", f"board/{REF}")[0] == 3  # on a line of its own
    code, _, talk = run("scan", "board/c.png", "--inputs", "nowhere")
    assert (code, "nowhere" in talk) == (2, True)


def test_the_table_says_it(board, run):
    """In which input, and which were not found, unless notes are left out; the summary counts."""
    _, out = scan(run, "board")
    assert f"└ work “work 1” in the input “{REF}”: local" in out
    assert f"C2, G3: In the input “{REF}”, what is at the left" in out
    assert f"└ input “gone.png”: {NOT_FOUND}" in out
    assert "1 made from inputs that were not found" in out
    assert NOT_FOUND not in scan(run, "board", "--no-notes")[1]


def test_csv_says_it(board, run):
    """The last cell names the input that the strongest finding is about."""
    _, out = scan(run, "board", "--format", "csv")
    rows = {Path(row["path"]).name: row for row in csv.DictReader(io.StringIO(out))}
    assert (rows["a.png"]["input"], rows["a.png"]["clauses"]) == (f"board/{REF}", "C2;G3")
    assert (rows["b.png"]["input"], rows[REF]["input"]) == ("", "")


def test_the_page_shows_the_input(screened, enrolled):
    """Where it draws evidence the pixels are those of the input, on the wall those of the picture.

    Its commands are about the input.
    """
    with Screener.open(enrolled / "works.index") as screener:
        page = Page(reported([screened], screener).page)
    pixels = {one["alt"]: one["src"] for one in page.of("img")}
    shown = small(np.asarray(Image.open(f"board/{REF}")), 960)
    assert pixels["Input"] == shown.uri
    assert pixels[""] == small(np.asarray(Image.open("board/a.png")), 320).uri
    assert f"work 1 in the input {REF}" in page.text
    assert f"Input {REF}" in page.text
    assert f"{REF}: needs approval" in page.text
    commands = [text for tag, text in page.texts if tag == "code"]
    record = screened.findings[0].record.id
    assert commands == [
        f"screening submit 'board/{REF}' --record {record} --role input",
        f"screening dismiss 'board/{REF}' --record {record} --role input --reason …",
    ]


def test_a_page_whose_input_changed_says_so(screened, enrolled):
    """Another file by now is not shown, nor the picture in its place."""
    composed(70).save(f"board/{REF}")
    with Screener.open(enrolled / "works.index") as screener:
        page = Page(reported([screened], screener).page)
    assert "Input" not in {one["alt"] for one in page.of("img")}
    assert f"Input {REF} , not shown: changed since it was screened" in page.text.replace(
        "png,", "png ,"
    )


def test_a_page_without_pixels_says_it(screened, enrolled):
    """Its sheets are of the input."""
    with Screener.open(enrolled / "works.index") as screener:
        page = Page(reported([screened], screener, thumbnails=False).page)
    assert f"Where in the input {REF}" in page.text
    assert page.of("img") == []


def test_advice_names_the_input(screened):
    """The sentence begins with where to look."""
    (finding,) = screened.findings
    assert advice(finding).startswith(f"In the input “{REF}”, what is at the left ")


def test_counts_hold_with_inputs(screened):
    """A picture is counted once, whatever went into it; its clauses are told."""
    summary = Summary()
    summary.add(screened)
    assert summary.verdicts == {Verdict.NEEDS_APPROVAL: 1}
    assert summary.coverage == {Coverage.COMPLETE: 1}
    assert summary.clauses == {"C2", "G3"}
    assert "C2" in CsvReport().line(screened)
    assert "C2" in TableReport().line(screened)


def test_what_only_an_input_shows_is_decided_on_that(board, run):
    """Submit and dismiss leave the output alone, and say what to give; then it is honored."""
    _, out = scan(run, "board/a.png", "--format", "jsonl")
    id_ = lines(out)["a.png"]["findings"][0]["record"]["id"]
    code, out, talk = run("submit", "board/a.png", "--workers", 0)
    assert (code, out) == (0, "0 requests opened, 0 open already\n")
    told = (
        f"board/a.png: only its input shows “work 1”: give board/{REF} instead, with --role input"
    )
    assert told in talk
    said = ("--record", id_, "--reason", "look-alike", "--workers", 0)
    code, out, talk = run("dismiss", "board/a.png", *said)
    assert (code, out) == (0, "0 findings: 0 dismissed as look-alike\n")
    assert told in talk
    code, out, _ = run("dismiss", f"board/{REF}", *said, "--role", "input")
    assert (code, out.splitlines()[-1]) == (0, "1 finding: 1 dismissed as look-alike")
    code, out = scan(run, "board/a.png", "--format", "jsonl")
    (finding,) = lines(out)["a.png"]["findings"]
    assert (code, finding["verdict"], finding["standing"]["state"]) == (0, "note", "dismissed")


def test_what_both_show_is_asked_for_on_the_picture(board, run):
    """Its own finding is submitted and that of its input left alone, without a word."""
    made(board / "a.png", REF, picture=textured(1))
    code, out, talk = run("submit", "board/a.png", "--workers", 0)
    assert (code, out.splitlines()[-1]) == (0, "1 request opened, 0 open already")
    assert "only its input" not in talk


def test_what_went_into_a_final_is_not_in_it(board, run, tmp_path, enrolled):
    """The cue sheet and the binder of a scan tell the input from the picture."""
    work(board / "placeholder.png", 5)
    made(board / "final.png", "placeholder.png")
    for name, role in (("final.png", "final"), ("placeholder.png", "final")):
        scan(run, f"board/{name}", "--role", role, "--format", "jsonl", "--output", f"{name}.jsonl")
    fed, itself = (read_report(Path(f"{n}.png.jsonl")) for n in ("final", "placeholder"))
    assert [row[5] for row in cue_sheet(reports=[itself]).rows] == [
        "seen in final board/placeholder.png"
    ]
    assert cue_sheet(reports=[fed]).rows == ()
    scan(run, "board/a.png", "--format", "jsonl", "--output", "a.jsonl")
    with Store.open("approvals.db", create=True) as store:
        page = Page(binder(read_report(Path("a.jsonl")), store, today=date(2026, 5, 1)))
    assert f"board/a.png, input board/{REF}" in page.text
