import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pictures import clouds, textured
from PIL import Image

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.errors import IndexBusyError, IndexDamagedError, IndexFormatError
from screening import Screener
from screening.calibration import (
    MIN_IMAGES,
    calibrate,
    discard,
    fitted,
    score_examined,
    score_files,
)
from screening.enrollment import enroll, folder_sources
from screening.errors import CalibrationError, PathMissingError
from screening.examine import examine_bytes, examine_pixels
from screening.images import Limits, walk
from screening.matching import SETTINGS, default_null
from screening.signals import SETTINGS as SIGNALS

WORKS, UNRELATED = 12, 30


def enrolled(index: Path, folder: Path, *, kind: Kind = Kind.WORK) -> None:
    enroll(index, folder_sources(folder, kind=kind), workers=0, embeddings=())


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """Return a folder with an index of works and a background of unrelated pictures."""
    folder = tmp_path_factory.mktemp("studio")
    for name, seeds in (("works", range(WORKS)), ("background", range(100, 100 + UNRELATED))):
        (folder / name).mkdir()
        for seed in seeds:
            textured(seed).save(folder / name / f"{seed}.png")
    enrolled(folder / "works.index", folder / "works")
    return folder


@pytest.fixture
def index(studio, tmp_path):
    """Return the path of an index of its own to each test."""
    return Path(shutil.copytree(studio / "works.index", tmp_path / "works.index"))


@pytest.fixture
def background(studio, tmp_path):
    """Return a background of its own to each test."""
    return Path(shutil.copytree(studio / "background", tmp_path / "background"))


def record_of(index: Path, title: str) -> str:
    with ReferenceIndex.open(index) as opened:
        return next(one.id for one in opened.records() if one.title == title)


def states(index: Path, image: Image.Image) -> dict[str, str]:
    """Return what the evidence of the best finding says of its calibration, by channel."""
    with Screener.open(index) as screener:
        finding, *_ = screener.screen(image).findings
    return {one.channel: one.calibration for one in finding.channels}


def calibration_of(index: Path):
    with ReferenceIndex.open(index) as opened:
        return opened.calibration


@pytest.mark.smoke
def test_evidence_goes_by_the_own_calibration_until_something_is_enrolled(
    index, background, tmp_path
):
    """Default before, own afterwards with the own numbers, stale once there are more works."""
    assert states(index, textured(3))["hash"] == "default"
    outcome = calibrate(index, [background], workers=0)
    assert calibration_of(index) == outcome.calibration
    assert outcome.calibration.images == UNRELATED
    null = outcome.calibration.channels["hash"].null
    assert (null.images, null.references) == (UNRELATED, WORKS)
    with Screener.open(index) as screener:
        finding, *_ = screener.screen(textured(3)).findings
    evidence = next(one for one in finding.channels if one.channel == "hash")
    assert evidence.calibration == "own"
    assert evidence.false_alarms == null.false_alarms(256.0, references=WORKS)
    assert evidence.false_alarms != default_null("hash").false_alarms(256.0, references=WORKS)

    (tmp_path / "more").mkdir()
    textured(50).save(tmp_path / "more" / "50.png")
    enrolled(index, tmp_path / "more")
    with Screener.open(index) as screener:
        finding, *_ = screener.screen(textured(3)).findings
    evidence = next(one for one in finding.channels if one.channel == "hash")
    assert evidence.calibration == "stale"
    assert evidence.false_alarms == null.false_alarms(256.0, references=WORKS + 1)


def test_a_background_image_that_shows_a_work_is_named_and_left_out(index, background):
    """A part of a work is found by its local features, and its scores are not measured."""
    part = background / "a part.png"
    textured(3).crop((40, 30, 260, 180)).save(part)
    outcome = calibrate(index, [background], workers=0)
    assert {(one.path, one.record_id, one.channel) for one in outcome.suspects} == {
        (str(part), record_of(index, "3"), "local")
    }
    assert outcome.calibration.images == UNRELATED
    assert not outcome.suspects_kept
    kept = calibrate(index, [background], workers=0, keep_suspects=True)
    assert (kept.suspects, kept.suspects_kept) == (outcome.suspects, True)
    assert kept.calibration.images == UNRELATED + 1
    assert kept.calibration.channels["local"].null.scores[-1] == outcome.suspects[0].score
    assert kept.calibration.background != outcome.calibration.background


