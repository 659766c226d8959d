"""All that looks at pictures by weights, as some indexes need it, and what is missing of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reference_index import ReferenceIndex
from screening.embedders import embedding_check
from screening.matching import ChannelReport
from screening.people import face_check
from screening.signals import Models


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The models that some indexes need and that are here.

    reports: by channel, what is to be said of it in every screening. remarks: what is to be said
    once, in lines of text.
    """

    models: Models
    reports: Mapping[str, ChannelReport] = field(default_factory=dict, hash=False)
    remarks: tuple[str, ...] = ()


def weights_for(
    indexes: Sequence[ReferenceIndex], *, folder: Path | None = None, runtime: str = "onnx"
) -> Weights:
    """Return what pictures are to be looked at with to search some indexes.

    folder: of weights, by default the user's own. runtime: of embeddings, "onnx" or "torch". Raises
    OtherWeightsError where an index was built with other weights than those here, and
    IndexFormatError where the indexes cannot be searched together.
    """
    faces = face_check(indexes, models=folder)
    pictures = embedding_check(indexes, folder=folder, runtime=runtime)
    return Weights(
        models=Models(faces=faces.model, embeddings=pictures.models),
        reports={**faces.reports, **pictures.reports},
        remarks=(*faces.remarks, *pictures.remarks),
    )
