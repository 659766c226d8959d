import csv
import io
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from film import RATE, dissolve, filled, fitted, still, titled, write_film, write_sound, zoom
from pictures import composed, textured

from reference_index import Kind, Record, ReferenceIndex
from screening import Coverage, Screener
from screening.approvals import EntryKind, Store
from screening.deliverables import FILM_LIMITS, deliverables, film, remember, timecode
from screening.deliverables.film import messages
from screening.deliverables.lines import Totals, csv_head, csv_lines, json_line
from screening.deliverables.reader import Ended, Looked, Opened, read
from screening.deliverables.sightings import Tally
from screening.demo import figure, poster, scene
from screening.enrollment import Outcome, enroll, folder_sources
from screening.errors import InputInvalidError, PathMissingError
from screening.images import Limits
from screening.matching import ChannelReport, ChannelState, Finding
from screening.matching.findings import WHOLE_PICTURE, ChannelEvidence

WIDE, TALL = (640, 360), (360, 480)
SHOTS = {  # of placeholders: from which second of the film, how long
    "market": (2, 2),
    "harbor": (6, 2),
    "street": (8, 2),
    "tide": (12, 2),
    "summit": (15, 1),
    "lake": (18, 0.25),
}


@pytest.fixture(scope="module")
def placeholders():
    wide = {
        kind: scene(np.random.default_rng(seed), WIDE, kind=kind)
        for seed, kind in enumerate(("market", "harbor", "street", "lake", "desert"))
    }
    tall = {
        kind: poster(np.random.default_rng(seed), TALL, kind=kind)
        for seed, kind in enumerate(("tide", "summit"))
    }
    return wide | tall


