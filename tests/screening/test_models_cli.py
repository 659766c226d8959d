"""``screening models``: list, verify and import, as typed."""

import json

import pytest
from onnx_files import averaging

from screening.errors import ModelMissingError
from screening.models import ModelStore
from screening.signals.faces import choose

TERMS = ("--licence", "MIT", "--commercial-use")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A store that the environment names, and a place without a screening.toml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCREENING_MODELS", str(tmp_path / "store"))
    (tmp_path / "net.onnx").write_bytes(averaging(112))
    return tmp_path / "store"


def listed(run, *options):
    code, out, _ = run("models", "list", "--format", "jsonl", *options)
    assert code == 0
    return {facts["id"]: facts for facts in map(json.loads, out.splitlines())}


@pytest.mark.smoke
def test_unknown_weights_are_imported_on_their_terms_and_listed(run, folder):
    """The list says where they are and who may use them; a ban on commercial use is warned of."""
    code, out, talk = run("models", "import", "net.onnx", "--like", "arcface", "--id", "mine",
                          "--licence", "CC BY-NC 4.0", "--no-commercial-use")  # fmt: skip
    assert (code, out) == (0, f"mine: {folder / 'mine.onnx'}\n")
    assert "the licence of the weights (CC BY-NC 4.0) forbids commercial use" in talk
    facts = listed(run)["mine"]
    assert facts["path"] == str(folder / "mine.onnx")
    assert (facts["licence"], facts["commercial_use"]) == ("CC BY-NC 4.0", False)
    assert run("models", "verify")[0] == 0
    table = run("models", "list")[1]
    (row,) = (line for line in table.splitlines() if line.startswith("mine "))
    assert "NO" in row


def test_every_card_is_listed_here_or_not(run, folder):
    """Weights that are not here have no path; a family has no weights at all."""
    facts = listed(run)
    assert facts["retail-0095"]["path"] is None
    assert facts["retail-0095"]["weak"] is False
    assert facts["dlib-resnet-v1"]["weak"] is True
    assert (facts["arcface"]["sha256"], facts["arcface"]["commercial_use"]) == (None, None)


def test_weights_that_a_card_describes_need_no_options(run, folder):
    """What is known is copied; saying more about it is refused."""
    assert run("models", "import", "net.onnx", "--like", "arcface", "--id", "mine", *TERMS)[0] == 0
    (folder / "mine.onnx").unlink()
    assert run("models", "import", "net.onnx")[0] == 0
    assert (folder / "mine.onnx").is_file()
    code, _, talk = run("models", "import", "net.onnx", "--like", "arcface")
    assert code == 2
    assert "net.onnx is mine, of which all is known" in talk


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        ((), 2, "say --like, --id, --licence, and --commercial-use or --no-commercial-use"),
        (("--like", "arcface", "--id", "mine", "--licence", "MIT"), 2, "say --like"),
        (("--like", "nobody", "--id", "mine", *TERMS), 2, "no card is called 'nobody'"),
        (("--like", "arcface", "--id", "retail-0095", *TERMS), 2, "there is a card"),
        (("--like", "arcface", "--id", "../x", *TERMS), 1, "id is '../x'"),
        (("--like", "retail-0095", "--id", "mine", *TERMS), 1, "takes crops of 112 px"),
        (("--like", "yunet-2023mar", "--id", "mine", *TERMS), 1, "expected a face-embedding"),
    ],
)
def test_imports_that_cannot_be_say_why(run, folder, options, code, expected):
    """Nothing is copied then."""
    ended, out, talk = run("models", "import", "net.onnx", *options)
    assert (ended, out) == (code, "")
    assert expected in talk
    assert not folder.exists()


def test_damaged_weights_are_named_with_exit_code_1(run, folder):
    """All weights are read, whatever their name."""
    run("models", "import", "net.onnx", "--like", "arcface", "--id", "mine", *TERMS)
    (folder / "mine.onnx").write_bytes(averaging(112, batch=1))
    code, out, _ = run("models", "verify")
    assert code == 1
    assert str(folder / "mine.onnx") in out


def test_the_folder_of_the_option_wins_over_the_file_and_that_over_the_environment(run, folder):
    """--models, then screening.toml, then SCREENING_MODELS."""
    options = ("--like", "arcface", "--id", "mine", *TERMS)
    (folder.parent / "screening.toml").write_text('models = "toml"')
    run("models", "import", "net.onnx", *options)
    run("models", "import", "net.onnx", *options, "--models", folder.parent / "option")
    assert listed(run)["mine"]["path"] == str(folder.parent / "toml" / "mine.onnx")
    assert listed(run, "--models", folder)["retail-0095"]["path"] is None
    assert (folder.parent / "option" / "mine.onnx").is_file()
    assert not folder.exists()


def test_what_is_missing_and_how_to_get_it_are_told_apart(folder):
    """In the error that a program catches; its text is both."""
    with pytest.raises(ModelMissingError) as missing:
        choose(ModelStore(folder), "sface-2021dec")
    error = missing.value
    assert error.reason == "the face model sface-2021dec is not here"
    assert error.mend == "screening models pull sface-2021dec yunet-2023mar"
    assert str(error) == f"{error.reason}: {error.mend}"
