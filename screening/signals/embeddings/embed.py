"""From pixels to the vectors of a picture, by ONNX Runtime or torch.

The windows of several pictures can be run together, where there is something that runs many at
once.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from reference_index.fingerprint import Embedding
from screening.errors import ModelBrokenError
from screening.models import Network
from screening.models.preparation import Preparation, normalized
from screening.signals.embeddings.model import NEUTRAL_NEAREST, EmbeddingModel
from screening.signals.embeddings.prepare import Prepared, prepare

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_BATCH = 8  # windows run at once: more are no faster on a processor, and take memory


class ImageNetwork(Protocol):
    """The pictures' half of a model."""

    def run(self, windows: RgbImage) -> Floats:
        """Return a vector, of any length, for each window: float32 (n, d), n at least 1."""
        ...


def embeddings(rgb: RgbImage, model: EmbeddingModel) -> Embedding:
    """Return the vectors of one picture.

    rgb: uint8 (h, w, 3), sRGB. Raises ModelBrokenError where the files of the model cannot be used.
    """
    return finish([prepare(rgb, model)], model)[0]


def finish(pictures: Sequence[Prepared], model: EmbeddingModel) -> list[Embedding]:
    """Return the vectors of several pictures, run together as far as that is faster.

    Raises ModelBrokenError.
    """
    if not pictures:
        return []
    vectors = _unit(_network(model).run(np.concatenate([one.windows for one in pictures])), model)
    ends = np.cumsum([len(one.windows) for one in pictures])[:-1]
    return [
        Embedding(
            model=model.id,
            settings=model.settings,
            boxes=one.boxes,
            vectors=own,
            neutral=_neutral(own, model),
            strangers=model.strangers,
        )
        for one, own in zip(pictures, np.split(vectors, ends), strict=True)
    ]


class OnnxImage:
    """A network of pictures on one thread of the processor. Raises ModelBrokenError.

    int8 runs one window at a time: its numbers depend on what else is in a batch.
    """

    def __init__(self, path: Path, how: Preparation, *, one_by_one: bool) -> None:
        self._network, self._how = Network(path, one_by_one=one_by_one), how

    def run(self, windows: RgbImage) -> Floats:
        """Return a vector for each window."""
        parts = [windows[i : i + _BATCH] for i in range(0, len(windows), _BATCH)]
        return np.concatenate([self._network.run(normalized(one, self._how)) for one in parts])


@lru_cache(maxsize=4)
def _network(model: EmbeddingModel) -> ImageNetwork:
    """Return the pictures' half of a model, loaded once in a process."""
    if model.runtime == "torch":
        from screening.signals.embeddings.torch_embed import TorchImage

        return TorchImage(model.network, model.conversion)
    one_by_one = model.precision == "int8"
    return OnnxImage(model.network, model.conversion.preparation, one_by_one=one_by_one)


@lru_cache(maxsize=4)
def _neutral_vectors(path: Path, size: int) -> Floats:
    try:
        vectors: Floats = np.load(path, allow_pickle=False)[...]
    except (OSError, EOFError, ValueError, LookupError) as error:
        raise ModelBrokenError(
            f"{path}: cannot be read ({error}); import the model again"
        ) from error
    if vectors.dtype != np.float32 or vectors.ndim != 2 or vectors.shape[1] != size:
        raise ModelBrokenError(
            f"{path}: holds {vectors.dtype} {vectors.shape}, expected float32 (m, {size}); import "
            f"the model again"
        )
    return vectors


def _neutral(vectors: Floats, model: EmbeddingModel) -> Floats:
    """Return how near each vector is to neutral words: the mean of the nearest tenth."""
    if model.neutral is None:
        return np.zeros(len(vectors), np.float32)
    words = _neutral_vectors(model.neutral, vectors.shape[1])
    near = max(1, len(words) // NEUTRAL_NEAREST)
    cosines = np.stack([words @ vector for vector in vectors])  # the same in any company
    nearest = np.partition(cosines, -near, axis=1)[:, -near:]
    return np.asarray(np.sort(nearest, axis=1).mean(axis=1), np.float32)


def _unit(vectors: Floats, model: EmbeddingModel) -> Floats:
    """Return vectors at length 1. Raises ModelBrokenError where they cannot be what is meant."""
    if vectors.shape[1:] != (model.conversion.output_size,):
        raise ModelBrokenError(
            f"{model.network}: gives {vectors.shape[1:]} numbers, {model.id} has "
            f"{model.conversion.output_size}; import the model again"
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(vectors).all() and (lengths > 0).all()):
        raise ModelBrokenError(
            f"{model.network}: gives numbers for a picture that are not finite, or all 0; import "
            f"the model again, or use it in fp32"
        )
    return np.asarray(vectors / lengths, np.float32)
