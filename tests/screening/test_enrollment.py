import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pictures import clouds, textured
from PIL import Image

from reference_index import IndexWriter, Kind, ReferenceIndex, verify
from screening.enrollment import Enrolled, Outcome, enroll, folder_sources, records_sources
from screening.errors import RecordsFileError
from screening.screener import Screener
from screening.signals import SETTINGS


@pytest.fixture
def works(tmp_path: Path) -> Path:
    """Two loose images, a record of three poses in folders, and what is no image."""
    folder = tmp_path / "works"
    (folder / "Zuzu" / "poses").mkdir(parents=True)
    textured(1).save(folder / "Salt Road.png")
    textured(2).save(folder / "harbor.v2.png")
    for number in range(3):
        textured(10 + number).save(folder / "Zuzu" / "poses" / f"{number}.png")
    (folder / "Zuzu" / "notes.txt").write_text("three poses")
    (folder / "contract.txt").write_text("signed")
    return folder


def enrolled(index: Path, folder: Path, **options) -> list[Enrolled]:
    told: list[Enrolled] = []
    enroll(index, folder_sources(folder, kind=Kind.WORK), workers=0, report=told.append, **options)
    return told


def catalog(index: Path) -> dict[str, int]:
    with ReferenceIndex.open(index) as opened:
        return {record.title: len(opened.images(record.id)) for record in opened.records()}


