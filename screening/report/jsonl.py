"""JSON lines: one object per file seen, then one summary object."""

import json
from dataclasses import asdict
from typing import Any

from screening.calibration.paths import path_json
from screening.decision import Judged, advice
from screening.report.summary import Summary
from screening.report.words import path_in_words, raw_flag_in_words
from screening.result import Input, Screening

SCHEMA = 1


class JsonlReport:
    """The machine's format; its schema is in the README."""

    def start(self) -> str:
        """Return nothing: there is no header."""
        return ""

    def line(self, screening: Screening) -> str:
        """Return one line of JSON, ASCII only, ended."""
        return json.dumps(screening_json(screening)) + "\n"

    def end(self, summary: Summary) -> str:
        """Return the summary line."""
        return json.dumps({"schema": SCHEMA, "summary": summary.to_json()}) + "\n"


def screening_json(screening: Screening) -> dict[str, Any]:
    """Return a screening as JSON values."""
    path = {"path": None} if screening.path is None else path_json(screening.path)
    return (
        {"schema": SCHEMA}
        | path
        | {
            "sha256": screening.sha256,
            "role": screening.role,
            "verdict": screening.verdict,
            "coverage": screening.coverage,
            "reason": screening.reason,
            "findings": [_finding_json(finding, screening) for finding in screening.findings],
            "candidates": [
                {
                    "record_id": candidate.record.id,
                    "title": candidate.record.title,
                    "channel": candidate.channel,
                    "score": candidate.score,
                    "false_alarms": candidate.false_alarms,
                }
                for candidate in screening.candidates
            ],
            "channels": {
                name: {"state": report.state}
                | {k: v for k, v in (("reason", report.reason), ("mend", report.mend)) if v}
                for name, report in screening.channels.items()
            },
            "clauses": list(screening.clauses),
            "generation": screening.generation and screening.generation.to_json(),
            "inputs": [_input_json(one) for one in screening.inputs],
            "notes": list(screening.notes),
            "elapsed_ms": round(screening.elapsed_ms, 2),
        }
    )


def _input_json(fed: Input) -> dict[str, Any]:
    path = {"path": None} if fed.path is None else path_json(fed.path)
    return {
        "name": fed.name,
        **path,
        "sha256": fed.sha256,
        "verdict": fed.verdict,
        "coverage": fed.coverage,
        "reason": fed.reason,
    }


def _finding_json(finding: Judged, screening: Screening) -> dict[str, Any]:
    record = finding.record
    raw = raw_flag_in_words(finding, screening.policy)
    return {
        "record": {
            "id": record.id,
            "kind": record.kind,
            "title": record.title,
            "rights_holder": record.rights_holder,
            **({"status": record.status} if record.status else {}),
        },
        "input": path_in_words(finding.input) or None,
        "verdict": finding.verdict,
        "false_alarms": finding.false_alarms,
        "strength": finding.strength,
        "basis": screening.basis(finding),
        **({"basis_in_words": raw} if raw else {}),
        "channels": [
            {
                "channel": evidence.channel,
                "score": evidence.score,
                "unit": evidence.unit,
                "false_alarms": evidence.false_alarms,
                "extrapolated": evidence.extrapolated,
                "measured_to": evidence.measured_to,
                "calibration": evidence.calibration,
                "reference_image": evidence.reference_image,
                "transform": evidence.transform,
                "frame": evidence.frame,
                "region": [list(point) for point in evidence.region],
                "reference_region": [list(point) for point in evidence.reference_region],
                "share": round(evidence.share, 4),
                "reference_share": round(evidence.reference_share, 4),
            }
            | ({} if evidence.inliers is None else {"inliers": evidence.inliers})
            | ({} if evidence.face is None else {"face": asdict(evidence.face)})
            | ({} if evidence.named is None else {"named": asdict(evidence.named)})
            for evidence in finding.channels
        ],
        "region": [list(point) for point in finding.region],
        "frame": finding.frame,
        "clauses": list(finding.clauses),
        "advice": advice(finding),
        "standing": finding.standing
        and {"state": finding.standing.state, "words": finding.standing.words},
        "consent": finding.consent
        and {"covered": finding.consent.covered, "words": finding.consent.words},
    }
