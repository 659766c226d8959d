from dataclasses import replace

import numpy as np
import pytest
from pictures import textured

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.calibration import NullDistribution
from screening.benchmark.errors import BenchmarkError
from screening.benchmark.measure import _remarks
from screening.benchmark.measures import CHECKED, GRID, promises_of, recommended
from screening.benchmark.queries import Query, read_pairs
from screening.benchmark.scored import Scored, scored
from screening.benchmark.splits import groups, halves
from screening.benchmark.words import promise_in_words
from screening.calibration import ImageScores, Suspect
from screening.evaluation.metrics import ScoredPairs
from screening.signals import SETTINGS

KEYS = [f"picture {number}" for number in range(101)]


def test_halves_share_nothing_and_lose_nothing():
    """Every key is in one half; of an odd number the second has one more."""
    first, second = halves(KEYS, seed=0)
    assert first | second == set(KEYS)
    assert not first & second
    assert (len(first), len(second)) == (50, 51)


def test_halves_depend_on_the_seed_alone():
    """Neither order nor repetition matters, the seed does."""
    assert halves(KEYS, seed=1) == halves([*reversed(KEYS), *KEYS], seed=1)
    assert halves(KEYS, seed=1) != halves(KEYS, seed=2)


def test_one_more_picture_moves_one_other_at_most():
    """A background that grows keeps its halves."""
    before, after = halves(KEYS, seed=0)[0], halves([*KEYS, "new"], seed=0)[0]
    assert len(before - after) + len(after - before) <= 2


def test_queries_with_a_record_in_common_are_one_group():
    """Also where only a third links them."""
    trues = [frozenset("ab"), frozenset("c"), frozenset("bd"), frozenset("e"), frozenset("de")]
    found = groups(trues)
    assert found[0] == found[2] == found[3] == found[4] != found[1]


def null(channel, scores, rates, **changes):
    """A null distribution of a hundred images, without a tail."""
    values = {
        "channel": channel,
        "unit": "bits",
        "settings": "",
        "scores": scores,
        "rates": rates,
        "tail_scale": None,
        "tail_shape": None,
        "floor": 1e-4,
        "images": 100,
        "references": 10,
        "pairs": 1_000,
        "background": "",
    }
    return NullDistribution(**{**values, **changes})


def query(name, true=(), frames=1, **channels):
    """A picture with its raw scores by channel and record."""
    scores = ImageScores(
        path=name,
        sha256=name,
        unread=None,
        channels=channels,
        units=dict.fromkeys(channels, frames),
        complete_from=dict.fromkeys(channels, 0.0),
    )
    return Query(name=name, key=name, true=frozenset(true), scores=scores)


NULLS = {
    "hash": null("hash", (0.0, 10.0, 20.0), (1.0, 0.01, 0.001)),
    "local": null("local", (0.0, 5.0), (1.0, 0.002)),
}


def test_pairs_and_their_false_alarms_by_hand():
    """Each channel alone for ten references; fused the best times the channels that looked."""
    asked = [
        query("copy", "a", hash={"a": 25.0, "b": 12.0}, local={"a": 3.0}),
        query("animation", frames=2, hash={"a": 15.0}),
    ]
    found = scored(asked, NULLS, {"hash": 10, "local": 10})
    assert found["hash"].pairs.score.tolist() == [25.0, 12.0, 15.0]
    assert found["hash"].false_alarms.tolist() == pytest.approx([1e-3, 0.1, 0.2])
    assert found["local"].false_alarms.tolist() == pytest.approx([10.0])
    assert found["fused"].false_alarms.tolist() == pytest.approx([2e-3, 0.2, 0.2])
    assert found["fused"].pairs.score.tolist() == pytest.approx([-np.log10(2e-3), 0.69897, 0.69897])
    assert found["fused"].pairs.is_true.tolist() == [True, False, False]
    assert found["fused"].pairs.truths.tolist() == [1, 0]
    assert found["fused"].alarms(0.5) == (1, 1)
    assert found["fused"].alarms(0.1) == (0, 0)
    assert found["fused"].found(0.1).tolist() == [True, False]


