"""``screening.toml``: the production's settings, found upward from the scanned folder."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from screening.decision import NETFLIX_GENAI, Context, Policy, Role, policy_from
from screening.decision.roles import FolderRoles
from screening.errors import ConfigError, InputInvalidError, PolicyError
from screening.images import Limits
from screening.toml_lines import line_of, place_of

FILE_NAME = "screening.toml"
_TEXTS = ("production", "models", "store", "policy")
_LISTS = {"indexes": "works.index", "territory": "Germany", "media": "streaming"}
_KEYS = (*_TEXTS, *_LISTS, "roles", "limits", "thresholds", "coverage")
_LIMITS = tuple(limit.name for limit in fields(Limits))
_THRESHOLDS = ("flag_at", "note_at", "raw_scores")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a ``screening.toml`` says; paths are resolved against its folder.

    policy: None where it names none. thresholds: those fields of Policy that it sets: flag_at,
    note_at, raw_scores. required: the channels that must have looked, None for those of the policy.
    roles: by glob, later ones win. territory, media: what the material is meant for.
    store: where decisions are on record, a file or the address of a database.
    """

    production: str = ""
    indexes: tuple[Path, ...] = ()
    models: Path | None = None
    store: str | Path | None = None
    policy: Policy | None = None
    territory: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict, hash=False)
    limits: Limits = field(default_factory=Limits)
    thresholds: Mapping[str, Any] = field(default_factory=dict, hash=False)
    required: tuple[str, ...] | None = None
    file: Path | None = None

    @property
    def context(self) -> Context:
        """What findings are judged by, but for the stage, which is declared, and the day."""
        return Context(
            production=self.production,
            territory=self.territory,
            media=self.media,
        )

    @property
    def role_of(self) -> FolderRoles:
        """What says the role of a file; call it with a path."""
        return FolderRoles(self.file.parent if self.file else Path(), self.roles)


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
    """Return what one file says. Raises ConfigError, which names the line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read ({error}); mend the file") from error
    return _Reader(file, text, data).config()


class _Reader:
    """One file on its way to a Config; its errors name the line of the key they are about."""

    def __init__(self, file: Path, text: str, data: dict[str, Any]) -> None:
        self._file, self._text, self._data = file, text, data

    def config(self) -> Config:
        self._check_keys(self._data, _KEYS)
        for key in _TEXTS:
            if not isinstance(self._data.get(key, ""), str):
                raise self._wrong(f"{key} is {self._data[key]!r}, expected text", key)
        lists = {key: self._list(key, example) for key, example in _LISTS.items()}
        policy = self._policy()
        return Config(
            production=self._data.get("production", ""),
            indexes=tuple(self._file.parent / index for index in lists["indexes"]),
            models=self._path("models"),
            store=self._store(),
            policy=policy,
            territory=lists["territory"],
            media=lists["media"],
            roles=self._roles(),
            limits=self._limits(),
            thresholds=self._thresholds(policy or NETFLIX_GENAI),
            required=self._required(),
            file=self._file,
        )

    def _wrong(self, problem: object, *place: str | int) -> ConfigError:
        return ConfigError(f"{self._file}: {problem} (line {line_of(self._text, *place)})")

    def _path(self, key: str) -> Path | None:
        return self._file.parent / self._data[key] if self._data.get(key) else None

    def _store(self) -> str | Path | None:
        place = self._data.get("store", "")
        return place if "://" in place else self._path("store")

    def _list(self, key: str, example: str) -> tuple[str, ...]:
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self._wrong(f'{key} is {value!r}, expected a list like ["{example}"]', key)
        return tuple(value)

    def _table(self, key: str, known: tuple[str, ...] = ()) -> dict[str, Any]:
        table = self._data.get(key, {})
        if not isinstance(table, dict):
            raise self._wrong(f"{key} is {table!r}, expected a table [{key}]", key)
        if known:
            self._check_keys(table, known, key)
        return table

    def _policy(self) -> Policy | None:
        if "policy" not in self._data:
            return None
        try:
            return policy_from(self._data["policy"], folder=self._file.parent)
        except PolicyError as error:
            raise self._wrong(f"policy: {error}", "policy") from error

    def _roles(self) -> dict[str, Role]:
        table = self._table("roles")
        for glob, role in table.items():
            try:
                FolderRoles(self._file.parent, {glob: role})
            except InputInvalidError as error:
                raise self._wrong(f"[roles] {error}", "roles", glob) from error
        return {glob: Role(role) for glob, role in table.items()}

    def _limits(self) -> Limits:
        table = self._table("limits", _LIMITS)
        try:
            return Limits(**table)
        except InputInvalidError as error:
            raise self._wrong(error, *place_of(self._data, str(error), "limits")) from error

    def _thresholds(self, policy: Policy) -> dict[str, Any]:
        """Return a table of thresholds that the policy can take."""
        table = self._table("thresholds", _THRESHOLDS)
        try:
            replace(policy, **table)
        except InputInvalidError as error:
            place = place_of(self._data, str(error), "thresholds")
            raise self._wrong(f"[thresholds] {error}", *place) from error
        return table

    def _required(self) -> tuple[str, ...] | None:
        """Return the channels that must have looked, None where nothing is said of them."""
        table = self._table("coverage", ("required",))
        names, place = table.get("required", []), ("coverage", "required")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            said = f'required is {names!r}, expected a list like ["hash", "local"]'
            raise self._wrong(f"[coverage] {said}", *place)
        try:
            replace(NETFLIX_GENAI, required=tuple(names))
        except InputInvalidError as error:
            raise self._wrong(f"[coverage] {error}", *place) from error
        return tuple(names) if "required" in table else None

    def _check_keys(self, table: Mapping[str, Any], known: tuple[str, ...], *place: str) -> None:
        for key in table:
            if key not in known:
                said = f"unknown key {key!r}, expected one of {', '.join(known)}"
                raise self._wrong(said, *place, key)
