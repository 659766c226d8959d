"""Words to vectors: the names of records, and neutral concepts that they are compared against."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from screening.errors import ModelBrokenError, ModelToolsMissingError
from screening.models.texts import FORMS, QUOTES, cleaned

Floats = npt.NDArray[np.float32]
Tokens = npt.NDArray[np.int64]

TEMPLATES = (
    "{}",
    "a picture of {}",
    "a photo of {}",
    "a drawing of {}",
    "a poster of {}",
    "a scene with {}",
)
"""What a name is put into: it may be that of a character, a prop, a place or a work."""
START, END = "<start_of_text>", "<end_of_text>"
BATCH = 32  # texts at once: of ViT-L-14 they take 200 MiB


class Encoder(Protocol):
    """Gives the vectors of texts."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return unit vectors, float32 (n, d), also for no texts."""
        ...


class TextEncoder:
    """The words' half of a model: texts to vectors that compare with those of its pictures.

    onnx_path: the network, int64 (n, context_length) to (n, d); where it takes fewer tokens too,
    no more are given than the longest text has. tokenizer_path: a tokenizer.json
    of CLIP's kind that adds nothing before and after; ends and zeros up to context_length are
    added here. Raises ModelToolsMissingError without the extra ``concept``, and ModelBrokenError.
    """

    def __init__(self, onnx_path: Path, tokenizer_path: Path, context_length: int) -> None:
        import onnxruntime

        self._tokenizer = _tokenizer(tokenizer_path)
        ends = [self._tokenizer.token_to_id(token) for token in (START, END)]
        if None in ends:
            raise ModelBrokenError(
                f"{tokenizer_path}: knows no {START} and {END}, expected a tokenizer of CLIP's "
                f"kind; import the model again"
            )
        self._start, self._end = ends
        self._context = context_length
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what is wrong is raised, not printed
        self._path = onnx_path
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(onnx_path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise self._broken(f"is not a network that ONNX Runtime can load ({error})") from error
        self._input = self._session.get_inputs()[0].name
        self._any_length = not isinstance(self._session.get_inputs()[0].shape[-1], int)
        self.size = self._run(np.zeros((1, context_length), np.int64)).shape[1]

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of texts, float32 (n, d), of unit length; n may be 0.

        What a text has beyond the context is cut. Raises ModelBrokenError.
        """
        tokens = self.tokens(texts)
        parts = [
            self._run(self._needed(tokens[i : i + BATCH])) for i in range(0, len(tokens), BATCH)
        ]
        vectors = np.concatenate([np.empty((0, self.size), np.float32), *parts])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(vectors).all() and (lengths > 0).all()):
            raise self._broken("gives no finite numbers for a text")
        return np.asarray(vectors / lengths, np.float32)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """Return what the network takes for texts: int64 (n, context_length)."""
        tokens = np.zeros((len(texts), self._context), np.int64)
        for row, text in zip(tokens, texts, strict=True):
            given = self._tokenizer.encode(cleaned(text), add_special_tokens=False)
            ids = [self._start, *given.ids[: self._context - 2], self._end]
            row[: len(ids)] = ids
        return tokens

    def _needed(self, tokens: Tokens) -> Tokens:
        """Return tokens without the columns behind the last end, where the network permits."""
        if not self._any_length:
            return tokens
        return tokens[:, : int(np.flatnonzero((tokens == self._end).any(axis=0))[-1]) + 1]

    def _run(self, tokens: Tokens) -> Floats:
        try:
            given: Floats = self._session.run(None, {self._input: tokens})[0]
        except Exception as error:
            raise self._broken(f"fails on a text {tokens.shape} ({error})") from error
        if given.shape[:-1] != (len(tokens),):
            raise self._broken(f"gives {given.shape} for {len(tokens)} texts, expected (n, d)")
        return given

    def _broken(self, what: str) -> ModelBrokenError:
        first = what.strip().partition("\n")[0]
        return ModelBrokenError(f"{self._path}: {first}; import the model again")


def neutral_concepts() -> tuple[str, ...]:
    """Return everyday things, scenes and styles that name no work, person or brand."""
    text = (files("screening.models") / "neutral_concepts.txt").read_text(encoding="utf-8")
    return tuple(filter(None, map(str.strip, text.splitlines())))


def neutral_vectors(encoder: Encoder) -> Floats:
    """Return a unit vector for each neutral concept, float32 (m, d), in the order of the list.

    They depend on ``words_digest()``; what is kept of them says so.
    """
    return concept_vectors(encoder, neutral_concepts())


def concept_vectors(encoder: Encoder, names: Sequence[str], description: str = "") -> Floats:
    """Return the vectors of what a record is called, float32 (n, d), of unit length.

    names: its title, then its aliases; those that are blank or there already are left out. Each
    gives the mean over the templates. A description adds one for itself, after the title.
    """
    names = _distinct(names)
    texts = [template.format(name) for name in names for template in TEMPLATES]
    if description.strip():
        texts.append(": ".join((*names[:1], description.strip())))
    vectors = encoder.encode(texts)
    put, size = len(names) * len(TEMPLATES), vectors.shape[1]
    means = vectors[:put].reshape(len(names), len(TEMPLATES), size).mean(axis=1)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.concatenate([means / lengths, vectors[put:]])


@lru_cache
def words_digest() -> str:
    """Return 8 hex digits over all that the vectors of words depend on but the weights."""
    rule = ("name: each template, mean, unit length", "title: description")
    text = json.dumps([_VERSION, TEMPLATES, neutral_concepts(), rule, FORMS, QUOTES])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _distinct(names: Sequence[str]) -> list[str]:
    first: dict[str, str] = {}
    for name in filter(None, map(str.strip, names)):
        first.setdefault(cleaned(name), name)
    return list(first.values())


def _tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ModelToolsMissingError(
            "words cannot be compared with pictures without the tokenizers package: "
            "pip install 'screening[concept]'"
        ) from error
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:
        raise ModelBrokenError(
            f"{path}: is not a tokenizer ({error}); import the model again"
        ) from error


_VERSION = 1
"""To be raised where a vector of words changes and no constant does."""
