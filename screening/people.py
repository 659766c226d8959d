"""Who looks for people: the face model that some indexes need, and what to say where it is weak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reference_index import IndexFormatError, ReferenceIndex
from reference_index.fingerprint import FACE_CHANNEL
from screening.errors import ModelMissingError
from screening.matching import ChannelReport, ChannelState
from screening.matching.settings import DRAWN_FACE_CHANNEL
from screening.models import Card, ModelStore
from screening.signals.faces import FaceModel, with_settings

_STRONGER = "screening models import FILE, then enroll the people again into a new index"

_PHOTOGRAPHS = "screening enroll INDEX FOLDER with photographs that show them"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceCheck:
    """How far faces can be compared with the people of some indexes.

    model: what to look for faces with, None where nobody is enrolled or the model is missing.
    reports: what is to be said of the face channels in every screening.
    """

    model: FaceModel | None = None
    reports: Mapping[str, ChannelReport] = field(default_factory=dict, hash=False)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of it once, in lines of text."""
        said = dict.fromkeys(self.reports.values())
        lines = [f"{one.reason}: {one.mend}" for one in said]
        return (*lines, *(self.model.warnings if self.model else ()))


def face_check(indexes: Sequence[ReferenceIndex], *, models: Path | None = None) -> FaceCheck:
    """Return what faces are to be looked for with to find the people of some indexes.

    models: the folder of weights. Raises IndexFormatError where they hold faces by several models.
    """
    settings = _settings([index for index in indexes if index.references(FACE_CHANNEL)])
    faceless = sum(index.faceless for index in indexes)
    if settings is None:
        return _without(faceless, ChannelState.UNAVAILABLE)
    try:
        model = with_settings(store_at(models), settings)
    except ModelMissingError as error:
        reason = f"people: not checked ({error.reason})"
        return FaceCheck(reports=_both(ChannelState.UNAVAILABLE, reason, error.mend))
    check = checked(model)
    if check.reports:
        return check
    return replace(_without(faceless, ChannelState.WEAK), model=model)


def checked(model: FaceModel) -> FaceCheck:
    """Return what is to be said of a model that is here."""
    if not model.weak:
        return FaceCheck(model=model)
    reason = f"people: weak check ({model.title})"
    return FaceCheck(model=model, reports=_both(ChannelState.WEAK, reason, _STRONGER))


def store_at(models: Path | None) -> ModelStore:
    """Return the model store in a folder, by default the user's own."""
    return ModelStore(models) if models else ModelStore()


def cards_of(settings: str, store: ModelStore) -> tuple[Card, ...]:
    """Return the cards of the weights that the settings of faces name, those that are known."""
    return tuple(card for card in store.cards() if f"{card.mark}," in settings)


def _settings(indexes: Sequence[ReferenceIndex]) -> str | None:
    """Return the settings that the faces of all indexes have; None where there are no indexes."""
    for index in indexes[1:]:
        ours, theirs = indexes[0].settings[FACE_CHANNEL], index.settings[FACE_CHANNEL]
        if ours != theirs:
            raise IndexFormatError(
                f"{indexes[0].path} holds faces by {ours!r}, {index.path} by {theirs!r}: one scan "
                "cannot compare with both; screen against one at a time, or enroll the people of "
                "one again into a new index by the weights of the other (--face-model ID)"
            )
    return indexes[0].settings[FACE_CHANNEL] if indexes else None


def _without(faceless: int, state: ChannelState) -> FaceCheck:
    """Return what is to be said of so many people without a face; nothing where all have one."""
    if not faceless:
        return FaceCheck()
    reason = f"people without a face in the index, who are not looked for by it: {faceless}"
    return FaceCheck(reports=_both(state, reason, _PHOTOGRAPHS))


def _both(state: ChannelState, reason: str, mend: str) -> dict[str, ChannelReport]:
    report = ChannelReport(state=state, reason=reason, mend=mend)
    return dict.fromkeys((FACE_CHANNEL, DRAWN_FACE_CHANNEL), report)
