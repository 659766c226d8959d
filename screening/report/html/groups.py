"""Groups of a wall, most urgent first, and the one sentence that says how many are in each."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum

from reference_index import Kind, ReferenceIndex
from screening.decision import Coverage, Role, Verdict
from screening.matching import ChannelState
from screening.report.html.parts import looked_for
from screening.result import Screening

_LOOKED = {ChannelState.RAN, ChannelState.WEAK}
_REASONS = 3  # told in the sentence


class Group(Enum):
    """What is to be done about pictures: a heading, and what stands behind their number, or 1."""

    BLOCKED = ("Blocked", "blocked")
    LOOK = ("To look at", "to look at")
    UNREAD = ("Not read", "not read")
    TOO_LITTLE = ("Not looked at enough", "not looked at enough")
    NOTE = ("With a note", "with a note")
    REFERENCE = ("References only", "references only", "reference only")
    NOTHING = ("Nothing found", "nothing found")

    def __init__(self, heading: str, many: str, one: str = "") -> None:
        self.heading = heading
        self._many = many
        self._one = one or many

    def counted(self, count: int) -> str:
        """Return a number of such pictures in words."""
        return f"{count:,} {self._one if count == 1 else self._many}"


def group_of(screening: Screening) -> Group | None:
    """Return where a file belongs, None for what is no picture.

    Nothing found in a picture that could not be looked at enough is not "nothing found".
    """
    if screening.coverage is None:
        return None
    if screening.verdict in _FLAGGED:
        return _FLAGGED[screening.verdict]
    if screening.unfinished:
        return Group.UNREAD if screening.coverage is Coverage.UNREAD else Group.TOO_LITTLE
    if screening.verdict is Verdict.NOTE:
        return Group.REFERENCE if screening.role is Role.REFERENCE else Group.NOTE
    return Group.NOTHING


def done(
    groups: Mapping[Group, int], compared: Mapping[Kind, int], unread: Mapping[str, int]
) -> str:
    """Return what was done as one sentence.

    groups: how many pictures are in each. compared: how many records of each kind. unread: how many
    files could not be read, by reason.
    """
    counts = [
        f"{group.counted(groups[group])}{_reasons(unread) if group is Group.UNREAD else ''}"
        for group in _TOLD
        if groups.get(group)
    ]
    total = sum(groups.values())
    against = f" against {_listed(_compared(compared))}" if any(compared.values()) else ""
    return f"{_number(total, 'picture')}{against}{': ' if counts else ''}{', '.join(counts)}."


def records_by_kind(indexes: Iterable[ReferenceIndex]) -> Counter[Kind]:
    """Return how many records of each kind there are to compare with, each counted once."""
    return Counter({record.id: record.kind for one in indexes for record in one.records()}.values())


class Unchecked:
    """Gathers what was not looked for in some picture or in any."""

    def __init__(self) -> None:
        self._looked: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._pictures = 0

    def add(self, screening: Screening) -> None:
        """Count the channels of one picture that was looked at."""
        if not screening.channels:
            return
        self._pictures += 1
        for name, report in screening.channels.items():
            self._looked[name] += report.state in _LOOKED
            if report.state is ChannelState.NO_REFERENCES and not report.reason:
                self._reasons.setdefault(name, "nothing enrolled")
            elif report.state not in _LOOKED:
                self._reasons.setdefault(name, report.reason or str(report.state).replace("_", " "))

    @property
    def words(self) -> str:
        """One sentence; it ends with what no channel looks for."""
        told = [what for what, _ in self.reasons]
        return f"Not checked: {'; '.join((*told, 'styles, ideas and all that is not enrolled'))}."

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """What was not looked for, each with the first reason why."""
        return [
            (
                looked_for(name)
                + (f" in {_number(self._pictures - looked, 'picture')}" if looked else ""),
                self._reasons[name],
            )
            for name, looked in self._looked.items()
            if looked < self._pictures
        ]


_FLAGGED = {Verdict.BLOCKED: Group.BLOCKED, Verdict.NEEDS_APPROVAL: Group.LOOK}
_TOLD = (
    Group.NOTHING,
    Group.REFERENCE,
    Group.NOTE,
    Group.LOOK,
    Group.BLOCKED,
    Group.TOO_LITTLE,
    Group.UNREAD,
)
_KINDS = {
    Kind.WORK: ("work", "works"),
    Kind.PERSON: ("person", "people"),
    Kind.KEY_ELEMENT: ("key element", "key elements"),
    Kind.TEMPORARY: ("temporary picture", "temporary pictures"),
    Kind.CLEARED: ("cleared picture", "cleared pictures"),
}


def _compared(counts: Mapping[Kind, int]) -> list[str]:
    return [_number(counts[kind], *words) for kind, words in _KINDS.items() if counts.get(kind)]


def _reasons(unread: Mapping[str, int]) -> str:
    told = [f"{why} ×{count}" if count > 1 else why for why, count in unread.items()]
    more = f"; and {len(told) - _REASONS} other reasons" if len(told) > _REASONS else ""
    return f" ({'; '.join(told[:_REASONS])}{more})" if told else ""


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
