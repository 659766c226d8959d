"""Records: the things that must not be recreated, or whose use needs consent."""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from reference_index.errors import RecordInvalidError

MAX_TEXT = 20_000


class Kind(StrEnum):
    """What a record is."""

    WORK = "work"
    PERSON = "person"
    KEY_ELEMENT = "key-element"
    CLEARED = "cleared"
    TEMPORARY = "temporary"


class Among(StrEnum):
    """Which records a search looks among: protected ones are all but the cleared."""

    ALL = "all"
    PROTECTED = "protected"
    CLEARED = "cleared"


class PersonStatus(StrEnum):
    """What a person is to those who would show them."""

    PUBLIC_FIGURE = "public-figure"
    DECEASED = "deceased"
    TALENT = "talent"
    CREW = "crew"
    MINOR = "minor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One work, person, key element, cleared image or temporary image.

    ``id`` is globally unique and never empty; ``title`` is a title or a name. ``locator`` says
    where the picture can be looked at by those who may. ``legal_basis`` says on what basis the
    template of a person is held; ``retain_until`` is the last day on which a person is held: from
    the day after, readers of an index do not see them. Raises RecordInvalidError.
    """

    id: str
    kind: Kind
    title: str
    aliases: tuple[str, ...] = ()
    rights_holder: str = ""
    status: str = ""
    description: str = ""
    source: str = ""
    added_by: str = ""
    review_by: date | None = None
    locator: str = ""
    notes: str = ""
    legal_basis: str = ""
    retain_until: date | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, Kind):
            raise RecordInvalidError(
                f"record {self.id!r}: kind is {self.kind!r}, expected one of "
                f"{', '.join(Kind)}: pass a Kind"
            )
        for name in ("id", "title"):
            if not getattr(self, name).strip():
                raise RecordInvalidError(f"record {self.id!r}: {name} is empty; give it one")
        for field in fields(self):
            value = getattr(self, field.name)
            texts = value if field.name == "aliases" else (value,)
            for text in texts:
                if isinstance(text, str) and ("\0" in text or len(text) > MAX_TEXT):
                    raise RecordInvalidError(
                        f"record {self.id!r}: {field.name} holds a null character or more than "
                        f"{MAX_TEXT:,} characters; shorten or clean it"
                    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceImage:
    """One enrolled image of a record: digest and size, never its pixels.

    ``id`` is a 64-bit number that is never used again; ``source`` is where the file was at
    enrollment; ``channels`` names the channels that hold something of it.
    """

    id: int
    record_id: str
    sha256: str
    width: int
    height: int
    source: str
    channels: tuple[str, ...]
