"""Dismissals, and how the picture that they are about is told again."""

import itertools
import sqlite3

import numpy as np
import pytest
from decisions import HALYARD, finding
from desks import COPY, ORIGINAL, OTHER, PICTURE, TOP, asked, file_of, found, sighted
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from reference_index import ISOMETRIES
from reference_index.fingerprint import HASH_BITS
from screening.approvals import EntryKind, Store, verify
from screening.approvals.decided import Reason, Scope
from screening.approvals.decisions import Decisions
from screening.approvals.desk import Desk
from screening.approvals.dismissals import dismiss, most_dismissed, undo
from screening.approvals.letters import record_letter
from screening.approvals.pictures import (
    NEAR_EXACT,
    Fit,
    Found,
    Sight,
    Sights,
    max_distance_bits,
    overlap,
    shown_at,
)
from screening.approvals.requests import submit
from screening.decision.standings import StandingState
from screening.errors import InputInvalidError
from screening.matching import default_null, hash_channel

SIDES = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(1, 9))


@pytest.fixture
def store(tmp_path):
    """Return a new store."""
    with Store.open(tmp_path / "approvals.db", create=True) as store:
        yield store


@pytest.fixture
def decisions(store):
    """Return the decisions of that store."""
    return Decisions(store)


def states(store, *pictures):
    """Return the states of what stands about pictures, by record."""
    desk = Desk(store, context=HALYARD)
    return [{id_: one.state for id_, one in desk.standings(p).items()} for p in pictures]


def box(left, top, right, bottom):
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def code_with(code, bits):
    """Return a hash with so many of its first bits turned."""
    turned = np.unpackbits(code)
    turned[:bits] ^= 1
    return np.packbits(turned)


def test_the_bound_is_what_the_null_promises():
    """At the distance itself so few false alarms are promised, one bit farther they are not."""
    null, bound = default_null("hash"), max_distance_bits()
    assert null.false_alarms(HASH_BITS - bound, references=1) <= NEAR_EXACT
    assert null.false_alarms(HASH_BITS - bound - 1, references=1) > NEAR_EXACT


@pytest.mark.parametrize("isometry", range(8))
def test_regions_turn_with_the_picture(isometry):
    """The corners of a picture come to lie where the hash channel says they do."""
    corners = shown_at(hash_channel.WHOLE_PICTURE, isometry)
    assert corners == hash_channel._CORNERS[isometry], ISOMETRIES[isometry]


@given(one=SIDES, other=SIDES)
def test_overlap_is_what_cells_count(one, other):
    """Of upright boxes on a grid the overlap is that of the cells they cover."""
    boxes = [{*itertools.product(range(x, x + w), range(y, y + h))} for x, y, w, h in (one, other)]
    expected = len(boxes[0] & boxes[1]) / len(boxes[0] | boxes[1])
    quads = [box(x / 20, y / 20, (x + w) / 20, (y + h) / 20) for x, y, w, h in (one, other)]
    assert expected == pytest.approx(overlap(*quads), abs=1e-5)


def test_what_has_no_area_overlaps_nothing():
    """A region that is a line is the same place as none, itself included."""
    line = box(0.1, 0.1, 0.9, 0.1)
    assert overlap(line, line) == 0.0


def test_copies_are_those_within_the_bound():
    """Both sides of the bound, among sights that are plain, erased or far, in order of none."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (8, 32), np.uint8)
    bound = max_distance_bits()

    def sight(code):
        return Sight(
            sha256="0" * 64, record_id="one", title="T", path="", frame=0, region=TOP,
            code="" if code is None else code.tobytes().hex(),
        )  # fmt: skip

    near, far = code_with(codes[0], bound), code_with(codes[0], bound + 1)
    sights = [sight(far), None, sight(near), sight(None), sight(codes[0])]
    now = Found(sight=sight(codes[0]), codes=codes)
    assert Sights(sights).copies(now) == {2: Fit.COPY, 4: Fit.COPY}
    assert Sights(sights).copies(Found(sight=sight(None), codes=None)) == {}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), flips=st.lists(st.integers(0, 256), min_size=1, max_size=12))
def test_copies_equal_brute_force(seed, flips):
    """The hashes within the bound of any isometry are those that counting bit by bit finds."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (8, 32), np.uint8)
    kept = [code_with(codes[rng.integers(8)], bits) for bits in flips]
    whole = box(0, 0, 1, 1)
    sights = [
        Sight(sha256="0" * 64, record_id="one", title="T", path="", frame=0, region=whole,
              code=code.tobytes().hex())
        for code in kept
    ]  # fmt: skip
    expected = {
        place
        for place, code in enumerate(kept)
        if min(int(np.unpackbits(code ^ one).sum()) for one in codes) <= max_distance_bits()
    }
    assert expected == Sights(sights).copies(Found(sight=sights[0], codes=codes)).keys()


