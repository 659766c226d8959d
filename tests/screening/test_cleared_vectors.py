"""What models find alike, explained by a cleared picture that is there and is as much alike."""

from dataclasses import replace

import numpy as np
import pytest
from pictures import composed, textured
from PIL import Image

from reference_index import Embedding, IndexWriter, Kind, Record, ReferenceIndex
from reference_index.calibration import Calibration, ChannelCalibration, NullDistribution
from screening.images import from_pil
from screening.matching import match, settings_of
from screening.matching.cleared_copies import Copy
from screening.matching.findings import WHOLE_PICTURE
from screening.matching.regions import contains
from screening.signals import SETTINGS, fingerprint

EMBEDDING, CONCEPT = "embedding:tiny", "concept:tiny"
BUILT = "tiny 01234567, fp32, tiles 1, 89abcdef"
SIZE = 8
NEUTRAL = 0.1
WHOLE, LEFT, RIGHT = (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


def alike(cosine: float) -> np.ndarray:
    """Return a vector with this cosine to that of the work: float32 (SIZE,)."""
    vector = np.zeros(SIZE, np.float32)
    vector[:2] = cosine, np.sqrt(1 - cosine**2)
    return vector


@pytest.fixture(scope="module")
def stock() -> Image.Image:
    return composed(3, 480, 360)


@pytest.fixture(scope="module")
def make(tmp_path_factory, stock):
    """Make indexes with a work, known by a vector, one known by words, and a cleared picture."""

    def made(*names: str, cosine: float = 0.8, built: str = BUILT) -> ReferenceIndex:
        path = tmp_path_factory.mktemp("index") / "works.index"
        settings = {**SETTINGS, EMBEDDING: built, CONCEPT: f"{built}, words 76543210"}
        one, work = look(stock), alike(1.0)[None]
        with IndexWriter(path, settings=settings) as writer:
            if "work" in names:
                writer.put_record(Record(id="words", kind=Kind.WORK, title="A"), {CONCEPT: work})
                writer.put_record(Record(id="work", kind=Kind.WORK, title="A"))
                writer.add_image("work", None, sha256="a" * 64, width=96, height=64, source="",
                                 vectors={EMBEDDING: work})  # fmt: skip
            if "cleared" in names:
                writer.put_record(Record(id="cleared", kind=Kind.CLEARED, title="Harbor"))
                writer.add_image("cleared", one.hashes.codes[:1], sha256="c" * 64, width=one.width,
                                 height=one.height, source="",
                                 local=[(one.local, one.width / one.height)],
                                 vectors={EMBEDDING: alike(cosine)[None]})  # fmt: skip
        calibrate(path)
        return ReferenceIndex.open(path)

    return made


def calibrate(path):
    """Let scores on the channels of the model say something."""
    with ReferenceIndex.open(path) as index:
        nulls = {
            channel: NullDistribution(
                channel=channel, unit="cosine", settings=settings_of(index, channel),
                scores=(0.1, 0.2, 0.3), rates=(0.5, 0.1, 0.01), tail_scale=0.05, tail_shape=0.1,
                floor=0.0, images=100, references=99, pairs=9_900, background="0" * 64,
            )
            for channel in (EMBEDDING, CONCEPT)
        }  # fmt: skip
        own = Calibration(
            index_uuid=index.uuid, next_id=index.next_id, created="2030-01-02T03:04:05+00:00",
            version="1", background="0" * 64, images=100,
            channels={
                channel: ChannelCalibration(null=null, thresholds=(), goodness_of_fit=0.5)
                for channel, null in nulls.items()
            },
        )  # fmt: skip
    with IndexWriter(path, settings=None) as writer:
        writer.put_calibration(own, next_id=own.next_id)


def look(image: Image.Image):
    (only,) = from_pil(image).frames
    return fingerprint(only, sha256="0" * 64)


def embedding_of(windows, **how) -> Embedding:
    """Return an embedding with these windows, box to cosine."""
    return Embedding(
        model="tiny", settings=BUILT, boxes=np.array([*windows], np.float32),
        vectors=np.stack([alike(cosine) for cosine in windows.values()]),
        neutral=np.full(len(windows), NEUTRAL, np.float32), **how,
    )  # fmt: skip


def explained(image, windows, *indexes, work="work") -> bool:
    """Return whether the finding of a work in windows (box to cosine) is explained."""
    picture = replace(look(image), embeddings=(embedding_of(windows),))
    (matches,) = match([[picture]], indexes, note_at=0.01)
    (finding,) = (one for one in matches.findings if one.record.id == work)
    (evidence,) = finding.channels
    assert evidence.channel == (EMBEDDING if work == "work" else CONCEPT)
    if finding.cleared:
        assert finding.cleared.words == (
            f"explained by the cleared picture “Harbor” ({evidence.channel}, found in the same "
            "place, and no less alike)"
        )
    return finding.cleared is not None


@pytest.mark.parametrize("work", ["work", "words"])
def test_a_copy_that_is_no_more_alike_is_explained(make, stock, work):
    """To the last digit; what is nearer to the work than the cleared picture is stays."""
    index = make("work", "cleared")
    for cosine, expected in ((0.75, True), (0.8, True), (0.801, False), (0.95, False)):
        assert explained(stock, {WHOLE: cosine}, index, work=work) is expected


@pytest.mark.parametrize("work", ["work", "words"])
def test_only_what_the_cleared_picture_is_found_in_is_explained(make, stock, work):
    """Another picture with the very same vector is not; a part is where the copy is."""
    index = make("work", "cleared")
    assert not explained(textured(5), {WHOLE: 0.8}, index, work=work)
    board = textured(5, 1000, 400)
    board.paste(stock, (10, 20))
    for windows, expected in (
        ({LEFT: 0.8}, True),
        ({RIGHT: 0.8}, False),
        ({WHOLE: 0.0, LEFT: 0.8}, True),
        ({LEFT: 0.8, RIGHT: 0.7}, False),
        ({LEFT: 0.7, RIGHT: 0.8}, False),
        ({LEFT: 0.8, RIGHT: 0.0}, True),
    ):
        assert explained(board, windows, index, work=work) is expected


def test_vectors_of_another_index_explain_by_the_same_weights_alone(make, stock):
    """In whatever order; those of other weights say nothing of these."""
    works, stocks, others = make("work"), make("cleared"), make("cleared", built="other, fp32")
    for indexes in ((works, stocks), (stocks, works)):
        assert explained(stock, {WHOLE: 0.8}, *indexes)
        assert not explained(stock, {WHOLE: 0.85}, *indexes)
    assert not explained(stock, {WHOLE: 0.8}, works)
    assert Copy(index=others, image_id=2, region=WHOLE_PICTURE, by=None).vectors(
        embedding_of({WHOLE: 0.8})
    ).shape == (0, 0)


@pytest.mark.parametrize("cosine", [-0.5, 0.3, 0.8, 1.0])
def test_a_cleared_vector_changes_no_score(make, stock, cosine):
    """Neither by what references have in common, nor by taking a place."""
    windows = {WHOLE: 0.7, LEFT: 0.8, RIGHT: 0.2}
    picture = replace(look(stock), embeddings=(embedding_of(windows, strangers=(0.2, 0.5)),))
    one, other = (
        match([[picture]], [index], note_at=0.01, candidates=5)[0]
        for index in (make("work"), make("work", "cleared", cosine=cosine))
    )
    assert one.candidates == other.candidates
    assert [(f.record, f.false_alarms, f.region) for f in one.findings] == [
        (f.record, f.false_alarms, f.region) for f in other.findings
    ]


def test_a_place_lies_in_a_region_or_not():
    """Whichever way around the corners go; the edge belongs to it."""
    quad = ((0.2, 0.1), (0.8, 0.3), (0.7, 0.9), (0.1, 0.6))
    inside, outside = ((0.5, 0.5), (0.2, 0.1), (0.5, 0.2)), ((0.5, 0.19), (0.9, 0.5), (0.0, 0.0))
    for corners in (quad, quad[::-1]):
        assert all(contains(corners, point) for point in inside)
        assert not any(contains(corners, point) for point in outside)
