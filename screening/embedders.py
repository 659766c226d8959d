"""Which models look at whole pictures: those that indexes were built with; what is said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reference_index import IndexFormatError, Kind, ReferenceIndex
from reference_index.fingerprint import CONCEPT_PREFIX, EMBEDDING_PREFIX
from screening.errors import ModelMissingError
from screening.matching import ChannelReport, ChannelState
from screening.people import store_at
from screening.signals import SETTINGS
from screening.signals.embeddings import EmbeddingModel, with_settings

WITHOUT = "weights that see what is alike where nothing was copied"
BUILD = "screening models pull recommended, then enroll again into a new index"
WITHOUT_WORDS = "the words of records"
_AGAIN = "enroll its works again into a new index"
WORDS = "weights that read, and pip install 'screening[concept]', then enroll into a new index"

_AMISS = {ChannelState.UNAVAILABLE, ChannelState.WEAK}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingCheck:
    """How far pictures can be compared by the models that some indexes were built with.

    models: those that are here. reports: what is to be said of channels in every screening.
    """

    models: tuple[EmbeddingModel, ...] = ()
    reports: Mapping[str, ChannelReport] = field(default_factory=dict, hash=False)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of it once, in lines of text; not what indexes were built without."""
        said = {one: None for one in self.reports.values() if one.state in _AMISS}
        warnings = dict.fromkeys(model.warning for model in self.models if model.warning)
        return (*(f"{one.reason}: {one.mend}" for one in said), *warnings)


def embedding_check(
    indexes: Sequence[ReferenceIndex], *, folder: Path | None = None, runtime: str = "onnx"
) -> EmbeddingCheck:
    """Return what whole pictures are to be looked at with to search some indexes.

    folder: of weights, the user's own by default. runtime: "onnx" or "torch". Raises
    OtherWeightsError where an index was built with other weights than those here of the same name,
    IndexFormatError where two indexes were, and ModelToolsMissingError where the runtime is not
    installed.
    """
    built = _built(indexes)
    models: list[EmbeddingModel] = []
    reports: dict[str, ChannelReport] = {}
    for name, settings in built.items():
        try:
            models.append(with_settings(store_at(folder), settings, runtime=runtime))
        except ModelMissingError as error:
            report = ChannelReport(
                state=ChannelState.UNAVAILABLE, reason=error.reason, mend=error.mend
            )
            reports |= {f"{prefix}{name}": report for prefix in (EMBEDDING_PREFIX, CONCEPT_PREFIX)}
    reports |= _other_words(indexes, models)
    known = {channel for index in indexes for channel in index.channels}
    reports = {channel: report for channel, report in reports.items() if channel in known}
    for prefix, what, mend in (
        (EMBEDDING_PREFIX, WITHOUT, BUILD),
        (CONCEPT_PREFIX, WITHOUT_WORDS, WORDS),
    ):
        report = _built_without(what, mend, indexes)
        if not any(channel.startswith(prefix) for channel in known):
            name = prefix.removesuffix(":")
            reports[name] = reports.get(EMBEDDING_PREFIX.removesuffix(":"), report)
            continue
        lacking = [index for index in indexes if _lacks(index, prefix)]
        if lacking:
            weak = replace(_built_without(what, mend, lacking), state=ChannelState.WEAK)
            reports |= {
                channel: weak
                for channel in known
                if channel.startswith(prefix) and channel not in reports
            }
    return EmbeddingCheck(models=tuple(models), reports=reports)


def _built(indexes: Sequence[ReferenceIndex]) -> dict[str, str]:
    """Return the settings of each model that some indexes have references of, by its name."""
    found: dict[str, tuple[str, Path]] = {}
    for index in indexes:
        for channel, settings in index.settings.items():
            if not channel.startswith(EMBEDDING_PREFIX):
                continue
            name = channel.removeprefix(EMBEDDING_PREFIX)
            theirs, path = found.setdefault(name, (settings, index.path))
            if theirs != settings:
                raise IndexFormatError(
                    f"{path} was built with {theirs!r}, {index.path} with {settings!r}: one scan "
                    "cannot compare with both; screen against one at a time, or enroll the works "
                    "of one again into a new index by the weights of the other"
                )
    return {name: settings for name, (settings, _) in found.items()}


def _other_words(
    indexes: Sequence[ReferenceIndex], models: Sequence[EmbeddingModel]
) -> dict[str, ChannelReport]:
    """Return what is to be said of concepts whose words were put otherwise than they are here."""
    found = {}
    for model in models:
        channel = f"{CONCEPT_PREFIX}{model.id}"
        for index in indexes:
            if index.settings.get(channel, model.concept_settings) != model.concept_settings:
                reason = f"the words of {index.path} were read with other templates than these"
                found[channel] = ChannelReport(
                    state=ChannelState.UNAVAILABLE, reason=reason, mend=_AGAIN
                )
    return found


def _lacks(index: ReferenceIndex, prefix: str) -> bool:
    """Tell whether pictures of works are in an index, and no channel of that kind."""
    held = any(index.references(channel, without=Kind.CLEARED) for channel in SETTINGS)
    return held and not any(channel.startswith(prefix) for channel in index.channels)


def _built_without(what: str, mend: str, indexes: Sequence[ReferenceIndex]) -> ChannelReport:
    where = " and ".join(str(index.path) for index in indexes)
    where += " was" if len(indexes) == 1 else " were"
    return ChannelReport(
        state=ChannelState.NO_REFERENCES, reason=f"{where} built without {what}", mend=mend
    )
