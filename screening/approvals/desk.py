"""The desk: what is on record about findings and people, as the Screener asks for it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from screening.approvals.consents import by_person, filed_consents
from screening.approvals.decided import Dismissal, Letter, Request, Scope, local_day
from screening.approvals.decisions import Decisions, plain
from screening.approvals.pictures import Fit, Found, hashes_of
from screening.approvals.store import Store
from screening.decision import Context, Role
from screening.decision.consents import Consent
from screening.decision.standings import Sighted, Standing, StandingState

_COVERED: Mapping[Scope, frozenset[Fit]] = {
    Scope.PICTURE: frozenset({Fit.SAME}),
    Scope.COPIES: frozenset({Fit.SAME, Fit.COPY}),
    Scope.RECORD: frozenset(),  # by its production, whatever the picture
}
_SCOPES = {
    Scope.PICTURE: "this very file",
    Scope.COPIES: "this picture and near-exact copies of it",
    Scope.RECORD: "all that shows this record in this production",
}


class Desk:
    """Standings and consents over a store; see ``screening.decision.standings``.

    context: what pictures are for, as the Screener has it; without a day in it, that of the store's
    clock. What others put on record while this is open counts from then on.
    """

    def __init__(self, store: Store, *, context: Context | None = None) -> None:
        self.decisions = Decisions(store)
        self._context = context or Context()
        self._consents: Mapping[str, Sequence[Consent]] = {}
        self._consents_at = 0  # how many entries there were
        store.digest("")  # a lost key file is told now, not at the first finding
        self.decisions.refresh()

    def standings(self, picture: Sighted) -> Mapping[str, Standing]:
        """Return what stands about findings of a picture, by record id. Raises StoreError."""
        if picture.sha256 is None:
            return {}
        self.decisions.refresh()
        hashes = hashes_of(picture)
        told = {}
        for finding in picture.findings:
            found = Found.of(picture.sha256, hashes, finding)
            standing = standing_of(self.decisions, found, role=picture.role, context=self._context)
            if standing is not None:
                told[finding.record.id] = standing
        return told

    def consents(self, record_id: str) -> Sequence[Consent]:
        """Return the consents on file of a person. Raises StoreError."""
        there_are = self.decisions.refresh()
        if there_are != self._consents_at:
            filed = filed_consents(self.decisions.store)
            self._consents = {
                person: [one.consent for one in theirs] for person, _, theirs in by_person(filed)
            }
            self._consents_at = there_are
        return self._consents.get(record_id, ())


def standing_of(
    decisions: Decisions, found: Found, *, role: Role, context: Context
) -> Standing | None:
    """Return what stands about one finding, None where nothing does.

    A denial is in force for near-exact copies whatever its scope, wherever they show the record; it
    outranks grants, but for a later one of the same scope about the same picture. A grant or a
    dismissal holds for a near-exact copy only where that shows the record in the same place. An
    answer that has lapsed counts for none, and is told where nothing else is on record.
    """
    if context.today is None:
        today = local_day(datetime.fromisoformat(decisions.store.now()))
        context = replace(context, today=today)
    about = decisions.about(found)
    told = [
        _best([_told(*one, decisions, context).at(context, role) for one in those])
        for those in _answers(decisions, found, about, context)
    ]
    dismissed = [one for one, fit in about if isinstance(one, Dismissal) and fit.holds]
    asked = [one for one, fit in about if isinstance(one, Request) and fit.holds]
    ranked = [
        *(one for one in told if one.state is StandingState.DENIED),
        *(one for one in told if one.settles),
        *(_dismissed(one) for one in reversed(dismissed) if one.undone is None),
        *(_requested(one) for one in asked if not decisions.answers(one)),
        *told,
    ]
    return ranked[0] if ranked else None


def _answers(
    decisions: Decisions,
    found: Found,
    about: Iterable[tuple[Dismissal | Request, Fit]],
    context: Context,
) -> list[list[tuple[Letter, Request]]]:
    """Return the answers that apply to a finding, those of one scope together, the latest first.

    Answers about two pictures, or for two productions, are of two scopes.
    """
    groups: defaultdict[tuple[str, str], list[tuple[Letter, Request]]] = defaultdict(list)
    asked = [(one, fit) for one, fit in about if isinstance(one, Request)]
    for request, fit in asked:
        for letter in decisions.answers(request):
            if not letter.granted or fit in _COVERED[letter.scope]:
                wide = letter.scope is Scope.RECORD
                about_what = request.production if wide else request.picture
                groups[letter.scope, about_what].append((letter, request))
    production = _production(decisions, context)
    for letter, request in decisions.record_wide(found.sight.record_id):
        if production and production == request.production:
            groups[letter.scope, production].append((letter, request))
    return [sorted(those, key=lambda one: one[0].order, reverse=True) for those in groups.values()]


def _best(answers: Sequence[Standing]) -> Standing:
    """Return the first that has not lapsed, else the first."""
    return next((one for one in answers if not one.lapsed), answers[0])


def _production(decisions: Decisions, context: Context) -> str:
    """Return the keyed digest of the production that pictures are for, empty without one."""
    return context.production and decisions.store.digest(plain(context.production))


def _told(letter: Letter, request: Request, decisions: Decisions, context: Context) -> Standing:
    """Return what an answer says; of a production whose name was erased it knows the digest."""
    if not letter.granted:
        return Standing(state=StandingState.DENIED, by=letter.by, on=local_day(letter.at))
    ours = request.production and request.production == _production(decisions, context)
    return Standing(
        state=StandingState.GRANTED,
        by=letter.by,
        on=local_day(letter.at),
        production=context.production if ours else request.production_name,
        stages=request.stages,
        scope=_SCOPES[letter.scope],
        conditions=letter.conditions,
        until=letter.until,
    )


def _dismissed(one: Dismissal) -> Standing:
    reason = one.reason.replace("-", " ") + (f" ({one.note})" if one.note else "")
    return Standing(state=StandingState.DISMISSED, reason=reason, by=one.by, on=local_day(one.at))


def _requested(one: Request) -> Standing:
    asked = one.sent.at if one.sent else one.at
    return Standing(state=StandingState.REQUESTED, sent=one.sent is not None, on=local_day(asked))
