"""An index of records with names and no pictures, made once for all tests of a run."""

import atexit
import math
import shutil
import tempfile
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.calibration import Calibration, ChannelCalibration, NullDistribution
from screening.matching.settings import NAME_CHANNEL, NAME_SETTINGS
from screening.names import Named, NameFinder, Said, Source, lexicon
from screening.signals import SETTINGS

# The word lists are read for every index, which takes 2 s, and are the same: once is enough here.
lexicon._listed = cache(lexicon._listed)

HIGHEST = 16.0


def _of(kind: Kind, id_: str, title: str, *aliases: str, **fields: object) -> Record:
    return Record(id=id_, kind=kind, title=title, aliases=aliases, **fields)


def work(id_: str, title: str, *aliases: str, holder: str = "") -> Record:
    """Return a work."""
    return _of(Kind.WORK, id_, title, *aliases, rights_holder=holder)


def person(id_: str, title: str, *aliases: str, status: str = "public-figure") -> Record:
    """Return a person."""
    return _of(Kind.PERSON, id_, title, *aliases, status=status)


RECORDS = (
    work("potter", "Harry Potter and the Philosopher's Stone", "Harry Potter", holder="Warner"),
    work("rashomon", "Rashomon", "羅生門"),
    work("spider", "Spider-Man", "スパイダーマン", holder="Marvel"),
    work("wave", "The Great Wave off Kanagawa", "神奈川沖浪裏"),
    work("heat", "Heat"),
    work("frozen", "Frozen", holder="Disney"),
    work("wars", "Star Wars: The Empire Strikes Back", holder="Lucasfilm"),
    work("totoro", "My Neighbor Totoro", "となりのトトロ", "トトロ"),
    work("parasite", "Parasite", "기생충"),
    work("nosferatu", "Nosferatu"),
    person("dali", "Salvador Dalí", status="deceased"),
    person("gogh", "Vincent van Gogh", status="deceased"),
    person("rutkowski", "Greg Rutkowski"),
    person("tarkovsky", "Andrei Tarkovsky", "Андрей Тарковский", status="deceased"),
    person("bong", "Bong Joon-ho", "봉준호"),
    person("rose", "Amelia Rose"),
    person("cher", "Cher"),
    person("muller", "Jörg Müllerhoff"),
    person("talent", "Marisela Okonjova", status="talent"),
    person("crew", "Tovah Lindqvarn", status="crew"),
    person("minor", "Quillon Averbeck", status="minor"),
    _of(Kind.KEY_ELEMENT, "compass", "The Vexlorian Compass"),
    _of(Kind.KEY_ELEMENT, "inn", "Grimbleford Inn"),
    _of(Kind.CLEARED, "cleared", "Zorvathian Harbor"),
    _of(Kind.TEMPORARY, "temporary", "Blenquist Placeholder"),
    _of(
        Kind.PERSON, "expired", "Brunhildis Gonefar", status="public-figure",
        retain_until=date(2020, 1, 1),
    ),
)  # fmt: skip


def name_null(
    *, settings: str = NAME_SETTINGS, tail: float | None = 1.0, highest: float = HIGHEST
) -> NullDistribution:
    """Return figures made up so that what scores beyond ``highest`` bits is soon rare."""
    return NullDistribution(
        channel=NAME_CHANNEL,
        unit="bits of surprise",
        settings=settings,
        scores=(0.0, highest),
        rates=(1.0, 1e-3),
        tail_scale=tail,
        tail_shape=None if tail is None else 0.0,
        floor=1e-3 if tail is None else 0.0,
        images=1000,
        references=20,
        pairs=20_000,
        background="0" * 64,
    )


def names_index(
    path: Path,
    records: Iterable[Record] = RECORDS,
    *,
    null: NullDistribution | None = None,
) -> Path:
    """Make an index of records without pictures at a path, calibrated for names where told."""
    with IndexWriter(path, settings=SETTINGS) as writer:
        for record in records:
            writer.put_record(record)
    if null is not None:
        calibrate(path, null)
    return path


def calibrate(path: Path, null: NullDistribution) -> None:
    """Let null figures be an index's own ones for names."""
    with ReferenceIndex.open(path) as index:
        uuid, next_id = index.uuid, index.next_id
    with IndexWriter(path, settings=None) as writer:
        own = Calibration(
            index_uuid=uuid,
            next_id=next_id,
            created="2026-01-01T00:00:00Z",
            version="0",
            background="0" * 64,
            images=1000,
            channels={
                NAME_CHANNEL: ChannelCalibration(null=null, thresholds=(), goodness_of_fit=None)
            },
        )
        writer.put_calibration(own, next_id=next_id)


@cache
def shared_index() -> Path:
    """Return the index of RECORDS, calibrated, which is only to be read."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return names_index(folder / "names.index", null=name_null())


@cache
def finder() -> NameFinder:
    """Return what finds the names of RECORDS."""
    return NameFinder(ReferenceIndex.open(shared_index()))


def found(
    text: str, *, source: Source = Source.PROMPT, min_score: float = -math.inf
) -> dict[str, Named]:
    """Return what a text names, by record, the best first."""
    named = finder().find([Said(source=source, text=text)], min_score=min_score)
    return {one.record_id: one for one in named}
