"""What copies.py compares: the product by channel and fused, and what a user would pick instead."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import cv2
import faiss
import imagehash
import numpy as np
import numpy.typing as npt
from _common import enroll, fingerprint_of
from _imagenet import PACKAGES as IMAGENET_PACKAGES
from _imagenet import ImageNet
from _timing import SEARCH, Clock, TimedIndex
from PIL import Image

from reference_index import Fingerprint
from reference_index.fingerprint import EMBEDDING_PREFIX, HASH_BITS
from screening.evaluation.attacks import RgbImage
from screening.evaluation.metrics import FloatArray
from screening.evaluation.protocols import Method
from screening.matching import ChannelReport, ChannelState, default_null, match
from screening.matching.local import local_matches
from screening.matching.settings import settings_with
from screening.matching.vector_channel import vector_channels
from screening.signals import MIN_STRUCTURE
from screening.signals.embeddings import EmbeddingModel, embeddings
from screening.signals.local import SHIPPED, at_working_size

OURS = "screening"
WITHOUT = f"{OURS}: hash and local"  # as it was without embeddings
EMBEDDING = f"{OURS}: embedding"
COSINE = "embedding, plain cosine"
IMAGENET = "ImageNet network"
PLAIN = ("phash 256", "phash 256 dihedral", "PDQ", "PDQ dihedral", "SIFT", IMAGENET)
NEEDED = {"PDQ": ("pdqhash",), "PDQ dihedral": ("pdqhash",), IMAGENET: IMAGENET_PACKAGES}
WHOLE = "local search, votes and verification"
LISTED = 20  # records of the investigation list
NOTE_AT = 1e-2  # false alarms a picture, as the default policy has it

Codes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """A benchmark method made of a way to take in references and a way to score them."""

    name: str
    take: Callable[[Iterable[RgbImage]], None]
    score: Callable[[RgbImage], FloatArray]

    def index(self, references: Iterable[RgbImage]) -> None:
        """Take in the references."""
        self.take(references)

    def scores(self, query: RgbImage) -> FloatArray:
        """Return one score for each reference."""
        return self.score(query)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is compared: plain methods by name, and the product, with a model of pictures if any.

    fused: whether figures ship for the model, so that the product fuses what it says.
    """

    plain: tuple[str, ...]
    model: EmbeddingModel | None
    fused: bool


def lacking(name: str) -> str | None:
    """Return why a plain method cannot be measured here, None where it can."""
    missing = [package for package in NEEDED.get(name, ()) if find_spec(package) is None]
    if not missing:
        return None
    return f"{' and '.join(missing)} not installed, see [measure] in pyproject.toml"


def has_null(model: EmbeddingModel) -> bool:
    """Tell whether null figures ship for what the product makes of pictures by a model."""
    channel = f"{EMBEDDING_PREFIX}{model.id}"
    return default_null(channel, settings_with(channel, model.settings)) is not None


def methods(folder: Path, clock: Clock, choice: Choice) -> tuple[Method, ...]:
    """Return the methods side by side; the product keeps its index in a folder."""
    ways: dict[str, Callable[[], Hash | Sift | ImageNet]] = {
        "phash 256": lambda: Hash(phash),
        "phash 256 dihedral": lambda: Hash(phash_dihedral),
        "PDQ": lambda: Hash(pdq),
        "PDQ dihedral": lambda: Hash(pdq_dihedral),
        "SIFT": Sift,
        IMAGENET: ImageNet,
    }
    plain = {name: ways[name]() for name in choice.plain}

    def timed(name: str, query: RgbImage) -> FloatArray:
        with clock.timing(name):
            return plain[name].scores(query)

    product = Product(folder / "works.index", clock, choice.model)
    searches = {f"{OURS}: hash": product.by_hash, f"{OURS}: local": product.by_local}
    if choice.model:
        searches |= {COSINE: product.by_cosine, EMBEDDING: product.by_embedding}
    if choice.fused:
        searches[WITHOUT] = product.fused_without
    searches[OURS] = product.fused
    return (
        *(Scored(name, one.index, lambda q, n=name: timed(n, q)) for name, one in plain.items()),
        *(
            Scored(name, product.index, lambda q, s=search: product.scores(s, q))
            for name, search in searches.items()
        ),
    )


