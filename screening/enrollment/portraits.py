"""Photographs of people: which face is the person's, and which photograph is of someone else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reference_index import Faces, Fingerprint
from reference_index.fingerprint import FaceVectors
from screening.enrollment.outcomes import Outcome
from screening.enrollment.sources import Box


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Portrait:
    """A person's face in each frame of a photograph that shows it, or why it cannot be had.

    vectors: float32 (n, d) of unit length, None where it is refused.
    """

    vectors: FaceVectors | None = None
    refused: Outcome | None = None
    reason: str | None = None


def portrait(frames: Iterable[Fingerprint], box: Box | None, *, largest: bool) -> Portrait:
    """Return the face of the person that a photograph, frame by frame, was enrolled for.

    box: the face that overlaps it most is meant. Without one there must be but one face that can
    be compared, or the largest is meant.
    """
    looked = [faces for frame in frames if (faces := frame.faces) is not None and len(faces)]
    meant = [(faces, _meant(faces, box)) for faces in looked]
    for faces, rows in meant:
        if len(rows) > 1 and not largest:
            return Portrait(refused=Outcome.SEVERAL_FACES, reason=_boxes(faces, rows))
    vectors = [faces.vectors[rows[0]] for faces, rows in meant if len(rows)]
    if vectors:
        return Portrait(vectors=np.array(vectors))
    if box and not any(_overlap(faces, box).any() for faces in looked):
        return Portrait(refused=Outcome.NO_FACE, reason="none overlaps the box")
    if not looked:
        return Portrait(refused=Outcome.NO_FACE)
    return Portrait(refused=Outcome.POOR_FACE, reason=_widest(looked))


def likeness(photographs: Mapping[str, FaceVectors]) -> dict[str, float]:
    """Return how alike each photograph is to the one most alike of the others, as a cosine.

    Of several frames the one that is least alike to the other photographs counts. A photograph
    without others is alike to none: -1.
    """
    faces = np.concatenate([*photographs.values()])
    owner = np.repeat(np.arange(len(photographs)), [len(own) for own in photographs.values()])
    found = {}
    for number, (name, own) in enumerate(photographs.items()):
        cosines = np.where(owner == number, -1.0, own @ faces.T)
        found[name] = float(cosines.max(axis=1).min())
    return found


def _meant(faces: Faces, box: Box | None) -> npt.NDArray[np.intp]:
    """Return the rows of the faces that can be meant and compared, the largest first."""
    meant = faces.usable
    if box:
        overlap = _overlap(faces, box)
        meant = meant & (overlap > 0) & (np.arange(len(faces)) == overlap.argmax())
    return np.flatnonzero(meant)


def _overlap(faces: Faces, box: Box) -> npt.NDArray[np.float64]:
    """Return what share of the area of both together each face has in common with a box."""
    boxes = np.array([box, *faces.boxes.tolist()])
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    common = (high - low).clip(0).prod(axis=1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    shares: npt.NDArray[np.float64] = (common / (area + area[0] - common))[1:]
    return shares


def _boxes(faces: Faces, rows: npt.NDArray[np.intp]) -> str:
    boxes = faces.boxes[rows].clip(0, 1).tolist()
    named = " or ".join("#" + ",".join(f"{side:.3f}" for side in box) for box in boxes)
    return f"name one of {len(rows)} in a records file, its path followed by {named}"


def _widest(looked: Iterable[Faces]) -> str:
    width = max(faces.quality[0, 1] for faces in looked)
    return f"the largest is {width:.0f} px wide"
