"""The weights that ship: in every index unless asked otherwise, whole, and true to their card."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pictures import textured
from PIL import Image, ImageFilter
from tiny_store import copy_of_tiny_store

from reference_index import Kind, ReferenceIndex
from reference_index.fingerprint import EMBEDDING_PREFIX
from screening import Screener
from screening.enrollment import enroll, folder_sources
from screening.errors import InputInvalidError
from screening.matching import ChannelState, default_null
from screening.matching.settings import settings_with
from screening.models import ModelStore, shipped_conversions, store
from screening.models.bundle import write_bundle
from screening.signals.embeddings import choose, embeddings

ID = "copies-v1"
CHANNEL = f"{EMBEDDING_PREFIX}{ID}"
MOST_BYTES = 5_000_000


@pytest.fixture
def works(tmp_path):
    """A folder of works."""
    folder = tmp_path / "works"
    folder.mkdir()
    for number in range(4):
        textured(number).save(folder / f"work {number}.png")
    return folder


@pytest.mark.smoke
def test_an_index_is_built_with_them_where_nothing_was_fetched(works, tmp_path):
    """Its channel runs by the figures that ship, and finds a blurred, gray copy of a work."""
    enroll(tmp_path / "i.index", folder_sources(works, kind=Kind.WORK), models=tmp_path, workers=0)
    copy = textured(2).filter(ImageFilter.GaussianBlur(3)).convert("L")
    with Screener.open(tmp_path / "i.index", models=tmp_path) as screener:
        result = screener.screen(copy, candidates=1)
        assert result.channels[CHANNEL].state is ChannelState.RAN
        assert result.candidates[0].record.title == "work 2"


def test_they_are_used_beside_weights_that_were_brought(works, tmp_path):
    """The best that is here comes first; naming one leaves the other out."""
    brought = copy_of_tiny_store(tmp_path / "models")
    assert choose(brought).id != ID
    for name, wanted, channels in (
        ("both", None, {CHANNEL, f"{EMBEDDING_PREFIX}{choose(brought).id}"}),
        ("own", (ID,), {CHANNEL}),
        ("none", (), set()),
    ):
        index = tmp_path / f"{name}.index"
        enroll(index, folder_sources(works, kind=Kind.WORK), models=brought.folder,
               embeddings=wanted, workers=0)  # fmt: skip
        with ReferenceIndex.open(index) as opened:
            assert {c for c in opened.channels if c.startswith(EMBEDDING_PREFIX)} == channels


def test_they_run_by_onnx_whatever_runtime_others_have(tmp_path):
    """There is no checkpoint of them for torch, and they need none."""
    pytest.importorskip("torch")
    pytest.importorskip("open_clip")
    assert choose(ModelStore(tmp_path), ID, runtime="torch").runtime == "onnx"


def test_what_they_measure_is_calibrated_out_of_the_box(tmp_path):
    """Null figures of their settings ship."""
    model = choose(ModelStore(tmp_path), ID)
    assert default_null(CHANNEL, settings_with(CHANNEL, model.settings)) is not None


def test_without_a_calibration_their_figures_are_in_use(works, run, tmp_path):
    """What is said of weights without figures is not said of them."""
    enroll(tmp_path / "i.index", folder_sources(works, kind=Kind.WORK), models=tmp_path, workers=0)
    code, out, _ = run("calibrate", tmp_path / "i.index", "--discard")
    assert code == 0
    assert out.endswith("the figures that ship with this program are in use\n")


def test_they_are_small_and_their_vectors_short(tmp_path):
    """At most 5 MB in the wheel, and 256 numbers a window."""
    model = choose(ModelStore(tmp_path), ID)
    assert model.network.stat().st_size <= MOST_BYTES
    vectors = embeddings(np.asarray(textured(0)), model).vectors
    assert vectors.shape[1] <= 256
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(vectors)), abs=1e-5)


def test_their_card_says_what_they_are():
    """Digest of the network, of what it was trained on, the recipe's seed, and the licence."""
    (record,) = shipped_conversions()
    card = (store.SHIPPED / "CARD.md").read_text(encoding="utf-8")
    training = json.loads((store.SHIPPED / f"{ID}.training.json").read_text(encoding="utf-8"))
    for said in (
        record.image.sha256,
        record.licence,
        training["sources"]["clean_images.tar"]["sha256"],
        f"{training['steps']:,} steps",
        f"seed {training['seed']}",
    ):
        assert said in card


def test_they_are_listed_and_verified_but_not_exported(run, tmp_path, monkeypatch):
    """They are on every machine; one whose file was damaged is told what to do."""
    code, out, _ = run("models", "list", "--models", tmp_path, "--format", "jsonl")
    (own,) = (one for one in map(json.loads, out.splitlines()) if one["id"] == ID)
    assert (code, own["commercial_use"], Path(own["path"]).parent) == (0, True, store.SHIPPED)
    with pytest.raises(InputInvalidError, match="nothing to export"):
        write_bundle(ModelStore(tmp_path), tmp_path / "b.zip", ())
    broken = shutil.copytree(store.SHIPPED, tmp_path / "own")
    (broken / f"{ID}.onnx").write_bytes(b"no network")
    monkeypatch.setattr(store, "SHIPPED", broken)
    code, out, _ = run("models", "verify", "--models", tmp_path)
    assert code == 1
    assert f"{broken / ID}.onnx: is not what was made; install screening again" in out


def test_an_id_that_ships_is_not_taken_by_others(run, tmp_path):
    """Weights of the user's own go by another name."""
    (tmp_path / "file.pt").write_bytes(b"weights")
    code, _, talk = run("models", "import", tmp_path / "file.pt", "--like", "retail-0095",
                        "--id", ID, "--licence", "MIT", "--commercial-use",
                        "--models", tmp_path / "models")  # fmt: skip
    assert code == 2
    assert ID in talk


def test_copies_that_lost_their_colors_or_edges_are_nearest_to_their_own(measuring_data, tmp_path):
    """Gray, mirrored and blurred photographs: nearly all."""
    model = choose(ModelStore(tmp_path), ID)
    files = sorted((measuring_data / "photos").rglob("*.jpg"))[::30]
    images = [Image.open(file).convert("RGB") for file in files]
    wholes = np.stack([embeddings(np.asarray(one), model).vectors[0] for one in images])
    for change in (
        lambda one: one.convert("L").convert("RGB"),
        lambda one: one.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda one: one.filter(ImageFilter.GaussianBlur(3)),
    ):
        copies = [embeddings(np.asarray(change(one)), model).vectors[0] for one in images]
        nearest = (np.stack(copies) @ wholes.T).argmax(axis=1)
        assert np.mean(nearest == np.arange(len(images))) > 0.9
