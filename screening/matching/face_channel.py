"""The face channels: the faces of a picture against the people of an index.

Photographed faces and drawn ones are compared alike and are two channels, since what chance does
is not the same: strangers' drawn faces are more alike to photographs of people, and to each other.
"""

from collections.abc import Callable, Sequence

import numpy as np

from reference_index import Fingerprint, ReferenceIndex
from reference_index.fingerprint import FACE_CHANNEL, Faces
from screening.errors import InputInvalidError
from screening.matching.channels import Channel, Scored
from screening.matching.findings import ChannelReport, ChannelState, FaceSeen
from screening.matching.regions import upright, upright_share
from screening.matching.settings import DRAWN_FACE_CHANNEL

UNIT = "cosine to the person"


def _references(index: ReferenceIndex) -> int:
    """Return the number of people: the photographs of each are compared as one."""
    return index.person_count


def _rows(faces: Faces | None, *, drawn: bool) -> list[int]:
    if faces is None:
        return []
    return np.flatnonzero(faces.usable & (faces.drawn == drawn)).tolist()


def _gap(*, drawn: bool) -> Callable[[Sequence[Fingerprint]], ChannelReport | None]:
    def gap(frames: Sequence[Fingerprint]) -> ChannelReport | None:
        """Return what is to be said where nobody looked for faces, or some are too poor."""
        looked = [frame.faces for frame in frames if frame.faces is not None]
        if len(looked) < len(frames):
            return ChannelReport(
                state=ChannelState.UNAVAILABLE, reason="nobody looked for faces in the picture"
            )
        total = sum(int((faces.drawn == drawn).sum()) for faces in looked)
        poor = total - sum(len(_rows(faces, drawn=drawn)) for faces in looked)
        if not poor:
            return None
        which = f"{poor} of {total} {'drawn ' if drawn else ''}faces"
        return ChannelReport(
            state=ChannelState.WEAK,
            reason=f"{which} too small, turned away or blurred to be compared",
        )

    return gap


def _searching(*, drawn: bool) -> Callable[..., list[list[Scored]]]:
    def search(
        frames: Sequence[Fingerprint],
        indexes: Sequence[ReferenceIndex],
        *,
        min_scores: Sequence[float],
        best: int,
    ) -> list[list[Scored]]:
        """Search with every face of every frame; of a frame, each record's best face counts."""
        return [
            [
                scored
                for index, min_score in zip(indexes, min_scores, strict=True)
                for scored in _of_index(frame, index, min_score, best, drawn=drawn)
            ]
            for frame in frames
        ]

    return search


def _of_index(
    frame: Fingerprint, index: ReferenceIndex, min_score: float, best: int, *, drawn: bool
) -> list[Scored]:
    faces, rows = frame.faces, _rows(frame.faces, drawn=drawn)
    if faces is None or not rows:
        return []
    if faces.settings != index.settings[FACE_CHANNEL]:
        raise InputInvalidError(
            f"the picture's faces were taken with {faces.settings!r}, those of {index.path} with "
            f"{index.settings[FACE_CHANNEL]!r}: take them with the model of the index"
        )
    found = index.search_faces(
        faces.vectors[rows], k=best, min_score=min_score, strangers=faces.strangers
    )
    kept: dict[str, Scored] = {}
    for row, near in zip(rows, found, strict=True):
        face = _seen(faces, row)
        for one in near:
            if one.record_id not in kept or one.score > kept[one.record_id].score:
                kept[one.record_id] = Scored(
                    index=index,
                    record_id=one.record_id,
                    image_id=one.image_id,
                    score=one.score,
                    transform=_in_words(face),
                    region=upright(faces.boxes[row]),
                    share=upright_share(faces.boxes[row]),
                    face=face,
                )
    return [*kept.values()]


def _seen(faces: Faces, row: int) -> FaceSeen:
    detector, width, frontal, sharpness = faces.quality[row].tolist()
    return FaceSeen(
        number=row + 1,
        of=len(faces),
        detector=detector,
        width=width,
        frontal=frontal,
        sharpness=sharpness,
        drawn=bool(faces.drawn[row]),
    )


def _in_words(face: FaceSeen) -> str:
    which = f"face {face.number} of {face.of}, " if face.of > 1 else ""
    return f"{which}{face.width:.0f} px wide, {100 * face.frontal:.0f} % frontal"


def _channel(name: str, *, drawn: bool) -> Channel:
    return Channel(
        name=name,
        unit=UNIT,
        discrete=False,
        references=_references,
        units=lambda frame: len(_rows(frame.faces, drawn=drawn)),
        gap=_gap(drawn=drawn),
        search=_searching(drawn=drawn),
        everywhere=False,
    )


FACE = _channel(FACE_CHANNEL, drawn=False)
DRAWN_FACE = _channel(DRAWN_FACE_CHANNEL, drawn=True)