def counted(*false_alarms, images, found=()):
    """Unrelated images, the first of which score so, and positives found at so much or missed."""
    unrelated, positives = len(false_alarms), len(found)
    return Scored(
        pairs=ScoredPairs(
            query=np.arange(unrelated + positives) + (images - unrelated),
            record=np.zeros(unrelated + positives, np.int64),
            score=-np.log10([*false_alarms, *found]),
            is_true=np.array([False] * unrelated + [True] * positives, np.bool_),
            truths=np.array([0] * images + [1] * positives),
        ),
        false_alarms=np.array([*false_alarms, *found]),
    )


def outcomes(report, *, calibrated_on=1_000, supported=lambda _: True):
    checks = promises_of(
        "hash",
        report,
        calibrated_on=calibrated_on,
        score_at=lambda _: None,
        supported=supported,
    )
    return {check.promised: check for check in checks}


def test_what_becomes_of_promises():
    """As many as promised, fewer, more, too few images to tell, and not promised at all."""
    ten_percent = outcomes(counted(*[0.07] * 100, images=1_000))[0.1]
    assert (ten_percent.outcome, ten_percent.false_alarms, ten_percent.flagged) == (
        "kept",
        100,
        100,
    )
    assert outcomes(counted(*[0.07] * 30, images=1_000))[0.1].outcome == "stricter"
    assert outcomes(counted(*[0.07] * 150, images=1_000))[0.1].outcome == "broken"
    few = outcomes(counted(images=1_000))
    assert few[1e-2].outcome == "stricter"
    assert few[5e-3].outcome == "kept"
    assert (few[1e-3].outcome, few[1e-3].images_needed) == ("unchecked", 2_995)
    assert outcomes(counted(images=1_000), supported=lambda _: False)[0.1].outcome == "unsupported"


def test_records_that_are_reached_together_break_no_promise():
    """What may be expected is counted in images, and so is what is held against it."""
    apart = counted(*[0.07] * 150, images=1_000)
    together = Scored(
        pairs=replace(
            apart.pairs,
            query=np.repeat(np.arange(100), [2] * 50 + [1] * 50),
            record=np.arange(150),
        ),
        false_alarms=apart.false_alarms,
    )
    check = outcomes(together)[0.1]
    assert (check.outcome, check.flagged, check.false_alarms) == ("kept", 100, 150)
    said = promise_in_words(check)
    assert said.startswith("100 of 1000 (150 false alarms), as promised (7")
    assert promise_in_words(outcomes(apart)[0.1]).startswith("150 of 1000, MORE than promised (7")


def test_a_promise_can_be_broken_on_few_images():
    """Too few to confirm it are not too few to refute it."""
    assert outcomes(counted(*[1e-5] * 5, images=100))[1e-4].outcome == "broken"


def test_promises_are_checked_on_a_grid_of_one_two_five():
    """From 1 in 10,000 to 1 in 10."""
    assert CHECKED == (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1)
    assert set(CHECKED) < set(GRID)


def recommendation(chosen_on, report, *, load, supported=lambda _: True):
    return recommended(
        "hash",
        chosen_on,
        report,
        np.arange(len(report.pairs.truths)),
        load=load,
        seed=0,
        supported=supported,
    )


def test_the_recommended_point_is_the_largest_promise_within_the_load():
    """Chosen on one half, 2 of 2,000 flagged up to 0.004; told of the other, 3 of 1,000."""
    chosen_on = counted(0.001, 0.004, 0.03, images=2_000, found=[1e-6, 0.3])
    report = counted(0.001, 0.001, 0.002, 0.03, images=1_000, found=[1e-6, 1e-6, 0.004, 0.3])
    point = recommendation(chosen_on, report, load=1.0)
    assert (point.promised, point.by_promise) == (0.02, False)
    assert (point.chosen_flagged, point.chosen_images, point.chosen_recall) == (2, 2_000, 0.5)
    assert (point.flagged, point.images, point.load.value) == (3, 1_000, 3.0)
    assert point.load.low < 3.0 < point.load.high
    assert (point.recall.value, point.recall.high) == (0.75, 1.0)


def test_an_image_with_several_false_matches_is_looked_at_once():
    """The load counts flagged images, not what they are flagged for."""
    both = counted(0.001, 0.001, images=1_000, found=[1e-6])
    one = Scored(
        pairs=ScoredPairs(
            query=np.array([5, 5, 1_000]),
            record=np.array([0, 1, 2]),
            score=both.pairs.score,
            is_true=both.pairs.is_true,
            truths=both.pairs.truths,
        ),
        false_alarms=both.false_alarms,
    )
    assert one.alarms(0.001) == (2, 1)
    assert recommendation(one, one, load=1.0).promised == max(GRID)
    assert recommendation(both, both, load=1.0).promised == 5e-4


