import base64
import json
import os
import shutil
import sys
from dataclasses import replace

import pytest
from pictures import textured
from PIL import Image

from reference_index import ReferenceIndex
from reference_index.calibration import (
    Calibration,
    ChannelCalibration,
    NullDistribution,
    Threshold,
)
from screening.calibration import calibrate
from screening.cli.calibrate import _basis, _row
from screening.report.words import score_shown
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
    assert run("enroll", index, drawn / "works", "--workers", 0, "--no-embeddings")[0] == 0
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
        [name, f"{t.promised:g}", "-" if t.min_score is None else score_shown(t.min_score)]
        for name, channel in kept.channels.items()
        for t in channel.thresholds
    ]
    hashed = kept.channels["hash"].thresholds[2]
    assert "extrapolated; to measure it takes 10,000 images" in lines[3]
    assert f"{min(hashed.low, 256):.1f} to {min(hashed.high, 256):.1f}" in lines[3]
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
        "prompts": 0,
        "background": kept.background,
        "channels": {"hash": "own", "local": "own", "name": "default"},
    }
    shown = run("index", "info", index)[1]
    assert f"{kept.created} with {UNRELATED} images; hash: own; local: own; name: def" in shown
    run("enroll", index, studio / "background", "--workers", 0, "--no-embeddings")
    told = info(run, index)["calibration"]
    assert (told["state"], told["channels"]["hash"]) == ("stale", "stale")
    code, out, _ = run("calibrate", index, "--discard")
    assert (code, "in use" in out) == (0, True)
    assert info(run, index)["calibration"] is None


def test_usage_and_errors(studio, drawn, run, tmp_path):
    """A background or --discard, one of both; what cannot be done says so and changes nothing."""
    index, folder = studio / "works.index", drawn / "background"
    assert run("calibrate", index)[0] == 2
    for options in (("--background", folder), ("--output", tmp_path / "calibration.json")):
        code, _, talk = run("calibrate", index, *options, "--discard")
        assert (code, "leave out --background and --output" in talk) == (2, True)
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


def test_an_output_never_replaces_a_picture_or_goes_into_an_index(studio, drawn, run):
    """Refused before anything is measured, by what it is and not by its name; older JSON may go."""
    index, background = studio / "works.index", studio / "background"
    calibrate_it = ("calibrate", index, "--background", drawn / "background", "--workers", 0,
                    "--output")  # fmt: skip
    picture = studio / "calibration.json"
    shutil.copy(background / "picture 100.png", picture)
    inside = index / "manifest.json"
    (studio / "link").symlink_to(index)
    for place, why in (
        (picture, "is no earlier report that may be replaced, but of the kind PNG"),
        (inside, f"lies in the reference index {index}"),
        (index / "segments" / "new.json", f"lies in the reference index {index}"),
        (studio / "link" / "new.json", f"lies in the reference index {index}"),
    ):
        before = place.read_bytes() if place.exists() else None
        code, out, talk = run(*calibrate_it, place)
        assert (code, out) == (1, "")
        assert f"{place}: {why}" in talk
        assert (place.read_bytes() if place.exists() else None) == before
    assert calibration_of(index) is None
    picture.write_text("{}")
    assert run(*calibrate_it, picture)[0] == 0
    assert Calibration.from_json(picture.read_text()) == calibration_of(index)


def test_a_damaged_index_is_still_none_to_write_into_and_other_manifests_are(
    studio, drawn, run, tmp_path
):
    """A manifest.json of something else makes no index."""
    index, broken = studio / "works.index", studio / "broken.index"
    shutil.copytree(index, broken)
    (broken / "manifest.json").write_text("{}")
    site = tmp_path / "site"
    site.mkdir()
    (site / "manifest.json").write_text("{}")
    calibrate_it = ("calibrate", index, "--background", drawn / "background", "--workers", 0,
                    "--output")  # fmt: skip
    code, _, talk = run(*calibrate_it, broken / "new.json")
    assert (code, f"lies in the reference index {broken}" in talk) == (1, True)
    assert run(*calibrate_it, site / "new.json")[0] == 0


