"""Bundles read: everything in one is verified before anything in the store is changed."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from screening.errors import BundleError, ModelCardError
from screening.models.bundle import CHUNK, FORMAT, MANIFEST
from screening.models.cards import Card, card_of, shipped_cards
from screening.models.conversion import SUFFIX, Conversion, StoredFile, conversion_of
from screening.models.staging import locked, put_into_place, staging
from screening.models.store import ModelStore

MOST_TEXT = 1 << 20
"""Bytes of a manifest, card or record; 4 kB are common."""
LOCK = "import"

Entries = Mapping[str, StoredFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Weights that came in a bundle. new: whether they were not there before."""

    id: str
    warning: str
    new: bool


def read_bundle(store: ModelStore, bundle: Path) -> tuple[Imported, ...]:
    """Copy all weights of a bundle into the store; what is there already stays as it is.

    Raises BundleError, which names the file, where anything in it is not as its manifest says, is
    of no known kind, or is called as other weights that are here; ModelStoreError where the store
    cannot be written to. Nothing is changed then.
    """
    with _archive(bundle) as archive:
        entries = _entries(bundle, archive)
        with store.writing(), ExitStack() as held:
            held.enter_context(locked(store.folder, LOCK))
            aside = held.enter_context(staging(store.folder, LOCK))
            for entry in entries.values():
                keep = _is_text(entry.file) or not store.file_of(entry)
                _extract(bundle, archive, entry, aside / entry.file if keep else None)
            contents = _contents(bundle, entries, aside)
            for one in sorted({one.id for one in contents}):
                held.enter_context(locked(store.folder, one))
            imported = tuple(_described(store, bundle, one) for one in contents)
            new = [one for one, said in zip(contents, imported, strict=True) if said.new]
            _place(store, bundle, new, entries, aside)
    return imported