@pytest.mark.parametrize("others", [0, 60])
def test_a_background_made_of_the_works_is_no_background(others, tmp_path):
    """Other files of the same pictures, alone or among others, are named; copies are still found.

    Measured with them a copy of a work would score as unrelated images do.
    """
    works, background, index = (tmp_path / name for name in ("works", "again", "works.index"))
    works.mkdir()
    background.mkdir()
    for seed in range(40):
        textured(seed).save(works / f"{seed}.png")
        textured(seed).save(background / f"{seed}.jpg", quality=90)
    for seed in range(100, 100 + others):
        textured(seed).save(background / f"{seed}.png")
    enrolled(index, works)
    if not others:
        with pytest.raises(CalibrationError, match="without 40 that seem to show"):
            calibrate(index, [background], workers=0)
        return
    outcome = calibrate(index, [background], workers=0)
    assert {Path(one.path).stem for one in outcome.suspects} == set(map(str, range(40)))
    assert outcome.calibration.images == others
    with Screener.open(index) as screener:
        assert screener.screen(background / "0.jpg").flagged


def test_every_file_of_a_background_is_accounted_for(index, background, studio):
    """Enrolled files, files that are there twice and unread ones are named, others passed over."""
    without = calibrate(index, [background], workers=0).calibration
    shutil.copy(studio / "works" / "5.png", background / "a work.png")
    shutil.copy(background / "100.png", background / "again.png")
    (background / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (background / "notes.txt").write_text("ideas")
    outcome = calibrate(index, [background], workers=0)
    named = outcome.background
    assert named.enrolled == (str(background / "a work.png"),)
    assert named.duplicates == ((str(background / "again.png"), str(background / "100.png")),)
    assert [path for path, _ in named.unread] == [str(background / "cut.jpg")]
    assert len(named.kept) == UNRELATED
    assert outcome.suspects == ()
    assert outcome.calibration.channels == without.channels
    assert outcome.calibration.background == without.background


def test_pictures_that_are_cleared_may_be_in_the_background(index, background, tmp_path):
    """They are known to be unrelated, and count nowhere: neither as references nor as suspects."""
    cleared = tmp_path / "cleared"
    cleared.mkdir()
    for seed in (100, 101):
        shutil.copy(background / f"{seed}.png", cleared)
    enrolled(index, cleared, kind=Kind.CLEARED)
    outcome = calibrate(index, [background], workers=0)
    assert outcome.calibration.images == UNRELATED
    assert outcome.background.enrolled == outcome.suspects == ()
    assert outcome.calibration.channels["hash"].null.references == WORKS


def test_processes_change_nothing(studio, tmp_path):
    """Two decoding processes and none give the same calibration, but for the date."""
    indexes = [tmp_path / name for name in ("one.index", "two.index")]
    made = []
    for path, workers in zip(indexes, (0, 2), strict=True):
        shutil.copytree(studio / "works.index", path)
        made.append(calibrate(path, [studio / "background"], workers=workers).calibration)
    assert made[0] == replace(made[1], created=made[0].created)


def test_each_image_is_reported_once(index, studio):
    """For a progress bar."""
    reported = []
    calibrate(index, [studio / "background"], workers=0, report=reported.append)
    assert len({one.path for one in reported}) == len(reported) == UNRELATED


def test_discarded_means_default_again(index, studio):
    """Also where the calibration is damaged, and nobody could open the index any more."""
    calibrate(index, [studio / "background"], workers=0)
    discard(index)
    assert calibration_of(index) is None
    assert states(index, textured(3))["hash"] == "default"
    calibrate(index, [studio / "background"], workers=0)
    (file,) = index.glob("calibration-*.json")
    file.write_text(file.read_text().replace("0", "1", 1))
    with pytest.raises(IndexDamagedError):
        Screener.open(index)
    discard(index)
    assert states(index, textured(3))["hash"] == "default"


@pytest.mark.parametrize("channel", SETTINGS)
def test_a_calibration_of_other_settings_is_refused_by_name(index, studio, channel):
    """The error names the index, both settings and both ways on; calibrating again is one."""
    calibration = calibrate(index, [studio / "background"], workers=0).calibration
    assert calibration.channels[channel].null.settings == SETTINGS[channel]
    one = calibration.channels[channel]
    other = replace(one, null=replace(one.null, settings="of long ago"))
    with IndexWriter(index, settings=None, create=False) as writer:
        altered = replace(calibration, channels={**calibration.channels, channel: other})
        writer.put_calibration(altered, next_id=calibration.next_id)
    with pytest.raises(CalibrationError) as refused:
        Screener.open(index)
    for part in (
        str(index),
        channel,
        "of long ago",
        SETTINGS[channel],
        f"screening calibrate {index} --background FOLDER",
        "--discard",
    ):
        assert part in str(refused.value)
    calibrate(index, [studio / "background"], workers=0)
    assert states(index, textured(3))["hash"] == "own"


def test_an_index_of_other_fingerprints_is_refused(studio, tmp_path):
    """Before anything is scored."""
    path = tmp_path / "old.index"
    with IndexWriter(path, settings=SIGNALS | {"hash": "of long ago"}):
        pass
    with pytest.raises(IndexFormatError, match="enroll again"):
        calibrate(path, [studio / "background"], workers=0)


def test_too_few_images_promise_nothing(index, background):
    """One fewer than the least is an error that says how many a promise takes; the least will do.

    What fails leaves the index as it was.
    """
    files = sorted(background.iterdir())
    with pytest.raises(CalibrationError, match=r"at least 20; .* takes 1,000 unrelated images"):
        calibrate(index, files[: MIN_IMAGES - 1], workers=0)
    assert calibration_of(index) is None
    assert calibrate(index, files[:MIN_IMAGES], workers=0).calibration.images == MIN_IMAGES


def test_a_channel_that_saw_too_little_keeps_the_figures_that_ship(index, tmp_path):
    """Soft pictures have no local features: only the hash is calibrated."""
    soft = tmp_path / "soft"
    soft.mkdir()
    for seed in range(UNRELATED):
        clouds(500 + seed).save(soft / f"{seed}.png")
    assert calibrate(index, [soft], workers=0).calibration.channels.keys() == {"hash"}
    assert states(index, textured(3)) == {"hash": "own", "local": "default"}


def test_nothing_to_calibrate_is_told(studio, tmp_path):
    """An index without works, and a background that is not there."""
    empty = tmp_path / "empty.index"
    with IndexWriter(empty, settings=SIGNALS):
        pass
    with pytest.raises(CalibrationError, match="holds no references"):
        calibrate(empty, [studio / "background"], workers=0)
    with pytest.raises(PathMissingError):
        calibrate(studio / "works.index", [tmp_path / "nowhere"], workers=0)


def test_an_index_that_changes_meanwhile_is_not_calibrated(index, studio):
    """Whether something was enrolled or removed; nothing is kept."""
    works = [record_of(index, "0")]

    def enroll_one(_):
        with IndexWriter(index, settings=SIGNALS) as writer:
            writer.put_record(Record(id="new", kind=Kind.WORK, title="new"))

    def remove_one(_):
        if works:
            with IndexWriter(index, settings=None, create=False) as writer:
                writer.remove_record(works.pop())

    for change in (enroll_one, remove_one):
        with pytest.raises(CalibrationError, match="was changed while"):
            calibrate(index, [studio / "background"], workers=0, report=change)
        assert calibration_of(index) is None


def test_it_waits_for_the_writer_of_the_index(index, studio):
    """Only so long."""
    with IndexWriter(index, settings=None, create=False), pytest.raises(IndexBusyError):
        calibrate(index, [studio / "background"], workers=0, timeout=0.1)


def test_scores_are_those_of_the_screening(index, studio):
    """Each image has the score of each record that a screening lists as a candidate."""
    with ReferenceIndex.open(index) as opened:
        scores = list(score_files(walk(studio / "works"), opened, workers=0))
    with Screener.open(index) as screener:
        for one in scores:
            ranked = screener.screen(one.path, candidates=WORKS).candidates
            listed = {c.record.id: c.score for c in ranked if c.channel == "hash"}
            own = record_of(index, Path(one.path).stem)
            assert one.channels["hash"].keys() == {c.record.id for c in ranked}
            assert one.channels["hash"].items() >= listed.items()
            assert one.channels["hash"][own] == 256.0
            assert one.channels["local"][own] > 20.0
            assert (one.units["hash"], one.unread, one.complete_from["hash"]) == (1, None, 0.0)


def test_a_list_that_is_cut_says_from_where_it_is_complete(index, studio):
    """No record is missing that scores as much; where all are listed it is complete from 0."""
    with ReferenceIndex.open(index) as opened:
        cut, whole = (
            list(score_files(walk(studio / "background"), opened, records=k, workers=0))
            for k in (4, WORKS + 1)
        )
    for few, everything in zip(cut, whole, strict=True):
        listed, scores = few.channels["hash"], everything.channels["hash"]
        assert (len(listed), len(scores)) == (4, WORKS)
        assert everything.complete_from["hash"] == 0.0
        bound = few.complete_from["hash"]
        assert {i: s for i, s in scores.items() if s >= bound} == {
            i: s for i, s in listed.items() if s >= bound
        }
        assert min(listed.values()) < bound <= max(listed.values()) + 1


def test_the_best_of_all_frames_counts(index):
    """Of an animation each record has the score of the frame that shows it best."""
    frames = [textured(seed, 150, 100) for seed in (100, 3, 5)]
    data = io.BytesIO()
    frames[0].save(data, "TIFF", save_all=True, append_images=frames[1:])
    alone = [examine_pixels(frame, Limits()) for frame in frames]
    with ReferenceIndex.open(index) as opened:
        (together,) = score_examined([examine_bytes(data.getvalue(), Limits())], opened)
        apart = score_examined(alone, opened)
    assert together.units["hash"] == 3
    assert together.channels["hash"] == {
        record: max(one.channels["hash"][record] for one in apart)
        for record in together.channels["hash"]
    }


def test_a_channel_that_cannot_look_has_no_scores(index):
    """A flat picture is in no list of scores; a damaged file says why."""
    flat = examine_pixels(Image.new("RGB", (300, 200), "gray"), Limits())
    with ReferenceIndex.open(index) as opened:
        blank, damaged = score_examined([flat, examine_bytes(b"\xff\xd8\xff", Limits())], opened)
    assert (blank.channels, blank.unread) == ({}, None)
    assert damaged.channels == {}
    assert damaged.unread


def test_cleared_records_take_no_places(index, studio, tmp_path):
    """The best records are found although cleared ones come closer."""
    cleared = tmp_path / "cleared"
    cleared.mkdir()
    query = textured(100)
    for number in range(20):
        query.crop((0, 0, 300 - number, 200)).save(cleared / f"{number}.png")
    with ReferenceIndex.open(index) as opened:
        (before,) = score_examined([examine_pixels(query, Limits())], opened, records=3)
    enrolled(index, cleared, kind=Kind.CLEARED)
    with ReferenceIndex.open(index) as opened:
        (after,) = score_examined([examine_pixels(query, Limits())], opened, records=3)
    best = after.channels["hash"]
    assert len(before.channels["hash"]) == 3
    assert best.items() >= before.channels["hash"].items()


def test_the_same_scores_give_the_same_calibration(index, studio):
    """Seeded; the order of the images does not decide what is promised."""
    with ReferenceIndex.open(index) as opened:
        scores = list(score_files(walk(studio / "background"), opened, workers=0))
        first, again = (fitted(scores, opened, seed=7)[0] for _ in range(2))
        turned, _ = fitted(scores[::-1], opened, seed=7)
    assert first == replace(again, created=first.created)
    assert turned.background == first.background
    one, other = (each.channels["hash"].null for each in (first, turned))
    assert (one.scores[0], one.rates[0]) == (other.scores[0], other.rates[0])
