"""Measures the null distributions that ship, screening/matching/nulls/*.json, and writes them.

The photographs, paintings and cartoons are split by a seeded permutation of their names. Each half
is enrolled and the other half screened against it, by the code of the product; what both score is
fitted together. So are the people of the face photographs, with every face model at hand; paintings
and cartoons tell what drawn faces do. Names are measured on prompts that name nobody, part "tune"
of prompt_corpus, against all its records, which needs no measuring data: --only name makes them
alone, and leaves the record of the others as it is. With --check nothing is measured.
"""

import csv
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from _common import ROOT, TWICE, digest, environment, parser, pictures, shared_data, write
from _names import names_null
from PIL import Image

from reference_index import Kind, Record, ReferenceIndex
from reference_index.calibration import ChannelCalibration
from reference_index.fingerprint import EMBEDDING_PREFIX
from reference_index.null_fit import fit_null
from screening.calibration import ImageScores, score_files
from screening.enrollment import Source, enroll
from screening.errors import ModelMissingError
from screening.evaluation.attacks import ATTACKS, Family
from screening.images import Seen
from screening.matching import CHANNELS, SETTINGS, channels_of, default_null, settings_of
from screening.matching.settings import NAME_CHANNEL, NAME_SETTINGS, settings_with
from screening.matching.vector_channel import vector_channel
from screening.models import ModelStore, shipped_conversions
from screening.signals import Models
from screening.signals.embeddings import choose as choose_embedder
from screening.signals.faces import FaceModel, choose
from screening.weights import weights_for

NULLS = ROOT / "screening" / "matching" / "nulls"
PACKS = ("photos", "art")
FACES = ("face", "face-drawn")

Half = tuple[list[ImageScores], dict[str, int]]


def main() -> int:
    """Measure and write, or check; 1 where a file is of other settings."""
    options = parser("ship_nulls", __doc__ or "")
    options.add_argument("--check", action="store_true", help="only tell whether they are current")
    options.add_argument("--only", choices=(NAME_CHANNEL,), help="measure this channel alone")
    options.add_argument("--workers", type=int, help="decoding processes, one per processor")
    chosen = options.parse_args()
    if chosen.check:
        return check(chosen.only)
    if chosen.only:
        about = environment(seeds=[chosen.seed], data_sha256=None)
        record = json.loads(chosen.output.read_text()) if chosen.output.exists() else about
        ship_names(record, chosen.seed)
        record[NAME_CHANNEL] |= {name: about[name] for name in ("date_utc", "git")}
        write(chosen.output, record)
        return 0
    names = [name for pack in PACKS for name in pictures(pack)]
    order = np.random.default_rng(chosen.seed).permutation(len(names)).tolist()
    middle = len(order) // 2
    one, other = [sorted(names[i] for i in part) for part in (order[:middle], order[middle:])]
    halves = [
        measured(one, other, workers=chosen.workers),
        measured(other, one, workers=chosen.workers),
    ]
    background = digest(names)
    record = environment(seeds=[chosen.seed], data_sha256=background)
    for name, settings in current().items():
        calibration = fitted(name, halves, background, chosen.seed, settings)
        ship(name.replace(":", "."), calibration, record)
    with tempfile.TemporaryDirectory() as folder:
        for model in models():
            for channel, calibration in people(model, Path(folder), chosen.seed).items():
                ship(f"{channel}.{model.id}", calibration, record)
    ship_names(record, chosen.seed)
    write(chosen.output, record)
    return 0


def ship(name: str, calibration: ChannelCalibration, record: dict[str, Any]) -> None:
    """Write a null distribution into the package, and tell of it."""
    record[name] = figures(calibration)
    text = calibration.null.to_json() + "\n"
    (NULLS / f"{name}.json").write_text(text, encoding="utf-8")
    show(name, calibration)


def ship_names(record: dict[str, Any], seed: int) -> None:
    """Write the null distribution of names into the package."""
    with tempfile.TemporaryDirectory() as folder:
        ship(NAME_CHANNEL, names_null(Path(folder), seed=seed), record)


def measured(enrolled: Sequence[str], background: Sequence[str], *, workers: int | None) -> Half:
    """Return what pictures score against an index of others, and its references by channel."""
    data = shared_data()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "works.index"
        sources = (
            Source(
                record=Record(id=name, kind=Kind.WORK, title=name),
                files=(Seen(path=str(data / name)),),
            )
            for name in enrolled
        )
        embedders = [one.id for one in shipped_conversions()]
        enroll(path, sources, workers=workers, embeddings=embedders)
        with ReferenceIndex.open(path) as index:
            files = (Seen(path=str(data / name)) for name in background)
            models = weights_for([index]).models
            scores = list(score_files(files, index, workers=workers, models=models))
            return scores, {one.name: one.references(index) for one in channels_of([index])}


def models() -> list[FaceModel]:
    """Return the face models at hand of those whose figures ship."""
    store = ModelStore(shared_data().parent / "models")
    found = []
    for card in store.cards():
        with suppress(ModelMissingError):
            if card.task == "face-embedding":
                found.append(choose(store, card.id))
    return found