@contextmanager
def _archive(bundle: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(bundle) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise BundleError(
            f"{bundle}: is cut short or damaged ({error}); copy it again and compare its sha256"
        ) from error


def _entries(bundle: Path, archive: zipfile.ZipFile) -> Entries:
    """Return what the manifest says is there, once the archive is found to hold just that."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    for info in infos:
        if names.count(info.filename) > 1:
            raise BundleError(f"{bundle}: holds {info.filename!r} twice; export it again")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise BundleError(
                f"{bundle}: {info.filename!r} is compressed or encrypted, expected plain bytes; "
                f"export it again"
            )
    try:
        files = _listed(archive, infos)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BundleError(
            f"{bundle}: is no bundle that this version knows ({error}); export it again"
        ) from error
    entries = {file.file: file for file in files}
    sizes = {info.filename: info.file_size for info in infos[1:]}
    if len(entries) != len(files) or sizes != {name: file.bytes for name, file in entries.items()}:
        wrong = sorted({*sizes} ^ {*entries}) or sorted(
            name for name in sizes if sizes[name] != entries[name].bytes
        )
        raise BundleError(
            f"{bundle}: holds other files than its manifest says ({', '.join(map(repr, wrong))}); "
            f"export it again"
        )
    return entries


def _listed(archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo]) -> list[StoredFile]:
    """Return what the manifest says. Raises ValueError, TypeError, KeyError or AttributeError."""
    if not infos or infos[0].filename != MANIFEST or infos[0].file_size > MOST_TEXT:
        raise ValueError(f"does not begin with {MANIFEST}")
    table = json.loads(archive.read(MANIFEST))
    if table["format"] != FORMAT:
        raise ValueError(f"is of format {table['format']!r}, expected {FORMAT}")
    return [StoredFile(**entry) for entry in table["files"]]


def _extract(bundle: Path, archive: zipfile.ZipFile, entry: StoredFile, to: Path | None) -> None:
    """Verify a file of a bundle, and write it unless to is None."""
    digest = hashlib.sha256()
    try:
        with archive.open(entry.file) as source, (to or Path(os.devnull)).open("wb") as copy:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        altered = digest.hexdigest() != entry.sha256
    except (zipfile.BadZipFile, EOFError):
        altered = True
    if altered:
        raise BundleError(
            f"{bundle}: {entry.file} is not what was exported; copy the bundle again and compare "
            f"its sha256"
        )


def _contents(bundle: Path, entries: Entries, aside: Path) -> list[Card | Conversion]:
    """Return the weights in a bundle, once every file is found to belong to one of them."""
    texts = {name: _text(bundle, aside / name) for name in entries if _is_text(name)}
    found: list[Card | Conversion] = []
    cards = list(shipped_cards())
    try:
        for name, text in texts.items():
            if name.endswith(SUFFIX):
                found.append(conversion_of(name, text))
            else:
                cards.append(card_of(name, name.removesuffix(".toml"), text))
    except ModelCardError as error:
        raise BundleError(f"{bundle}: {error}") from error
    for card in cards:
        entry = entries.get(card.file)
        if entry and (entry.sha256, entry.bytes) == (card.sha256, card.bytes):
            found.append(card)
    owned = {name for one in found for name in _names_of(bundle, one, entries)}
    if strays := sorted({*entries} - owned):
        raise BundleError(f"{bundle}: {strays[0]} belongs to no weights in it; export it again")
    return found


def _names_of(bundle: Path, one: Card | Conversion, entries: Entries) -> set[str]:
    """Return the names of the files of weights that came; all must, but a checkpoint."""
    if isinstance(one, Card):
        return {one.file} if one in shipped_cards() else {one.file, f"{one.id}.toml"}
    names = {one.record}
    conversion = one
    for role, file in conversion.files.items():
        if entries.get(file.file) == file:
            names.add(file.file)
        elif role != "checkpoint" or file.file in entries:
            raise BundleError(
                f"{bundle}: {file.file} of {conversion.id} is not in it as recorded; export it "
                f"again"
            )
    return names


def _text(bundle: Path, file: Path) -> str:
    if file.stat().st_size > MOST_TEXT:
        raise BundleError(f"{bundle}: {file.name} is too long for what it should be")
    try:
        return file.read_text(encoding="utf-8")
    except ValueError as error:
        raise BundleError(f"{bundle}: {file.name} cannot be read ({error})") from error


def _described(store: ModelStore, bundle: Path, one: Card | Conversion) -> Imported:
    """Return what is to be said of weights that came, and refuse other ones of a known id."""
    if isinstance(one, Conversion):
        there = store.conversion(one.id)
        card = store.card(one.id)
        clash = (there is not None and there.checkpoint.sha256 != one.checkpoint.sha256) or (
            card is not None and not card.embeds_pictures
        )
        new = there is None or bool(store.lacking(there))
    else:
        clash = store.card(one.id) not in {None, one} or store.conversion(one.id) is not None
        there_is = store.find(one)
        new = there_is is None or there_is.parent != store.folder
    if clash:
        raise BundleError(
            f"{bundle}: {one.id} is here already with other weights; remove those from "
            f"{store.folder} first"
        )
    return Imported(id=one.id, warning=one.warning, new=new)


def _place(
    store: ModelStore,
    bundle: Path,
    new: Sequence[Card | Conversion],
    entries: Entries,
    aside: Path,
) -> None:
    """Move what is not there into place; what makes it count comes last."""
    whole = _whole(store)
    names = {name for one in new for name in _names_of(bundle, one, entries)}
    moves = []
    for name in sorted(names, key=lambda name: (_is_text(name), name)):
        if store.file_of(entries[name]):
            continue
        if name in whole:
            raise BundleError(f"{bundle}: {name} is here already, and is another file; refused")
        moves.append((aside / name, store.folder / name))
    if moves:
        put_into_place(moves)


def _whole(store: ModelStore) -> set[str]:
    """Return the names of the files in the store that are what they should be."""
    whole = {path.name for card in store.cards() if (path := store.find(card))}
    for conversion in store.conversions():
        whole |= {file.file for file in conversion.files.values() if store.file_of(file)}
    return whole


def _is_text(name: str) -> bool:
    return name.endswith((SUFFIX, ".toml"))
