"""The background: which of the images given are unrelated to an index, and each only once."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reference_index import Kind, ReferenceIndex
from screening.calibration.scores import ImageScores


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What became of the images of a background.

    kept: those to be measured, each file once. duplicates: (path, path of the same file that
    counts). enrolled: paths of files that are reference images themselves. unread: (path, why).
    """

    kept: tuple[ImageScores, ...]
    duplicates: tuple[tuple[str, str], ...]
    enrolled: tuple[str, ...]
    unread: tuple[tuple[str, str], ...]

    @property
    def plain(self) -> tuple[str, ...]:
        """Paths of those kept in which no channel found enough to compare."""
        return tuple(one.path or "" for one in self.kept if not one.channels)

    @property
    def left_out_in_words(self) -> str:
        """How many images were not kept, and why; nothing where all were."""
        counts = (
            (self.enrolled, "enrolled"),
            (self.duplicates, "the same as others"),
            (self.unread, "unread"),
        )
        return ", ".join(f"{len(those)} {what}" for those, what in counts if those)


def background_of(scores: Iterable[ImageScores], index: ReferenceIndex) -> Background:
    """Sort out a background. Reference images of cleared records may well be part of it."""
    references = _digests(index)
    kept: dict[str, ImageScores] = {}
    duplicates, enrolled, unread = [], [], []
    for one in scores:
        path = one.path or "an image without a path"
        if one.unread or one.sha256 is None:
            unread.append((path, one.unread or "nothing was read"))
        elif one.sha256 in references:
            enrolled.append(path)
        elif one.sha256 in kept:
            duplicates.append((path, kept[one.sha256].path or ""))
        else:
            kept[one.sha256] = one
    return Background(
        kept=tuple(kept.values()),
        duplicates=tuple(duplicates),
        enrolled=tuple(enrolled),
        unread=tuple(unread),
    )


def digest(images: Sequence[ImageScores]) -> str:
    """Return the sha256 over the sorted digests of images, in hex."""
    lines = sorted(f"{one.sha256}\n" for one in images)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _digests(index: ReferenceIndex) -> set[str]:
    """Return the digests of all reference images, but for cleared records'."""
    return {
        image.sha256
        for record in index.records()
        if record.kind is not Kind.CLEARED
        for image in index.images(record.id)
    }
