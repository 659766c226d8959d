import json
import shutil

import pytest
from pictures import textured

from reference_index import ReferenceIndex
from reference_index.calibration import Calibration
from screening.calibration import calibrate
from screening.signals import SETTINGS

WORKS, UNRELATED = 10, 30


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    for name, seeds in (("works", range(WORKS)), ("background", range(100, 100 + UNRELATED))):
        (folder / name).mkdir()
        for seed in seeds:
            textured(seed).save(folder / name / f"picture {seed}.png")
    return folder


@pytest.fixture
def studio(drawn, tmp_path, run):
    """An index of works, and a background: a part of a work, a work, a copy, a damaged file."""
    index, background = tmp_path / "works.index", tmp_path / "background"
    assert run("enroll", index, drawn / "works", "--workers", 0)[0] == 0
    shutil.copytree(drawn / "background", background)
    textured(3).crop((40, 30, 260, 180)).save(background / "part.png")
    shutil.copy(drawn / "works" / "picture 5.png", background / "work.png")
    shutil.copy(background / "picture 100.png", background / "twice.png")
    (background / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (background / "notes.txt").write_text("ideas")
    return tmp_path


def calibration_of(index) -> Calibration | None:
    with ReferenceIndex.open(index) as opened:
        return opened.calibration


def info(run, index) -> dict:
    return json.loads(run("index", "info", index, "--format", "jsonl")[1])


@pytest.mark.smoke
def test_a_calibration_is_kept_written_and_shown(studio, run):
    """One row a promise and channel, then every file that does not count; 4 since one is unread."""
    index, written = studio / "works.index", studio / "calibration.json"
    code, out, talk = run("calibrate", index, "--background", studio / "background",
                          "--output", written, "--workers", 0)  # fmt: skip
    assert (code, talk) == (4, "")
    kept = calibration_of(index)
    assert Calibration.from_json(written.read_text()) == kept
    assert kept.images == UNRELATED
    lines = out.splitlines()
    assert lines[0].split() == ["CHANNEL", "PROMISED", "THRESHOLD", "95", "%", "INTERVAL", "HOW"]
    rows = [line.split()[:3] for line in lines[1:9]]
    assert rows == [
        [name, f"{t.promised:g}", "-" if t.min_score is None else f"{t.min_score:.1f}"]
        for name, channel in kept.channels.items()
        for t in channel.thresholds
    ]
    hashed = kept.channels["hash"].thresholds[2]
    assert "extrapolated; measured by 10,000 images" in lines[3]
    assert f"{hashed.low:.1f} to " in lines[3]
    assert f"hash: bits of 256 alike; {UNRELATED} images against {WORKS} references" in out
    background = studio / "background"
    assert f"{background / 'part.png'}: left out: it seems to show “picture 3” (local " in out
    assert f"{background / 'work.png'}: left out: it is enrolled" in out
    assert (
        f"{background / 'twice.png'}: counted once: the same file as "
        f"{background / 'picture 100.png'}" in out
    )
    assert f"{background / 'cut.jpg'}: unread (" in out
    assert "notes.txt" not in out


def test_json_tells_the_same_as_the_library(studio, drawn, run):
    """The command line adds nothing to what a call gives; a clean background ends with 0."""
    index, other = studio / "works.index", studio / "other.index"
    shutil.copytree(index, other)
    code, out, _ = run("calibrate", index, "--background", drawn / "background", "--seed", 5,
                       "--format", "json", "--workers", 2)  # fmt: skip
    assert code == 0
    told = json.loads(out)
    outcome = calibrate(other, [drawn / "background"], seed=5, workers=0)
    expected = json.loads(outcome.calibration.to_json())
    assert told["calibration"] == expected | {"created": told["calibration"]["created"]}
    assert told["calibration"] == json.loads(calibration_of(index).to_json())
    lists = ("suspects", "enrolled", "duplicates", "unread")
    assert [told[name] for name in lists] == [[], [], [], []]
    code, out, _ = run("calibrate", index, "--background", studio / "background", "--format",
                       "json", "--workers", 0)  # fmt: skip
    told = json.loads(out)
    assert [len(told[name]) for name in lists] == [1, 1, 1, 1]
    assert told["suspects"][0]["path"] == str(studio / "background" / "part.png")


def test_suspects_may_be_kept(studio, run):
    """They are told nevertheless."""
    code, out, _ = run("calibrate", studio / "works.index", "--background",
                       studio / "background", "--keep-suspects", "--workers", 0)  # fmt: skip
    assert code == 4
    assert "part.png: kept, though it seems to show “picture 3”" in out
    assert calibration_of(studio / "works.index").images == UNRELATED + 1


def test_backgrounds_within_one_another_are_walked_once(studio, drawn, run):
    """No file is its own duplicate."""
    folder = drawn / "background"
    code, out, _ = run("calibrate", studio / "works.index", "--background", folder,
                       "--background", folder / "picture 101.png", "--workers", 0)  # fmt: skip
    assert code == 0
    assert "counted once" not in out


def test_info_tells_the_calibration(studio, drawn, run):
    """None; then what it is; stale when something was enrolled since; none when discarded."""
    index = studio / "works.index"
    assert info(run, index)["calibration"] is None
    assert "the figures that ship" in run("index", "info", index)[1]
    run("calibrate", index, "--background", drawn / "background", "--workers", 0)
    kept, told = calibration_of(index), info(run, index)["calibration"]
    assert told == {
        "created": kept.created,
        "state": "own",
        "images": UNRELATED,
        "background": kept.background,
        "channels": {"hash": "own", "local": "own"},
    }
    shown = run("index", "info", index)[1]
    assert f"{kept.created} with {UNRELATED} images; hash: own; local: own" in shown
    run("enroll", index, studio / "background", "--workers", 0)
    told = info(run, index)["calibration"]
    assert (told["state"], told["channels"]["hash"]) == ("stale", "stale")
    code, out, _ = run("calibrate", index, "--discard")
    assert (code, "in use" in out) == (0, True)
    assert info(run, index)["calibration"] is None


def test_usage_and_errors(studio, drawn, run, tmp_path):
    """A background or --discard, one of both; what cannot be done says so and changes nothing."""
    index, folder = studio / "works.index", drawn / "background"
    assert run("calibrate", index)[0] == 2
    assert run("calibrate", index, "--background", folder, "--discard")[0] == 2
    assert run("calibrate", index, "--background", tmp_path / "nowhere")[0] == 2
    code, _, talk = run("calibrate", tmp_path / "none.index", "--background", folder)
    assert (code, "none.index" in talk) == (1, True)
    assert run("calibrate", tmp_path / "none.index", "--discard")[0] == 1
    few = folder / "picture 100.png"
    code, _, talk = run("calibrate", index, "--background", few, "--workers", 0)
    assert (code, "expected at least 20" in talk) == (1, True)
    assert calibration_of(index) is None


def test_an_output_that_has_no_place_is_refused_before_anything_is_measured(studio, drawn, run):
    """Hours of screening are not lost to a mistyped folder, and nothing is kept."""
    index = studio / "works.index"
    for place in (studio / "nowhere" / "calibration.json", studio / "background"):
        code, out, talk = run("calibrate", index, "--background", drawn / "background",
                              "--output", place, "--workers", 0)  # fmt: skip
        assert (code, out) == (1, "")
        assert "no such folder" in talk
        assert calibration_of(index) is None


def test_limits_come_from_the_configuration(studio, drawn, run, tmp_path):
    """The nearest screening.toml above the background."""
    folder = tmp_path / "limited"
    shutil.copytree(drawn / "background", folder)
    (folder / "screening.toml").write_text("[limits]\nmax_pixels = 100\n")
    code, _, talk = run("calibrate", studio / "works.index", "--background", folder,
                        "--workers", 0)  # fmt: skip
    assert (code, "more than 0 background images" in talk) == (1, True)


def test_every_channel_can_be_calibrated(studio, drawn, run):
    """Each that the index has stands in the calibration."""
    run("calibrate", studio / "works.index", "--background", drawn / "background", "--workers", 0)
    assert calibration_of(studio / "works.index").channels.keys() == SETTINGS.keys()
