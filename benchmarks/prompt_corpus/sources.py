"""The files that the prompts are made of: names and their forms, templates, hand-written ones."""

import csv
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PARTS = ("tune", "report")
THIRDS = {"a": "tune", "b": "tune", "c": "report"}
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "ru", "pl", "tr", "ja", "zh", "ko")
OTHER_SCRIPT = ("ru", "ja", "zh", "ko")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What is known of a record beyond its row in records.csv.

    ``third`` is the one it belongs to, ``sort`` what it is (film, artist, ...). ``cued`` says that
    its title is a common word, or another's name, so that only context makes it this record;
    ``surname`` is empty where the surname alone would not be distinctive. ``records`` are the
    record itself, and what its name contains. ``forms`` maps (language, trait) to ways of writing.
    """

    record: str
    third: str
    sort: str
    cued: bool
    surname: str
    maker: str
    title: str
    records: tuple[str, ...]
    forms: dict[tuple[str, str], tuple[str, ...]]

    @property
    def part(self) -> str:
        """Return the part whose prompts name this record."""
        return THIRDS[self.third]

    def written(self, language: str) -> tuple[str, ...]:
        """Return how prompts of a language write the name; none where nobody would know how."""
        own = self.forms.get((language, "name"), ())
        if own or language in OTHER_SCRIPT or (self.sort == "element" and language != "en"):
            return own
        return (self.title,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """Templates of one third in one language, by group, and what fills their slots."""

    slots: dict[str, list[str]]
    naming: dict[str, list[str]]
    innocent: dict[str, list[str]]


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file of this folder."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, strict=True)


def names() -> tuple[Name, ...]:
    """Return all names, sorted by their record's id."""
    title: dict[str, str] = {}
    forms: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {}
    for row in rows("records.csv"):
        title[row["id"]] = row["title"]
        forms[row["id"]] = {("", "name"): tuple(filter(None, row["aliases"].split("; ")))}
    for row in rows("forms.csv"):
        of = forms[row["record"]]
        kind = (row["language"], row["trait"])
        of[kind] = (*of.get(kind, ()), row["form"])
    return tuple(
        Name(
            record=row["record"],
            third=row["third"],
            sort=row["sort"],
            cued=row["cued"] == "yes",
            surname=row["surname"],
            maker=row["maker"],
            title=title[row["record"]],
            records=tuple(sorted({row["record"], *row["contains"].split()})),
            forms=forms[row["record"]],
        )
        for row in sorted(rows("names.csv"), key=lambda row: row["record"])
    )


def templates(language: str) -> dict[str, Templates]:
    """Return the templates of the three thirds in a language."""
    with (FOLDER / "templates" / f"{language}.toml").open("rb") as file:
        thirds = tomllib.load(file)
    return {third: Templates(**thirds[third]) for third in THIRDS}
