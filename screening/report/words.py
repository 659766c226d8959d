"""Values as people read them: probabilities in words, hostile names made harmless."""

import os
from collections.abc import Iterable, Mapping, Sequence

from reference_index.fingerprint import FACE_CHANNEL, HASH_BITS, HASH_CHANNEL
from screening.decision import GUIDANCE, Judged, Policy
from screening.decision.clauses import headings
from screening.matching import ChannelEvidence, Finding, RankedCandidate
from screening.matching.settings import DRAWN_FACE_CHANNEL, MODEL_NAME_CHANNEL, NAME_CHANNEL
from screening.result import Screening

HIGHEST: Mapping[str, float] = {HASH_CHANNEL: HASH_BITS, FACE_CHANNEL: 2.0, DRAWN_FACE_CHANNEL: 2.0}
"""The highest raw score there can be on a channel; on others there is no end."""

_FORMULA = ("=", "+", "-", "@")


def coincidence(found: Finding | ChannelEvidence) -> str:
    """Return how often chance alone would look this alike, never beyond what was measured."""
    if found.false_alarms < found.measured_to:
        if found.measured_to >= 1.0:
            return "rarer than was measured"
        return f"rarer than 1 in {1.0 / found.measured_to:,.0f}"
    if found.false_alarms >= 1.0:
        return f"{found.false_alarms:.2g} a {searched(found)}"
    return f"1 in {1.0 / found.false_alarms:,.0f}"


def searched(found: Finding | ChannelEvidence) -> str:
    """Return of what it is told how often chance alone does it: "prompt" for words alone."""
    channels = found.channels if isinstance(found, Finding) else (found,)
    return "prompt" if channels and all(one.named for one in channels) else "picture"


def false_alarms_in_words(candidate: RankedCandidate) -> str:
    """Return how many false alarms a candidate comes to, of what."""
    by_name = candidate.channel in {NAME_CHANNEL, MODEL_NAME_CHANNEL}
    return f"{candidate.false_alarms:.2g} false alarms per {'prompt' if by_name else 'image'}"


def score_shown(score: float) -> str:
    """Return a raw score as text: cosines with three digits, bits and significance with one."""
    return f"{score:.1f}" if abs(score) >= 10 else f"{score:.3f}"


def evidence_in_words(finding: Judged, policy: Policy) -> str:
    """Return the channels that speak for a finding, and the transformation the best one saw.

    Where words name it beside what the picture shows, both are told. A channel beside the best one
    speaks where it alone would be worth a note, or is flagged by its raw score. A finding that
    nothing else flags is labeled so.
    """
    best, *others = finding.channels
    speaking = [
        best,
        *(one for one in others if one.false_alarms <= policy.note_at or policy.reached_by(one)),
    ]
    saw: dict[str, str] = {}
    for one in speaking:
        saw.setdefault(one.channel if one.named else "", one.transform)
    raw = raw_flag_in_words(finding, policy)
    return ", ".join(filter(None, (_listed([one.channel for one in speaking]), *saw.values(), raw)))


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def raw_flag_in_words(finding: Judged, policy: Policy) -> str:
    """Return by what raw score alone a finding is flagged, nothing where false alarms tell."""
    evidence = finding.raw
    if evidence is None:
        return ""
    return (
        f"flagged by a raw score of {policy.raw_scores[evidence.channel]:g} ({evidence.channel}, "
        f"{evidence.unit}), which promises no false-alarm rate"
    )


def thresholds_in_words(policy: Policy, *, per: str = "image") -> str:
    """Return the thresholds of a policy, and which of them are an expert's.

    per: of what there are false alarms.
    """
    said = (
        f"Thresholds: {policy.name}, approval at {policy.flag_at:g} false alarms per {per} or "
        f"fewer, a note at {policy.note_at:g}."
    )
    if any(rule.effects & {"flag_at", "note_at"} for rule in policy.rules):
        said += " Rules of the policy set others for some findings."
    if policy.raw_scores:
        scores = ", ".join(f"{channel} {at:g}" for channel, at in policy.raw_scores.items())
        said += f" Expert settings, which promise no false-alarm rate: raw scores {scores}."
    return said


def clauses_in_words(names: Iterable[str]) -> tuple[str, ...]:
    """Return the clauses by heading, a line each, under the guidance and its date."""
    lines = headings(names)
    return (f"Clauses of {GUIDANCE.words}:", *(f"  {line}" for line in lines)) if lines else ()


def printable(text: str) -> str:
    """Return text safe for a terminal or a cell: control and undecodable characters escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text.encode("utf-8", "backslashreplace").decode()
    )


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula, and no terminal obeys."""
    return f"'{printable(text)}" if text.lstrip().startswith(_FORMULA) else printable(text)


def path_of(screening: Screening) -> str:
    """Return a screening's path as text, undecodable bytes replaced; "-" for memory."""
    return "-" if screening.path is None else path_in_words(screening.path)


def path_in_words(path: str) -> str:
    """Return a path as text, undecodable bytes replaced."""
    return os.fsencode(path).decode("utf-8", "replace")
