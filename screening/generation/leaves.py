"""Named values of generators' settings: which are prompts, models, seeds, pictures."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from screening.generation.generation import PromptKind
from screening.generation.reading import Reading

MAX_LEAVES = 50_000


class Leaf(StrEnum):
    """What a value is. PROMPT: a text for an encoder, of which the name tells no more."""

    PROMPT = "prompt"
    POSITIVE = "positive"
    NEGATIVE = "negative"
    MODEL = "model"
    LORA = "lora"
    IMAGE = "image"
    SEED = "seed"
    SETTING = "setting"
    UNKNOWN = "unknown"


_MODEL_FILE = re.compile(r"\.(safetensors|sft|ckpt|pth|pt|gguf|onnx|bin|pkl)$", re.IGNORECASE)
_IMAGE_FILE = re.compile(r"\.(png|jpe?g|webp|avif|heic|tiff?|bmp|gif)( \[\w+\])?$", re.IGNORECASE)
_SEEDS = re.compile(r"(^|_)(sub)?seed(_number)?$|^variation_?seed$")
_NEGATIVE = re.compile(r"negative|(^|[._])(uc|undesired\w*)($|[._])|^c?neg(_prompt)?$")
_MODEL = re.compile(
    r"(^|_)(model|checkpoint|ckpt|vae|refiner|upscaler)(_name|_weights|_file)?\d*$"
    r"|^(unet|clip|control_net|controlnet|gligen|style_model|base_model|diffusion_model)_name\d*$"
    r"|_model_name\d*$"
)
_PROMPT = re.compile(
    r"prompt(_?\d+|_[glt]|_text)?$|^(text|string|caption|description|tags|wildcard)(_?\w{1,12})?$"
    r"|_text$|^(clip_[lg]|t5xxl|llama|c|value)$|caption$"
)
_MODEL_PARTS = frozenset(("base", "hash", "weight"))
_SETTINGS = re.compile(
    r"hash|sampler|sampling|schedul|device|dtype|method|crop|resolution|guidance|performance|scheme"
    r"|config_name|(^|_)(type|mode|size|version|format|id|algorithm|resize|rng|precision|date|time|backend|app"
    r"|noise|switch|style_preset|color|width|height|steps|operation|interpolation|upload|key"
    r"|class_type|eta|user|generation_time|aspect_?ratio|control_after_generate)$"
)


def leaf_of(name: str, value: object) -> Leaf:
    """Return what a value is, by its name and the names it stands under, joined by dots."""
    path = re.sub(r"[ \-]", "_", name.strip().lower())
    key = path.rpartition(".")[2]
    if isinstance(value, bool) or not isinstance(value, (str, int)) or _SETTINGS.search(key):
        return Leaf.SETTING
    if isinstance(value, int) or value.strip("-").isdigit():
        return Leaf.SEED if _SEEDS.search(key) else Leaf.SETTING
    return _file_of(path, value) or _text_of(path, key, value)


def _file_of(path: str, value: str) -> Leaf | None:
    if "\n" in value or len(value) > 300:
        return None
    if _MODEL_FILE.search(value):
        return Leaf.LORA if "lora" in path else Leaf.MODEL
    is_image = _IMAGE_FILE.search(value) and (" " not in value or "image" in path)
    return Leaf.IMAGE if is_image else None


def _text_of(path: str, key: str, value: str) -> Leaf:
    rules = (
        (Leaf.NEGATIVE, _NEGATIVE.search(path)),
        (Leaf.POSITIVE, "positive" in path),
        (Leaf.PROMPT, key.endswith("prompt")),
        (Leaf.LORA, "lora" in path),
        (Leaf.MODEL, _MODEL.search(key)),
        (Leaf.PROMPT, _PROMPT.search(key)),
        (Leaf.UNKNOWN, any(map(str.isalpha, value[:1000]))),
    )
    return next((leaf for leaf, fits in rules if fits), Leaf.SETTING)


def leaves(value: Any, reading: Reading, name: str = "") -> Iterator[tuple[str, str | int | float]]:
    """Yield name and value of all that is in JSON values, in order.

    name: what they stand under. Items of a list have the list's name. A thing that has a name of
    its own, as a model in InvokeAI has, is that name alone.
    """
    stack, count = [(name, value)], 0
    while stack:
        name, value = stack.pop()
        count += 1
        if isinstance(value, (str, int, float)):
            yield name, value
        elif isinstance(value, (dict, list)):
            if count + len(stack) + len(value) > MAX_LEAVES:
                reading.problem(f"more than {MAX_LEAVES:,} values: the others were not read")
                return
            stack += reversed(_inner(name, value))


def _inner(name: str, value: dict[str, Any] | list[Any]) -> list[tuple[str, Any]]:
    """Return names and values one step further in."""
    if isinstance(value, list):
        weights = any(isinstance(item, float) for item in value[1:3])
        named = "lora" in name.lower() and weights and isinstance(value[0], str)
        return [(name, item) for item in (value[:1] if named else value)]
    if isinstance(value.get("model_name"), str):
        return [(f"{name}.model_name", value["model_name"])]
    if isinstance(value.get("name"), str) and not _MODEL_PARTS.isdisjoint(value):
        return [(f"{name}.model", value["name"])]
    under = f"{name}." if name else ""
    return [(f"{under}{key}"[-300:], item) for key, item in value.items()]


def keep(reading: Reading, name: str, value: object, *, prompt: PromptKind) -> Leaf:
    """Note a value for what it is, and return that.

    prompt: what a text for an encoder is here. Settings are not kept.
    """
    leaf = leaf_of(name, value)
    if leaf is Leaf.SEED:
        reading.seed(int(str(value)[:40]) if str(value).strip("-")[:40].isdecimal() else -1)
    elif isinstance(value, str):
        if leaf is Leaf.MODEL:
            reading.model(value)
        elif leaf is Leaf.LORA:
            reading.lora(value)
        elif leaf is Leaf.IMAGE:
            reading.image(value)
        elif leaf is not Leaf.SETTING:
            reading.prompt(_PROMPTS.get(leaf, prompt), value)
    return leaf


_PROMPTS = {
    Leaf.NEGATIVE: PromptKind.NEGATIVE,
    Leaf.POSITIVE: PromptKind.POSITIVE,
    Leaf.UNKNOWN: PromptKind.OTHER,
}
