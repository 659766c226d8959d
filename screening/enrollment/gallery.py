"""What enrolling people goes by: the face model of the index, and the people who are in it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from reference_index import IndexFormatError, ReferenceImage, ReferenceIndex
from reference_index.errors import IndexMissingError, UnknownRecordError
from reference_index.fingerprint import FACE_CHANNEL, FaceVectors
from screening.enrollment.outcomes import Outcome
from screening.enrollment.portraits import Portrait, likeness, portrait
from screening.enrollment.sources import Box
from screening.examine import Examined
from screening.people import store_at
from screening.signals.faces import FaceModel, choose, with_settings

_WITHOUT_FACE = Portrait(
    refused=Outcome.WITHOUT_FACE,
    reason="take the record out with 'screening index remove', then enroll it again",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """The model that faces are looked for with, and the index before anything is enrolled."""

    model: FaceModel
    before: ReferenceIndex | None

    def portraits(
        self,
        record_id: str,
        photographs: Sequence[Examined],
        boxes: Mapping[str, Box],
        *,
        has: Callable[[str], bool],
        keep_doubtful: bool,
    ) -> list[Portrait]:
        """Return what is to be enrolled of each photograph of a person.

        boxes: by path, whose face is meant. has: tells by its digest what is enrolled already, and
        doubted no more.
        """
        found = [
            portrait(one.fingerprints, boxes.get(one.path or ""), largest=keep_doubtful)
            for one in photographs
        ]
        digests = [one.sha256 or "" for one in photographs]
        faces = {
            digest: one.vectors
            for digest, one in zip(digests, found, strict=True)
            if one.vectors is not None
        }
        doubtful = {} if keep_doubtful else self._doubtful(record_id, faces)
        refused = {digest: one for digest, one in doubtful.items() if not has(digest)}
        for image in self._images(record_id):
            if image.sha256 in faces and FACE_CHANNEL not in image.channels:
                refused[image.sha256] = _WITHOUT_FACE
        return [refused.get(digest, one) for digest, one in zip(digests, found, strict=True)]

    def _doubtful(self, record_id: str, faces: Mapping[str, FaceVectors]) -> dict[str, Portrait]:
        """Return the photographs that neither another one vouches for nor what is enrolled."""
        known = any(FACE_CHANNEL in image.channels for image in self._images(record_id))
        if len(faces) < (1 if known else 2):
            return {}  # there is nothing to compare
        least = self.model.strangers[1]
        return {
            digest: Portrait(refused=Outcome.OTHER_FACE, reason=_unlike(alike, least))
            for digest, alike in likeness(faces).items()
            if alike < least and not (known and self._is_like(record_id, faces[digest], least))
        }

    def _is_like(self, record_id: str, vectors: FaceVectors, least: float) -> bool:
        """Tell whether all of some faces are like those of a person who is enrolled."""
        assert self.before is not None
        found = self.before.search_faces(vectors, k=0, min_score=least)
        return all(any(one.record_id == record_id for one in near) for near in found)

    def _images(self, record_id: str) -> Sequence[ReferenceImage]:
        """Return the photographs of a person that were enrolled before."""
        if self.before is not None:
            with suppress(UnknownRecordError):
                return self.before.images(record_id)
        return ()


def _unlike(alike: float, least: float) -> str:
    nearest = f" (cosine {alike:.3f})" if alike > -1 else ""
    return f"less like the others{nearest} than 1 in 1,000 pairs of strangers are ({least:.3f})"


@contextmanager
def gallery(index: Path, models: Path | None, wanted: str | None) -> Iterator[Gallery]:
    """Open what there is at a path, if anything, and the model that its faces were found with.

    models: the folder of weights. wanted: the id of those for an index without faces.
    Raises ModelMissingError, and IndexFormatError where the index has faces by other weights.
    """
    store = store_at(models)
    with ExitStack() as stack:
        before = None
        with suppress(IndexMissingError):
            before = stack.enter_context(ReferenceIndex.open(index))
        settings = before and before.settings.get(FACE_CHANNEL)
        model = with_settings(store, settings) if settings else choose(store, wanted)
        if settings and wanted and choose(store, wanted).settings != settings:
            raise IndexFormatError(
                f"{index} holds faces by {model.title}, not by {wanted}: name no face model, or "
                f"enroll its people again into a new index"
            )
        yield Gallery(model=model, before=before)
