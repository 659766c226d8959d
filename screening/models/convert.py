"""From a checkpoint to networks that run without torch: exported, made smaller, and compared."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from screening.errors import InputInvalidError, ModelBrokenError
from screening.models.agreement import Agreement, agreement, strangers
from screening.models.concepts import TextEncoder, neutral_vectors, words_digest
from screening.models.conversion import Conversion, Recipe, StoredFile, conversion_text
from screening.models.export import Tower, check_size, quantized
from screening.models.preparation import Preparation, normalized, prepared
from screening.models.sessions import Network
from screening.models.staging import locked, put_into_place, staging
from screening.models.store import ModelStore, file_sha256
from screening.models.text_tower import any_length
from screening.models.tokenizer import tokenizer_text
from screening.models.torch_models import (
    Opened,
    checkpoint_suffix,
    need_tools,
    open_clip_model,
    torchscript_model,
)
from screening.version import __version__

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

MIN_COSINE = 0.9999
"""That the vectors of ONNX and torch must reach: what is left is the rounding of 32 bits."""
MIN_PICTURES = 3
BATCH = 4  # not that of the example, which shows a batch that was frozen into the network
SENTENCES = ("a photo of a dog", "the old lighthouse, in fog", "x", "a very long text " * 40)
SHORT = 3  # of these so many do not fill a context


def convert(
    store: ModelStore,
    file: Path,
    recipe: Recipe,
    pictures: Sequence[RgbImage],
    *,
    again: bool = False,
) -> Conversion:
    """Convert a checkpoint and keep it and all that is made of it in the store.

    pictures: uint8 (h, w, 3) of any size, on which the precisions are compared; below 16 they say
    too little for int8 to become the default. What is there already, on the same terms, is handed
    back, unless again.
    All is there afterwards, or nothing. Raises ModelToolsMissingError, InputInvalidError where the
    id is taken by other weights, ModelBrokenError where the checkpoint is not what recipe says or
    ONNX gives other vectors, ModelStoreError where the store cannot be written to.
    """
    need_tools()
    if len(pictures) < MIN_PICTURES:
        raise InputInvalidError(
            f"{len(pictures)} pictures to compare precisions on, expected at least {MIN_PICTURES}"
        )
    with store.writing(), locked(store.folder, recipe.id):
        there = _there(store, file, recipe)
        if there and not again and _says(there, recipe) and not store.lacking(there):
            return there
        with staging(store.folder, recipe.id) as aside:
            conversion = _converted(file, recipe, pictures, aside)
            _keep(store, conversion, aside)
        if there:
            for old in set(there.files.values()) - set(conversion.files.values()):
                (store.folder / old.file).unlink(missing_ok=True)
    return conversion


def _there(store: ModelStore, file: Path, recipe: Recipe) -> Conversion | None:
    there = store.conversion(recipe.id)
    if there and there.checkpoint.sha256 != file_sha256(file):
        raise InputInvalidError(
            f"{recipe.id} is here with other weights (sha256 "
            f"{there.checkpoint.sha256[:16]}…, not {file_sha256(file)[:16]}…): choose another id, "
            f"or remove {store.folder / there.record}"
        )
    return there


def _says(there: Conversion, recipe: Recipe) -> bool:
    """Tell whether a conversion is what a recipe says, its terms too."""
    names = ("title", "source", "commercial_use", "architecture", "config")
    return (
        all(getattr(there, name) == getattr(recipe, name) for name in names)
        and there.licence == recipe.licence.strip()
        and recipe.preparation in {None, there.preparation}
    )


def _converted(file: Path, recipe: Recipe, pictures: Sequence[RgbImage], aside: Path) -> Conversion:
    """Write all files but the record to a folder, under their roles."""
    checkpoint = aside / f"checkpoint{checkpoint_suffix(file)}"
    shutil.copyfile(file, checkpoint)
    opened = _opened(checkpoint, file, recipe)
    preparation = recipe.preparation or opened.preparation
    assert preparation, "a TorchScript has a card"
    pixels = np.stack([prepared(picture, preparation) for picture in pictures])
    image = aside / "image.onnx"
    fp32 = _image_network(opened, pixels, preparation, image)
    context = opened.context_length
    if context:
        _words(opened, context, aside)
    del opened  # the weights of a large model are held twice else
    int8, agreed = _smaller(image, pixels, preparation, fp32, aside / "image_int8.onnx")
    stored = {_role(path): _stored(recipe.id, path) for path in aside.iterdir()}
    return Conversion(
        id=recipe.id,
        title=recipe.title,
        source=recipe.source,
        licence=recipe.licence.strip(),
        commercial_use=recipe.commercial_use,
        architecture=recipe.architecture,
        config=recipe.config,
        preparation=preparation,
        output_size=fp32.shape[1],
        context_length=context,
        words=words_digest() if context else "",
        agreement=agreed,
        precision="int8" if agreed.good else "fp32",
        strangers=strangers(int8 if agreed.good else fp32),
        made_with=_versions(),
        **stored,
    )


def _opened(checkpoint: Path, file: Path, recipe: Recipe) -> Opened:
    try:
        if not recipe.architecture:
            opened = torchscript_model(checkpoint)
        else:
            opened = open_clip_model(
                checkpoint, architecture=recipe.architecture, config=recipe.config
            )
    except ModelBrokenError as error:  # the copy is gone when this is read
        raise ModelBrokenError(str(error).replace(str(checkpoint), str(file))) from error
    check_size(getattr(opened.module, "visual", opened.module))
    return opened


def _image_network(
    opened: Opened, pixels: RgbImage, preparation: Preparation, path: Path
) -> Floats:
    """Write the network of pictures and return its vectors of some, by ONNX Runtime."""
    method = "encode_image" if hasattr(opened.module, "encode_image") else ""
    tower = Tower(opened.module, normalized(pixels[:2], preparation), method=method)
    batches = [normalized(pixels[i : i + BATCH], preparation) for i in range(0, len(pixels), BATCH)]
    expected = np.concatenate([tower.vectors(batch) for batch in batches])
    tower.save(path, "pictures")
    network = Network(path)
    given = np.concatenate([network.run(batch) for batch in batches])
    _check_same(given, expected, "pictures")
    return given


def _words(opened: Opened, context: int, aside: Path) -> None:
    """Write the network of texts, its tokenizer, and the vectors of neutral concepts."""
    import open_clip

    tokens = open_clip.tokenize(list(SENTENCES), context_length=context).numpy()
    tower = Tower(opened.module, tokens[:2], method="encode_text")
    expected = tower.vectors(tokens)
    module = any_length(opened)
    free = Tower(module, tokens[:2]) if module else None
    short = tokens[:SHORT, : int(tokens[:SHORT].argmax(axis=1).max()) + 1]
    if (
        free
        and _same(free.vectors(tokens), expected)
        and _same(free.vectors(short), expected[:SHORT])
    ):
        free.save(aside / "text.onnx", "tokens", free=("n", "length"))
    else:
        tower.save(aside / "text.onnx", "tokens")
    (aside / "tokenizer.json").write_text(tokenizer_text(), encoding="utf-8")
    encoder = TextEncoder(aside / "text.onnx", aside / "tokenizer.json", context)
    _check_same(encoder.encode(SENTENCES), expected, "texts")
    _check_same(encoder.encode(SENTENCES[:SHORT]), expected[:SHORT], "short texts")
    np.save(aside / "neutral.npy", neutral_vectors(encoder), allow_pickle=False)


def _smaller(
    network: Path, pixels: RgbImage, preparation: Preparation, fp32: Floats, path: Path
) -> tuple[Floats, Agreement]:
    """Write the network of pictures in int8; return its vectors, and how well they agree."""
    quantized(network, path)
    smaller = Network(path, one_by_one=True)
    int8 = np.concatenate([smaller.run(normalized(one[None], preparation)) for one in pixels])
    lengths = np.linalg.norm(int8, axis=1, keepdims=True)
    if not (np.isfinite(int8).all() and (lengths > 0).all()):
        raise ModelBrokenError("the network gives no finite numbers in int8; get the weights again")
    return int8, agreement(fp32, np.asarray(int8 / lengths, np.float32))


def _check_same(given: Floats, expected: Floats, of: str) -> None:
    if not _same(given, expected):
        raise ModelBrokenError(
            f"ONNX Runtime gives other vectors of {of} than torch (a cosine below {MIN_COSINE}): "
            f"this network cannot be converted"
        )


def _same(given: Floats, expected: Floats) -> bool:
    if given.shape != expected.shape:
        return False
    return bool((np.sum(given * expected, axis=1) >= MIN_COSINE).all())


def _keep(store: ModelStore, conversion: Conversion, aside: Path) -> None:
    roles = {_role(path): path for path in aside.iterdir()}
    moves = [(roles[role], store.folder / to.file) for role, to in conversion.files.items()]
    record = aside / conversion.record
    record.write_text(conversion_text(conversion), encoding="utf-8")
    put_into_place([*moves, (record, store.folder / conversion.record)])


def _role(path: Path) -> str:
    return path.stem


def _stored(conversion_id: str, path: Path) -> StoredFile:
    """Return what is known of a written file. By the digest in its name it replaces no other."""
    digest = file_sha256(path)
    name = f"{conversion_id}.{path.stem}-{digest[:8]}{path.suffix}"
    return StoredFile(file=name, sha256=digest, bytes=path.stat().st_size)


def _versions() -> str:
    names = ["torch", "open_clip_torch", "onnxruntime"]
    with suppress(ImportError):
        return ", ".join((f"screening {__version__}", *(f"{one} {version(one)}" for one in names)))
    return f"screening {__version__}"
