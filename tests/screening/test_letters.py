"""Letters: what an answer covers, which of several counts, and taking decisions elsewhere."""

import copy
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from decisions import HALYARD, TODAY, finding
from desks import COPY, ORIGINAL, OTHER, TOP, asked, found, sighted

from screening.approvals import Store, verify
from screening.approvals.decided import DecisionError, Reason, Scope
from screening.approvals.decisions import Decisions
from screening.approvals.desk import Desk
from screening.approvals.dismissals import dismiss, undo
from screening.approvals.exchange import export_decisions, import_decisions, read_decisions
from screening.approvals.letters import record_letter, revoke
from screening.approvals.requests import mark_sent, state_of, submit
from screening.decision import Context, Role, Stage
from screening.decision.standings import StandingState
from screening.errors import InputInvalidError, ScreeningError

NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
ELSEWHERE = finding(region=((0.7, 0.7), (1, 0.7), (1, 1), (0.7, 1)))
DENIED, GRANTED = StandingState.DENIED, StandingState.GRANTED
PICTURES = {
    "same": sighted(ORIGINAL),
    "copy": sighted(COPY),
    "moved": sighted(COPY, ELSEWHERE),
    "other": sighted(OTHER),
}


class Clock:
    """A clock that is set by hand."""

    now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """Return the clock of the store."""
    return Clock()


@pytest.fixture
def decisions(tmp_path, clock):
    """Return the decisions of a new store."""
    with Store.open(tmp_path / "approvals.db", create=True, clock=clock) as store:
        yield Decisions(store)


@pytest.fixture
def letter(tmp_path):
    """Return a signed letter."""
    file = tmp_path / "signed.pdf"
    file.write_bytes(b"we agree")
    return file


@pytest.fixture
def answer(decisions, letter, clock):
    """Return a function that files an answer, a second after the one before."""

    def answered(request, granted, scope, **more):
        clock.now += timedelta(seconds=1)
        return record_letter(
            decisions, letter, requests=[request.id], granted=granted, scope=scope, by="Ada", **more
        )

    return answered


def request_for(decisions, *args, **context):
    (one,) = submit(decisions, [asked(*args, **context)])
    return one.request


def state(decisions, name, context=HALYARD):
    """Return the state of a picture that counts, "lapsed" for a grant that does not."""
    told = Desk(decisions.store, context=context).standings(PICTURES[name]).get("one")
    if told is None:
        return None
    counted = told.at(context, PICTURES[name].role)
    return "lapsed" if counted.lapsed else counted.state


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope.PICTURE, {"same"}),
        (Scope.COPIES, {"same", "copy"}),
        (Scope.RECORD, {"same", "copy", "moved", "other"}),
    ],
)
def test_a_grant_covers_its_scope(decisions, answer, scope, covered):
    """The file; with copies that show it in the same place; the record wherever it shows."""
    answer(request_for(decisions, ORIGINAL), True, scope)
    granted = {name for name in PICTURES if state(decisions, name) is GRANTED}
    assert covered == granted
    two = sighted(ORIGINAL, finding(region=TOP, id_="two"))
    assert Desk(decisions.store, context=HALYARD).standings(two) == {}


@pytest.mark.parametrize(
    ("scope", "more"), [(Scope.PICTURE, set()), (Scope.COPIES, set()), (Scope.RECORD, {"other"})]
)
def test_a_denial_stays_in_force_for_copies(decisions, answer, scope, more):
    """Whatever its scope, and wherever the copy shows the record."""
    answer(request_for(decisions, ORIGINAL), False, scope)
    denied = {name for name in PICTURES if state(decisions, name) is DENIED}
    assert {"same", "copy", "moved", *more} == denied


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("scope", Scope)
def test_the_later_answer_of_one_scope_wins(decisions, answer, scope, first):
    """A denial after a grant denies, a grant after a denial grants."""
    request = request_for(decisions, ORIGINAL)
    answer(request, first, scope)
    answer(request, not first, scope)
    assert state(decisions, "same") is (DENIED if first else GRANTED)


