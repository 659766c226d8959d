"""Concepts: words become the vectors that open_clip gives them, and records several of them."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_store import tiny_store

from screening.errors import ModelBrokenError, ModelMissingError, ModelToolsMissingError
from screening.models import concepts
from screening.models.concepts import (
    TEMPLATES,
    TextEncoder,
    concept_vectors,
    neutral_concepts,
    neutral_vectors,
    words_digest,
)
from screening.models.texts import cleaned

TEXTS = (
    "a photo of a dog",
    "",
    "   ",
    "Ｆｕｌｌ ｗｉｄｔｈ　and ｶﾞ",
    "“Curved” ‘quotes’ ﬁne … —",
    "Pokémon e\u0301 İSTANBUL",
    "&amp;lt;b&gt; &rsquo;n&rsquo; roll",
    "日本の灯台",
    "tabs\tand\nlines\r\n\x00\x0b\x9f",
    "12345 don't we'll I'm",
    "🦊🚀 mixed",
    "a very long text that goes on " * 30,
)


class Letters:
    """An encoder without weights: the counts of letters."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts):
        """Return unit vectors."""
        self.asked = list(texts)
        rows = [[1.0, *(text.lower().count(letter) for letter in "abcdefgh")] for text in texts]
        counts = np.array(rows, np.float32).reshape(len(texts), 9)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def tiny_encoder() -> TextEncoder:
    """Return the text half of the tiny model."""
    store = tiny_store()
    one = store.conversions()[0]
    return TextEncoder(store.file_of(one.text), store.file_of(one.tokenizer), one.context_length)


def open_clip_vectors(texts) -> np.ndarray:
    """Return the vectors of texts by open_clip and torch."""
    import open_clip
    import torch

    from screening.models.torch_models import open_clip_model

    store = tiny_store()
    one = store.conversions()[0]
    opened = open_clip_model(
        store.file_of(one.checkpoint), architecture=one.architecture, config=one.config
    )
    tokens = open_clip.tokenize(list(texts), context_length=one.context_length)
    with torch.inference_mode():
        return opened.module.encode_text(tokens, normalize=True).numpy()


def test_vectors_of_texts_are_those_of_open_clip():
    """Of every kind of text, tokens and vectors are those of open_clip and torch."""
    encoder = tiny_encoder()
    import open_clip

    theirs = open_clip.tokenize(list(TEXTS), context_length=16).numpy()
    assert np.array_equal(theirs, encoder.tokens(TEXTS))
    ours = encoder.encode(TEXTS)
    assert (ours.dtype, ours.shape) == (np.float32, (len(TEXTS), 64))
    assert (ours * open_clip_vectors(TEXTS)).sum(axis=1).min() >= 0.9999
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-6)


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_characters="\x1b"), max_size=40))
def test_text_is_cleaned_once(text):
    """It comes out in one line without spaces around it, the same after a second time."""
    once = cleaned(text)
    assert once == once.strip()
    assert "\n" not in once
    if "&" not in once:  # each pass resolves one more nesting of references
        assert cleaned(once) == once


def test_letters_are_cleaned_as_open_clip_does():
    """All letters of the basic plane but one, which ftfy leaves half done."""
    tiny_store()
    from open_clip.tokenizer import _clean_lower

    letters = [c for c in map(chr, range(0x20, 0x10000)) if not 0xD800 <= ord(c) < 0xE000]
    unlike = [c for c in letters if _clean_lower(f"a{c}b") != cleaned(f"a{c}b")]
    assert unlike == ["\ufb05"]


def test_what_is_beyond_the_context_is_cut():
    """A text of more tokens than the context has the vector of its beginning."""
    encoder = tiny_encoder()
    short, long = encoder.encode(["dog " * 14, "dog " * 200])
    assert np.allclose(short, long, atol=1e-6)
    assert not np.allclose(short, encoder.encode(["dog " * 13])[0], atol=1e-4)


def test_texts_do_not_depend_on_their_company():
    """One alone has the vector that it has among many; none at all give no rows."""
    encoder = tiny_encoder()
    many = [f"text {number}" for number in range(concepts.BATCH + 3)]
    together = encoder.encode(many)
    assert np.allclose(together[-1], encoder.encode(many[-1:])[0], atol=1e-6)
    assert encoder.encode([]).shape == (0, 64)


