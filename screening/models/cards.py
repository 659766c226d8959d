"""Cards: what a file of weights is, who may use it, and how pixels are prepared for it."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from screening.errors import ModelCardError

TASKS = ("face-detection", "face-embedding")
RUNTIMES = ("opencv", "onnx", "dlib")
LANDMARKS = ("eyes-nose-mouth", "dlib-5")
CHANNELS = ("BGR", "RGB")
SHIPPED = (
    "yunet-2023mar",
    "retail-0095",
    "sface-2021dec",
    "arcface",
    "dlib-landmarks-5",
    "dlib-resnet-v1",
)
"""The cards that ship, those to be preferred first."""

Template = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of one file of weights; of a family of files where there is no sha256.

    id: lower-case name, that of the card's own file. file: the name its publisher gave the weights.
    bytes: their size. package: the installed package that may hold them. weak: its silence is
    worth little, for there are far better weights.
    landmarks: which five points a detector gives or an embedder is aligned by: "eyes-nose-mouth"
    (eyes, tip of the nose, corners of the mouth, left before right as one sees them) or "dlib-5".
    Of an embedder: it takes square crops of input_size px whose values are
    ``(value - mean) * scale`` in the order of channels, aligned so that the landmarks come to lie
    on template (x, y in fractions of the crop), and gives output_size numbers. strangers: what its
    vectors of different people have in common, in cosine: the mean of the nearest tenth, and what
    1 of 1,000 pairs exceeds. Where nothing was measured it is that of retail-0095. cohort: whether
    what a face has in common with people at large is taken off its score.
    """

    id: str
    title: str
    task: str
    runtime: str
    licence: str
    commercial_use: bool
    source: str
    landmarks: str
    file: str = ""
    sha256: str = ""
    bytes: int = 0
    package: str = ""
    weak: bool = False
    input_size: int = 0
    output_size: int = 0
    channels: str = ""
    mean: float = 0.0
    scale: float = 1.0
    template: Template = ()
    strangers: tuple[float, float] = (0.17, 0.34)
    cohort: bool = True

    @property
    def warning(self) -> str:
        """What must be said wherever weights are used that are not free for commercial use."""
        if self.commercial_use or not self.sha256:
            return ""
        return f"{self.id}: the licence of the weights ({self.licence}) forbids commercial use"

    @property
    def mark(self) -> str:
        """The id and the beginning of the sha256, by which weights are told apart."""
        return f"{self.id} {self.sha256[:8]}"


@lru_cache
def shipped_cards() -> tuple[Card, ...]:
    """Return the cards that ship with this program, those to be preferred first."""
    folder = files("screening.models") / "cards"
    return tuple(card_of(f"{i}.toml", i, (folder / f"{i}.toml").read_text()) for i in SHIPPED)


def read_card(path: Path) -> Card:
    """Return the card in a file ``ID.toml``. Raises ModelCardError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ModelCardError(
            f"{path}: cannot be read ({error}); mend or remove the file"
        ) from error
    return card_of(str(path), path.stem, text)


def card_of(name: str, card_id: str, text: str) -> Card:
    """Return the card that a TOML text is; name is what errors call it. Raises ModelCardError."""
    try:
        table = tomllib.loads(text)
    except ValueError as error:
        raise ModelCardError(f"{name}: is not TOML ({error}); mend or remove the file") from error
    _check_keys(name, table)
    if "template" in table:
        table["template"] = _template(name, table["template"])
    if "strangers" in table:
        table["strangers"] = _strangers(name, table["strangers"])
    for field in fields(Card):
        if field.name in table:
            table[field.name] = _typed(name, field.name, field.type, table[field.name])
    card = Card(id=card_id, **table)
    _check_values(name, card)
    return card


def card_text(card: Card) -> str:
    """Return the TOML text of a card, what is unknown left out."""
    lines = []
    for field in fields(Card):
        value = getattr(card, field.name)
        if field.name != "id" and value != field.default:
            lines.append(f"{field.name} = {_toml(value)}\n")
    return "".join(lines)


def _check_keys(name: str, table: Mapping[str, Any]) -> None:
    known = {field.name: field for field in fields(Card) if field.name != "id"}
    for key in table:
        if key not in known:
            raise ModelCardError(f"{name}: unknown key {key!r}, expected one of {', '.join(known)}")
    for key, field in known.items():
        if field.default is MISSING and key not in table:
            raise ModelCardError(f"{name}: {key} is missing; every card says it")


def _typed(name: str, key: str, kind: Any, value: Any) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if kind in {str, bool, int, float} and type(value) is not kind:
        raise ModelCardError(f"{name}: {key} is {value!r}, expected {_KINDS[kind]}")
    return value


def _template(name: str, value: Any) -> Template:
    try:
        points = tuple((float(x), float(y)) for x, y in value)
    except (TypeError, ValueError):
        points = ()
    if len(points) != 5 or not all(0 < place < 1 for point in points for place in point):
        raise ModelCardError(
            f"{name}: template is {value!r}, expected five points [x, y] in fractions of the crop"
        )
    return points


def _strangers(name: str, value: Any) -> tuple[float, float]:
    try:
        typical, cap = (float(cosine) for cosine in value)
    except (TypeError, ValueError):
        typical, cap = 1.0, 0.0
    if not -1.0 < typical < cap < 1.0:
        raise ModelCardError(
            f"{name}: strangers is {value!r}, expected two rising cosines between -1 and 1"
        )
    return typical, cap


def _check_values(name: str, card: Card) -> None:
    choices = (
        ("task", TASKS),
        ("runtime", RUNTIMES),
        ("landmarks", LANDMARKS),
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
    if card.sha256 and (len(card.sha256) != 64 or set(card.sha256) - set("0123456789abcdef")):
        raise ModelCardError(f"{name}: sha256 is {card.sha256!r}, expected 64 hex digits")
    if card.task == "face-embedding" and card.input_size < 1:
        raise ModelCardError(f"{name}: input_size is {card.input_size}, expected at least 1 px")
    if card.runtime == "onnx" and not card.template:
        raise ModelCardError(f"{name}: template is missing; the crop is aligned to it")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


_KINDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
