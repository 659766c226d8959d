"""Conversion: a checkpoint becomes networks that give the same vectors, or nothing at all."""

import json
import multiprocessing
import time
from dataclasses import replace

import numpy as np
import pytest
from clip_models import (
    CONFIG,
    CONFIG_TEXT,
    ID,
    file_limit,
    need_clip,
    pictures,
    recipe,
    tiny_checkpoint,
    write_checkpoint,
)
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tiny_store import copy_of_tiny_store, tiny_store

from screening.errors import (
    InputInvalidError,
    ModelBrokenError,
    ModelCardError,
    ModelStoreError,
    ModelToolsMissingError,
)
from screening.models import ModelStore, Network, shipped_cards
from screening.models.agreement import agreement
from screening.models.concepts import TextEncoder
from screening.models.conversion import conversion_of, conversion_text, recipe_of
from screening.models.convert import convert
from screening.models.preparation import normalized, prepared
from screening.models.torch_models import open_clip_model

need_clip()

SSCD = next(card for card in shipped_cards() if card.id == "sscd")


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "store")


def visible(store):
    """Return the names of what counts in a store."""
    there = store.folder.iterdir() if store.folder.is_dir() else ()
    return {path.name for path in there if not path.name.startswith(".")}


def cosines(one, other):
    return np.sum(one * other, axis=1)


@pytest.mark.smoke
def test_both_networks_give_the_vectors_of_torch():
    """On pictures and texts that the conversion has not seen, at any size of batch."""
    import open_clip
    import torch

    store = tiny_store()
    conversion = store.conversion(ID)
    opened = open_clip_model(tiny_checkpoint(), architecture="tiny", config=CONFIG_TEXT)
    pixels = np.stack([prepared(one, conversion.preparation) for one in pictures(5, seed=9)])
    batch = normalized(pixels, conversion.preparation)
    texts = ["a dog", "the lighthouse " * 30, "", "ÄÖÜ &amp; 日本"]
    with torch.inference_mode():
        expected = opened.module.encode_image(torch.from_numpy(batch), normalize=True).numpy()
        tokens = open_clip.tokenize(texts, context_length=conversion.context_length)
        words = opened.module.encode_text(tokens, normalize=True).numpy()
    network = Network(store.file_of(conversion.image))
    for count in (1, 2, 5):
        assert (cosines(network.run(batch[:count]), expected[:count]) >= 0.99999).all()
    encoder = TextEncoder(
        store.file_of(conversion.text),
        store.file_of(conversion.tokenizer),
        conversion.context_length,
    )
    assert (cosines(encoder.encode(texts), words) >= 0.99999).all()


def test_short_texts_are_computed_alone():
    """What stands behind the end of a text changes nothing, and is not computed."""
    import onnxruntime

    store = tiny_store()
    conversion = store.conversion(ID)
    session = onnxruntime.InferenceSession(store.file_of(conversion.text).read_bytes())
    assert session.get_inputs()[0].shape == ["n", "length"]
    tokens = np.array([[49406, 320, 1929, 49407, *[0] * 12]])
    short, full = (session.run(None, {"tokens": part})[0] for part in (tokens[:, :4], tokens))
    np.testing.assert_allclose(short, full, atol=1e-6)


def test_words_of_another_build_are_computed_in_full(store, tmp_path):
    """CoCa adds a token behind the text, so that all of the context counts."""
    import onnxruntime
    import open_clip
    import torch
    from safetensors.torch import save_file

    text = CONFIG["text_cfg"] | {"context_length": 15, "embed_cls": True, "output_tokens": True}
    config = CONFIG | {
        "vision_cfg": CONFIG["vision_cfg"] | {"attentional_pool": True, "attn_pooler_heads": 2,
                                              "output_tokens": True},
        "text_cfg": text,
        "multimodal_cfg": {"context_length": 15, "vocab_size": 49408, "width": 64, "heads": 2,
                           "layers": 1, "attn_pooler_heads": 2},
        "custom_text": True,
    }  # fmt: skip
    torch.manual_seed(0)
    model = open_clip.CoCa(**{key: value for key, value in config.items() if key != "custom_text"})
    file = tmp_path / "coca.safetensors"
    save_file(model.state_dict(), file)
    conversion = convert(store, file, recipe(config=json.dumps(config)), pictures(3))
    session = onnxruntime.InferenceSession(store.file_of(conversion.text).read_bytes())
    assert session.get_inputs()[0].shape == ["n", 15]
    paths = (store.file_of(one) for one in (conversion.text, conversion.tokenizer))
    given = TextEncoder(*paths, 15).encode(["a dog"])
    with torch.inference_mode():
        expected = model.eval().encode_text(open_clip.tokenize(["a dog"], context_length=15))
    assert (cosines(given, expected.numpy()) >= 0.99999).all()


