"""Places and lines in a TOML file, so that an error can name the one that is meant."""

import tomllib
from typing import Any


def line_of(text: str, *place: str | int) -> int:
    """Return the line, from 1, on which a value of a TOML file begins; 1 where it has none.

    place: keys, and numbers from 0 within arrays of tables: ``"rule", 2, "verdict"``. The text must
    be valid TOML. The parser itself finds it: by the first lines that are valid and hold it.
    """
    lines = text.splitlines(keepends=True)
    begun = 0  # statements end on the line before
    for end in range(1, len(lines) + 1):
        try:
            held = _holds(tomllib.loads("".join(lines[:end])), place)
        except tomllib.TOMLDecodeError:
            continue  # in the midst of a value
        if held:
            return begun + 1
        begun = end
    return 1


def place_of(data: Any, said: str, *place: str | int) -> tuple[str | int, ...]:
    """Return the place of the key that an error names first, in a table or further within it.

    data: the whole file, parsed. place: of the table; it comes back where no key is named.
    """
    table = data
    for step in place:
        table = table[step]
    words = (word.strip(",:'\"") for word in said.split())
    key = next((word for word in words if isinstance(table, dict) and word in table), None)
    return place if key is None else place_of(data, said, *place, key)


def _holds(value: Any, place: tuple[str | int, ...]) -> bool:
    try:
        for step in place:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return False
    return True
