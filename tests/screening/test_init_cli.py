"""``screening init``: a production's first two files, asked for or given."""

import os
import pty
import subprocess
import sys
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.config import read_config
from screening.production import Answer, Declaration, Stage, read_declaration
from screening.production.declaration import Contact, Principles, Tool
from screening.production.writing import config_text, declaration_text

UNSURE = Answer.UNSURE
NAMES = st.text(max_size=20) | st.sampled_from(
    [
        '"',
        "'''",
        '"""',
        "\\",
        "a\nb",
        "a\r\nb",
        "\r",
        "\x7f",
        "\u2028",
        "# [x]",
        "Größe 東京",
        "\ufeff",
    ]
)


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that puts a terminal with typed lines before the command."""
    opened = []

    def call(*lines: str) -> None:
        ours, theirs = pty.openpty()
        os.write(ours, "".join(f"{line}\n" for line in (*lines, "\x04")).encode())
        stream = os.fdopen(theirs, encoding="utf-8")
        opened.append((ours, stream))
        monkeypatch.setattr(sys, "stdin", stream)

    yield call
    for ours, stream in opened:
        stream.close()
        os.close(ours)


@pytest.mark.smoke
def test_without_questions_all_is_unsure(tmp_path, run):
    """--yes writes both files from options and defaults; what nobody said is unsure or empty."""
    code, out, talk = run(
        "init", tmp_path, "--yes", "--production", "Harbor", "--contact-email", "ada@example.org",
        "--stage", "ideation", "--tool", "Painter", "--index", "works.index",
    )  # fmt: skip
    assert code == 0
    assert out.split() == [str(tmp_path / "screening.toml"), str(tmp_path / "usage.toml")]
    assert "written approval first" in talk
    assert read_declaration(tmp_path / "usage.toml") == Declaration(
        production="Harbor",
        stage=Stage.IDEATION,
        contact=Contact(email="ada@example.org"),
        principles=Principles(P1=UNSURE, P2=UNSURE, P3=UNSURE, P4=UNSURE, P5=UNSURE),
        tools=(Tool(name="Painter"),),
    )
    assert tomllib.loads((tmp_path / "screening.toml").read_text(encoding="utf-8")) == {
        "production": "Harbor",
        "indexes": ["works.index"],
        "policy": "netflix-genai",
        "store": "approvals.db",
        "roles": {"references/**": "reference", "inputs/**": "input", "finals/**": "final"},
    }


def test_the_settings_are_what_a_scan_reads(tmp_path, run):
    """The screening.toml that is written is understood, and names the folder by default."""
    assert run("init", tmp_path, "--yes", "--index", "a.index", "--index", "b.index")[0] == 0
    config = read_config(tmp_path / "screening.toml")
    assert config.production == tmp_path.name
    assert config.indexes == (tmp_path / "a.index", tmp_path / "b.index")


def test_questions_are_asked_on_a_terminal(tmp_path, run, terminal):
    """Typed answers are kept, empty ones are the default, and a no to a list is an empty list."""
    terminal("Harbor", "Ada", "ada@example.org", "background", "Painter",
             "yes", "no", "", "unsure", "yes", "no", "", "works.index")  # fmt: skip
    code, out, talk = run("init", tmp_path)
    assert code == 0
    assert "Generative tool" in talk
    assert "Generative tool" not in out
    assert read_declaration(tmp_path / "usage.toml") == Declaration(
        production="Harbor",
        stage=Stage.BACKGROUND,
        contact=Contact(name="Ada", email="ada@example.org"),
        principles=Principles(P1=Answer.YES, P2=Answer.NO, P3=UNSURE, P4=UNSURE, P5=Answer.YES),
        tools=(Tool(name="Painter"),),
        inputs=(),
    )
    assert read_config(tmp_path / "screening.toml").indexes == (tmp_path / "works.index",)


def test_what_options_say_is_not_asked(tmp_path, run, terminal):
    """A question whose option is given is left out, an answer that cannot be is asked again."""
    terminal("Ada", "", "late", "final", *[""] * 8)
    code, _, talk = run("init", tmp_path, "--production", "Harbor", "--index", "works.index")
    assert code == 0
    assert "Production" not in talk
    declaration = read_declaration(tmp_path / "usage.toml")
    assert (declaration.production, declaration.contact.name) == ("Harbor", "Ada")
    assert declaration.stage is Stage.FINAL


@pytest.mark.parametrize("closed", [True, False])
def test_without_a_terminal_it_never_hangs(tmp_path, closed):
    """With standard input closed or empty it ends, names the options, and writes nothing."""
    command = "from screening.cli.init import init_command as c; c()"
    done = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path)],
        check=False,
        stdin=subprocess.DEVNULL,
        preexec_fn=(lambda: os.close(0)) if closed else None,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    for option in ("--answers FILE", "--yes", "--production", "--contact-email", "--index"):
        assert option in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_answers_may_come_from_a_file(tmp_path, run):
    """--answers takes a whole declaration; an error in it names its line and writes nothing."""
    declaration = Declaration(production='The "Harbor"', stage=Stage.FINAL, talent=())
    answers, folder = tmp_path / "filled.toml", tmp_path / "new"
    folder.mkdir()
    answers.write_text("\n\nstages = 1", encoding="utf-8")
    code, out, talk = run("init", folder, "--answers", answers)
    assert (code, out, list(folder.iterdir())) == (1, "", [])
    assert f"{answers}, line 3: unknown key 'stages'" in talk
    answers.write_text(declaration_text(declaration), encoding="utf-8")
    assert run("init", folder, "--answers", answers)[0] == 0
    assert read_declaration(folder / "usage.toml") == declaration
    assert read_config(folder / "screening.toml").production == 'The "Harbor"'


@pytest.mark.parametrize("there", [["usage.toml"], ["screening.toml", "usage.toml"]])
def test_a_declaration_that_is_there_is_never_replaced(tmp_path, run, there):
    """What is there is named and keeps its bytes, and nothing is added."""
    for name in there:
        (tmp_path / name).write_text("# mine")
    code, out, talk = run("init", tmp_path, "--yes")
    assert (code, out) == (1, "")
    assert all(str(tmp_path / name) in talk for name in there)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == dict.fromkeys(
        there, "# mine"
    )


def test_settings_that_are_there_are_kept(tmp_path, run):
    """A production that screens already gets its declaration, named as its settings name it."""
    settings_text = 'production = "Harbor"\n'
    (tmp_path / "screening.toml").write_text(settings_text)
    assert run("init", tmp_path, "--yes", "--index", "a.index")[0] == 2
    assert not (tmp_path / "usage.toml").exists()
    code, out, _ = run("init", tmp_path, "--yes")
    assert (code, out) == (0, f"{tmp_path / 'usage.toml'}\n")
    assert (tmp_path / "screening.toml").read_text() == settings_text
    assert read_declaration(tmp_path / "usage.toml").production == "Harbor"


def test_both_files_or_none(tmp_path, run, monkeypatch):
    """Where the second cannot be written, the first is taken back."""
    blocked = tmp_path / f".screening.toml.{os.getpid()}.partial"
    blocked.mkdir()
    code, out, talk = run("init", tmp_path, "--yes")
    assert (code, out) == (1, "")
    assert "cannot be written" in talk
    assert list(tmp_path.iterdir()) == [blocked]


@pytest.mark.parametrize(
    "options",
    [("--answers", "a.toml", "--yes"), ("--answers", "a.toml", "--tool", "Painter")],
)
def test_options_that_exclude_one_another_are_refused(tmp_path, run, options):
    """No option is ignored: usage errors, exit code 2."""
    assert run("init", tmp_path, *options)[0] == 2


def test_names_that_no_file_can_hold_are_refused(tmp_path, run):
    """An undecodable byte of the command line is an error, and nothing is written."""
    for option in ("--production", "--index"):
        code, _, talk = run("init", tmp_path, "--yes", option, "caf\udce9")
        assert code == 1
        assert "UTF-8" in talk
    assert not list(tmp_path.iterdir())


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(production=NAMES, indexes=st.lists(NAMES.filter(bool), max_size=3))
def test_settings_read_back(tmp_path, production, indexes):
    """Whatever a production and its indexes are called, they are read as they were written."""
    file = tmp_path / "screening.toml"
    file.write_text(config_text(production, indexes), encoding="utf-8", newline="")
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    assert (table["production"], table["indexes"]) == (production, indexes)
    declaration = Declaration(production=production, tools=(Tool(name=production),))
    (tmp_path / "usage.toml").write_text(
        declaration_text(declaration), encoding="utf-8", newline=""
    )
    assert read_declaration(tmp_path / "usage.toml") == declaration
