"""Fingerprints: what the channels extract from one image, as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

HASH_CHANNEL = "hash"
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

HashCodes = npt.NDArray[np.uint8]


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
class Fingerprint:
    """What is known of one picture (one frame of a file).

    sha256: hex digest of the file's bytes (of the pixels where there was no file).
    width, height: pixels of the upright picture, before any reduction.
    frame: 0 for the first or only frame.
    """

    sha256: str
    width: int
    height: int
    frame: int
    hashes: PerceptualHashes

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes in a third of the time that field by field takes."""
        hashes = (self.hashes.codes.tobytes(), self.hashes.structure)
        return _fingerprint, (self.sha256, self.width, self.height, self.frame, *hashes)


def _fingerprint(
    sha256: str, width: int, height: int, frame: int, codes: bytes, structure: float
) -> Fingerprint:
    unpacked = np.frombuffer(codes, np.uint8).reshape(len(ISOMETRIES), HASH_BYTES)
    hashes = PerceptualHashes(codes=unpacked, structure=structure)
    return Fingerprint(sha256=sha256, width=width, height=height, frame=frame, hashes=hashes)
