"""The words of a decision: verdict, coverage, role and stage."""

from enum import StrEnum


class Verdict(StrEnum):
    """What the findings mean under the policy, weakest first. Never "clear"."""

    NOTHING_FOUND = "nothing_found"
    NOTE = "note"
    NEEDS_APPROVAL = "needs_approval"
    BLOCKED = "blocked"

    @property
    def rank(self) -> int:
        """Return 0 for the weakest verdict, rising."""
        return list(Verdict).index(self)

    @property
    def flagged(self) -> bool:
        """Return whether somebody has to act: approval is needed, or it is blocked."""
        return self in {Verdict.NEEDS_APPROVAL, Verdict.BLOCKED}

    @property
    def words(self) -> str:
        """Return it as people read it: "needs approval"."""
        return self.value.replace("_", " ")


class Coverage(StrEnum):
    """What could be looked at; it never hides a finding, nor a finding it."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    INSUFFICIENT = "insufficient"
    UNREAD = "unread"


class Role(StrEnum):
    """What a picture is here; unknown counts as generated."""

    GENERATED = "generated"
    REFERENCE = "reference"
    INPUT = "input"
    FINAL = "final"
    UNKNOWN = "unknown"

    @property
    def judged_as(self) -> "Role":
        """Return the role whose rules apply."""
        return Role.GENERATED if self is Role.UNKNOWN else self


class Stage(StrEnum):
    """How far generated material is meant to go: a board, what a camera sees by the way, the end.

    BACKGROUND is what stands on camera in the background.
    """

    IDEATION = "ideation"
    BACKGROUND = "background"
    FINAL = "final"
