"""``screening.toml``: what it says, and what is refused on which line."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.config import Config, find_config, read_config
from screening.decision import Context, Role, policy_named
from screening.errors import ConfigError
from screening.toml_lines import line_of, place_of


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a screening.toml and gives its path."""

    def call(text: str):
        (tmp_path / "screening.toml").write_text(text, encoding="utf-8")
        return tmp_path / "screening.toml"

    return call


def test_thresholds_are_read(write):
    """Those that are given, each under its name in a policy."""
    assert read_config(write("")).thresholds == {}
    assert read_config(write("[thresholds]\nnote_at = 5e-3")).thresholds == {"note_at": 5e-3}
    config = find_config(
        write(
            "[thresholds]\nflag_at = 1e-4\nnote_at = 1\n[thresholds.raw_scores]\nhash = 200\n"
        ).parent
    )
    assert config.thresholds == {"flag_at": 1e-4, "note_at": 1, "raw_scores": {"hash": 200}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thresholds = 3", r"thresholds is 3, expected a table \[thresholds\]"),
        ("[thresholds]\nflag = 1", "unknown key 'flag', expected one of flag_at, note_at, raw_s"),
        ("[thresholds]\nflag_at = 0.5", r"\[thresholds\] flag_at is 0.5, above note_at, 0.01"),
        ("[thresholds]\nnote_at = -1", r"\[thresholds\] note_at is -1, expected false alarms"),
        ("[thresholds]\nnote_at = 'rare'", r"\[thresholds\] note_at is 'rare', expected"),
        ("[thresholds]\nraw_scores = 200", r"\[thresholds\] raw_scores is 200, expected"),
        (
            "[thresholds.raw_scores]\nsmell = 2",
            "no channel 'smell', expected one of face, face-drawn",
        ),
        ("[thresholds.raw_scores]\nhash = 'high'", "raw_scores: hash is 'high', expected a score"),
    ],
)
def test_thresholds_that_cannot_be_meant_are_refused(write, text, message):
    """The error names the file, the key, and what was expected."""
    file = write(text)
    with pytest.raises(ConfigError, match=message) as raised:
        read_config(file)
    assert str(raised.value).startswith(f"{file}: ")


def test_what_the_material_is_for_is_read(write, tmp_path):
    """Production, territory and media are what findings are judged by."""
    config = read_config(
        write(
            'production = "Halyard"\nterritory = ["France"]\n'
            'media = ["cinema", "streaming"]\nstore = "decisions.db"\n'
        )
    )
    assert config.context == Context(
        production="Halyard",
        territory=("France",),
        media=("cinema", "streaming"),
    )
    assert config.store == tmp_path / "decisions.db"
    assert (Config().context, Config().policy, Config().store) == (Context(), None, None)


def test_roles_are_relative_to_the_file(write, tmp_path):
    """Later lines win, what no line fits is unknown, and so is all without a file."""
    config = read_config(
        write('[roles]\n"references/**" = "reference"\n"references/fed/**" = "input"\n')
    )
    assert config.roles == {"references/**": Role.REFERENCE, "references/fed/**": Role.INPUT}
    for place, role in (
        ("references/a.png", Role.REFERENCE),
        ("references/fed/a.png", Role.INPUT),
        ("board/a.png", Role.UNKNOWN),
    ):
        assert config.role_of(tmp_path / place) is role
    assert Config().role_of("references/a.png") is Role.UNKNOWN


