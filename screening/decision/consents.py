"""Consents: what somebody agreed to, and whether a use lies within it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reference_index import PersonStatus
from screening.decision.context import Context, check_texts, same
from screening.decision.verdicts import Role, Stage
from screening.errors import InputInvalidError

EVERYWHERE = "worldwide"
"""The territory that holds all others."""

ALL_MEDIA = "all media"
"""The medium that holds all others."""


class Grantor(StrEnum):
    """Who may consent: the person, a guardian for a minor, the estate of one who has died."""

    PERSON = "person"
    GUARDIAN = "guardian"
    ESTATE = "estate"


class Use(StrEnum):
    """What is done with a person: fed to a generator, shown as a likeness, heard, trained on."""

    INPUT = "input"
    LIKENESS = "likeness"
    VOICE = "voice"
    TRAINING = "training"

    @classmethod
    def of(cls, role: Role) -> "Use":
        """Return what a picture of a role does, or would do, with the people in it."""
        return cls.INPUT if role in {Role.INPUT, Role.REFERENCE} else cls.LIKENESS


_GRANTORS: Mapping[str, Grantor] = {
    PersonStatus.MINOR: Grantor.GUARDIAN,
    PersonStatus.DECEASED: Grantor.ESTATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent on file.

    record_id: of the person. stages: those it holds for, none for all. territory, media: what it
    names, "worldwide" and "all media" hold all. term: what was agreed on time, in words; valid_from
    and valid_until are its first and last day. document_sha256, document_place: the paper that says
    so, and where it can be read. revoked_on: the first day on which it holds no more.
    Raises InputInvalidError.
    """

    record_id: str
    production: str
    uses: tuple[Use, ...]
    granted_by: Grantor
    document_sha256: str
    document_place: str
    valid_from: date
    valid_until: date | None = None
    stages: tuple[Stage, ...] = ()
    territory: tuple[str, ...] = (EVERYWHERE,)
    media: tuple[str, ...] = (ALL_MEDIA,)
    term: str = ""
    revocable: bool = True
    revoked_on: date | None = None

    def __post_init__(self) -> None:
        self._check_words()
        if not isinstance(self.granted_by, Grantor):
            raise InputInvalidError(
                f"granted_by is {self.granted_by!r}, expected one of {', '.join(Grantor)}"
            )
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise InputInvalidError(
                f"valid_until is {self.valid_until}, before valid_from, {self.valid_from}"
            )
        if self.revoked_on is not None and not self.revocable:
            raise InputInvalidError(
                f"revoked_on is {self.revoked_on} and revocable is false: one of them is wrong"
            )

    def _check_words(self) -> None:
        for name in ("record_id", "production", "document_sha256", "document_place"):
            if not getattr(self, name).strip():
                raise InputInvalidError(f"a consent's {name} is empty; give what the paper says")
        for name, kind in (("uses", Use), ("stages", Stage)):
            if not all(isinstance(one, kind) for one in getattr(self, name)):
                raise InputInvalidError(
                    f"a consent's {name} are {getattr(self, name)!r}, expected some of "
                    f"{', '.join(kind)}"
                )
        for name in ("territory", "media"):
            check_texts(name, getattr(self, name))
        for name in ("uses", "territory", "media"):
            if not getattr(self, name):
                raise InputInvalidError(f"a consent's {name} is empty: it would cover nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentAnswer:
    """Whether a use is covered, in words that fit after the person's name, and by which clauses."""

    covered: bool
    words: str
    clauses: tuple[str, ...]


def answer(
    consent: Consent, *, use: Use, stage: Stage, status: str, context: Context
) -> ConsentAnswer:
    """Return whether a consent covers a use of a person at a stage, or why not.

    status: what the person is, in the words of PersonStatus, empty where that is not known.
    A production, territory or medium that the context does not name is not covered, unless the
    consent holds for all; without a day nothing is.
    """
    if not context.production:
        return _not("the production is not named: set production in screening.toml", "N4")
    if not same(consent.production, context.production):
        return _not(f"it is for another production, “{consent.production}”", "N4")
    needed = _GRANTORS.get(status, Grantor.PERSON)
    if consent.granted_by is not needed:
        return _not(f"it is the {consent.granted_by}'s, and the {needed}'s is needed", "T1")
    reason = _ended(consent, context.today) or _out_of_scope(consent, use, stage, context)
    if reason:
        return _not(reason, "N3")
    until = f", until {consent.valid_until}" if consent.valid_until else ""
    scope = "; ".join(map(", ".join, (consent.uses, consent.territory, consent.media)))
    return ConsentAnswer(
        covered=True,
        words=f"consent on file for {consent.production}: {scope}{until}",
        clauses=("N2", "T1"),
    )


def best_answer(
    consents: Iterable[Consent], *, use: Use, stage: Stage, status: str, context: Context
) -> ConsentAnswer | None:
    """Return the answer of the consent that covers a use, else of the one that comes closest.

    None where there are none. Their order never matters.
    """
    answers = [
        answer(one, use=use, stage=stage, status=status, context=context) for one in consents
    ]
    return min(answers, key=lambda a: (not a.covered, "N4" in a.clauses, a.words), default=None)


def _not(reason: str, clause: str) -> ConsentAnswer:
    return ConsentAnswer(
        covered=False, words=f"consent on file does not cover it: {reason}", clauses=(clause,)
    )


def _ended(consent: Consent, today: date | None) -> str:
    """Return why a consent does not hold on a day, nothing where it does."""
    if today is None:
        return "the day is not known"
    if consent.revoked_on is not None and today >= consent.revoked_on:
        return f"it was revoked on {consent.revoked_on}"
    if today < consent.valid_from:
        return f"it begins on {consent.valid_from}"
    if consent.valid_until is not None and today > consent.valid_until:
        return f"it expired on {consent.valid_until}"
    return ""


def _out_of_scope(consent: Consent, use: Use, stage: Stage, context: Context) -> str:
    """Return what a use is that a consent does not name, nothing where it names all of it."""
    if use not in consent.uses:
        return f"it is for {', '.join(consent.uses)}, not for {use}"
    if consent.stages and stage not in consent.stages:
        return f"it is for the stages {', '.join(consent.stages)}, not for {stage}"
    for name, given, everything, meant in (
        ("territory", consent.territory, EVERYWHERE, context.territory),
        ("media", consent.media, ALL_MEDIA, context.media),
    ):
        if any(same(one, everything) for one in given):
            continue
        if not meant:
            return f"it is for {', '.join(given)}, and {name} is not set in screening.toml"
        for one in meant:
            if not any(same(one, each) for each in given):
                return f"it is for {', '.join(given)}, not for {one}"
    return ""
