"""Cards: what a file of weights is, who may use it, and how pixels are prepared for it."""

import json
import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from screening.errors import ModelCardError
from screening.models.card_checks import EMBEDDER_RUNTIMES, check_keys, check_values, typed
from screening.models.preparation import Preparation

SHIPPED = (
    "yunet-2023mar",
    "retail-0095",
    "sface-2021dec",
    "arcface",
    "dlib-landmarks-5",
    "dlib-resnet-v1",
    "clip-vit-b-32",
    "clip-vit-b-32-datacomp",
    "clip-vit-l-14",
    "clip-vit-l-14-datacomp",
    "pe-core-t-16",
    "pe-core-l-14",
    "clip-vit-b-32-metaclip",
    "sscd",
)
"""The cards that ship, of each task those to be preferred first."""

Template = tuple[tuple[float, float], ...]
Color = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of one file of weights; of a family of files where there is no sha256.

    id: lower-case name, that of the card's own file. file: the name its publisher gave the weights.
    bytes: their size. package: the installed package that may hold them. repository: that of the
    hub which has them. digest: how their sha256 is established where the card has none.
    recommended: one of the default set. weak: its silence is worth little, for there are far
    better weights.

    Of faces: landmarks says which five points a detector gives or an embedder is aligned by:
    "eyes-nose-mouth" (eyes, tip of the nose, corners of the mouth, left before right as one sees
    them) or "dlib-5". An embedder takes square crops of input_size px whose values are
    ``(value - mean) * scale`` in the order of channels, aligned so that the landmarks come to lie
    on template (x, y in fractions of the crop), and gives output_size numbers. strangers: what its
    vectors of different people have in common, in cosine: the mean of the nearest tenth, and what
    1 of 1,000 pairs exceeds. Where nothing was measured it is that of retail-0095. cohort: whether
    what a face has in common with people at large is taken off its score.

    Of whole pictures: architecture and pretrained are open_clip's names of the network and of the
    weights; pixel_mean, pixel_std, resize and interpolation are those of ``preparation``. What is
    measured of these weights, strangers too, stands in their Conversion.
    """

    id: str
    title: str
    task: str
    runtime: str
    licence: str
    commercial_use: bool
    source: str
    landmarks: str = ""
    file: str = ""
    sha256: str = ""
    bytes: int = 0
    digest: str = ""
    package: str = ""
    repository: str = ""
    recommended: bool = False
    weak: bool = False
    architecture: str = ""
    pretrained: str = ""
    input_size: int = 0
    output_size: int = 0
    pixel_mean: Color = ()
    pixel_std: Color = ()
    resize: str = ""
    interpolation: str = ""
    channels: str = ""
    mean: float = 0.0
    scale: float = 1.0
    template: Template = ()
    strangers: tuple[float, float] = (0.17, 0.34)
    cohort: bool = True

    @property
    def embeds_pictures(self) -> bool:
        """Whether it is of whole pictures: such weights are converted when they come."""
        return self.task in EMBEDDER_RUNTIMES

    @property
    def preparation(self) -> Preparation | None:
        """How whole pictures are prepared; None for faces."""
        if not self.embeds_pictures:
            return None
        return Preparation(
            input_size=self.input_size,
            mean=self.pixel_mean,  # type: ignore[arg-type]  # its own check tells
            std=self.pixel_std,  # type: ignore[arg-type]
            resize=self.resize,  # type: ignore[arg-type]
            interpolation=self.interpolation,  # type: ignore[arg-type]
        )

    @property
    def warning(self) -> str:
        """What must be said wherever weights are used that are not free for commercial use."""
        if self.commercial_use or not (self.sha256 or self.embeds_pictures):
            return ""
        return f"{self.id}: the licence of the weights ({self.licence}) forbids commercial use"

    @property
    def mark(self) -> str:
        """The id and the beginning of the sha256, by which weights are told apart."""
        return f"{self.id} {self.sha256[:8]}"


@lru_cache
def shipped_cards() -> tuple[Card, ...]:
    """Return the cards that ship with this program, of each task those to be preferred first."""
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
    known = {field.name: field for field in fields(Card) if field.name != "id"}
    check_keys(name, table, known)
    values = {key: typed(name, key, known[key].type, value) for key, value in table.items()}
    card = Card(id=card_id, **values)
    check_values(name, card)
    return card


def card_text(card: Card) -> str:
    """Return the TOML text of a card, what is unknown left out."""
    lines = []
    for field in fields(Card):
        value = getattr(card, field.name)
        if field.name != "id" and value != field.default:
            lines.append(f"{field.name} = {_toml(value)}\n")
    return "".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