@pytest.mark.smoke
def test_each_name_gives_the_mean_over_the_templates():
    """Title and aliases give one vector each, the description one more, after the title."""
    encoder = Letters()
    given = concept_vectors(encoder, ["Gabe the Goat", "Cab"], "a goat with a beard")
    assert given.shape == (3, 9)
    for row, name in zip(given, ["Gabe the Goat", "Cab"], strict=False):
        mean = encoder.encode([template.format(name) for template in TEMPLATES]).mean(axis=0)
        assert np.allclose(row, mean / np.linalg.norm(mean), atol=1e-6)
    described = encoder.encode(["Gabe the Goat: a goat with a beard"])[0]
    assert np.allclose(given[2], described, atol=1e-6)


def test_names_that_say_nothing_new_are_left_out():
    """Blanks are, and what differs from an earlier name by case or spaces only."""
    encoder = Letters()
    assert len(concept_vectors(encoder, ["Gabe", " ", "GABE ", "gabe", "Abe", ""], "  ")) == 2
    assert [text for text in encoder.asked if "{" in text] == []
    assert concept_vectors(encoder, [], "").shape == (0, 9)
    assert len(concept_vectors(encoder, ["", " "], "a goat")) == 1
    assert encoder.asked == ["a goat"]


def test_a_name_may_hold_braces():
    """It is put into the templates as it is."""
    encoder = Letters()
    assert len(concept_vectors(encoder, ["{0} {x} {"])) == 1
    assert encoder.asked == [template.format("{0} {x} {") for template in TEMPLATES]


def test_neutral_concepts_are_many_plain_and_different():
    """About 200, in lower case, none twice, each short enough for any context."""
    found = neutral_concepts()
    assert 180 <= len(found) <= 250
    assert len(set(found)) == len(found)
    assert all(one == cleaned(one) and len(one.split()) <= 6 for one in found)


def test_neutral_vectors_have_the_order_of_the_list():
    """Each is that of the name alone."""
    encoder = Letters()
    given = neutral_vectors(encoder)
    assert given.shape == (len(neutral_concepts()), 9)
    assert np.allclose(given[-1], concept_vectors(encoder, neutral_concepts()[-1:])[0])
    assert np.allclose(np.linalg.norm(given, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEMPLATES", (*TEMPLATES, "art of {}")),
        ("neutral_concepts", lambda: ("a dog",)),
        ("FORMS", {}),
        ("QUOTES", {}),
        ("_VERSION", 99),
    ],
)
def test_the_digest_of_words_changes_with_every_constant(monkeypatch, name, value):
    """Vectors of words made by other rules never compare."""
    before = words_digest()
    words_digest.cache_clear()
    monkeypatch.setattr(concepts, name, value)
    changed = words_digest()
    words_digest.cache_clear()
    assert changed != before
    assert len(changed) == 8


def test_without_tokenizers_the_extra_is_named(monkeypatch):
    """What is missing is said with the command that mends it, as of weights that are missing."""
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(ModelToolsMissingError) as raised:
        TextEncoder(Path("text.onnx"), Path("tokenizer.json"), 77)
    assert isinstance(raised.value, ModelMissingError)
    assert raised.value.mend == "pip install 'screening[concept]'"


@pytest.mark.skipif(find_spec("tokenizers") is None, reason="tokenizers is not installed")
def test_files_that_are_none_are_named(tmp_path):
    """A damaged tokenizer and a damaged network are each told by their path."""
    store = tiny_store()
    one = store.conversions()[0]
    broken = tmp_path / "broken"
    broken.write_text("{}")
    with pytest.raises(ModelBrokenError, match="broken: is not a tokenizer"):
        TextEncoder(store.file_of(one.text), broken, 16)
    with pytest.raises(ModelBrokenError, match="broken: is not a network"):
        TextEncoder(broken, store.file_of(one.tokenizer), 16)
    with pytest.raises(ModelBrokenError, match="fails on a text"):
        TextEncoder(store.file_of(one.text), store.file_of(one.tokenizer), 17)


def test_a_tokenizer_of_another_kind_is_refused(tmp_path):
    """One that knows no ends of CLIP's kind cannot be meant."""
    tokenizers = pytest.importorskip("tokenizers")
    other = tmp_path / "other.json"
    tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0}, unk_token="a")).save(str(other))
    with pytest.raises(ModelBrokenError, match="knows no <start_of_text>"):
        TextEncoder(tmp_path / "text.onnx", other, 16)
