"""The matrix: what a match means by kind, status, role, stage and consent, and by what clause."""

from dataclasses import replace
from datetime import date

import pytest
from decisions import DECLARED_ONLY, HALYARD, RAN, consent, evidence, finding, person
from named_records import shared_index

from reference_index import Kind
from screening import Screener
from screening.decision import CLAUSES, Role, Stage, Verdict, advice, decide
from screening.decision.consents import Grantor, Use

NOTHING, NOTE, APPROVAL, BLOCKED = Verdict
WORK, KEY, TEMPORARY = (
    finding("local", kind=kind) for kind in (Kind.WORK, Kind.KEY_ELEMENT, Kind.TEMPORARY)
)
GUARDIAN = consent(granted_by=Grantor.GUARDIAN)
ESTATE = consent(granted_by=Grantor.ESTATE)

MATRIX = {
    # what it is: finding, role, stage, consents -> verdict, clauses
    "a second famous doll": (WORK, "generated", "ideation", (), APPROVAL, "P1 G3"),
    "a doll of no role": (WORK, "unknown", "ideation", (), APPROVAL, "P1 G3"),
    "a doll of its own": (
        finding(evidence("local", 0.5)), "generated", "ideation", (), NOTHING, "",
    ),
    "inspired by a known photograph": (
        finding(evidence("local", 5e-3)), "generated", "ideation", (), NOTE, "P1 G3",
    ),
    "a photograph known to be fine": (
        finding("hash", kind=Kind.CLEARED), "final", "final", (), NOTHING, "",
    ),
    "a poster in the background": (WORK, "generated", "background", (), APPROVAL, "F2 F3 P1 G3"),
    "a main character on a board": (KEY, "generated", "ideation", (), APPROVAL, "C1 G3"),
    "a main character behind the action": (
        KEY, "generated", "background", (), APPROVAL, "F3 F1 C1 G3",
    ),
    "a board of pulled stills": (WORK, "reference", "ideation", (), NOTE, "C2"),
    "pulled stills while finals are made": (WORK, "reference", "final", (), NOTE, "C2"),
    "a headshot on a board": (person("talent"), "reference", "ideation", (), NOTE, "C2"),
    "a child's photograph on a board": (person("minor"), "reference", "ideation", (), NOTE, "C2"),
    "an input still": (WORK, "input", "ideation", (), APPROVAL, "C2 G3"),
    "unreleased concept art as input": (KEY, "input", "ideation", (), APPROVAL, "D1 C2 G3"),
    "a star's photograph as input": (
        person("public-figure"), "input", "ideation", (), APPROVAL, "C2 G3",
    ),
    "a cast photograph as input": (person("talent"), "input", "final", (), APPROVAL, "D1 C2 T1 G3"),
    "a child's photograph as input": (
        person("minor"), "input", "ideation", (), BLOCKED, "D1 C2 T1 G3",
    ),
    "a cast photograph as agreed": (
        person("talent"), "input", "ideation", (consent(uses=(Use.INPUT,)),), NOTE, "N2 T1",
    ),
    "a prompt that names a film": (finding("name"), "generated", "ideation", (), APPROVAL, "C2 G3"),
    "a prompt that names a main character, of a final": (
        finding("name", kind=Kind.KEY_ELEMENT), "final", "final", (), APPROVAL, "D1 C2 G3",
    ),
    "a prompt that names an actor": (
        person("public-figure", "name"), "generated", "ideation", (), APPROVAL, "C2 G3",
    ),
    "a prompt that names a performer": (
        person("talent", "name"), "unknown", "ideation", (), APPROVAL, "D1 C2 T1 G3",
    ),
    "a prompt that names a performer, as agreed": (
        person("talent", "name"), "generated", "ideation", (consent(uses=(Use.INPUT,)),), NOTE,
        "N2 T1",
    ),
    "a prompt that names a child": (
        person("minor", "name"), "generated", "ideation", (), BLOCKED, "D1 C2 T1 G3",
    ),
    "a LoRA called after a painter": (
        person("deceased", "name:model"), "generated", "ideation", (), APPROVAL, "D2 C2 G3",
    ),
    "a star as asked for": (
        person("public-figure", "face", "name"), "generated", "ideation", (), APPROVAL,
        "P5 G3 C2 E1",
    ),
    "a placeholder on a board": (TEMPORARY, "generated", "ideation", (), NOTE, "P4"),
    "a placeholder in the background": (TEMPORARY, "generated", "background", (), NOTE, "P4"),
    "a final with a temporary image": (TEMPORARY, "final", "ideation", (), BLOCKED, "P4 F4"),
    "a placeholder as finals are made": (TEMPORARY, "generated", "final", (), BLOCKED, "P4 F4"),
    "a final with a doll": (WORK, "final", "ideation", (), BLOCKED, "P1 G3"),
    "a generated main character, final": (KEY, "generated", "final", (), BLOCKED, "C1 G3"),
    "somebody in a final": (person(""), "final", "background", (), BLOCKED, "P5 G3"),
    "somebody": (person(""), "generated", "ideation", (), APPROVAL, "P5 G3"),
    "a painted star": (
        person("public-figure", "face-drawn"), "generated", "ideation", (), APPROVAL, "P5 G3 C2",
    ),
    "a star as if photographed": (
        person("public-figure"), "generated", "ideation", (), APPROVAL, "P5 G3 C2 E1",
    ),
    "a dead star": (person("deceased"), "generated", "ideation", (), APPROVAL, "P5 G3 C2 E1"),
    "a dead star, the estate agrees": (
        person("deceased"), "generated", "ideation", (ESTATE,), NOTE, "N2 T1",
    ),
    "a performer without consent": (
        person("talent"), "generated", "ideation", (), APPROVAL, "P5 G3 T1 N1",
    ),
    "a copied headshot": (
        person("crew", "hash"), "generated", "ideation", (), APPROVAL, "P5 G3 T1 N1",
    ),
    "a consented performer": (
        person("talent"), "generated", "ideation", (consent(),), NOTE, "N2 T1",
    ),
    "a consented performer, final": (
        person("talent"), "final", "final", (consent(),), NOTE, "N2 T1",
    ),
    "a consented performer in another production": (
        person("talent"), "generated", "ideation", (consent(production="Mistral"),), APPROVAL,
        "P5 G3 T1 N1 N4",
    ),
    "a performer whose consent has expired": (
        person("talent"), "generated", "ideation", (consent(valid_until=date(2026, 4, 30)),),
        APPROVAL, "P5 G3 T1 N1 N3",
    ),
    "a child": (person("minor"), "generated", "ideation", (), BLOCKED, "P5 T1"),
    "a child who agrees": (
        person("minor"), "generated", "ideation", (consent(),), BLOCKED, "P5 T1",
    ),
    "a child, the guardian agrees": (
        person("minor"), "generated", "ideation", (GUARDIAN,), NOTE, "N2 T1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRIX)
def test_matrix(name):
    """Verdict and clauses of each, the first clause being the one that resolves it."""
    found, role, stage, consents, verdict, clauses = MATRIX[name]
    decision = decide(
        [found],
        RAN,
        role=Role(role),
        context=replace(HALYARD, stage=Stage(stage)),
        consents=consents,
    )
    assert decision.verdict is verdict
    assert decision.clauses == tuple(sorted(clauses.split()))
    if verdict is NOTHING:
        assert decision.findings == ()
        return
    (judged,) = decision.findings
    assert (judged.verdict, judged.clauses) == (verdict, tuple(clauses.split()))
    if judged.flagged:
        assert f"; {CLAUSES[judged.clauses[0]].resolve}." in advice(judged)


@pytest.mark.parametrize(("prompt", "clauses"), [
    ("a portrait of Greg Rutkowski, 8k", "C2 G3"),
    ("a portrait of Marisela Okonjova, 8k", "C2 D1 G3 T1"),
], ids=["public figure", "talent"])  # fmt: skip
def test_a_prompt_that_names_an_actor(prompt, clauses):
    """The matrix holds for a prompt as it is typed."""
    with Screener.open(shared_index()) as screener:
        screening = screener.screen_prompt(prompt)
    assert (screening.verdict, screening.role) == (APPROVAL, Role.INPUT)
    assert screening.clauses == tuple(clauses.split())


def test_no_clause_is_forgotten():
    """Each is triggered by a case of the matrix and not by another, or only ever declared."""
    triggered = [set(clauses.split()) for *_, clauses in MATRIX.values()]
    shown = set().union(*triggered)
    assert shown | DECLARED_ONLY == set(CLAUSES)
    assert not shown & DECLARED_ONLY
    assert all(any(name not in those for those in triggered) for name in shown)
