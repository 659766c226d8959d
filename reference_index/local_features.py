"""Local features as they are kept: 16 bytes of quantized descriptor, 8 of place and owner.

Product quantization with one fixed codebook for all indexes: merging segments never quantizes
twice. Source: Jégou, Douze and Schmid 2011.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from reference_index.fingerprint import DESCRIPTOR_SIZE, Descriptors, Geometry
from reference_index.vectors import Codes, Ids
from reference_index.vectors.threads import calling_thread_only

FEATURES_PER_IMAGE = 320  # of 28 bytes each: 9 of the 10 kB that a reference may take
MIN_FEATURES = 8
CODE_BYTES = 16

Floats = npt.NDArray[np.float32]

# A packed feature, highest bits first: frame 28, x 11, y 11, angle 7, diameter 6; the sign is free.
FRAME_SHIFT = 35
MAX_FRAMES = 1 << 28
_X_SHIFT, _Y_SHIFT, _ANGLE_SHIFT = 24, 13, 6
_PLACES = (1 << 11) - 1
_ANGLES = 1 << 7
_DIAMETERS = (1 << 6) - 1
_OCTAVES = 9


@cache
def codebook() -> Floats:
    """Return the centers of the quantizer: read-only float32 (16, 256, 8)."""
    with (files("reference_index") / "local_codebook.npy").open("rb") as file:
        centers: Floats = np.load(file, allow_pickle=False).astype(np.float32)
    centers.flags.writeable = False
    return centers


def unit_descriptors(descriptors: Descriptors) -> Floats:
    """Return descriptors, uint8 (n, 128), as float32 of length 1 (0 where all is 0)."""
    floats = descriptors.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", floats, floats))
    floats /= np.maximum(lengths, 1)[:, np.newaxis]
    return floats


def encode(descriptors: Descriptors) -> Codes:
    """Return the codes of descriptors, uint8 (n, 128): uint8 (n, 16)."""
    if not len(descriptors):
        return np.empty((0, CODE_BYTES), np.uint8)
    with calling_thread_only():
        codes: Codes = _quantizer().compute_codes(unit_descriptors(descriptors))
    return codes


def decode(codes: Codes) -> Floats:
    """Return the descriptors that codes, uint8 (n, 16), stand for: float32 (n, 128)."""
    return codebook()[np.arange(CODE_BYTES), codes].reshape(-1, DESCRIPTOR_SIZE)


def pack(frames: Ids, geometry: Geometry) -> Ids:
    """Return ordinals of frames and the geometry of their features as int64 (n,), never negative.

    frames: int64 (n,), 0 to 2^28 - 1. geometry: as in LocalFeatures. What is beyond 0 to 1 in x and
    y, or beyond 2^-9 to 1 in diameter, is moved to the bound.
    """
    x, y = np.rint(geometry[:, :2].clip(0, 1) * _PLACES).astype(np.int64).T
    angle = np.rint(geometry[:, 3] * (_ANGLES / 360)).astype(np.int64) % _ANGLES
    octaves = log2_diameters(geometry) + _OCTAVES
    diameter = np.rint(octaves * (_DIAMETERS / _OCTAVES)).astype(np.int64)
    packed: Ids = frames << FRAME_SHIFT | x << _X_SHIFT | y << _Y_SHIFT
    packed |= angle << _ANGLE_SHIFT | diameter
    return packed


def with_frames(packed: Ids, frames: Ids) -> Ids:
    """Return packed features as those of other frames."""
    return frames << FRAME_SHIFT | packed & ((1 << FRAME_SHIFT) - 1)


def unpack_geometry(packed: Ids) -> Geometry:
    """Return the geometry of packed features: float32 (n, 4).

    x and y are within 1/4094, angles within 1.41 degrees, diameters within 5.1 percent.
    """
    geometry = np.empty((len(packed), 4), np.float32)
    geometry[:, 0] = (packed >> _X_SHIFT & _PLACES) / _PLACES
    geometry[:, 1] = (packed >> _Y_SHIFT & _PLACES) / _PLACES
    angles, octaves = unpack_pose(packed)
    geometry[:, 2] = np.exp2(octaves)
    geometry[:, 3] = angles
    return geometry


def unpack_pose(packed: Ids) -> tuple[Floats, Floats]:
    """Return angles in degrees and base-2 logarithms of diameters of packed features."""
    angles = (packed >> _ANGLE_SHIFT & (_ANGLES - 1)) * (360 / _ANGLES)
    octaves = (packed & _DIAMETERS) * (_OCTAVES / _DIAMETERS) - _OCTAVES
    return angles.astype(np.float32), octaves.astype(np.float32)


def log2_diameters(geometry: Geometry) -> Floats:
    """Return base-2 logarithms of diameters, -9 to 0: float32 (n,)."""
    octaves: Floats = np.log2(geometry[:, 2].clip(2.0**-_OCTAVES, 1))
    return octaves


@cache
def _quantizer():  # type: ignore[no-untyped-def]
    import faiss

    quantizer = faiss.ProductQuantizer(DESCRIPTOR_SIZE, CODE_BYTES, 8)
    faiss.copy_array_to_vector(codebook().ravel(), quantizer.centroids)
    return quantizer