def test_the_policy_is_a_name_or_a_file_beside_it(write, tmp_path):
    """Thresholds are held against the policy that is named."""
    assert read_config(write('policy = "copies-only"')).policy == policy_named("copies-only")
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nflag_at = 1e-5\nnote_at = 1e-4\nrequired = []\n'
    )
    assert read_config(write('policy = "mine.toml"')).policy.name == "mine"
    with pytest.raises(ConfigError, match=r"flag_at is 0\.001, above note_at, 0\.0001"):
        read_config(write('policy = "mine.toml"\n[thresholds]\nflag_at = 1e-3\n'))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("\n\nsize = 3", 3, "unknown key 'size', expected one of production, models, store"),
        ("production = 3", 1, "production is 3, expected text"),
        ('indexes = [\n"a",\n3,\n]', 1, r"indexes is \['a', 3\], expected a list like"),
        ("media = 'tv'", 1, r"media is 'tv', expected a list like \[\"streaming\"\]"),
        ("\npolicy = 'none'", 2, "policy: no policy named 'none'; there is 'copies-only'"),
        ("policy = 'none.toml'", 1, r"policy: .*none\.toml: cannot be read"),
        ("roles = 'final'", 1, r"roles is 'final', expected a table \[roles\]"),
        (
            '[roles]\n"a/**" = "final"\n"b/**" = "finals"',
            3,
            r"\[roles\] there is no role 'finals', expected one of generated, reference",
        ),
        ('[roles]\n\n"b/**" = 3', 3, "there is no role 3"),
        ('[roles]\n"/b/**" = "final"', 2, "'/b/\\*\\*' is no glob relative to the folder"),
        ('[roles]\n"../b" = "final"', 2, r"'\.\./b' is no glob relative to the folder"),
        ('[roles]\n"" = "final"', 2, "'' is no glob relative to the folder"),
        ("[limits]\nmax_frames = 9\nmax_bytes = 0", 3, "max_bytes"),
        ("[limits]\n\nframes = 9", 3, "unknown key 'frames'"),
        ("[thresholds]\nnote_at = 1\nflag_at = -1", 3, "flag_at is -1, expected"),
        ("[thresholds.raw_scores]\nhash = 9\nsmell = 2", 3, "no channel 'smell', expected one of"),
        ("[coverage]\nrequired = ['smell']", 2, "required: there is no channel 'smell'"),
        ("[coverage]\nrequired = 3", 2, "required is 3, expected a list like"),
        ("[coverage]\n\nneeded = 3", 3, "unknown key 'needed', expected one of required"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(write, text, line, message):
    """The error names the file and the line on which the key stands."""
    file = write(text)
    with pytest.raises(ConfigError, match=message) as raised:
        read_config(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert str(raised.value).endswith(f"(line {line})")


TOML = """# a comment with [roles] in it
title = "three"
list = [
  1, # [[rule]]
  2,
]
text = '''
[[rule]]
why = "not here"
'''

[[rule]]
why = "first"
[[rule]]
a.b = 1
"why" = "second"
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("title",), 2),
        (("list",), 3),
        (("text",), 7),
        (("rule",), 12),
        (("rule", 0, "why"), 13),
        (("rule", 1), 14),
        (("rule", 1, "a", "b"), 15),
        (("rule", 1, "why"), 16),
        (("rule", 2), 1),
        (("none",), 1),
        ((), 1),
    ],
)
def test_lines_are_found_by_the_parser_itself(place, line):
    """Whatever stands in comments and texts; a value of several lines begins on its first."""
    assert line_of(TOML, *place) == line


@given(keys=st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1), data=st.data())
def test_every_key_has_its_line(keys, data):
    """One key a line, each is found where it stands."""
    key = data.draw(st.sampled_from(keys))
    text = "".join(f"{one} = [\n]\n" for one in keys)
    assert line_of(text, key) == 2 * keys.index(key) + 1


def test_the_key_that_an_error_names_first_is_meant():
    """Also within a table of the table; the table itself where none is named."""
    data = tomllib.loads("[t]\nhigh = 1\nlow = 2\n[t.scores]\nhash = 3\n")
    assert place_of(data, "low is 2, above high, 1", "t") == ("t", "low")
    assert place_of(data, "scores: hash is 3", "t") == ("t", "scores", "hash")
    assert place_of(data, "something else", "t") == ("t",)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    """Neither bytes that are no text nor what is no TOML pass."""
    file = Path(tmp_path / "screening.toml")
    for content in (b"\xff\xfe", b"x = "):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="cannot be read"):
            read_config(file)
