"""One sentence about a finding that a director understands: what, where, whose, what to do."""

import os
from pathlib import Path

from reference_index import Kind
from screening.decision.clauses import CLAUSES
from screening.decision.judgement import Judged
from screening.decision.standings import Standing, StandingState
from screening.matching.findings import Finding, Quad
from screening.names import Source

WHOLE = "the whole picture"

_WHOLE_FROM = 0.6
"""The share of width and of height from which something fills the picture."""

_PLACES = (
    ("upper left", "top", "upper right"),
    ("left", "middle", "right"),
    ("lower left", "bottom", "lower right"),
)
_ALIKE = {"strong": "matches", "moderate": "resembles", "faint": "faintly resembles"}
_NAMES = {
    "strong": ("names", "is called after"),
    "moderate": ("names", "is called after"),
    "faint": ("may name", "may be called after"),
}
_EDGES = ("top", "left", "right", "bottom")
_KINDS = {
    Kind.WORK: "the work ",
    Kind.KEY_ELEMENT: "the key element ",
    Kind.TEMPORARY: "the temporary picture ",
    Kind.PERSON: "",
}


def advice(finding: Judged) -> str:
    """Return what matched, where in the picture, whose it is, why it counts and what resolves it.

    Of what words alone name it says where they stand. What settled a finding stands in place of the
    last two. It says "matches", "resembles" or "names", never that something is one: that is for
    people to see.
    """
    reasons = [
        finding.standing.words if finding.standing else "",
        finding.consent.words if finding.consent else "",
        _resolved_by(finding),
    ]
    settled = _is_settled(finding)
    told = [reason for reason in (*([] if settled else [finding.why]), *reasons) if reason]
    ending = f": {'; '.join(told)}" if told else ""
    seen = _seen(finding)
    if name := input_name(finding):
        seen = f"In the input “{name}”, {seen[0].lower()}{seen[1:]}"
    return f"{seen}{ending}."


def input_name(finding: Finding) -> str:
    """Return the name of the input that a finding is about, empty for the picture itself."""
    return os.fsencode(Path(finding.input).name).decode("utf-8", "replace")


def place_of(finding: Finding) -> str:
    """Return where in a picture something is found, or among which words."""
    named = [one.named.place for one in finding.channels if one.named]
    if named and len(named) == len(finding.channels):
        return " and ".join(dict.fromkeys(named))
    return place_in_words(finding.region)


def place_in_words(region: Quad) -> str:
    """Return where in a picture a region lies: "upper left", ... or WHOLE.

    region: corners in fractions of width and height; they may reach outside.
    """
    columns, rows = (
        (max(0.0, min(those)), min(1.0, max(those))) for those in zip(*region, strict=True)
    )
    if min(right - left for left, right in (columns, rows)) >= _WHOLE_FROM:
        return WHOLE
    row, column = (min(2, max(0, int(sum(ends) / 2 * 3))) for ends in (rows, columns))
    return _PLACES[row][column]


def _seen(finding: Judged) -> str:
    """Return what resembles whom, or who is named where."""
    sources = [one.named.source for one in finding.channels if one.named]
    sources.sort(key=lambda source: source != Source.PROMPT)
    whose, it = _whose(finding), "them" if finding.record.kind is Kind.PERSON else "it"
    if len(sources) < len(finding.channels) or not sources:
        said = f"{_subject(finding)} {_ALIKE[finding.strength]} {whose}"
        return "; ".join((said, *(_also_named(source, it) for source in sources)))
    first, *others = sources
    names, called = _NAMES[finding.strength]
    said = f"The prompt {names}" if first == Source.PROMPT else f"A {first} {called}"
    return "; ".join((f"{said} {whose}", *(_also_named(source, it) for source in others)))


def _also_named(source: str, it: str) -> str:
    if source == Source.PROMPT:
        return f"its prompt names {it} too"
    return f"a {source} is called after {it} too"


def _subject(finding: Judged) -> str:
    frame = f" of frame {finding.frame + 1}" if finding.frame else ""
    place = place_in_words(finding.region)
    what = "A face" if any(one.face for one in finding.channels) else "What is"
    if place == WHOLE:
        return f"{what if what == 'A face' else 'The whole picture'}{frame}"
    return f"{what} {'at' if place in _EDGES else 'in'} the {place}{frame}"


def _whose(finding: Judged) -> str:
    """Return the name of a record as a sentence has it, with whose it is."""
    record = finding.record
    if record.kind is Kind.PERSON:
        status = record.status.replace("-", " ")
        return f"{record.title} ({status})" if status else record.title
    holder = f" of {record.rights_holder}" if record.rights_holder else ""
    return f"{_KINDS.get(record.kind, '')}“{record.title}”{holder}"


def _is_settled(finding: Judged) -> bool:
    if finding.standing is not None and finding.standing.state is StandingState.DENIED:
        return False
    return bool(
        (finding.standing and finding.standing.settles)
        or (finding.consent and finding.consent.covered)
    )


def _resolved_by(finding: Judged) -> str:
    """Return what to do about a finding, nothing where it is settled."""
    if _is_settled(finding):
        return ""
    if finding.standing is not None and (step := _next_step(finding.standing)):
        return step
    return CLAUSES[finding.clauses[0]].resolve if finding.clauses else ""


def _next_step(standing: Standing) -> str:
    """Return what to do about what is on record, nothing where it counts for nothing."""
    if standing.state is StandingState.REQUESTED:
        return "wait for the answer" if standing.sent else "send the request"
    return "do not use it" if standing.state is StandingState.DENIED else ""
