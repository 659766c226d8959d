import base64
import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from pictures import textured
from PIL import Image, ImageOps


@pytest.fixture
def studio(tmp_path, run):
    """Ten enrolled works and a board: a copy, innocents, and what is not a picture."""
    works, board = tmp_path / "works", tmp_path / "board"
    works.mkdir()
    (board / "sub").mkdir(parents=True)
    for number in range(10):
        textured(number).save(works / f"work {number}.png")
    ImageOps.mirror(textured(3)).save(board / "b.png")
    textured(100).save(board / "a.png")
    textured(101).save(board / "sub" / "c.jpg", quality=80)
    (board / "notes.txt").write_text("ideas")
    assert run("enroll", tmp_path / "works.index", works, "--workers", 0, "--no-embeddings")[0] == 0
    return tmp_path


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.smoke
def test_scan_finds_the_copy_and_accounts_for_every_file(studio, run):
    """One JSON line per file in path order, then a summary whose counts add up; exit code 3."""
    code, out, _ = run("scan", studio / "board", "--index", studio / "works.index",
                       "--format", "jsonl", "--workers", 1)  # fmt: skip
    *files, last = lines(out)
    assert code == 3
    assert [Path(f["path"]).name for f in files] == ["a.png", "b.png", "notes.txt", "c.jpg"]
    assert [f["verdict"] for f in files] == [
        "nothing_found",
        "needs_approval",
        None,
        "nothing_found",
    ]
    assert [f["coverage"] for f in files] == ["complete", "complete", None, "complete"]
    assert files[2]["reason"] == "not an image"
    (finding,) = files[1]["findings"]
    assert finding["record"]["title"] == "work 3"
    assert {one["channel"]: one["transform"] for one in finding["channels"]} == {
        "hash": "mirrored",
        "local": "mirrored, covers 100 % of the picture, shows 100 % of the reference",
    }
    assert {one["calibration"] for one in finding["channels"]} == {"default"}
    assert 0 < finding["false_alarms"] < 1e-6
    assert files[1]["clauses"] == ["G3", "P1"]
    assert {name: one["state"] for name, one in files[1]["channels"].items()} == {
        "hash": "ran",
        "local": "ran",
        "face": "no_references",
        "face-drawn": "no_references",
        "embedding": "no_references",
        "concept": "no_references",
        "name": "ran",
    }
    assert last["summary"] == {
        "files": 4,
        "verdicts": {"nothing_found": 2, "note": 0, "needs_approval": 1, "blocked": 0},
        "coverage": {"complete": 3, "partial": 0, "insufficient": 0, "unread": 0},
        "not_images": 1,
        "complete": True,
        "policy": "netflix-genai",
        "guidance": {
            "title": "Using Generative AI in Content Production",
            "publisher": "Netflix Partner Help Center",
            "date": "2025-11-11",
        },
        "clauses": {"G3": "Written approval first", "P1": "No recreation of protected work"},
        "thresholds": {"flag_at": 1e-3, "note_at": 1e-2, "raw_scores": {}},
        "declaration": {
            "line": "No declaration (usage.toml): run 'screening init', for every use is to be "
            "told to the contact (G1).",
            "outcome": None,
            "declared_not_screened": [],
        },
        "indexes": [str(studio / "works.index")],
        "calibrations": [
            {
                "index": str(studio / "works.index"),
                "state": "default",
                "channels": {"hash": "default", "local": "default", "name": "default"},
                "prompts": 0,
            }
        ],
    }


def test_a_scan_writes_nothing(studio, run):
    """No file appears or changes anywhere near the board or the index."""

    def state() -> dict[Path, bytes]:
        return {f: f.read_bytes() for f in studio.rglob("*") if f.is_file()}

    before = state()
    run("scan", studio / "board", "--index", studio / "works.index", "--workers", 1)
    assert state() == before


