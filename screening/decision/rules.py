"""Rules of a policy: which findings one is about, and what it makes of them."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reference_index import Kind, PersonStatus, Record
from reference_index.fingerprint import CONCEPT_PREFIX, EMBEDDING_PREFIX, FACE_CHANNEL
from screening.decision.clauses import CLAUSES
from screening.decision.verdicts import Role, Stage, Verdict
from screening.errors import InputInvalidError
from screening.matching import CHANNELS
from screening.matching.settings import (
    DRAWN_FACE_CHANNEL,
    MODEL_NAME_CHANNEL,
    NAME_CHANNEL,
)

SELECTORS: dict[str, type[StrEnum] | None] = {
    "kind": Kind,
    "status": PersonStatus,
    "channel": None,
    "role": Role,
    "stage": Stage,
}
EFFECTS = ("flag_at", "note_at", "verdict", "clauses", "why")

_FAMILIES = (EMBEDDING_PREFIX, CONCEPT_PREFIX)
FAMILIES = tuple(family.removesuffix(":") for family in _FAMILIES)
NAMES = tuple(sorted((*(channel.name for channel in CHANNELS), NAME_CHANNEL, MODEL_NAME_CHANNEL)))


def is_channel(name: str) -> bool:
    """Return whether an index may have a channel of that name."""
    return name in NAMES or (name.startswith(_FAMILIES) and not name.endswith(":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What becomes of the findings that all its selectors fit; an empty selector fits all.

    kind, status: of the record. channel: that speaks for it, "embedding" and "concept" for those
    of all models, "name" also for "name:model"; thresholds then hold for the evidence of that
    channel alone. role: of the picture, stage: of the production, or FINAL for a picture of that
    role.
    flag_at, note_at: false alarms per image, inclusive, 0 for never. verdict: of a finding that
    flags. clauses: those that it touches, the first says what resolves it. why: in words. None
    leaves what earlier rules say. line: in the file it was read from, 0 for none.
    Raises InputInvalidError, also for a rule that can never apply.
    """

    kind: tuple[Kind, ...] = ()
    status: tuple[PersonStatus, ...] = ()
    channel: tuple[str, ...] = ()
    role: tuple[Role, ...] = ()
    stage: tuple[Stage, ...] = ()
    flag_at: float | None = None
    note_at: float | None = None
    verdict: Verdict | None = None
    clauses: tuple[str, ...] | None = None
    why: str | None = None
    line: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        for name, words in SELECTORS.items():
            if words and not all(isinstance(one, words) for one in getattr(self, name)):
                raise InputInvalidError(
                    f"{name} is {getattr(self, name)!r}, expected some of {', '.join(words)}"
                )
        for name in self.channel:
            if not (is_channel(name) or name in FAMILIES):
                raise InputInvalidError(
                    f"channel: there is no channel {name!r}, expected one of "
                    f"{', '.join((*NAMES, *FAMILIES))}"
                )
        for name in ("flag_at", "note_at"):
            _check_threshold(name, getattr(self, name))
        if self.verdict not in {None, Verdict.NOTE, Verdict.NEEDS_APPROVAL, Verdict.BLOCKED}:
            raise InputInvalidError(
                f"verdict is {self.verdict!r}, expected note, needs_approval or blocked; what is "
                "not to be told has flag_at = 0 and note_at = 0"
            )
        for name in self.clauses or ():
            if name not in CLAUSES:
                raise InputInvalidError(
                    f"clauses: there is no clause {name!r}, expected some of {', '.join(CLAUSES)}"
                )
        if all(getattr(self, name) is None for name in EFFECTS):
            raise InputInvalidError(f"the rule says nothing: give it one of {', '.join(EFFECTS)}")
        self._check_possible()

    def _check_possible(self) -> None:
        """Raise InputInvalidError for selectors that no finding can fit together."""
        if Kind.CLEARED in self.kind:
            raise InputInvalidError("kind: the rule can never apply, cleared records count nowhere")
        if Role.UNKNOWN in self.role:
            raise InputInvalidError(
                "role: the rule can never apply, unknown counts as generated: name that"
            )
        of_people = {FACE_CHANNEL, DRAWN_FACE_CHANNEL}
        for name, people in (
            ("status", bool(self.status)),
            ("channel", bool(self.channel) and of_people.issuperset(self.channel)),
        ):
            if people and self.kind and Kind.PERSON not in self.kind:
                raise InputInvalidError(
                    f"{name}: the rule can never apply to {' or '.join(self.kind)}, only a person "
                    f"has such a {name}: leave kind out, or make it person"
                )

    def fits(self, record: Record, channels: Collection[str], role: Role, stage: Stage) -> bool:
        """Return whether it is about a record that these channels speak for, in such a picture."""
        return (
            (not self.kind or record.kind in self.kind)
            and (not self.status or (record.kind is Kind.PERSON and record.status in self.status))
            and (not self.channel or any(_among(one, self.channel) for one in channels))
            and (not self.role or role.judged_as in self.role)
            and (not self.stage or stage in self.stage)
        )

    def holds_all_of(self, other: "Rule") -> bool:
        """Return whether it fits wherever another rule does."""
        kinds = other.kind or ((Kind.PERSON,) if other.status else ())
        return (
            (not self.kind or (bool(kinds) and {*kinds} <= {*self.kind}))
            and (
                not self.channel
                or (bool(other.channel) and all(_among(c, self.channel) for c in other.channel))
            )
            and all(
                not mine or (bool(theirs) and {*theirs} <= {*mine})
                for mine, theirs in (
                    (self.status, other.status),
                    (self.role, other.role),
                    (self.stage, other.stage),
                )
            )
        )

    @property
    def effects(self) -> frozenset[str]:
        """The names of what it says."""
        return frozenset(name for name in EFFECTS if getattr(self, name) is not None)


def last_word(rules: Sequence[Rule], effect: str, default: Any) -> Any:
    """Return what the last of some rules says of an effect, a default where none does."""
    said = (getattr(rule, effect) for rule in reversed(rules))
    return next((value for value in said if value is not None), default)


def contradictions(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield a sentence for every rule that another makes void."""
    for earlier, first in enumerate(rules):
        for later, second in enumerate(rules[earlier + 1 :], start=earlier + 1):
            if first.holds_all_of(second) and second.holds_all_of(first):
                yield (
                    f"{named(earlier, first)} and {named(later, second)} have the same selectors: "
                    "make them one"
                )
            elif second.holds_all_of(first) and second.effects >= first.effects:
                yield (
                    f"{named(earlier, first)} has no effect, {named(later, second)} always wins "
                    "over it: put it after"
                )


def named(number: int, rule: Rule) -> str:
    """Return how an error calls a rule; number: its place among them, from 0."""
    return f"rule {number + 1}" + (f" (line {rule.line})" if rule.line else "")


def _among(channel: str, names: Collection[str]) -> bool:
    """Return whether a channel, or its family, is among some names."""
    return channel in names or channel.partition(":")[0] in names


def _check_threshold(name: str, value: object) -> None:
    if value is None:
        return
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and value >= 0)
    ):
        raise InputInvalidError(
            f"{name} is {value!r}, expected false alarms per image, or 0 for never"
        )
