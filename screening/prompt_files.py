"""Files of prompts: one a line, or JSON lines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from screening.errors import InputInvalidError

MAX_BYTES = 256 * 1024 * 1024
MAX_LINE = 1024 * 1024
_KEYS = ("prompt", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLine:
    """A prompt of a file and the number of its line, from 1."""

    line: int
    text: str


def read_prompts(source: Path | BinaryIO, *, name: str = "") -> list[PromptLine]:
    """Return the prompts of a file, in order, or of a stream; empty lines are none.

    Each line is a prompt, or JSON: a text, or an object with it under "prompt" or "text"; in a file
    whose first line is such JSON, all are. UTF-8. Raises InputInvalidError, which names the line,
    and OSError.
    """
    name = name or str(source)
    if isinstance(source, Path):
        with source.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    else:
        data = source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputInvalidError(
            f"{name}: more than {MAX_BYTES >> 20} MiB, expected a file of prompts: split it"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputInvalidError(
            f"{name}: line {line} is not UTF-8: save the file as UTF-8"
        ) from error
    return [*_prompts(text, name)]


def _prompts(text: str, name: str) -> Iterator[PromptLine]:
    lines = text.replace("\r\n", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    as_json = first.lstrip().startswith(('{"', '"')) and _parsed(first) is not None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            raise InputInvalidError(
                f"{name}: line {number} has {len(line):,} characters, expected at most "
                f"{MAX_LINE:,} in a prompt"
            )
        said = _parsed(line) if as_json else line.strip()
        if said is None:
            raise InputInvalidError(
                f"{name}: line {number} is not JSON with a text, or with one under "
                f"{' or '.join(map(repr, _KEYS))}, as the lines before are"
            )
        yield PromptLine(line=number, text=said)


def _parsed(line: str) -> str | None:
    """Return the prompt that a line of JSON holds, None where it holds none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = next((value[key] for key in _KEYS if key in value), None)
    return value if isinstance(value, str) else None
