"""Faces to vectors, by any ONNX network that has a card."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from screening.errors import ModelBrokenError
from screening.models import Card, Network
from screening.signals.faces.align import aligned

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class OnnxEmbedder:
    """A face network, its input prepared as its card says. Raises ModelBrokenError."""

    def __init__(self, path: Path, card: Card, *, flip: bool) -> None:
        self._network, self._card, self._flip = Network(path), card, flip
        self._template = np.array(card.template, np.float32)

    def embed(self, rgb: RgbImage, landmarks: Floats) -> Floats:
        """Return the unit vector of each face, float32 (n, d), all in one batch.

        rgb: uint8 (h, w, 3). landmarks: float32 (n, 5, 2), px, n at least 1.
        With flip it is the mean of a face's vector and that of its mirror image.
        """
        side = self._card.input_size
        crops = np.stack([aligned(rgb, points, self._template, side) for points in landmarks])
        if self._flip:
            crops = np.concatenate([crops, crops[:, :, ::-1]])
        given = unit(self._network.run(prepared(crops, self._card)))
        if not np.isfinite(given).all():
            raise ModelBrokenError(
                f"{self._network.path}: gives numbers that are not finite for a face; get the file "
                f"again, or import one of higher precision"
            )
        if given.shape[1] != self._card.output_size:
            raise ModelBrokenError(
                f"{self._network.path}: gives {given.shape[1]} numbers, its card says "
                f"{self._card.output_size}; import the file again"
            )
        return unit(given.reshape(-1, len(landmarks), self._card.output_size).sum(axis=0))


def prepared(crops: npt.NDArray[np.uint8], card: Card) -> Floats:
    """Return RGB crops, uint8 (n, side, side, 3), as the network of a card takes them."""
    ordered = crops if card.channels == "RGB" else crops[..., ::-1]
    values = (ordered.astype(np.float32) - np.float32(card.mean)) * np.float32(card.scale)
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def unit(vectors: Floats) -> Floats:
    """Return vectors, (n, d), at length 1; those of length 0 as they are."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
