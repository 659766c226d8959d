"""What an index refuses to enroll of an image."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reference_index.errors import IndexFormatError
from reference_index.fingerprint import (
    FACE_CHANNEL,
    HASH_BYTES,
    LOCAL_CHANNEL,
    FaceVectors,
    HashCodes,
)
from reference_index.local_builder import LocalFrame
from reference_index.vector_files import vector_channels
from reference_index.vectors import Vectors, are_unit

MAX_SIDE = 1 << 31
SHA256 = re.compile(r"[0-9a-f]{64}")


def check_image(codes: HashCodes, sha256: str, width: int, height: int) -> None:
    """Raise ValueError for what cannot be an image; see IndexWriter.add_image."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != HASH_BYTES:
        raise ValueError(
            f"hash_codes are {codes.dtype} {codes.shape}, expected uint8 (n, {HASH_BYTES})"
        )
    if not SHA256.fullmatch(sha256):
        raise ValueError(f"sha256 is {sha256!r}, expected 64 lower-case hex digits")
    if not (0 < width < MAX_SIDE and 0 < height < MAX_SIDE):
        raise ValueError(f"the image is {width} × {height} px, expected 1 to {MAX_SIDE - 1}")


def check_local(local: Sequence[LocalFrame], path: Path, built: Mapping[str, str]) -> None:
    """Raise IndexFormatError where the index has no local channel, ValueError for no frame.

    path, built: of the index, and its settings.
    """
    if local and LOCAL_CHANNEL not in built:
        raise IndexFormatError(
            f"index {path} was built without the local channel, so that local features "
            f"cannot be added: enroll again into a new index, or pass none"
        )
    for _, aspect in local:
        if not 0 < aspect < math.inf:
            raise ValueError(f"the width / height of a frame is {aspect}, expected above 0")


def check_faces(
    faces: FaceVectors, settings: str, path: Path, built: Mapping[str, str], *, size: int
) -> None:
    """Raise IndexFormatError for faces of other settings, ValueError for what is no face.

    path, built: as in check_local. size: how many numbers its faces have, 0 where it has none.
    """
    if not len(faces):
        return
    if faces.dtype != np.float32 or faces.ndim != 2 or not are_unit(faces):
        raise ValueError(
            f"faces are {faces.dtype} {faces.shape}, expected float32 (n, d) of unit length: "
            f"pass the vectors of usable faces alone"
        )
    if not settings:
        raise ValueError("faces came without face_settings: pass what the vectors depend on")
    known = built.get(FACE_CHANNEL, settings)
    if known != settings:
        raise IndexFormatError(
            f"index {path} holds faces with the settings {known!r}, not {settings!r}: enroll with "
            f"the face model that it was built with, or enroll again into a new index"
        )
    if size not in {0, faces.shape[1]}:
        raise ValueError(
            f"faces have {faces.shape[1]} numbers each, those of index {path} have {size} with the "
            f"same settings: name in the settings what differs"
        )


def check_vectors(
    vectors: Mapping[str, Vectors],
    path: Path,
    built: Mapping[str, str],
    *,
    prefix: str,
    least: int,
    sizes: Mapping[str, int],
) -> None:
    """Raise IndexFormatError for channels the index does not have, ValueError for other vectors.

    path, built: as in check_local. prefix: of the channels that these vectors can be of. least: how
    many there are of each channel at least. sizes: how many numbers those of the index have.
    """
    known = vector_channels(built, prefix=prefix)
    for channel, own in vectors.items():
        if channel not in known:
            raise IndexFormatError(
                f"index {path} has the channels {', '.join(known) or 'none'} of this kind, not "
                f"{channel!r}: pass vectors of these alone, or enroll again into a new index"
            )
        if own.dtype != np.float32 or own.ndim != 2 or len(own) < least or not are_unit(own):
            raise ValueError(
                f"the vectors of {channel} are {own.dtype} {own.shape}, expected float32 (n, d) of "
                f"unit length, n at least {least}: pass what the model gave"
            )
        if len(own) and own.shape[1] != sizes.get(channel, own.shape[1]):
            raise ValueError(
                f"the vectors of {channel} have {own.shape[1]} numbers each, those of index {path} "
                f"have {sizes[channel]} with the same settings: name in the settings what differs"
            )
