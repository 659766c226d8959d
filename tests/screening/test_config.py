import pytest

from screening.config import find_config, read_config
from screening.errors import ConfigError


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
            "[thresholds.raw_scores]\nname = 2",
            "no channel 'name', expected one of face, face-drawn",
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
