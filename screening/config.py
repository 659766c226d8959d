"""``screening.toml``: the production's settings, found upward from the scanned folder."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from screening.errors import ConfigError

FILE_NAME = "screening.toml"
_KEYS = ("production", "indexes", "models")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a ``screening.toml`` says; paths are resolved against its folder."""

    production: str = ""
    indexes: tuple[Path, ...] = ()
    models: Path | None = None
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
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read ({error}); mend the file") from error
    for key in data:
        if key not in _KEYS:
            raise ConfigError(f"{file}: unknown key {key!r}, expected {', '.join(_KEYS)}")
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
        file=file,
    )
