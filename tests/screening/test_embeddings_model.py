"""The choice of weights for pictures, and the settings that tell their vectors apart."""

import pickle
import re
from dataclasses import replace

import pytest
from tiny_store import copy_of_tiny_store, tiny_store

from screening.errors import (
    InputInvalidError,
    ModelMissingError,
    ModelToolsMissingError,
    OtherWeightsError,
)
from screening.models import ModelStore, concepts, preparation
from screening.models.conversion import conversion_text
from screening.signals.embeddings import available, choose, model, windows, with_settings
from screening.signals.embeddings.windows import TILES


def rewritten(store: ModelStore, **changes) -> None:
    """Change what the only conversion of a store says."""
    one = store.conversions()[0]
    (store.folder / one.record).unlink()
    changed = replace(one, **changes)
    (store.folder / changed.record).write_text(conversion_text(changed), encoding="utf-8")


def test_the_model_that_is_here_is_chosen_and_found_again():
    """By its settings, those of its pictures as well as those of its words."""
    store = tiny_store()
    chosen = choose(store)
    assert (chosen.id, chosen.tiles, chosen.runtime) == ("tiny-clip", 1, "onnx")
    assert chosen.precision == store.conversions()[0].precision
    assert chosen.context_length == 16
    assert chosen.text
    assert chosen.neutral
    assert chosen.warning == ""
    assert choose(store, "tiny-clip") == chosen
    assert with_settings(store, chosen.settings) == chosen
    assert with_settings(store, chosen.concept_settings) == chosen
    assert list(available(store)) == [chosen, choose(store, "copies-v1")]


@pytest.mark.parametrize("tiles", TILES)
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_precision_and_tiles_are_part_of_the_settings(tiles, precision):
    """A model is found again as it was, whatever the default is."""
    store = tiny_store()
    chosen = choose(store, tiles=tiles, precision=precision)
    assert re.fullmatch(
        rf"tiny-clip [0-9a-f]{{8}}, {precision}, tiles {tiles}, [0-9a-f]{{8}}", chosen.settings
    )
    assert with_settings(store, chosen.settings) == chosen


def test_torch_gives_the_same_settings_as_onnx_in_fp32():
    """Vectors of the one compare with those of the other; int8 is for ONNX alone."""
    store = tiny_store()
    onnx, torch = choose(store, precision="fp32"), choose(store, runtime="torch")
    assert torch.network != onnx.network
    assert (torch.settings, torch.concept_settings) == (onnx.settings, onnx.concept_settings)
    assert with_settings(store, onnx.settings, runtime="torch") == torch
    int8 = choose(store, precision="int8")
    with pytest.raises(ModelMissingError, match=r"int8.*torch runs fp32 only"):
        with_settings(store, int8.settings, runtime="torch")


def test_without_torch_its_runtime_is_refused_at_once(monkeypatch):
    """Before anything is loaded, with the extra that mends it."""
    store = tiny_store()
    settings = choose(store, precision="fp32").settings
    monkeypatch.setattr(model, "find_spec", lambda name: None if name == "torch" else True)
    for call in (
        lambda: choose(store, runtime="torch"),
        lambda: with_settings(store, settings, runtime="torch"),
    ):
        with pytest.raises(ModelToolsMissingError, match=re.escape("'screening[clip]'")):
            call()


def test_a_model_travels_between_processes():
    """What a worker needs can be pickled, and is the same there."""
    chosen = choose(tiny_store())
    assert pickle.loads(pickle.dumps(chosen)) == chosen
    assert hash(pickle.loads(pickle.dumps(chosen))) == hash(chosen)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (windows, "NEARLY_SQUARE", 1.2),
        (windows, "MOST_STEP", 0.5),
        (windows, "MOST_ALONG", 4),
        (preparation, "MOST_ASPECT", 8),
        (model, "_VERSION", 99),
    ],
)
def test_settings_change_with_every_constant(monkeypatch, module, name, value):
    """Vectors made in another way never compare, nor do words with them."""
    store = tiny_store()
    before = choose(store)
    settings, concept_settings = before.settings, before.concept_settings
    monkeypatch.setattr(module, name, value)
    assert before.settings != settings
    assert before.concept_settings != concept_settings
    with pytest.raises(OtherWeightsError, match="of which other vectors are made here"):
        with_settings(store, settings)


def test_settings_change_with_preparation_and_strangers(tmp_path):
    """What a conversion says of pixels and of unrelated pictures is part of them."""
    store = copy_of_tiny_store(tmp_path / "models")
    one, before = store.conversions()[0], choose(store).settings
    rewritten(store, preparation=replace(one.preparation, interpolation="bilinear"))
    other = choose(store).settings
    rewritten(store, preparation=one.preparation, strangers=(0.1, 0.2))
    assert len({before, other, choose(store).settings}) == 3