def test_what_is_recorded_is_what_was_measured():
    """int8 against fp32 on the same pictures, and the precision follows from it."""
    store = tiny_store()
    conversion = store.conversion(ID)
    pixels = [prepared(one, conversion.preparation) for one in pictures()]
    batch = normalized(np.stack(pixels), conversion.preparation)
    fp32 = Network(store.file_of(conversion.image)).run(batch)
    int8 = Network(store.file_of(conversion.image_int8), one_by_one=True).run(batch)
    int8 /= np.linalg.norm(int8, axis=1, keepdims=True)
    again = agreement(fp32, int8)
    assert again.correlation == pytest.approx(conversion.agreement.correlation, abs=1e-4)
    assert conversion.agreement.pictures == len(pixels)
    assert conversion.precision == ("int8" if conversion.agreement.good else "fp32")
    assert conversion.image_int8.bytes < conversion.image.bytes


def test_too_few_pictures_leave_fp32_the_default(store):
    """They say too little of what int8 does to a ranking; below three nothing is measured."""
    conversion = convert(store, tiny_checkpoint(), recipe(), pictures(3))
    assert conversion.precision == "fp32"
    assert conversion.image_int8
    with pytest.raises(InputInvalidError, match="2 pictures"):
        convert(store, tiny_checkpoint(), recipe(id="other"), pictures(2))


def test_a_conversion_comes_back_from_its_text():
    """What is written and read is the same."""
    conversion = tiny_store().conversion(ID)
    assert conversion_of("a", conversion_text(conversion)) == conversion
    assert conversion.mark == f"{ID} {conversion.checkpoint.sha256[:8]}"
    assert (conversion.output_size, conversion.context_length) == (64, 16)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"id": "../x"},
        {"licence": ""},
        {"output_size": "64"},
        {"commercial_use": 1},
        {"precision": "fp16"},
        {"text": None},
        {"image": None},
        {"image": {"file": "../../x", "sha256": "0" * 64, "bytes": 1}},
        {"image": {"file": ".x", "sha256": "0" * 64, "bytes": 1}},
        {"image": {"file": "x", "sha256": "0" * 63, "bytes": 1}},
        {"strangers": [0.5, 0.4]},
        {"preparation": {}},
        {"agreement": {"pictures": 1}},
        {"unknown": 1},
    ],
)
def test_records_that_cannot_be_are_refused(changes, tmp_path):
    """They count for nothing, and ``verify`` names the file."""
    store = copy_of_tiny_store(tmp_path / "store")
    record = store.folder / store.conversion(ID).record
    record.write_text(json.dumps(json.loads(record.read_text()) | changes))
    assert store.brought() == ()
    assert [problem.startswith(f"{record}: ") for problem in store.problems()] == [True]
    with pytest.raises(ModelCardError):
        conversion_of("a", record.read_text())


def test_what_is_altered_or_missing_is_named(tmp_path):
    """Also where the size is the same; a checkpoint may be missing."""
    store = copy_of_tiny_store(tmp_path / "store")
    conversion = store.conversion(ID)
    (store.folder / conversion.checkpoint.file).unlink()
    assert store.problems() == []
    image, text = (store.folder / one.file for one in (conversion.image, conversion.text))
    content = image.read_bytes()
    image.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    text.unlink()
    first, second = store.problems()
    assert first.startswith(f"{image}: is not what was made")
    assert second.startswith(f"{text}: is missing")
    assert store.file_of(conversion.image) is None
    assert store.lacking(conversion) == [image.name, text.name]


