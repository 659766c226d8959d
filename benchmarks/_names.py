"""What the measures of the name channel share: the prompt corpus, and an index of its records."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from prompt_corpus import Prompt, digest, prompts, records_file

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.calibration import ChannelCalibration
from reference_index.null_fit import fit_null
from screening.enrollment.sources import records_sources
from screening.matching.name_channel import UNIT, units_of
from screening.matching.settings import NAME_CHANNEL, NAME_SETTINGS
from screening.names import Named, NameFinder, Said, Source
from screening.names.folding import fold
from screening.signals import SETTINGS

LEAST = 0.0
"""Scores below are no sign of a name, and left out of all that is measured."""

PER_PHRASE = (3, 2, 1)
"""Prompts of one tempting phrase that count: the first of these at which a tail fits. With all of
them the phrases that the corpus happens to repeat make steps, which no tail fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A prompt, how many texts it counts as, and the records found in it from LEAST on."""

    prompt: Prompt
    units: int
    found: tuple[Named, ...]


def corpus(part: str, *, seed: int) -> list[Prompt]:
    """Return the prompts of one part of the corpus."""
    return [prompt for prompt in prompts(seed) if prompt.part == part]


def corpus_records(folder: Path) -> list[Record]:
    """Return the records of the corpus, as enrollment reads them. folder: any empty one."""
    sources = records_sources(records_file(), folder=folder, kind=Kind.WORK)
    return [source.record for source in sources if source.record]


def enroll_records(index: Path, records: Iterable[Record]) -> None:
    """Write an index of records without pictures."""
    with IndexWriter(index, settings=dict(SETTINGS)) as writer:
        for record in records:
            writer.put_record(record)


def corpus_finder(folder: Path) -> tuple[ReferenceIndex, NameFinder]:
    """Return an index of all records of the corpus, written into a folder, and their names."""
    empty = folder / "no pictures"
    empty.mkdir()
    enroll_records(folder / "corpus.index", corpus_records(empty))
    index = ReferenceIndex.open(folder / "corpus.index")
    return index, NameFinder(index)


def read(given: Sequence[Prompt], finder: NameFinder) -> list[Read]:
    """Return what is found in prompts, in order."""
    done = []
    for prompt in given:
        said = [Said(source=Source.PROMPT, text=prompt.text)]
        found = finder.find(said, min_score=LEAST)
        done.append(Read(prompt=prompt, units=units_of(said), found=tuple(found)))
    return done


def fitted(innocents: Sequence[Read], *, references: int, seed: int) -> ChannelCalibration:
    """Return the null distribution that prompts make which name nobody.

    Prompts in which the same words come closest to the same name were made of one phrase: of these
    at most so many count that a tail fits, drawn by chance, and all of one phrase are resampled
    together.
    """
    for most in PER_PHRASE:
        groups = by_phrase(innocents, most=most, seed=seed)
        kept = [one for those in groups for one in those]
        scores = [
            np.array([named.score for one in those for named in one.found], np.float64)
            for those in groups
        ]
        # what is one array of several prompts still counts as so many
        scores += [np.empty(0, np.float64)] * (sum(one.units for one in kept) - len(groups))
        calibration = fit_null(
            scores,
            complete_from=LEAST,
            channel=NAME_CHANNEL,
            unit=UNIT,
            settings=NAME_SETTINGS,
            references=references,
            background=digest(one.prompt for one in kept),
            discrete=False,
            rng=np.random.default_rng(seed),
        )
        if calibration.goodness_of_fit is not None:
            break
    return calibration


def by_phrase(innocents: Sequence[Read], *, most: int, seed: int) -> list[list[Read]]:
    """Return prompts in groups in which the same words come closest to the same name.

    most: of one phrase. Each prompt in which nothing comes close stands alone.
    """
    groups: dict[object, list[Read]] = {}
    for place in np.random.default_rng(seed).permutation(len(innocents)).tolist():
        one = innocents[place]
        best = one.found[0] if one.found else None
        group = groups.setdefault((best.record_id, fold(best.words).letters) if best else place, [])
        if len(group) < most:
            group.append(one)
    return [*groups.values()]


def halves(done: Iterable[Read]) -> tuple[list[Read], list[Read]]:
    """Return innocent prompts in two halves, those of one phrase in one of them.

    The first is for the null distribution, the second for figures.
    """
    parts: tuple[list[Read], list[Read]] = [], []
    for one in done:
        if not one.prompt.records:
            best = one.found[0] if one.found else None
            phrase = f"{best.record_id} {fold(best.words).letters}" if best else one.prompt.text
            parts[hashlib.sha256(phrase.encode()).digest()[0] % 2].append(one)
    return parts


def names_null(folder: Path, *, seed: int) -> ChannelCalibration:
    """Return the null distribution of names that ships: of part ``tune`` and half of ``report``."""
    index, finder = corpus_finder(folder)
    with index:
        tune = [prompt for prompt in corpus("tune", seed=seed) if not prompt.records]
        first, _ = halves(read(corpus("report", seed=seed), finder))
        return fitted([*read(tune, finder), *first], references=len(finder), seed=seed)
