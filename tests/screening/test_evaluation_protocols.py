from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from screening.evaluation.attacks import ATTACKS
from screening.evaluation.metrics import micro_average_precision
from screening.evaluation.protocols import Sizes, copy_protocol, score_queries

NAMES = tuple(f"pack/{number:04d}.png" for number in range(1200))
SMALL = Sizes(references=12, positives=8, distractors=10)


def load(name):
    """Return a texture of its own for each name."""
    number = int(Path(name).stem)
    coarse = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC))


class Thumbnails:
    """A stand-in method: how alike two gray thumbnails are; it can leave references out."""

    name = "thumbnails"

    def __init__(self, left_out=()):
        self.left_out = list(left_out)

    def index(self, references):
        self.held = np.stack([self.thumbnail(image) for image in references])

    def scores(self, query):
        scores = -np.abs(self.held - self.thumbnail(query)).mean(axis=(1, 2))
        scores[self.left_out] = -np.inf
        return scores

    @staticmethod
    def thumbnail(image):
        return np.asarray(Image.fromarray(image).convert("L").resize((8, 8)), np.float64)


def test_the_default_sizes_are_exact():
    """400 references, 200 copies of different ones, 400 distractors, every second one attacked."""
    protocol = copy_protocol(NAMES, seed=0)
    copies = [query for query in protocol.queries if query.reference is not None]
    distractors = [query for query in protocol.queries if query.reference is None]
    assert (len(protocol.references), len(copies), len(distractors)) == (400, 200, 400)
    assert len({query.reference for query in copies}) == 200
    assert all(protocol.references[query.reference] == query.source for query in copies)
    assert all(1 <= len(query.attack.parts) <= 2 for query in copies)
    assert sum(bool(query.attack.parts) for query in distractors) == 200


@pytest.mark.parametrize("seed", range(3))
def test_no_picture_is_on_two_sides(seed):
    """References, distractors and backgrounds share no picture, and no query surrounds itself."""
    protocol = copy_protocol(NAMES, seed=seed)
    references = set(protocol.references)
    distractors = {query.source for query in protocol.queries if query.reference is None}
    backgrounds = set(protocol.backgrounds)
    assert len(references) + len(distractors) + len(backgrounds) == len(NAMES)
    assert references | distractors | backgrounds == set(NAMES)
    assert all(set(query.others) <= backgrounds for query in protocol.queries)


def test_every_attack_is_drawn_about_equally_often():
    """Over the copies and attacked distractors no attack is drawn twice as often as another."""
    queries = copy_protocol(NAMES, seed=1).queries
    counts = Counter(part.name for query in queries for part in query.attack.parts)
    assert set(counts) == {attack.name for attack in ATTACKS}
    assert max(counts.values()) < 2 * min(counts.values())


def test_no_query_has_the_same_attack_twice():
    """An attack that undoes itself is never composed with itself."""
    for seed in range(5):
        for query in copy_protocol(NAMES, seed=seed).queries:
            assert len(set(query.attack.parts)) == len(query.attack.parts)


def test_a_protocol_is_pinned_by_its_seed_alone():
    """The same pool in any order gives the same protocol; another seed another one."""
    protocol = copy_protocol(NAMES, seed=4, sizes=SMALL)
    assert protocol == copy_protocol(reversed(NAMES), seed=4, sizes=SMALL)
    assert protocol != copy_protocol(NAMES, seed=5, sizes=SMALL)


def test_a_query_is_made_anew_with_the_same_pixels():
    """Asking twice for the picture of a query gives it twice."""
    for query in copy_protocol(NAMES, seed=2, sizes=SMALL).queries:
        assert np.array_equal(query.image(load), query.image(load))


def test_a_distractor_that_is_not_attacked_is_the_file_itself():
    """No attack means no change."""
    queries = copy_protocol(NAMES, seed=2, sizes=SMALL).queries
    query = next(query for query in queries if not query.attack.parts)
    assert np.array_equal(load(query.source), query.image(load))


def test_attack_queries_copy_different_references():
    """One attack alone, as many queries as asked for, no reference twice."""
    protocol = copy_protocol(NAMES, seed=3)
    queries = protocol.attack_queries(ATTACKS[4])
    assert len({query.reference for query in queries}) == len(queries) == 100
    assert {query.attack.parts for query in queries} == {(ATTACKS[4],)}
    assert all(protocol.references[query.reference] == query.source for query in queries)
    assert all(set(query.others) <= set(protocol.backgrounds) for query in queries)
    assert queries == protocol.attack_queries(ATTACKS[4])
    with pytest.raises(ValueError, match="at most one for each of the 400 references"):
        protocol.attack_queries(ATTACKS[4], 401)


def test_a_pool_too_small_is_refused():
    """References, distractors and three backgrounds are needed, and one fewer will not do."""
    needed = SMALL.references + SMALL.distractors + max(attack.others for attack in ATTACKS)
    assert copy_protocol(NAMES[:needed], seed=0, sizes=SMALL)
    with pytest.raises(ValueError, match="add pictures or ask for smaller sizes"):
        copy_protocol(NAMES[: needed - 1], seed=0, sizes=SMALL)
    with pytest.raises(ValueError, match="none twice"):
        copy_protocol(NAMES[:needed] + NAMES[:1], seed=0, sizes=SMALL)


@pytest.mark.parametrize(
    "sizes",
    [
        {"references": 5, "positives": 6, "distractors": 1},
        {"references": 5, "positives": 0, "distractors": 1},
        {"references": 5, "positives": 1, "distractors": -1},
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes):
    """Copies need a reference each, and no count is negative."""
    with pytest.raises(ValueError, match="expected at least one positive"):
        Sizes(**sizes)


def test_methods_are_scored_on_the_same_queries():
    """Every pair is there once, the truth is the protocol's, and a blind method does worse."""
    protocol = copy_protocol(NAMES, seed=0, sizes=SMALL)
    seeing, blind = Thumbnails(), Thumbnails(left_out=range(10))
    blind.name = "blind"
    for method in (seeing, blind):
        method.index(load(name) for name in protocol.references)
    found = score_queries([seeing, blind], protocol.queries, load)
    assert list(found) == ["thumbnails", "blind"]
    pairs = found["thumbnails"]
    assert len(pairs.score) == 12 * 18
    assert pairs.truths.tolist() == [1] * 8 + [0] * 10
    copies = zip(pairs.query[pairs.is_true], pairs.record[pairs.is_true], strict=True)
    assert all(protocol.queries[query].reference == record for query, record in copies)
    assert len(found["blind"].score) == 2 * 18
    assert found["blind"].truths.sum() == 8
    assert micro_average_precision(found["blind"]) < micro_average_precision(pairs)


@pytest.mark.shared
def test_the_measuring_data_is_enough_for_the_default_protocol(measuring_data):
    """Photographs and art together make a protocol of the default sizes."""
    found = (p for p in measuring_data.rglob("*.jpg") if "train" not in p.parts)
    names = [path.relative_to(measuring_data).as_posix() for path in found]
    pool = [name for name in names if name.startswith(("photos/", "art/"))]
    assert len(copy_protocol(pool, seed=0).references) == 400
