"""Embeddings: a picture and windows on it as vectors, by whatever weights are here."""

from screening.signals.embeddings.embed import embeddings, finish
from screening.signals.embeddings.model import (
    EmbeddingModel,
    available,
    choose,
    with_settings,
)
from screening.signals.embeddings.prepare import Prepared, prepare
from screening.signals.embeddings.windows import TILES, seen

__all__ = [
    "TILES",
    "EmbeddingModel",
    "Prepared",
    "available",
    "choose",
    "embeddings",
    "finish",
    "prepare",
    "seen",
    "with_settings",
]
