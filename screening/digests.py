"""Digests of constants, by which settings are told apart: a changed one makes other settings."""

import hashlib
import json
from types import ModuleType
from typing import Any


def constants_of(module: ModuleType) -> dict[str, Any]:
    """Return the constants of a module that are numbers, text, or tuples and lists of these."""
    return {
        name: value for name, value in vars(module).items() if name.isupper() and _is_plain(value)
    }


def digest_of(values: list[Any]) -> str:
    """Return 8 hex digits over values that JSON can hold."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return isinstance(value, int | float | str)