@pytest.mark.parametrize("denied", Scope)
@pytest.mark.parametrize("granted", Scope)
def test_a_denial_outranks_a_grant_of_another_scope(decisions, answer, denied, granted):
    """In whatever order they came, until the denial is revoked."""
    if denied is granted:
        return
    request = request_for(decisions, ORIGINAL)
    no = answer(request, False, denied)
    answer(request, True, granted)
    assert state(decisions, "same") is DENIED
    revoke(decisions, no.id, reason="a misunderstanding")
    assert state(decisions, "same") is GRANTED


def test_a_denied_picture_is_not_freed_by_the_grant_of_its_copy(decisions, answer):
    """Answers about two files are of two scopes: the denial stays until it is revoked."""
    elsewhere = request_for(decisions, COPY, ELSEWHERE)
    answer(request_for(decisions, ORIGINAL), False, Scope.COPIES)
    answer(elsewhere, True, Scope.COPIES)
    assert [state(decisions, name) for name in ("same", "moved")] == [DENIED, DENIED]


def test_a_grant_ends_after_its_last_day(decisions, answer):
    """It counts on that day and no more on the next, and is told; an earlier denial is back."""
    request = request_for(decisions, ORIGINAL)
    answer(request, True, Scope.PICTURE, until=TODAY)
    tomorrow = Context(production="Halyard", today=TODAY + timedelta(days=1))
    assert state(decisions, "same") is GRANTED
    assert state(decisions, "same", tomorrow) == "lapsed"
    desk = Desk(decisions.store, context=tomorrow)
    told = desk.standings(PICTURES["same"])["one"].at(tomorrow, Role.GENERATED)
    assert told.words.endswith(f"which counts for nothing: it ended on {TODAY}")
    answer(request, False, Scope.PICTURE)
    answer(request, True, Scope.PICTURE, until=TODAY)
    assert [state(decisions, "same", day) for day in (HALYARD, tomorrow)] == [GRANTED, DENIED]


def test_an_ended_grant_does_not_hide_one_that_counts(decisions, answer):
    """Of one scope, the latest that still counts is it."""
    request = request_for(decisions, ORIGINAL)
    answer(request, True, Scope.COPIES)
    answer(request, True, Scope.COPIES, until=TODAY)
    tomorrow = Context(production="Halyard", today=TODAY + timedelta(days=1))
    assert state(decisions, "copy", tomorrow) is GRANTED


def test_a_grant_is_for_its_production_and_stage(decisions, answer):
    """Another production, or a later stage than was asked for, is not covered."""
    request = request_for(decisions, ORIGINAL, stage=Stage.BACKGROUND)
    answer(request, True, Scope.RECORD)
    contexts = {
        GRANTED: Context(production=" halyard", today=TODAY),
        "lapsed": Context(production="Halyard", today=TODAY, stage=Stage.FINAL),
        None: Context(production="Gannet", today=TODAY),
    }
    assert {state(decisions, "other", one): one for one in contexts.values()} == contexts
    answer(request, True, Scope.COPIES)
    assert state(decisions, "copy", contexts[None]) == "lapsed"


def test_a_letter_is_filed_by_its_digest(decisions, answer, letter, tmp_path):
    """Its name and digest are kept, its folder and content are not; who, what, until when too."""
    request = request_for(decisions, ORIGINAL)
    filed = answer(request, True, Scope.COPIES, conditions="no close-up", until=TODAY)
    assert filed.sha256 == hashlib.sha256(b"we agree").hexdigest()
    assert (filed.name, filed.by, filed.until) == ("signed.pdf", "Ada", TODAY)
    assert state_of(decisions, request) == "granted"
    told = Desk(decisions.store, context=HALYARD).standings(PICTURES["copy"])["one"]
    assert (told.conditions, told.by, told.on) == (
        "no close-up",
        "Ada",
        filed.at.astimezone().date(),
    )
    data = (tmp_path / "approvals.db").read_bytes()
    assert str(letter).encode() not in data
    assert b"we agree" not in data
    assert verify(decisions.store) == []