def test_too_few_images_to_show_the_load_leave_it_to_the_promise():
    """None flagged of 100 says nothing of one in a thousand."""
    few = counted(images=100, found=[1e-6])
    point = recommendation(few, few, load=1.0)
    assert (point.promised, point.by_promise) == (1e-3, True)
    assert recommendation(few, few, load=10.0).promised == max(GRID)


def test_nothing_is_recommended_where_nothing_keeps_to_the_load():
    """Images flagged at any promise, or promises that the calibration does not make."""
    crowd = counted(*[1e-9] * 5, images=1_000, found=[1e-12])
    assert recommendation(crowd, crowd, load=1.0) is None
    quiet = counted(images=1_000, found=[1e-12])
    assert recommendation(quiet, quiet, load=1.0, supported=lambda _: False) is None


def test_an_image_that_several_channels_suspect_is_one_remark():
    """So that images are counted wherever remarks are."""
    found = [
        Suspect(path=path, record_id=record, channel=channel, score=score)
        for path, record, channel, score in (
            ("a.png", "r", "hash", 250.0),
            ("b.png", "s", "hash", 240.0),
            ("a.png", "r", "local", 9.5),
        )
    ]
    assert [(one.kind, one.name, one.detail) for one in _remarks(found)] == [
        ("suspect", "a.png", "record r, hash score 250; record r, local score 9.5"),
        ("suspect", "b.png", "record s, hash score 240"),
    ]


@pytest.fixture
def pairs_file(tmp_path):
    """A function that writes pairs beside one picture, and an index of three records."""
    textured(0).save(tmp_path / "copy.png")
    with IndexWriter(tmp_path / "works.index", settings=SETTINGS) as writer:
        for number, title in enumerate(("Harbor", "Twin", "Twin")):
            writer.put_record(Record(id=f"id {number}", kind=Kind.WORK, title=title))
        writer.put_record(Record(id="fine", kind=Kind.CLEARED, title="Stock photo"))

    def read(text, encoding="utf-8"):
        file = tmp_path / "pairs.csv"
        file.write_bytes(text.encode(encoding))
        with ReferenceIndex.open(tmp_path / "works.index") as index:
            return {path.name: true for path, true in read_pairs(file, index).items()}

    return read


def test_pairs_name_records_by_id_or_title(pairs_file):
    """Columns in any order; several records of one picture are several rows."""
    assert pairs_file("record,query\nHarbor,copy.png\nid 2, copy.png \n") == {
        "copy.png": {"id 0", "id 2"}
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query,record\ncopy.png,Harbor\ncopy.png,Nobody\n", "line 3: no record has the id"),
        ("query,record\ncopy.png,Twin\n", "line 2: 2 records have the title 'Twin'"),
        ("query,record\ncopy.png,fine\n", "line 2: 'fine' is cleared"),
        ("query,record\nnowhere.png,Harbor\n", "line 2: there is no picture 'nowhere.png'"),
        ("query,record\n,Harbor\n", "line 2: there is no picture ''"),
        ("query,record\ncopy.png\n", "line 2: expected two cells"),
        ("query,record\ncopy.png,Harbor,x\n", "line 2: expected two cells"),
        ("picture,record\ncopy.png,Harbor\n", "columns are picture, record; expected query and"),
        ("", "columns are none"),
        ("query,record\n", "no row, expected at least one pair"),
        ('query,record\n"copy.png,Harbor\n', "cannot be read"),
    ],
)
def test_rows_that_are_no_pair_are_refused_by_line(pairs_file, text, said):
    """The message names the file, the line, and what to do."""
    with pytest.raises(BenchmarkError, match=said):
        pairs_file(text)


def test_pairs_that_are_not_utf_8_are_refused(pairs_file):
    """A file saved in another encoding says so."""
    with pytest.raises(BenchmarkError, match="save it as UTF-8 CSV"):
        pairs_file("query,record\ncopy.png,Hafén\n", encoding="latin-1")
