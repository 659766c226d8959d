"""Prompts that name nobody: what they score against the names of an index's records."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reference_index import ReferenceIndex
from reference_index.calibration import ChannelCalibration
from screening.calibration.background import Background, background_of, digest
from screening.calibration.fitting import MIN_IMAGES, Fitting, Suspect
from screening.calibration.scores import RECORDS, ImageScores
from screening.errors import CalibrationError, InputInvalidError
from screening.matching import default_null
from screening.matching.name_channel import UNIT, units_of
from screening.matching.settings import NAME_CHANNEL, NAME_SETTINGS
from screening.names import NameFinder, Said, Source
from screening.prompt_files import read_prompts

NEEDED = "to measure one false alarm in 100 prompts takes 1,000 of them, in 1,000 prompts 10,000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A prompt, and where it stands: file and line, which tell it where its text does not."""

    path: str
    text: str


def prompts_in(files: Sequence[Path]) -> tuple[Given, ...]:
    """Return the prompts of some files, in order.

    Raises CalibrationError for fewer than MIN_IMAGES, and InputInvalidError.
    """
    found = []
    for file in files:
        try:
            lines = read_prompts(file)
        except OSError as error:
            raise InputInvalidError(
                f"{file}: cannot be read ({error.strerror}), expected a file of prompts"
            ) from error
        found += [Given(path=f"{file}:{one.line}", text=one.text) for one in lines]
    different = len({one.text for one in found})
    if different < MIN_IMAGES:
        raise CalibrationError(_too_few(", ".join(map(str, files)), different, 0))
    return tuple(found)


def score_prompts(
    prompts: Iterable[Given], finder: NameFinder, *, records: int = RECORDS
) -> Iterator[ImageScores]:
    """Yield what each prompt scores with the names of an index, in order.

    records: how many are kept for each, those that score highest.
    """
    for one in prompts:
        said = (Said(source=Source.PROMPT, text=one.text),)
        found = finder.find(said, min_score=math.inf, best=records)
        missing = len(found) >= records  # others may score as high as the last of these
        yield ImageScores(
            path=one.path,
            sha256=hashlib.sha256(one.text.encode("utf-8", "surrogatepass")).hexdigest(),
            unread=None,
            channels={NAME_CHANNEL: {named.record_id: named.score for named in found}},
            units={NAME_CHANNEL: units_of(said)},
            complete_from={
                NAME_CHANNEL: max(math.nextafter(found[-1].score, math.inf), 0.0)
                if missing
                else 0.0
            },
        )


def fitted_names(
    prompts: Sequence[Given], index: ReferenceIndex, *, seed: int = 0, keep_suspects: bool = False
) -> tuple[ChannelCalibration, Background, tuple[Suspect, ...]]:
    """Return the figures of the name channel that follow from prompts that name nobody.

    With them the prompts, each text once, and those that do seem to name a record, which are left
    out unless keep_suspects. Raises CalibrationError where the index has no names, or where too few
    prompts are left.
    """
    finder = NameFinder(index)
    if not len(finder):
        raise CalibrationError(
            f"{index.path} holds no record with a name to calibrate: enroll works or people first"
        )
    background = background_of(score_prompts(prompts, finder), index)
    names = names_fitting(finder)
    suspected = [*names.suspects(background.kept, seed=seed)]
    left_out = set() if keep_suspects else {number for number, _ in suspected}
    kept = [one for number, one in enumerate(background.kept) if number not in left_out]
    if len(kept) < MIN_IMAGES:
        raise CalibrationError(_too_few(str(index.path), len(kept), len(left_out)))
    calibration = names.fitted(kept, background=digest(kept), seed=seed)
    return calibration, background, tuple(suspect for _, suspect in suspected)


def names_fitting(finder: NameFinder) -> Fitting:
    """Return the name channel of an index, as far as its figures depend on it.

    The titles of a small index may all be common words, of which prompts are full.
    """
    default = default_null(NAME_CHANNEL, NAME_SETTINGS)
    return Fitting(
        name=NAME_CHANNEL,
        unit=UNIT,
        discrete=False,
        settings=NAME_SETTINGS,
        references=len(finder),
        default=default,
        telling=default.references if default else 0,
    )


def _too_few(where: str, count: int, suspected: int) -> str:
    without = f", without {suspected} that seem to name what is enrolled" if suspected else ""
    kept = "; if they do not, count them with --keep-suspects" if suspected else ""
    return (
        f"{where}: {count} different prompts{without}, expected at least {MIN_IMAGES}{kept}; "
        f"{NEEDED}. Name more files of prompts that name nothing enrolled"
    )