def test_what_is_here_is_not_made_again(tmp_path):
    """But where a file is damaged, the terms are others, or other pictures are given."""
    store = copy_of_tiny_store(tmp_path / "store")
    before = store.conversion(ID)
    state = (store.folder / before.record).stat()
    assert convert(store, tiny_checkpoint(), recipe(), pictures()) == before
    assert (store.folder / before.record).stat() == state
    (store.folder / before.image.file).write_bytes(b"")
    assert store.lacking(convert(store, tiny_checkpoint(), recipe(), pictures())) == []
    terms = recipe(licence="MIT", commercial_use=False)
    assert convert(store, tiny_checkpoint(), terms, pictures(3)).licence == "MIT"
    again = convert(store, tiny_checkpoint(), terms, pictures(17), again=True)
    assert again.agreement.pictures == 17
    assert visible(store) == {again.record, *(file.file for file in again.files.values())}


def test_an_id_is_not_given_to_other_weights(tmp_path):
    """The error names both digests and the way out; nothing is changed."""
    store = copy_of_tiny_store(tmp_path / "store")
    before = visible(store)
    other = write_checkpoint(tmp_path, seed=1)
    with pytest.raises(InputInvalidError, match="is here with other weights"):
        convert(store, other, recipe(), pictures())
    assert visible(store) == before


def wrong_architecture():
    table = json.loads(CONFIG_TEXT)
    table["vision_cfg"]["width"] = 64
    return json.dumps(table)


def remote_text():
    return json.dumps({**CONFIG, "text_cfg": {"hf_model_name": "owner/name"}})


def remote_image():
    return json.dumps({**CONFIG, "vision_cfg": {"timm_model_name": "hf-hub:owner/name"}})


@pytest.mark.parametrize(
    ("changes", "error", "expected"),
    [
        ({"config": wrong_architecture()}, ModelBrokenError, "no checkpoint of weights alone"),
        ({"config": "", "architecture": "ViT-B-33"}, InputInvalidError, "such as ViT-B-32"),
        ({"config": "", "architecture": "hf-hub:a/b"}, InputInvalidError, "one of open_clip's"),
        ({"config": "[]"}, InputInvalidError, "no configuration of open_clip's"),
        ({"config": remote_text()}, InputInvalidError, "takes a part of itself from the hub"),
        ({"config": remote_image()}, InputInvalidError, "takes a part of itself from the hub"),
        ({"config": "", "architecture": ""}, ModelBrokenError, "is not a TorchScript"),
    ],
)
def test_checkpoints_that_do_not_fit_leave_nothing(changes, error, expected, store):
    """The error names the file or the architecture, and what would fit."""
    with pytest.raises(error, match=expected) as caught:
        convert(store, tiny_checkpoint(), recipe(**changes), pictures())
    assert visible(store) == set()
    assert ".staging" not in str(caught.value)


def test_a_pickle_that_holds_more_than_weights_is_not_run(store, tmp_path):
    """Nothing in it is executed."""
    import torch

    file = tmp_path / "evil.pt"
    torch.save({"weight": _Evil(str(tmp_path / "ran"))}, file)
    with pytest.raises(ModelBrokenError, match="no checkpoint of weights alone"):
        convert(store, file, recipe(), pictures())
    assert not (tmp_path / "ran").exists()


class _Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_checkpoints_are_known_by_their_content(store, tmp_path):
    """Pickled ones too; what a file is called does not matter."""
    file = write_checkpoint(tmp_path, name="x.pt").rename(tmp_path / "x.safetensors")
    conversion = convert(store, file, recipe(), pictures(3))
    assert conversion.checkpoint.file.endswith(".pt")
    opened = open_clip_model(
        store.file_of(conversion.checkpoint), architecture="tiny", config=CONFIG_TEXT
    )
    assert opened.context_length == 16


def test_a_torchscript_without_words_is_converted(store, tmp_path):
    """As its card prepares pictures; there is no text, and vectors are of unit length."""
    import torch

    from screening.models.torch_models import quiet

    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 16, 16), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(), torch.nn.Linear(8, 16),
    ).eval()  # fmt: skip
    file = tmp_path / "net.torchscript.pt"
    with quiet():
        torch.jit.trace(network, torch.zeros(1, 3, 32, 32)).save(str(file))
    card = replace(SSCD, input_size=32)
    conversion = convert(store, file, recipe_of(card), pictures())
    assert (conversion.context_length, conversion.text, conversion.words) == (0, None, "")
    assert (conversion.id, conversion.licence, conversion.output_size) == ("sscd", "MIT", 16)
    pixels = np.stack([prepared(one, conversion.preparation) for one in pictures(5, seed=3)])
    batch = normalized(pixels, conversion.preparation)
    expected = network(torch.from_numpy(batch)).detach().numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    given = Network(store.file_of(conversion.image)).run(batch)
    assert (cosines(given, expected) >= 0.99999).all()