def test_one_letter_answers_several_requests(decisions, letter):
    """All of them by one entry; revoking it opens all of them again, once."""
    done = submit(decisions, [asked(ORIGINAL), asked(OTHER)])
    requests = [one.request for one in done]
    mark_sent(decisions, requests[0].id)
    filed = record_letter(
        decisions, letter, requests=[one.id[:12] for one in requests], granted=True,
        scope=Scope.PICTURE, by="Ada",
    )  # fmt: skip
    assert [state(decisions, name) for name in ("same", "other")] == [GRANTED, GRANTED]
    revoke(decisions, filed.id[:12], reason="signed by nobody in charge", by="Bo")
    now = [state_of(decisions, decisions.requests[one.id]) for one in requests]
    assert now == ["sent", "draft"]
    with pytest.raises(DecisionError, match=r"was revoked already, 2026-05-01 by Bo \(signed by"):
        revoke(decisions, filed.id, reason="again")
    with pytest.raises(DecisionError, match="is a request, expected a letter"):
        revoke(decisions, requests[0].id, reason="x")
    with pytest.raises(InputInvalidError, match="reason is empty"):
        revoke(decisions, filed.id, reason=" ")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"requests": []}, "no request is named"),
        ({"requests": ["ffff"]}, "there is no decision"),
        ({"by": " "}, "by is empty"),
        ({"until": TODAY - timedelta(days=1)}, "which is over"),
        ({"granted": False, "until": TODAY}, "the letter denies"),
        ({"granted": False, "conditions": "x"}, "the letter denies"),
        ({"scope": Scope.RECORD}, "names no production"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(decisions, letter, more, said):
    """The error says what is wrong, and nothing is written."""
    request = request_for(decisions, ORIGINAL, production="")
    given = {"requests": [request.id], "granted": True, "scope": Scope.PICTURE, "by": "Ada"}
    with pytest.raises(ScreeningError, match=said):
        record_letter(decisions, letter, **{**given, **more})
    assert len([*decisions.store.entries()]) == 1


def test_a_letter_must_be_there_and_say_something(decisions, tmp_path):
    """Missing, empty and no file at all are refused by name."""
    request = request_for(decisions, ORIGINAL)
    (tmp_path / "empty.pdf").touch()
    for name, said in (("none.pdf", "cannot be read"), ("empty.pdf", "empty"), ("", "cannot be")):
        with pytest.raises(DecisionError, match=said):
            record_letter(decisions, tmp_path / name, requests=[request.id], granted=True,
                          scope=Scope.PICTURE, by="Ada")  # fmt: skip
    assert len([*decisions.store.entries()]) == 1


def test_what_was_erased_leaves_the_answer(decisions, answer):
    """The grant holds for the file and its production; that it had conditions is still said."""
    request = request_for(decisions, ORIGINAL)
    filed = answer(request, True, Scope.PICTURE, conditions="not beside my aunt")
    decisions.store.erase([request.id, filed.id])
    told = Desk(decisions.store, context=HALYARD).standings(PICTURES["same"])["one"]
    assert (told.conditions, told.production) == ("(erased, see the letter)", "Halyard")
    assert state(decisions, "same") is GRANTED
    other = Context(production="Gannet", today=TODAY)
    assert state(decisions, "same", other) == "lapsed"


def test_an_answered_picture_is_asked_about_anew(decisions, answer):
    """What is open is not: a request that was answered stays as it is, the next is another one."""
    first = request_for(decisions, ORIGINAL)
    answer(first, True, Scope.PICTURE, until=TODAY)
    second = request_for(decisions, COPY)
    assert second.id != first.id
    with pytest.raises(DecisionError, match="is answered already: granted"):
        mark_sent(decisions, first.id)


@pytest.fixture
def filled(decisions, answer):
    """Return decisions of every kind."""
    first, second = (
        request_for(decisions, ORIGINAL),
        request_for(decisions, OTHER, path="käse\udce9.png"),
    )
    mark_sent(decisions, first.id, to="Ada")
    answer(first, True, Scope.COPIES, conditions="no crop", until=TODAY)
    revoke(decisions, answer(second, False, Scope.PICTURE).id, reason="error")
    two = finding(region=TOP, id_="two")
    dismiss(decisions, [found(ORIGINAL, two)], reason=Reason.OTHER, note="mine", production="H")
    dismiss(decisions, [found(OTHER, two)], reason=Reason.LOOK_ALIKE)
    undo(decisions, [found(OTHER, two)])
    return decisions


def imported(tmp_path, values):
    """Return how many of some values were imported, read from a file."""
    file = tmp_path / "out.json"
    file.write_text(json.dumps(values))
    with Store.open(tmp_path / "second.db", create=True) as store:
        count = import_decisions(Decisions(store), read_decisions(file))
        assert verify(store) == []
        return count


def test_decisions_are_taken_into_another_store(filled, tmp_path):
    """The same stands there, once however often it is imported, and goes on from there."""
    values, left = export_decisions(filled.store)
    assert (len(values["decisions"]), left) == (9, 0)
    assert [imported(tmp_path, values), imported(tmp_path, values)] == [9, 0]
    with Store.open(tmp_path / "second.db") as store:
        decisions = Decisions(store)
        decisions.refresh()
        assert export_decisions(store)[0] == values
        two = finding(region=TOP, id_="two")
        for data in (ORIGINAL, COPY, OTHER):
            picture = sighted(data, finding(region=TOP), two)
            there, here = (
                Desk(one, context=HALYARD).standings(picture) for one in (store, filled.store)
            )
            assert there == here
        assert store.digest("one") != filled.store.digest("one")
        (open_one,) = [r for r in decisions.requests.values() if not decisions.answers(r)]
        mark_sent(decisions, open_one.id)
    assert imported(tmp_path, export_decisions(filled.store)[0]) == 0
    filled.refresh()
    assert import_decisions(filled, values["decisions"]) == 0


def test_what_was_erased_is_not_taken_along(filled):
    """Nor what tells more of it; a letter goes with those of its requests that go."""
    first = min(filled.requests.values(), key=lambda one: one.at)
    filled.store.erase([first.id])
    values, left = export_decisions(filled.store)
    assert left == 3
    assert {one["kind"] for one in values["decisions"]} == {
        "request", "letter", "letter-revoked", "dismissal", "dismissal-undone"
    }  # fmt: skip


def _drop(values):
    del values["decisions"][0]


def _twice(values):
    values["decisions"].append(values["decisions"][0])


def _set(place, key, value):
    def change(values):
        where = values["decisions"][0]
        (where[place] if place else where)[key] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_drop, "neither in the file nor in the store"),
        (_twice, "stands there twice"),
        (_set("", "kind", "purge"), "purge is no decision"),
        (_set("", "kind", "nonsense"), "decision 1 cannot be taken"),
        (_set("", "entry", "1"), "decision 1 cannot be taken"),
        (_set("", "at", "2026-05-01"), "has no zone"),
        (_set("", "extra", 1), "its keys are not"),
        (_set("body", "stage", "soon"), "'soon' is not a valid Stage"),
        (_set("body", "clauses", "P1"), "body.clauses"),
        (_set("body", "extra", "x"), "body does not hold"),
        (_set("particulars", "region", [[0, 0]]), "decision 1 cannot be taken"),
        (_set("particulars", "code", "00"), "hex digits"),
        (_set("particulars", "sha256", ""), "decision 1 cannot be taken"),
        (_set("particulars", "by", 7), "particulars.by is 7"),
        (lambda values: values.pop("format"), "is no export of decisions"),
        (lambda values: values.update(decisions={}), "expected a list"),
    ],
)
def test_an_import_is_whole_or_nothing(filled, tmp_path, change, said):
    """One decision that cannot be, and nothing is written; the error names it."""
    values = copy.deepcopy(export_decisions(filled.store)[0])
    change(values)
    with pytest.raises(ScreeningError, match=said):
        imported(tmp_path, values)
    with Store.open(tmp_path / "second.db", create=True) as store:
        assert [*store.entries()] == []


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "[" * 100_000])
def test_what_is_no_export_is_told(tmp_path, text):
    """Anything else than an export is named, whatever it is."""
    file = tmp_path / "file.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(DecisionError, match=r"file\.json"):
        read_decisions(file)
    with pytest.raises(DecisionError, match="cannot be read"):
        read_decisions(tmp_path / "none.json")
