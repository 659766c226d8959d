"""What a channel's scores depend on: the fingerprints' settings, and how they are compared."""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from reference_index import (
    IndexFormatError,
    ReferenceIndex,
    face_levels,
    face_search,
    local_coarse,
    local_features,
    local_neighbors,
    local_search,
    local_votes,
    vector_levels,
    vector_search,
)
from reference_index.fingerprint import FACE_CHANNEL, HASH_CHANNEL, LOCAL_CHANNEL
from reference_index.vector_files import is_vector_channel
from screening import signals
from screening.digests import constants_of, digest_of
from screening.matching import correspondences, geometry, local, significance
from screening.names import (
    context,
    cues,
    finder,
    forms,
    given,
    lexicon,
    mending,
    sounds,
    spellings,
    surprise,
    words,
)
from screening.signals import hashes
from screening.signals import local as local_signal

DRAWN_FACE_CHANNEL = "face-drawn"  # drawn faces, over the references of the face channel
NAME_CHANNEL = "name"  # titles and names of records, in prompts and the names of models
MODEL_NAME_CHANNEL = "name:model"  # what it says of models, told apart from prompts
_VECTORS = "vectors"  # embeddings and concepts alike, by whatever model

_VERSIONS: Mapping[str, int] = {
    HASH_CHANNEL: 1,
    LOCAL_CHANNEL: 1,
    FACE_CHANNEL: 1,
    DRAWN_FACE_CHANNEL: 1,
    _VECTORS: 1,
    NAME_CHANNEL: 1,
}
"""To be raised where a score changes and no constant of the modules below does."""

_MODULES: Mapping[str, tuple[ModuleType, ...]] = {
    HASH_CHANNEL: (hashes,),
    LOCAL_CHANNEL: (
        local_signal,
        local,
        correspondences,
        geometry,
        significance,
        local_coarse,
        local_features,
        local_neighbors,
        local_search,
        local_votes,
    ),
    FACE_CHANNEL: (face_search, face_levels),
    DRAWN_FACE_CHANNEL: (face_search, face_levels),
    _VECTORS: (vector_levels, vector_search),
    NAME_CHANNEL: (
        context,
        cues,
        finder,
        given,
        forms,
        lexicon,
        mending,
        sounds,
        spellings,
        surprise,
        words,
    ),
}


def _digest(channel: str) -> str:
    """Return 8 hex digits over every constant of the modules that a channel's scores depend on."""
    constants = {module.__name__: constants_of(module) for module in _MODULES[channel]}
    return digest_of([_VERSIONS[channel], constants])


_DIGESTS: Mapping[str, str] = {channel: _digest(channel) for channel in _MODULES}

SETTINGS: Mapping[str, str] = MappingProxyType({
    channel: f"{built}, matching {_DIGESTS[channel]}" for channel, built in signals.SETTINGS.items()
})  # fmt: skip
"""What the scores of each channel without a model depend on; null distributions measured with other
settings are refused."""


NAME_SETTINGS = f"matching {_DIGESTS[NAME_CHANNEL]}"


def settings_of(index: ReferenceIndex, channel: str) -> str | None:
    """Return what the scores of a channel of an index depend on; None of one that it lacks."""
    if channel in SETTINGS:
        return SETTINGS[channel]
    if channel == NAME_CHANNEL:
        return NAME_SETTINGS
    built = index.settings.get(channel if is_vector_channel(channel) else FACE_CHANNEL)
    return built and settings_with(channel, built)


def settings_with(channel: str, built: str) -> str:
    """Return what the scores of a channel with a model depend on, given what its vectors do."""
    return f"{built}, matching {_DIGESTS[_VECTORS if is_vector_channel(channel) else channel]}"


def check_settings(index: ReferenceIndex) -> None:
    """Refuse an index whose fingerprints are not comparable with those made here.

    A channel that it was built without is told in every screening; so is one whose model is not
    at hand. Raises IndexFormatError.
    """
    for channel, built in index.settings.items():
        settings = signals.SETTINGS.get(channel)
        by_model = channel == FACE_CHANNEL or is_vector_channel(channel)
        if built != settings and not by_model:
            raise IndexFormatError(
                f"{index.path}: the {channel} channel was built with {built!r}, this version "
                f"uses {settings!r}: enroll again"
            )
