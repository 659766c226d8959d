"""The channels of models: pictures against reference pictures, and against the words of records.

An embedding channel compares every window on a picture with those on reference images; a concept
channel compares the same vectors with the titles, aliases and descriptions of records. There is one
of each for each model that an index was built with.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from reference_index import Among, Fingerprint, Kind, ReferenceIndex
from reference_index.candidates import VectorCandidate
from reference_index.fingerprint import CONCEPT_PREFIX, Embedding
from reference_index.vector_files import vector_channels as channels_among
from screening.errors import InputInvalidError
from screening.matching.channels import Channel, Scored
from screening.matching.findings import ChannelReport, ChannelState
from screening.matching.regions import upright, upright_share


def vector_channels(indexes: Sequence[ReferenceIndex]) -> tuple[Channel, ...]:
    """Return the channels of models that any of the indexes was built with, by name."""
    names = {name for index in indexes for name in channels_among(index.settings)}
    return tuple(map(vector_channel, sorted(names)))


@lru_cache
def vector_channel(name: str) -> Channel:
    """Return the channel of a model, ``embedding:MODEL`` or ``concept:MODEL``."""
    return Channel(
        name=name,
        unit="cosine beyond neutral words"
        if name.startswith(CONCEPT_PREFIX)
        else "cosine beyond what is common",
        discrete=False,
        references=lambda index: index.references(name, without=Kind.CLEARED),
        units=lambda frame: _windows(frame, name),
        gap=_gap(name),
        search=_searching(name),
        everywhere=False,
    )


def of_model(frame: Fingerprint, channel: str) -> Embedding | None:
    """Return what the channel's model makes of a frame, None where it did not look."""
    model = channel.partition(":")[2]
    return next((one for one in frame.embeddings if one.model == model), None)


def _windows(frame: Fingerprint, channel: str) -> int:
    """Return how many windows are compared, each of which may look like something by chance."""
    one = of_model(frame, channel)
    return 0 if one is None else len(one)


def _gap(channel: str) -> Callable[[Sequence[Fingerprint]], ChannelReport | None]:
    def gap(frames: Sequence[Fingerprint]) -> ChannelReport | None:
        if all(of_model(frame, channel) is not None for frame in frames):
            return None
        return ChannelReport(
            state=ChannelState.UNAVAILABLE, reason="the model did not look at the picture"
        )

    return gap


def _searching(channel: str) -> Callable[..., list[list[Scored]]]:
    def search(
        frames: Sequence[Fingerprint],
        indexes: Sequence[ReferenceIndex],
        *,
        min_scores: Sequence[float],
        best: int,
    ) -> list[list[Scored]]:
        """Search with every window on every frame; of a frame, each record's best one counts."""
        seen = [one for frame in frames if (one := of_model(frame, channel)) is not None]
        found: list[list[Scored]] = [[] for _ in seen]
        for index, min_score in zip(indexes, min_scores, strict=True):
            _check(seen, index, channel)
            for into, those in zip(
                found, _of_index(seen, index, channel, min_score, best), strict=True
            ):
                into.extend(those)
        return found

    return search


def _of_index(
    seen: Sequence[Embedding], index: ReferenceIndex, channel: str, min_score: float, best: int
) -> list[list[Scored]]:
    """Return what scored against each picture, all windows of all pictures searched at once."""
    if not seen:
        return []
    vectors = np.concatenate([one.vectors for one in seen])
    words = channel.startswith(CONCEPT_PREFIX)
    neutral = np.concatenate([one.neutral for one in seen])
    near = index.search_vectors(
        channel,
        vectors,
        k=best,
        min_score=min_score,
        strangers=None if words else seen[0].strangers,
        neutral=neutral if words else None,
        among=Among.PROTECTED,
    )
    windows = iter(near)
    scored = [_best_window(one, [next(windows) for _ in range(len(one))], index) for one in seen]
    return [_closest(those, min_score, best) for those in scored]


def _best_window(
    one: Embedding, windows: Sequence[Sequence[VectorCandidate]], index: ReferenceIndex
) -> Sequence[Scored]:
    """Return the best candidate of each record among those of all windows on a picture."""
    kept: dict[str, tuple[int, VectorCandidate]] = {}
    for row, candidates in enumerate(windows):
        for candidate in candidates:
            known = kept.get(candidate.record_id)
            if known is None or candidate.score > known[1].score:
                kept[candidate.record_id] = row, candidate
    return [
        Scored(
            index=index,
            record_id=record_id,
            image_id=candidate.image_id,
            score=candidate.score,
            transform="as a whole" if row == 0 else "in a part of the picture",
            region=upright(one.boxes[row]),
            share=upright_share(one.boxes[row]),
        )
        for record_id, (row, candidate) in kept.items()
    ]


def _closest(scored: Sequence[Scored], min_score: float, best: int) -> list[Scored]:
    """Return the ``best`` and all from min_score on.

    Below these a record may lack the window that it is nearest to, and others are missing.
    """
    ranked = sorted(scored, key=lambda one: (-one.score, one.record_id))
    return [one for rank, one in enumerate(ranked) if rank < best or one.score >= min_score]


def _check(seen: Sequence[Embedding], index: ReferenceIndex, channel: str) -> None:
    """Refuse pictures whose vectors are of other weights than those of the index."""
    built = index.settings[channel]
    for one in seen:
        if built != one.settings and not built.startswith(f"{one.settings}, "):
            raise InputInvalidError(
                f"the picture's vectors were taken with {one.settings!r}, those of {index.path} "
                f"with {built!r}: take them with the model of the index, or enroll again"
            )