@pytest.mark.smoke
def test_a_dismissal_is_remembered(store, decisions):
    """The file and a near-exact copy of it are dismissed from then on, another picture is not."""
    (done,) = dismiss(
        decisions, [found(ORIGINAL)], reason=Reason.COMMON_SCENE, note="a quay", by="Bo"
    )
    assert len(done.ids) == 1
    desk = Desk(store, context=HALYARD)
    standing = desk.standings(sighted(ORIGINAL))["one"]
    assert (standing.state, standing.reason) == (StandingState.DISMISSED, "common scene (a quay)")
    assert standing.by == "Bo"
    assert states(store, sighted(COPY), sighted(OTHER)) == [{"one": StandingState.DISMISSED}, {}]
    assert verify(store) == []


def test_a_copy_that_shows_it_elsewhere_is_asked_about_again(store, decisions):
    """A near-exact copy holds from half of the region on; the same bytes hold wherever."""
    dismiss(decisions, [found(ORIGINAL, finding(region=box(0, 0, 0.6, 1)))],
            reason=Reason.LOOK_ALIKE)  # fmt: skip
    half = finding(region=box(0.2, 0, 0.8, 1))  # 0.4 of 0.8 in common
    less = finding(region=box(0.201, 0, 0.801, 1))
    dismissed = {"one": StandingState.DISMISSED}
    expected = [dismissed, {}, dismissed]
    seen = (sighted(COPY, half), sighted(COPY, less), sighted(ORIGINAL, less))
    assert expected == states(store, *seen)


@pytest.mark.parametrize(
    ("isometry", "turned"),
    [(1, ImageOps.mirror), (5, lambda image: image.transpose(Image.Transpose.ROTATE_270))],
)
def test_a_turned_copy_is_one_where_the_region_turns_too(store, decisions, isometry, turned):
    """A mirrored or rotated picture is a copy; what stayed where it was shows elsewhere."""
    dismiss(decisions, [found(ORIGINAL)], reason=Reason.LOOK_ALIKE)
    data = file_of(turned(PICTURE))
    moved = sighted(data, finding(region=shown_at(TOP, isometry)))
    still = sighted(data, finding(region=box(0.6, 0.6, 1, 1)))
    assert states(store, moved, still) == [{"one": StandingState.DISMISSED}, {}]


def test_a_plain_picture_is_known_by_its_bytes_alone(store, decisions):
    """A blank page has no hash to tell it by: only the very file is dismissed."""
    page = Image.new("RGB", (200, 200), (240, 240, 236))
    dismiss(decisions, [found(file_of(page))], reason=Reason.COMMON_SCENE)
    seen = (sighted(file_of(page)), sighted(file_of(page, "BMP")))
    assert states(store, *seen) == [{"one": StandingState.DISMISSED}, {}]


def test_of_two_records_in_a_picture_one_is_dismissed(store, decisions):
    """The other one stays as it was."""
    two = finding(region=TOP, id_="two")
    dismiss(decisions, [found(ORIGINAL)], reason=Reason.LOOK_ALIKE)
    (seen,) = states(store, sighted(ORIGINAL, finding(region=TOP), two))
    assert seen == {"one": StandingState.DISMISSED}


def test_it_is_said_once(store, decisions):
    """A file twice, or a copy of what is dismissed, gives one entry; the rest says why not."""
    finds = [found(ORIGINAL), found(ORIGINAL, path="again.png"), found(COPY)]
    done = dismiss(decisions, finds, reason=Reason.LOOK_ALIKE)
    assert [len(one.ids) for one in done] == [1, 0, 0]
    assert done[1].why_not == "it is already: look-alike"
    assert len([*store.entries()]) == 1


def test_what_is_denied_is_never_dismissed(store, decisions, tmp_path):
    """Also not in a near-exact copy that shows it elsewhere; the rest is dismissed."""
    (tmp_path / "no.pdf").write_text("no")
    (one,) = submit(decisions, [asked(ORIGINAL)])
    record_letter(
        decisions, tmp_path / "no.pdf", requests=[one.request.id], granted=False,
        scope=Scope.PICTURE, by="Ada",
    )  # fmt: skip
    elsewhere = finding(region=box(0.7, 0.7, 1, 1))
    finds = [found(ORIGINAL), found(COPY, elsewhere), found(OTHER)]
    done = dismiss(decisions, finds, reason=Reason.LOOK_ALIKE)
    assert [len(one.ids) for one in done] == [0, 0, 1]
    assert done[0].why_not.startswith("it stays blocked: denied by Ada on ")


