"""``usage.toml``: the file of a declaration, beside ``screening.toml``."""

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from screening.config import find_config
from screening.errors import InputInvalidError
from screening.production.declaration import Declaration
from screening.production.errors import DeclarationError
from screening.production.questions import Question, questions_of
from screening.toml_lines import line_of

DECLARATION_FILE = "usage.toml"

KeyPath = tuple[str | int, ...]


def find_declaration(start: Path) -> Path:
    """Return where the declaration of a file or folder stands, whether it is there or not.

    It is beside the nearest ``screening.toml`` at or above; without one, in the folder itself.
    Raises ConfigError for a ``screening.toml`` that cannot be used.
    """
    config = find_config(start).file
    folder = config.parent if config else start if start.is_dir() else start.parent
    return folder / DECLARATION_FILE


def read_declaration(file: Path) -> Declaration:
    """Return what a file declares. Raises DeclarationError, which names the file and the line."""
    try:
        data = file.read_bytes()
    except FileNotFoundError as error:
        raise DeclarationError(
            f"{file}: is not there; 'screening init' writes one, or name another file"
        ) from error
    except OSError as error:
        raise DeclarationError(
            f"{file}: cannot be read ({error.strerror}); mend the file"
        ) from error
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DeclarationError(
            f"{file}, line {line}: is not UTF-8; save the file in that encoding"
        ) from error
    try:
        table = tomllib.loads(text)
    except ValueError as error:
        said = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(said[1]) if said else text.count("\n") + 1
        raise DeclarationError(
            f'{file}, line {line}: is not TOML ({error}); texts stand in quotes, as in key = "no"'
        ) from error
    except RecursionError as error:
        raise DeclarationError(f"{file}: holds lists in lists without end; mend it") from error
    return _Reader(file, text).declaration(table)


class _Reader:
    """Values of one file, and the errors that say where they stand."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._text = text

    def declaration(self, table: Mapping[str, Any]) -> Declaration:
        whole: Declaration = self._table(Declaration, table, ())
        return whole

    def _table(self, kind: type, table: Any, path: KeyPath) -> Any:
        questions = dict(questions_of(kind))
        if not isinstance(table, dict):
            self._refuse(path, f"{_named(path)} is {table!r}, expected a table of {_or(questions)}")
        for key in table:
            if key not in questions:
                inside = f" in {_named(path)}" if path else ""
                self._refuse(
                    (*path, key), f"unknown key {key!r}{inside}, expected one of {_or(questions)}"
                )
        values = {
            key: self._value(questions[key], value, (*path, key)) for key, value in table.items()
        }
        try:
            return kind(**values)
        except InputInvalidError as error:  # what the keys mean together
            self._refuse(
                next(((key,) for key in values if str(error).startswith(key)), path), error
            )

    def _value(self, question: Question, value: Any, path: KeyPath) -> Any:
        if question.many:
            if not isinstance(value, list):
                self._refuse(path, f"{_named(path)} is {value!r}, expected a list of tables or []")
            return tuple(
                self._table(question.kind, one, (*path, number)) for number, one in enumerate(value)
            )
        if question.kind is str:
            if not isinstance(value, str):
                self._refuse(path, f"{_named(path)} is {value!r}, expected a text in quotes")
            return value
        if issubclass(question.kind, StrEnum):
            allowed = [str(one) for one in question.kind]
            if value not in allowed:
                words = _or(f'"{one}"' for one in allowed)
                self._refuse(path, f"{_named(path)} is {value!r}, expected {words}")
            return question.kind(value)
        return self._table(question.kind, value, path)

    def _refuse(self, path: KeyPath, message: object) -> NoReturn:
        raise DeclarationError(f"{self._file}, line {line_of(self._text, *path)}: {message}")


def _named(path: KeyPath) -> str:
    """Return a key path as people read it: ``tools[1].version``, counted from 1."""
    said = "".join(f"[{one + 1}]" if isinstance(one, int) else f".{one}" for one in path)
    return said.removeprefix(".")


def _or(words: Any) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
