"""From one decoded frame to its fingerprint."""

from collections.abc import Mapping

from reference_index.fingerprint import HASH_CHANNEL, LOCAL_CHANNEL, Fingerprint
from screening.images import Frame
from screening.signals.faces import FaceModel, find_faces
from screening.signals.hashes import HASH_SETTINGS, perceptual_hashes
from screening.signals.local import LOCAL_SETTINGS, local_features

SETTINGS: Mapping[str, str] = {HASH_CHANNEL: HASH_SETTINGS, LOCAL_CHANNEL: LOCAL_SETTINGS}
"""What each channel's fingerprints depend on; an index is made for one such set. Faces depend on a
model, which an index is given with its first person."""


def fingerprint(frame: Frame, *, sha256: str, faces: FaceModel | None = None) -> Fingerprint:
    """Return what every channel extracts from a frame; it never depends on which are in use.

    sha256: hex digest of the file the frame comes from. faces: what to look for faces with, if at
    all. Raises UnreadError where the frame's colors cannot be decoded, and ModelBrokenError; both
    only where faces are looked for.
    """
    return Fingerprint(
        sha256=sha256,
        width=frame.width,
        height=frame.height,
        frame=frame.index,
        hashes=perceptual_hashes(frame.gray),
        local=local_features(frame.gray),
        faces=None
        if faces is None
        else find_faces(frame.rgb, model=faces, width=frame.width, height=frame.height),
    )
