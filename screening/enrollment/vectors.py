"""What models make of the pictures and words of records: with which an index is built, once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from reference_index import Fingerprint, Kind, Record
from reference_index.errors import IndexMissingError
from reference_index.fingerprint import CONCEPT_PREFIX, EMBEDDING_PREFIX, FaceVectors
from reference_index.manifest import read_manifest
from screening.embedders import BUILD, WITHOUT
from screening.errors import InputInvalidError
from screening.models import ModelStore, shipped_conversions
from screening.models.concepts import TextEncoder, concept_vectors
from screening.people import store_at
from screening.signals import MIN_STRUCTURE
from screening.signals.embeddings import EmbeddingModel, available, choose, with_settings

NAMED = (Kind.WORK, Kind.KEY_ELEMENT)
"""The kinds of records whose words are compared with pictures. Not people: whom a picture shows is
for their photographs to say."""

TILED = 1  # how closely pictures are looked at where nobody says

Vectors = Mapping[str, FaceVectors]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vectorizer:
    """The models that an index is, or is to be, built with.

    words: those of them whose words are compared too. remark: what is to be said where there are
    none.
    """

    models: tuple[EmbeddingModel, ...] = ()
    words: tuple[EmbeddingModel, ...] = ()
    remark: str = ""
    _encoder: Callable[[EmbeddingModel], TextEncoder] = field(
        default_factory=lambda: lru_cache(_text_encoder)
    )

    @property
    def settings(self) -> Mapping[str, str]:
        """What the vectors of each channel depend on."""
        pictures = {f"{EMBEDDING_PREFIX}{model.id}": model.settings for model in self.models}
        words = {f"{CONCEPT_PREFIX}{model.id}": model.concept_settings for model in self.words}
        return pictures | words

    def of_words(self, record: Record) -> Vectors:
        """Return the vectors of a record's title, aliases and description, by concept channel."""
        if record.kind not in NAMED:
            return {}
        names = (record.title, *record.aliases)
        return {
            f"{CONCEPT_PREFIX}{model.id}": concept_vectors(
                self._encoder(model), names, record.description
            )
            for model in self.words
        }


def of_pictures(frames: Sequence[Fingerprint]) -> Vectors:
    """Return the vectors of all windows on the frames of a file, by embedding channel.

    Not of plain frames: to those whatever is plain is alike.
    """
    found: dict[str, list[FaceVectors]] = {}
    for frame in frames:
        if frame.hashes.structure < MIN_STRUCTURE:
            continue
        for one in frame.embeddings:
            found.setdefault(f"{EMBEDDING_PREFIX}{one.model}", []).append(one.vectors)
    return {channel: np.concatenate(vectors) for channel, vectors in found.items()}


def vectorizer(
    index: Path,
    folder: Path | None,
    wanted: Sequence[str] | None,
    *,
    tiles: int | None = None,
    runtime: str = "onnx",
) -> Vectorizer:
    """Return what an index was built with, or is to be built with where there is none yet.

    folder: of weights. wanted: ids of models, none for an empty sequence; by default the best one
    there is. tiles: how closely pictures are looked at, see windows.TILES; by default as the index
    was built, a new one by 1. Raises ModelMissingError where the weights are not here,
    OtherWeightsError where others are, and InputInvalidError where the index was built otherwise
    than is wanted.
    """
    try:
        built = read_manifest(index).settings
    except IndexMissingError:
        return _new(folder, wanted, TILED if tiles is None else tiles, runtime)
    names = {c.removeprefix(EMBEDDING_PREFIX): c for c in built if c.startswith(EMBEDDING_PREFIX)}
    if wanted is not None and set(wanted) != set(names):
        raise InputInvalidError(
            f"index {index} was built with {', '.join(sorted(names)) or 'no embeddings'}, not with "
            f"{', '.join(wanted) or 'none'}: leave that out, or enroll into a new index"
        )
    store = store_at(folder)
    models = tuple(
        with_settings(store, built[channel], runtime=runtime) for channel in names.values()
    )
    if tiles is not None and (others := [one for one in models if one.tiles != tiles]):
        raise InputInvalidError(
            f"index {index} was built with tiles {others[0].tiles}, not with {tiles}: leave that "
            f"out, or enroll into a new index"
        )
    return Vectorizer(
        models=models,
        words=tuple(model for model in models if f"{CONCEPT_PREFIX}{model.id}" in built),
    )


def _new(folder: Path | None, wanted: Sequence[str] | None, tiles: int, runtime: str) -> Vectorizer:
    store = store_at(folder)
    if wanted is None:
        models = _usual(store, tiles, runtime)
        remark = "" if set(models) - set(_own(models)) else _without(store)
    else:
        models = tuple(choose(store, one, tiles=tiles, runtime=runtime) for one in wanted)
        remark = ""
    speaking = tuple(model for model in models if model.text is not None)
    if speaking and find_spec("tokenizers") is None:
        return Vectorizer(
            models=models,
            remark="the new index is built without words: pip install 'screening[concept]', then "
            "enroll again into a new index",
        )
    return Vectorizer(models=models, words=speaking, remark=remark)


def _usual(store: ModelStore, tiles: int, runtime: str) -> tuple[EmbeddingModel, ...]:
    """Return the best model here, and beside it what ships; none where all is damaged."""
    here = tuple(available(store, tiles=tiles, runtime=runtime))
    return (*here[:1], *_own(here[1:]))


def _own(models: Sequence[EmbeddingModel]) -> tuple[EmbeddingModel, ...]:
    """Return those of some models that ship with the package."""
    return tuple(model for model in models if model.conversion in shipped_conversions())


def _without(store: ModelStore) -> str:
    """Return what is to be said of an index that is built by no other model than what ships."""
    damaged = [store.folder / name for one in store.brought() for name in store.lacking(one)]
    why = f" ({damaged[0]} is missing or altered: screening models verify)" if damaged else ""
    return f"the new index is built without {WITHOUT}{why}: {BUILD}"


def _text_encoder(model: EmbeddingModel) -> TextEncoder:
    assert model.text is not None
    assert model.tokenizer is not None
    return TextEncoder(model.text, model.tokenizer, model.context_length)
