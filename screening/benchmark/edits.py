"""Edited copies of enrolled pictures: made in memory, searched with, and let go."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

import numpy as np

from reference_index import ReferenceIndex
from screening.benchmark.queries import Query
from screening.calibration.scores import score_examined
from screening.errors import UnreadError
from screening.evaluation.attacks import ATTACKS, Attack, RgbImage
from screening.examine import Examined, completed, examine_pixels
from screening.images import Limits, load, open_picture
from screening.signals import Models

_TOGETHER = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    path: str
    sha256: str
    attack: Attack
    number: int

    @property
    def key(self) -> str:
        return f"{self.sha256} {self.attack.name} {self.number}"


def edited_queries(
    pictures: Mapping[str, str],
    records: Mapping[str, frozenset[str]],
    index: ReferenceIndex,
    *,
    each: int,
    others: Sequence[str],
    seed: int,
    limits: Limits,
    workers: int | None,
    models: Models,
) -> Iterator[Query]:
    """Yield ``each`` edited copies of every picture, searched with, one attack of its own each.

    pictures: paths by the sha256 of their files, all enrolled. records: who is on them. others:
    paths of pictures that an edit may put around a copy. Every attack comes as often as any other,
    or once more. Decoding is in this process: the files were decoded when they were enrolled.
    """
    edits = list(_edits(pictures, each, len(others), seed))

    def examined(edit: _Edit) -> Examined:
        rng = np.random.default_rng((seed, int(edit.sha256[:12], 16), edit.number))
        around = rng.permutation(len(others))[: edit.attack.others]
        try:
            image = _pixels(edit.path, limits)
            beside = [_pixels(others[place], limits) for place in around]
        except UnreadError as error:
            return Examined(path=edit.path, unread=error.reason)
        return examine_pixels(edit.attack.apply(image, rng, beside), limits, models)

    with ThreadPoolExecutor(max(workers or os.cpu_count() or 1, 1)) as threads:
        for start in range(0, len(edits), _TOGETHER):
            batch = edits[start : start + _TOGETHER]
            found = score_examined(completed(list(threads.map(examined, batch)), models), index)
            for edit, scores in zip(batch, found, strict=True):
                yield Query(
                    name=f"{edit.path} ({edit.attack.name})",
                    key=edit.key,
                    true=records[edit.sha256],
                    scores=scores,
                    family=str(edit.attack.family),
                )


def _edits(pictures: Mapping[str, str], each: int, others: int, seed: int) -> Iterator[_Edit]:
    """Yield who is edited how; the attacks come in rounds, each round in an order of its own."""
    possible = [attack for attack in ATTACKS if attack.others <= others]
    rng = np.random.default_rng(seed)
    rounds = (possible[place] for _ in count() for place in rng.permutation(len(possible)))
    for sha256 in sorted(pictures):
        for number in range(each):
            yield _Edit(path=pictures[sha256], sha256=sha256, attack=next(rounds), number=number)


def _pixels(path: str, limits: Limits) -> RgbImage:
    """Return the colors of a file's first frame at working size. Raises UnreadError."""
    loaded = load(path, limits=limits)
    if loaded.data is None:
        raise UnreadError("no longer an image")
    return next(open_picture(loaded.data, name=path, limits=limits).frames).rgb
