"""Weights that no card describes: tried once, and given a card like another's."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from screening.errors import InputInvalidError, ModelBrokenError
from screening.models.cards import Card
from screening.models.sessions import Network
from screening.models.store import file_sha256

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def card_like(like: Card, file: Path, *, card_id: str, licence: str, commercial_use: bool) -> Card:
    """Return a card for a file whose pixels are prepared as for another card, after a trial run.

    The network must load, take crops of the card's size and give finite numbers for a gray one.
    Raises ModelBrokenError where it does not, InputInvalidError where the other card is not one
    of an ONNX face embedder, or the id or licence cannot be one.
    """
    if (like.task, like.runtime) != ("face-embedding", "onnx"):
        raise InputInvalidError(
            f"{like.id} is for {like.task} by {like.runtime}, expected a face-embedding card by "
            f"onnx, such as arcface"
        )
    if not _NAME.fullmatch(card_id):
        raise InputInvalidError(
            f"id is {card_id!r}, expected up to 64 of a-z, 0-9, '.', '_' and '-', a letter or "
            f"digit first"
        )
    if not licence.strip():
        raise InputInvalidError("licence is empty, expected its name, such as Apache-2.0")
    return replace(
        like,
        id=card_id,
        title=file.stem,
        file=f"{card_id}{file.suffix}",
        sha256=file_sha256(file),
        bytes=file.stat().st_size,
        licence=licence.strip(),
        commercial_use=commercial_use,
        source=f"imported as one like {like.id}",
        output_size=_tried(Network(file), like.input_size),
        weak=False,
    )


def _tried(network: Network, side: int) -> int:
    """Return how many numbers a network gives for a gray crop."""
    if network.input_size not in {0, side}:
        raise ModelBrokenError(
            f"{network.path}: takes crops of {network.input_size} px, expected {side} px; import "
            f"it like a card of its own kind"
        )
    given = network.run(np.full((1, 3, side, side), 0.5, np.float32))
    if given.shape[1] < 2 or not np.isfinite(given).all():
        raise ModelBrokenError(
            f"{network.path}: gives {given.shape[1]} numbers, some not finite or too few to tell "
            f"faces apart; get the file again"
        )
    return int(given.shape[1])
