"""Context: what a picture is for, as far as that decides what a finding means."""

from dataclasses import dataclass
from datetime import date

from screening.decision.verdicts import Role, Stage
from screening.errors import InputInvalidError


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The production, how far its material is to go, where and in what it will be seen, and when.

    production: its name; without one no consent covers. territory, media: all those intended, empty
    where not said. today: the day of the decision; without one whatever ends has ended.
    Raises InputInvalidError.
    """

    production: str = ""
    stage: Stage = Stage.IDEATION
    territory: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    today: date | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.stage, Stage):
            raise InputInvalidError(
                f"stage is {self.stage!r}, expected one of {', '.join(Stage)}: pass a Stage"
            )
        for name in ("territory", "media"):
            check_texts(name, getattr(self, name))

    def stage_of(self, role: Role) -> Stage:
        """Return the stage of a picture: a final is final whatever the rest is meant for."""
        return Stage.FINAL if role is Role.FINAL else self.stage

    def past(self, until: date | None) -> bool:
        """Return whether the last day of something is over; without a last day it never is."""
        return until is not None and (self.today is None or self.today > until)


def check_texts(name: str, values: object) -> None:
    """Raise InputInvalidError for what is no tuple of texts that say something."""
    if not isinstance(values, tuple) or not all(isinstance(v, str) and v.strip() for v in values):
        raise InputInvalidError(f'{name} is {values!r}, expected texts in a tuple, as ("Germany",)')


def same(one: str, other: str) -> bool:
    """Return whether two names are the same but for case and space."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
