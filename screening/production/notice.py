"""The notice to the production's contact, as plain text to be pasted into a mail."""

from collections.abc import Iterable, Iterator
from datetime import date

from screening.decision.clauses import CLAUSES, GUIDANCE
from screening.production.declaration import Declaration
from screening.production.given import Given, given_in
from screening.production.questions import one_line
from screening.production.rules import Outcome
from screening.production.triage import Reason, Triage

_ASKS = {
    Outcome.INFORM: "This is for your information; nothing needs an answer.",
    Outcome.REVIEW: "Please look at the points below before we go on.",
    Outcome.APPROVAL: "We do not go on before these points are approved in writing.",
    Outcome.STOP: "We have stopped. Please tell us how the points below can be resolved.",
}


def notice(declaration: Declaration, done: Triage, *, on: date) -> str:
    """Return the notice that a declaration and its triage make, dated. Names never break a line."""
    contact = declaration.contact
    production = one_line(declaration.production) or "production not named"
    who = f"{one_line(contact.name)} <{one_line(contact.email)}>"
    lines = [
        f"To: {who.replace('<>', '').strip() or 'contact not named'}",
        f"Subject: Generative AI on {production}: {done.outcome.words}",
        "",
        f"Date: {on.isoformat()}",
        f"Production: {production}",
        f"Stage: {declaration.stage or 'unsure'}",
        f"Planned: {one_line(declaration.plan) or 'not said'}",
        "",
        _ASKS[done.outcome],
    ]
    given = tuple(given_in(declaration))
    for title, part in (
        ("What needs an answer", _open(done.reasons)),
        ("Tools and their terms", _listed(given, "tools")),
        ("What is fed to them", _listed(given, "inputs")),
        ("Talent", _listed(given, "talent")),
        ("Answers", _answers(given)),
        ("Declared, not screened: no picture shows it", done.declared_not_screened),
        ("Not answered yet, counted as unsure", done.unanswered),
    ):
        lines += ["", title, *(f"- {line}" for line in list(part) or ["none"])]
    return "\n".join([*lines, "", f"By {GUIDANCE.words}, restated in our own words."]) + "\n"


def _open(reasons: Iterable[Reason]) -> Iterator[str]:
    for reason in reasons:
        subject = f"{reason.subject}: " if reason.subject else ""
        yield (
            f"{reason.clause} {CLAUSES[reason.clause].heading}. {subject}{reason.why} "
            f"{reason.resolves} "
            f"[{reason.key}: {reason.answer}]"
        )


def _listed(given: Iterable[Given], name: str) -> Iterator[str]:
    """Yield a line for each entry of a list, its keys as words."""
    entries: dict[int, list[str]] = {}
    for one in given:
        if one.entry and one.pattern.startswith(f"{name}."):
            key = one.pattern.partition(".")[2].replace("_", " ")
            said = one_line(one.said)
            if not one.question.optional or one.value:
                entries.setdefault(one.entry, []).append(f"{key}: {said}")
    for parts in entries.values():
        yield "; ".join(parts)


def _answers(given: Iterable[Given]) -> Iterator[str]:
    """Yield the questions outside of lists and what was said to them."""
    for one in given:
        if not one.entry and one.question.kind is not str and one.key != "stage":
            yield f"{one.question.asks} {one.said}"
