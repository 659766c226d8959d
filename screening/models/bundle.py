"""Bundles: weights in one file, to be carried to a machine without a network.

A bundle is a plain zip without compression. Its first entry is a manifest with the sha256 and size
of every other; the others are the files of the store, under their names.
"""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from screening.errors import BundleError, InputInvalidError
from screening.models.cards import Card, card_text, shipped_cards
from screening.models.conversion import Conversion, StoredFile, conversion_text
from screening.models.store import ModelStore, file_sha256

MANIFEST = "screening-weights.json"
FORMAT = 1
CHUNK = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)  # the same weights give the same bytes
_MAGIC = b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A file of a bundle, and where its bytes are."""

    entry: StoredFile
    path: Path | None = None
    content: bytes = b""


def is_bundle(file: Path) -> bool:
    """Tell whether a file begins as a bundle does, whole or not."""
    with file.open("rb") as stream:
        start = stream.read(30 + len(MANIFEST))
    return start[:4] == _MAGIC and start[30:] == MANIFEST.encode()


def write_bundle(
    store: ModelStore, bundle: Path, ids: Sequence[str] = (), *, checkpoints: bool = True
) -> tuple[tuple[str, ...], str]:
    """Write weights of a store into one file; return their ids and the hex sha256 of the file.

    ids: by default of all weights in the folder; those in installed packages go where they are
    named. checkpoints: also those, which only torch needs. The same weights give the same bytes.
    All is written or nothing. Raises InputInvalidError for ids that are not here, BundleError where
    a file was altered since it came, or the bundle cannot be written.
    """
    packed = _packed(store, ids, checkpoints=checkpoints)
    try:
        with tempfile.NamedTemporaryFile(
            dir=bundle.parent, prefix=f".{bundle.name}.", suffix=".partial", delete=False
        ) as stream:
            partial = Path(stream.name)
            try:
                _write(stream, packed)
                stream.flush()
                os.fsync(stream.fileno())
                digest = file_sha256(partial)
                partial.chmod(0o644)
                partial.replace(bundle)
            finally:
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise BundleError(
            f"{bundle}: cannot be written ({error.strerror or error}); make room or permit writing "
            f"there, or name another file"
        ) from error
    return tuple(packed), digest


def _packed(
    store: ModelStore, ids: Sequence[str], *, checkpoints: bool
) -> dict[str, tuple[Packed, ...]]:
    """Return by id what goes into a bundle, in the order of the ids."""
    conversions = {one.id: one for one in store.brought()}
    cards = {card.id: (card, path) for card in store.cards() if (path := store.find(card))}
    own = [name for name, (_, path) in cards.items() if path.parent == store.folder]
    packed = {}
    for name in sorted(set(ids) or {*conversions, *own}):
        if name in conversions:
            packed[name] = _of_conversion(store, conversions[name], checkpoints=checkpoints)
        elif name in cards:
            packed[name] = _of_card(*cards[name])
        else:
            raise InputInvalidError(
                f"{name} is not in {store.folder}; see 'screening models list' for what is"
            )
    if not packed:
        raise InputInvalidError(f"{store.folder} holds no weights, so there is nothing to export")
    return packed


def _of_card(card: Card, path: Path) -> tuple[Packed, ...]:
    weights = Packed(
        entry=StoredFile(file=card.file, sha256=card.sha256, bytes=card.bytes), path=path
    )
    return (
        (weights,)
        if card in shipped_cards()
        else (weights, _text(f"{card.id}.toml", card_text(card)))
    )


def _of_conversion(
    store: ModelStore, conversion: Conversion, *, checkpoints: bool
) -> tuple[Packed, ...]:
    if lacking := store.lacking(conversion):
        raise BundleError(
            f"{store.folder / lacking[0]}: is missing or altered; remove "
            f"{conversion.record}, then pull or import {conversion.id} again"
        )
    files = conversion.files
    if not (checkpoints and store.file_of(conversion.checkpoint)):
        del files["checkpoint"]
    return (
        *(Packed(entry=file, path=store.folder / file.file) for file in files.values()),
        _text(conversion.record, conversion_text(conversion)),
    )


def _text(name: str, text: str) -> Packed:
    content = text.encode()
    digest = hashlib.sha256(content).hexdigest()
    return Packed(entry=StoredFile(file=name, sha256=digest, bytes=len(content)), content=content)


def _write(stream: IO[bytes], packed: dict[str, tuple[Packed, ...]]) -> None:
    files = {one.entry.file: one for parts in packed.values() for one in parts}
    manifest = {
        "format": FORMAT,
        "models": list(packed),
        "files": [asdict(files[name].entry) for name in sorted(files)],
    }
    text = _text(MANIFEST, json.dumps(manifest, indent=1) + "\n")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for one in (text, *(files[name] for name in sorted(files))):
            info = zipfile.ZipInfo(one.entry.file, _DATE)
            info.external_attr = 0o644 << 16
            info.create_system = 3  # whatever machine it is written on
            info.file_size = one.entry.bytes
            digest = hashlib.sha256()
            with archive.open(info, "w") as to:
                for chunk in _chunks(one):
                    digest.update(chunk)
                    to.write(chunk)
            if digest.hexdigest() != one.entry.sha256:
                raise BundleError(
                    f"{one.path}: was altered while it was read; run 'screening models verify'"
                )


def _chunks(packed: Packed) -> Iterator[bytes]:
    if packed.path is None:
        yield packed.content
        return
    with packed.path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
