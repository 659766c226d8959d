"""The name channel: titles, names and aliases of records, in what was fed to a generator."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from reference_index import ReferenceIndex
from reference_index.calibration import CalibrationState, NullDistribution
from screening.matching.channels import Hit, Scored, Searched
from screening.matching.findings import ChannelReport, ChannelState, NameSeen
from screening.matching.nulls import null_of
from screening.matching.settings import MODEL_NAME_CHANNEL, NAME_CHANNEL
from screening.names import Named, NameFinder, Said, Source
from screening.names.forms import NAMED
from screening.names.spellings import UNSPACED

UNIT = "bits of surprise"
WORDS = 50
"""A longer text is so many unrelated ones as it has times this many words."""

MAX_LETTERS = 200_000
"""So many characters of all texts of a picture are searched; what is beyond is told."""

NOTHING_SAID = "no prompt is told"
TOO_MUCH = f"only {MAX_LETTERS:,} characters of its prompts were searched"


class Names:
    """The names of the records of some indexes; collected when a text first has to be searched.

    May be used from several threads. Raises CalibrationError for an index that was calibrated with
    other settings.
    """

    def __init__(self, indexes: Sequence[ReferenceIndex]) -> None:
        self._indexes = [index for index in indexes if has_names(index)]
        self._lock = threading.Lock()
        self._finders: dict[str, tuple[Searched, NameFinder]] = {}
        for index in self._indexes:
            null_of(index, NAME_CHANNEL)

    def searched(self) -> list[tuple[Searched, NameFinder]]:
        """Return the indexes with names and figures for them, and what finds their names."""
        with self._lock:
            for index in self._indexes:
                figures = null_of(index, NAME_CHANNEL)
                if index.uuid not in self._finders and figures:
                    finder = NameFinder(index)
                    searched = Searched(
                        index=index,
                        references=counted(finder, *figures),
                        null=figures[0],
                        calibration=figures[1],
                    )
                    self._finders[index.uuid] = searched, finder
            return [*self._finders.values()]

    def hits(
        self,
        said: Sequence[Said],
        *,
        note_at: float,
        raw_scores: Mapping[str, float],
        candidates: int,
    ) -> tuple[list[Hit], int]:
        """Return what texts name, and how many searches that took.

        All at ``note_at`` false alarms or rarer, or from the raw score given on, and the best
        candidates.
        Prompts are one search of an index, names of models another.
        """
        hits, searches, said = list[Hit](), 0, _within(said)
        for models in (False, True):
            texts = [one for one in said if (one.source is not Source.PROMPT) == models]
            if not texts:
                continue
            channel = MODEL_NAME_CHANNEL if models else NAME_CHANNEL
            raw_score = raw_scores.get(channel, math.inf)
            for searched, finder in self.searched():
                searches += 1
                units = units_of(texts)
                count = searched.references * units
                least = min(searched.null.score_at(note_at, references=count), raw_score)
                for named in finder.find(texts, min_score=least, best=candidates):
                    hit = searched.hit(_scored(searched.index, named), frame=0, units=units)
                    hits.append(replace(hit, evidence=replace(hit.evidence, channel=channel)))
        return hits, searches

    def report(
        self, said: Sequence[Said], *, note_at: float, raw_scores: Mapping[str, float]
    ) -> ChannelReport:
        """Return what the channel could do with the texts of a picture."""
        if not self._indexes:
            return ChannelReport(state=ChannelState.NO_REFERENCES)
        unknown = [index.path for index in self._indexes if not null_of(index, NAME_CHANNEL)]
        if not said:
            return ChannelReport(state=ChannelState.RAN, reason=NOTHING_SAID)
        if unknown:
            return ChannelReport(
                state=ChannelState.WEAK if len(unknown) < len(self._indexes)
                else ChannelState.UNAVAILABLE,
                reason=f"no null figures ship for the names of index {unknown[0]}",
                mend=f"screening calibrate {unknown[0]} --prompts FILE",
            )  # fmt: skip
        mute = [one.index.path for one, _ in self.searched() if one.is_mute(note_at)]
        if mute and raw_scores.keys().isdisjoint((NAME_CHANNEL, MODEL_NAME_CHANNEL)):
            return ChannelReport(
                state=ChannelState.WEAK,
                reason=f"the names of index {mute[0]} were calibrated with too few prompts",
                mend=f"screening calibrate {mute[0]} --prompts FILE, with more prompts",
            )
        if sum(len(one.text) for one in said) > MAX_LETTERS:
            return ChannelReport(state=ChannelState.WEAK, reason=TOO_MUCH)
        return ChannelReport(state=ChannelState.RAN)


def has_names(index: ReferenceIndex) -> bool:
    """Return whether an index has a record whose title is a name."""
    return any(record.kind in NAMED for record in index.records())


def counted(finder: NameFinder, null: NullDistribution, state: CalibrationState) -> int:
    """Return how many names an index counts as having.

    By figures measured elsewhere no fewer than they were measured with: they are a mean over rare
    names and titles that are common words, and few names may all be such words.
    """
    return len(finder) if state != "default" else max(len(finder), null.references)


def units_of(said: Sequence[Said]) -> int:
    """Return how many unrelated texts some are worth, by their words; a Han sign is half of one."""
    words = (len(one.text.split()) + len(UNSPACED.findall(one.text)) // 2 for one in said)
    return sum(max(1, -(-count // WORDS)) for count in words)


def _within(said: Sequence[Said]) -> list[Said]:
    """Return texts as far as they are searched."""
    kept, left = list[Said](), MAX_LETTERS
    for one in said:
        if left > 0:
            kept.append(replace(one, text=one.text[:left]))
            left -= len(one.text)
    return kept


def _scored(index: ReferenceIndex, named: Named) -> Scored:
    seen = NameSeen(
        source=named.source, words=named.words, name=named.name, cue=named.cue, how=named.how
    )
    return Scored(
        index=index,
        record_id=named.record_id,
        image_id=None,
        score=named.score,
        transform=seen.in_words,
        named=seen,
    )
