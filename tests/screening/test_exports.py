"""Exports: every row names its entries, nothing in them is run, and the first page says it all."""

import csv
import hashlib
import html
import io
import json
import re
from datetime import date
from html.parser import HTMLParser

import pytest
from decisions import consent
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pictures import textured
from PIL import Image, ImageOps

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from screening.approvals import Checkpoint, EntryKind, Store
from screening.approvals.consents import file_consents, filed_consents, revoke
from screening.approvals.declarations import record_declaration
from screening.approvals.exports import (
    Sheet,
    binder,
    consent_page,
    consent_sheet,
    cue_sheet,
    read_report,
    register,
)
from screening.approvals.exports.page import page
from screening.approvals.exports.sheet import harmless
from screening.deliverables import remember
from screening.enrollment import enroll, folder_sources
from screening.errors import InputInvalidError
from screening.production import Answer, Declaration
from screening.production.declaration import Tool
from screening.report import JsonlReport, Summary
from screening.report.html.parts import clauses_of, content_policy, environment, packaged
from screening.screener import Screener
from screening.signals import SETTINGS

TODAY = date(2026, 5, 1)
HOSTILE = "<script>alert(1)</script>=cmd\u202e&amp;"
SHA = "ab" * 32


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """Return a folder with an index of two works, and the report of a board of four files."""
    folder = tmp_path_factory.mktemp("scanned")
    works, board = folder / "works", folder / "board"
    works.mkdir()
    board.mkdir()
    for number in range(2):
        textured(number).save(works / f"<i>Salt<_i> {number}.png")
    ImageOps.mirror(textured(1)).save(board / "a <script>.png")
    textured(100).save(board / "b.png")
    Image.new("RGB", (300, 200)).save(board / "c.png")
    (board / "d.png").write_bytes((board / "b.png").read_bytes()[:200])
    (board / "e.txt").write_text("ideas")
    enroll(folder / "works.index", folder_sources(works, kind=Kind.WORK), workers=0, embeddings=())
    report, summary = JsonlReport(), Summary(indexes=("works.index",))
    with Screener.open(folder / "works.index") as screener:
        lines = []
        for screening in screener.scan(board, workers=0):
            summary.add(screening)
            lines.append(report.line(screening))
    (folder / "report.jsonl").write_text("".join(lines) + report.end(summary))
    return folder


@pytest.fixture
def store(tmp_path):
    """Return a new store."""
    with Store.open(tmp_path / "s", create=True) as store:
        yield store


def decided(store, sha256=SHA, record_id="work-1"):
    """Put a request, a letter that grants it and its revocation on record; return their ids."""
    request = store.append(
        EntryKind.REQUEST,
        body={"stage": "ideation", "verdict": "needs_approval", "clauses": ["P1", "G3"]},
        particulars={"sha256": sha256, "record_id": record_id, "title": "Salt", "path": "a.png",
                     "production_name": "Halyard", "by": "Ana"},
        subjects=(sha256, record_id),
    )  # fmt: skip
    letter = store.append(
        EntryKind.LETTER,
        body={"requests": [request.id], "granted": True, "scope": "copies", "until": "2026-12-31"},
        particulars={"letter_sha256": "cd" * 32, "by": "E. Counsel", "conditions": "ideation only"},
    )
    revoked = store.append(
        EntryKind.LETTER_REVOKED, body={"letter": letter.id}, particulars={"reason": "withdrawn"}
    )
    return [request.id, letter.id, revoked.id]


def rows(sheet):
    """Return a sheet as mappings, through its CSV."""
    return list(csv.DictReader(io.StringIO(sheet.csv())))


