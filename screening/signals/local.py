"""The local features of a picture: SIFT, in turns from all parts of it."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from reference_index.fingerprint import DESCRIPTOR_SCALE, DESCRIPTOR_SIZE, LocalFeatures

MIN_FEATURES = 16
"""With fewer features the channel is weak evidence. None of 240 photographs, paintings and cartoons
had fewer than 75."""

GrayImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """How features are looked for; benchmarks/local_extraction.py compares other ways.

    working_side: pixels of the longer side; a picture is enlarged to it max_enlargement times at
    most. budget: the most features that are kept. cells: square parts of the picture that give
    their strongest in turns. contrast: OpenCV's contrastThreshold; faint_contrast: that of a second
    look at pictures with few features, washed out or blurred ones.
    """

    working_side: int = 320
    max_enlargement: float = 3.0
    budget: int = 500
    cells: int = 64
    contrast: float = 0.04
    faint_contrast: float = 0.01


SHIPPED = Extraction()

_CODEBOOK = (files("reference_index") / "local_codebook.npy").read_bytes()

LOCAL_SETTINGS = (
    f"{SHIPPED.budget} RootSIFT, luma, working size {SHIPPED.working_side} px, version 1, "
    f"codebook {hashlib.sha256(_CODEBOOK).hexdigest()[:8]}"
)
"""What the features and their codes depend on; an index built with other settings is refused."""

_MIN_SIDE = 8  # px at working size: half of what a descriptor looks at
_DETECTED = 3  # for each that is kept: SIFT alone would keep the strongest, wherever they crowd
_FEW = 100
_SMALLEST = 3.2  # px, the diameter of the finest features
_OCTAVES = 5


def local_features(gray: GrayImage, *, how: Extraction = SHIPPED) -> LocalFeatures:
    """Return the local features of a picture; of one that is blank or a thin strip there are none.

    gray: uint8 (h, w), luma. Source: Lowe 2004; Arandjelović and Zisserman 2012.
    """
    small = at_working_size(gray, how=how)
    if min(small.shape) < _MIN_SIDE:
        return _NONE
    points, descriptors = _detected(small, how.budget, how.contrast)
    if len(points) < _FEW:
        points, descriptors = _detected(small, how.budget, how.faint_contrast)
    if not points:
        return _NONE
    found = np.array([(*p.pt, p.size, p.angle, p.response) for p in points], np.float32)
    kept = in_turns(found, small.shape, how.cells)[: how.budget]
    return LocalFeatures(
        descriptors=_root_sift(np.asarray(descriptors)[kept]),
        geometry=_in_fractions(found[kept, :4], small.shape, gray.shape),
    )


def _detected(small: GrayImage, budget: int, contrast: float) -> tuple[Sequence[Any], Any]:
    import cv2

    sift = cv2.SIFT.create(
        nfeatures=_DETECTED * budget,
        nOctaveLayers=3,
        contrastThreshold=contrast,
        edgeThreshold=10,
        sigma=1.6,
        descriptorType=cv2.CV_8U,
        enable_precise_upscale=True,  # without it every point lies a quarter pixel off
    )
    points, descriptors = sift.detectAndCompute(small, None)
    return points, descriptors


def at_working_size(gray: GrayImage, *, how: Extraction = SHIPPED) -> GrayImage:
    """Return the picture as features are looked for in it; each side keeps at least 1 px."""
    import cv2

    height, width = gray.shape
    scale = min(how.working_side / max(height, width), how.max_enlargement)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, size, interpolation=way), np.uint8)


def in_turns(found: Floats, shape: tuple[int, ...], cells: int) -> npt.NDArray[np.intp]:
    """Return the order in which the cells of a picture give their features.

    found: (n, 5), x and y in pixels, diameter, angle, strength. shape: height and width.
    The features of each octave of diameter have cells of their own, the sides of which double with
    it: fine texture, a halftone screen's, does not crowd out what is seen from afar. The first turn
    takes the strongest of each cell, the second what is then the strongest, and so on; within a
    turn the stronger come first. The order does not depend on the order given.
    """
    octave = np.log2(found[:, 2] / _SMALLEST).clip(0, _OCTAVES - 1).astype(np.intp)
    side = math.sqrt(shape[0] * shape[1] / cells) * np.exp2(octave)
    columns, rows = (found[:, :2] // side[:, np.newaxis]).astype(np.intp).T
    numbers = (octave * shape[0] + rows) * shape[1] + columns
    by_cell = np.lexsort((*found.T[:4], -found[:, 4], numbers))
    starts = np.flatnonzero(np.diff(numbers[by_cell], prepend=-1))
    turns = np.arange(len(found)) - np.repeat(starts, np.diff(starts, append=len(found)))
    order: npt.NDArray[np.intp] = by_cell[np.lexsort((-found[by_cell, 4], turns))]
    return order


def _root_sift(descriptors: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    sums = descriptors.sum(axis=1, keepdims=True, dtype=np.float32)
    roots = np.sqrt(descriptors / np.maximum(sums, 1)) * DESCRIPTOR_SCALE
    rounded: npt.NDArray[np.uint8] = np.minimum(np.rint(roots), 255).astype(np.uint8)
    return rounded


def _in_fractions(geometry: Floats, working: tuple[int, ...], shape: tuple[int, ...]) -> Floats:
    """Return pixels at working size as fractions of the picture's longer side.

    Rounding to whole pixels has stretched a picture a little: each side has a ratio of its own.
    """
    height, width = np.divide(shape, working, dtype=np.float32) / np.float32(max(shape))
    x, y, diameter, angle = geometry.T
    half = np.float32(0.5)  # the middle of the first pixel
    fractions = ((x + half) * width, (y + half) * height, diameter / max(working), angle % 360)
    return np.stack(fractions, axis=1, dtype=np.float32)


_NONE = LocalFeatures(
    descriptors=np.empty((0, DESCRIPTOR_SIZE), np.uint8), geometry=np.empty((0, 4), np.float32)
)
