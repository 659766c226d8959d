"""``screening models`` for whole pictures, as typed: import, pull, export, list."""

import json
import re

import numpy as np
import pytest
from clip_models import ID, need_clip, pictures, tiny_checkpoint, write_config
from hub_server import Hub, serving
from PIL import Image
from tiny_store import copy_of_tiny_store, tiny_store

from screening.cli.model_pictures import sample_pictures
from screening.models import ModelStore, shipped_cards
from screening.models.hub import CHECKPOINTS

need_clip()

TERMS = ("--licence", "CC BY-NC 4.0", "--no-commercial-use")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A store that the environment names, and a place without a screening.toml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCREENING_MODELS", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def drawings(tmp_path):
    """A folder of pictures to measure on, and a file that is none."""
    place = tmp_path / "pictures"
    place.mkdir()
    for number, one in enumerate(pictures(16)):
        Image.fromarray(np.asarray(one)).save(place / f"{number}.png")
    (place / "notes.txt").write_text("no picture")
    return place


def listed(run):
    code, out, _ = run("models", "list", "--format", "jsonl")
    assert code == 0
    return {facts["id"]: facts for facts in map(json.loads, out.splitlines())}


@pytest.mark.smoke
def test_a_checkpoint_is_imported_measured_listed_and_verified(run, folder, drawings):
    """By a configuration of one's own; the terms are warned of."""
    config = write_config(folder.parent)
    code, out, talk = run("models", "import", tiny_checkpoint(), "--architecture", config, "--id",
                          "mine", *TERMS, "--pictures", drawings)  # fmt: skip
    assert code == 0
    assert re.fullmatch(
        re.escape(f"mine: {folder / 'mine.converted.json'}, ")
        + r"(int8|fp32) \(int8 against fp32 on 16 pictures: correlation 0\.\d{4}, nearest kept "
        r"\d+%\)\n",
        out,
    )
    assert "mine: the licence of the weights (CC BY-NC 4.0) forbids commercial use" in talk
    facts = listed(run)["mine"]
    assert (facts["task"], facts["commercial_use"]) == ("image-text-embedding", False)
    assert facts["path"] == str(folder / "mine.converted.json")
    assert facts["precision"] in {"int8", "fp32"}
    assert run("models", "verify")[:2] == (0, f"{folder}: all weights are whole\n")
    ModelStore(folder).conversion("mine")


def test_the_drawings_of_the_demo_are_measured_on_by_default():
    """Each of its works, and three crops of it, as pixels."""
    drawn = sample_pictures(None)
    assert len(drawn) == 56
    assert {picture.dtype for picture in drawn} == {np.dtype(np.uint8)}
    assert len({picture.tobytes() for picture in drawn}) == 56


def test_the_table_stays_readable(run, folder):
    """Columns stand below their headings, and what is not here says how to get it."""
    copy_of_tiny_store(folder)
    heading, *rows = run("models", "list")[1].splitlines()
    start = heading.index("LICENCE")
    assert all(row[start - 1] == " " and row[start] != " " for row in rows)
    told = {row.split()[0]: row[heading.index("HERE") :] for row in rows}
    assert told["clip-vit-b-32"] == "screening models pull clip-vit-b-32"
    assert told["sscd"] == "import it --like sscd"
    assert told["yunet-2023mar"] == "screening models pull yunet-2023mar"
    assert told[ID] == str(folder / f"{ID}.converted.json")
    next(folder.glob("*.text-*")).unlink()
    rows = run("models", "list")[1].splitlines()
    assert next(row for row in rows if row.startswith(ID)).endswith(
        "damaged: screening models verify"
    )
    assert run("models", "verify")[0] == 1


def test_weights_are_carried_in_one_file(run, folder, tmp_path):
    """The sha256 that is told is that of the bundle; a second import says so."""
    source = tiny_store().folder
    code, out, _ = run("models", "export", "weights.zip", ID, "--models", source)
    assert (code, out.splitlines()[0]) == (0, f"weights.zip: {ID}")
    assert run("models", "import", "weights.zip")[:2] == (0, f"{ID}: imported\n")
    assert run("models", "import", "weights.zip")[:2] == (0, f"{ID}: here already\n")
    assert run("models", "verify")[0] == 0
    code, _, talk = run("models", "import", "weights.zip", "--id", "x")
    assert (code, "is a bundle, which says all itself" in talk) == (2, True)
    code, _, talk = run("models", "export", "other.zip", "nobody")
    assert (code, "nobody is not in" in talk) == (1, True)


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (("--architecture", "ViT-B-32"), 2, "with --architecture say --id, --licence, and"),
        (("--architecture", "ViT-B-32", "--like", "sscd"), 2, "--architecture or --like"),
        (("--architecture", "ViT-B-32", "--id", "sscd", *TERMS), 2, "there is a card 'sscd'"),
        (("--architecture", "ViT-B-33", "--id", "mine", *TERMS), 1, "such as ViT-B-32"),
        (("--architecture", "ViT-B-32", "--id", "mine", *TERMS), 1, "that fits ViT-B-32"),
        (("--architecture", "ViT-B-32", "--id", "../x", *TERMS), 1, "id is '../x'"),
        (("--like", "clip-vit-b-32"), 1, "that fits ViT-B-32"),
        (("--like", "clip-vit-b-32", "--id", "mine"), 2, "other weights than clip-vit-b-32: say"),
        (("--like", "sscd"), 1, "is not a TorchScript"),
    ],
)
def test_checkpoints_that_cannot_be_imported_say_why(
    run, folder, drawings, options, code, expected
):
    """Nothing is kept then."""
    ended, out, talk = run("models", "import", tiny_checkpoint(), *options, "--pictures", drawings)
    assert (ended, out) == (code, "")
    assert expected in talk
    assert not folder.exists() or not list(folder.glob("[!.]*"))


def test_pictures_that_are_too_few_are_refused(run, folder, drawings):
    """With how many there are and should be."""
    next(drawings.glob("*.png")).unlink()
    code, _, talk = run("models", "import", tiny_checkpoint(), "--like", "clip-vit-b-32",
                        "--pictures", drawings)  # fmt: skip
    assert code == 2
    assert "has 15 pictures that can be decoded, expected at least 16" in talk


def test_pulls_that_cannot_be_say_why(run, folder, monkeypatch):
    """An id that nobody knows, one that is not on the hub, a hub that is not there."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert run("models", "pull")[0] == 2
    code, _, talk = run("models", "pull", "nobody")
    assert (code, "no card is called 'nobody'" in talk) == (2, True)
    code, _, talk = run("models", "pull", "sscd")
    assert (code, "sscd is not on the hub" in talk) == (1, True)
    code, _, talk = run("models", "pull", "yunet-2023mar")
    assert (code, "screening models import BUNDLE" in talk) == (1, True)


def test_a_pull_asks_only_the_hub_that_is_named(run, folder, monkeypatch, drawings):
    """It names what it fetches; the licence that forbids commercial use is told first."""
    card = next(card for card in shipped_cards() if card.id == "clip-vit-b-32-metaclip")
    with serving(Hub()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        code, out, talk = run("models", "pull", card.id, "--pictures", drawings)
    assert (code, out) == (1, "")
    assert talk.index("forbids commercial use") < talk.index(f"fetching {card.repository}")
    assert f"{card.repository} has no {CHECKPOINTS[0]} or {CHECKPOINTS[1]}" in talk
    assert len(hub.asked) == 2
