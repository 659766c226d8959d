"""Searching by local features finds the frames that a picture shows parts of."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from index_tools import (
    ASPECT,
    HASH_SETTINGS,
    SETTINGS,
    add,
    code,
    content_at,
    digest,
    features,
    files_of,
    make,
    random_features,
    record,
)

from reference_index import (
    IndexWriter,
    Kind,
    LocalFeatures,
    ReferenceIndex,
    local_coarse,
    local_votes,
    verify,
)
from reference_index.errors import IndexFormatError
from reference_index.local_features import FEATURES_PER_IMAGE, MIN_FEATURES, encode
from reference_index.manifest import read_manifest

MANY = {f"r{number:02}": [f"i{number}", f"j{number}"] for number in range(30)}


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def turned(local, degrees, scale):
    """Return features as those of the picture turned, enlarged, and seen in a place of its own."""
    x, y, diameter, angle = local.geometry.T
    geometry = np.stack([y, x, diameter * scale, (angle + degrees) % 360], axis=1)
    return LocalFeatures(descriptors=local.descriptors, geometry=geometry)


def film(rng, frames, changed):
    """Return the features of frames that differ from one another in some features alone."""
    scene = random_features(rng, 60)
    for _ in range(frames):
        new = random_features(rng, changed)
        yield LocalFeatures(
            descriptors=np.concatenate([new.descriptors, scene.descriptors[changed:]]),
            geometry=scene.geometry.copy(),
        )


def enroll(writer, record_id, name, frames):
    """Put a record with one image of these frames."""
    writer.put_record(record(record_id))
    local = [(one, ASPECT) for one in frames]
    writer.add_image(
        record_id, None, sha256=digest(name), width=4, height=3, source=f"{name}.png", local=local
    )


@pytest.mark.smoke
def test_a_part_of_a_picture_finds_it(tmp_path):
    """Five of its features, turned and enlarged, among others, and the record comes first."""
    path = make(tmp_path / "i", MANY)
    rng = np.random.default_rng(0)
    part, other = turned(features("j7").first(5), 100, 3), random_features(rng, 50)
    picture = LocalFeatures(
        descriptors=np.concatenate([other.descriptors, part.descriptors]),
        geometry=np.concatenate([other.geometry, part.geometry]),
    )
    with ReferenceIndex.open(path) as index:
        best, *others = index.search_local([other, picture], k=5)
        assert index.references("local") == 60
        assert index.channels == ("hash", "local")
        assert (best.record_id, best.view) == ("r07", 1)
        assert index.image(best.image_id).source == "j7.png"
        assert index.image(best.image_id).channels == ("hash", "local")
        assert best.votes > 2 * others[0].votes
        assert all(one.votes >= two.votes > 0 for one, two in pairwise([best, *others]))


def test_a_view_says_how_the_picture_was_found(tmp_path):
    """A mirrored picture is found by its mirrored view, a negative by the inverted one."""
    with ReferenceIndex.open(make(tmp_path / "i", MANY)) as index:
        for view, change in (
            (0, lambda local: local),
            (1, lambda local: local.mirrored(1.0)),
            (2, lambda local: local.inverted()),
        ):
            seen = change(features("i3"))
            views = [seen, seen.mirrored(1.0), seen.inverted()]
            best = index.search_local(views, k=1)[0]
            assert (best.record_id, best.view) == ("r03", view)


@pytest.mark.parametrize("count", [1, 12, 25])
def test_a_picture_is_found_however_many_of_it_are_enrolled(tmp_path, count):
    """The only reference there is gets votes, and so does one that many records share."""
    local = random_features(np.random.default_rng(1), MIN_FEATURES)
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        for number in range(count):
            enroll(writer, f"r{number:02}", f"i{number}", [local])
    with ReferenceIndex.open(tmp_path / "i") as index:
        found = index.search_local([local], k=50)
        assert len(found) == min(count, local_votes.NEIGHBORS)
        assert found[0].votes > MIN_FEATURES / 4


def test_near_duplicates_of_one_record_do_not_crowd_out_others(tmp_path):
    """At most three frames of a record come back; a record with one frame comes beside them."""
    rng = np.random.default_rng(2)
    frames = list(film(rng, 8, 5))
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        enroll(writer, "film", "film", frames)
        enroll(writer, "still", "still", film(rng, 1, 0))
        enroll(writer, "copy", "copy", [frames[4]])
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert index.references("local") == 10
        found = index.search_local([frames[4], frames[4]], k=8)
        assert {one.record_id for one in found} >= {"film", "copy"}
        assert len({one.frame for one in found if one.record_id == "film"}) == 3
        assert found == index.search_local([frames[4], frames[4]], k=100)[:8]
        ties = [(-one.votes, one.frame, one.view) for one in found]
        assert ties == sorted(ties)


def test_segments_change_nothing(tmp_path):
    """Several segments with dead rows answer as one that was compacted does."""
    path = make(tmp_path / "i", MANY)
    make(path, {"s": ["s0", "s1", "s2"]})
    make(path, {"t": ["t0"]})
    with IndexWriter(path, settings=SETTINGS) as writer:
        for name in ("r03", "r11", "s"):
            writer.remove_record(name)
    picture = LocalFeatures(
        descriptors=np.concatenate([features(n).descriptors for n in ("i5", "s1", "t0", "j3")]),
        geometry=np.concatenate([features(n).geometry for n in ("i5", "s1", "t0", "j3")]),
    )
    answers = []
    for _ in range(2):
        with ReferenceIndex.open(path) as index:
            assert index.references("local") == 57
            found = index.search_local([picture], k=99)
            answers.append([(one.record_id, one.image_id, one.votes) for one in found])
            segments = index.segment_count
        with IndexWriter(path, settings=SETTINGS) as writer:
            writer.compact()
        assert verify(path) == ()
    assert segments == 1
    assert {name for name, _, _ in answers[0][:2]} == {"r05", "t"}
    assert not {"r03", "r11", "s"} & {name for name, _, _ in answers[0]}
    assert answers[0] == answers[1]


@pytest.mark.parametrize("lists", [1 << 12, 50], ids=["one list", "many lists"])
def test_the_first_features_of_a_frame_are_kept(tmp_path, monkeypatch, lists):
    """A reference is what was enrolled, quantized, to its budget; with too few there is none."""
    monkeypatch.setattr(local_coarse, "ONE_LIST_TO", lists)
    monkeypatch.setattr(local_coarse, "FEATURES_PER_LIST", lists)
    rng = np.random.default_rng(3)
    rich = random_features(rng, FEATURES_PER_IMAGE + 1)
    poor, least = random_features(rng, MIN_FEATURES - 1), random_features(rng, MIN_FEATURES)
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        enroll(writer, "a", "a", [poor])
        enroll(writer, "b", "b", [rich, poor, least])
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert [index.images(name)[0].channels for name in ("a", "b")] == [(), ("local",)]
        assert index.references("local") == 2
        for local in (rich, least):
            best = index.search_local([local], k=1)[0]
            kept = index.local_reference(best.frame)
            expected = local.first(FEATURES_PER_IMAGE)
            assert (kept.record_id, kept.image_id) == ("b", best.image_id)
            assert kept.extents == pytest.approx((1, 1 / ASPECT))
            assert len(kept.descriptors) == len(kept.geometry) == len(expected)
            floats = expected.descriptors / np.linalg.norm(
                expected.descriptors.astype(float), axis=1, keepdims=True
            )
            assert ((kept.descriptors - floats) ** 2).sum(axis=1).max() < 0.1
            assert np.abs(kept.geometry[:, :2] - expected.geometry[:, :2]).max() < 0.001
        assert index.search_local([rich.first(0)], k=3) == ()
        for frame in (-1, 2):
            with pytest.raises(ValueError, match=f"there is no frame {frame}"):
                index.local_reference(frame)


def test_a_reference_stays_below_ten_thousand_bytes(tmp_path):
    """All files of an index of pictures with full budgets, each a record, over their number."""
    rng = np.random.default_rng(4)
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        for number in range(300):
            writer.put_record(record(f"r{number}"))
            writer.add_image(
                f"r{number}",
                code(str(number)),
                sha256=digest(str(number)),
                width=640,
                height=480,
                source=f"folder/{number}.png",
                local=[(random_features(rng, FEATURES_PER_IMAGE), ASPECT)],
            )
    sizes = [(tmp_path / "i" / file).stat().st_size for file in files_of(tmp_path / "i")]
    assert sum(sizes) / 300 < 10_000
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert len(index._segments[0].local().sizes) == 1024


def test_kinds_are_told_apart_on_every_channel(tmp_path):
    """Frames of a kind that does not count are not counted."""
    with IndexWriter(make(tmp_path / "i"), settings=SETTINGS) as writer:
        enroll(writer, "p1", "film", film(np.random.default_rng(0), 3, 10))
    with ReferenceIndex.open(tmp_path / "i") as index:
        assert index.references("local") == 9
        assert index.references("local", without=Kind.PERSON) == 5
        assert index.references("hash", without=Kind.PERSON) == 5
        assert index.references("local", without=Kind.CLEARED) == 9


def test_nothing_local_of_a_removed_person_stays_on_disk(tmp_path):
    """No file of the index holds a code of the person's features once the commit is done."""
    path = make(tmp_path / "i", {"a": ["a0"], "p1": ["face"]})
    codes = [one.tobytes() for one in encode(features("face").descriptors)]
    held = b"".join((path / file).read_bytes() for file in files_of(path))
    assert all(one in held for one in codes)
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.remove_record("p1")
    held = b"".join((path / file).read_bytes() for file in files_of(path))
    assert not any(one in held for one in codes)
    assert all(one.tobytes() in held for one in encode(features("a0").descriptors))
    assert content_at(path) == {"a": ("title of a", ["a0"])}
    assert verify(path) == ()


