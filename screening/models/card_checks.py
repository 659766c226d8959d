"""What may stand in a card: its keys, their types, and values that fit each other."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field
from typing import Any

from screening.errors import ModelCardError

TASKS = ("face-detection", "face-embedding", "image-text-embedding", "image-embedding")
RUNTIMES = ("opencv", "onnx", "dlib", "open_clip", "torchscript")
LANDMARKS = ("eyes-nose-mouth", "dlib-5")
CHANNELS = ("BGR", "RGB")
EMBEDDER_RUNTIMES = {"image-text-embedding": "open_clip", "image-embedding": "torchscript"}
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
ID_RULE = "expected up to 64 of a-z, 0-9, '.', '_' and '-', a letter or digit first"

Numbers = tuple[float, ...]


def is_sha256(text: object) -> bool:
    """Tell whether this is the hex text of a sha256."""
    return isinstance(text, str) and len(text) == 64 and not set(text) - set("0123456789abcdef")


def check_keys(name: str, table: Mapping[str, Any], known: Mapping[str, Field[Any]]) -> None:
    """Refuse keys that are unknown, and tables that lack one; name is that of the card's file."""
    for key in table:
        if key not in known:
            raise ModelCardError(f"{name}: unknown key {key!r}, expected one of {', '.join(known)}")
    for key, field in known.items():
        if field.default is MISSING and key not in table:
            raise ModelCardError(f"{name}: {key} is missing; every card says it")


def typed(name: str, key: str, kind: Any, value: Any) -> Any:
    """Return a value as the field of a card takes it. Raises ModelCardError."""
    if key in _SHAPES:
        return _SHAPES[key](name, key, value)
    if kind is float and type(value) is int:
        value = float(value)
    if kind in _KINDS and type(value) is not kind:
        raise ModelCardError(f"{name}: {key} is {value!r}, expected {_KINDS[kind]}")
    return value


def check_values(name: str, card: Any) -> None:
    """Refuse a card whose values cannot be, or do not fit each other."""
    of_faces = card.task.startswith("face-")
    choices = (
        ("task", TASKS),
        (
            "runtime",
            (EMBEDDER_RUNTIMES[card.task],) if card.task in EMBEDDER_RUNTIMES else RUNTIMES,
        ),
        ("landmarks", LANDMARKS if of_faces else ("",)),
        ("channels", CHANNELS if card.task == "face-embedding" else ("",)),
    )
    for key, allowed in choices:
        if getattr(card, key) not in allowed:
            raise ModelCardError(
                f"{name}: {key} is {getattr(card, key)!r}, expected one of "
                f"{', '.join(map(repr, allowed))}"
            )
    if not card.licence.strip():
        raise ModelCardError(f"{name}: licence is empty; every card says it")
    if card.sha256 and not is_sha256(card.sha256):
        raise ModelCardError(f"{name}: sha256 is {card.sha256!r}, expected 64 hex digits")
    if card.repository and not REPOSITORY.fullmatch(card.repository):
        raise ModelCardError(f"{name}: repository is {card.repository!r}, expected OWNER/NAME")
    if card.task != "face-detection" and card.input_size < 1:
        raise ModelCardError(f"{name}: input_size is {card.input_size}, expected at least 1 px")
    if card.runtime == "onnx" and not card.template:
        raise ModelCardError(f"{name}: template is missing; the crop is aligned to it")
    if card.task in EMBEDDER_RUNTIMES:
        _check_embedder(name, card)


def _check_embedder(name: str, card: Any) -> None:
    needed = ["pixel_mean", "pixel_std", "resize", "interpolation", "output_size"]
    needed += ["architecture"] if card.runtime == "open_clip" else []
    for key in needed:
        if not getattr(card, key):
            raise ModelCardError(f"{name}: {key} is missing; every card for {card.task} says it")
    try:
        _ = card.preparation  # it checks itself
    except ValueError as error:
        raise ModelCardError(f"{name}: {error}") from error


def _template(name: str, _key: str, value: Any) -> tuple[tuple[float, float], ...]:
    try:
        points = tuple((float(x), float(y)) for x, y in value)
    except (TypeError, ValueError):
        points = ()
    if len(points) != 5 or not all(0 < place < 1 for point in points for place in point):
        raise ModelCardError(
            f"{name}: template is {value!r}, expected five points [x, y] in fractions of the crop"
        )
    return points


def _strangers(name: str, _key: str, value: Any) -> tuple[float, float]:
    try:
        typical, cap = (float(cosine) for cosine in value)
    except (TypeError, ValueError):
        typical, cap = 1.0, 0.0
    if not -1.0 < typical < cap < 1.0:
        raise ModelCardError(
            f"{name}: strangers is {value!r}, expected two rising cosines between -1 and 1"
        )
    return typical, cap


def _color(name: str, key: str, value: Any) -> Numbers:
    try:
        color = tuple(float(one) for one in value)
    except (TypeError, ValueError):
        color = ()
    if len(color) != 3:
        raise ModelCardError(f"{name}: {key} is {value!r}, expected three numbers, for red first")
    return color


_SHAPES = {
    "template": _template,
    "strangers": _strangers,
    "pixel_mean": _color,
    "pixel_std": _color,
}
_KINDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