def state(index: Path) -> dict[str, str]:
    return {
        str(f.relative_to(index)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in index.rglob("*")
        if f.is_file()
    }


@pytest.mark.smoke
def test_folders_become_records(tmp_path, works):
    """A sub-folder is one record with all below it, a loose image one of its own."""
    told = enrolled(tmp_path / "i.index", works)
    assert catalog(tmp_path / "i.index") == {"Salt Road": 1, "harbor.v2": 1, "Zuzu": 3}
    assert len(told) == 7
    assert sum(one.outcome is Outcome.PASSED_OVER for one in told) == 2
    with ReferenceIndex.open(tmp_path / "i.index") as opened:
        for record in opened.records():
            assert record.id.startswith("work-")
            assert Path(record.locator).exists()


def test_enrolling_again_changes_no_byte(tmp_path, works):
    """The same folder again is a no-op, and says so of every image."""
    index = tmp_path / "i.index"
    enrolled(index, works)
    before = state(index)
    told = enrolled(index, works)
    assert state(index) == before
    assert {one.outcome for one in told} == {Outcome.ALREADY, Outcome.PASSED_OVER}


def test_new_files_are_added_to_their_record(tmp_path, works):
    """A further pose joins the record that is there."""
    index = tmp_path / "i.index"
    enrolled(index, works)
    textured(50).save(works / "Zuzu" / "new.png")
    assert [one.outcome for one in enrolled(index, works)].count(Outcome.ENROLLED) == 1
    assert catalog(index)["Zuzu"] == 4


def test_every_image_that_cannot_be_used_is_told(tmp_path, works):
    """Truncated, flat and unopened files are named with the reason, and make no record."""
    (works / "cut.png").write_bytes((works / "Salt Road.png").read_bytes()[:500])
    Image.new("RGB", (100, 100)).save(works / "black.png")
    (works / "script.pdf").write_bytes(b"%PDF-1.7\n")
    problems = enroll(tmp_path / "i.index", folder_sources(works, kind=Kind.WORK), workers=0)
    told = {Path(one.path).name: (one.outcome, one.reason) for one in problems}
    assert told == {
        "black.png": (Outcome.TOO_PLAIN, None),
        "cut.png": (Outcome.UNREAD, "truncated PNG"),
        "script.pdf": (Outcome.UNREAD, "PDF: may hold pictures, not opened yet"),
    }
    assert set(catalog(tmp_path / "i.index")) == {"Salt Road", "harbor.v2", "Zuzu", "black"}


def test_a_channel_that_a_picture_is_too_plain_for_is_named(tmp_path):
    """What one channel can find is enrolled, with the name of the channel that cannot."""
    folder = tmp_path / "works"
    folder.mkdir()
    clouds(1).save(folder / "clouds.png")
    dot = np.pad(np.full((8, 8, 3), 255, np.uint8), ((8, 8), (8, 8), (0, 0)))
    Image.fromarray(np.tile(dot, (25, 25, 1))).save(folder / "dots.png")
    told = enrolled(tmp_path / "i.index", folder)
    assert {Path(one.path).stem: (one.outcome, one.reason) for one in told} == {
        "clouds": (Outcome.ENROLLED, "too plain for the local channel"),
        "dots": (Outcome.ENROLLED, "too plain for the hash channel"),
    }


def test_every_frame_of_a_reference_is_enrolled(tmp_path, works):
    """A copy of the second page of a reference is found."""
    pages = [textured(60), textured(61)]
    pages[0].save(works / "sheets.tif", save_all=True, append_images=pages[1:])
    enrolled(tmp_path / "i.index", works, embeddings=())
    with Screener.open(tmp_path / "i.index") as screener:
        for page in pages:
            (finding,) = screener.screen(page).findings
            assert finding.record.title == "sheets"
        assert screener.indexes[0].references("hash") == 7


RECORDS = """id,kind,title,aliases,rights_holder,status,images,review_by,locator,notes
salt,work,The Salt Road,Salzweg;La Route,Halyard Films,new,Salt Road.png,2027-01-31,v:1,"a, b"
,temporary,Ida Thimble,,,draft,Zuzu/**/*.png,,,
quill,key-element,The Quill,,,,,,,
"""


def test_a_records_file_says_what_the_records_are(tmp_path, works):
    """Rows become records with all their fields, globs included; a row needs no image."""
    (works / "records.csv").write_text(RECORDS)
    sources = records_sources(works / "records.csv", folder=works, kind=Kind.WORK)
    problems = enroll(tmp_path / "i.index", sources, workers=0)
    assert catalog(tmp_path / "i.index") == {"The Salt Road": 1, "Ida Thimble": 3, "The Quill": 0}
    with ReferenceIndex.open(tmp_path / "i.index") as opened:
        salt = opened.record("salt")
        assert salt.aliases == ("Salzweg", "La Route")
        assert (salt.rights_holder, salt.status, salt.notes) == (
            "Halyard Films",
            "new",
            "a, b",
        )
        assert str(salt.review_by) == "2027-01-31"
        assert opened.record("quill").kind is Kind.KEY_ELEMENT
        assert [r.id[:10] for r in opened.records() if r.kind is Kind.TEMPORARY] == ["temporary-"]
    assert [(Path(p.path).name, p.outcome) for p in problems] == [
        ("harbor.v2.png", Outcome.NO_RECORD)
    ]


PEOPLE = """id,kind,title,status,images,legal_basis,retain_until
a,person,One,public-figure,"harbor.v2.png# 0.1, .2,0.5,1;Salt Road.png",consent,2031-12-31
b,person,Other,,"x#0,0,1,1.png",,
"""


def test_a_records_file_says_how_people_are_held(works):
    """Status, basis and last day; an image may name a face by its box, if no file has that name."""
    (works / "records.csv").write_text(PEOPLE)
    textured(1).save(works / "x#0,0,1,1.png")
    first, second, _ = records_sources(works / "records.csv", folder=works, kind=Kind.WORK)
    assert (first.record.status, first.record.legal_basis) == ("public-figure", "consent")
    assert str(first.record.retain_until) == "2031-12-31"
    assert [Path(seen.path).name for seen in first.files] == ["harbor.v2.png", "Salt Road.png"]
    assert first.boxes == {str(works / "harbor.v2.png"): (0.1, 0.2, 0.5, 1.0)}
    assert (second.record.status, second.record.retain_until, second.boxes) == ("", None, {})
    assert [Path(seen.path).name for seen in second.files] == ["x#0,0,1,1.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,kind\nx,work\n", "columns are name, kind"),
        ("", "columns are none"),
        ("title,kind\nx,film\n", "line 2: 'film' is not a valid Kind"),
        ("title,review_by\nx,soon\n", "line 2: "),
        ('title\n""\n', "line 2: record"),
        ("title\nx,y\n", "line 2: more cells than columns"),
        ("title,images\nx,none/*.png\n", "line 2: no file matches 'none/"),
        ("title,images\nx,/*.png\n", "line 2: no file matches"),
        ("title,kind,status\nx,person,star\n", "line 2: the status of a person is 'star'"),
        ("title,retain_until\nx,2030-13-01\n", "line 2: "),
        ('title,images\nx,"harbor.v2.png#0,0,1,1"\n', "a person's face in fractions of width and"),
        ('title,kind,images\nx,person,"harbor.v2.png#.5,0,.2,1"\n', "png#.5,0,.2,1' ends in a box"),
        ('title,kind,images\nx,person,"harbor.v2.png#0,0,1,9"\n', "expected left, top, right and"),
        ('title\n"x\n', "cannot be read"),
    ],
)
def test_a_records_file_that_is_wrong_is_told_by_line(tmp_path, works, text, message):
    """The error names the file, the line, what was got and what is expected."""
    (works / "records.csv").write_text(text)
    with pytest.raises(RecordsFileError) as error:
        list(records_sources(works / "records.csv", folder=works, kind=Kind.WORK))
    assert message in str(error.value)
    assert "records.csv" in str(error.value)