def test_an_index_without_local_features_stays_as_it_is(tmp_path):
    """It is of the format of before, is searched, changed and compacted, and refuses features."""
    path = make(tmp_path / "i", settings=HASH_SETTINGS)
    manifest = json.loads((path / "manifest.json").read_text())
    assert (manifest["format"], set(manifest["live"])) == (1, {"records", "images", "hashes"})
    with pytest.raises(IndexFormatError, match="built without the local channel, not"):
        IndexWriter(path, settings=SETTINGS)
    with IndexWriter(path, settings=None) as writer:
        with pytest.raises(IndexFormatError, match="built without the local channel"):
            enroll(writer, "b", "new", [features("new")])
        add(writer, "c", "c0")
        writer.remove_record("a")
        writer.compact()
    assert content_at(path).keys() == {"b", "c", "p"}
    assert verify(path) == ()
    assert not [file for file in files_of(path) if file.name.startswith("local")]
    with ReferenceIndex.open(path) as index:
        assert index.channels == ("hash",)
        assert index.references("local") == 0
        assert index.search_local([features("b0")], k=3) == ()
        with pytest.raises(ValueError, match="there is no frame 0"):
            index.local_reference(0)


def test_an_index_with_local_features_is_of_a_later_format(tmp_path):
    """Versions that know nothing of the channel refuse it by its format, empty or not."""
    for content in ({}, None):
        path = make(tmp_path / "i", content)
        assert json.loads((path / "manifest.json").read_text())["format"] == 2
    assert read_manifest(path).live.frames == 6


