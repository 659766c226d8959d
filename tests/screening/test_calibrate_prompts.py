"""Calibrating the name channel with prompts that name nobody."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pictures import textured

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.calibration import Calibration
from screening import Screener
from screening.calibration import MIN_IMAGES, calibrate
from screening.calibration.background import digest
from screening.calibration.prompts import Given, fitted_names, prompts_in, score_prompts
from screening.enrollment import enroll, folder_sources
from screening.errors import CalibrationError, InputInvalidError
from screening.matching import null_of
from screening.matching.name_channel import units_of
from screening.matching.settings import NAME_CHANNEL, NAME_SETTINGS
from screening.names import NameFinder, Said, Source
from screening.report.calibrations import IndexCalibration
from screening.signals import SETTINGS

PICTURES = 24
TITLES = ("Harry Potter", "Rose", "Frozen", "Black Panther", "Rear Window")
SECRET = "a portrait of Harry Potter, oil on canvas, in the secret garden of our client"
COLORS = ("red", "pale", "golden", "dark", "wet", "small")
THINGS = ("rose", "frozen lake", "window", "panther", "boat", "lamp")


def innocent() -> list[str]:
    """Return prompts that name nobody, with tempting words in some."""
    return [f"a {color} {thing} in the rain, soft light" for color in COLORS for thing in THINGS]


def put(index: Path, *records: Record) -> None:
    with IndexWriter(index, settings=dict(SETTINGS)) as writer:
        for record in records:
            writer.put_record(record)


@pytest.fixture
def index(tmp_path):
    """Return an index of titles without pictures."""
    path = tmp_path / "works.index"
    put(path, *(Record(id=f"r{n}", kind=Kind.WORK, title=t) for n, t in enumerate(TITLES)))
    return path


@pytest.fixture
def prompts(tmp_path):
    """Return a file of prompts, two of them twice."""
    path = tmp_path / "prompts.txt"
    path.write_text("\n".join([*innocent(), *innocent()[:2]]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return a folder of works and one of unrelated pictures."""
    folder = tmp_path_factory.mktemp("drawn")
    for name, seeds in (("works", range(3)), ("background", range(100, 100 + PICTURES))):
        (folder / name).mkdir()
        for seed in seeds:
            textured(seed).save(folder / name / f"work {seed}.png")
    return folder


@pytest.fixture(scope="module")
def calibrated(drawn):
    """Return an index of pictures with titles, calibrated with images and prompts at once."""
    path, prompts = drawn / "works.index", drawn / "prompts.txt"
    enroll(path, folder_sources(drawn / "works", kind=Kind.WORK), workers=0, embeddings=())
    prompts.write_text("\n".join(innocent()), encoding="utf-8")
    calibrate(path, [drawn / "background"], prompts=[prompts], workers=0)
    return path


@pytest.fixture
def pictured(calibrated, tmp_path):
    """Return a calibrated index of its own to each test."""
    return Path(shutil.copytree(calibrated, tmp_path / "pictured.index"))


def calibration_of(index: Path) -> Calibration | None:
    with ReferenceIndex.open(index) as opened:
        return opened.calibration


def test_prompts_alone_calibrate_the_names_and_nothing_else(index, prompts):
    """By as many prompts as are different, against as many records as have names."""
    outcome = calibrate(index, [], prompts=[prompts])
    calibration = calibration_of(index)
    assert calibration == outcome.calibration
    assert [*calibration.channels] == [NAME_CHANNEL]
    null = calibration.channels[NAME_CHANNEL].null
    assert (null.images, null.references) == (len(innocent()), len(TITLES))
    assert null.settings == NAME_SETTINGS
    assert null.background == digest(outcome.prompts.kept)
    assert (calibration.images, calibration.background) == (0, digest(()))
    assert outcome.suspects == ()  # though titles are words of the prompts
    assert Calibration.from_json(calibration.to_json()) == calibration
    assert [path for path, _ in outcome.prompts.duplicates] == [
        f"{prompts}:{len(innocent()) + n}" for n in (1, 2)
    ]
    with ReferenceIndex.open(index) as opened:
        assert null_of(opened, NAME_CHANNEL) == (null, "own")


