"""Consents as they are written down by people: options of a command, or a TOML file.

Both have the same keys; a file holds one table ``[[consent]]`` for each consent.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from screening.approvals.consents import sha256_of_document
from screening.decision import Stage
from screening.decision.consents import ALL_MEDIA, EVERYWHERE, Consent, Grantor, Use
from screening.errors import InputInvalidError
from screening.toml_lines import line_of

Word = TypeVar("Word", bound=StrEnum)

NEEDED = ("person", "granted_by", "document", "production", "uses")
_TEXTS = ("person", "document", "production", "name", "place", "term")
_LISTS = ("uses", "stages", "territory", "media")
KEYS = (*NEEDED, "name", "place", "stages", "territory", "media", "from", "until", "term",
        "irrevocable")  # fmt: skip


def read_consents(file: Path, *, today: date) -> tuple[tuple[Consent, str], ...]:
    """Return the consents in a TOML file and the names of their people, empty where not given.

    Documents are relative to the file. Raises InputInvalidError, which names the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputInvalidError(f"{file}: cannot be read ({error}); mend the file") from error
    tables = data.get("consent")
    if not tables or not isinstance(tables, list) or data.keys() != {"consent"}:
        raise InputInvalidError(f"{file}: expected tables [[consent]], one or more, and no more")
    read = []
    for number, table in enumerate(tables):
        try:
            read.append(consent_of(table, folder=file.parent, today=today))
        except InputInvalidError as error:
            line = line_of(text, "consent", number)
            raise InputInvalidError(f"{file}: {error} (table of line {line})") from error
    return tuple(read)


def consent_of(said: Mapping[str, Any], *, folder: Path, today: date) -> tuple[Consent, str]:
    """Return a consent and the name of its person from what was said under KEYS.

    folder: what the document is relative to. today: from when on it holds, where that is not said.
    Raises InputInvalidError.
    """
    if not isinstance(said, Mapping):
        raise InputInvalidError(f"a consent is {said!r}, expected a table")
    for key in said:
        if key not in KEYS:
            raise InputInvalidError(f"unknown key {key!r}, expected some of {', '.join(KEYS)}")
    for key in NEEDED:
        if not said.get(key):
            raise InputInvalidError(f"{key} is missing, expected {', '.join(NEEDED)}")
    texts = {key: _text(key, said.get(key, "")) for key in _TEXTS}
    lists = {key: _list(key, said.get(key, ())) for key in _LISTS}
    revocable = said.get("irrevocable", False)
    if not isinstance(revocable, bool):
        raise InputInvalidError(f"irrevocable is {revocable!r}, expected true or false")
    document = folder / texts["document"]
    consent = Consent(
        record_id=texts["person"],
        production=texts["production"],
        uses=tuple(_word("uses", one, Use) for one in lists["uses"]),
        granted_by=_word("granted_by", said["granted_by"], Grantor),
        document_sha256=sha256_of_document(document),
        document_place=texts["place"] or str(document.resolve()),
        valid_from=_day("from", said.get("from")) or today,
        valid_until=_day("until", said.get("until")),
        stages=tuple(_word("stages", one, Stage) for one in lists["stages"]),
        territory=lists["territory"] or (EVERYWHERE,),
        media=lists["media"] or (ALL_MEDIA,),
        term=texts["term"],
        revocable=not revocable,
    )
    return consent, texts["name"]


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise InputInvalidError(f"{key} is {value!r}, expected text")
    return value


def _list(key: str, value: object) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(one, str) for one in values):
        raise InputInvalidError(f"{key} is {value!r}, expected a word or a list of words")
    return tuple(values)


def _word(key: str, value: object, words: type[Word]) -> Word:
    try:
        return words(str(value))
    except ValueError as error:
        raise InputInvalidError(
            f"{key} is {value!r}, expected one of {', '.join(words)}"
        ) from error


def _day(key: str, value: object) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InputInvalidError(f"{key} is {value!r}, expected a day, as 2026-12-31") from error
