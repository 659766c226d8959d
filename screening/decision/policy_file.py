"""Policies as TOML: those that come with the package, and one's own."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from screening.decision.policy import Policy
from screening.decision.rules import EFFECTS, SELECTORS, Rule
from screening.decision.verdicts import Verdict
from screening.errors import InputInvalidError, PolicyError
from screening.toml_lines import line_of, place_of

_FOLDER = files("screening.decision") / "policies"
_NEEDED = ("name", "flag_at", "note_at", "required")
_KEYS = (*_NEEDED, "title", "raw_scores", "rule")
_RULE_KEYS = (*SELECTORS, *EFFECTS)


def policy_names() -> tuple[str, ...]:
    """Return the names of the policies that come with the package."""
    found = (file.name for file in _FOLDER.iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in found if n.endswith(".toml")))


def policy_text(name: str) -> str:
    """Return the file of a policy that comes with the package. Raises PolicyError."""
    if name not in policy_names():
        known = ", ".join(map(repr, policy_names()))
        raise PolicyError(
            f"no policy named {name!r}; there is {known}, or name a file, as in mine.toml"
        )
    return (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")


@cache
def policy_named(name: str) -> Policy:
    """Return a policy that comes with the package. Raises PolicyError."""
    return policy_of(policy_text(name), name)


def policy_from(given: str | os.PathLike[str] | Policy, *, folder: Path = Path()) -> Policy:
    """Return a policy by its name or its file, or as it is.

    A text that ends in ``.toml`` or has a slash in it is a file; folder: what it is relative to.
    Raises PolicyError.
    """
    if isinstance(given, Policy):
        return given
    if isinstance(given, str) and not given.endswith(".toml") and not {"/", os.sep} & {*given}:
        return policy_named(given)
    return read_policy(folder / given)


def read_policy(file: Path) -> Policy:
    """Return the policy in a file of one's own. Raises PolicyError, which names the line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise PolicyError(f"{file}: cannot be read ({error}); mend it, or name another") from error
    policy = policy_of(text, str(file))
    if policy.name in policy_names():
        raise PolicyError(
            f"{file}: name is {policy.name!r}, which comes with the package: give yours a name of "
            f"its own (line {line_of(text, 'name')})"
        )
    return policy


def policy_of(text: str, source: str) -> Policy:
    """Return the policy in the text of a file; source: how errors call it. Raises PolicyError."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{source}: is no TOML ({error}); mend the file") from error
    return _Reader(source, text, data).policy()


class _Reader:
    """One file on its way to a Policy; its errors name the line of the key they are about."""

    def __init__(self, source: str, text: str, data: dict[str, Any]) -> None:
        self._source, self._text, self._data = source, text, data

    def policy(self) -> Policy:
        for key in self._data:
            if key not in _KEYS:
                raise self._wrong(f"unknown key {key!r}, expected one of {', '.join(_KEYS)}", key)
        for key in _NEEDED:
            if key not in self._data:
                raise self._wrong(f"{key} is missing, expected {', '.join(_NEEDED)}")
        for key in ("name", "title"):
            if not isinstance(self._data.get(key, ""), str):
                raise self._wrong(f"{key} is {self._data[key]!r}, expected text", key)
        rules = self._rules()
        values = {key: value for key, value in self._data.items() if key != "rule"}
        try:
            values["required"] = _words("required", values["required"], empty=True)
            return Policy(**values, rules=rules)
        except InputInvalidError as error:
            place = place_of(self._data, str(error))
            if place and not str(error).startswith("rule "):
                raise self._wrong(error, *place) from error
        lined = (replace(r, line=line_of(self._text, "rule", n)) for n, r in enumerate(rules))
        try:  # once more, for the lines in its words
            return Policy(**values, rules=tuple(lined))
        except InputInvalidError as error:
            raise PolicyError(f"{self._source}: {error}") from error

    def _rules(self) -> tuple[Rule, ...]:
        tables = self._data.get("rule", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self._wrong(f"rule is {tables!r}, expected tables [[rule]]", "rule")
        rules = []
        for number, table in enumerate(tables):
            try:
                rules.append(_rule(table))
            except InputInvalidError as error:
                place = place_of(self._data, str(error), "rule", number)
                raise self._wrong(error, *place) from error
        return tuple(rules)

    def _wrong(self, problem: object, *place: str | int) -> PolicyError:
        return PolicyError(f"{self._source}: {problem} (line {line_of(self._text, *place)})")


def _rule(table: Mapping[str, Any]) -> Rule:
    """Return the rule in a table. Raises InputInvalidError, which begins with the key."""
    for key in table:
        if key not in _RULE_KEYS:
            raise InputInvalidError(
                f"{key} is no key of a rule, expected some of {', '.join(_RULE_KEYS)}"
            )
    values = dict(table)
    for key, words in SELECTORS.items():
        if key in table:
            said = _words(key, table[key])
            values[key] = tuple(_word(key, one, words) for one in said) if words else said
    if "verdict" in table:
        values["verdict"] = _word("verdict", table["verdict"], Verdict)
    if "clauses" in table:
        values["clauses"] = _words("clauses", table["clauses"], empty=True)
    if not isinstance(table.get("why", ""), str):
        raise InputInvalidError(f"why is {table['why']!r}, expected text")
    return Rule(**values)


def _words(key: str, value: Any, *, empty: bool = False) -> tuple[str, ...]:
    """Return a word, or a list of words, as a tuple."""
    words = (value,) if isinstance(value, str) else value
    if (
        not isinstance(words, tuple | list)
        or not all(isinstance(word, str) for word in words)
        or not (words or empty)
    ):
        raise InputInvalidError(f"{key} is {value!r}, expected a word or a list of words")
    return tuple(words)


def _word(key: str, word: Any, words: type[StrEnum]) -> StrEnum:
    try:
        return words(word)
    except ValueError as error:
        raise InputInvalidError(f"{key} is {word!r}, expected one of {', '.join(words)}") from error


NETFLIX_GENAI = policy_named("netflix-genai")