def test_findings_go_by_it_until_something_is_enrolled(index, prompts):
    """What a name comes to by chance is told by the own figures, own and then stale."""
    calibrate(index, [], prompts=[prompts])
    null = calibration_of(index).channels[NAME_CHANNEL].null

    def state() -> str:
        with Screener.open(index, policy="netflix-genai") as screener:
            best, *_ = screener.screen_prompt("Harry Potter movie poster", candidates=1).candidates
            return IndexCalibration.of(screener.indexes[0]).channels[best.channel]

    assert state() == "own"
    put(index, Record(id="more", kind=Kind.WORK, title="Vertigo"))
    assert state() == "stale"
    with ReferenceIndex.open(index) as opened:
        told = IndexCalibration.of(opened, pictures=False)
    assert (told.added, told.prompts) == (1, null.images)


def test_scores_are_those_of_screening(index):
    """The records found, best first, each by its score; longer texts count as several."""
    texts = ["Harry Potter and a rose", "nothing at all", "rain " * 120]
    with ReferenceIndex.open(index) as opened:
        finder = NameFinder(opened)
        given = [Given(path=f"f:{n}", text=text) for n, text in enumerate(texts)]
        scored = [*score_prompts(given, finder)]
        for one, text in zip(scored, texts, strict=True):
            said = [Said(source=Source.PROMPT, text=text)]
            found = finder.find(said, min_score=float("-inf"))
            assert one.channels[NAME_CHANNEL] == {n.record_id: n.score for n in found}
            assert one.units[NAME_CHANNEL] == units_of(said)
            assert one.complete_from[NAME_CHANNEL] == 0.0
    assert [one.units[NAME_CHANNEL] for one in scored] == [1, 1, 3]
    assert [one.path for one in scored] == ["f:0", "f:1", "f:2"]


def test_records_beyond_those_kept_are_not_missed_from_a_score_on(index):
    """Where one record is kept, none that scores higher than it is missing."""
    with ReferenceIndex.open(index) as opened:
        given = [Given(path="f:1", text="Harry Potter watches Black Panther")]
        (one,) = score_prompts(given, NameFinder(opened), records=1)
        ((_, best),) = one.channels[NAME_CHANNEL].items()
    assert one.complete_from[NAME_CHANNEL] > best


@pytest.mark.parametrize("keep", [False, True])
def test_a_prompt_that_names_something_is_told_by_its_line(index, prompts, keep, run):
    """And left out unless kept; its text stands nowhere."""
    lines = prompts.read_text(encoding="utf-8").splitlines()
    prompts.write_text("\n".join([*lines[:4], "", SECRET, *lines[4:]]), encoding="utf-8")
    options = ["--keep-suspects"] if keep else []
    code, out, talk = run("calibrate", index, "--prompts", prompts, *options)
    assert (code, talk) == (0, "")
    what = "kept, though it" if keep else "left out: it"
    assert f"{prompts}:6: {what} seems to name “Harry Potter” (name " in out
    assert "2 prompts are the same as others, and were not counted again" in out
    assert f"{len(innocent()) + keep} prompts against {len(TITLES)} records" in out
    assert f"calibrated with {len(innocent()) + keep} prompts. Promised are false alarms per p" in (
        out
    )
    code, told, _ = run("calibrate", index, "--prompts", prompts, "--format", "json", *options)
    (suspect,) = json.loads(told)["suspects"]
    assert (suspect["path"], suspect["record_id"]) == (f"{prompts}:6", "r0")
    for text in (out, told, (calibration_of(index)).to_json()):
        assert not any(words in text for words in ("secret garden", "oil on canvas"))


def test_too_few_prompts_are_refused(index, tmp_path):
    """Of different ones as many as of images; with one more they are enough."""
    file = tmp_path / "few.txt"
    texts = [f"a boat at pier {number}" for number in range(MIN_IMAGES)]
    file.write_text("\n".join([*texts[1:], texts[1]]), encoding="utf-8")
    with pytest.raises(CalibrationError, match=f"{MIN_IMAGES - 1} different prompts, expected"):
        prompts_in([file])
    file.write_text("\n".join(texts), encoding="utf-8")
    given = prompts_in([file])
    assert [one.path for one in given] == [f"{file}:{n}" for n in range(1, MIN_IMAGES + 1)]
    given = [*given[1:], Given(path="f:1", text=SECRET)]
    with (
        ReferenceIndex.open(index) as opened,
        pytest.raises(CalibrationError, match="without 1 that seem to name what is enrolled"),
    ):
        fitted_names(given, opened)
    with pytest.raises(InputInvalidError, match="cannot be read"):
        prompts_in([tmp_path / "nowhere.txt"])
    assert calibration_of(index) is None