def test_exit_codes(studio, run):
    """0 nothing, 4 something not looked at, 3 outranks 4, 2 usage, 1 error."""
    index = ("--index", studio / "works.index", "--workers", 0)
    assert run("scan", studio / "board" / "a.png", *index)[0] == 0
    (studio / "board" / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert run("scan", studio / "board" / "cut.jpg", *index)[0] == 4
    code, out, _ = run("scan", studio / "board", *index)
    assert code == 3
    assert "1 unread" in out
    assert "1 needs approval" in out
    assert run("scan", "--no-such-option")[0] == 2
    assert run("scan", studio / "board")[0] == 2
    assert run("scan", studio / "nowhere", *index)[0] == 2
    assert run("scan", "", *index)[0] == 2
    assert run("scan", studio / "board", "--index", studio / "nowhere")[0] == 1
    code, _, talk = run("scan", studio / "board", *index, "--policy", "mine")
    assert code == 1
    assert "no policy named 'mine'" in talk


def test_an_empty_index_ends_nothing(studio, run):
    """Compared with nothing, nothing was found out: insufficient, exit code 4."""
    (studio / "none").mkdir()
    assert run("enroll", studio / "empty.index", studio / "none", "--no-embeddings")[0] == 0
    code, out, _ = run("scan", studio / "board" / "a.png", "--index", studio / "empty.index",
                       "--format", "jsonl", "--workers", 0)  # fmt: skip
    (found, _) = lines(out)
    assert code == 4
    assert found["coverage"] == "insufficient"
    names = ("hash", "local", "face", "face-drawn", "name")
    assert {name: found["channels"].pop(name) for name in names} == {
        name: {"state": "no_references"} for name in names
    }
    for name in ("embedding", "concept"):
        assert found["channels"][name]["state"] == "no_references"
        assert "built without" in found["channels"][name]["reason"]
        assert found["channels"][name]["mend"].startswith("screening models pull recommended")


def test_a_plain_picture_is_weak_evidence_not_a_match(studio, run):
    """A flat picture matches no other flat picture and is not said to be looked at completely."""
    flat = studio / "flat"
    flat.mkdir()
    Image.new("RGB", (200, 200), (90, 90, 90)).save(flat / "gray.png")
    code, out, talk = run("enroll", studio / "works.index", flat, "--workers", 0, "--no-embeddings")
    assert code == 4
    assert "too plain" in talk
    Image.new("RGB", (300, 200), (90, 90, 90)).save(flat / "gray.png")
    code, out, _ = run("scan", flat, "--index", studio / "works.index", "--format", "jsonl",
                       "--candidates", 3, "--workers", 0)  # fmt: skip
    found = lines(out)[0]
    assert found["findings"] == []
    assert found["candidates"] == []
    assert (found["verdict"], found["coverage"]) == ("nothing_found", "partial")
    assert found["channels"]["hash"]["state"] == "weak"
    assert "too little structure" in found["reason"]


def test_candidates_list_the_best_records_whatever_their_score(studio, run):
    """K records, best first, none of them a finding."""
    code, out, _ = run("scan", studio / "board" / "a.png", "--index", studio / "works.index",
                       "--candidates", 4, "--format", "jsonl", "--workers", 0)  # fmt: skip
    found = lines(out)[0]
    assert code == 0
    assert found["findings"] == []
    assert len({c["record_id"] for c in found["candidates"]}) == 4
    scores = [c["score"] for c in found["candidates"]]
    assert scores == sorted(scores, reverse=True)


def test_several_indexes_are_further_searches(studio, run):
    """The same works in two indexes: as many findings, each twice as likely by chance."""
    run("enroll", studio / "other.index", studio / "works", "--workers", 0, "--no-embeddings")
    one = ("scan", studio / "board" / "b.png", "--format", "jsonl", "--workers", 0,
           "--index", studio / "works.index")  # fmt: skip
    single = lines(run(*one)[1])[0]["findings"]
    double = lines(run(*one, "--index", studio / "other.index")[1])[0]["findings"]
    assert len(single) == len(double) == 1
    assert double[0]["false_alarms"] == pytest.approx(2 * single[0]["false_alarms"])


def test_every_frame_is_screened_and_named(studio, run):
    """A copy in the second frame is found there; its false alarms count both frames."""
    film = studio / "film"
    film.mkdir()
    frames = [textured(200).convert("RGB"), textured(3)]
    frames[0].save(film / "two.gif", save_all=True, append_images=frames[1:])
    frames[1].save(film / "one.gif")
    index = ("--index", studio / "works.index", "--format", "jsonl", "--workers", 0)
    two = lines(run("scan", film / "two.gif", *index)[1])[0]["findings"][0]
    one = lines(run("scan", film / "one.gif", *index)[1])[0]["findings"][0]
    assert two["frame"] == 1
    assert two["channels"][0]["score"] == one["channels"][0]["score"]
    assert two["false_alarms"] == pytest.approx(2 * one["false_alarms"])


def test_the_configuration_is_found_upward(studio, run):
    """With a screening.toml above the board, `screening scan board` is enough."""
    (studio / "screening.toml").write_text('production = "Halyard"\nindexes = ["works.index"]\n')
    assert run("scan", studio / "board" / "sub", "--workers", 0)[0] == 0
    assert run("scan", studio / "board", "--workers", 0)[0] == 3
    limited = 'indexes = ["works.index"]\n[limits]\nmax_pixels = 100\n'
    (studio / "screening.toml").write_text(limited)
    code, out, _ = run("scan", studio / "board", "--workers", 0)
    assert code == 4
    assert "limit 100" in out
    (studio / "screening.toml").write_text('indexs = ["works.index"]\n')
    code, _, talk = run("scan", studio / "board", "--workers", 0)
    assert code == 1
    assert "unknown key 'indexs'" in talk
    (studio / "screening.toml").write_text("indexes = [")
    assert run("scan", studio / "board", "--workers", 0)[0] == 1


def test_csv_has_a_row_per_file_and_runs_no_formula(studio, run):
    """Cells that a spreadsheet would run are quoted; the finding stands beside the path."""
    textured(3).save(studio / "board" / "=cmd.png")
    here = os.getcwd()
    os.chdir(studio / "board")
    try:
        _, out, talk = run("scan", "=cmd.png", "b.png", "--index", studio / "works.index",
                           "--format", "csv", "--workers", 0)  # fmt: skip
    finally:
        os.chdir(here)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["path"] for row in rows] == ["'=cmd.png", "b.png"]
    assert {row["title"] for row in rows} == {"work 3"}
    assert "2 pictures screened" in talk