@pytest.mark.parametrize("limit", [100_000, 14_000_000])
def test_a_full_disk_leaves_what_was_there(limit, tmp_path):
    """Wherever it fills up, while copying or later; with room all goes well."""
    store = copy_of_tiny_store(tmp_path / "store")
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    other = write_checkpoint(tmp_path, seed=1)
    with file_limit(limit), pytest.raises(ModelStoreError, match="nothing was changed"):
        convert(store, other, recipe(id="other"), pictures(3))
    after = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    assert {name: after[name] for name in after if not name.endswith(".lock")} == {
        name: before[name] for name in before if not name.endswith(".lock")
    }


def test_what_a_killed_process_left_does_not_count(tmp_path):
    """It is gone when the same weights are converted again."""
    store = ModelStore(tmp_path / "store")
    left = store.folder / f".{ID}.staging" / "image.onnx"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert (store.brought(), store.problems()) == ((), [])
    convert(store, tiny_checkpoint(), recipe(), pictures(3))
    assert not left.parent.exists()


def test_two_processes_at_once_make_it_once(tmp_path):
    """The second waits, and finds what the first made."""
    place = tmp_path / "store"
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        other = pool.apply_async(_convert_there, (place, tiny_checkpoint()))
        while not (place / f".{ID}.lock").exists():  # the other one is about to begin
            time.sleep(0.01)
        own = _convert_there(place, tiny_checkpoint())
        assert other.get() == own
    store = ModelStore(place)
    conversion = store.conversion(ID)
    assert visible(store) == {conversion.record, *(one.file for one in conversion.files.values())}
    assert store.problems() == []


def _convert_there(place, file):
    """Convert, and return what tells one conversion from another: when its record was written."""
    done = convert(ModelStore(place), file, recipe(), pictures(3))
    return (place / done.record).stat().st_mtime_ns


def test_without_the_extra_its_name_is_told(store, monkeypatch):
    """The error says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(ModelToolsMissingError, match=r"pip install 'screening\[clip\]'"):
        convert(store, tiny_checkpoint(), recipe(), pictures())


def test_the_registrys_one_way_to_prepare_is_taken():
    """Of an architecture whose weights differ it is open_clip's default; a file says its own."""
    from screening.models.torch_models import _preprocessing

    assert _preprocessing("PE-Core-T-16-384", "")["resize_mode"] == "squash"
    assert _preprocessing("ViT-L-14", "") == {}
    said = json.dumps({"model_cfg": CONFIG, "preprocess_cfg": {"mean": [0, 0, 0], "size": 9}})
    assert _preprocessing("x", said) == {"mean": [0, 0, 0]}


@pytest.fixture(scope="module")
def tokenizers():
    """Return open_clip's tokenizer and the one that was made of it."""
    from open_clip.tokenizer import SimpleTokenizer

    store = tiny_store()
    conversion = store.conversion(ID)
    paths = (store.file_of(one) for one in (conversion.text, conversion.tokenizer))
    return SimpleTokenizer(context_length=16), TextEncoder(*paths, 16)


LETTERS = st.characters(max_codepoint=0x24F, exclude_categories=("Cc", "Cn"))


@given(st.text(st.one_of(st.sampled_from("abc 'sdrelmtv &;<>#1234567890.,!?-_/"), LETTERS)))
@example("Café &amp; naïve &lt;b&gt; ﬁsh “quoted” ‘x’")
@example("日本語 テスト Ωσς ΟΔΥΣΣΕΥΣ İstanbul 👩‍👩‍👧 ＡＢＣ ½ ①")
@example("I'VE don't we'll they're it's")
@example("word " * 99)
@example("<start_of_text> hello <end_of_text>")
@example("")
@settings(max_examples=150, deadline=None)
def test_texts_become_the_tokens_of_open_clip(tokenizers, text):
    """Of Latin letters all, and of others examples; what does not fit is cut alike."""
    import ftfy

    assume(ftfy.fix_encoding(text) == text)  # guesses of encodings are not followed
    theirs, ours = tokenizers
    assert ours.tokens([text])[0].tolist() == theirs([text])[0].tolist()
