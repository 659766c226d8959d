"""``screening usage check``: what a declaration comes to, without any picture."""

import json
import re
from datetime import date

import pytest

from screening.production import (
    DECLARATION_FILE,
    Answer,
    Declaration,
    Stage,
    notice,
    read_declaration,
    triage,
)
from screening.production.questions import questions_of
from screening.production.writing import declaration_text


def good(kind: type):
    """Return a table whose every answer raises no concern."""
    return kind(
        **{
            name: question.good if question.kind is Answer else "said"
            for name, question in questions_of(kind)
        }
    )


@pytest.fixture
def harmless(tmp_path):
    """Return the file of a declaration that only informs."""
    tables = {
        name: (good(question.kind),) if question.many else good(question.kind)
        for name, question in questions_of(Declaration)
        if question.kind not in {str, Stage}
    }
    declaration = Declaration(production="Harbor", stage=Stage.IDEATION, plan="Boards.", **tables)
    (tmp_path / DECLARATION_FILE).write_text(declaration_text(declaration), encoding="utf-8")
    return tmp_path / DECLARATION_FILE


@pytest.fixture
def grave(harmless):
    """Return the file of a declaration that needs an approval."""
    text = harmless.read_text(encoding="utf-8")
    changed = text.replace('P2 = "yes"', 'P2 = "unsure"').replace(
        'enterprise_agreement = "yes"', 'enterprise_agreement = "no"'
    )
    harmless.write_text(changed, encoding="utf-8")
    return harmless


@pytest.mark.smoke
def test_a_harmless_declaration_ends_in_0(harmless, run):
    """The contact is informed; what no picture shows is told all the same."""
    code, out, talk = run("usage", "check", harmless)
    assert (code, talk) == (0, "")
    assert out.startswith("Harbor: inform the contact (G1, G2)\n")
    assert "\nDeclared, not screened\n" in out
    assert "T1 voices generated: no" in out
    assert "Not answered" not in out


def test_more_than_informing_ends_in_3(grave, run):
    """Each reason has its clause and heading, the answer that moved it, and what resolves it."""
    code, out, talk = run("usage", "check", grave)
    assert (code, talk) == (3, "")
    assert out.startswith("Harbor: written approval first (G1, G3)\n")
    assert re.search(
        r"^approval: P2 \w.*\n  principles\.P2 is unsure\. .+\n  .+$", out, re.MULTILINE
    )
    assert "said: tools[1].enterprise_agreement is no." in out


def test_what_was_not_answered_is_listed(grave, run):
    """An absent key counts as unsure, and its path is told."""
    grave.write_text(grave.read_text(encoding="utf-8").replace('P5 = "yes"', ""), encoding="utf-8")
    _, out, _ = run("usage", "check", grave)
    assert out.endswith("Not answered, counted as unsure\n  principles.P5\n")


def test_json_says_the_same(grave, run):
    """One object with the outcome, the reasons with headings, and what was left open."""
    code, out, _ = run("usage", "check", grave, "--format", "json")
    said = json.loads(out)
    assert code == 3
    assert (said["schema"], said["production"], said["stage"]) == (1, "Harbor", "ideation")
    assert said["file"] == str(grave)
    assert said["outcome"] == "approval"
    assert said["clauses"] == ["G1", "G3", "K1", "K3", "P2"]
    assert [(one["clause"], one["key"], one["answer"]) for one in said["reasons"]] == [
        ("P2", "principles.P2", "unsure"),
        ("K1", "tools[1].enterprise_agreement", "no"),
        ("K3", "tools[1].enterprise_agreement", "no"),
    ]
    assert all(one["heading"] for one in said["reasons"])
    assert said["declared_not_screened"]
    assert said["unanswered"] == []


def test_the_file_is_found_beside_the_settings(grave, run, monkeypatch):
    """Without FILE, and for a folder, it is that beside the nearest screening.toml."""
    deep = grave.parent / "board"
    deep.mkdir()
    (grave.parent / "screening.toml").touch()
    expected = run("usage", "check", grave)
    assert run("usage", "check", deep) == expected
    monkeypatch.chdir(deep)
    assert run("usage", "check") == expected


def test_errors_end_in_1(tmp_path, run):
    """A file that is absent or not understood is an error that says where, and what to do."""
    place = tmp_path / "usage.toml"
    code, out, talk = run("usage", "check", place)
    assert (code, out) == (1, "")
    assert "screening init" in talk
    place.write_text('stage = "late"\n')
    code, out, talk = run("usage", "check", place)
    assert (code, out) == (1, "")
    assert f"{place}, line 1: stage is 'late'" in talk


def test_the_notice_goes_into_a_file_once(grave, run):
    """It is what the library drafts, and no file that is there is replaced without --force."""
    letter = grave.parent / "notice.txt"
    assert run("usage", "check", grave, "--notice", letter)[0] == 3
    text = letter.read_text(encoding="utf-8")
    declaration = read_declaration(grave)
    (day,) = re.findall(r"^Date: (\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
    assert text == notice(declaration, triage(declaration), on=date.fromisoformat(day))
    letter.write_text("mine")
    code, out, talk = run("usage", "check", grave, "--notice", letter)
    assert (code, out) == (1, "")
    assert "is there already; --force replaces it" in talk
    assert letter.read_text() == "mine"
    assert run("usage", "check", grave, "--notice", letter, "--force")[0] == 3
    assert letter.read_text(encoding="utf-8") == text


def test_the_notice_can_be_the_output(harmless, run):
    """With - it alone is on standard output, and what the declaration comes to is talk."""
    code, out, talk = run("usage", "check", harmless, "--notice", "-")
    assert code == 0
    assert out.startswith("To: said <said>\nSubject: Generative AI on Harbor: inform the contact\n")
    assert talk.startswith("Harbor: inform the contact")
    assert not list(harmless.parent.glob("-"))


@pytest.mark.parametrize(
    "options",
    [("--force",), ("--notice", "-", "--force"), ("--notice", "-", "--format", "json")],
)
def test_options_that_exclude_one_another_are_refused(harmless, run, options):
    """No option is ignored: usage errors, exit code 2."""
    assert run("usage", "check", harmless, *options)[0] == 2