def test_an_index_without_names_is_refused(tmp_path, prompts):
    """Those of cleared pictures are none."""
    path = tmp_path / "cleared.index"
    put(path, Record(id="stock", kind=Kind.CLEARED, title="Harry Potter"))
    with pytest.raises(CalibrationError, match="holds no record with a name"):
        calibrate(path, [], prompts=[prompts])


def test_what_is_not_measured_stays_as_it_is(pictured, drawn, prompts):
    """Of images while prompts are measured, of prompts while images are."""
    at_once = calibration_of(pictured)
    assert [*at_once.channels] == ["hash", "local", NAME_CHANNEL]
    assert at_once.images == PICTURES
    for options, before in (
        ({"backgrounds": [], "prompts": [prompts]}, ("hash", "local")),
        ({"backgrounds": [drawn / "background"], "workers": 0}, (NAME_CHANNEL,)),
    ):
        outcome = calibrate(pictured, **options)
        assert outcome.as_before == before
        assert outcome.calibration == calibration_of(pictured)
        now = replace(outcome.calibration, created=at_once.created)
        assert now == at_once


def test_what_is_not_measured_and_no_longer_true_is_an_error(pictured, drawn, prompts, run):
    """It says what to do, which then works, and nothing was changed."""
    put(pictured, Record(id="more", kind=Kind.WORK, title="Vertigo"))
    before = calibration_of(pictured)
    for options, also in (
        (("--prompts", prompts), "give --background FOLDER too"),
        (("--background", drawn / "background", "--workers", 0), "give --prompts FILE too"),
    ):
        code, _, talk = run("calibrate", pictured, *options)
        assert code == 1
        assert "was calibrated before the index was changed, and is not measured now" in talk
        assert also in talk
        assert calibration_of(pictured) == before
    with ReferenceIndex.open(pictured) as opened:
        assert IndexCalibration.of(opened).in_words.endswith(
            f"screening calibrate {pictured} --background FOLDER --prompts FILE"
        )
    assert run("calibrate", pictured, "--discard")[0] == 0
    assert run("calibrate", pictured, "--prompts", prompts)[0] == 0
    assert [*calibration_of(pictured).channels] == [NAME_CHANNEL]


def test_info_and_reports_tell_how_many_prompts(index, prompts, run):
    """And that the names go by them."""
    calibrate(index, [], prompts=[prompts])
    count = len(innocent())
    told = json.loads(run("index", "info", index, "--format", "jsonl")[1])["calibration"]
    assert (told["state"], told["images"], told["prompts"]) == ("own", 0, count)
    assert told["channels"][NAME_CHANNEL] == "own"
    assert f" with {count} prompts; " in run("index", "info", index)[1]
    with ReferenceIndex.open(index) as opened:
        one = IndexCalibration.of(opened)
    assert one.to_json() == {
        "index": str(index), "state": "own", "channels": {NAME_CHANNEL: "own"}, "prompts": count,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("channels", "state", "mend"),
    [
        ({"hash": "own", "name": "default"}, "own", None),
        ({"hash": "default", "name": "own"}, "default", "--background FOLDER"),
        ({"hash": "default", "name": "default"}, "default", "--background FOLDER"),
        ({"hash": "default", "name": "stale"}, "stale", "--prompts FILE"),
        ({"hash": "stale", "name": "default"}, "stale", "--background FOLDER"),
        ({"hash": "stale", "name": "stale"}, "stale", "--background FOLDER --prompts FILE"),
        ({"name": "default"}, "default", "--prompts FILE"),
        ({"name": "stale"}, "stale", "--prompts FILE"),
        ({"name": "own"}, "own", None),
    ],
)
def test_what_is_to_be_calibrated_again_is_named(channels, state, mend):
    """Names that go by the figures that ship are told only where nothing else was searched."""
    one = IndexCalibration(index="i", channels=channels)
    assert one.state == state
    assert mend is None or one.in_words.endswith(f"screening calibrate i {mend}")


def test_usage(index, prompts, run, tmp_path):
    """Something to measure or --discard, not both; a file that is there."""
    code, _, talk = run("calibrate", index)
    assert (code, "--prompts FILE" in talk) == (2, True)
    assert run("calibrate", index, "--prompts", prompts, "--discard")[0] == 2
    assert run("calibrate", index, "--prompts", tmp_path / "nowhere.txt")[0] == 2
    assert run("calibrate", index, "--prompts", tmp_path)[0] == 2
