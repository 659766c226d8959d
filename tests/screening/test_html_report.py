import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from html_reports import EXPECTED, HOSTILE, NAMES, WORK, Page, draw, reported, scanned
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reference_index import Kind, Record
from screening import Screener
from screening.decision import Coverage, Role, Verdict
from screening.errors import ReferenceUnavailableError, UnreadError
from screening.matching import ChannelReport, ChannelState
from screening.matching.findings import WHOLE_PICTURE
from screening.report.html import HtmlReport, evidence
from screening.report.html.alignment import projection
from screening.report.html.commands import quoted
from screening.report.html.errors import PageToolsMissingError
from screening.report.html.evidence import seen_best
from screening.report.html.groups import Group, Unchecked, done, group_of
from screening.report.html.parts import improbable
from screening.report.html.report import THUMBNAIL
from screening.report.html.small import Originals, frames_of, small
from screening.report.words import printable
from screening.result import Screening

DATA = re.compile(r"data:image/webp;base64,([A-Za-z0-9+/=]+)")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Return a folder with an index and a board of hostile names; it is the current one."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        draw(folder)
        yield folder


@pytest.fixture(scope="module")
def scan(board):
    return scanned(board)


@pytest.fixture(scope="module")
def page(scan):
    return Page(scan.page)


def titled(scan, name: str) -> Screening:
    return next(one for one in scan.screenings if one.path.endswith(name))


def test_its_numbers_are_those_of_the_same_scan_as_json(scan, page):
    """Pictures by verdict and coverage, records found, and the first sentence."""
    *files, last = map(json.loads, scan.jsonl.splitlines())
    pictures = [file for file in files if file["coverage"]]
    shown = page.of("li", "picture")
    verdicts = Counter(file["verdict"] or "unread" for file in pictures)
    assert Counter(one["data-verdict"] for one in shown) == verdicts
    assert verdicts == Counter(EXPECTED)
    assert last["summary"]["verdicts"] | {"unread": 1} == EXPECTED
    for key in ("coverage", "role"):
        assert Counter(one[f"data-{key}"] for one in shown) == Counter(f[key] for f in pictures)
    found = [len(one["data-records"].split()) for one in shown]
    assert sum(found) == sum(len(file["findings"]) for file in files)
    (heading,) = [text for tag, text in page.texts if tag == "h1"]
    assert heading == (
        "13 pictures against 2 works: 8 nothing found, 1 reference only, 3 to look at, 1 not read "
        "(truncated JPEG)."
    )


def test_the_sentence_says_what_was_done():
    """Every picture is in exactly one of its numbers; reasons stand by what was not read."""
    groups = {Group.NOTHING: 171, Group.REFERENCE: 38, Group.LOOK: 4, Group.UNREAD: 1}
    compared = {Kind.WORK: 412, Kind.PERSON: 38}
    assert done(groups, compared, {"encrypted PDF": 1}) == (
        "214 pictures against 412 works and 38 people: 171 nothing found, 38 references only, "
        "4 to look at, 1 not read (encrypted PDF)."
    )
    assert done({Group.LOOK: 1}, {Kind.WORK: 1}, {}) == "1 picture against 1 work: 1 to look at."
    assert done({}, {}, {}) == "0 pictures."
    many = {f"reason {number}": 2 for number in range(5)}
    assert done({Group.UNREAD: 10}, {}, many) == (
        "10 pictures: 10 not read (reason 0 ×2; reason 1 ×2; reason 2 ×2; and 2 other reasons)."
    )


@pytest.mark.parametrize(
    ("verdict", "coverage", "role", "group"),
    [
        (Verdict.BLOCKED, Coverage.INSUFFICIENT, Role.UNKNOWN, Group.BLOCKED),
        (Verdict.NEEDS_APPROVAL, Coverage.INSUFFICIENT, Role.UNKNOWN, Group.LOOK),
        (None, Coverage.UNREAD, Role.UNKNOWN, Group.UNREAD),
        (Verdict.NOTHING_FOUND, Coverage.INSUFFICIENT, Role.UNKNOWN, Group.TOO_LITTLE),
        (Verdict.NOTE, Coverage.INSUFFICIENT, Role.REFERENCE, Group.TOO_LITTLE),
        (Verdict.NOTE, Coverage.PARTIAL, Role.FINAL, Group.NOTE),
        (Verdict.NOTE, Coverage.COMPLETE, Role.REFERENCE, Group.REFERENCE),
        (Verdict.NOTHING_FOUND, Coverage.PARTIAL, Role.REFERENCE, Group.NOTHING),
        (None, None, Role.UNKNOWN, None),
    ],
)
def test_pictures_are_grouped_by_what_is_to_be_done(verdict, coverage, role, group):
    """What could not be looked at enough is never among "nothing found"."""
    screening = Screening(
        path="a", sha256=None, role=role, verdict=verdict, coverage=coverage, reason=None,
        channels={},
    )  # fmt: skip
    assert group_of(screening) is group


