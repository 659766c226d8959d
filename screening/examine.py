"""One file from bytes to fingerprints, or to the reason why not."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from reference_index import Fingerprint
from screening.errors import ModelBrokenError, UnreadError
from screening.generation import Generation, generation_of, sidecars_of
from screening.images import Limits, Picture, Seen, from_array, from_pil, load, open_picture
from screening.images.files import Content
from screening.signals import NO_MODELS, Models, fingerprint
from screening.signals.embeddings import EmbeddingModel, Prepared, finish, prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one file gave.

    Exactly one of three: fingerprints, one per distinct frame; ``unread``, why it could not be
    looked at; ``passed_over``, why it is no image. unscreened: what of it was not looked at, in
    words. notes: what was unusual about it. prepared: of each frame, what is left to be shown to
    each model that looks at many pictures together; see ``completed``. generation: what it says of
    how it was made, its sidecars included; None where it says nothing, or was not asked.
    """

    path: str | None
    sha256: str | None = None
    fingerprints: tuple[Fingerprint, ...] = ()
    unread: str | None = None
    passed_over: str | None = None
    unscreened: str | None = None
    notes: tuple[str, ...] = ()
    elapsed_ms: float = 0.0
    prepared: tuple[tuple[Prepared, ...], ...] = ()
    generation: Generation | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes in a third of the time that field by field takes."""
        what = (self.path, self.sha256, self.fingerprints, self.unread, self.passed_over)
        more = (self.unscreened, self.notes, self.elapsed_ms, self.prepared, self.generation)
        return _restored, (*what, *more)


def _restored(*values: Any) -> Examined:
    return Examined(**dict(zip(Examined.__slots__, values, strict=True)))


def examine(
    seen: Seen | str, limits: Limits, models: Models = NO_MODELS, said: bool = True
) -> Examined:
    """Return what a file seen by a walk gave, or the file at a path, whatever is in it.

    models: here and below, what looks at it by weights, if anything does. said: whether its words
    on how it was made are read, and those beside it.
    """
    if isinstance(seen, str) or seen.skip is None:
        path = seen if isinstance(seen, str) else seen.path
        return examine_file(path, limits, models, said)
    if seen.skip.unread:
        return Examined(path=seen.path, unread=seen.skip.reason)
    return Examined(path=seen.path, passed_over=seen.skip.reason)


def examine_file(
    path: str, limits: Limits, models: Models = NO_MODELS, said: bool = True
) -> Examined:
    """Return what the file at a path gave."""
    started = time.perf_counter()
    try:
        loaded = load(path, limits=limits)
    except UnreadError as error:
        return Examined(path=path, unread=error.reason)
    if loaded.data is None or loaded.sha256 is None:
        skip = loaded.type.skip
        if skip is None or skip.unread:
            return Examined(path=path, unread=skip.reason if skip else "nothing was read")
        return Examined(path=path, passed_over=skip.reason)
    return _examined(path, loaded.data, loaded.sha256, limits, models, started, said=said)


def examine_bytes(data: bytes, limits: Limits, models: Models = NO_MODELS) -> Examined:
    """Return what the bytes of a file gave; what is no image is unread, since it was given as one.

    The path is None.
    """
    sha256, started = hashlib.sha256(data).hexdigest(), time.perf_counter()
    return _examined(None, data, sha256, limits, models, started)


def examine_pixels(
    image: Image.Image | npt.NDArray[np.uint8], limits: Limits, models: Models = NO_MODELS
) -> Examined:
    """Return what a PIL image or an array gave; sha256 is that of its gray working pixels.

    Raises InputInvalidError for an array that is not uint8 (h, w, 3).
    """
    started = time.perf_counter()
    try:
        if isinstance(image, Image.Image):
            picture = from_pil(image, limits=limits)
        else:
            picture = from_array(image, limits=limits)
    except UnreadError as error:
        return Examined(path=None, unread=error.reason)
    return _finished(None, picture, None, models, started)


def _examined(
    path: str | None,
    data: Content,
    sha256: str,
    limits: Limits,
    models: Models,
    started: float,
    *,
    said: bool = True,
) -> Examined:
    try:
        picture = open_picture(data, name=path or "", limits=limits)
    except UnreadError as error:
        return Examined(path=path, sha256=sha256, unread=error.reason)
    told = _told(path, data) if said else None
    return _finished(path, picture, sha256, models, started, generation=told)


def _told(path: str | None, data: Content) -> Generation | None:
    """Return what a file and its sidecars say, None where that is nothing."""
    told = generation_of(data, name=path or "", beside=sidecars_of(path) if path else ())
    return told if told.problems or not told.empty else None


def _finished(
    path: str | None,
    picture: Picture,
    sha256: str | None,
    models: Models,
    started: float,
    *,
    generation: Generation | None = None,
) -> Examined:
    """Take the fingerprints of every frame of an opened picture."""
    fingerprints, prepared, unscreened = [], [], None
    for frame in picture.frames:
        sha256 = sha256 or hashlib.sha256(frame.gray.tobytes()).hexdigest()
        try:
            fingerprints.append(fingerprint(frame, sha256=sha256, models=models))
            prepared.append(tuple(prepare(frame.rgb, model) for model in models.together))
        except (UnreadError, ModelBrokenError) as error:
            unscreened = _blind(error)
            fingerprints.append(fingerprint(frame, sha256=sha256))
    missed, count = picture.unscreened_frames, picture.frame_count
    if missed:
        unscreened = f"{missed} of {max(count, missed + 1)} frames not looked at"
    return Examined(
        path=path,
        sha256=sha256,
        fingerprints=tuple(fingerprints),
        unscreened=unscreened,
        notes=picture.notes,
        elapsed_ms=(time.perf_counter() - started) * 1e3,
        # of a file that only some frames of could be looked at, none is: it says so
        prepared=tuple(prepared) if len(prepared) == len(fingerprints) else (),
        generation=generation,
    )


def completed(examined: Sequence[Examined], models: Models) -> list[Examined]:
    """Return files with what the models see in them that look at many pictures together."""
    for model in models.together:
        examined = _looked_at(examined, model)
    return [*examined]


def _looked_at(examined: Sequence[Examined], model: EmbeddingModel) -> Sequence[Examined]:
    """Return files with what one model sees in the first that each frame has prepared."""
    started = time.perf_counter()
    try:
        seen = iter(finish([frame[0] for one in examined for frame in one.prepared], model))
    except ModelBrokenError as error:
        return [
            replace(one, unscreened=_blind(error)) if one.fingerprints else one for one in examined
        ]
    share = (time.perf_counter() - started) * 1e3 / max(len(examined), 1)
    return [
        replace(
            one,
            fingerprints=tuple(
                replace(frame, embeddings=(*frame.embeddings, next(seen)))
                for frame in one.fingerprints
            ),
            prepared=tuple(frame[1:] for frame in one.prepared),
            elapsed_ms=one.elapsed_ms + share,
        )
        if one.prepared
        else one
        for one in examined
    ]


def _blind(error: Exception) -> str:
    return f"no model could look at it ({error})"
