"""Checkpoints opened by torch and open_clip: the only modules that see them are this and its users.

Nothing is fetched: architectures that would take a part of themselves from the hub are refused.
"""

import difflib
import hashlib
import json
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.errors import InputInvalidError, ModelBrokenError, ModelToolsMissingError
from screening.models.preparation import Preparation

NEEDED = {"embed_dim": int, "vision_cfg": dict, "text_cfg": dict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A network that torch can run on the processor, float32, for inference.

    context_length: tokens of a text; 0 where there is no text, or none by CLIP's own tokenizer.
    preparation: open_clip's; None for a TorchScript, of which only its card knows.
    """

    module: Any
    context_length: int = 0
    preparation: Preparation | None = None


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what torch, open_clip and ONNX Runtime say of their own doing off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def need_tools() -> None:
    """Raise ModelToolsMissingError unless the extra ``clip`` is installed."""
    try:
        with quiet():
            import onnx  # noqa: F401
            import open_clip  # noqa: F401
            import tokenizers  # noqa: F401
            import torch  # noqa: F401
    except ImportError as error:
        raise ModelToolsMissingError(
            f"weights of this kind cannot be opened without {error.name or error}: "
            f"pip install 'screening[clip]'"
        ) from error


def open_clip_model(file: Path, *, architecture: str, config: str = "") -> Opened:
    """Return open_clip's network of an architecture with the weights of a checkpoint.

    config: the JSON text of an architecture of one's own, then its name means nothing to
    open_clip. Raises InputInvalidError for an architecture that cannot be, ModelBrokenError for a
    checkpoint that does not fit it, or holds more than weights.
    """
    need_tools()
    import open_clip

    name, table = _registered(architecture, config)
    _refuse_remote_parts(architecture, table)
    try:
        with quiet():
            module = open_clip.create_model(
                name,
                pretrained=str(_with_suffix_of_content(file)),
                device="cpu",
                precision="fp32",
                pretrained_hf=False,
                force_preprocess_cfg=_preprocessing(name, config),
            ).eval()
    except Exception as error:
        raise ModelBrokenError(
            f"{file}: is no checkpoint of weights alone that fits {architecture} "
            f"({_shortened(error)}); name its own architecture"
        ) from error
    text = table["text_cfg"]
    plain = not any(key.startswith(("hf_", "tokenizer")) for key in text)
    return Opened(
        module=module,
        context_length=int(text.get("context_length", 77)) if plain else 0,
        preparation=_preparation(architecture, module.visual.preprocess_cfg),
    )


def torchscript_model(file: Path) -> Opened:
    """Return the network in a TorchScript file. Raises ModelBrokenError."""
    need_tools()
    import torch

    try:
        with quiet():
            return Opened(module=torch.jit.load(str(file), map_location="cpu").float().eval())
    except Exception as error:
        raise ModelBrokenError(
            f"{file}: is not a TorchScript that torch can load ({_shortened(error)}); "
            f"get the file again"
        ) from error


def checkpoint_suffix(file: Path) -> str:
    """Return the suffix by which open_clip knows the kind of a file, by its content."""
    with file.open("rb") as stream:
        start = stream.read(9)
    return ".safetensors" if len(start) == 9 and start[8:] == b"{" else ".pt"


def _with_suffix_of_content(file: Path) -> Path:
    suffix = checkpoint_suffix(file)
    if (file.suffix == ".safetensors") != (suffix == ".safetensors") or file.suffix in _NUMPY:
        raise ValueError(f"by its content it is a {suffix} file, rename it")
    return file


def _registered(architecture: str, config: str) -> tuple[str, Mapping[str, Any]]:
    """Return the name that open_clip knows an architecture by, and its configuration."""
    import open_clip

    name = architecture
    if config:
        name = f"screening-{hashlib.sha256(config.encode()).hexdigest()[:16]}"
        if open_clip.get_model_config(name) is None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"{name}.json"
                path.write_text(json.dumps(_model_config(architecture, config)), encoding="utf-8")
                open_clip.add_model_config(path)
    table = open_clip.get_model_config(name) if ":" not in name and "/" not in name else None
    if table is None:
        close = difflib.get_close_matches(architecture, open_clip.list_models(), 3, 0.4)
        raise InputInvalidError(
            f"architecture is {architecture!r}, expected one of open_clip's, such as "
            f"{', '.join(close) or 'ViT-B-32'}, or a file with its configuration"
        )
    return name, table


def _model_config(architecture: str, config: str) -> Mapping[str, Any]:
    try:
        table = json.loads(config)
    except ValueError:
        table = None
    if isinstance(table, dict):
        table = table.get("model_cfg", table)
    if not isinstance(table, dict) or not all(
        isinstance(table.get(key), kind) for key, kind in NEEDED.items()
    ):
        raise InputInvalidError(
            f"{architecture}: is no configuration of open_clip's, expected JSON with "
            f"{', '.join(NEEDED)}"
        )
    return table


def _refuse_remote_parts(architecture: str, table: Mapping[str, Any]) -> None:
    name = str(table["vision_cfg"].get("timm_model_name", ""))
    if table["text_cfg"].get("hf_model_name") or ":" in name or "/" in name:
        raise InputInvalidError(
            f"architecture {architecture} takes a part of itself from the hub, and nothing is "
            f"fetched here; choose another"
        )


def _preprocessing(name: str, config: str) -> dict[str, Any]:
    """Return how pixels are prepared, where that is known beside the architecture.

    Of a configuration what it says; of an architecture of open_clip's the way of all weights that
    its registry has for it, where there is one way; else nothing: open_clip's default.
    """
    import open_clip

    if config:
        said = json.loads(config).get("preprocess_cfg", {})
        return {key: said[key] for key in _PREPROCESSING if key in said}
    ways = []
    for tag in open_clip.list_pretrained_tags_by_model(name):
        known = open_clip.get_pretrained_cfg(name, tag)
        way = {key: known[key] for key in _PREPROCESSING if key in known}
        if way not in ways:
            ways.append(way)
    return ways[0] if len(ways) == 1 else {}


def _preparation(architecture: str, known: Mapping[str, Any]) -> Preparation:
    size = known["size"]
    sides = set(size) if isinstance(size, (tuple, list)) else {size}
    if len(sides) != 1:
        raise InputInvalidError(f"architecture {architecture} takes {size} px, expected a square")
    try:
        return Preparation(
            input_size=int(sides.pop()),
            mean=tuple(known["mean"]),
            std=tuple(known["std"]),
            resize=known["resize_mode"],
            interpolation=known["interpolation"],
        )
    except ValueError as error:
        raise InputInvalidError(
            f"architecture {architecture} cannot be prepared for: {error}"
        ) from error


def _shortened(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:300]}…"


_PREPROCESSING = ("mean", "std", "interpolation", "resize_mode")
_NUMPY = (".npz", ".npy")