def test_images_too_plain_for_every_channel_are_named(studio, drawn, run, tmp_path):
    """They are not among those it was calibrated with."""
    folder = tmp_path / "some plain"
    shutil.copytree(drawn / "background", folder)
    Image.new("RGB", (300, 200), "gray").save(folder / "flat.png")
    calibrate_it = ("calibrate", studio / "works.index", "--background", folder, "--workers", 0)
    code, out, _ = run(*calibrate_it)
    assert code == 0
    assert f"{folder / 'flat.png'}: left out: no channel finds enough in it to compare" in out
    assert f"calibrated with {UNRELATED} images." in out
    told = json.loads(run(*calibrate_it, "--format", "json")[1])
    assert told["plain"] == [{"path": str(folder / "flat.png")}]
    assert told["calibration"]["images"] == UNRELATED


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are not UTF-8")
def test_names_that_are_not_utf_8_are_told_exactly(studio, run):
    """Replaced where JSON cannot hold them, with their bytes beside, in every list."""
    raw = os.fsencode(studio / "background") + b"/caf\xe9.png"
    (studio / "background" / "work.png").rename(os.fsdecode(raw))
    _, out, _ = run("calibrate", studio / "works.index", "--background", studio / "background",
                    "--format", "json", "--workers", 0)  # fmt: skip
    (enrolled,) = json.loads(out)["enrolled"]
    assert enrolled["path"] == f"{studio / 'background'}/caf\ufffd.png"
    assert base64.b64decode(enrolled["path_b64"]) == raw


def test_limits_come_from_the_configuration(studio, drawn, run, tmp_path):
    """The nearest screening.toml above the background."""
    folder = tmp_path / "limited"
    shutil.copytree(drawn / "background", folder)
    (folder / "screening.toml").write_text("[limits]\nmax_pixels = 100\n")
    code, _, talk = run("calibrate", studio / "works.index", "--background", folder,
                        "--workers", 0)  # fmt: skip
    assert code == 1
    assert f"no background image to calibrate {studio / 'works.index'} with (30 unread)" in talk


def test_a_background_without_an_image_that_counts_says_why(studio, drawn, run, tmp_path):
    """Nothing there, or nothing but what is enrolled; the index is left as it was."""
    index, empty = studio / "works.index", tmp_path / "empty"
    empty.mkdir()
    for folder, why in ((empty, "no image is there"), (drawn / "works", f"{WORKS} enrolled")):
        code, _, talk = run("calibrate", index, "--background", folder, "--workers", 0)
        assert code == 1
        assert f"{folder}: no background image to calibrate {index} with ({why});" in talk
    assert calibration_of(index) is None


def threshold(promised: float, score: float | None, low: float, high: float) -> Threshold:
    return Threshold(promised=promised, min_score=score, low=low, high=high, extrapolated=True,
                     images_needed=1_000)  # fmt: skip


def test_thresholds_in_words_end_where_scores_do():
    """No interval of the hash goes beyond its bits; what nothing reaches is told so."""
    how = "extrapolated; to measure it takes 1,000 images"
    assert _row("hash", threshold(0.1, 250.0, 240.0, 270.5)) == (
        "0.1", "250.0", "240.0 to 256.0", how,
    )  # fmt: skip
    assert _row("hash", threshold(0.1, 256.0, 256.0, 256.0))[1] == "256.0"
    assert _row("hash", threshold(0.1, 256.5, 250.0, 300.0))[1:] == (
        "> 256.0", "250.0 to 256.0", f"out of reach; {how}",
    )  # fmt: skip
    assert _row("local", threshold(0.1, 900.0, 800.0, 990.0))[1:3] == ("900.0", "800.0 to 990.0")


def test_thresholds_of_cosines_have_three_digits():
    """One digit would show all thresholds of a model as one."""
    shown = _row("embedding:m", threshold(0.1, 0.4316, 0.4, 0.46))
    assert shown[1:3] == ("0.432", "0.400 to 0.460")


@pytest.mark.parametrize("channel", ["face", "face-drawn"])
def test_samples_of_face_channels_are_faces(channel):
    """Each is compared with every person; the other channels' are images and references."""
    null = NullDistribution(
        channel=channel, unit="cosine", settings="", scores=(0.0, 0.1), rates=(1.0, 0.1),
        tail_scale=None, tail_shape=None, floor=0.01, images=40, references=3, pairs=120,
        background="",
    )  # fmt: skip
    said = _basis(ChannelCalibration(null=null, thresholds=(), goodness_of_fit=None))
    assert said.startswith("cosine; 40 faces against 3 people; no tail fits")
    assert said.endswith("0.03 false alarms per face")
    assert _row(channel, threshold(0.1, None, 0.0, 0.0))[-1] == "needs 1,000 faces"
    others = replace(null, channel="hash")
    said = _basis(ChannelCalibration(null=others, thresholds=(), goodness_of_fit=None))
    assert said.startswith("cosine; 40 images against 3 references;")


def test_every_channel_can_be_calibrated(studio, drawn, run):
    """Each that the index has stands in the calibration."""
    run("calibrate", studio / "works.index", "--background", drawn / "background", "--workers", 0)
    assert calibration_of(studio / "works.index").channels.keys() == SETTINGS.keys()
