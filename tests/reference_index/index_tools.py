"""What the tests of the reference index share: small indexes and what is in them."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from reference_index import (
    IndexWriter,
    Kind,
    LocalFeatures,
    Record,
    ReferenceIndex,
    storage,
    verify,
)
from reference_index.calibration import (
    Calibration,
    ChannelCalibration,
    NullDistribution,
    Threshold,
)
from reference_index.errors import IndexDamagedError
from reference_index.fingerprint import DESCRIPTOR_SCALE, HASH_BYTES
from reference_index.local_features import decode
from reference_index.manifest import read_manifest, write_manifest

SETTINGS = {"hash": "phash 256, test", "local": "rootsift, test"}
HASH_SETTINGS = {"hash": "phash 256, test"}
FEATURES = 12
ASPECT = 640 / 480
NULL = NullDistribution(
    channel="hash",
    unit="bits of 256 alike",
    settings="test",
    scores=(100.0, 140.0, 150.0, 160.0),
    rates=(1.0, 0.5, 0.01, 0.001),
    tail_scale=3.0,
    tail_shape=0.1,
    floor=0.0,
    images=100,
    references=99,
    pairs=9_900,
    background="0" * 64,
)
THRESHOLD = Threshold(
    promised=1e-2,
    min_score=161.0,
    low=158,
    high=None,
    extrapolated=True,
    images_needed=1000,
)
CALIBRATION = Calibration(
    index_uuid="d2b0",
    next_id=8,
    created="2030-01-02T03:04:05+00:00",
    version="1",
    background="0" * 64,
    images=100,
    channels={
        "hash": ChannelCalibration(null=NULL, thresholds=(THRESHOLD,), goodness_of_fit=0.5),
    },
)
FACE_SETTINGS = "faces, test"
EMBEDDING, CONCEPT = "embedding:tiny-1", "concept:tiny-1"
VECTOR_SETTINGS = HASH_SETTINGS | {EMBEDDING: "tiny, test", CONCEPT: "tiny words, test"}
VECTOR_SIZE = 16
WINDOWS = 2
FACE_SIZE = 16
COMMITTED = {"a": ["a0", "a1", "a2"], "b": ["b0", "b1"], "p": ["p0"]}


def digest(name):
    """Return the hex sha256 that an image of this name has."""
    return hashlib.sha256(name.encode()).hexdigest()


def code(name):
    """Return the hash that an image of this name has: uint8 (32,)."""
    return np.frombuffer(hashlib.sha256(b"code" + name.encode()).digest(), np.uint8)


def query(*names):
    """Return the hashes of pictures that are these images as they are: uint8 (n, 8, 32)."""
    codes = np.random.default_rng(0).integers(0, 256, (len(names), 8, HASH_BYTES), np.uint8)
    for row, name in enumerate(names):
        codes[row, 0] = code(name)
    return codes


def random_features(rng, count=FEATURES):
    """Return features of which the codebook loses next to nothing."""
    floats = decode(rng.integers(0, 256, (count, 16), np.uint8))
    floats /= np.linalg.norm(floats, axis=1, keepdims=True)
    geometry = rng.random((count, 4)) * (1, 1, 0.1, 360) + (0, 0, 0.01, 0)
    return LocalFeatures(
        descriptors=np.rint(floats * DESCRIPTOR_SCALE).clip(0, 255).astype(np.uint8),
        geometry=geometry.astype(np.float32),
    )


def features(name):
    """Return the local features that an image of this name has."""
    return random_features(np.random.default_rng(list(name.encode())))


def likeness(*names):
    """Return the vectors of the faces in images of these names: float32 (n, FACE_SIZE)."""
    rngs = [np.random.default_rng([1, *name.encode()]) for name in names]
    return unit(np.array([rng.standard_normal(FACE_SIZE) for rng in rngs]).reshape(-1, FACE_SIZE))


def views(name, windows=WINDOWS):
    """Return the embeddings of windows on an image of this name: float32 (windows, VECTOR_SIZE)."""
    rng = np.random.default_rng([2, *name.encode()])
    return unit(rng.standard_normal((windows, VECTOR_SIZE)))


def words(title):
    """Return the embeddings of the words of a record with this title: float32 (2, VECTOR_SIZE)."""
    return views("words of " + title)


def vectors_of(writer, channel, vectors):
    """Return vectors as the writer of an index takes them, none where it lacks the channel."""
    return {channel: vectors} if channel in writer.settings else {}


def unit(vectors):
    """Return vectors with length 1: float32 (n, d)."""
    vectors = np.asarray(vectors, np.float64)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def record(record_id, title=None, **terms):
    """Return a record; those whose id begins with p are persons."""
    kind = Kind.PERSON if record_id.startswith("p") else Kind.WORK
    return Record(id=record_id, kind=kind, title=title or f"title of {record_id}", **terms)


def add(writer, record_id, *images):
    """Put a record with images of these names."""
    own = record(record_id)
    writer.put_record(own, vectors_of(writer, CONCEPT, words(own.title)))
    for name in images:
        writer.add_image(
            record_id,
            code(name),
            sha256=digest(name),
            width=640,
            height=480,
            source=f"{name}.png",
            local=[(features(name), ASPECT)] if "local" in writer.settings else [],
            vectors=vectors_of(writer, EMBEDDING, views(name)),
        )


def add_person(writer, record_id, *images, faces=1, **terms):
    """Put a person with images of these names, each with so many faces, the first its likeness."""
    writer.put_record(record(record_id, **terms))
    for name in images:
        others = [f"{name} {number}" for number in range(1, faces)]
        writer.add_image(
            record_id,
            code(name),
            sha256=digest(name),
            width=640,
            height=480,
            source=f"{name}.png",
            local=[(features(name), ASPECT)] if "local" in writer.settings else [],
            faces=likeness(name, *others) if faces else None,
            face_settings=FACE_SETTINGS,
        )


def make(path, content=None, *, settings=SETTINGS):
    """Make an index of records and the names of their images."""
    with IndexWriter(path, settings=settings) as writer:
        for record_id, images in (COMMITTED if content is None else content).items():
            add(writer, record_id, *images)
    return path


def calibration_of(path, **changes):
    """Return a calibration of the index at a path, as it is."""
    with ReferenceIndex.open(path) as index:
        own = {"index_uuid": index.uuid, "next_id": index.next_id}
    return replace(CALIBRATION, **own | changes)


def calibrate(path, **changes):
    """Give the index at a path a calibration, and return it."""
    calibration = calibration_of(path, **changes)
    with IndexWriter(path, settings=None) as writer:
        writer.put_calibration(calibration, next_id=calibration.next_id)
    return calibration


def calibration_at(path):
    """Return the calibration that the index at a path has."""
    with ReferenceIndex.open(path) as index:
        return index.calibration


def content_of(index):
    """Return titles and image digests of all records, each image found by every channel as well."""
    found = {}
    for one in index.records():
        images = index.images(one.id)
        names = [image.source.removesuffix(".png") for image in images]
        assert [image.sha256 for image in images] == [digest(name) for name in names]
        for image, best in zip(images, index.search_hashes(query(*names), k=1), strict=True):
            assert (best[0].image_id, best[0].score) == (image.id, 256.0)
        if index.references("local"):
            for image, name in zip(images, names, strict=True):
                assert index.search_local([features(name)], k=1)[0].image_id == image.id
        for image, name in zip(images, names, strict=True):
            if "face" in image.channels:
                (found_by_face,) = index.search_faces(likeness(name), k=0, min_score=-1)
                assert image.id in {near.image_id for near in found_by_face}
        find_by_vectors(index, one, dict(zip(names, images, strict=True)))
        found[one.id] = (one.title, sorted(names))
    assert len(found) == index.record_count
    assert sum(len(names) for _, names in found.values()) == index.image_count
    return found


def find_by_vectors(index, one, images):
    """Make sure that a record is found by its words and each image, by name, by all its windows."""
    if CONCEPT in index.channels:
        ((near,),) = index.search_vectors(CONCEPT, words(one.title)[1:], k=1)
        assert (near.record_id, near.image_id) == (one.id, None)
    for name, image in images.items():
        if EMBEDDING in image.channels:
            for (near,) in index.search_vectors(EMBEDDING, views(name), k=1):
                assert (near.record_id, near.image_id) == (one.id, image.id)


def content_at(path):
    """Return what the index at a path holds now."""
    with ReferenceIndex.open(path) as index:
        return content_of(index)


def files_of(path):
    """Return every file of an index that holds something, relative to it."""
    files = (file.relative_to(path) for file in sorted(path.rglob("*")) if file.is_file())
    return [file for file in files if file.name != "lock"]


def assert_altered_bytes_are_told(path, file):
    """Alter one byte of a file, at each end and in the middle: opening and verifying name it."""
    (name,) = (one for one in files_of(path) if one.name == file)
    content = (path / name).read_bytes()
    for offset in (0, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[offset] ^= 1
        (path / name).write_bytes(changed)
        with pytest.raises(IndexDamagedError, match=file):
            content_at(path)
        assert [problem.file for problem in verify(path)] == [name.as_posix()]
    (path / name).write_bytes(content)
    assert verify(path) == ()


def list_as_it_is(path, name):
    """Let the manifest list a file of the one segment as it stands."""
    manifest = read_manifest(path)
    (entry,) = manifest.segments
    file = storage.describe_file(path / "segments" / entry.name / name)
    entry = replace(entry, files=dict(entry.files) | {name: file})
    write_manifest(path, replace(manifest, segments=(entry,)))