def test_a_records_file_in_another_encoding_is_told(tmp_path, works):
    """Latin-1 from a spreadsheet is not guessed at."""
    (works / "records.csv").write_bytes("title\nCafé\n".encode("latin-1"))
    with pytest.raises(RecordsFileError, match="UTF-8"):
        list(records_sources(works / "records.csv", folder=works, kind=Kind.WORK))


def test_a_killed_enrollment_is_whole_and_goes_on(tmp_path, monkeypatch):
    """Killed at any moment after a commit, the index verifies; enrolling again completes it."""
    folder, index = tmp_path / "many", tmp_path / "i.index"
    folder.mkdir()
    for number in range(40):
        textured(number, 64, 48).save(folder / f"{number}.png")
    script = (
        "import sys; from pathlib import Path; from importlib import import_module;"
        "from screening.enrollment import folder_sources; from reference_index import Kind;"
        "e = import_module('screening.enrollment.enroll'); e.COMMIT_EVERY = 3;"
        "e.enroll(Path(sys.argv[1]), folder_sources(Path(sys.argv[2]), kind=Kind.WORK), workers=0)"
    )
    with IndexWriter(index, settings=SETTINGS):
        pass
    counts = [0]
    for wait in (0.0, 0.02, 0.04):
        before = (index / "manifest.json").read_bytes()
        process = subprocess.Popen([sys.executable, "-c", script, str(index), str(folder)])
        while process.poll() is None and (index / "manifest.json").read_bytes() == before:
            time.sleep(0.002)
        time.sleep(wait)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert [p for p in verify(index) if p.damage] == []
        counts.append(len(catalog(index)))
    assert counts == sorted(set(counts))
    assert counts[-1] < 40
    enrolled(index, folder)
    assert len(catalog(index)) == 40
    assert verify(index) == ()


def test_ctrl_c_keeps_what_was_done(tmp_path, works):
    """An interrupted enrollment commits what it had."""

    def interrupt(one: Enrolled) -> None:
        if one.outcome is Outcome.ENROLLED:
            raise KeyboardInterrupt

    sources = folder_sources(works, kind=Kind.WORK)
    with pytest.raises(KeyboardInterrupt):
        enroll(tmp_path / "i.index", sources, workers=0, report=interrupt)
    assert len(catalog(tmp_path / "i.index")) == 1


def test_an_index_of_other_settings_is_refused(tmp_path, works):
    """Fingerprints that cannot be compared are not mixed, neither enrolling nor screening."""
    with IndexWriter(tmp_path / "i.index", settings={"hash": "another hash"}):
        pass
    with pytest.raises(Exception, match="another hash") as error:
        enrolled(tmp_path / "i.index", works)
    assert SETTINGS["hash"] in str(error.value)
    with pytest.raises(Exception, match="another hash"):
        Screener.open(tmp_path / "i.index")


@pytest.mark.parametrize(
    "text",
    [
        "id,title,kind\nk,Harbor,work\nk,Another,cleared\n",
        "title,rights_holder\nDune,One\nDune,Other\n",
    ],
)
def test_two_rows_of_one_record_are_refused(works, text):
    """Neither row is guessed to be the one that holds."""
    (works / "records.csv").write_text(text)
    with pytest.raises(RecordsFileError, match=r"line 3: .* line 2"):
        list(records_sources(works / "records.csv", folder=works, kind=Kind.WORK))


def test_problems_are_told_again(tmp_path, works):
    """What is only partly in the index, or cannot be found by it, says so every time."""
    Image.new("RGB", (100, 100)).save(works / "black.png")
    for _ in range(2):
        problems = enroll(tmp_path / "i.index", folder_sources(works, kind=Kind.WORK), workers=0)
        assert [one.outcome for one in problems] == [Outcome.TOO_PLAIN]


def test_a_file_without_a_name_to_speak_of_is_enrolled(tmp_path, works):
    """A blank file name becomes a record all the same."""
    textured(70).save(works / " .png")
    enrolled(tmp_path / "i.index", works)
    assert "untitled" in catalog(tmp_path / "i.index")
