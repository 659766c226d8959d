"""Searching by hash gives the records that a brute-force search gives."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_tools import SETTINGS, digest, make, query, record

from reference_index import Candidate, IndexWriter, ReferenceIndex, hash_search
from reference_index.vectors.exact import ExactHamming
from reference_index.vectors.faiss_hamming import FaissHamming


@pytest.fixture(autouse=True, scope="module")
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


def brute_force(images, codes, k, min_score):
    """Return the candidates of one picture; images: (record id, image id, code)."""
    best = {}
    for record_id, image_id, stored in images:
        for isometry, seen in enumerate(codes):
            distance = int(np.unpackbits(stored ^ seen).sum())
            hit = (distance, isometry, image_id)
            best[record_id] = min(best.get(record_id, hit), hit)
    ranked = sorted(best, key=lambda record_id: (best[record_id][0], record_id))
    return tuple(
        Candidate(
            record_id=record_id,
            image_id=best[record_id][2],
            channel="hash",
            score=256.0 - best[record_id][0],
            isometry=best[record_id][1],
        )
        for rank, record_id in enumerate(ranked)
        if rank < k or (min_score is not None and 256 - best[record_id][0] >= min_score)
    )


def tied_codes(rng, count):
    """Return hashes of which many are equal or equally far from others."""
    codes = rng.integers(0, 256, (count, 32), np.uint8)
    few_bits = np.packbits(rng.random((count, 256)) < 0.01, axis=1)
    return np.where(rng.random((count, 1)) < 0.5, few_bits, codes).astype(np.uint8)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    k=st.sampled_from([1, 2, 5, 40]),
    min_score=st.sampled_from([None, 0.0, 120.0, 127.5, 250.0, 256.0, 300.0, float("inf")]),
    engine=st.sampled_from([ExactHamming, FaissHamming]),
)
def test_search_equals_brute_force(seed, k, min_score, engine):
    """Several images and frames a record, removals and segments change nothing about it."""
    rng = np.random.default_rng(seed)
    images = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "i"
        with IndexWriter(path, settings=SETTINGS) as writer:
            for commit in range(int(rng.integers(1, 4))):
                for number in range(int(rng.integers(1, 30)) // (1 + 3 * commit) + 1):
                    writer.put_record(record(f"r{rng.integers(0, 99):02}", f"{seed} {number}"))
                for one in list(writer._live):
                    for _ in range(int(rng.integers(0, 4))):
                        codes = tied_codes(rng, int(rng.integers(0, 3)))
                        name = digest(str(rng.random()))
                        writer.add_image(
                            one.record.id, codes, sha256=name, width=1, height=1, source=""
                        )
                        images += [(one.record.id, name, stored) for stored in codes]
                writer.commit()
                for one in list(writer._live)[: int(rng.integers(0, 4))]:
                    writer.remove_record(one.record.id)
                    images = [image for image in images if image[0] != one.record.id]
        with ReferenceIndex.open(path, engine=engine) as index:
            ids = {i.sha256: i.id for one in index.records() for i in index.images(one.id)}
            images = [(record_id, ids[name], stored) for record_id, name, stored in images]
            assert index.references("hash") == len(images)
            codes = np.stack([tied_codes(rng, 8) for _ in range(3)])
            found = index.search_hashes(codes, k=k, min_score=min_score)
    assert found == [brute_force(images, one, k, min_score) for one in codes]


def test_one_record_with_very_many_images_hides_no_other(tmp_path, monkeypatch):
    """A record whose images fill every first fetch takes one place; batching changes nothing."""
    with IndexWriter(tmp_path / "i", settings=SETTINGS) as writer:
        writer.put_record(record("many"))
        codes = np.zeros((500, 32), np.uint8)
        writer.add_image("many", codes, sha256=digest("film"), width=1, height=1, source="")
        for name in ("y", "x"):
            writer.put_record(record(name))
            far = np.full(32, 255, np.uint8)
            writer.add_image(name, far, sha256=digest(name), width=1, height=1, source="")
    with ReferenceIndex.open(tmp_path / "i") as index:
        codes = np.zeros((5, 8, 32), np.uint8)
        found = index.search_hashes(codes, k=3)
        assert [c.record_id for c in found[0]] == ["many", "x", "y"]
        monkeypatch.setattr(hash_search, "HITS_AT_ONCE", 1)
        assert index.search_hashes(codes, k=3) == found


def test_the_isometry_is_the_row_that_came_closest(tmp_path):
    """A picture that is the reference under isometry 5 says so."""
    path = make(tmp_path / "i")
    codes = query("nothing")
    codes[0, 5] = query("b1")[0, 0]
    codes[0, 0] = codes[0, 7]
    with ReferenceIndex.open(path) as index:
        ((best,),) = index.search_hashes(codes, k=1)
        assert (best.record_id, best.isometry, best.score) == ("b", 5, 256.0)
        assert index.image(best.image_id).source == "b1.png"


def test_there_is_one_answer_for_every_picture(tmp_path):
    """An empty index and an empty batch give empty answers, one for each picture."""
    path = make(tmp_path / "i", {})
    with ReferenceIndex.open(path) as index:
        assert index.search_hashes(query("a", "b"), k=3) == [(), ()]
    make(path, {"a": ["a0"]})
    with ReferenceIndex.open(path) as index:
        assert index.search_hashes(query("a")[:0], k=3) == []
        strided = np.repeat(query("a0"), 2, axis=2)[:, :, ::2]
        assert len(index.search_hashes(strided, k=3)[0]) == 1


def test_what_cannot_be_searched_by_is_refused(tmp_path):
    """Codes of another shape or type, k below 0, and nan are errors that say so."""
    with ReferenceIndex.open(make(tmp_path / "i")) as index:
        for codes in (query("a")[0], query("a")[:, :7], query("a").astype(np.int64)):
            with pytest.raises(ValueError, match=r"expected uint8 \(n, 8, 32\)"):
                index.search_hashes(codes, k=1)
        with pytest.raises(ValueError, match="k is -1"):
            index.search_hashes(query("a"), k=-1)
        with pytest.raises(ValueError, match="min_score is nan"):
            index.search_hashes(query("a"), k=1, min_score=float("nan"))


def test_a_closed_index_answers_nothing(tmp_path):
    """Every question to a closed index is an error, not an empty answer."""
    index = ReferenceIndex.open(make(tmp_path / "i"))
    index.close()
    for ask in (
        lambda: index.search_hashes(query("a"), k=1),
        index.records,
        lambda: index.record("a"),
        lambda: index.has("a", digest("a0")),
    ):
        with pytest.raises(ValueError, match="is closed"):
            ask()
