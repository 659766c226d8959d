"""From what pictures scored to pairs that can be counted, by channel and fused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference_index.calibration import NullDistribution
from screening.benchmark.queries import Query
from screening.evaluation.metrics import BoolArray, FloatArray, ScoredPairs

FUSED = "fused"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """The pairs of one channel, or of all, and what the calibration says of each.

    pairs: ranked by raw score, fused ones by false alarms; query numbers are those of the queries.
    false_alarms: float64 (n,), per image, what a threshold is compared with.
    """

    pairs: ScoredPairs
    false_alarms: FloatArray

    @property
    def unrelated(self) -> int:
        """The number of queries that show no enrolled record."""
        return int(np.count_nonzero(self.pairs.truths == 0))

    def matches(self, promised: float) -> BoolArray:
        """Return which pairs are matches at so many false alarms per image, bool (n,)."""
        return np.asarray(self.false_alarms <= promised)

    def alarms(self, promised: float) -> tuple[int, int]:
        """Return how many false alarms unrelated queries give, and how many of these give any."""
        unrelated = (self.pairs.truths == 0)[self.pairs.query]
        those = self.pairs.query[unrelated & self.matches(promised)]
        return len(those), len(np.unique(those))

    def found(self, promised: float) -> BoolArray:
        """Return which queries have a true record among their matches, bool (queries,)."""
        hit = np.zeros(len(self.pairs.truths), np.bool_)
        hit[self.pairs.query[self.pairs.is_true & self.matches(promised)]] = True
        return hit


def scored(
    queries: Sequence[Query],
    nulls: Mapping[str, NullDistribution],
    references: Mapping[str, int],
) -> dict[str, Scored]:
    """Return the pairs of each channel of ``nulls``, and of all of them together.

    A channel's false alarms are those of its null, for so many references, times the frames or
    faces of the picture; fused they are the smallest of the channels times the number of channels
    that looked, as in ``screening.matching``.
    """
    by_channel: dict[str, _Pairs] = {channel: _Pairs() for channel in (*nulls, FUSED)}
    for number, query in enumerate(queries):
        looked = [channel for channel in nulls if channel in query.scores.channels]
        best: dict[str, float] = {}
        for channel in looked:
            for record, score in query.scores.channels[channel].items():
                count = references[channel] * query.scores.units[channel]
                alone = nulls[channel].false_alarms(score, references=count)
                by_channel[channel].add(number, record, score, alone)
                best[record] = min(best.get(record, np.inf), alone * len(looked))
        for record, together in best.items():
            by_channel[FUSED].add(number, record, -np.log10(together), together)
    numbers = {record: place for place, record in enumerate(sorted(_records(queries)))}
    return {channel: pairs.scored(queries, numbers) for channel, pairs in by_channel.items()}


class _Pairs:
    def __init__(self) -> None:
        self._rows: list[tuple[int, str, float, float]] = []

    def add(self, query: int, record: str, score: float, false_alarms: float) -> None:
        self._rows.append((query, record, score, false_alarms))

    def scored(self, queries: Sequence[Query], numbers: Mapping[str, int]) -> Scored:
        rows = self._rows
        return Scored(
            pairs=ScoredPairs(
                query=np.array([row[0] for row in rows], np.int64),
                record=np.array([numbers[row[1]] for row in rows], np.int64),
                score=np.array([row[2] for row in rows], np.float64),
                is_true=np.array([row[1] in queries[row[0]].true for row in rows], np.bool_),
                truths=np.array([len(query.true) for query in queries], np.int64),
            ),
            false_alarms=np.array([row[3] for row in rows], np.float64),
        )


def _records(queries: Sequence[Query]) -> set[str]:
    return {
        record
        for query in queries
        for scores in query.scores.channels.values()
        for record in scores
    }