class Hash:
    """A hash: bits of the closest query code that agree with the first code of a reference."""

    def __init__(self, encode: Callable[[RgbImage], Codes]) -> None:
        self._encode = encode

    def index(self, references: Iterable[RgbImage]) -> None:
        """Keep the first code of each reference."""
        self._enrolled = np.stack([self._encode(reference)[0] for reference in references])

    def scores(self, query: RgbImage) -> FloatArray:
        """Return bits that agree."""
        asked = self._encode(query)[:, None]
        distances = np.bitwise_count(self._enrolled ^ asked).sum(axis=2, dtype=np.int64)
        return np.asarray(HASH_BITS - distances.min(axis=0), np.float64)


def phash(image: RgbImage) -> Codes:
    """Return imagehash.phash with 256 bits, as it comes."""
    return np.packbits(imagehash.phash(Image.fromarray(image), hash_size=16).hash)[None]


def phash_dihedral(image: RgbImage) -> Codes:
    """Return imagehash.phash with 256 bits of the eight isometries."""
    turned = (np.rot90(side, turns) for side in (image, image[:, ::-1]) for turns in range(4))
    return np.concatenate([phash(np.ascontiguousarray(one)) for one in turned])


def pdq(image: RgbImage) -> Codes:
    """Return PDQ as it comes; its quality is left aside, as a plain user would."""
    import pdqhash

    return np.packbits(pdqhash.compute(image)[0].astype(bool))[None]


def pdq_dihedral(image: RgbImage) -> Codes:
    """Return PDQ of the eight isometries."""
    import pdqhash

    return np.packbits(np.stack(pdqhash.compute_dihedral(image)[0]).astype(bool), axis=1)


class Sift:
    """SIFT as plain users write it: nearest descriptors, ratio test, votes, a homography.

    Working size and number of features are the product's. The score is the number of inliers
    among the matches of an image, of the images with most matches.
    """

    candidates = 10
    ratio = 0.8
    reprojection_px = 5.0
    # A flat search takes three times as long; this one gave 98 % of its nearest descriptors.
    lists, probed = 256, 16

    def index(self, references: Iterable[RgbImage]) -> None:
        """Keep the descriptors of all references in one inverted file."""
        found = [sift(reference) for reference in references]
        self._points = np.concatenate([points for points, _ in found])
        descriptors = np.concatenate([descriptors for _, descriptors in found])
        self._owners = np.repeat(np.arange(len(found)), [len(points) for points, _ in found])
        self._count = len(found)
        self._quantizer = faiss.IndexFlatL2(descriptors.shape[1])
        self._index = faiss.IndexIVFFlat(self._quantizer, descriptors.shape[1], self.lists)
        self._index.nprobe = self.probed
        self._index.train(descriptors)
        self._index.add(descriptors)

    def scores(self, query: RgbImage) -> FloatArray:
        """Return inliers of the candidates, minus infinity for all others."""
        scores = np.full(self._count, -np.inf)
        points, descriptors = sift(query)
        if not len(points):
            return scores
        squared, rows = self._index.search(descriptors, 2)
        good = np.flatnonzero(squared[:, 0] < self.ratio**2 * squared[:, 1])
        owners = self._owners[rows[good, 0]]
        votes = np.bincount(owners, minlength=self._count)
        for best in np.argsort(-votes, kind="stable")[: self.candidates]:
            matched = good[owners == best]
            if len(matched) >= 4:  # a homography takes four
                theirs = self._points[rows[matched, 0]]
                _, inliers = cv2.findHomography(
                    theirs, points[matched], cv2.RANSAC, self.reprojection_px
                )
                scores[best] = 0 if inliers is None else int(inliers.sum())
        return scores


def sift(image: RgbImage) -> tuple[Floats, Floats]:
    """Return points in pixels, (n, 2), and descriptors, (n, 128), at working size."""
    small = at_working_size(np.asarray(Image.fromarray(image).convert("L")))
    points, descriptors = cv2.SIFT.create(SHIPPED.budget).detectAndCompute(small, None)
    if not points:
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    return np.array([point.pt for point in points], np.float32), descriptors


