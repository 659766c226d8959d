"""The HTML report: each picture as it is screened, put in order of urgency once all are there."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from reference_index import ReferenceIndex
from screening.decision import CLAUSES, GUIDANCE, Coverage, Role, Verdict
from screening.errors import UnreadError
from screening.images import Limits
from screening.images.frame import RgbImage
from screening.report.html.evidence import Pairs, kind_in_words
from screening.report.html.groups import Group, Unchecked, done, group_of, records_by_kind
from screening.report.html.parts import (
    channel_in_words,
    content_policy,
    environment,
    improbable,
    packaged,
)
from screening.report.html.small import Originals, frames_of, small
from screening.report.summary import Summary
from screening.report.words import (
    coincidence,
    false_alarms_in_words,
    path_of,
    thresholds_in_words,
)
from screening.result import Screening
from screening.version import __version__

THUMBNAIL = 320
"""Pixels of the longer side of a picture on the wall."""

_DEFAULT_LIMITS = Limits()


class _Hung(NamedTuple):
    """A picture on the wall: how improbable its strongest finding is, its number, its HTML."""

    false_alarms: float
    number: int
    html: str


class HtmlReport:
    """One page that needs nothing else: a wall of pictures that open to their evidence.

    It comes as a whole at the end. indexes: what was compared with. thumbnails: whether it shows
    small pictures, made of the files and of the references where records, or else the indexes, say
    that they are; without them it has no pixels at all. limits: what a file may cost. made: when,
    by default now. Raises PageToolsMissingError where the software for it is not installed.
    """

    def __init__(
        self,
        indexes: Iterable[ReferenceIndex] = (),
        *,
        thumbnails: bool = True,
        limits: Limits = _DEFAULT_LIMITS,
        made: datetime | None = None,
    ) -> None:
        self._templates = environment()
        searched = tuple(indexes)
        self._compared = records_by_kind(searched)
        self._thumbnails = thumbnails
        self._limits = limits
        self._made = made or datetime.now().astimezone()
        self._pairs = Pairs(Originals(searched, limits=limits), pixels=thumbnails, limits=limits)
        self._unchecked = Unchecked()
        self._wall: defaultdict[Group, list[_Hung]] = defaultdict(list)
        self._unread: Counter[str] = Counter()
        self._others: list[tuple[str, str]] = []
        self._records: dict[str, tuple[int, str, str]] = {}
        self._showing: Counter[int] = Counter()
        self._roles: Counter[Role] = Counter()
        self._number = 0

    def start(self) -> str:
        """Return nothing: what stands at the top is known at the end."""
        return ""

    def line(self, screening: Screening) -> str:
        """Take in one file and return nothing."""
        group = group_of(screening)
        if group is None:
            self._others.append((path_of(screening), screening.reason or ""))
            return ""
        self._number += 1
        self._roles[screening.role] += 1
        self._unchecked.add(screening)
        if group is Group.UNREAD:
            self._unread[screening.reason or "no reason given"] += 1
        decisive = screening.decisive
        html = self._picture(screening, group)
        self._wall[group].append(
            _Hung(decisive.false_alarms if decisive else 0.0, self._number, html)
        )
        return ""

    def end(self, summary: Summary) -> str:
        """Return the page."""
        style, script = packaged("parts.css") + packaged("report.css"), packaged("report.js")
        groups = {group: len(self._wall[group]) for group in Group}
        return (
            self._templates.get_template("report.html").render(
                pixels=self._thumbnails,
                style=style,
                script=script,
                policy=content_policy(style=style, script=script),
                done=done(groups, self._compared, self._unread),
                unchecked=self._unchecked,
                summary=summary,
                thresholds=(
                    thresholds_in_words(summary.policy),
                    *filter(None, (one.in_words for one in summary.calibrations)),
                ),
                clauses=[one for name, one in CLAUSES.items() if name in summary.clauses],
                guidance=GUIDANCE.words,
                made=self._made,
                version=__version__,
                wall=[(group, sorted(self._wall[group])) for group in Group if groups[group]],
                total=self._number,
                others=self._others,
                records=sorted(self._records.values(), key=lambda one: one[1].casefold()),
                showing=self._showing,
                roles=self._roles,
                verdicts=[(one, summary.verdicts[one]) for one in reversed(Verdict)]
                + [(Coverage.UNREAD, summary.unread)],
                coverage=[(one, summary.coverage[one]) for one in Coverage],
            )
            + "\n"
        )

    def _picture(self, screening: Screening, group: Group) -> str:
        frames, hidden = self._frames(screening, group)
        decisive = screening.decisive
        shown = frames.get(decisive.frame if decisive and not decisive.input else 0)
        findings = sorted(screening.findings, key=lambda one: -one.verdict.rank)
        evidence = [
            self._pairs.of(
                screening,
                finding,
                self._number_of(finding.record.id, finding.record.title,
                                kind_in_words(finding.record.kind)),
                None if finding.input else frames.get(finding.frame),
                hidden,
            )
            for finding in findings
        ]  # fmt: skip
        records = {one.record for one in evidence}
        self._showing.update(records)
        folder, slash, name = path_of(screening).rpartition("/")
        return self._templates.get_template("picture.html").render(
            screening=screening,
            number=self._number,
            name=name,
            folder=folder + slash,
            verdict=screening.verdict or Coverage.UNREAD,
            thumbnail=None if shown is None else small(shown, THUMBNAIL),
            pixels=self._thumbnails,
            hidden=hidden,
            decisive=decisive,
            chance=coincidence(decisive) if decisive else "",
            evidence=evidence,
            records=sorted(records),
            candidates=_candidates(screening),
        )

    def _frames(self, screening: Screening, group: Group) -> tuple[dict[int, RgbImage], str]:
        """Return the frames that are shown, or why there are none."""
        if not self._thumbnails or group is Group.UNREAD or screening.path is None:
            return {}, ""
        wanted = {one.frame for one in screening.own_findings}
        if screening.decisive is None or screening.decisive.input:
            wanted.add(0)
        try:
            found = frames_of(screening.path, screening.sha256, wanted, limits=self._limits)
        except UnreadError as error:
            return {}, error.reason
        return dict(found), ""

    def _number_of(self, record_id: str, title: str, kind: str) -> int:
        """Return the number that stands for a record in the page."""
        return self._records.setdefault(record_id, (len(self._records), title, kind))[0]


def _candidates(screening: Screening) -> list[tuple[str, str, str]]:
    """Return title, channel and chance of candidates, in the words of its finding where it is one.

    So that no number stands beyond what was measured.
    """
    said = {one.record.id: f"by coincidence {improbable(one)}" for one in screening.own_findings}
    return [
        (
            one.record.title,
            channel_in_words(one.channel).lower(),
            said.get(one.record.id, false_alarms_in_words(one)),
        )
        for one in screening.candidates
    ]