def test_threads_share_an_index(tmp_path):
    """Searches at once, the first ones included, give what they give one after another."""
    names = [f"{letter}{number}" for letter in "ij" for number in range(30)]
    with ReferenceIndex.open(make(tmp_path / "i", MANY)) as index:

        def search(name):
            return index.search_local([features(name)], k=5)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(search, names))
        assert found == [search(name) for name in names]


def test_what_cannot_be_searched_or_enrolled_is_refused(tmp_path):
    """A k below 0, a width without a height, and a closed index are told."""
    path = make(tmp_path / "i")
    with ReferenceIndex.open(path) as index:
        with pytest.raises(ValueError, match="k is -1"):
            index.search_local([features("a0")], k=-1)
        assert index.search_local([features("a0")], k=0) == ()
        assert index.search_local([], k=3) == ()
        frame = index.search_local([features("a0")], k=1)[0].frame
    for use in (
        lambda: index.search_local([features("a0")], k=1),
        lambda: index.local_reference(frame),
    ):
        with pytest.raises(ValueError, match="is closed"):
            use()
    with IndexWriter(path, settings=SETTINGS) as writer:
        for aspect in (0.0, float("inf"), float("nan")):
            with pytest.raises(ValueError, match="width / height"):
                writer.add_image(
                    "a", None, sha256=digest("n"), width=1, height=1, source="",
                    local=[(features("n"), aspect)],
                )  # fmt: skip
