import math
import random
import shutil
import struct

import numpy as np
import pytest
from film import RATE, dissolve, filled, still, write_film, write_sound, zoom
from hypothesis import given
from hypothesis import strategies as st
from pictures import clouds, composed, textured
from PIL import Image

from reference_index import Kind
from screening import Coverage, Screener
from screening.enrollment import enroll, folder_sources
from screening.errors import UnreadError
from screening.images import Limits, files, load, open_picture
from screening.images.files import ClipFile
from screening.images.formats import classify
from screening.images.limits import Budget
from screening.images.sampling import MIN_UNLIKE, Choice, Chooser, is_still, unlikeness
from screening.images.video import clock, open_clip


def sampled(place, **limits):
    """Return the frames of a clip and what is left unscreened."""
    picture = open_picture(load(place).data, limits=Limits(**limits))
    return [*picture.frames], picture


def thumbnail(picture):
    return np.asarray(picture.convert("L").resize((64, 36), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Return a clip of five seconds: two stills, a zoom, a dissolve and a flash of a shot."""
    place = tmp_path_factory.mktemp("clip") / "clip.mp4"
    pictures = [filled(composed(number, 640, 360)) for number in range(4)]
    write_film(
        place,
        [
            *still(pictures[0], 1.5),
            *still(pictures[1], 0.25),
            *zoom(textured(4, 640, 360), 1.25),
            *dissolve(pictures[2], pictures[3]),
            *still(pictures[3], 1.0),
        ],
    )
    return place


def test_every_shot_is_looked_at_when_it_begins(clip):
    """Cuts are seen at their first frame, a dissolve on its way, and the rest once a second."""
    frames, picture = sampled(clip)
    times = [frame.seconds for frame in frames]
    assert {0.0, 1.5, 1.75, 3.0} <= set(times)
    assert any(3.0 < time < 4.0 for time in times)
    assert [frame.index for frame in frames] == [round(time * RATE) for time in times]
    assert (picture.unscreened_frames, picture.frame_count) == (0, len(frames))
    assert picture.notes == (f"sampled: {len(frames)} frames of 0:05 at 12 a second",)


def test_what_does_not_change_is_looked_at_once(tmp_path):
    """A still of any length is one frame, and nothing of it is left out."""
    write_film(tmp_path / "a.mp4", still(filled(composed(1, 640, 360)), 4.0))
    (frame,), picture = sampled(tmp_path / "a.mp4")
    assert (frame.index, frame.seconds, picture.unscreened_frames) == (0, 0.0, 0)


@pytest.mark.parametrize(
    ("form", "name", "codec", "demuxer"),
    [
        ("mp4", "a.mp4", "mpeg4", "mov"),
        ("mov", "a.mov", "mpeg4", "mov"),
        ("matroska", "a.mkv", "mpeg4", "matroska"),
        ("avi", "a.avi", "mpeg4", "avi"),
        ("mpegts", "a.ts", "mpeg2video", "mpegts"),
        ("mpeg", "a.mpg", "mpeg2video", "mpeg"),
        ("flv", "a.flv", "flv", "flv"),
        ("asf", "a.wmv", "msmpeg4", "asf"),
    ],
)
def test_containers_are_known_by_their_bytes(tmp_path, form, name, codec, demuxer):
    """Whatever the file is called; each opens, and shows its two shots."""
    shots = [filled(composed(number, 640, 360), (320, 180)) for number in (1, 2)]
    place = tmp_path / name
    # an even rate that MPEG-2 has too
    write_film(place, [*still(shots[0], 1), *still(shots[1], 1)], form=form, codec=codec, rate=25)
    assert classify(place.read_bytes()[:4096], "board").clip == demuxer
    frames, picture = sampled(place)
    assert (picture.format, picture.width, picture.height) == ("video", 320, 180)
    assert len(frames) >= 2
    for frame, shot in ((frames[0], shots[0]), (frames[-1], shots[1])):
        assert unlikeness(thumbnail(Image.fromarray(frame.rgb)), thumbnail(shot)) < 0.1


@pytest.mark.parametrize(
    ("head", "clip"),
    [
        (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02", "mxf"),
        (b"\0\0\0\x18ftypheic", None),
        (b"\0\0\0\x18ftypavif", None),
        (b"\0\0\0\x18ftypcrx ", None),
        (b"\0\0\0\x18ftypM4A ", None),
        (b"anything", None),
    ],
)
def test_still_pictures_and_sound_are_no_clips(head, clip):
    """What shares a container with clips keeps its kind, and a name alone opens nothing."""
    assert classify(head, "a.mp4").clip == clip


def test_bytes_and_file_give_the_same_frames(clip):
    """A clip is read from where it lies, or from memory."""
    frames, _ = sampled(clip)
    others = [*open_picture(clip.read_bytes()).frames]
    assert [frame.seconds for frame in frames] == [frame.seconds for frame in others]
    assert all(np.array_equal(a.gray, b.gray) for a, b in zip(frames, others, strict=True))


def test_a_clip_is_turned_as_players_turn_it(tmp_path):
    """Rotation stands beside the stream; the frame is upright, counterclockwise by so much."""
    shot = filled(textured(3, 640, 360))
    for turned, way in ((90, Image.Transpose.ROTATE_90), (180, Image.Transpose.ROTATE_180)):
        write_film(tmp_path / "a.mp4", still(shot, 0.5), turned=turned)
        (frame,), _ = sampled(tmp_path / "a.mp4")
        upright = shot.transpose(way)
        assert (frame.width, frame.height) == upright.size
        assert unlikeness(thumbnail(Image.fromarray(frame.rgb)), thumbnail(upright)) < 0.1


def test_times_are_those_of_the_stream(tmp_path):
    """Where frames are unevenly spaced, seconds count, and there is no rate."""
    shots = [filled(composed(number, 640, 360)) for number in (1, 2)]
    times = [0.05 * number for number in range(24)] + [1.2 + 0.2 * number for number in range(12)]
    write_film(tmp_path / "a.mp4", [*still(shots[0]), *still(shots[1], 1)], times=times)
    frames, picture = sampled(tmp_path / "a.mp4")
    assert [(frame.index, frame.seconds) for frame in frames] == [(0, 0.0), (24, 1.2)]
    with open_clip(load(tmp_path / "a.mp4").data, Budget(Limits()), []) as opened:
        assert opened.rate is None
    assert picture.unscreened_frames == 0


def test_a_stream_that_counts_anew_goes_on(tmp_path):
    """Of two put together the second is looked at too, at times that rise."""
    parts = []
    for number in (1, 2):
        shot = still(filled(composed(number, 640, 360)), 2.0)
        write_film(tmp_path / "a.ts", shot, form="mpegts", codec="mpeg2video", rate=25)
        parts.append((tmp_path / "a.ts").read_bytes())
    (tmp_path / "a.ts").write_bytes(b"".join(parts))
    with open_clip(load(tmp_path / "a.ts").data, Budget(Limits()), []) as opened:
        samples = [one for one in opened.samples() if one.frame]
    assert len(samples) == 2
    length = 2.0 * RATE / 25
    assert [one.seconds for one in samples] == pytest.approx([0.0, length], abs=0.2)


def test_a_long_clip_is_sampled_evenly_and_says_what_it_is(clip):
    """More seconds than frames may be looked at: so many are spread over it, the rest left out."""
    frames, picture = sampled(clip, max_frames=3)
    seconds = [frame.seconds for frame in frames]
    assert len(frames) == 3
    assert seconds == sorted(seconds)
    assert max(np.diff(seconds)) < 3.0
    assert (picture.frame_count, picture.unscreened_frames) == (6, 3)
    assert "sampled: 3 frames of 0:05" in picture.notes[0]
    assert "screened 3 of 6 frames" in picture.notes


@pytest.mark.parametrize("most", [1, 2, 5, 6, 7, 12])
def test_no_more_frames_are_looked_at_than_are_allowed(clip, most):
    """Changes of the picture are looked at as far as there is room; the note says how far."""
    frames, picture = sampled(clip, max_frames=most)
    assert 1 <= len(frames) <= most
    if most >= 6:  # one a second
        assert picture.unscreened_frames == 0
        assert "of shots under" in picture.notes[0]
    else:
        assert picture.unscreened_frames == 6 - len(frames)


def test_a_truncated_clip_is_not_looked_at_wholly(tmp_path):
    """What can be read is; how much is missing is estimated, and at least 1."""
    frames = [*still(filled(composed(1, 640, 360)), 2), *still(filled(composed(2, 640, 360)), 4)]
    write_film(tmp_path / "a.mkv", frames, form="matroska", codec="mpeg4")
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data[: len(data) // 3])
    shown, picture = sampled(tmp_path / "a.mkv")
    assert shown
    assert picture.unscreened_frames >= 1
    assert any("of 0:06" in note or "damaged" in note for note in picture.notes)


@pytest.mark.parametrize(
    ("stated", "missing"),
    [(1e15, True), (1e300, False), (-5.0, False), (0.0, False), (math.nan, False)],
)
def test_a_length_that_is_not_true_costs_nothing(tmp_path, stated, missing):
    """Whatever is said, what is there is looked at; less than what can be true is missing."""
    frames = [*still(filled(composed(1, 640, 360)), 2), *still(filled(composed(2, 640, 360)), 2)]
    write_film(tmp_path / "a.mkv", frames, form="matroska", codec="mpeg4")
    data = bytearray((tmp_path / "a.mkv").read_bytes())
    at = data.index(b"\x44\x89\x88") + 3
    assert struct.unpack_from(">d", data, at) == (4000.0,)  # milliseconds
    struct.pack_into(">d", data, at, stated)
    (tmp_path / "a.mkv").write_bytes(bytes(data))
    shown, picture = sampled(tmp_path / "a.mkv")
    assert shown
    assert (picture.unscreened_frames > 0) is missing


def test_a_clip_without_its_index_is_unread(clip, tmp_path):
    """An MP4 that lost its end cannot be opened, and an empty container shows nothing."""
    data = clip.read_bytes()
    for content in (data[: len(data) // 2], data[:32], b"\x1a\x45\xdf\xa3" + bytes(500)):
        (tmp_path / "a.mp4").write_bytes(content)
        with pytest.raises(UnreadError, match=r"^(broken|video)"):
            sampled(tmp_path / "a.mp4")


def test_sound_alone_has_no_frames(tmp_path):
    """It was called a clip by its bytes, so it is unread."""
    write_sound(tmp_path / "a.mp4")
    with pytest.raises(UnreadError, match=r"^video without pictures: sound only$"):
        sampled(tmp_path / "a.mp4")


def test_hostile_bytes_end_in_frames_or_a_reason(clip, tmp_path):
    """Whichever bytes are changed, nothing but an UnreadError comes of it."""
    data, random_of = clip.read_bytes(), random.Random(1)
    for _ in range(25):
        broken = bytearray(data)
        for _ in range(random_of.choice((1, 30, 300))):
            broken[random_of.randrange(len(broken))] = random_of.randrange(256)
        (tmp_path / "a.mp4").write_bytes(bytes(broken))
        try:
            frames, picture = sampled(tmp_path / "a.mp4", max_seconds=5.0)
        except UnreadError:
            continue
        assert frames
        assert picture.unscreened_frames >= 0


def test_limits_hold_for_clips(clip):
    """Size, pixels and time: the first two at their bounds too."""
    size = clip.stat().st_size
    assert load(clip, limits=Limits(max_bytes=size)).sha256
    with pytest.raises(UnreadError, match="too large"):
        load(clip, limits=Limits(max_bytes=size - 1))
    assert sampled(clip, max_pixels=480 * 270)[0]
    with pytest.raises(UnreadError, match="too large: 480 × 270"):
        sampled(clip, max_pixels=480 * 270 - 1)
    with pytest.raises(UnreadError, match="took longer"):
        sampled(clip, max_seconds=1e-9)


def test_a_clip_that_changed_since_is_not_read(clip, tmp_path):
    """Its digest would be that of other bytes."""
    shutil.copy(clip, tmp_path / "a.mp4")
    loaded = load(tmp_path / "a.mp4")
    assert isinstance(loaded.data, ClipFile)
    with (tmp_path / "a.mp4").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(UnreadError, match="changed while it was read"):
        open_picture(loaded.data)


def test_without_the_extra_a_clip_is_unread(clip, monkeypatch):
    """The reason names what to install, for files and for bytes."""
    monkeypatch.setattr(files, "find_spec", lambda _: None)
    files.plays_video.cache_clear()
    try:
        skip = load(clip).type.skip
        assert (skip.unread, "pip install 'screening[video]'" in skip.reason) == (True, True)
        with pytest.raises(UnreadError, match="screening\\[video\\]"):
            open_picture(clip.read_bytes())
    finally:
        monkeypatch.undo()
        files.plays_video.cache_clear()


def test_a_scan_screens_clips_like_pictures(clip, tmp_path):
    """A work that a clip shows for a quarter of a second is found, in the frame where it shows."""
    (tmp_path / "works").mkdir()
    filled(composed(1, 640, 360)).save(tmp_path / "works" / "quick.png")
    index, board = tmp_path / "index", tmp_path / "board"
    enroll(index, folder_sources(tmp_path / "works", kind=Kind.WORK), workers=0)
    board.mkdir()
    shutil.copy(clip, board / "clip.mp4")
    write_sound(board / "sound.mp4")
    with Screener.open(index) as screener:
        found, sound = screener.scan(board, workers=1)
    assert (found.coverage, found.reason) == (Coverage.COMPLETE, None)
    (finding,) = found.findings
    assert (finding.record.title, finding.frame) == ("quick", 18)
    assert found.notes[0].startswith("sampled: ")
    assert sound.coverage is Coverage.UNREAD


thumbnails = st.integers(0, 2**32).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (36, 64), np.uint8)
)


@given(thumbnails, thumbnails)
def test_unlikeness_is_a_symmetric_share(one, other):
    """From 0, of a picture to itself, to 1."""
    assert unlikeness(one, one) == 0.0
    assert unlikeness(one, other) == pytest.approx(unlikeness(other, one))
    assert 0.0 <= unlikeness(one, other) <= 1.0


def test_unlikeness_sees_pictures_and_not_light():
    """Brightness makes no difference; another picture does, in the dark too."""
    one, other = (thumbnail(composed(number)) for number in (1, 2))
    dark, dark_other = (thumb // 8 for thumb in (one, other))
    assert unlikeness(one // 2, one // 2 + 60) == 0.0
    assert unlikeness(one, other) > MIN_UNLIKE
    assert unlikeness(dark, dark_other) > MIN_UNLIKE
    assert unlikeness(thumbnail(clouds(1)), thumbnail(clouds(2))) > MIN_UNLIKE


def test_a_small_change_is_no_still():
    """Four levels in one cell are noise, five a change."""
    one = np.full((36, 64), 100, np.uint8)
    other = one.copy()
    other[3, 5] = 104
    assert is_still(one, other)
    other[3, 5] = 95
    assert not is_still(one, other)


def test_a_frame_is_due_after_a_second_or_a_change():
    """Both bounds are inclusive; two that are too close wait for one another."""
    plain, changed = thumbnail(composed(1)), thumbnail(composed(2))
    chooser = Chooser(apart=0.5)
    assert chooser.choose(0.0, plain) is Choice.LOOK
    assert chooser.choose(0.9, plain) is Choice.PASS
    assert chooser.choose(1.0, plain) is Choice.KNOWN
    assert chooser.choose(1.4, changed) is Choice.PASS
    assert chooser.choose(1.5, changed) is Choice.LOOK
    assert chooser.choose(2.4, changed) is Choice.PASS
    assert chooser.choose(2.5, changed) is Choice.KNOWN


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0:00"), (59.9, "0:59"), (130, "2:10"), (7325, "2:02:05")]
)
def test_lengths_are_told_in_minutes(seconds, expected):
    """Hours only where there are some."""
    assert clock(seconds) == expected