def test_words_change_their_own_settings_only(monkeypatch):
    """Templates and neutral concepts concern no vector of a picture."""
    chosen = choose(tiny_store())
    settings, concept_settings = chosen.settings, chosen.concept_settings
    monkeypatch.setattr(model, "NEUTRAL_NEAREST", 5)
    assert chosen.settings == settings
    assert chosen.concept_settings != concept_settings


def test_words_by_other_templates_are_not_used(monkeypatch):
    """A conversion whose neutral concepts are not this version's has pictures only."""
    store = tiny_store()
    before = choose(store)
    settings, concept_settings = before.settings, before.concept_settings
    concepts.words_digest.cache_clear()
    monkeypatch.setattr(concepts, "TEMPLATES", ("{}",))
    later = choose(store)
    with pytest.raises(OtherWeightsError, match="other vectors"):
        with_settings(store, concept_settings)
    concepts.words_digest.cache_clear()
    assert (later.text, later.tokenizer, later.neutral) == (None, None, None)
    assert later.settings == settings


def test_nothing_here_leaves_what_ships(tmp_path):
    """A store without any weights has one model; for another the message says how to get it."""
    assert [one.id for one in available(ModelStore(tmp_path))] == ["copies-v1"]
    with pytest.raises(ModelMissingError) as raised:
        choose(ModelStore(tmp_path), "clip-vit-b-32")
    assert raised.value.reason == "the model clip-vit-b-32 is not here"
    assert raised.value.mend.startswith("screening models pull clip-vit-b-32")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("clip-vit-b-32", "the model clip-vit-b-32 is not here: screening models pull clip-vit"),
        ("nonsense", "the model nonsense is not here: no card is called 'nonsense'"),
    ],
)
def test_a_model_that_is_not_here_is_named(wanted, says):
    """A known one with the command that brings it, another with a look at the list."""
    with pytest.raises(ModelMissingError, match=re.escape(says)):
        choose(tiny_store(), wanted)


def test_an_index_by_weights_that_are_not_here_is_refused(tmp_path):
    """The message names what it was built with."""
    settings = choose(tiny_store()).settings
    with pytest.raises(ModelMissingError) as raised:
        with_settings(ModelStore(tmp_path), settings)
    mark, precision = settings.split(", ")[:2]
    assert raised.value.reason == (
        f"the index was built with {mark} ({precision}), which is not here"
    )


def test_an_index_by_other_weights_of_the_same_name_is_refused():
    """The message names both, and the two ways out."""
    store = tiny_store()
    chosen = choose(store)
    other = chosen.settings.replace(chosen.conversion.mark, "tiny-clip 01234567")
    with pytest.raises(OtherWeightsError) as raised:
        with_settings(store, other)
    assert "built with tiny-clip 01234567" in str(raised.value)
    assert f"here is {chosen.conversion.mark}, which are other weights" in str(raised.value)
    assert "import those" in str(raised.value)
    assert "enroll again" in str(raised.value)


def test_an_index_by_a_precision_that_is_not_here_is_refused(tmp_path):
    """A network that is missing is told, and so is one that was altered."""
    store = copy_of_tiny_store(tmp_path / "models")
    int8, fp32 = choose(store, precision="int8"), choose(store, precision="fp32")
    fp32.network.write_bytes(fp32.network.read_bytes() + b"\0")
    with pytest.raises(ModelMissingError, match=r"not here in fp32: .*\(fp32\) is missing or dam"):
        with_settings(store, fp32.settings)
    rewritten(store, image_int8=None, precision="fp32", agreement=None)
    with pytest.raises(ModelMissingError, match="not here in int8"):
        with_settings(store, int8.settings)
    with pytest.raises(ModelMissingError, match="tiny-clip is not here: its network"):
        choose(store, "tiny-clip")


def test_settings_of_another_kind_are_refused():
    """What no version of this program wrote is told as it is."""
    with pytest.raises(OtherWeightsError, match="knows no such settings"):
        with_settings(tiny_store(), "phash-256, version 1")


def test_a_licence_that_forbids_commercial_use_is_said(tmp_path):
    """The warning names the weights and their licence."""
    store = copy_of_tiny_store(tmp_path / "models")
    rewritten(store, commercial_use=False, licence="CC-BY-NC-4.0")
    assert choose(store).warning == (
        "tiny-clip: the licence of the weights (CC-BY-NC-4.0) forbids commercial use"
    )


@pytest.mark.parametrize(
    "change", [{"tiles": 3}, {"tiles": -1}, {"precision": "fp16"}, {"runtime": "tensorrt"}]
)
def test_what_cannot_be_is_refused(change):
    """Tiles, precision and runtime are checked on construction."""
    chosen = choose(tiny_store())
    with pytest.raises(InputInvalidError, match=f"{next(iter(change))} is"):
        replace(chosen, **change)
