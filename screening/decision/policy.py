"""A policy: which false alarms flag, what that comes to, and what must have been looked at."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reference_index import Record
from screening.decision.rules import (
    FAMILIES,
    NAMES,
    Rule,
    contradictions,
    is_channel,
    last_word,
    named,
)
from screening.decision.verdicts import Role, Stage
from screening.errors import InputInvalidError
from screening.matching import ChannelEvidence


def _standard_rules() -> tuple[Rule, ...]:
    from screening.decision.policy_file import NETFLIX_GENAI  # it is made of policies itself

    return NETFLIX_GENAI.rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Thresholds in false alarms per image (inclusive), rules, and channels that must have run.

    A finding at ``flag_at`` or rarer flags; between that and ``note_at`` it is a note.
    raw_scores: for experts, by channel, the raw score (inclusive, in the channel's unit) that alone
    flags; such a channel flags by nothing else, and no false-alarm rate is promised.
    required: "embedding" and "concept" stand for those of every model that an index was built with.
    rules: what becomes of findings, later ones win; those of netflix-genai by default. What no rule
    speaks of needs approval where it flags. Raises InputInvalidError.
    """

    name: str
    flag_at: float
    note_at: float
    required: tuple[str, ...]
    raw_scores: Mapping[str, float] = field(default_factory=dict, hash=False)
    title: str = ""
    rules: tuple[Rule, ...] = field(default_factory=_standard_rules)

    def __post_init__(self) -> None:
        for name, value in (("flag_at", self.flag_at), ("note_at", self.note_at)):
            _check_positive(name, value, "false alarms per image")
        if self.flag_at > self.note_at:
            raise InputInvalidError(
                f"flag_at is {self.flag_at:g}, above note_at, {self.note_at:g}: lower it, or raise "
                "note_at too"
            )
        for name in self.required:
            if not (is_channel(name) or name in FAMILIES):
                raise InputInvalidError(_unknown("required", name, [*NAMES, *FAMILIES]))
        if not isinstance(self.raw_scores, Mapping):
            raise InputInvalidError(
                f"raw_scores is {self.raw_scores!r}, expected a score for each of some channels"
            )
        for channel, score in self.raw_scores.items():
            if not is_channel(channel):
                models = [f"{family}:MODEL" for family in FAMILIES]
                raise InputInvalidError(_unknown("raw_scores", channel, [*NAMES, *models]))
            _check_positive(f"raw_scores: {channel}", score, "a score in the channel's unit")
        object.__setattr__(self, "raw_scores", dict(self.raw_scores))
        self._check_rules()

    def _check_rules(self) -> None:
        for number, rule in enumerate(self.rules):
            flag_at, note_at = self._thresholds([rule])
            if rule.effects & {"flag_at", "note_at"} and flag_at > note_at:
                raise InputInvalidError(
                    f"{named(number, rule)}: flag_at is {flag_at:g}, above note_at, {note_at:g}: "
                    "set both"
                )
        for problem in contradictions(self.rules):
            raise InputInvalidError(problem)

    @property
    def tell_at(self) -> float:
        """The most false alarms at which anything is told: what a search has to find."""
        return max(self.note_at, *(rule.note_at or 0.0 for rule in self.rules), 0.0)

    def reached_by(self, evidence: ChannelEvidence) -> bool:
        """Return whether evidence scores at least the raw score given for its channel."""
        return evidence.score >= self.raw_scores.get(evidence.channel, math.inf)

    def rules_for(
        self, record: Record, channels: Collection[str], role: Role, stage: Stage
    ) -> tuple[Rule, ...]:
        """Return the rules about a record that these channels speak for, in their order."""
        return tuple(rule for rule in self.rules if rule.fits(record, channels, role, stage))

    def thresholds(
        self, record: Record, channel: str, role: Role, stage: Stage
    ) -> tuple[float, float]:
        """Return flag_at and note_at for what one channel says of a record; 0 is never."""
        return self._thresholds(self.rules_for(record, [channel], role, stage))

    def _thresholds(self, rules: Sequence[Rule]) -> tuple[float, float]:
        flag_at = last_word(rules, "flag_at", self.flag_at)
        return flag_at, last_word(rules, "note_at", self.note_at)


def _unknown(key: str, name: str, known: Sequence[str]) -> str:
    return f"{key}: there is no channel {name!r}, expected one of {', '.join(known)}"


def _check_positive(name: str, value: object, what: str) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not (math.isfinite(value) and value > 0)
    ):
        raise InputInvalidError(f"{name} is {value!r}, expected {what}, a number above 0")