class Page(HTMLParser):
    """What a page is made of: tags, texts, and whatever would fetch or run something."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.fetched = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.fetched += [
            value for name, value in attrs if name in {"src", "href"} or name.startswith("on")
        ]

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def checked(text):
    """Return a page that fetches nothing, runs nothing and styles itself."""
    read = Page(text)
    assert {"script", "img", "link", "iframe", "i"}.isdisjoint(read.tags)
    assert read.fetched == []
    assert "@import" not in text
    assert "url(" not in text
    return read


def test_every_tool_and_every_decision_is_a_row_of_its_entry(store):
    """What a letter answers and a revocation ends is told in their own rows."""
    tools = (Tool(name="Brush", version="2", stores_inputs=Answer.NO), Tool(name="=Pen"))
    declared = record_declaration(store, Declaration(production="Halyard", tools=tools))
    ids = decided(store)
    (filed,) = file_consents(store, [(consent(record_id="bea"), "Bea")])
    found = rows(register(store))
    assert [row["entry"] for row in found] == [declared.entry.id] * 2 + ids + [filed.id]
    assert [row["decision"] for row in found] == [
        "written approval first",
        "written approval first",
        "approval requested",
        "granted (copies) until 2026-12-31",
        "answer revoked",
        "consent to likeness until 2026-12-31",
    ]
    assert (found[0]["tool"], found[0]["stage"]) == ("Brush 2", "unsure")
    assert found[0]["terms"] == (
        "enterprise agreement: unsure; stores inputs: no; trains on inputs: unsure"
    )
    assert {(row["picture_sha256"], row["record"]) for row in found[2:5]} == {(SHA, "Salt")}
    assert (found[3]["letter_sha256"], found[3]["by"]) == ("cd" * 32, "E. Counsel")
    assert [row["words"] for row in found[2:5]] == ["", "ideation only", "withdrawn"]
    assert {row["clauses"] for row in found[2:5]} == {"P1, G3"}


def test_a_letter_that_answers_several_requests_has_a_row_for_each(store):
    """And so has its revocation."""
    one = decided(store)[0]
    two = decided(store, sha256="ef" * 32)[0]
    both = store.append(
        EntryKind.LETTER, body={"requests": [one, two], "granted": False, "scope": "record"}
    )
    end = store.append(EntryKind.LETTER_REVOKED, body={"of": both.id})
    found = [row for row in rows(register(store)) if row["entry"] in {both.id, end.id}]
    assert [row["picture_sha256"] for row in found] == [SHA, "ef" * 32] * 2
    assert [row["decision"] for row in found] == ["denied (record)"] * 2 + ["answer revoked"] * 2


def test_what_was_erased_keeps_its_row_and_says_so(store):
    """Its entry, date, kind and decision; the purge is a row too."""
    ids = decided(store)
    purge = store.erase(ids[:1], body={"reason": "person"})
    first, *_, last = rows(register(store))
    assert (first["entry"], first["record"], first["words"]) == (ids[0], "", "(erased)")
    assert (last["entry"], last["decision"]) == (purge.id, "1 entries erased: person")


def test_what_was_imported_is_told_as_it_was(store):
    """Its row is of the entry here, with the day and the kind of there."""
    entry = store.append(
        EntryKind.IMPORTED,
        body={"entry": "0" * 32, "kind": "dismissal", "at": "2026-02-03T00:00:00+00:00",
              "reason": "look-alike"},
        particulars={"record_id": "work-1", "title": "Salt"},
    )  # fmt: skip
    (row,) = rows(register(store))
    assert (row["entry"], row["date"], row["kind"]) == (entry.id, "2026-02-03", "dismissal")
    assert (row["decision"], row["words"]) == ("dismissed: look-alike", "imported")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "\r=1", "=cmd|' /C'!A0"])
def test_no_text_is_run_as_a_formula(text):
    """In both formats the cell is that text, quoted or made visible."""
    sheet = Sheet(title="x", columns=("a",), rows=((text,),))
    cell = load_workbook(io.BytesIO(sheet.xlsx())).active["A2"]
    assert cell.data_type == "s"
    assert not cell.value.lstrip().startswith(("=", "+", "-", "@"))
    assert rows(sheet) == [{"a": cell.value}]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_a_sheet_says_the_same_in_both_formats(cells):
    """Row by row, whatever the text, surrogates, null characters and all."""
    sheet = Sheet(title="x", columns=("a", "b"), rows=tuple(cells))
    page_ = load_workbook(io.BytesIO(sheet.xlsx())).active
    found = [tuple(value or "" for value in row) for row in page_.iter_rows(values_only=True)]
    assert found == [("a", "b"), *(tuple(map(harmless, row)) for row in cells)]
    assert found == [tuple(row) for row in csv.reader(io.StringIO(sheet.csv()))]


def test_a_row_of_another_width_is_refused():
    """It would shift all others."""
    with pytest.raises(InputInvalidError, match="has 1 cells, expected 2"):
        Sheet(title="x", columns=("a", "b"), rows=(("1",),))


@pytest.mark.smoke
def test_the_first_page_of_the_binder_says_it_all(scanned, store):
    """Open flags, what was checked and what was not, the declaration, the report, the ledger."""
    record_declaration(store, Declaration(production="Halyard", tools=(Tool(name="Brush"),)))
    report = read_report(scanned / "report.jsonl")
    text = binder(report, store, today=TODAY)
    first = checked(text[: text.index("</section>")]).text
    for said in (
        "Clearance binder: Halyard",
        "1 flag is open in 4 pictures. None was settled.",
        "a <script>.png needs approval: work “<i>Salt<_i> 1”",
        "1 index of references, by hash (2 pictures), local (2 pictures)",
        "d.png: unread, truncated PNG",
        "10 declared points",
        "written approval first; tools: Brush",
        hashlib.sha256((scanned / "report.jsonl").read_bytes()).hexdigest(),
        "“Using Generative AI in Content Production” (Netflix Partner Help Center, 2025-11-11)",
        store.checkpoint().head,
    ):
        assert said in first, said
    figures = re.findall(r"<b[^>]*>(\d+)</b>", text)
    assert figures == ["4", "0", "1", "0", "2", "1"]


def test_the_binder_looks_like_the_report(scanned, store):
    """Its parts are those of the report: style, marks of verdicts, clauses."""
    text = binder(read_report(scanned / "report.jsonl"), store, today=TODAY)
    style = text[text.index("<style>") + len("<style>") : text.index("</style>")]
    assert style.startswith(packaged("parts.css"))
    assert html.unescape(text).count(f'content="{content_policy(style=style)}"') == 1
    assert " style=" not in text
    mark = environment().get_template("parts.html").module.mark
    cards = text[text.index("<h2>Flags that are open") :]
    assert f"{mark('needs_approval')} <strong>needs approval</strong>" in cards
    shown = environment().get_template("parts.html").module.clauses(clauses_of(["G3", "P1"]))
    assert str(shown) in text[text.index("<h2>Clauses") :]


def test_the_binder_tells_of_each_flag_what_is_on_record(scanned, store):
    """The request for that picture and record, the letter and its end; of another picture none."""
    report = read_report(scanned / "report.jsonl")
    (flagged,) = (one for one in report.pictures if one["findings"])
    record = flagged["findings"][0]["record"]["id"]
    ids = decided(store, flagged["sha256"], record)
    others = decided(store, SHA, record)
    text = binder(report, store, today=TODAY)
    cards = text[text.index("Flags that are open") : text.index("Flags that were settled")]
    assert [id_ in cards for id_ in ids] == [True] * 3
    assert [id_ in cards for id_ in others] == [False] * 3
    assert "letter: granted" in cards
    letters = checked(text).text
    assert letters.count("cd" * 32) == 2
    assert "ideation only" in letters


def test_the_checkpoint_of_a_binder_verifies(scanned, store):
    """Its line is the checkpoint of the ledger as it stood."""
    decided(store)
    read = Page(binder(read_report(scanned / "report.jsonl"), store, today=TODAY))
    (line,) = (text for text in read.texts if text.startswith('{"at"'))
    assert Checkpoint.parse(line).seq == 3


def test_a_settled_flag_is_no_open_one(scanned, store, tmp_path):
    """What the scan found on record is told as what settled it."""
    lines = [json.loads(line) for line in (scanned / "report.jsonl").read_text().splitlines()]
    (finding,) = lines[0]["findings"]
    finding |= {"verdict": "note", "standing": {"state": "granted", "words": "approved by Ana"}}
    lines[0]["verdict"] = "note"
    text = binder(read_report(rewritten(tmp_path, lines)), store, today=TODAY)
    assert "No flag is open</strong> in 4 pictures, 1 was settled; <strong>but not all" in text
    assert "approved by Ana" in text[text.index("Flags that were settled") :]


@pytest.mark.parametrize("kept", [4, 5])
def test_a_scan_that_was_cut_short_is_said_first(scanned, store, tmp_path, kept):
    """Without its summary, or with one that says so, nothing passes for the whole."""
    lines = [json.loads(line) for line in (scanned / "report.jsonl").read_text().splitlines()]
    lines[-1]["summary"]["complete"] = False
    report = read_report(rewritten(tmp_path, [*lines[:kept], *lines[5:][: kept == 5 and 1]]))
    assert not report.complete
    assert "This scan was not finished" in binder(report, store, today=TODAY)


def rewritten(folder, lines):
    """Return a report with these lines."""
    file = folder / "changed.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:0], "holds nothing"),
        (lambda lines: [*lines, lines[0]], "line 7: stands after the summary"),
        (lambda lines: [{**lines[0], "schema": 2}], "line 1: is not of schema 1"),
        (lambda _: [[]], "line 1: is not of schema 1"),
        (lambda _: [{"schema": 1, "path": "a"}], "line 1: lacks one of path, sha256"),
    ],
)
def test_what_is_no_report_is_refused(scanned, tmp_path, change, message):
    """The line is named; another file, an older one, one that was edited."""
    lines = [json.loads(line) for line in (scanned / "report.jsonl").read_text().splitlines()]
    with pytest.raises(InputInvalidError, match=message):
        read_report(rewritten(tmp_path, change(lines)))


def test_a_report_that_lacks_what_a_finding_says_is_refused(scanned, store, tmp_path):
    """No binder is written of half a finding."""
    lines = [json.loads(line) for line in (scanned / "report.jsonl").read_text().splitlines()]
    del lines[0]["findings"][0]["advice"]
    with pytest.raises(InputInvalidError, match=r"lacks what a finding says \(KeyError"):
        binder(read_report(rewritten(tmp_path, lines)), store, today=TODAY)
    (tmp_path / "x").write_bytes(b"\xff\n")
    with pytest.raises(InputInvalidError, match="line 1: is no JSON"):
        read_report(tmp_path / "x")


def test_the_consent_package_tells_how_each_stands_today(store):
    """By person; what was revoked or has expired says so, what was erased is counted."""
    file_consents(
        store,
        [
            (consent(record_id="bea"), HOSTILE),
            (consent(record_id="bea", valid_until=date(2026, 4, 30)), ""),
            (consent(record_id="ann", territory=("France",)), "Ann"),
            (consent(record_id="gone"), "Gone"),
        ],
    )
    gone = filed_consents(store, "gone")[0]
    store.erase([gone.entry])
    last = filed_consents(store, "ann")[0]
    end = revoke(store, last, on=TODAY)
    found = rows(consent_sheet(store, today=TODAY))
    assert [(row["record_id"], row["today"]) for row in found] == [
        ("ann", "revoked on 2026-05-01"),
        ("bea", "in force"),
        ("bea", "expired on 2026-04-30"),
    ]
    assert (found[0]["entry"], found[0]["revocation_entry"]) == (last.entry, end.id)
    assert found[0]["territory"] == "France"
    read = checked(consent_page(store, today=TODAY))
    assert "2 people with consents on record" in read.text
    assert "1 further consent was erased." in read.text
    assert "<script>alert(1)</script>=cmd\\u202e&amp;" in read.text


def test_the_cue_sheet_says_what_is_not_known(scanned, tmp_path, store):
    """Remembered, screened and seen in a final are one row by the picture's digest."""
    remember(tmp_path / "temporary.index", scanned / "board" / "b.png", workers=0, embeddings=())
    digest = hashlib.sha256((scanned / "board" / "b.png").read_bytes()).hexdigest()
    lines = [json.loads(line) for line in (scanned / "report.jsonl").read_text().splitlines()]
    lines[0]["generation"] = {"tool": "Brush", "prompt_sha256": "12" * 32}
    final = lines[2] | {
        "role": "final",
        "path": "final.mov",
        "findings": [
            {"record": {"kind": "temporary", "title": "b"},
             "channels": [{"reference_image": digest}]},
        ],
    }  # fmt: skip
    report = read_report(rewritten(tmp_path, [*lines[:2], final, *lines[3:]]))
    entry = store.append(
        EntryKind.TEMPORARY_ENROLLED, body={}, particulars={"sha256s": [digest, "34" * 32]}
    )
    with ReferenceIndex.open(tmp_path / "temporary.index") as index:
        found = rows(cue_sheet(store, indexes=[index], reports=[report]))
    named = {row["sha256"]: row for row in found}
    assert len(found) == len(named) == 4
    assert named[digest]["status"] == "remembered as temporary; screened; seen in final final.mov"
    assert (named[digest]["tool"], named[digest]["entry"]) == ("unknown", entry.id)
    assert (found[2]["tool"], found[2]["prompt_sha256"]) == ("Brush", "12" * 32)
    assert named["34" * 32] == {
        "picture": "", "sha256": "34" * 32, "tool": "unknown", "prompt_sha256": "unknown",
        "source": "unknown", "status": "remembered as temporary", "verdict": "", "clauses": "",
        "entry": entry.id,
    }  # fmt: skip
    assert found[3]["status"] == "not screened"


