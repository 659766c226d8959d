"""Requests: one for each picture and record, and the page that somebody answers."""

import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from decisions import HALYARD, finding
from desks import COPY, ORIGINAL, OTHER, TOP, asked, sighted
from PIL import Image

from screening.approvals import EntryKind, Store, verify
from screening.approvals.decided import DecisionError
from screening.approvals.decisions import Decisions
from screening.approvals.desk import Desk
from screening.approvals.exports.page import page
from screening.approvals.request_page import page_name, request_page
from screening.approvals.requests import mark_sent, state_of, submit
from screening.decision import CLAUSES, Role, Stage
from screening.decision.standings import StandingState
from screening.report.html.parts import clauses_of, content_policy, environment, packaged

HOSTILE = "\"><script>alert('x')</script><img src=http://evil/ onerror=x>.png"


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self):
        super().__init__()
        self.seen, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)


@pytest.fixture
def place(tmp_path):
    """Return where a new store is."""
    place = tmp_path / "approvals.db"
    Store.open(place, create=True).close()
    return place


@pytest.fixture
def decisions(place):
    """Return the decisions of that store."""
    with Store.open(place) as store:
        yield Decisions(store)


@pytest.mark.smoke
def test_a_picture_is_asked_about_once(decisions):
    """Submitted again, also as a near-exact copy and within one batch, the open request is it."""
    first = submit(decisions, [asked(ORIGINAL), asked(ORIGINAL), asked(COPY)])
    (again,) = submit(decisions, [asked(COPY, path="late/copy.jpg")])
    assert [one.new for one in first] == [True, False, False]
    assert not again.new
    assert len({one.request.id for one in (*first, again)}) == 1
    assert [entry.kind for entry in decisions.store.entries()] == [EntryKind.REQUEST]
    assert state_of(decisions, again.request) == "draft"
    assert verify(decisions.store) == []


def test_another_record_picture_or_place_is_another_request(decisions):
    """What somebody has not seen yet is asked about on its own."""
    elsewhere = finding(region=((0.7, 0.7), (1, 0.7), (1, 1), (0.7, 1)))
    two = finding(region=TOP, id_="two")
    questions = [asked(ORIGINAL), asked(ORIGINAL, two), asked(OTHER), asked(COPY, elsewhere)]
    done = submit(decisions, questions)
    assert [one.new for one in done] == [True] * 4


def test_a_request_is_for_a_stage_and_those_before_it(decisions):
    """Asked for background, ideation is in it; final use and other productions are not."""
    submit(decisions, [asked(ORIGINAL, stage=Stage.BACKGROUND)])
    later = [
        asked(ORIGINAL),
        asked(ORIGINAL, stage=Stage.BACKGROUND, production=" hALYARD "),
        asked(ORIGINAL, role=Role.FINAL),
        asked(ORIGINAL, production="Gannet"),
    ]
    assert [one.new for one in submit(decisions, later)] == [False, False, True, True]


def test_two_processes_open_one_request(place, tmp_path):
    """Whoever comes second sees the request of the first."""
    script = tmp_path / "both.py"
    script.write_text(
        "import sys; from pathlib import Path\n"
        "from desks import ORIGINAL, asked\n"
        "from screening.approvals import Store\n"
        "from screening.approvals.decisions import Decisions\n"
        "from screening.approvals.requests import submit\n"
        "question = asked(ORIGINAL)\n"
        "decisions = Decisions(Store.open(sys.argv[1]))\n"
        "decisions.refresh(); print('ready', flush=True); sys.stdin.readline()\n"
        "(done,) = submit(decisions, [question]); print(done.new, done.request.id)\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, str(script), str(place)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ":".join(sys.path)},
        )
        for _ in range(2)
    ]  # fmt: skip
    for one in both:
        assert one.stdout.readline() == "ready\n"
    for one in both:
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[0].split() for one in both]
    assert sorted(new for new, _ in said) == ["False", "True"]
    assert len({id_ for _, id_ in said}) == 1
    with Store.open(place) as store:
        assert len([*store.entries()]) == 1


def test_a_request_is_sent_once(decisions):
    """A draft becomes sent, by an id or how it begins; the desk tells it; not twice."""
    (one,) = submit(decisions, [asked(ORIGINAL)])
    desk = Desk(decisions.store, context=HALYARD)
    assert not desk.standings(sighted(ORIGINAL))["one"].sent
    request = mark_sent(decisions, one.request.id[:6].upper(), to="Ada", by="Bo")
    assert (request.sent.said, request.sent.by) == ("Ada", "Bo")
    standing = desk.standings(sighted(COPY))["one"]
    assert (standing.state, standing.sent) == (StandingState.REQUESTED, True)
    with pytest.raises(DecisionError, match=r"was sent already, \d{4}-\d\d-\d\d by Bo \(Ada\)"):
        mark_sent(decisions, one.request.id)


