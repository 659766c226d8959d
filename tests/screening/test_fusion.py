import hashlib
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from reference_index import (
    ISOMETRIES,
    Fingerprint,
    IndexWriter,
    Kind,
    Record,
    ReferenceIndex,
)
from reference_index.fingerprint import HASH_CHANNEL, LOCAL_CHANNEL
from screening.demo import poster
from screening.images import from_pil
from screening.matching import ChannelState, default_null, match
from screening.matching.findings import WHOLE_PICTURE
from screening.matching.local import local_matches
from screening.signals import SETTINGS, fingerprint

SIZE = (400, 300)
NAMES = ("tide", "skyline", "portal")


def seen(image: Image.Image, *, frame: int = 0) -> Fingerprint:
    (only,) = from_pil(image).frames
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return replace(fingerprint(only, sha256=digest), frame=frame)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Make and open indexes of records and an image each; records named cleared… are cleared."""
    with ExitStack() as stack:

        def make(content, channels=tuple(SETTINGS)):
            path = tmp_path_factory.mktemp("index") / "works.index"
            settings = {channel: SETTINGS[channel] for channel in channels}
            with IndexWriter(path, settings=settings) as writer:
                for name, image in content.items():
                    kind = Kind.CLEARED if name.startswith("cleared") else Kind.WORK
                    writer.put_record(Record(id=name, kind=kind, title=name))
                    one = seen(image)
                    writer.add_image(
                        name,
                        one.hashes.codes[:1] if HASH_CHANNEL in channels else None,
                        sha256=one.sha256,
                        width=one.width,
                        height=one.height,
                        source=f"{name}.png",
                        local=[(one.local, one.width / one.height)]
                        if LOCAL_CHANNEL in channels
                        else [],
                    )
            return stack.enter_context(ReferenceIndex.open(path))

        yield make


@pytest.fixture(scope="module")
def works() -> dict[str, Image.Image]:
    return {
        name: poster(np.random.default_rng(seed), SIZE, kind=name, title=name)
        for seed, name in enumerate(NAMES)
    }


@pytest.fixture(scope="module")
def index(opened, works) -> ReferenceIndex:
    return opened(works)


def found(frames, indexes, **options):
    (matches,) = match([frames], indexes, note_at=0.01, **options)
    return matches


def states(matches):
    """Return the states of the channels without a model."""
    return {name: matches.channels[name].state for name in ("hash", "local")}


def test_a_copy_is_one_finding_of_both_channels(index, works):
    """Its number is that of the rarer channel, times the two searches that ran."""
    matches = found([seen(works["tide"])], [index])
    finding = matches.findings[0]
    assert finding.record.id == "tide"
    assert {one.channel for one in finding.channels} == {"hash", "local"}
    numbers = [one.false_alarms for one in finding.channels]
    assert numbers == sorted(numbers)
    assert finding.false_alarms == 2 * numbers[0]
    assert finding.measured_to == 2 * min(one.measured_to for one in finding.channels)
    assert states(matches) == {"hash": ChannelState.RAN, "local": ChannelState.RAN}


def test_a_part_is_a_finding_of_the_local_channel(index, works):
    """What no hash sees is told with its place, its shares and its features."""
    crop = seen(works["tide"].crop((100, 75, 320, 260)))
    finding, *_ = found([crop], [index]).findings
    (evidence,) = finding.channels
    (expected, *_) = local_matches(crop, [index])
    assert evidence.channel == "local"
    assert evidence.unit == "log significance"
    assert (evidence.score, evidence.inliers) == (expected.score, expected.inliers)
    assert (evidence.region, evidence.share) == (expected.region, expected.share)
    assert evidence.reference_region == expected.reference_region
    assert evidence.reference_share == expected.reference_share
    assert evidence.transform == expected.transform
    assert evidence.reference_image == hashlib.sha256(works["tide"].tobytes()).hexdigest()
    null = default_null("local")
    assert evidence.false_alarms == null.false_alarms(expected.score, references=3)
    assert finding.region == evidence.region


def test_the_channel_that_sees_where_tells_the_region(index, works):
    """A whole picture that the hash knows best is outlined by the local features nevertheless."""
    finding, *_ = found([seen(works["portal"])], [index]).findings
    local = next(one for one in finding.channels if one.channel == "local")
    assert finding.region == local.region != WHOLE_PICTURE


def test_findings_are_those_at_the_bound_or_rarer(index, works):
    """A bound just below the number of the weaker of two findings leaves the stronger."""
    pair = Image.new("RGB", (800, 300))
    pair.paste(works["tide"], (0, 0))
    pair.paste(works["skyline"].resize((200, 150)), (500, 50))
    first, second = found([seen(pair)], [index]).findings
    assert first.false_alarms < second.false_alarms
    for note_at, expected in (
        (second.false_alarms, [first, second]),
        (second.false_alarms * 0.999, [first]),
        (first.false_alarms * 0.999, []),
    ):
        (matches,) = match([[seen(pair)]], [index], note_at=note_at)
        assert list(matches.findings) == expected


def test_every_search_is_paid_for(opened, index, works):
    """Channels with references times indexes with references times frames, for every record."""
    other = opened({"other": works["skyline"]})
    hash_only, empty = opened(works, channels=("hash",)), opened({})
    copy, second = seen(works["tide"]), seen(works["portal"].rotate(7), frame=1)
    gray = seen(Image.new("RGB", SIZE, "gray"), frame=1)
    for frames, indexes, searches in (
        ([copy], [hash_only], 1),
        ([copy], [index], 2),
        ([copy], [index, empty], 2),
        ([copy, gray], [index], 2),
        ([copy], [index, hash_only], 3),
        ([copy], [index, other], 4),
        ([copy, second], [index], 4),
        ([copy, second], [index, other], 8),
    ):
        findings = found(frames, indexes).findings
        assert findings[0].record.id == "tide"
        for finding in findings:
            assert finding.false_alarms == searches * finding.channels[0].false_alarms


def test_a_finding_names_the_frame_it_is_best_in(index, works):
    """Of several frames the one that shows the record most clearly counts, once."""
    frames = [
        seen(works["tide"].crop((0, 0, 200, 300)), frame=0),
        seen(works["portal"], frame=1),
        seen(works["tide"], frame=2),
    ]
    by_record = {finding.record.id: finding for finding in found(frames, [index]).findings}
    assert (by_record["tide"].frame, by_record["portal"].frame) == (2, 1)


def test_many_pictures_at_once_are_each_as_if_alone(index, works):
    """What a picture is screened with changes nothing."""
    pictures = [[seen(works[name].crop((0, 0, 300, 300)))] for name in NAMES]
    together = match(pictures, [index], note_at=0.01, candidates=2)
    alone = [match([one], [index], note_at=0.01, candidates=2)[0] for one in pictures]
    assert together == alone
    assert match([], [index], note_at=0.01) == []


def test_candidates_are_listed_whatever_their_score(index, works):
    """The best first, one entry a record, at most as many as asked for, findings among them."""
    crop = [seen(works["tide"].crop((0, 0, 300, 300)))]
    listed = found(crop, [index], candidates=3).candidates
    assert listed[0].record.id == "tide"
    assert len({one.record.id for one in listed}) == len(listed) == 3
    numbers = [one.false_alarms for one in listed]
    assert numbers == sorted(numbers)
    assert found(crop, [index], candidates=1).candidates == listed[:1]
    assert found(crop, [index]).candidates == ()


def test_cleared_records_count_nowhere(opened, works):
    """Not as references, not as findings, not as candidates."""
    index = opened({"cleared": works["tide"], "portal": works["portal"]})
    without = opened({"portal": works["portal"]})
    for name in ("tide", "portal"):
        one, other = (found([seen(works[name])], [i], candidates=5) for i in (index, without))
        assert all(finding.record.id == "portal" for finding in one.findings)
        assert [c.record.id for c in one.candidates] == [c.record.id for c in other.candidates]
        assert [f.false_alarms for f in one.findings] == [f.false_alarms for f in other.findings]
    only = found([seen(works["tide"])], [opened({"cleared": works["tide"]})])
    assert only.findings == ()
    assert set(states(only).values()) == {ChannelState.NO_REFERENCES}


def test_an_index_without_the_channel_is_told(opened, index, works):
    """Its records are found by what it has; silence on the rest is never passed over."""
    hash_only = opened({"skyline": works["skyline"]}, channels=("hash",))
    copy = [seen(works["skyline"])]
    alone = found(copy, [hash_only])
    assert [finding.record.id for finding in alone.findings] == ["skyline"]
    assert states(alone) == {"hash": ChannelState.RAN, "local": ChannelState.UNAVAILABLE}
    assert "was built without the local channel" in alone.channels["local"].reason
    assert alone.channels["local"].mend
    beside = found(copy, [index, hash_only])
    assert states(beside)["local"] is ChannelState.WEAK
    (finding, *_) = beside.findings
    assert finding.record.id == "skyline"


def test_a_picture_too_plain_for_a_channel_is_told(index):
    """What has too few features says so, and is not searched."""
    gray = Image.new("RGB", SIZE, "gray")
    alone = found([seen(gray)], [index])
    assert states(alone) == {"hash": ChannelState.WEAK, "local": ChannelState.WEAK}
    assert "the picture has too few local features" in alone.channels["local"].reason
    frames = found([seen(gray), seen(ImageOps.invert(gray), frame=1)], [index])
    assert "2 of 2 frames have too few" in frames.channels["local"].reason
    assert alone.findings == ()


def test_no_index_is_no_reference():
    """Nothing to compare with is a state of its own."""
    blank = [seen(Image.new("RGB", SIZE))]
    assert set(states(found(blank, [])).values()) == {ChannelState.NO_REFERENCES}


PIXELS = {
    "as it is": lambda a: a,
    "mirrored": lambda a: a[:, ::-1],
    "flipped": lambda a: a[::-1],
    "rotated 180°": lambda a: a[::-1, ::-1],
    "transposed": lambda a: a.swapaxes(0, 1),
    "rotated 90° clockwise": lambda a: np.rot90(a, -1),
    "rotated 90° counterclockwise": np.rot90,
    "transposed across the other diagonal": lambda a: a[::-1, ::-1].swapaxes(0, 1),
}


@pytest.mark.parametrize("isometry", ISOMETRIES)
def test_the_hash_tells_the_corners_of_a_turned_copy(index, works, isometry):
    """Its region lists the reference's corners, clockwise from the top left, where they show."""
    pixels = np.asarray(works["tide"])
    turned = Image.fromarray(np.ascontiguousarray(PIXELS[isometry](pixels)))
    finding, *_ = found([seen(turned)], [index]).findings
    evidence = next(one for one in finding.channels if one.channel == "hash")
    assert evidence.transform == isometry
    marks = np.array([[1, 2], [4, 3]])
    shown = PIXELS[isometry](marks)
    assert [shown[int(y), int(x)] for x, y in evidence.region] == [1, 2, 3, 4]