@pytest.fixture(scope="module")
def board(placeholders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    for title, picture in placeholders.items():
        picture.save(folder / f"{title}.png")
    return folder


@pytest.fixture(scope="module")
def index(board, tmp_path_factory):
    place = tmp_path_factory.mktemp("index") / "temporary.index"
    remember(place, board, workers=0)
    return place


@pytest.fixture(scope="module")
def cut(placeholders, tmp_path_factory):
    """Return a film at a low bit rate, in which other pictures stand between placeholders."""
    place = tmp_path_factory.mktemp("film") / "cut.mp4"
    others = [filled(composed(50 + number, *WIDE)) for number in range(4)]
    man = fitted(figure(np.random.default_rng(7), TALL))
    summit = fitted(placeholders["summit"])
    write_film(
        place,
        [
            *still(others[0]),
            *still(filled(placeholders["market"])),
            *zoom(textured(60, *WIDE)),
            *zoom(placeholders["harbor"]),
            *titled(still(filled(placeholders["street"])), "Chapter Two"),
            *still(man),
            *still(fitted(placeholders["tide"])),
            *dissolve(others[1], summit),
            *still(summit, 1),
            *still(others[2]),
            *still(filled(placeholders["lake"]), 0.25),
            *still(others[3], 1.75),
        ],
        bit_rate=300_000,
        sound=True,
    )
    return place


@pytest.fixture(scope="module")
def found(index, cut):
    """Return what is found in the film, by a process of its own, and where it said it was."""
    positions = []
    with Screener.open(index) as screener:
        (one,) = deliverables(screener, cut, workers=1, progress=positions.append)
    return one, positions


def test_every_planted_shot_is_found_and_no_other(found):
    """Full, zoomed, titled, letterboxed, dissolved and a quarter of a second short."""
    one, _ = found
    assert one.found
    assert one.coverage is Coverage.COMPLETE
    assert one.kind == "film"
    assert sorted(SHOTS) == sorted(s.finding.record.title for s in one.sightings if s.certain)


def test_a_sighting_lies_within_its_shot(found):
    """First and last sight are frames of the shot, the first within a second of its beginning."""
    one, _ = found
    for sighting in one.sightings:
        begins, lasts = SHOTS[sighting.finding.record.title]
        early = 1.0 if sighting.finding.record.title == "summit" else 0.0  # in its dissolve
        assert begins - early <= sighting.first <= sighting.last <= begins + lasts
        assert sighting.first <= begins + 1
        assert sighting.first == pytest.approx(sighting.frames[0] / RATE)
        assert set(sighting.channels) <= {"hash", "local", "embedding:copies-v1"}


def test_several_frames_of_a_shot_are_one_sighting(found):
    """Also where each of them was looked at anew, as in a zoom, or was known from the last."""
    one, _ = found
    frames = {s.finding.record.title: s.frames for s in one.sightings}
    assert frames["market"] == (2 * RATE, 3 * RATE)
    assert len(frames["harbor"]) >= 2


def test_progress_tells_where_in_the_film_we_are(found):
    """Seconds rise to the end, of the length that the film states."""
    one, positions = found
    assert [p.seconds for p in positions] == sorted(p.seconds for p in positions)
    assert positions[-1].seconds == pytest.approx(19, abs=1)
    assert positions[-1].of == one.seconds == pytest.approx(20, abs=0.1)
    assert positions[-1].frames <= 20 * RATE
    assert "0:19 of 0:20" in positions[-1].in_words


def test_a_process_of_its_own_says_what_this_one_says(cut):
    """Message by message, and decoding by several threads changes nothing."""
    here = [*messages(str(cut), FILM_LIMITS, workers=0)]
    there = [*messages(str(cut), FILM_LIMITS, workers=2)]
    assert isinstance(here[0], Opened)
    assert isinstance(here[-1], Ended)
    assert (here[0], here[-1]) == (there[0], there[-1])
    for one, other in zip(here[1:-1], there[1:-1], strict=True):
        assert (one.number, one.seconds) == (other.number, other.seconds)
        if one.examined is not None:
            (mine,), (theirs,) = one.examined.fingerprints, other.examined.fingerprints
            assert np.array_equal(mine.hashes.codes, theirs.hashes.codes)
            assert np.array_equal(mine.local.descriptors, theirs.local.descriptors)


def test_pictures_are_deliverables_too(index, board, placeholders, tmp_path):
    """In path order, each with its result; what is neither is listed."""
    placeholders["market"].crop((40, 30, 900, 520)).save(tmp_path / "b final.jpg", quality=70)
    composed(70, *WIDE).save(tmp_path / "a other.png")
    (tmp_path / "c.txt").write_text("notes")
    (tmp_path / "d.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with Screener.open(index) as screener:
        a, b, c, d = deliverables(screener, tmp_path, workers=0)
    assert (a.found, a.coverage, a.kind) == (False, Coverage.COMPLETE, "picture")
    assert [s.finding.record.title for s in b.sightings] == ["market"]
    assert (b.sightings[0].first, b.sightings[0].frames) == (None, (0,))
    assert (c.coverage, c.reason) == (None, "not an image")
    assert (d.coverage, d.found) == (Coverage.UNREAD, False)
    assert d.unfinished


def test_only_temporary_records_count(placeholders, tmp_path):
    """A work that a picture copies is for a scan to tell."""
    for name, kind in (("works", Kind.WORK), ("board", Kind.TEMPORARY)):
        (tmp_path / name).mkdir()
        picture = placeholders["market" if kind is Kind.WORK else "harbor"]
        picture.save(tmp_path / name / "picture.png")
    enroll(tmp_path / "index", folder_sources(tmp_path / "works", kind=Kind.WORK), workers=0)
    with (
        Screener.open(tmp_path / "index") as screener,
        pytest.raises(InputInvalidError, match=r"no temporary records in .*remember BOARD"),
    ):
        deliverables(screener, tmp_path / "works")
    remember(tmp_path / "index", tmp_path / "board", workers=0)
    with Screener.open(tmp_path / "index") as screener:
        temporary, work = deliverables(screener, tmp_path / "board", tmp_path / "works", workers=0)
        with pytest.raises(TypeError, match="nothing to look at"):
            deliverables(screener)
        with pytest.raises(PathMissingError):
            next(iter(deliverables(screener, tmp_path / "absent")))
    assert temporary.found
    assert not work.found
    assert work.sightings == ()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_film_cut_short_tells_what_was_seen_and_that_it_is_not_all(index, cut, tmp_path, workers):
    """What lies before the end is found; the rest is insufficiently looked at."""
    place = tmp_path / "film.mkv"
    frames = [*still(filled(composed(80, *WIDE)), 1), *still(filled(composed(81, *WIDE)), 3)]
    write_film(place, frames, form="matroska", codec="mpeg4")
    data = place.read_bytes()
    place.write_bytes(data[: len(data) // 3])
    (tmp_path / "half.mp4").write_bytes(cut.read_bytes()[:200_000])
    with Screener.open(index) as screener:
        short, half = deliverables(screener, tmp_path, workers=workers)
    assert (short.coverage, half.coverage) == (Coverage.INSUFFICIENT, Coverage.UNREAD)
    assert short.looked_at >= 1
    assert "of 0:04" in short.reason or "damaged" in short.reason
    assert half.reason.startswith("broken or truncated video")


def test_sound_alone_is_unread(index, tmp_path):
    """A file that may hold pictures and shows none is not passed over in silence."""
    write_sound(tmp_path / "sound.mp4")
    with Screener.open(index) as screener:
        (one,) = deliverables(screener, tmp_path, workers=0)
    assert (one.coverage, one.reason) == (Coverage.UNREAD, "video without pictures: sound only")


def test_a_reader_that_dies_is_told(cut, monkeypatch):
    """What it had sent is kept, and the place where it stopped is named."""
    told = messages(str(cut), FILM_LIMITS, workers=1)
    assert isinstance(next(told), Opened)
    told.gi_yieldfrom.gi_frame.f_locals["self"]._process.kill()
    *_, last = told
    assert isinstance(last, Ended)
    assert "decoder crashed (status -9), not looked at beyond 0:" in last.unscreened


def test_a_reader_that_falls_silent_is_ended(cut, monkeypatch):
    """It is given its time and no more, and then says where it stopped."""
    monkeypatch.setattr(film, "_PATIENCE_SECONDS", 60.0)
    told = messages(str(cut), FILM_LIMITS, workers=1)
    assert isinstance(next(told), Opened)
    monkeypatch.setattr(film, "_PATIENCE_SECONDS", 0.1)
    reader = told.gi_yieldfrom.gi_frame.f_locals["self"]
    os.kill(reader._process.pid, signal.SIGSTOP)
    *_, last = told
    assert "decoder silent for " in last.unscreened
    assert reader._process.poll() is not None


def test_what_is_no_film_and_what_is_too_large_is_said(tmp_path, cut):
    """Reading yields an end and nothing else."""
    (tmp_path / "a.txt").write_text("text")
    assert [*read(str(tmp_path / "a.txt"), FILM_LIMITS)] == [Ended(unscreened="not an image")]
    (end,) = read(str(cut), Limits(max_bytes=100))
    assert end.unscreened.startswith("too large: ")
    *_, last = read(str(cut), replace(FILM_LIMITS, max_seconds=1e-9))
    assert last.unscreened.startswith("took longer than 1e-09 s")


def evidence(false_alarms, *, channel="hash", title="a"):
    return Finding(
        record=Record(id=title, kind=Kind.TEMPORARY, title=title),
        false_alarms=false_alarms,
        measured_to=1e-9,
        channels=(
            ChannelEvidence(
                channel=channel,
                score=1.0,
                unit="bits",
                false_alarms=false_alarms,
                extrapolated=False,
                measured_to=1e-9,
                calibration="own",
                reference_image="",
                transform="as it is",
                frame=0,
            ),
        ),
        region=WHOLE_PICTURE,
        frame=0,
    )


RAN = {"hash": ChannelReport(state=ChannelState.RAN)}


def test_false_alarms_are_those_of_all_frames_looked_at():
    """A frame counts for as many pictures as there are; at the threshold it still counts."""
    for frames, certain in ((10, True), (11, False)):
        tally = Tally()
        tally.add(0, 0.0, [evidence(1e-4)], RAN)
        for number in range(1, frames):
            tally.add(number, float(number), [], RAN)
        (sighting,) = tally.sightings(flag_at=1e-3)
        assert sighting.certain is certain
        assert sighting.finding.false_alarms == pytest.approx(frames * 1e-4)


def test_a_frame_that_repeats_the_last_is_seen_and_costs_nothing():
    """It lasts as long as it is shown, and is one picture."""
    tally = Tally()
    tally.add(0, 0.0, [evidence(1e-4)], RAN)
    tally.repeat(24, 1.0)
    tally.repeat(48, 2.0)
    tally.add(72, 3.0, [], RAN)
    tally.repeat(96, 4.0)
    (sighting,) = tally.sightings(flag_at=1e-3)
    assert (sighting.frames, sighting.last) == ((0, 24, 48), 2.0)
    assert sighting.finding.false_alarms == pytest.approx(2e-4)


@pytest.mark.parametrize(("away", "count"), [(2.5, 1), (2.51, 2)])
def test_a_record_that_was_away_for_long_is_seen_again(away, count):
    """Up to two and a half seconds it is the same sighting."""
    tally = Tally()
    tally.add(0, 0.0, [evidence(1e-7)], RAN)
    tally.add(1, 1.0, [], RAN)
    tally.add(2, away, [evidence(1e-8, channel="local")], RAN)
    sightings = tally.sightings(flag_at=1e-3)
    assert len(sightings) == count
    if count == 1:
        assert sightings[0].channels == ("local", "hash")


def test_what_is_only_possible_never_widens_what_is_certain():
    """Between two certain frames it counts as one of them, before them it is a sighting apart."""
    tally = Tally()
    for number, rate in enumerate((1e-4, 1e-7, 1e-4, 1e-7)):
        tally.add(number, number / 2, [evidence(rate)], RAN)
    possible, certain = tally.sightings(flag_at=1e-4)
    assert (possible.certain, possible.frames) == (False, (0,))
    assert (certain.certain, certain.frames) == (True, (1, 2, 3))


def test_a_plain_frame_makes_no_film_poorly_looked_at():
    """A channel has done what it did where it could do most."""
    weak = {"hash": ChannelReport(state=ChannelState.WEAK, reason="too plain")}
    tally = Tally()
    tally.add(0, 0.0, [], weak)
    assert tally.channels == weak
    tally.add(1, 1.0, [], RAN)
    tally.add(2, 2.0, [], weak)
    assert tally.channels == RAN


@pytest.mark.parametrize(
    ("seconds", "rate", "expected"),
    [
        (0.0, 24.0, "00:00:00:00"),
        (3661.5, 24.0, "01:01:01:12"),
        (0.9999, 25.0, "00:00:01:00"),
        (1.001, 24000 / 1001, "00:00:01:00"),
        (3661.5, None, "01:01:01.500"),
        (59.9996, None, "00:01:00.000"),
    ],
)
def test_timecodes_count_frames_where_they_are_even(seconds, rate, expected):
    """Hours, minutes, seconds and frames; milliseconds of what has no rate."""
    assert timecode(seconds, rate) == expected


def test_what_is_remembered_is_temporary_and_known_by_its_bytes(board, placeholders, tmp_path):
    """Each file is a record titled after it; under another name it is no second one."""
    place = tmp_path / "new.index"
    first = remember(place, board, workers=0)
    assert len(first.enrolled) == len(placeholders)
    assert (first.already, first.problems) == (0, ())
    copy = tmp_path / "again"
    copy.mkdir()
    (copy / "market copy.png").write_bytes((board / "market.png").read_bytes())
    manifest = (place / "manifest.json").read_bytes()
    again = remember(place, board, copy, workers=0)
    assert (again.enrolled, again.already) == ((), len(placeholders) + 1)
    assert (place / "manifest.json").read_bytes() == manifest
    with ReferenceIndex.open(place) as opened:
        assert (again.uuid, again.updated) == (opened.uuid, opened.updated)
        records = [*opened.records()]
        assert {r.kind for r in records} == {Kind.TEMPORARY}
        assert sorted(r.title for r in records) == sorted(placeholders)
        assert sorted(i.sha256 for r in records for i in opened.images(r.id)) == sorted(
            first.enrolled
        )


def test_clips_are_remembered_by_their_frames(placeholders, tmp_path):
    """What a clip shows anywhere is found in a picture."""
    write_film(
        tmp_path / "clip.mp4",
        [*still(filled(placeholders["desert"]), 1), *still(filled(placeholders["harbor"]), 1)],
    )
    done = remember(tmp_path / "index", tmp_path / "clip.mp4", workers=0)
    assert (len(done.enrolled), done.problems) == (1, ())
    placeholders["harbor"].save(tmp_path / "final.png")
    with Screener.open(tmp_path / "index") as screener:
        (one,) = deliverables(screener, tmp_path / "final.png", workers=0)
    assert [s.finding.record.title for s in one.sightings] == ["clip"]


def test_what_cannot_be_remembered_is_told(tmp_path):
    """A broken picture is a problem, a text is none, and a board must be there."""
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "board" / "notes.txt").write_text("text")
    told = []
    done = remember(tmp_path / "index", tmp_path / "board", workers=0, report=told.append)
    assert [one.outcome for one in told] == [Outcome.UNREAD, Outcome.PASSED_OVER]
    assert [one.outcome for one in done.problems] == [Outcome.UNREAD]
    assert done.enrolled == ()
    with ReferenceIndex.open(tmp_path / "index") as opened:
        assert opened.record_count == 0
    with pytest.raises(PathMissingError):
        remember(tmp_path / "index", tmp_path / "absent")
    with pytest.raises(TypeError, match="nothing to remember"):
        remember(tmp_path / "index")


def test_the_commands_remember_and_find(run, board, placeholders, tmp_path):
    """From a board to a film, with the exit code of something found."""
    place, clip = tmp_path / "my.index", tmp_path / "film.mp4"
    write_film(
        clip, [*still(filled(composed(92, *WIDE)), 1), *still(filled(placeholders["lake"]), 1)]
    )
    code, out, _ = run("remember", board, "--index", place, "--workers", "0")
    assert (code, out) == (
        0,
        f"{place}: 7 remembered, 0 already known, 0 could not be used wholly\n",
    )
    arguments = ("deliverables", clip, "--index", place, "--workers", "0")
    code, out, _ = run(*arguments)
    assert code == 3
    assert "“lake” 00:00:01:00, 1 frame: " in out
    assert "temporary material in 1, 1 times" in out
    report = tmp_path / "report.csv"
    code, out, talk = run(*arguments, "--format", "csv", "--output", report)
    assert (code, out, report.read_text().count("\n")) == (3, "", 2)
    assert "temporary material in 1, 1 times" in talk


def test_formats_tell_the_same(found, cut):
    """A line of JSON for the film, a row of CSV for each sighting."""
    one, _ = found
    line = json.loads(json_line(one))
    assert [line["path"], line["result"], line["clauses"]] == [str(cut), "found", ["P4", "G3"]]
    (lake,) = [s for s in line["sightings"] if s["record"]["title"] == "lake"]
    assert lake["first"] == lake["last"] == {"seconds": 18.0, "timecode": "00:00:18:00"}
    assert lake["certain"]
    rows = [*csv.DictReader(io.StringIO(csv_head() + csv_lines(one)))]
    assert {row["title"] for row in rows if row["result"] == "found"} == set(SHOTS)
    assert [row["first"] for row in rows] == [s["first"]["timecode"] for s in line["sightings"]]
    totals = Totals()
    totals.add(one)
    assert totals.to_json()["with_temporary_material"] == 1
    assert totals.to_json()["sightings"] == len(SHOTS)


def test_exit_codes_tell_nothing_found_from_not_looked_at(run, index, tmp_path):
    """0 and 4; without an index it is a usage error, without temporary records an error."""
    composed(90).save(tmp_path / "a.png")
    assert run("deliverables", tmp_path, "--index", index, "--workers", "0")[0] == 0
    (tmp_path / "b.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(100))
    code, out, _ = run("deliverables", tmp_path, "--index", index, "--workers", "0")
    assert code == 4
    assert "unread" in out
    code, _, talk = run("deliverables", tmp_path)
    assert (code, "give --index INDEX" in talk) == (2, True)


def test_the_path_of_a_film_may_be_any_bytes(index, tmp_path):
    """The file is opened here, whatever its name would mean to a decoder."""
    for name in (b"caf\xe9.mp4", b"concat:x.mp4", b"-i.mp4"):
        place = Path(str(tmp_path)) / name.decode("utf-8", "surrogateescape")
        write_film(tmp_path / "plain.mp4", still(filled(composed(91, *WIDE)), 0.5))
        (tmp_path / "plain.mp4").rename(place)
        looked = [one for one in read(str(place), FILM_LIMITS) if isinstance(one, Looked)]
        assert len(looked) == 1


def test_what_is_remembered_is_put_on_record_once(run, board, tmp_path):
    """Where a store is named: how many pictures, into which index, found again by any of them."""
    place, store = tmp_path / "temporary.index", tmp_path / "approvals.db"
    arguments = ("remember", board, "--index", place, "--workers", "0", "--store", store)
    _, first, _ = run(*arguments)
    _, second, _ = run(*arguments)
    with Store.open(store) as opened, ReferenceIndex.open(place) as index:
        (entry,) = opened.entries()
        digests = {image.sha256 for one in index.records() for image in index.images(one.id)}
        assert entry.kind is EntryKind.TEMPORARY_ENROLLED
        assert entry.body == {
            "index": index.uuid, "as_of": index.updated, "pictures": len(digests)
        }  # fmt: skip
        assert {*entry.particulars["sha256s"]} == digests
        assert [one.id for one in opened.entries(subject=min(digests))] == [entry.id]
    assert entry.id in first
    assert "on record" not in second