def test_a_dismissal_is_taken_back(store, decisions):
    """By the picture or a copy of it; then it can be dismissed anew, and undone only once."""
    dismiss(decisions, [found(ORIGINAL)], reason=Reason.LOOK_ALIKE)
    (done,) = undo(decisions, [found(COPY)], by="Bo")
    assert (len(done.ids), states(store, sighted(ORIGINAL))) == (1, [{}])
    (again,) = undo(decisions, [found(ORIGINAL)])
    assert again.why_not == "it is not dismissed"
    assert len(dismiss(decisions, [found(ORIGINAL)], reason=Reason.LOOK_ALIKE)[0].ids) == 1
    kinds = [entry.kind for entry in store.entries()]
    assert kinds == [EntryKind.DISMISSAL, EntryKind.DISMISSAL_UNDONE, EntryKind.DISMISSAL]


@pytest.mark.parametrize(
    ("reason", "note"), [(Reason.OTHER, " "), ("look-alike", "as text"), ("nonsense", "x")]
)
def test_a_reason_is_one_of_those_there_are(store, decisions, reason, note):
    """Another one needs words; nothing is written."""
    with pytest.raises(InputInvalidError):
        dismiss(decisions, [found(ORIGINAL)], reason=reason, note=note)
    assert [*store.entries()] == []


def test_an_open_desk_sees_what_another_puts_on_record(store, tmp_path):
    """A dismissal from elsewhere counts from the next picture on."""
    desk = Desk(store, context=HALYARD)
    assert desk.standings(sighted(ORIGINAL)) == {}
    with Store.open(tmp_path / "approvals.db") as other:
        dismiss(Decisions(other), [found(ORIGINAL)], reason=Reason.LOOK_ALIKE)
    assert desk.standings(sighted(ORIGINAL))["one"].state is StandingState.DISMISSED


def test_what_was_erased_holds_by_the_bytes(store, decisions):
    """A purge takes the hash with the names: copies are asked about again, also by an open desk."""
    (done,) = dismiss(decisions, [found(ORIGINAL)], reason=Reason.LOOK_ALIKE, by="Bo")
    desk = Desk(store, context=HALYARD)
    assert desk.standings(sighted(COPY))
    store.erase(done.ids)
    assert desk.standings(sighted(COPY)) == {}
    assert desk.standings(sighted(ORIGINAL))["one"].words.startswith("dismissed on ")
    (most,) = most_dismissed(desk.decisions.dismissals.values())
    assert (most.count, most.title) == (1, "")


def test_linked_entries_say_no_name(store, decisions, tmp_path):
    """Path, title, record, note and digest of the picture stand in the particulars alone."""
    one = found(ORIGINAL, path="/home/bo/secret film/a.png")
    dismiss(decisions, [one], reason=Reason.OTHER, note="my aunt", by="Bo", production="Halyard")
    connection = sqlite3.connect(tmp_path / "approvals.db")
    (linked,) = connection.execute("SELECT * FROM screening_entries").fetchall()
    connection.close()
    text = str(linked)
    for name in ("secret", "Salt", "aunt", "Bo", "Halyard", one.sight.sha256, one.sight.code):
        assert name not in text
    (entry,) = store.entries(subject="one")
    assert entry.particulars["path"] == "/home/bo/secret film/a.png"


def test_which_records_are_dismissed_most(decisions):
    """By how often, those taken back left out, with the reasons."""
    two = finding(region=TOP, id_="two")
    dismiss(decisions, [found(ORIGINAL), found(OTHER, two)], reason=Reason.LOOK_ALIKE)
    dismiss(decisions, [found(ORIGINAL, two)], reason=Reason.COMMON_SCENE)
    undo(decisions, [found(ORIGINAL)])
    (most,) = most_dismissed(decisions.dismissals.values())
    assert (most.record_id, most.title, most.count) == ("two", "The Salt Road", 2)
    assert {*most.reasons} == {(Reason.LOOK_ALIKE, 1), (Reason.COMMON_SCENE, 1)}


def test_a_picture_without_decisions_has_no_standing(store):
    """An empty store, and pixels without a file, are about nothing."""
    assert Desk(store, context=HALYARD).standings(sighted(ORIGINAL)) == {}
    assert Desk(store).consents("one") == ()