class Product:
    """The product on an index on disk; its methods share what is extracted from a picture.

    model: what looks at pictures by weights; None for an index without embeddings.
    """

    def __init__(self, path: Path, clock: Clock, model: EmbeddingModel | None) -> None:
        self._path, self._clock, self._model = path, clock, model
        self._channel = f"{EMBEDDING_PREFIX}{model.id}" if model else ""
        self._last: tuple[RgbImage, Fingerprint] | None = None
        self._index: TimedIndex | None = None

    def index(self, references: Iterable[RgbImage]) -> None:
        """Enroll the references, once for all methods of the product."""
        if self._index is not None:
            return
        built = {self._channel: self._model.settings} if self._model else {}
        seen = [self._embedded(fingerprint_of(one), one) for one in references]
        enroll(self._path, seen, built)
        self._wholes = np.array([of.vectors[0] for one in seen for of in one.embeddings])
        self._index = TimedIndex.open(self._path)
        self._index.clock = self._clock

    def scores(
        self, search: Callable[[Fingerprint], Mapping[str, float]], query: RgbImage
    ) -> FloatArray:
        """Return what a search says of each record, minus infinity where it says nothing."""
        if self._last is None or self._last[0] is not query:
            with self._clock.timing("extraction"):
                seen = fingerprint_of(query)
            if self._model:
                with self._clock.timing("embedding"):
                    seen = self._embedded(seen, query)
            self._last = query, seen
        scores = np.full(self._index.record_count, -np.inf)
        for record_id, score in search(self._last[1]).items():
            scores[int(record_id)] = score
        return scores

    def by_hash(self, picture: Fingerprint) -> dict[str, float]:
        """Return bits alike of each record; nothing for a picture of weak structure."""
        if picture.hashes.structure < MIN_STRUCTURE:
            return {}
        with self._clock.timing("hash search"):
            every = self._index.record_count
            found = self._index.search_hashes(picture.hashes.codes[None], k=every)[0]
        return {one.record_id: one.score for one in found}

    def by_local(self, picture: Fingerprint) -> dict[str, float]:
        """Return the log significance of each record found."""
        with self._clock.timing(WHOLE):
            found = local_matches(picture, [self._index])
        whole, search = (self._clock.ms[step][-1] for step in (WHOLE, SEARCH))
        self._clock.ms["local verification"].append(whole - search)
        return {one.record_id: one.score for one in found}

    def by_cosine(self, picture: Fingerprint) -> dict[str, float]:
        """Return the cosine of the whole picture with each reference as a whole."""
        cosines = self._wholes @ picture.embeddings[0].vectors[0]
        return {str(number): float(cosine) for number, cosine in enumerate(cosines)}

    def by_embedding(self, picture: Fingerprint) -> dict[str, float]:
        """Return the best of all windows against each record, less what is common."""
        (channel,) = vector_channels([self._index])
        with self._clock.timing("embedding search"):
            every = self._index.record_count
            found = channel.search([picture], [self._index], min_scores=[math.inf], best=every)[0]
        return {one.record_id: one.score for one in found}

    def fused(self, picture: Fingerprint) -> dict[str, float]:
        """Return -log10 of the false alarms of each record of the investigation list."""
        with self._clock.timing("all searches, fused"):
            return self._listed(picture, {})

    def fused_without(self, picture: Fingerprint) -> dict[str, float]:
        """Return the same where the model is not at hand."""
        told = ChannelReport(state=ChannelState.UNAVAILABLE, reason="left out to compare")
        with self._clock.timing("hash and local searches, fused"):
            return self._listed(picture, {self._channel: told})

    def _listed(self, picture: Fingerprint, known: Mapping[str, ChannelReport]) -> dict[str, float]:
        found = match([[picture]], [self._index], note_at=NOTE_AT, candidates=LISTED, known=known)
        return {one.record.id: -float(np.log10(one.false_alarms)) for one in found[0].candidates}

    def _embedded(self, seen: Fingerprint, image: RgbImage) -> Fingerprint:
        """Return a fingerprint with what the model makes of the picture, as the product has it."""
        if self._model is None:
            return seen
        return replace(seen, embeddings=(embeddings(image, self._model),))