def test_hostile_names_reach_no_terminal(studio, run):
    """Control characters are escaped in the table, and bytes that are not UTF-8 survive in JSON."""
    raw = os.fsencode(studio / "board") + b"/\x1b[2Jbad\xff.png"
    textured(300).save(studio / "plain.png")
    os.rename(studio / "plain.png", raw)
    index = ("--index", studio / "works.index", "--workers", 1)
    _, table, _ = run("scan", studio / "board", *index)
    assert "\x1b" not in table
    assert "\\x1b[2Jbad" in table
    found = lines(run("scan", studio / "board", *index, "--format", "jsonl")[1])[0]
    assert base64.b64decode(found["path_b64"]) == raw
    assert found["verdict"] == "nothing_found"


def test_an_output_file_is_whole_or_not_there(studio, run):
    """A report replaces an older one only when it is written; failing is an error that says so."""
    report = studio / "report.jsonl"
    report.write_text("older")
    scan = ("scan", studio / "board", "--index", studio / "works.index", "--format", "jsonl",
            "--workers", 0, "--output")  # fmt: skip
    code, out, talk = run(*scan, report)
    assert (code, out) == (3, "")
    assert "3 pictures screened" in talk
    assert len(lines(report.read_text())) == 5
    code, _, talk = run(*scan, studio / "no such folder" / "report.jsonl")
    assert code == 1
    assert "cannot be written" in talk


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_standard_output_that_is_full_is_an_error(studio):
    """A report that cannot be printed does not end in success."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "screening", "scan", studio / "board",
             "--index", studio / "works.index"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "space" in done.stderr


def test_ctrl_c_ends_cleanly_and_says_so(studio):
    """What was done so far is there, marked as not complete; exit code 130."""
    many = studio / "many"
    many.mkdir()
    for number in range(3000):
        os.link(studio / "board" / "a.png", many / f"{number:04d}.png")
    scan = subprocess.Popen(
        [sys.executable, "-m", "screening", "scan", many, "--index", studio / "works.index",
         "--format", "jsonl"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
    )  # fmt: skip
    first = scan.stdout.read(1)  # unbuffered: the rest is there for communicate
    scan.send_signal(signal.SIGINT)
    rest, talk = (stream.decode() for stream in scan.communicate(timeout=60))
    *files, last = lines(first.decode() + rest)
    assert scan.returncode == 130
    assert 0 < len(files) < 3000
    assert last["summary"]["complete"] is False
    assert last["summary"]["files"] == len(files)
    assert "Traceback" not in talk


def test_a_reader_that_leaves_is_no_error_message(studio):
    """Piped into something that stops reading, the scan ends without a traceback."""
    scan = subprocess.Popen(
        [sys.executable, "-m", "screening", "scan", studio / "board",
         "--index", studio / "works.index"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    scan.stdout.close()
    talk = scan.stderr.read()
    scan.stderr.close()
    assert scan.wait(timeout=60) != 0
    assert [line.partition(" was ")[0] for line in talk.splitlines()] == [
        str(studio / "works.index")
    ]


def test_index_commands(studio, run):
    """Info counts, list names, remove takes out, verify names what is damaged."""
    index = studio / "works.index"
    facts = json.loads(run("index", "info", index, "--format", "jsonl")[1])
    assert (facts["records"], facts["reference_images"], facts["channels"]) == (
        10,
        10,
        {"hash": 10, "local": 10},
    )
    assert "hash: 10; local: 10" in run("index", "info", index)[1]
    records = lines(run("index", "list", index, "--format", "jsonl")[1])
    assert {record["title"] for record in records} == {f"work {n}" for n in range(10)}
    assert {record["images"] for record in records} == {1}
    assert "work 3" in run("index", "list", index)[1]
    gone = next(record["id"] for record in records if record["title"] == "work 3")
    assert run("index", "remove", index, gone)[0] == 0
    assert run("scan", studio / "board", "--index", index, "--workers", 0)[0] == 0
    code, _, talk = run("index", "remove", index, gone)
    assert code == 1
    assert gone in talk
    assert run("index", "verify", index)[0] == 0
    manifest = index / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"a", b"b", 1))
    code, out, _ = run("index", "verify", index)
    assert code == 1
    assert "manifest.json" in out
    assert run("scan", studio / "board", "--index", index, "--workers", 0)[0] == 1


def test_progress_is_for_terminals(studio):
    """On a terminal a bar with rate and time left is drawn on standard error alone."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    scan = subprocess.Popen(
        [sys.executable, "-m", "screening", "scan", studio / "board",
         "--index", studio / "works.index"],
        stdout=subprocess.PIPE, stderr=theirs, text=True,
    )  # fmt: skip
    out, _ = scan.communicate(timeout=60)
    os.close(theirs)
    time.sleep(0.1)
    bar = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "files/s" in bar
    assert "files/s" not in out
    assert "VERDICT" in out