def test_a_template_escapes_whatever_it_is_given(store):
    """Also a title; control characters are made visible."""
    text = page("consents.html", title=HOSTILE, people=[], today="", erased=0, guidance="",
                checkpoint=store.checkpoint())  # fmt: skip
    assert checked(text).text.count("<script>alert(1)</script>=cmd\\u202e&amp;") == 2


@pytest.mark.smoke
def test_the_commands_write_what_the_functions_return(scanned, store, tmp_path, run, monkeypatch):
    """The ending of the file says the format; without a file it goes to standard output."""
    monkeypatch.chdir(tmp_path)
    decided(store)
    given_ = ("--store", "s")
    assert run("export", "register", *given_)[1] == register(store).csv()
    for name in ("r.xlsx", "r.csv"):
        assert run("export", "register", *given_, "--output", name)[0] == 0
    assert (tmp_path / "r.csv").read_text() == register(store).csv()
    assert load_workbook("r.xlsx").active.max_row == 4
    report = scanned / "report.jsonl"
    assert run("export", "binder", *given_, "--scan", report, "--output", "b.html")[0] == 0
    assert "1 flag is open" in (tmp_path / "b.html").read_text()
    assert "<h1>Consent package" in run("export", "consents", *given_)[1]
    assert run("export", "consents", *given_, "--format", "csv")[1].startswith("record_id,name,")
    assert (
        run("export", "cues", "--scan", report)[1] == cue_sheet(reports=[read_report(report)]).csv()
    )
    assert run("export", "cues")[0] == 2
    assert run("export", "register", *given_, "--format", "xlsx")[0] == 2
    assert run("export", "register", *given_, "--force")[0] == 2


def test_nothing_is_written_over_without_force(store, tmp_path, run, monkeypatch):
    """A page and a spreadsheet with it; a picture, the store and an index never."""
    monkeypatch.chdir(tmp_path)
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        writer.put_record(Record(id="w", kind=Kind.WORK, title="W"))
    textured(1).save("p.html", format="PNG")
    for name in ("c.html", "c.xlsx"):
        command = ("export", "consents", "--store", "s", "--output", name)
        assert run(*command)[0] == 0
        (tmp_path / name).write_text("<!doctype html>old")
        code, _, err = run(*command)
        assert (code, "--force replaces it" in err) == (1, True)
        assert (tmp_path / name).read_text() == "<!doctype html>old"
        assert run(*command, "--force")[0] == 0
        assert b"old" not in (tmp_path / name).read_bytes()[:100]
    for name in ("p.html", "s", "s.key", "i/x.html", "none/x.html"):
        before = (tmp_path / name).read_bytes() if (tmp_path / name).exists() else None
        assert run("export", "consents", "--store", "s", "--output", name, "--force")[0] == 1
        after = (tmp_path / name).read_bytes() if (tmp_path / name).exists() else None
        assert after == before
