"""The lists of local features are searched where they lie, and lose little to an exact search."""

import numpy as np
import pytest
from index_tools import SETTINGS, digest, random_features, record

from reference_index import IndexWriter, LocalFeatures, local_coarse
from reference_index.fingerprint import DESCRIPTOR_SCALE
from reference_index.local_features import decode, pack, unit_descriptors
from reference_index.local_lists import ListRows, codes_of
from reference_index.local_neighbors import LocalLists
from reference_index.manifest import read_manifest
from reference_index.segments import Segment

WORDS = np.random.default_rng(5).integers(0, 256, (200, 16), np.uint8)


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def clustered(rng, count):
    """Return features about a few hundred words, as those of pictures are."""
    codes = WORDS[rng.integers(0, len(WORDS), count)]
    changed = rng.random(codes.shape) < 0.2
    codes[changed] = rng.integers(0, 256, changed.sum())
    floats = decode(codes) / np.linalg.norm(decode(codes), axis=1, keepdims=True)
    descriptors = np.rint(floats * DESCRIPTOR_SCALE).clip(0, 255).astype(np.uint8)
    geometry = random_features(rng, count).geometry
    return LocalFeatures(descriptors=descriptors, geometry=geometry.copy())


def local_of(path, rng, sizes):
    """Make an index of images with so many features each; return the rows of its one segment."""
    frames = [clustered(rng, size) for size in sizes]
    with IndexWriter(path, settings=SETTINGS) as writer:
        writer.put_record(record("a"))
        for number, local in enumerate(frames):
            name = digest(str(number))
            writer.add_image(
                "a", None, sha256=name, width=1, height=1, source="", local=[(local, 1.0)]
            )
    (entry,) = read_manifest(path).segments
    segment = Segment(path, entry)
    segment.close()
    return frames, segment.local()


def brute_force(rows, alive, queries, k):
    """Return distances and ids of the k nearest live features, by numpy alone."""
    features = rows.read(ListRows(rows.sizes), slice(0, len(rows.places)))
    features = features[alive[features["id"] >> 35]]
    points = decode(codes_of(features))
    distances = ((queries[:, np.newaxis] - points) ** 2).sum(axis=2)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), features["id"][order]


def recall(rows, queries):
    """Return the share of the ten nearest features that a search of the lists finds."""
    alive = np.ones(len(rows.frames), bool)
    _, true = brute_force(rows, alive, queries, 10)
    near = LocalLists(rows, alive).search(queries, k=10)
    return np.mean([np.isin(one, other).mean() for one, other in zip(true, near.ids, strict=True)])


@pytest.fixture
def many_lists(monkeypatch):
    """Let small segments have as many lists, in two levels, as large ones."""
    monkeypatch.setattr(local_coarse, "ONE_LIST_TO", 100)
    monkeypatch.setattr(local_coarse, "FEATURES_PER_LIST", 100)
    monkeypatch.setattr(local_coarse, "SHORT_LISTS_TO", 0)
    monkeypatch.setattr(local_coarse, "PROBES", 8)


def test_the_number_of_lists_grows_with_the_segment():
    """One list to 4,096 features, then one for 128 as long as that is not many, then for 512."""
    counts = {0: 1, 4096: 1, 4097: 32, 5792: 32, 5793: 64, 320_000: 2048, 1_400_000: 2048}
    counts |= {1_500_000: 4096, 32_000_000: 65_536}
    assert {count: local_coarse.list_count(count) for count in counts} == counts
    assert [local_coarse.probes(lists) for lists in (1, 3, 4, 4096)] == [1, 3, 4, 4]


@pytest.mark.parametrize("dead", [0, 1, 9, 18, 20])
def test_one_list_is_searched_exactly(tmp_path, dead):
    """Distances are those of a brute-force search over what is kept and alive, ids the same."""
    rng = np.random.default_rng(dead)
    frames, rows = local_of(tmp_path / "i", rng, rng.integers(8, 60, 20))
    alive = np.ones(20, bool)
    alive[rng.permutation(20)[:dead]] = False
    queries = unit_descriptors(np.concatenate([one.descriptors[:9] for one in frames]))
    k = min(10, int(rows.frames["features"][alive].sum()))
    distances, ids = brute_force(rows, alive, queries, 10)
    near = LocalLists(rows, alive).search(queries, k=10)
    assert np.isinf(near.distances[:, k:]).all()
    assert near.distances[:, :k] == pytest.approx(distances, abs=1e-5)
    clear = np.diff(distances, axis=1, append=9) > 1e-4
    clear[:, 1:] &= clear[:, :-1]
    assert (near.ids[:, :k] == ids)[clear].all()


