"""``screening.toml``: the production's settings, found upward from the scanned folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from screening.decision import NETFLIX_GENAI
from screening.errors import ConfigError, InputInvalidError
from screening.images import Limits

FILE_NAME = "screening.toml"
_KEYS = ("production", "indexes", "models", "limits", "thresholds", "coverage")
_LIMITS = tuple(limit.name for limit in fields(Limits))
_THRESHOLDS = ("flag_at", "note_at", "raw_scores")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a ``screening.toml`` says; paths are resolved against its folder.

    thresholds: those fields of Policy that it sets: flag_at, note_at, raw_scores. required: the
    channels that must have looked, None for those of the policy.
    """

    production: str = ""
    indexes: tuple[Path, ...] = ()
    models: Path | None = None
    limits: Limits = field(default_factory=Limits)
    thresholds: Mapping[str, Any] = field(default_factory=dict, hash=False)
    required: tuple[str, ...] | None = None
    file: Path | None = None


def find_config(start: Path) -> Config:
    """Return the nearest configuration at or above a file or folder, an empty one if none.

    Raises ConfigError where a file is found and cannot be used.
    """
    folder = start.resolve()
    for place in (folder, *folder.parents):
        file = place / FILE_NAME
        if place.is_dir() and file.is_file():
            return read_config(file)
    return Config()


def read_config(file: Path) -> Config:
    """Return what one file says. Raises ConfigError."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read ({error}); mend the file") from error
    _check_keys(file, data, _KEYS)
    indexes, models = data.get("indexes", []), data.get("models")
    if not isinstance(indexes, list) or not all(isinstance(i, str) and i for i in indexes):
        raise ConfigError(f'{file}: indexes is {indexes!r}, expected a list like ["works.index"]')
    for key in ("production", "models"):
        if key in data and not isinstance(data[key], str):
            raise ConfigError(f"{file}: {key} is {data[key]!r}, expected text")
    return Config(
        production=data.get("production", ""),
        indexes=tuple(file.parent / index for index in indexes),
        models=file.parent / models if models else None,
        limits=_limits(file, data.get("limits", {})),
        thresholds=_thresholds(file, data.get("thresholds", {})),
        required=_required(file, data.get("coverage", {})),
        file=file,
    )


def _limits(file: Path, table: Any) -> Limits:
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: limits is {table!r}, expected a table [limits]")
    _check_keys(file, table, _LIMITS)
    try:
        return Limits(**table)
    except InputInvalidError as error:
        raise ConfigError(f"{file}: {error}") from error


def _thresholds(file: Path, table: Any) -> dict[str, Any]:
    """Return a table of thresholds that the built-in policy can take."""
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: thresholds is {table!r}, expected a table [thresholds]")
    _check_keys(file, table, _THRESHOLDS)
    try:
        replace(NETFLIX_GENAI, **table)
    except InputInvalidError as error:
        raise ConfigError(f"{file}: [thresholds] {error}") from error
    return table


def _required(file: Path, table: Any) -> tuple[str, ...] | None:
    """Return the channels that a table of the coverage requires, None where it says nothing."""
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: coverage is {table!r}, expected a table [coverage]")
    _check_keys(file, table, ("required",))
    names = table.get("required", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            f'{file}: [coverage] required is {names!r}, expected a list like ["hash", "local"]'
        )
    try:
        replace(NETFLIX_GENAI, required=tuple(names))
    except InputInvalidError as error:
        raise ConfigError(f"{file}: [coverage] {error}") from error
    return tuple(names) if "required" in table else None


def _check_keys(file: Path, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(f"{file}: unknown key {key!r}, expected one of {', '.join(known)}")
