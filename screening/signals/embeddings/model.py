"""Which weights embed pictures, and by what settings their vectors are told apart."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from screening.digests import constants_of, digest_of
from screening.errors import (
    InputInvalidError,
    ModelMissingError,
    ModelToolsMissingError,
    OtherWeightsError,
)
from screening.models import ModelStore, preparation
from screening.models.concepts import words_digest
from screening.models.conversion import Conversion
from screening.models.store import SHIPPED
from screening.signals.embeddings import windows
from screening.signals.embeddings.windows import TILES

_VERSION = 1
"""To be raised where a vector changes and no constant does."""

NEUTRAL_NEAREST = 10
"""Of the neutral concepts one in so many counts as near a window."""

PRECISIONS = ("fp32", "int8")
RUNTIMES = ("onnx", "torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingModel:
    """A model with its files: all that a process needs to embed pictures.

    network: the file that is run: ONNX of that precision, or the checkpoint by torch, which is
    fp32. tiles: how closely pictures are looked at, see windows.TILES. neutral, text, tokenizer:
    what words are compared by; all None for a model without, or whose words were converted by a
    version with other templates or neutral concepts.
    """

    conversion: Conversion
    network: Path
    precision: str = "fp32"
    runtime: str = "onnx"
    tiles: int = 1
    neutral: Path | None = None
    text: Path | None = None
    tokenizer: Path | None = None

    def __post_init__(self) -> None:
        for name, allowed in (
            ("tiles", TILES),
            ("precision", PRECISIONS),
            ("runtime", RUNTIMES),
        ):
            if getattr(self, name) not in allowed:
                raise InputInvalidError(
                    f"{name} is {getattr(self, name)!r}, expected one of {allowed}"
                )

    @property
    def id(self) -> str:
        """The id of the weights, by which channels are named."""
        return self.conversion.id

    @property
    def title(self) -> str:
        """What people call it."""
        return self.conversion.title

    @property
    def strangers(self) -> tuple[float, float]:
        """How alike unrelated pictures are; see Card."""
        return self.conversion.strangers

    @property
    def context_length(self) -> int:
        """How many tokens of a text count; 0 for a model without words."""
        return self.conversion.context_length

    @property
    def warning(self) -> str:
        """What must be said of the licence of the weights; nothing where all is allowed."""
        return self.conversion.warning

    @property
    def settings(self) -> str:
        """What the vectors depend on; only vectors of equal settings compare."""
        digest = _digest(self.conversion)
        return f"{self.conversion.mark}, {self.precision}, tiles {self.tiles}, {digest}"

    @property
    def concept_settings(self) -> str:
        """What scores of concepts depend on: the vectors of pictures, and those of words."""
        return f"{self.settings}, words {digest_of([words_digest(), NEUTRAL_NEAREST])}"


def available(
    store: ModelStore,
    *,
    tiles: int = 1,
    precision: str | None = None,
    runtime: str = "onnx",
) -> Iterator[EmbeddingModel]:
    """Give every model whose files are here, the recommended first, what ships last.

    precision: None for that which each was found good in; torch has fp32 only. Raises
    ModelToolsMissingError where the runtime is not installed.
    """
    _need(runtime)
    for one in store.conversions():
        wanted = precision or ("fp32" if runtime == "torch" else one.precision)
        model = _model(store, one, wanted, runtime, tiles)
        if model:
            yield model


def choose(
    store: ModelStore,
    wanted: str | None = None,
    *,
    tiles: int = 1,
    precision: str | None = None,
    runtime: str = "onnx",
) -> EmbeddingModel:
    """Return the best model that is here, or the one whose id is wanted.

    Raises ModelMissingError where none is here, or not that one, or not in that precision, or not
    the runtime.
    """
    for model in available(store, tiles=tiles, precision=precision, runtime=runtime):
        if wanted in {None, model.id}:
            return model
    reason = f"the model {wanted} is not here" if wanted else "no model of pictures is here"
    raise ModelMissingError(f"{reason}: {_mend(store, wanted, precision, runtime)}")


def with_settings(store: ModelStore, settings: str, *, runtime: str = "onnx") -> EmbeddingModel:
    """Return the model that gives vectors of these settings, those of pictures or of words.

    Raises ModelMissingError where its weights are not here, or not in that precision, or the
    runtime is not installed; and OtherWeightsError where others are here under the name, or this
    version makes other vectors of them, and names both.
    """
    _need(runtime)
    parts = _SETTINGS.fullmatch(settings)
    if parts is None:
        raise OtherWeightsError(
            f"vectors were enrolled with {settings!r}: this version knows no such settings; "
            f"enroll again into a new index"
        )
    mark, precision, tiles = f"{parts['id']} {parts['sha256']}", parts["precision"], parts["tiles"]
    built = f"the index was built with {mark} ({precision})"
    here = store.conversion(parts["id"])
    if here is None:
        raise ModelMissingError(f"{built}, which is not here: {_mend(store, parts['id'])}")
    if here.mark != mark:
        raise OtherWeightsError(
            f"{built}, here is {here.mark}, which are other weights: import those that it was "
            f"built with (screening models import FILE), or enroll again into a new index"
        )
    model = _model(store, here, precision, runtime, int(tiles))
    if model is None:
        mend = _mend(store, here.id, precision, runtime)
        raise ModelMissingError(f"{built}, which is not here in {precision}: {mend}")
    if settings not in {model.settings, model.concept_settings}:
        raise OtherWeightsError(
            f"{built}, of which other vectors are made here: this version, or its conversion "
            f"here, differs; bring the conversion that the index was built with (screening models "
            f"export, import), or enroll again into a new index"
        )
    return model


_SETTINGS = re.compile(
    r"(?P<id>[a-z0-9][a-z0-9._-]*) (?P<sha256>[0-9a-f]{8}), (?P<precision>fp32|int8), "
    r"tiles (?P<tiles>[0-2]), [0-9a-f]{8}(, words [0-9a-f]{8})?"
)


def _model(
    store: ModelStore, one: Conversion, precision: str, runtime: str, tiles: int
) -> EmbeddingModel | None:
    """Return a model as it is to be run, None where a file for that is not here.

    What ships is small, and made for one runtime.
    """
    if store.home(one) == SHIPPED:
        runtime = "onnx"
    if runtime == "torch":
        file = one.checkpoint if precision == "fp32" else None
    else:
        file = one.image if precision == "fp32" else one.image_int8
    network = store.file_of(file) if file else None
    if network is None:
        return None
    words = (one.neutral, one.text, one.tokenizer) if one.words == words_digest() else ()
    there = [store.file_of(part) if part else None for part in words]
    neutral, text, tokenizer = there if there and all(there) else (None, None, None)
    return EmbeddingModel(
        conversion=one,
        network=network,
        precision=precision,
        runtime=runtime,
        tiles=tiles,
        neutral=neutral,
        text=text,
        tokenizer=tokenizer,
    )


def _need(runtime: str) -> None:
    if runtime == "torch" and not (find_spec("torch") and find_spec("open_clip")):
        raise ModelToolsMissingError(
            "the runtime torch is not installed: pip install 'screening[clip]', or use the runtime "
            "onnx"
        )


def _mend(
    store: ModelStore,
    wanted: str | None,
    precision: str | None = None,
    runtime: str = "onnx",
) -> str:
    """Return what to do about a model that cannot be used here."""
    elsewhere = "or carry it here (screening models export, import)"
    if wanted is None:
        return f"screening models pull recommended, {elsewhere}"
    if store.conversion(wanted) is not None:
        if runtime == "torch" and precision == "int8":
            return "torch runs fp32 only; use the runtime onnx, or enroll again in fp32"
        what = "its checkpoint" if runtime == "torch" else f"its network ({precision or 'ONNX'})"
        return (
            f"{what} is missing or damaged; screening models verify, then pull or import it again"
        )
    card = store.card(wanted)
    if card is None:
        return f"no card is called {wanted!r}; see 'screening models list', {elsewhere}"
    return f"screening models pull {wanted}, {elsewhere}"


def _digest(one: Conversion) -> str:
    """Return 8 hex digits over all that a vector of a picture depends on but the weights."""
    constants = map(constants_of, (windows, preparation))
    return digest_of([_VERSION, *constants, asdict(one.preparation), one.strangers])