@pytest.mark.parametrize("level", [1 << 10, 8], ids=["one level", "two levels"])
@pytest.mark.parametrize("flat", [1 << 12, 8], ids=["flat", "cells"])
def test_many_lists_lose_little(tmp_path, monkeypatch, many_lists, level, flat):
    """Nine tenths of the nearest features are found, however lists are trained and looked up."""
    monkeypatch.setattr(local_coarse, "ONE_LEVEL_TO", level)
    monkeypatch.setattr(local_coarse, "FLAT_BELOW", flat)
    rng = np.random.default_rng(2)
    _, rows = local_of(tmp_path / "i", rng, [200] * 16)
    assert len(rows.sizes) == 32
    assert rows.sizes.max() < 1000
    assert recall(rows, unit_descriptors(clustered(rng, 40).descriptors)) >= 0.9


@pytest.mark.parametrize("flat", [1 << 12, 8], ids=["flat", "cells"])
def test_lists_are_the_same_each_time(tmp_path, monkeypatch, many_lists, flat):
    """The same features give the same files."""
    monkeypatch.setattr(local_coarse, "FLAT_BELOW", flat)
    first, second = (
        local_of(tmp_path / name, np.random.default_rng(1), [300] * 9)[1] for name in ("i", "j")
    )
    assert all((one == other).all() for one, other in zip(first, second, strict=True))


def test_features_that_are_all_alike_are_kept(tmp_path, many_lists):
    """One descriptor a thousand times makes lists of which some are empty, and none is lost."""
    same = clustered(np.random.default_rng(1), 1)
    local = LocalFeatures(
        descriptors=same.descriptors.repeat(300, axis=0), geometry=same.geometry.repeat(300, axis=0)
    )
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        writer.put_record(record("a"))
        for number in range(4):
            writer.add_image(
                "a", None, sha256=digest(str(number)), width=1, height=1, source="",
                local=[(local, 1.0)],
            )  # fmt: skip
    (entry,) = read_manifest(tmp_path / "i").segments
    segment = Segment(tmp_path / "i", entry)
    segment.close()
    rows = segment.local()
    near = LocalLists(rows, np.ones(4, bool)).search(unit_descriptors(same.descriptors), k=10)
    assert np.isfinite(near.distances).all()
    assert sorted(rows.places) == list(range(1200))


def test_lists_are_searched_where_they_lie(tmp_path, many_lists):
    """FAISS reads the verified bytes themselves, and leaves them whole when it is done."""
    _, rows = local_of(tmp_path / "i", np.random.default_rng(4), [100] * 10)
    lists = LocalLists(rows, np.ones(10, bool))
    before = rows.words.copy()
    address = rows.words.ctypes.data
    for number, begin in enumerate(ListRows(rows.sizes).begins.tolist()):
        assert int(lists._lists.get_codes(number)) == address + 24 * begin
        ids = address + 24 * begin + 16 * int(rows.sizes[number])
        assert int(lists._lists.get_ids(number)) == ids
    kept = lists._lists
    del lists
    assert kept.ptr is None
    assert (rows.words == before).all()


def test_features_come_back_in_the_order_they_were_enrolled(tmp_path, many_lists):
    """However they were sorted into lists, every frame's features are read as they came."""
    frames, rows = local_of(tmp_path / "i", np.random.default_rng(6), [40, 8, 60, 55, 100])
    order = ListRows(rows.sizes)
    assert len(rows.sizes) > 1
    start = 0
    for ordinal, local in enumerate(frames):
        stop = start + len(local)
        found = rows.read(order, slice(start, stop))
        expected = pack(np.full(len(local), ordinal), local.geometry)
        assert found["id"].tolist() == expected.tolist()
        start = stop
    assert start == len(rows.places)