def people(model: FaceModel, folder: Path, seed: int) -> dict[str, ChannelCalibration]:
    """Return the null distributions of the face channels with a model.

    Each half of the people is enrolled, and the other half's photographs are searched with, and
    drawn from: stylized, sketched and painted over, and paintings and cartoons besides.
    """
    photographs = by_identity()
    names = np.random.default_rng(seed).permutation(sorted(photographs)).tolist()
    art = [shared_data() / name for name in pictures("art")]
    halves: list[Half] = []
    for number, (one, other) in enumerate(((names[::2], names[1::2]), (names[1::2], names[::2]))):
        path = folder / f"{model.id} {number}.index"
        sources = (
            Source(
                record=Record(id=name, kind=Kind.PERSON, title="somebody"),
                files=tuple(Seen(path=str(file)) for file in photographs[name]),
            )
            for name in one
        )
        enroll(path, sources, models=shared_data().parent / "models", face_model=model.id)
        strangers = [file for name in other for file in photographs[name]]
        drawn = folder / f"{number}"
        made = drawings(strangers, drawn) if not drawn.exists() else sorted(drawn.iterdir())
        with ReferenceIndex.open(path) as index:
            files = (Seen(path=str(file)) for file in (*strangers, *made, *art))
            scores = list(score_files(files, index, models=Models(faces=model)))
            halves.append((scores, dict.fromkeys(FACES, index.person_count)))
            settings = {name: settings_of(index, name) or "" for name in FACES}
    background = digest([*map(relative, (f for fs in photographs.values() for f in fs))])
    return {name: fitted(name, halves, background, seed, settings[name]) for name in FACES}


def by_identity() -> dict[str, list[Path]]:
    """Return the photographs of each of the pack's people, at most two."""
    folder = shared_data() / "faces"
    found: dict[str, list[Path]] = {}
    with (folder / "index.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["file"] != TWICE:
                found.setdefault(row["identity"], []).append(folder / row["file"])
    return {name: files[:2] for name, files in found.items()}


def relative(file: Path) -> str:
    """Return the name of a file in the measuring data."""
    return file.relative_to(shared_data()).as_posix()


def drawings(photographs: Sequence[Path], folder: Path) -> list[Path]:
    """Write a drawn version of each photograph, in turns by every way there is."""
    folder.mkdir()
    ways = [attack for attack in ATTACKS if attack.family is Family.STYLIZATION]
    made = []
    for number, file in enumerate(photographs):
        attack = ways[number % len(ways)]
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("RGB"))
        rng = np.random.default_rng(number)
        made.append(folder / f"{number:05}.png")
        Image.fromarray(attack.apply(pixels, rng, [])).save(made[-1])
    return made


def fitted(
    name: str, halves: Sequence[Half], background: str, seed: int, settings: str
) -> ChannelCalibration:
    """Return the null distribution of a channel that both halves make together."""
    plain = {channel.name: channel for channel in CHANNELS}
    channel = plain.get(name) or vector_channel(name)
    looked = [one for scores, _ in halves for one in scores if name in one.channels]
    further = sum(one.units[name] - 1 for one in looked)
    return fit_null(
        [
            *(np.array([*one.channels[name].values()], np.float64) for one in looked),
            *([np.empty(0, np.float64)] * further),
        ],
        complete_from=max(one.complete_from[name] for one in looked),
        channel=name,
        unit=channel.unit,
        settings=settings,
        references=round(float(np.mean([references[name] for _, references in halves]))),
        background=background,
        discrete=channel.discrete,
        rng=np.random.default_rng(seed),
    )


def current() -> dict[str, str]:
    """Return the settings of this version's channels that need nothing fetched."""
    own = [choose_embedder(ModelStore(), one.id) for one in shipped_conversions()]
    names = {f"{EMBEDDING_PREFIX}{model.id}": model.settings for model in own}
    return {**SETTINGS, **{name: settings_with(name, built) for name, built in names.items()}}


def figures(calibration: ChannelCalibration) -> dict[str, Any]:
    """Return what was measured of a channel, but for the rows, which ship."""
    values = asdict(calibration)
    null = values["null"]
    return values | {"null": {name: null[name] for name in null if name not in {"scores", "rates"}}}


def show(name: str, calibration: ChannelCalibration) -> None:
    """Print what was written of a channel."""
    null = calibration.null
    what = "prompts against {} records" if name == NAME_CHANNEL else "images against {} references"
    print(f"{name}: {null.images} {what.format(null.references)}, in {null.unit}")
    print(f"  tail: scale {null.tail_scale}, shape {null.tail_shape}; beyond {null.scores[-1]}")
    print(f"  goodness of fit: {calibration.goodness_of_fit}")
    for threshold in calibration.thresholds:
        print(
            f"  {threshold.promised:g}: {threshold.min_score} [{threshold.low}, {threshold.high}]"
        )


def check(only: str | None) -> int:
    """Tell of each file, or of one channel's, whether it is of this checkout's settings."""
    stale = False
    for channel, settings in {**current(), NAME_CHANNEL: NAME_SETTINGS}.items():
        if only in {None, channel}:
            known = default_null(channel, settings) is not None
            stale |= not known
            print(
                f"{channel}: {'current' if known else 'of other settings: run scripts/ship_nulls'}"
            )
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
