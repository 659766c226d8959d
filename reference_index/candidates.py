"""Candidates: reference images that scored on a channel."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The best reference image of one record on one channel.

    score: in the channel's unit, higher is closer (hash: bits of 256 alike).
    isometry: row of ISOMETRIES under which the query came closest.
    """

    record_id: str
    image_id: int
    channel: str
    score: float
    isometry: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCandidate:
    """A record that a face is alike.

    image_id: of the record's reference image with the nearest single face.
    score: cosine of the face and the record's template, -1 to 1, higher is closer.
    """

    record_id: str
    image_id: int
    channel: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorCandidate:
    """A record that a vector of a picture is alike, on an embedding or concept channel.

    image_id: of the reference image that comes closest; None on a concept channel, where the
    record's own words do. score: cosine less what both sides have in common with everything else.
    """

    record_id: str
    image_id: int | None
    channel: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCandidate:
    """An enrolled frame that local features of a picture vote for.

    frame: number of the frame, valid while the index that gave it is open; view: which of the
    searched views of the picture agrees with it; votes: above 0, higher is closer.
    """

    record_id: str
    image_id: int
    frame: int
    view: int
    votes: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalReference:
    """What an index keeps of the local features of an enrolled frame.

    extents: width and height in fractions of the longer side. descriptors: read-only float32
    (n, 128), quantized, about 1 long; geometry: read-only float32 (n, 4), as in LocalFeatures, x
    and y within 1/4094, angles within 1.41 degrees, diameters within 5.1 percent.
    """

    record_id: str
    image_id: int
    extents: tuple[float, float]
    descriptors: npt.NDArray[np.float32]
    geometry: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        self.descriptors.flags.writeable = False
        self.geometry.flags.writeable = False
