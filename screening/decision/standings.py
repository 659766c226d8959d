"""Standings: what is already on record about a record's match in a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Protocol

from reference_index import Fingerprint
from screening.decision.consents import Consent
from screening.decision.context import Context, same
from screening.decision.verdicts import Role, Stage
from screening.errors import InputInvalidError
from screening.matching import Finding


class StandingState(StrEnum):
    """How far somebody has come with a finding.

    CLEARED: a cleared reference explains it better.
    """

    DISMISSED = "dismissed"
    CLEARED = "cleared"
    REQUESTED = "requested"
    GRANTED = "granted"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is on record about one record in one picture.

    reason: of a dismissal or denial, in a word or a few. by, on: who said so, and when. sent: of a
    request, whether it is more than a draft. production, stages, scope, conditions, until: of a
    grant, the production and stages it is for (none for all), what else it is for and on what
    conditions, in words, and its last day. cleared_id, cleared_title: the cleared reference.
    lapsed: why a grant does not count, set by the decision. Raises InputInvalidError.
    """

    state: StandingState
    reason: str = ""
    by: str = ""
    on: date | None = None
    sent: bool = False
    production: str = ""
    stages: tuple[Stage, ...] = ()
    scope: str = ""
    conditions: str = ""
    until: date | None = None
    cleared_id: str = ""
    cleared_title: str = ""
    lapsed: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.state, StandingState):
            raise InputInvalidError(
                f"state is {self.state!r}, expected one of {', '.join(StandingState)}"
            )
        if self.state is StandingState.DISMISSED and not self.reason.strip():
            raise InputInvalidError("a dismissal's reason is empty; say why it is none")
        if self.state is StandingState.CLEARED and not self.cleared_id.strip():
            raise InputInvalidError("cleared_id is empty; name the cleared reference")

    @property
    def settles(self) -> bool:
        """Return whether the finding needs nothing more."""
        settled = {StandingState.DISMISSED, StandingState.CLEARED, StandingState.GRANTED}
        return self.state in settled and not self.lapsed

    @property
    def words(self) -> str:
        """All of it in one sentence, without its full stop."""
        who = (f" by {self.by}" if self.by else "") + (f" on {self.on}" if self.on else "")
        because = f": {self.reason}" if self.reason else ""
        if self.state is StandingState.CLEARED:
            return f"explained better by the cleared “{self.cleared_title or self.cleared_id}”"
        if self.state is StandingState.REQUESTED:
            return (
                f"approval requested{who}, not answered" if self.sent else f"request drafted{who}"
            )
        if self.state is not StandingState.GRANTED:
            return f"{self.state}{who}{because}"
        terms = [
            f"for {self.scope}" if self.scope else "",
            f"on condition: {self.conditions}" if self.conditions else "",
            f"until {self.until}" if self.until else "",
            self.lapsed and f"which counts for nothing: {self.lapsed}",
        ]
        return ", ".join([f"approved{who}", *filter(None, terms)])

    def at(self, context: Context, role: Role) -> "Standing":
        """Return it as it counts for a picture; a grant that does not says why."""
        if self.state is not StandingState.GRANTED:
            return self
        stage, lapsed = context.stage_of(role), ""
        if context.past(self.until):
            lapsed = f"it ended on {self.until}"
        elif self.production and not same(self.production, context.production):
            lapsed = f"it is for another production, “{self.production}”"
        elif self.stages and stage not in self.stages:
            lapsed = f"it is for the stages {', '.join(self.stages)}, not for {stage}"
        return replace(self, lapsed=lapsed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """A picture in which something was found, as far as a store needs it to know it again.

    sha256: of the file. fingerprints: of its frames. findings: those the search made, not judged.
    """

    sha256: str | None
    fingerprints: Sequence[Fingerprint]
    findings: Sequence[Finding]
    role: Role


class Standings(Protocol):
    """What is on record; both may be asked from several threads."""

    def standings(self, picture: Sighted) -> Mapping[str, Standing]:
        """Return what stands about findings of a picture, by record id; most have nothing."""
        ...

    def consents(self, record_id: str) -> Sequence[Consent]:
        """Return the consents on file of a person, also those that hold no more."""
        ...
