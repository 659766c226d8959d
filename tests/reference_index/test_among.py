"""Searching among protected or cleared records alone: as if the others were not there."""

import numpy as np
import pytest
from index_tools import (
    ASPECT,
    CONCEPT,
    EMBEDDING,
    SETTINGS,
    VECTOR_SETTINGS,
    code,
    digest,
    features,
    query,
    views,
    words,
)

from reference_index import Among, IndexWriter, Kind, Record, ReferenceIndex

ALL_SETTINGS = SETTINGS | VECTOR_SETTINGS
WORKS = [f"w{number}" for number in range(6)]
QUERIES = ("w0", "w3", "c0", "c1")
STRANGERS = (0.2, 0.8)


def built(path, names, *, removed=()):
    """Make an index of records of one picture and one title each; those named c… are cleared."""
    for part in (names[::2], names[1::2]):  # two segments, or one merged of both
        with IndexWriter(path, settings=ALL_SETTINGS) as writer:
            for name in part:
                kind = Kind.CLEARED if name.startswith("c") else Kind.WORK
                own = {CONCEPT: words(name)}
                writer.put_record(Record(id=name, kind=kind, title=name), own)
                writer.add_image(
                    name, code(name), sha256=digest(name), width=4, height=3, source="",
                    local=[(features(name), ASPECT)], vectors={EMBEDDING: views(name)},
                )  # fmt: skip
    with IndexWriter(path, settings=ALL_SETTINGS) as writer:
        for name in removed:
            writer.remove_record(name)
    return ReferenceIndex.open(path)


def everything(index, among):
    """Return all that is found of some pictures among such records, by record."""
    vectors = np.concatenate([views(name) for name in QUERIES])
    return {
        "hash": [
            [(one.record_id, one.score, one.isometry) for one in near]
            for near in index.search_hashes(query(*QUERIES), k=99, among=among)
        ],
        "first hash": [
            [one.record_id for one in near]
            for near in index.search_hashes(query(*QUERIES), k=1, min_score=250, among=among)
        ],
        "local": [
            [
                (one.record_id, one.view, one.votes, index.local_reference(one.frame).record_id)
                for one in index.search_local([features(name)], k=99, among=among)
            ]
            for name in QUERIES
        ],
        EMBEDDING: [
            [(one.record_id, one.score) for one in near]
            for near in index.search_vectors(
                EMBEDDING, vectors, k=99, strangers=STRANGERS, among=among
            )
        ],
        CONCEPT: [
            [(one.record_id, one.score) for one in near]
            for near in index.search_vectors(CONCEPT, vectors, k=2, among=among)
        ],
    }


@pytest.mark.parametrize("cleared", [1, 3, 40])
@pytest.mark.parametrize("removed", [(), ("w5", "c0")])
def test_each_is_searched_as_if_the_others_were_not_there(tmp_path, cleared, removed):
    """Scores and all, on every channel, whether few are cleared or most."""
    stock = [f"c{number}" for number in range(cleared)]
    both = built(tmp_path / "both", [*WORKS, *stock], removed=removed)
    for among, names in ((Among.PROTECTED, WORKS), (Among.CLEARED, stock)):
        gone = [name for name in removed if name in names]
        alone = built(tmp_path / among, names, removed=gone)
        assert everything(both, among) == everything(alone, Among.ALL)
    assert both.has_cleared is bool(set(stock) - set(removed))


def test_among_nothing_nothing_is_found(tmp_path):
    """Of an index without cleared records, and of one with nothing else."""
    works, stock = built(tmp_path / "w", WORKS), built(tmp_path / "c", ["c0", "c1", "c2"])
    assert (works.has_cleared, stock.has_cleared) == (False, True)
    for index, among in ((works, Among.CLEARED), (stock, Among.PROTECTED)):
        assert not any(map(any, everything(index, among).values()))
    assert everything(works, Among.PROTECTED) == everything(works, Among.ALL)


def test_what_is_kept_of_an_image_is_given_back(tmp_path):
    """Its hashes and its vectors, of whatever segment; nothing of an image that has none."""
    index = built(tmp_path / "i", [*WORKS, "c0"])
    for name in (*WORKS, "c0"):
        (image,) = index.images(name)
        assert index.codes_of(image.id).tolist() == [code(name).tolist()]
        np.testing.assert_array_equal(index.vectors_of(EMBEDDING, image.id), views(name))
    assert index.codes_of(10**9).shape == (0, 32)
    assert index.vectors_of(EMBEDDING, 10**9).size == 0
    assert index.vectors_of("embedding:other", image.id).size == 0
    index.close()
    for use in (lambda: index.codes_of(1), lambda: index.vectors_of(EMBEDDING, 1)):
        with pytest.raises(ValueError, match="is closed"):
            use()
