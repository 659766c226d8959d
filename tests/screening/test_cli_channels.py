"""The command line with two channels: what each finds alone, and indexes that have but one."""

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from pictures import clouds, textured
from PIL import Image, ImageOps

from reference_index import IndexWriter, Kind, Record
from screening.matching.name_channel import NOTHING_SAID
from screening.signals import SETTINGS, perceptual_hashes

WITHOUT = "index {} was built without the local channel"
MEND = "enroll its works again into a new index"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A mirrored copy of work 3, a part of it, and an innocent picture."""
    folder = tmp_path / "board"
    folder.mkdir()
    ImageOps.mirror(textured(3)).save(folder / "copy.png")
    textured(3).crop((40, 30, 190, 140)).save(folder / "part.png")
    textured(100).save(folder / "innocent.png")
    return folder


@pytest.fixture
def index(tmp_path: Path, run) -> Path:
    """Works 0 to 4, enrolled on both channels."""
    works = tmp_path / "works"
    works.mkdir()
    for number in range(5):
        textured(number).save(works / f"work {number}.png")
    run("enroll", tmp_path / "works.index", works, "--workers", 0, "--no-embeddings")
    return tmp_path / "works.index"


@pytest.fixture
def old_index(tmp_path: Path) -> Path:
    """Works 0 to 4 as the version before the local channel left them."""
    path = tmp_path / "old.index"
    with IndexWriter(path, settings={"hash": SETTINGS["hash"]}) as writer:
        for number in range(5):
            writer.put_record(Record(id=f"old-{number}", kind=Kind.WORK, title=f"work {number}"))
            gray = np.asarray(textured(number).convert("L"))
            writer.add_image(
                f"old-{number}",
                perceptual_hashes(gray).codes[0],
                sha256=hashlib.sha256(gray).hexdigest(),
                width=300,
                height=200,
                source=f"{number}.png",
            )
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.fixture
def scan(run):
    """Return a function that scans one picture: exit code, its JSON line, the talk."""

    def call(picture: Path, *indexes: Path) -> tuple[int, dict, str]:
        options = [option for index in indexes for option in ("--index", index)]
        code, out, talk = run("scan", picture, *options, "--format", "jsonl", "--workers", 0)
        return code, json.loads(out.splitlines()[0]), talk

    return call


def titles(line: dict) -> list[str]:
    return [finding["record"]["title"] for finding in line["findings"]]


def test_an_index_without_the_local_channel_is_read(board, old_index, scan):
    """Its hashes find what they found; that half was not looked at is told, with the mend."""
    code, copy, talk = scan(board / "copy.png", old_index)
    assert (code, copy["verdict"], titles(copy)) == (3, "needs_approval", ["work 3"])
    assert copy["coverage"] == "insufficient"
    assert copy["reason"] == f"local: {WITHOUT.format(old_index)}"
    models = [copy["channels"].pop(name)["state"] for name in ("embedding", "concept")]
    assert models == ["no_references"] * 2
    assert copy["channels"] == {
        "hash": {"state": "ran"},
        "local": {"state": "unavailable", "reason": WITHOUT.format(old_index), "mend": MEND},
        "face": {"state": "no_references"},
        "face-drawn": {"state": "no_references"},
        "name": {"state": "ran", "reason": NOTHING_SAID},
    }
    assert talk.splitlines()[0] == f"{old_index}: built without the local channel; {MEND}"
    code, part, _ = scan(board / "part.png", old_index)
    assert (code, part["verdict"], part["coverage"]) == (4, "nothing_found", "insufficient")


def test_an_old_index_beside_a_new_one_makes_it_partial(board, index, old_index, scan):
    """The local channel then looks at what it can, is weak, and says which index it missed."""
    code, part, _ = scan(board / "part.png", index, old_index)
    assert (code, titles(part), part["coverage"]) == (3, ["work 3"], "partial")
    assert part["channels"]["hash"] == {"state": "ran"}
    assert part["channels"]["local"] == {
        "state": "weak",
        "reason": WITHOUT.format(old_index),
        "mend": MEND,
    }
    code, innocent, _ = scan(board / "innocent.png", index, old_index)
    assert (code, innocent["findings"], innocent["coverage"]) == (0, [], "partial")


def test_false_alarms_count_every_search(board, index, old_index, scan):
    """A copy is as many times likelier by chance as channels looked into indexes."""
    for indexes, searches in (((index,), 2), ((old_index,), 1), ((index, old_index), 3)):
        for finding in scan(board / "copy.png", *indexes)[1]["findings"]:
            alone = finding["channels"][0]["false_alarms"]
            assert finding["false_alarms"] == pytest.approx(searches * alone)


def test_enrolling_into_an_old_index_is_refused_and_loses_nothing(
    tmp_path, board, old_index, run, scan
):
    """The error says which index and what to do; not a byte of it changes, and it still finds."""
    before = files_of(old_index)
    code, out, talk = run("enroll", old_index, board, "--workers", 0, "--no-embeddings")
    assert (code, out) == (1, "")
    assert talk.startswith(f"Error: index {old_index} was built with")
    assert "local" in talk
    assert "enroll again into a new index" in talk
    assert files_of(old_index) == before
    assert titles(scan(board / "copy.png", old_index)[1]) == ["work 3"]


def test_an_old_index_is_shown_and_records_are_removed_from_it(board, old_index, run, scan):
    """What needs no fingerprints goes on with an index of one channel."""
    facts = json.loads(run("index", "info", old_index, "--format", "jsonl")[1])
    assert facts["channels"] == {"hash": 5, "local": None}
    assert "hash: 5; local: built without\n" in run("index", "info", old_index)[1]
    assert run("index", "verify", old_index)[0] == 0
    assert run("index", "remove", old_index, "old-3")[0] == 0
    assert titles(scan(board / "copy.png", old_index)[1]) == []


def test_a_picture_with_too_few_features_is_partly_looked_at(tmp_path, index, run, scan):
    """The hash finds a copy of a soft picture; silence of the local channel is not trusted."""
    soft = tmp_path / "soft"
    soft.mkdir()
    clouds(1).save(soft / "haze.png")
    code, out, _ = run("enroll", index, soft, "--workers", 0, "--no-embeddings")
    assert (code, out.endswith("1 enrolled. 1 too plain for the local channel.\n")) == (0, True)
    code, found, _ = scan(soft / "haze.png", index)
    assert (code, titles(found), found["coverage"]) == (3, ["haze"], "partial")
    assert found["channels"]["hash"] == {"state": "ran"}
    assert found["channels"]["local"]["state"] == "weak"
    assert found["reason"].startswith("local: the picture has too few local features")
    clouds(2).save(soft / "other.png")
    code, found, _ = scan(soft / "other.png", index)
    assert (code, titles(found), found["coverage"]) == (0, [], "partial")


def test_a_part_is_found_once_its_work_is_enrolled_and_until_it_is_removed(
    tmp_path, index, run, scan
):
    """Works added to an index that is there are found by their parts, those removed no more."""
    works = tmp_path / "more"
    works.mkdir()
    part = tmp_path / "part.png"
    textured(50).crop((100, 60, 260, 180)).save(part)
    assert titles(scan(part, index)[1]) == []
    textured(50).save(works / "Salt Road.png")
    assert run("enroll", index, works, "--workers", 0, "--no-embeddings")[0] == 0
    code, found, _ = scan(part, index)
    (finding,) = found["findings"]
    (evidence,) = finding["channels"]
    assert (code, finding["record"]["title"], evidence["channel"]) == (3, "Salt Road", "local")
    assert evidence["share"] > 0.8
    assert 0.25 < evidence["reference_share"] < 0.5  # 0.32, and what descriptors reach
    assert finding["region"] == evidence["region"]
    assert run("index", "remove", index, finding["record"]["id"])[0] == 0
    code, found, _ = scan(part, index)
    assert (code, titles(found), found["coverage"]) == (0, [], "complete")
    assert json.loads(run("index", "info", index, "--format", "jsonl")[1])["channels"] == {
        "hash": 5,
        "local": 5,
    }


def test_the_table_names_the_channels_that_speak_and_what_was_done(board, index, run):
    """One row a finding: the channels, strongest first, and how the picture was changed."""
    _, table, _ = run("scan", board, "--index", index, "--workers", 0, "--candidates", 5)
    told = [line.strip() for line in table.splitlines() if "└" in line]
    assert told[0].startswith(
        ("└ work “work 3”: hash and local, mirrored", "└ work “work 3”: local and hash, mirrored")
    )
    assert told[1].startswith("└ work “work 3”: local, covers ")
    assert told[1].endswith(" % of the reference")
    assert len(told) == 2


def test_csv_says_how_much_of_both_shows(board, index, run):
    """The shares stand beside the channel that they come from, and are empty for no finding."""
    _, out, _ = run("scan", board, "--index", index, "--workers", 0, "--format", "csv")
    copy, innocent, part = csv.DictReader(io.StringIO(out))
    assert (copy["share"], copy["reference_share"]) == ("1", "1")
    assert (innocent["channel"], innocent["share"], innocent["reference_share"]) == ("", "", "")
    assert part["channel"] == "local"
    assert 0.2 < float(part["reference_share"]) < 0.5 < float(part["share"])


def test_a_flat_picture_is_weak_on_both_channels(tmp_path, index, scan):
    """Neither channel trusts what it does not find in a picture without content."""
    Image.new("RGB", (300, 200), (90, 90, 90)).save(tmp_path / "flat.png")
    code, found, _ = scan(tmp_path / "flat.png", index)
    assert (code, found["findings"], found["coverage"]) == (0, [], "partial")
    assert {found["channels"][name]["state"] for name in ("hash", "local")} == {"weak"}