def test_the_most_urgent_stand_first(scan, page):
    """Groups in the order of urgency, within them the most improbable first."""
    headings = [text for tag, text in page.texts if tag == "h2" and text[0].isupper()]
    assert headings[-4:] == ["To look at", "Not read", "References only", "Nothing found"]
    shown = [one["data-verdict"] for one in page.of("li", "picture")]
    assert shown == ["needs_approval"] * 3 + ["unread", "note"] + ["nothing_found"] * 8
    flagged = [one for one in scan.screenings if one.flagged]
    names = [text for tag, text in page.texts if tag == "span" and text.endswith((".png", ".jpg"))]
    ordered = sorted(flagged, key=lambda one: one.findings[0].false_alarms)
    assert names[:3] == [one.path.rpartition("/")[2] for one in ordered]


def test_nothing_is_loaded_from_elsewhere_and_nothing_else_runs(scan, page):
    """The policy names one style and one script by their hashes; all pictures are in the page."""
    (policy,) = [
        one["content"]
        for one in page.of("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]
    for tag in ("style", "script"):
        ((text),) = re.findall(f"<{tag}>(.*?)</{tag}>", scan.page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert page.of(tag) == [{}]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    for _, has in page.elements:
        assert not {"style", "srcset", "href", "action", "background", "data", "poster"} & {*has}
        assert not [name for name in has if name.startswith("on")]
        assert DATA.fullmatch(has.get("src") or "data:image/webp;base64,AA==")
    style = re.search("<style>(.*?)</style>", scan.page, re.DOTALL)[1]
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_names_and_titles_are_text(page):
    """They are shown whole, with what cannot be seen made visible, and never become elements."""
    for name in (*NAMES, f"{WORK}"):
        shown = printable(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        assert shown in page.text
    assert "\u202e" not in page.html
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "p", "b",
        "details", "summary", "div", "ul", "li", "form", "fieldset", "legend", "label", "input",
        "span", "select", "option", "output", "main", "section", "img", "figure", "figcaption",
        "svg", "rect", "polygon", "circle", "text", "table", "caption", "tr", "th", "td", "br",
        "dl", "dt", "dd", "code", "button", "wbr", "script",
    }  # fmt: skip
    assert len(page.of("script")) == 1


def test_thumbnails_are_small_and_made_anew_from_pixels(scan, board):
    """A wall picture has at most THUMBNAIL px a side, and nothing of the file but pixels."""
    exif = Image.Exif()
    exif[0x010E] = "SECRET-CAPTION"
    file = board / "captioned.jpg"
    Image.new("RGB", (1000, 500), (9, 99, 9)).save(file, exif=exif, comment=b"SECRET-COMMENT")
    with Screener.open(board / "works.index") as screener:
        page = reported([screener.screen(file)], screener).page
    file.unlink()
    (data,) = [base64.b64decode(one) for one in DATA.findall(page)]
    assert Image.open(io.BytesIO(data)).size == (THUMBNAIL, THUMBNAIL // 2)
    assert b"SECRET" not in data
    sizes = [Image.open(io.BytesIO(base64.b64decode(one))).size for one in DATA.findall(scan.page)]
    assert max(map(max, sizes)) <= 960
    assert len(sizes) == 12 + 2 * 4  # what could be read, and picture and reference of findings


def test_without_thumbnails_there_is_no_pixel_and_all_the_words(board, scan, page):
    """Regions are drawn on blank sheets instead, and what is said is the same."""
    bare = Page(scanned(board, thumbnails=False).page)
    assert "data:image" not in bare.html
    assert bare.of("img") == []
    assert len(bare.of("polygon")) == len(page.of("polygon"))
    for words in ("mirrored", "by coincidence", "screening submit", "P1", HOSTILE):
        assert bare.text.count(words) == page.text.count(words) > 0


def test_evidence_says_what_a_person_needs(scan, page):
    """Advice, channels in words, clauses with headings, and commands."""
    (finding,) = titled(scan, "mirrored.png").findings
    for words in (
        "The whole picture matches the work",
        "As a whole",
        "In parts",
        "features agree",
        "P1 No recreation of protected work",
        "G3 Written approval first",
        f"screening submit board/mirrored.png --record {finding.record.id}",
        f"screening dismiss board/mirrored.png --record {finding.record.id} --reason …",
        "rarer than once in",
        "the limit of what was measured",
    ):
        assert words in page.text


def test_regions_are_drawn_on_both(scan, page):
    """Corner by corner, in pixels of the picture that is shown."""
    (finding,) = titled(scan, "collage.jpg").findings
    seen = seen_best(finding)
    assert seen.located
    for quad, size in ((seen.region, (900, 600)), (seen.reference_region, (480, 640))):
        corners = [f"{round(x * size[0], 1)},{round(y * size[1], 1)}" for x, y in quad]
        drawn = [(one["points"] or "").split() for one in page.of("polygon", "line")]
        assert corners in drawn


def test_a_file_that_is_another_by_now_is_not_shown(board, scan):
    """A report never shows other pixels than those that were screened."""
    screening = replace(titled(scan, "plain.png"), sha256="0" * 64)
    with Screener.open(board / "works.index") as screener:
        page = reported([screening], screener).page
        gone = reported([replace(screening, path="board/gone.png")], screener).page
    assert "data:image" not in page
    assert "changed since it was screened" in page
    assert "data:image" not in gone
    assert "no such file" in gone


def test_pictures_get_smaller_and_are_left_out_where_there_are_many(board, scan, monkeypatch):
    """The wall keeps its pictures, the words stay, and what is left out is said."""
    monkeypatch.setattr(evidence, "_SIZES", ((1, 200), (2, 50)))
    one, other = titled(scan, "mirrored.png"), titled(scan, "collage.jpg")
    with Screener.open(board / "works.index") as screener:
        page = reported([one, other], screener).page
    sizes = [Image.open(io.BytesIO(base64.b64decode(data))).size for data in DATA.findall(page)]
    assert sorted(max(size) for size in sizes) == [200, 200, 320, 320]
    assert page.count("as many pictures are in this report already") == 1
    assert page.count("<polygon") == 8


@pytest.mark.parametrize(
    ("locator", "said"),
    [
        ("", "does not say where"),
        ("https://example.com/<a>", "to be looked at where it is"),
        ("gone.png", "no such file"),
        ("board/plain.png", "changed since"),
        ("board", "no file in it is the one enrolled"),
    ],
)
def test_a_reference_that_cannot_be_shown_says_why(board, scan, locator, said):
    """Where the record says nothing, elsewhere than on this machine, or where it is not."""
    (finding,) = titled(scan, "mirrored.png").findings
    record = Record(id="a", kind=Kind.WORK, title="a", locator=locator)
    with pytest.raises(ReferenceUnavailableError, match=re.escape(said)):
        Originals().find(record, seen_best(finding).reference_image)


def test_a_reference_is_found_in_the_folder_of_its_record(board, scan):
    """By its digest; one that matched by its words has no picture."""
    (finding,) = titled(scan, "mirrored.png").findings
    sha256 = seen_best(finding).reference_image
    record = Record(id="a", kind=Kind.WORK, title="a", locator="works")
    found = Originals().find(record, sha256)
    with Image.open(board / "works" / f"{WORK}.png") as expected:
        assert np.array_equal(found, np.asarray(expected.convert("RGB")))
    with pytest.raises(ReferenceUnavailableError, match="words of the record"):
        Originals().find(record, "")


def test_frames_are_those_of_the_findings(tmp_path):
    """By their place in the file; the first one stands for 0."""
    pages = [Image.new("RGB", (64, 48), (number * 80, 0, 0)) for number in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    digest = hashlib.sha256((tmp_path / "a.tif").read_bytes()).hexdigest()
    found = frames_of(str(tmp_path / "a.tif"), digest, {0, 2})
    assert {index: int(rgb[0, 0, 0]) for index, rgb in found.items()} == {0: 0, 2: 160}
    with pytest.raises(UnreadError):
        frames_of(str(tmp_path / "a.tif"), "other", {0})
    assert small(found[0], 1000).width == 64


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
@settings(max_examples=60)
def test_a_quoted_word_is_visible_and_gives_the_text_back(text):
    """Nothing in it but printable characters, and reading its escapes gives the text again."""
    word = quoted(text)
    assert word.isprintable()
    if word.startswith("$'"):
        plain = re.sub(
            rb"\\([0-7]{3}|.)",
            lambda m: bytes([int(m[1], 8)]) if len(m[1]) == 3 else m[1],
            word[2:-1].encode(),
        )
        assert plain.decode() == text


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_a_shell_reads_quoted_names_as_they_are():
    """One call of bash gives every hostile name back, byte for byte."""
    words = " ".join(map(quoted, NAMES))
    said = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {words}"], capture_output=True, check=True
    ).stdout
    assert said == b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name in NAMES)


def applied(matrix, point):
    u, v, w = np.array(matrix).reshape(3, 3) @ (*point, 1.0)
    return u / w, v / w


@given(st.lists(st.floats(-0.2, 0.2), min_size=16, max_size=16))
@settings(max_examples=50)
def test_the_projection_carries_corners_to_corners(moved):
    """From any nearly square region to any other, mirrored too."""
    shifts = np.array(moved).reshape(2, 4, 2)
    reference, picture = (np.array(WHOLE_PICTURE) + shift for shift in shifts)
    for target in (picture, picture[[1, 0, 3, 2]]):
        matrix = projection(tuple(map(tuple, reference)), tuple(map(tuple, target)))
        assert matrix is not None
        for corner, expected in zip(reference, target, strict=True):
            assert applied(matrix, corner) == pytest.approx(tuple(expected), abs=1e-3)


def test_no_projection_between_what_is_no_quadrilateral():
    """Corners in one line, or crossed over, lie nowhere on a picture."""
    line = ((0.0, 0.0), (0.3, 0.3), (0.6, 0.6), (1.0, 1.0))
    crossed = ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))
    assert projection(line, WHOLE_PICTURE) is None
    assert projection(crossed, WHOLE_PICTURE) is None


@pytest.mark.parametrize(
    ("false_alarms", "measured_to", "expected"),
    [
        (1e-9, 1e-4, "rarer than once in 10,000 pictures, the limit of what was measured"),
        (1e-4, 1e-4, "once in 10,000 pictures"),
        (2.0, 1e-4, "2 a picture"),
        (0.5, 2.0, "rarer than was measured"),
    ],
)
def test_how_improbable_it_is_in_words(scan, false_alarms, measured_to, expected):
    """Never more than was measured."""
    (finding,) = titled(scan, "mirrored.png").findings
    found = replace(finding, false_alarms=false_alarms, measured_to=measured_to)
    assert improbable(found) == expected


def test_what_was_not_looked_for_is_said(scan):
    """Channels that looked at no picture or only at some, and what no channel can find."""
    looked = ChannelReport(state=ChannelState.RAN)
    without = ChannelReport(state=ChannelState.UNAVAILABLE, reason="no weights")
    empty = ChannelReport(state=ChannelState.NO_REFERENCES)
    one = titled(scan, "plain.png")
    unchecked = Unchecked()
    for face in (looked, without):
        channels = {"hash": looked, "face": face, "concept:clip": empty}
        unchecked.add(replace(one, channels=channels))
    assert unchecked.words == (
        "Not checked: faces in 1 picture; what records describe in words; styles, ideas and all "
        "that is not enrolled."
    )
    assert unchecked.reasons == [
        ("faces in 1 picture", "no weights"),
        ("what records describe in words", "nothing enrolled"),
    ]


def test_candidates_are_listed_in_the_words_of_findings(board):
    """Where one is a finding, no number stands beyond what was measured."""
    with Screener.open(board / "works.index") as screener:
        screening = screener.screen("board/mirrored.png", candidates=2)
        page = Page(reported([screening], screener).page)
    assert [one.record.title for one in screening.candidates] == [WORK, "Portal"]
    table = page.text[page.text.index("The nearest records") :]
    assert table.index("rarer than once in") < table.index("false alarms per image")
    assert table.count("false alarms per image") == 1


def test_a_reference_without_locator_is_found_where_it_was_enrolled(board, scan):
    """As the index has it; of a record that no index has, nothing is known."""
    (finding,) = titled(scan, "mirrored.png").findings
    record, sha256 = finding.record, seen_best(finding).reference_image
    with Screener.open(board / "works.index") as screener:
        originals = Originals(screener.indexes)
        assert originals.find(replace(record, locator=""), sha256).shape == (640, 480, 3)
        with pytest.raises(ReferenceUnavailableError, match="does not say where"):
            originals.find(replace(record, id="other", locator=""), sha256)


def test_an_interrupted_scan_says_so_first(scan):
    """A report of a part never looks like one of the whole."""
    report = HtmlReport()
    page = Page(report.end(replace(scan.summary, interrupted=True)))
    title = "Screening, interrupted: 0 pictures"
    assert page.texts[0] == ("title", title)
    rest = page.text.removeprefix(title)
    assert rest.index("Interrupted") < rest.index("0 pictures")


def test_without_the_extra_the_error_names_it(monkeypatch):
    """Before anything is screened."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(PageToolsMissingError, match=r"pip install 'screening\[approvals\]'"):
        HtmlReport()
