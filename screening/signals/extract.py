"""From one decoded frame to its fingerprint."""

from collections.abc import Mapping
from dataclasses import dataclass

from reference_index.fingerprint import HASH_CHANNEL, LOCAL_CHANNEL, Fingerprint
from screening.images import Frame
from screening.signals.embeddings import EmbeddingModel, embeddings
from screening.signals.faces import FaceModel, find_faces
from screening.signals.hashes import HASH_SETTINGS, perceptual_hashes
from screening.signals.local import LOCAL_SETTINGS, local_features

SETTINGS: Mapping[str, str] = {HASH_CHANNEL: HASH_SETTINGS, LOCAL_CHANNEL: LOCAL_SETTINGS}
"""What each channel's fingerprints depend on; an index is made for one such set, and for the
embeddings of some models besides. Faces depend on a model that comes with its first person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What looks at pictures by weights: for faces, and at whole pictures.

    Most run where a picture is decoded; those by torch look at many pictures together.
    """

    faces: FaceModel | None = None
    embeddings: tuple[EmbeddingModel, ...] = ()

    @property
    def together(self) -> tuple[EmbeddingModel, ...]:
        """Those that look at many pictures at once, once these are prepared."""
        return tuple(model for model in self.embeddings if model.runtime == "torch")


NO_MODELS = Models()


def fingerprint(frame: Frame, *, sha256: str, models: Models = NO_MODELS) -> Fingerprint:
    """Return what every channel extracts from a frame; it never depends on which are in use.

    sha256: hex digest of the file the frame comes from. models: what looks at it by weights; those
    that look at many pictures together are left out. Raises UnreadError where the frame's colors
    cannot be decoded, and ModelBrokenError; both only where there are models.
    """
    faces = models.faces
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
        embeddings=tuple(
            embeddings(frame.rgb, model)
            for model in models.embeddings
            if model not in models.together
        ),
    )