def test_output_goes_into_pipes_and_through_links(studio, run):
    """What is no regular file is written to, not replaced; a link's target is replaced."""
    scan = ("scan", studio / "board", "--index", studio / "works.index", "--format", "jsonl",
            "--workers", 0, "--output")  # fmt: skip
    target, link, pipe = studio / "target.jsonl", studio / "link.jsonl", studio / "pipe"
    target.write_text("older")
    link.symlink_to(target)
    run(*scan, link)
    assert link.is_symlink()
    assert len(lines(target.read_text())) == 5
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    run(*scan, pipe)
    assert len(lines(reader.communicate(timeout=30)[0])) == 5
    assert pipe.is_fifo()
    code, _, talk = run(*scan, studio)
    assert (code, "cannot be written" in talk) == (1, True)


def test_a_report_inside_the_board_does_not_list_itself(studio, run):
    """The unfinished report is no file of the board."""
    report = studio / "board" / "report.jsonl"
    scan = ("scan", studio / "board", "--index", studio / "works.index", "--format", "jsonl",
            "--workers", 0, "--output", report)  # fmt: skip
    run(*scan)
    assert lines(report.read_text())[-1]["summary"]["files"] == 4


def test_paths_that_overlap_are_seen_once(studio, run):
    """A file named twice, or within a folder named too, is one line, in path order."""
    board = studio / "board"
    paths = (board / "sub", board / "b.png", board, board / "sub" / "c.jpg")
    index = ("--index", studio / "works.index")
    _, out, _ = run("scan", *paths, *index, "--format", "jsonl", "--workers", 0)
    assert [Path(f["path"]).name for f in lines(out)[:-1]] == [
        "a.png",
        "b.png",
        "notes.txt",
        "c.jpg",
    ]


