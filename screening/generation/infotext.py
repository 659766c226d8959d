"""The text of AUTOMATIC1111 and its forks: prompt, negative prompt, a line of settings."""

import json
import re
from collections.abc import Iterator
from typing import Any

from screening.generation.generation import PromptKind
from screening.generation.leaves import keep, leaves
from screening.generation.reading import Reading

_STEPS = re.compile(r"^Steps: \d{1,9}(?:,|$)", re.MULTILINE)
_NEGATIVE = "Negative prompt:"
_MAX_SETTINGS = 64 * 1024
_MAX_KEY = 60
_DECODER = json.JSONDecoder()
_FORKS = (
    (re.compile(r"^f\d"), "Forge"),
    (re.compile(r"^neo"), "Forge Neo"),
    (re.compile(r"^ComfyUI"), "ComfyUI"),
    (re.compile(r"^Fooocus"), "Fooocus"),
)


def is_infotext(text: str) -> bool:
    """Return whether a text is of this form."""
    return f"\n{_NEGATIVE}" in text or _STEPS.search(text) is not None


def read_infotext(text: str, reading: Reading) -> None:
    """Note what it says."""
    cut = len(text)
    for line in _STEPS.finditer(text):
        cut = line.start()
    prompts, settings = text[:cut], text[cut:].strip()
    if prompts.startswith(_NEGATIVE):
        prompts = f"\n{prompts}"
    wanted, _, unwanted = prompts.partition(f"\n{_NEGATIVE}")
    if len(settings) > _MAX_SETTINGS:
        reading.problem(f"settings: cut to {_MAX_SETTINGS:,} characters")
        settings = settings[:_MAX_SETTINGS]
    pairs = list(_pairs(settings))
    told = dict(pairs)
    version = str(told.get("Version", ""))
    name = next((fork for sign, fork in _FORKS if sign.search(version)), "AUTOMATIC1111")
    if told.get("App"):
        name = str(told["App"])
    reading.tool(name, version.removeprefix(f"{name} "))
    reading.prompt(PromptKind.POSITIVE, wanted)
    reading.prompt(PromptKind.NEGATIVE, unwanted)
    for key, value in pairs:
        _setting(key, value, reading)


def _setting(key: str, value: Any, reading: Reading) -> None:
    if "hashes" in key.lower():  # "name: digest, name: digest"
        note = reading.lora if "lora" in key.lower() else reading.model
        for part in str(value).split(","):
            note(part.rpartition(":")[0])
    elif isinstance(value, str) and key.startswith("ControlNet"):
        for inner, said in _pairs(value):
            keep(reading, inner, said, prompt=PromptKind.OTHER)
    elif isinstance(value, str):
        if re.search(r"(?i)prompt|template|model|seed|vae|refiner|upscaler|lora|image", key):
            keep(reading, key, value, prompt=PromptKind.POSITIVE)
    else:
        for name, one in leaves(value, reading, key):
            keep(reading, name.replace("modelName", "model"), one, prompt=PromptKind.OTHER)


def _pairs(line: str) -> Iterator[tuple[str, Any]]:
    """Yield key and value; a value in quotes or brackets is JSON, as long as it is whole."""
    at, whole = 0, True
    while (colon := line.find(":", at)) >= 0:
        key, start = line[at:colon].strip(" ,\n"), colon + 1
        start += line[start : start + 1] == " "
        value: Any = None
        if whole and line[start : start + 1] in {'"', "[", "{"}:
            try:
                value, end = _DECODER.raw_decode(line, start)
            except (ValueError, RecursionError):
                whole = False  # looked through to the end once, not again
        if value is None:
            end = line.find(", ", start)
            end = len(line) if end < 0 else end
            value = line[start:end].strip(' "\n')
        if 0 < len(key) <= _MAX_KEY:
            yield key, value
        at = end + 1