@pytest.mark.parametrize("id_", ["", " ", "zz", "0" * 32])
def test_an_id_that_nothing_has_is_told(decisions, id_):
    """Empty and unknown ids name nothing, not everything."""
    submit(decisions, [asked(ORIGINAL)])
    with pytest.raises(DecisionError, match="there is no decision with the id"):
        mark_sent(decisions, id_)


def test_an_id_that_several_have_is_told(decisions):
    """An id cut too short names those that it may be."""
    questions = [asked(ORIGINAL, finding(region=TOP, id_=str(n))) for n in range(20)]
    ids = sorted(one.request.id for one in submit(decisions, questions))
    first = next(a[0] for a, b in pairwise(ids) if a[0] == b[0])
    with pytest.raises(DecisionError, match="is the beginning of several"):
        decisions.find(first)


@pytest.mark.smoke
def test_the_page_says_what_where_whose_and_how_improbable(decisions):
    """With headings of clauses, the guidance's date, a form, versions and the digest; no pixel."""
    question = asked(ORIGINAL, path="/home/bo/board/a.png")
    (one,) = submit(decisions, [question])
    text = unescape(request_page(one.request))
    for needed in (
        one.request.id, "Halyard", "“The Salt Road”", "Halyard Pictures", "<dd>top</dd>", "a.png",
        "rarer than 1 in 1,000,000", "it is not the chance of an infringement",
        CLAUSES[one.request.clauses[0]].heading, "2025-11-11", question.found.sight.sha256,
        "granted", "denied", "Conditions", "Signature", "near-exact copies", "netflix-genai",
        "Index: works.index", "hash: version 1",
    ):  # fmt: skip
        assert needed in text, needed
    assert "/home/bo" not in text
    assert "<img" not in text
    assert page_name(one.request) == f"request-{one.request.id[:12]}.html"


def test_the_page_loads_and_runs_nothing(decisions):
    """Hostile names are text; there is no script, link, form or address in it."""
    one = finding(region=TOP)
    (done,) = submit(decisions, [asked(ORIGINAL, one, path=f"board/{HOSTILE}", production=HOSTILE)])
    text = request_page(done.request)
    assert "alert(&#39;x&#39;)" in text
    tags = Tags()
    tags.feed(text)
    assert not tags.seen & {"script", "img", "link", "iframe", "form", "a", "object"}
    assert not tags.attributes & {"src", "href", "action", "onerror", "background"}
    assert "url(" not in text
    assert "default-src 'none'" in unescape(text)


def test_the_page_is_made_of_the_parts_of_the_report(decisions):
    """Its one style begins with theirs and is allowed by its digest; clauses are their list."""
    (one,) = submit(decisions, [asked(ORIGINAL)])
    text = request_page(one.request)
    style = text[text.index("<style>") + len("<style>") : text.index("</style>")]
    assert style.startswith(packaged("parts.css"))
    assert f'content="{content_policy(style=style)}"' in unescape(text)
    assert " style=" not in text
    listed = environment().get_template("parts.html").module.clauses
    assert str(listed(clauses_of(one.request.clauses))) in text


def test_the_page_shows_the_pair_where_it_is_asked_to(decisions):
    """A drawing is part of the file; why there is none stands in its place."""
    (one,) = submit(decisions, [asked(ORIGINAL)])
    drawn = request_page(one.request, drawn=Image.new("RGB", (4, 4)))
    assert drawn.count('<img src="data:image/png;base64,iVBOR') == 1
    assert "is not shown: gone" in request_page(one.request, drawn="gone")


def test_what_was_erased_is_erased_in_the_page(decisions):
    """The request still stands for the very file; its page says that it was erased."""
    (one,) = submit(decisions, [asked(ORIGINAL)])
    decisions.store.erase([one.request.id])
    decisions.refresh()
    text = request_page(decisions.request(one.request.id))
    assert "has been erased" in text
    assert "Salt Road" not in text
    states = Desk(decisions.store, context=HALYARD).standings(sighted(ORIGINAL))
    assert states["one"].state is StandingState.REQUESTED


def test_no_page_is_filled_in_with_what_is_not_there():
    """A template that asks for something unknown fails instead of leaving a gap."""
    import jinja2

    with pytest.raises(jinja2.UndefinedError):
        page("request.html")