def test_cleared_records_count_nowhere(studio, run):
    """They are no findings, no candidates and no references; alone they are nothing to compare.

    What they explain is a note that says so.
    """
    scan = ("scan", studio / "board" / "b.png", "--format", "jsonl", "--candidates", 20,
            "--workers", 0, "--index")  # fmt: skip
    before = lines(run(*scan, studio / "works.index")[1])[0]
    cleared = studio / "stock"
    cleared.mkdir()
    for number in (3, 60, 61):
        textured(number).save(cleared / f"stock {number}.png")
    run(
        "enroll",
        studio / "works.index",
        cleared,
        "--kind",
        "cleared",
        "--workers",
        0,
        "--no-embeddings",
    )
    run(
        "enroll",
        studio / "cleared.index",
        cleared,
        "--kind",
        "cleared",
        "--workers",
        0,
        "--no-embeddings",
    )
    after = lines(run(*scan, studio / "works.index")[1])[0]
    assert [f["false_alarms"] for f in after["findings"]] == [
        f["false_alarms"] for f in before["findings"]
    ]
    assert {c["record_id"] for c in after["candidates"]} == {
        c["record_id"] for c in before["candidates"]
    }
    code, out, _ = run(*scan, studio / "cleared.index")
    assert (code, lines(out)[0]["coverage"]) == (4, "insufficient")
    code, out, _ = run(*scan, studio / "works.index", "--index", studio / "cleared.index")
    found = lines(out)[0]
    assert (code, found["verdict"], found["coverage"]) == (0, "note", "partial")
    assert [f["standing"]["state"] for f in found["findings"]] == ["cleared"]
    assert found["reason"] == "hash: 1 of 2 indexes hold no references"
    assert found["findings"] == after["findings"]


def test_an_index_given_twice_is_one_search(studio, run):
    """The same index under two paths does not make a match more likely by chance."""
    (studio / "again").symlink_to(studio / "works.index")
    scan = ("scan", studio / "board" / "b.png", "--format", "jsonl", "--workers", 0,
            "--index", studio / "works.index")  # fmt: skip
    once, twice = run(*scan)[1], run(*scan, "--index", studio / "again")[1]
    assert lines(once)[0]["findings"] == lines(twice)[0]["findings"]


def test_a_terminal_of_another_encoding_gets_its_text(studio):
    """Characters that cannot be shown are escaped, not a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "screening", "scan", studio / "board",
         "--index", studio / "works.index"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert b"\\u2514 work" in done.stdout
