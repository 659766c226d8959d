"""Batches of views, each a function of the seed and its number alone, so that runs can go on."""

from collections.abc import Iterator
from typing import cast

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training import augment, overlays
from training.data import Pixels
from training.recipe import Recipe

Batch = dict[str, Tensor]


class Batches(Dataset[Batch]):  # type: ignore[misc]
    """The batches of a run by number.

    pictures: uint8 (n, side, side, 3), the first ``photographs`` of them photographs.
    """

    def __init__(self, pictures: Pixels, photographs: int, recipe: Recipe, seed: int) -> None:
        self._pictures, self._photographs = pictures, photographs
        self._recipe, self._seed = recipe, seed

    def __getitem__(self, number: int) -> Batch:
        """Return one batch: uint8 views, ids, and which view shows which picture."""
        rng = np.random.default_rng((self._seed, 1, number))
        views = augment.views(self._pictures, self._ids(number), self._recipe.side_px, rng)
        return {
            "clean": torch.from_numpy(views.clean),
            "attacked": torch.from_numpy(views.attacked),
            "ids": torch.from_numpy(views.ids),
            "positive": torch.from_numpy(views.positive),
            "related": torch.from_numpy(views.related),
        }

    def _ids(self, number: int) -> np.ndarray:
        """Return the pictures of a batch: its share of photographs and of drawings, none twice."""
        drawings = len(self._pictures) - self._photographs
        batch = self._recipe.batch
        photos = round(batch * self._recipe.photographs) if drawings else batch
        return np.concatenate([
            self._turn(number, photos, self._photographs, 2),
            self._photographs + self._turn(number, batch - photos, drawings, 3),
        ])  # fmt: skip

    def _turn(self, number: int, wanted: int, count: int, stream: int) -> np.ndarray:
        """Return those of ``count`` pictures whose turn it is; each comes once in every round."""
        if not wanted:
            return np.empty(0, np.int64)
        if wanted > count:
            raise ValueError(
                f"a batch takes {wanted} pictures of {count}: add pictures or take smaller batches"
            )
        rounds, place = divmod(number, count // wanted)
        order = np.random.default_rng((self._seed, stream, rounds)).permutation(count)
        return order[place * wanted : (place + 1) * wanted]


def loaded(batches: Batches, *, start: int, stop: int, workers: int, pin: bool) -> Iterator[Batch]:
    """Return the batches from start to stop in order, made by other processes where asked for."""
    overlays.lettering()
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(start, stop),
        num_workers=workers,
        prefetch_factor=6 if workers else None,
        pin_memory=pin,
        worker_init_fn=_one_thread if workers else None,
        multiprocessing_context="fork" if workers else None,
    )
    return cast("Iterator[Batch]", iter(loader))


def _one_thread(_: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
