"""Fingerprints: what the channels extract from one image, as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

HASH_CHANNEL = "hash"
LOCAL_CHANNEL = "local"
FACE_CHANNEL = "face"
EMBEDDING_PREFIX = "embedding:"
CONCEPT_PREFIX = "concept:"
HASH_BITS = 256
HASH_BYTES = HASH_BITS // 8
ISOMETRIES = (
    "as it is",
    "mirrored",
    "flipped",
    "rotated 180°",
    "transposed",
    "rotated 90° clockwise",
    "rotated 90° counterclockwise",
    "transposed across the other diagonal",
)

FACE_QUALITY = ("detector", "width", "frontal", "sharpness")

DESCRIPTOR_SIZE = 128
DESCRIPTOR_SCALE = 512
# A SIFT descriptor is 4 x 4 cells of 8 orientations, rows first, in the frame of its own angle.
_LAYOUT = np.arange(DESCRIPTOR_SIZE).reshape(4, 4, 8)
_MIRRORED = _LAYOUT[::-1, :, -np.arange(8)].reshape(-1)
_INVERTED = _LAYOUT[::-1, ::-1].reshape(-1)

HashCodes = npt.NDArray[np.uint8]
Descriptors = npt.NDArray[np.uint8]
Geometry = npt.NDArray[np.float32]
FaceVectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PerceptualHashes:
    """The 256-bit perceptual hash of one picture under the eight isometries.

    codes: read-only uint8 (8, 32), packed bits, in the order of ISOMETRIES. Row i is the hash of
    the picture with isometry i undone: where it equals a reference's hash, the picture is that
    reference, ``ISOMETRIES[i]``. Row 0 is the picture as it is, the only one that is enrolled.
    structure: share of the hash bits that the picture itself decides, 0 to 1; below the channel's
    limit the hash is weak evidence and is neither enrolled nor searched.
    """

    codes: HashCodes
    structure: float

    def __post_init__(self) -> None:
        if self.codes.shape != (8, HASH_BYTES) or self.codes.dtype != np.uint8:
            raise ValueError(
                f"codes are {self.codes.dtype} {self.codes.shape}, expected uint8 (8, {HASH_BYTES})"
            )
        if not 0.0 <= self.structure <= 1.0:
            raise ValueError(f"structure is {self.structure}, expected 0 to 1")
        self.codes.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalFeatures:
    """The local features of one picture, in an order of which every beginning is spread over it.

    descriptors: read-only uint8 (n, 128), RootSIFT (square root of the SIFT descriptor of sum 1)
    times 512, rounded, at most 255.
    geometry: read-only float32 (n, 4): x, y and diameter in fractions of the picture's longer
    side, y pointing down, and the angle in degrees from 0 to below 360.
    Source: Lowe 2004; Arandjelović and Zisserman 2012.
    """

    descriptors: Descriptors
    geometry: Geometry

    def __post_init__(self) -> None:
        count = len(self.descriptors)
        if self.descriptors.dtype != np.uint8 or self.descriptors.shape != (count, DESCRIPTOR_SIZE):
            raise ValueError(
                f"descriptors are {self.descriptors.dtype} {self.descriptors.shape}, expected "
                f"uint8 (n, {DESCRIPTOR_SIZE})"
            )
        if self.geometry.dtype != np.float32 or self.geometry.shape != (count, 4):
            raise ValueError(
                f"geometry is {self.geometry.dtype} {self.geometry.shape}, expected "
                f"float32 ({count}, 4)"
            )
        self.descriptors.flags.writeable = False
        self.geometry.flags.writeable = False

    def __len__(self) -> int:
        return len(self.descriptors)

    def first(self, count: int) -> "LocalFeatures":
        """Return the first ones, all of them where there are fewer."""
        return LocalFeatures(descriptors=self.descriptors[:count], geometry=self.geometry[:count])

    def mirrored(self, width: float) -> "LocalFeatures":
        """Return the features of the mirrored picture, without another look at the pixels.

        width: of the picture, in fractions of its longer side.
        """
        x, y, diameter, angle = self.geometry.T
        geometry = np.stack([width - x, y, diameter, (180 - angle) % 360], axis=1)
        return LocalFeatures(descriptors=self.descriptors[:, _MIRRORED], geometry=geometry)

    def inverted(self) -> "LocalFeatures":
        """Return the features of the picture as a negative: every gradient points back."""
        x, y, diameter, angle = self.geometry.T
        geometry = np.stack([x, y, diameter, (angle + 180) % 360], axis=1)
        return LocalFeatures(descriptors=self.descriptors[:, _INVERTED], geometry=geometry)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faces:
    """The faces of one picture, the largest first; n is 0 where none were found.

    settings: what the vectors depend on; only vectors of equal settings compare.
    boxes: read-only float32 (n, 4), left, top, right and bottom in fractions of the picture's width
    and height, y pointing down; they may reach a little outside 0 to 1.
    quality: read-only float32 (n, 4), the columns of FACE_QUALITY: the detector's score, 0 to 1;
    the width of the face in pixels of the original picture; how frontal it is, from 0 (profile) to
    1; its sharpness, at least 0.
    drawn: read-only bool (n,), whether the face is drawn, painted or rendered and no photograph.
    vectors: read-only float32 (n, d) of unit length; zeros for a face too poor to compare.
    strangers: how alike faces of different people are under these settings, in cosines: the mean of
    the nearest tenth, and what 1 of 1,000 pairs exceeds; what search_faces takes off a cosine goes
    by it. None where nothing is to be taken off.
    """

    settings: str
    boxes: npt.NDArray[np.float32]
    quality: npt.NDArray[np.float32]
    drawn: npt.NDArray[np.bool_]
    vectors: FaceVectors
    strangers: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.vectors.dtype != np.float32 or self.vectors.ndim != 2:
            raise ValueError(
                f"vectors are {self.vectors.dtype} {self.vectors.shape}, expected float32 (n, d)"
            )
        self.vectors.flags.writeable = False
        count = len(self.vectors)
        for name, dtype, shape in (
            ("boxes", "float32", (count, 4)),
            ("quality", "float32", (count, len(FACE_QUALITY))),
            ("drawn", "bool", (count,)),
        ):
            array = getattr(self, name)
            if array.dtype != dtype or array.shape != shape:
                raise ValueError(f"{name} is {array.dtype} {array.shape}, expected {dtype} {shape}")
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Whether each face is good enough to compare: bool (n,)."""
        return np.asarray(self.vectors.any(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """What one model makes of one picture: a vector for each window on it, the first for the whole.

    model: the id of the model. settings: what the vectors depend on; only vectors of equal settings
    compare.
    boxes: read-only float32 (n, 4), n at least 1: left, top, right and bottom of each window in
    fractions of the picture's width and height, y pointing down.
    vectors: read-only float32 (n, d) of unit length.
    neutral: read-only float32 (n,), how alike each window is to words that name nothing protected,
    in cosine; zeros for a model without words. Scores of concepts are what exceeds it.
    strangers: how alike unrelated pictures are under these settings, as in Faces.
    """

    model: str
    settings: str
    boxes: npt.NDArray[np.float32]
    vectors: npt.NDArray[np.float32]
    neutral: npt.NDArray[np.float32]
    strangers: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.vectors.dtype != np.float32 or self.vectors.ndim != 2 or not len(self.vectors):
            raise ValueError(
                f"vectors are {self.vectors.dtype} {self.vectors.shape}, expected float32 (n, d)"
            )
        self.vectors.flags.writeable = False
        count = len(self.vectors)
        for name, shape in (("boxes", (count, 4)), ("neutral", (count,))):
            array = getattr(self, name)
            if array.dtype != np.float32 or array.shape != shape:
                raise ValueError(f"{name} is {array.dtype} {array.shape}, expected float32 {shape}")
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fingerprint:
    """What is known of one picture (one frame of a file).

    sha256: hex digest of the file's bytes (of the pixels where there was no file).
    width, height: pixels of the upright picture, before any reduction.
    frame: 0 for the first or only frame.
    faces: None where they were not looked for. embeddings: one for each model that looked.
    """

    sha256: str
    width: int
    height: int
    frame: int
    hashes: PerceptualHashes
    local: LocalFeatures
    faces: Faces | None = None
    embeddings: tuple[Embedding, ...] = ()

    @property
    def extents(self) -> tuple[float, float]:
        """Return width and height in fractions of the longer side."""
        longer = max(self.width, self.height)
        return self.width / longer, self.height / longer

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes in a third of the time that field by field takes."""
        hashes = (self.hashes.codes.tobytes(), self.hashes.structure)
        local = (self.local.descriptors.tobytes(), self.local.geometry.tobytes())
        faces = None if self.faces is None else _packed(self.faces)
        own = (self.sha256, self.width, self.height, self.frame)
        embeddings = tuple(map(_packed_embedding, self.embeddings))
        return _fingerprint, (*own, *hashes, *local, faces, embeddings)


_PackedFaces = tuple[str, tuple[float, float] | None, tuple[int, ...], bytes, bytes, bytes, bytes]

_PackedEmbedding = tuple[str, str, tuple[float, float] | None, tuple[int, ...], bytes, bytes, bytes]


def _fingerprint(
    sha256: str,
    width: int,
    height: int,
    frame: int,
    codes: bytes,
    structure: float,
    descriptors: bytes,
    geometry: bytes,
    faces: _PackedFaces | None,
    embeddings: tuple[_PackedEmbedding, ...],
) -> Fingerprint:
    unpacked = np.frombuffer(codes, np.uint8).reshape(len(ISOMETRIES), HASH_BYTES)
    local = LocalFeatures(
        descriptors=np.frombuffer(descriptors, np.uint8).reshape(-1, DESCRIPTOR_SIZE),
        geometry=np.frombuffer(geometry, np.float32).reshape(-1, 4),
    )
    return Fingerprint(
        sha256=sha256,
        width=width,
        height=height,
        frame=frame,
        hashes=PerceptualHashes(codes=unpacked, structure=structure),
        local=local,
        faces=None if faces is None else _unpacked(*faces),
        embeddings=tuple(_unpacked_embedding(*one) for one in embeddings),
    )


def _packed(faces: Faces) -> _PackedFaces:
    arrays = (faces.boxes, faces.quality, faces.drawn, faces.vectors)
    boxes, quality, drawn, vectors = (array.tobytes() for array in arrays)
    return faces.settings, faces.strangers, faces.vectors.shape, boxes, quality, drawn, vectors


def _unpacked(
    settings: str,
    strangers: tuple[float, float] | None,
    shape: tuple[int, ...],
    boxes: bytes,
    quality: bytes,
    drawn: bytes,
    vectors: bytes,
) -> Faces:
    return Faces(
        settings=settings,
        strangers=strangers,
        boxes=np.frombuffer(boxes, np.float32).reshape(-1, 4),
        quality=np.frombuffer(quality, np.float32).reshape(-1, len(FACE_QUALITY)),
        drawn=np.frombuffer(drawn, np.bool_),
        vectors=np.frombuffer(vectors, np.float32).reshape(shape),
    )


def _packed_embedding(one: Embedding) -> _PackedEmbedding:
    boxes, vectors, neutral = (a.tobytes() for a in (one.boxes, one.vectors, one.neutral))
    return one.model, one.settings, one.strangers, one.vectors.shape, boxes, vectors, neutral


def _unpacked_embedding(
    model: str,
    settings: str,
    strangers: tuple[float, float] | None,
    shape: tuple[int, ...],
    boxes: bytes,
    vectors: bytes,
    neutral: bytes,
) -> Embedding:
    return Embedding(
        model=model,
        settings=settings,
        strangers=strangers,
        boxes=np.frombuffer(boxes, np.float32).reshape(-1, 4),
        vectors=np.frombuffer(vectors, np.float32).reshape(shape),
        neutral=np.frombuffer(neutral, np.float32),
    )
