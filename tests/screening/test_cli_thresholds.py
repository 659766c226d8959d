"""Thresholds on the command line and in ``screening.toml``."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from pictures import textured
from PIL import ImageOps

from reference_index import IndexWriter, ReferenceIndex
from reference_index.calibration import Calibration, ChannelCalibration
from screening import Screener, Verdict
from screening.decision import NETFLIX_GENAI, policy_named
from screening.matching import SETTINGS, default_null
from screening.signals import SETTINGS as SIGNALS


@pytest.fixture
def studio(tmp_path, run) -> Path:
    """Five enrolled works, a mirrored copy of one and an innocent picture."""
    for name in ("works", "board"):
        (tmp_path / name).mkdir()
    for number in range(5):
        textured(number).save(tmp_path / "works" / f"work {number}.png")
    ImageOps.mirror(textured(3)).rotate(2).save(tmp_path / "board" / "copy.png")
    textured(100).save(tmp_path / "board" / "innocent.png")
    assert (
        run(
            "enroll",
            tmp_path / "works.index",
            tmp_path / "works",
            "--workers",
            0,
            "--no-embeddings",
        )[0]
        == 0
    )
    (tmp_path / "screening.toml").write_text('indexes = ["works.index"]\n')
    return tmp_path


@pytest.fixture
def scan(studio, run):
    """Return a function that scans the board: exit code, JSON of its two files, the summary."""

    def call(*options: str | float) -> tuple[int, dict, dict, dict]:
        code, out, _ = run("scan", studio / "board", "--workers", 0, "--format", "jsonl", *options)
        copy, innocent, last = (json.loads(line) for line in out.splitlines())
        return code, copy, innocent, last["summary"]

    return call


def expert(studio: Path, text: str) -> None:
    (studio / "screening.toml").write_text(f'indexes = ["works.index"]\n{text}')


def test_thresholds_in_false_alarms_decide(scan):
    """A bound at the number of the finding flags it, one below makes a note, then nothing."""
    code, copy, _, summary = scan()
    (found,) = copy["findings"]
    at = found["false_alarms"]
    assert (code, copy["verdict"], found["basis"]) == (3, "needs_approval", "false_alarms")
    assert summary["thresholds"] == {"flag_at": 1e-3, "note_at": 1e-2, "raw_scores": {}}
    assert scan("--flag-at", at)[1]["verdict"] == "needs_approval"
    code, copy, _, summary = scan("--flag-at", at * 0.99)
    assert (code, copy["verdict"]) == (0, "note")
    assert summary["thresholds"]["flag_at"] == at * 0.99
    code, copy, _, _ = scan("--flag-at", at * 0.98, "--note-at", at * 0.99)
    assert (code, copy["verdict"], copy["findings"]) == (0, "nothing_found", [])


def test_a_raw_score_flags_whatever_the_false_alarms(scan):
    """Below what a note takes too: unrelated pictures are found, each labeled."""
    highest = scan("--candidates", 5)[2]["candidates"]
    hashes = sorted((one for one in highest if one["channel"] == "hash"), key=lambda c: c["score"])
    bound = hashes[-2]["score"]
    expected = {one["record_id"] for one in hashes if one["score"] >= bound}
    assert 0 < len(expected) < 5
    assert min(one["false_alarms"] for one in hashes) > NETFLIX_GENAI.note_at
    code, copy, innocent, summary = scan("--raw-score", f"hash={bound}")
    assert (code, innocent["verdict"]) == (3, "needs_approval")
    assert {one["record"]["id"] for one in innocent["findings"]} == expected
    for one in innocent["findings"]:
        assert one["basis"] == "raw_score"
        assert f"flagged by a raw score of {bound:g} (hash, bits of 256" in one["basis_in_words"]
        assert one["clauses"] == ["P1", "G3"]
    assert copy["findings"][0]["basis"] == "false_alarms"  # by the local channel
    assert summary["thresholds"]["raw_scores"] == {"hash": bound}
    assert scan("--raw-score", f"hash={hashes[-1]['score'] + 1}")[2]["findings"] == []


def test_raw_scores_out_of_reach_leave_a_note(scan):
    """With one for each channel false alarms flag nothing; the copy is told nevertheless."""
    code, copy, innocent, _ = scan("--raw-score", "hash=256", "--raw-score", "local=1e6")
    assert (code, copy["verdict"], innocent["verdict"]) == (0, "note", "nothing_found")


def test_the_file_sets_thresholds_and_options_win(studio, scan):
    """Each option wins over its own key alone."""
    expert(studio, "[thresholds]\nflag_at = 1e-5\n[thresholds.raw_scores]\nhash = 256\nlocal = 1e6")
    code, copy, _, summary = scan()
    assert (code, copy["verdict"]) == (0, "note")
    assert summary["thresholds"] == {
        "flag_at": 1e-5,
        "note_at": 1e-2,
        "raw_scores": {"hash": 256, "local": 1e6},
    }
    code, copy, _, summary = scan("--note-at", 0.5, "--raw-score", "hash=100")
    assert (code, copy["verdict"]) == (3, "needs_approval")
    assert summary["thresholds"] == {
        "flag_at": 1e-5,
        "note_at": 0.5,
        "raw_scores": {"hash": 100, "local": 1e6},
    }


def test_from_python_it_is_a_policy(studio):
    """The same thresholds, handed to a Screener, say the same."""
    policy = policy_named("netflix-genai")
    with Screener.open(studio / "works.index", policy=policy) as screener:
        result = screener.screen(studio / "board" / "copy.png")
    assert result.policy == policy
    assert result.verdict is Verdict.NEEDS_APPROVAL
    assert result.basis(result.findings[0]) == "false_alarms"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--raw-score", "clip=1"), "there is no channel 'clip', expected one of face, face-drawn"),
        (("--raw-score", "hash"), "--raw-score is 'hash', expected CHANNEL=SCORE, as in hash=200"),
        (("--raw-score", "hash=high"), "--raw-score is 'hash=high', expected CHANNEL=SCORE"),
        (("--raw-score", "hash=256.5"), "hash is 256.5, which no picture can reach, expected at"),
        (
            ("--raw-score", "face=2.1"),
            "face is 2.1, which no picture can reach, expected at most 2",
        ),
        (("--raw-score", "face-drawn=3"), "face-drawn is 3, which no picture can reach"),
        (
            ("--raw-score", "hash=200", "--raw-score", "local=9", "--raw-score", "hash=201"),
            "--raw-score is given twice for hash, expected one score for each channel",
        ),
        (("--raw-score", "hash=nan"), "raw_scores: hash is nan, expected a score"),
        (("--flag-at", "0.1"), "flag_at is 0.1, above note_at, 0.01: lower it, or raise note_at"),
        (("--note-at", "inf"), "note_at is inf, expected false alarms per image"),
        (("--flag-at", "rare"), "rare"),
        (("--no-notes", "--format", "csv"), "--no-notes is for the table: csv always has"),
    ],
)
def test_options_that_cannot_be_meant_are_a_usage_error(studio, run, options, message):
    """Exit code 2, and what was expected."""
    code, out, talk = run("scan", studio / "board", "--workers", 0, *options)
    assert (code, out) == (2, "")
    assert message in talk


def test_a_file_that_cannot_be_meant_is_an_error(studio, run):
    """Exit code 1, naming the file."""
    for line, why in (("clip = 1", "there is no channel"), ("hash = 400", "hash is 400, which no")):
        expert(studio, f"[thresholds.raw_scores]\n{line}\n")
        code, _, talk = run("scan", studio / "board", "--workers", 0)
        assert code == 1
        assert f"{studio / 'screening.toml'}: [thresholds] raw_scores: {why}" in talk


def test_people_are_told_the_thresholds_and_what_they_rest_on_once(studio, run):
    """Under the table, or beside a CSV: also where nothing was found."""
    default = (
        "Thresholds: default figures of the package; calibrate with your own background: "
        f"screening calibrate {studio / 'works.index'} --background FOLDER"
    )
    innocent = ("scan", studio / "board" / "innocent.png", "--workers", 0)
    for one in (innocent, ("scan", studio / "board", "--workers", 0)):
        _, table, _ = run(*one)
        assert table.count(default) == 1
        assert (
            table.count("approval at 0.001 false alarms per image or fewer, a note at 0.01.") == 1
        )
    _, out, talk = run(*innocent, "--format", "csv", "--raw-score", "hash=200")
    assert len(list(csv.DictReader(io.StringIO(out)))) == 1
    assert "Expert settings, which promise no false-alarm rate: raw scores hash 200." in talk
    assert talk.count(default) == 1


def calibrate(path: Path) -> None:
    """Give an index the figures that ship, as far as they were measured, as its own."""
    with ReferenceIndex.open(path) as index:
        nulls = {
            name: replace(
                default_null(name),
                settings=SETTINGS[name],
                references=index.references(name),
                tail_scale=None,
                tail_shape=None,
                floor=1e-6,
            )
            for name in SETTINGS
        }
        calibration = Calibration(
            index_uuid=index.uuid,
            next_id=index.next_id,
            created="2026-01-01T00:00:00+00:00",
            version="1",
            background="0" * 64,
            images=700,
            channels={
                name: ChannelCalibration(null=null, thresholds=(), goodness_of_fit=None)
                for name, null in nulls.items()
            },
        )
    with IndexWriter(path, settings=SIGNALS) as writer:
        writer.put_calibration(calibration, next_id=calibration.next_id)


def test_a_calibration_of_its_own_is_not_talked_of_until_it_is_stale(studio, run):
    """Then the table says since how many references, and what to do."""
    index = studio / "works.index"
    calibrate(index)
    scan = ("scan", studio / "board", "--workers", 0)
    assert run(*scan)[1].count("Thresholds: ") == 1
    for number in (7, 8):
        textured(number).save(studio / "works" / f"work {number}.png")
    assert run("enroll", index, studio / "works", "--workers", 0, "--no-embeddings")[0] == 0
    assert run(*scan)[1].endswith(
        "Thresholds: calibration is stale: 2 references were added since; calibrate again: "
        f"screening calibrate {index} --background FOLDER\n"
    )


def test_what_each_of_several_indexes_rests_on_is_told(studio, run):
    """Own, default and stale side by side, in the table, beside a CSV and in JSON."""
    default, own, stale = (studio / f"{name}.index" for name in ("works", "own", "stale"))
    for number, path in enumerate((own, stale)):
        folder = studio / path.stem
        folder.mkdir()
        textured(20 + number).save(folder / "work.png")
        assert run("enroll", path, folder, "--workers", 0, "--no-embeddings")[0] == 0
        calibrate(path)
    for seed in (30, 31):
        textured(seed).save(studio / "stale" / f"{seed}.png")
    assert run("enroll", stale, studio / "stale", "--workers", 0, "--no-embeddings")[0] == 0
    indexes = [part for path in (own, default, stale) for part in ("--index", path)]
    scan = ("scan", studio / "board", "--workers", 0, *indexes, "--format")
    mend = "screening calibrate {} --background FOLDER".format
    expected = [
        f"Thresholds: {own} has a calibration of its own.",
        (
            "Thresholds: default figures of the package; calibrate with your own background: "
            f"{mend(default)}"
        ),
        (
            "Thresholds: calibration is stale: 2 references were added since; calibrate again: "
            f"{mend(stale)}"
        ),
    ]
    for talk in (run(*scan, "table")[1], run(*scan, "csv")[2]):
        assert talk.splitlines()[-3:] == expected
    summary = json.loads(run(*scan, "jsonl")[1].splitlines()[-1])["summary"]
    assert summary["calibrations"] == [
        {
            "index": str(path),
            "state": state,
            "channels": {"hash": state, "local": state, "name": "default"},
            "prompts": 0,
        }
        for path, state in ((own, "own"), (default, "default"), (stale, "stale"))
    ]


def test_an_index_without_references_rests_on_nothing(studio, run):
    """It has a state of its own in JSON, and no line."""
    empty = studio / "empty.index"
    with IndexWriter(empty, settings=SIGNALS):
        pass
    _, out, _ = run("scan", studio / "board", "--workers", 0, "--index", empty)
    assert out.splitlines()[-1].startswith("Thresholds: netflix-genai, approval at")
    _, out, _ = run("scan", studio / "board", "--workers", 0, "--index", empty, "--format", "jsonl")
    assert json.loads(out.splitlines()[-1])["summary"]["calibrations"] == [
        {"index": str(empty), "state": None, "channels": {}, "prompts": 0}
    ]


def test_a_report_never_replaces_a_picture_or_goes_into_an_index(studio, run):
    """The picture of a board that was meant as an input stays; an older report does not."""
    scan = ("scan", studio / "board", "--workers", 0, "--format", "jsonl", "--output")
    picture, index = studio / "board" / "copy.png", studio / "works.index"
    document = studio / "deck.pdf"
    document.write_bytes(b"%PDF-1.7 a treatment")
    for place, why in (
        (picture, "is no earlier report that may be replaced, but of the kind PNG; name another"),
        (document, "is no earlier report that may be replaced, but of the kind PDF; name another"),
        (index / "report.jsonl", f"lies in the reference index {index}, into which nothing else"),
    ):
        before = place.read_bytes() if place.exists() else None
        code, out, talk = run(*scan, place)
        assert (code, out) == (1, "")
        assert f"{place}: {why}" in talk
        assert (place.read_bytes() if place.exists() else None) == before
    report = studio / "report.jsonl"
    for _ in range(2):
        assert run(*scan, report)[0] == 3
        assert json.loads(report.read_text().splitlines()[-1])["summary"]["files"] == 2


def test_a_record_that_changed_is_no_reference_that_was_added(studio, run):
    """What is said of a stale calibration is true of a new title too."""
    index = studio / "works.index"
    calibrate(index)
    with IndexWriter(index, settings=None, create=False) as writer:
        with ReferenceIndex.open(index) as opened:
            record = next(opened.records())
        writer.put_record(replace(record, title="another title"))
    assert (
        "is stale: records were added or changed since; "
        in run("scan", studio / "board", "--workers", 0)[1]
    )


def test_notes_are_optional_in_the_table(studio, run):
    """--no-notes leaves the picture's row and drops what the note is about."""
    scan = ("scan", studio / "board", "--workers", 0, "--flag-at", 1e-300)
    with_notes, without = run(*scan)[1], run(*scan, "--no-notes")[1]
    assert "└ work “work 3”" in with_notes
    assert run(*scan, "--notes")[1] == with_notes
    assert "└" not in without
    assert [line.split()[0] for line in without.splitlines()[1:3]] == ["note", "nothing"]
