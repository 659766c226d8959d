"""Findings, consents and contexts for tests of decisions."""

from datetime import date

from reference_index import Kind, PersonStatus, Record
from screening.decision import Context
from screening.decision.consents import Consent, Grantor, Use
from screening.matching import ChannelEvidence, ChannelReport, ChannelState, FaceSeen, Finding
from screening.matching.findings import WHOLE_PICTURE, NameSeen, Quad

RAN = {name: ChannelReport(state=ChannelState.RAN) for name in ("hash", "local")}
TODAY = date(2026, 5, 1)
DECLARED_ONLY = {*("G1", "G2", "P2", "P3", "T2", "E2", "K1", "K2", "K3", "N5", "W1", "W2")}
"""Clauses about what no picture shows: the declaration answers them."""
HALYARD = Context(production="Halyard", today=TODAY)


def evidence(channel: str, false_alarms: float = 1e-9, score: float = 90.0) -> ChannelEvidence:
    """Return evidence of a channel; that of faces has one, and that of names has words."""
    seen = FaceSeen(
        number=1,
        of=1,
        detector=0.9,
        width=80.0,
        frontal=0.9,
        sharpness=9.0,
        drawn=channel == "face-drawn",
    )
    named = NameSeen(
        source="LoRA" if channel == "name:model" else "prompt",
        words="salt road",
        name="The Salt Road",
        cue="",
        how="",
    )
    return ChannelEvidence(
        channel=channel,
        score=score,
        unit="cosine",
        false_alarms=false_alarms,
        extrapolated=False,
        measured_to=1e-6,
        calibration="default",
        reference_image="0" * 64,
        transform="as it is",
        frame=0,
        face=seen if channel.startswith("face") else None,
        named=named if channel.startswith("name") else None,
    )


def finding(
    *channels: ChannelEvidence | str,
    kind: Kind = Kind.WORK,
    status: str = "",
    id_: str = "one",
    region: Quad = WHOLE_PICTURE,
    frame: int = 0,
) -> Finding:
    """Return the finding that fusion makes of some channels, of one search."""
    seen = [evidence(one) if isinstance(one, str) else one for one in channels or ("hash",)]
    best = sorted(seen, key=lambda one: one.false_alarms)
    holder = "" if kind is Kind.PERSON else "Halyard Pictures"
    return Finding(
        record=Record(
            id=id_, kind=kind, title="The Salt Road", status=status, rights_holder=holder
        ),
        false_alarms=best[0].false_alarms,
        measured_to=1e-6,
        channels=tuple(best),
        region=region,
        frame=frame,
    )


def person(status: str = PersonStatus.TALENT, *channels: str, id_: str = "one") -> Finding:
    """Return the finding of a person, by a face unless told otherwise."""
    return finding(*(channels or ("face",)), kind=Kind.PERSON, status=status, id_=id_)


def consent(**changed) -> Consent:
    """Return a performer's consent to a likeness in Halyard this year, or another."""
    return Consent(
        **{
            "record_id": "one",
            "production": "Halyard",
            "uses": (Use.LIKENESS,),
            "granted_by": Grantor.PERSON,
            "document_sha256": "0" * 64,
            "document_place": "legal, folder 7",
            "valid_from": date(2026, 1, 1),
            "valid_until": date(2026, 12, 31),
            **changed,
        }
    )
