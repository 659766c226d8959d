"""What was made of a checkpoint once: networks, tokenizer, and how well they keep its vectors."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar

from screening.errors import InputInvalidError, ModelCardError
from screening.models.agreement import Agreement
from screening.models.card_checks import ID, ID_RULE, is_sha256
from screening.models.cards import Card
from screening.models.preparation import Preparation

SUFFIX = ".converted.json"
FORMAT = 1
ROLES = ("image", "image_int8", "text", "tokenizer", "neutral", "checkpoint")
_T = TypeVar("_T")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file in the store's folder: its name there, hex sha256 and size."""

    file: str
    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        if not _FILE.fullmatch(self.file):
            raise ValueError(f"file is {self.file!r}, expected a plain name in the folder")
        if not is_sha256(self.sha256):
            raise ValueError(f"sha256 is {self.sha256!r}, expected 64 hex digits")
        if self.bytes < 0:
            raise ValueError(f"bytes is {self.bytes}, expected 0 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a checkpoint is, before it is converted.

    architecture: open_clip's name, "" for a TorchScript. config: the JSON text of an architecture
    of one's own. preparation: None where open_clip's own for the architecture is meant.
    """

    id: str
    title: str
    source: str
    licence: str
    commercial_use: bool
    architecture: str = ""
    config: str = ""
    preparation: Preparation | None = None

    def __post_init__(self) -> None:
        if not ID.fullmatch(self.id):
            raise InputInvalidError(f"id is {self.id!r}, {ID_RULE}")
        if not self.licence.strip():
            raise InputInvalidError("licence is empty, expected its name, such as Apache-2.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Weights for whole pictures, ready to run: what ``ID.converted.json`` says.

    source: what they were made from. checkpoint: which need not be in the folder. architecture:
    open_clip's name, "" for a TorchScript; config: "" or the JSON text of an architecture of one's
    own. output_size: numbers of a vector; context_length: tokens of a text, 0 without text.
    image, image_int8: networks float32 (n, 3, side, side) to unit vectors (n, output_size); int8
    is to be given one picture at a time, as its scale is that of the whole batch. text: int64
    (n, context_length) to unit vectors. neutral: vectors of neutral concepts, a .npy, and words the
    ``words_digest`` that they were made with. agreement: of
    int8 with fp32, on pictures. precision: the one to be used by default. strangers: how alike
    unrelated pictures are, as ``Card.strangers``. made_with: the versions that converted it.
    """

    id: str
    title: str
    source: str
    licence: str
    commercial_use: bool
    architecture: str
    config: str
    preparation: Preparation
    output_size: int
    context_length: int
    checkpoint: StoredFile
    image: StoredFile
    image_int8: StoredFile | None = None
    text: StoredFile | None = None
    tokenizer: StoredFile | None = None
    neutral: StoredFile | None = None
    agreement: Agreement | None = None
    words: str = ""
    precision: Literal["fp32", "int8"] = "fp32"
    strangers: tuple[float, float]
    made_with: str

    def __post_init__(self) -> None:
        if not ID.fullmatch(self.id):
            raise ValueError(f"id is {self.id!r}, {ID_RULE}")
        if not self.licence.strip():
            raise ValueError("licence is empty; all weights say it")
        if not (self.checkpoint and self.image):
            raise ValueError("checkpoint or image is missing; all weights have them")
        if self.output_size < 2 or self.context_length < 0:
            raise ValueError("output_size or context_length is too small")
        if self.precision not in {"fp32", "int8"} or (
            self.precision == "int8" and not self.image_int8
        ):
            raise ValueError(f"precision is {self.precision!r}, expected one that has a network")
        words = (self.text, self.tokenizer, self.neutral)
        if any(words) != (self.context_length > 0) or any(words) != all(words):
            raise ValueError("text, tokenizer, neutral and context_length go together")
        if len(self.strangers) != 2 or not -1 < self.strangers[0] < self.strangers[1] < 1:
            raise ValueError(f"strangers is {self.strangers!r}, expected two rising cosines")

    @property
    def mark(self) -> str:
        """The id and the beginning of the checkpoint's sha256, by which weights are told apart."""
        return f"{self.id} {self.checkpoint.sha256[:8]}"

    @property
    def record(self) -> str:
        """The name of the file that says this."""
        return f"{self.id}{SUFFIX}"

    @property
    def files(self) -> dict[str, StoredFile]:
        """The files there are, by their role."""
        return {role: file for role in ROLES if (file := getattr(self, role))}

    @property
    def warning(self) -> str:
        """What must be said wherever weights are used that are not free for commercial use."""
        if self.commercial_use:
            return ""
        return f"{self.id}: the licence of the weights ({self.licence}) forbids commercial use"


def recipe_of(card: Card, *, card_id: str = "", licence: str = "",
              commercial_use: bool | None = None) -> Recipe:  # fmt: skip
    """Return what weights are that a card for whole pictures describes, or weights like them."""
    return Recipe(
        id=card_id or card.id,
        title=card.title if card_id in {"", card.id} else card_id,
        source=card.source if card_id in {"", card.id} else f"imported as one like {card.id}",
        licence=licence or card.licence,
        commercial_use=card.commercial_use if commercial_use is None else commercial_use,
        architecture=card.architecture,
        preparation=card.preparation,
    )


def conversion_text(conversion: Conversion) -> str:
    """Return the JSON text of a conversion."""
    return json.dumps({"format": FORMAT, **asdict(conversion)}, indent=1, ensure_ascii=False) + "\n"


def conversion_of(name: str, text: str) -> Conversion:
    """Return the conversion in a JSON text; name is what errors call it. Raises ModelCardError."""
    try:
        return _conversion(json.loads(text))
    except (TypeError, ValueError, KeyError) as error:
        raise ModelCardError(
            f"{name}: is no record of converted weights ({error}); remove the file and pull or "
            f"import the weights again"
        ) from error


def _conversion(table: Any) -> Conversion:
    """Return the conversion in an object of JSON. Raises TypeError, ValueError or KeyError."""
    if not isinstance(table, dict) or table.pop("format", None) != FORMAT:
        raise ValueError(f"format is unknown, expected {FORMAT}")
    for role in ROLES:
        if table.get(role) is not None:
            table[role] = _built(StoredFile, table[role])
    table["preparation"] = _preparation(table.get("preparation"))
    if table.get("agreement") is not None:
        table["agreement"] = _built(Agreement, table["agreement"])
    table["strangers"] = tuple(float(value) for value in table.get("strangers", ()))
    return _built(Conversion, table)


def _preparation(table: Any) -> Preparation:
    if not isinstance(table, Mapping):
        raise TypeError(f"preparation is {table!r}, expected an object")
    colors = {key: tuple(float(one) for one in table[key]) for key in ("mean", "std")}
    return _built(Preparation, {**table, **colors})


def _built(kind: type[_T], table: Any) -> _T:
    """Return a value of a class from an object of JSON, its plain fields of the right type."""
    if not isinstance(table, Mapping):
        raise TypeError(f"{kind.__name__} is {table!r}, expected an object")
    for field in fields(kind):  # type: ignore[arg-type]
        kinds, value = _PLAIN.get(field.type), table.get(field.name)
        if kinds and field.name in table and type(value) not in kinds:
            raise TypeError(f"{field.name} is {value!r}, expected {kinds[0].__name__}")
    return kind(**table)


_PLAIN: Mapping[Any, tuple[type, ...]] = {
    str: (str,), bool: (bool,), int: (int,), float: (int, float)
}  # fmt: skip
