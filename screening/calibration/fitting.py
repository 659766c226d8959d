"""From the scores of a background to the figures of one channel, and to what is no background."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from reference_index import ReferenceIndex, null_fit
from reference_index.calibration import ChannelCalibration, NullDistribution
from screening.calibration.scores import ImageScores
from screening.matching import default_null, settings_of
from screening.matching.channels import Channel

MIN_IMAGES = 20
"""Images, or prompts, that a channel must have looked at: with fewer nothing can be promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An image or prompt of a background that scores with a record as no unrelated one would.

    It probably shows, or names, what is enrolled. path: of the image, or file and line of the
    prompt. score: raw, on the channel.
    """

    path: str | None
    record_id: str
    channel: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """A channel of an index, as far as its figures depend on it.

    name, unit, discrete: as of a Channel. settings: what its scores depend on. references: how many
    a unit of the background is compared with. default: the figures that ship, None for none.
    telling: fewer references than so many are judged by the figures that ship as if they were so
    many: where references differ much, few may all be of those that score high by chance.
    """

    name: str
    unit: str
    discrete: bool
    settings: str
    references: int
    default: NullDistribution | None
    telling: int = 0

    @classmethod
    def of(cls, channel: Channel, index: ReferenceIndex) -> Self:
        """Return that of a channel that looks at pictures."""
        settings = settings_of(index, channel.name)
        return cls(
            name=channel.name,
            unit=channel.unit,
            discrete=channel.discrete,
            settings=settings or "",
            references=channel.references(index),
            default=default_null(channel.name, settings),
        )

    def suspects(
        self, scores: Sequence[ImageScores], *, seed: int
    ) -> Iterator[tuple[int, Suspect]]:
        """Yield each suspect with the number of its image; none where too few were looked at."""
        looked = [number for number, one in enumerate(scores) if self.name in one.channels]
        if len(looked) < MIN_IMAGES:
            return
        those = [scores[number] for number in looked]
        for place, position in self._improbable(those, seed):
            record_id, score = list(those[place].channels[self.name].items())[position]
            suspect = Suspect(
                path=those[place].path, record_id=record_id, channel=self.name, score=score
            )
            yield looked[place], suspect

    def fitted(
        self, scores: Sequence[ImageScores], *, background: str, seed: int
    ) -> ChannelCalibration:
        """Return the figures. background: the digest of all that was measured."""
        looked = [one for one in scores if self.name in one.channels]
        return null_fit.fit_null(
            self._arrays(looked),
            complete_from=self._complete_from(looked),
            channel=self.name,
            unit=self.unit,
            settings=self.settings,
            references=self.references,
            background=background,
            discrete=self.discrete,
            rng=np.random.default_rng(seed),
            elsewhere=self.default,
        )

    def _improbable(self, scores: Sequence[ImageScores], seed: int) -> list[tuple[int, int]]:
        """Return image and position of the pairs too improbable to be chance.

        They are judged by the other images, or, where too few of these score anything besides, by
        the figures that ship.
        """
        arrays, complete_from = self._arrays(scores), self._complete_from(scores)
        by_default = []
        if self.default:
            limit = self.default.score_at(
                null_fit.SUSPICIOUS / len(arrays), references=max(self.references, self.telling)
            )
            by_default = [
                (image, int(position))
                for image, one in enumerate(arrays)
                for position in np.flatnonzero(one >= limit)
            ]
        # Where so many seem to show what is enrolled, what others than their best record score
        # tells.
        many = len({image for image, _ in by_default}) > len(scores) // null_fit.SUSPECT_SHARE
        telling = sum(int(np.count_nonzero(one > complete_from)) > many for one in arrays)
        if telling <= 2 * null_fit.MIN_IMAGES:
            return by_default
        found = null_fit.suspects(
            arrays,
            complete_from=complete_from,
            references=self.references,
            discrete=self.discrete,
            rng=np.random.default_rng(seed),
        )
        return [(image, position) for image, position, _ in found]

    def _arrays(self, scores: Sequence[ImageScores]) -> list[null_fit.FloatArray]:
        """Return the scores of each image, and an empty array for each further part of one.

        Of several frames, faces or windows each record's best score counts: all together have it.
        """
        arrays = [np.array([*one.channels[self.name].values()], np.float64) for one in scores]
        further = sum(one.units[self.name] - 1 for one in scores)
        return arrays + [np.empty(0, np.float64)] * further

    def _complete_from(self, scores: Sequence[ImageScores]) -> float:
        return max(one.complete_from[self.name] for one in scores)
