"""The model store: one folder of weights, each file known by its sha256, whatever its name."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from screening.errors import ModelBrokenError, ModelCardError, ModelStoreError
from screening.models.cards import Card, card_text, read_card, shipped_cards
from screening.models.conversion import SUFFIX, Conversion, StoredFile, conversion_of

VARIABLE = "SCREENING_MODELS"
SHIPPED = Path(__file__).parent / "own"
"""Where weights are that ship with the package, in the same form as in a store."""


def default_folder() -> Path:
    """Return the folder that SCREENING_MODELS names, else one among the user's data."""
    from platformdirs import user_data_path

    named = os.environ.get(VARIABLE)
    return Path(named) if named else user_data_path("screening") / "models"


@dataclass(frozen=True, slots=True)
class ModelStore:
    """A folder of weights, and of the cards ``ID.toml`` of those that no shipped card describes.

    It need not exist to be looked into. Nothing is ever fetched from a network. Weights for whole
    pictures are there as conversions: ``ID.converted.json`` and the files that it names. To every
    store belong those that ship with the package.
    """

    folder: Path = field(default_factory=default_folder)

    def cards(self) -> tuple[Card, ...]:
        """Return the cards that ship, then those of the store by id. Raises ModelCardError."""
        return (*shipped_cards(), *map(self._own_card, self._card_files()))

    def card(self, card_id: str) -> Card | None:
        """Return the card of this id, if there is one. Raises ModelCardError."""
        return next((card for card in self.cards() if card.id == card_id), None)

    def card_for(self, file: Path) -> Card | None:
        """Return the card that a file anywhere belongs to. Raises ModelCardError and OSError."""
        digest = file_sha256(file)
        return next((card for card in self.cards() if card.sha256 == digest), None)

    def find(self, card: Card) -> Path | None:
        """Return where the weights of a card are, in the store or in the package it names.

        Only files of the size that the card says are opened.
        """
        if not card.sha256:
            return None
        return next(
            (file for file in self._candidates(card) if _is(file, card.sha256, card.bytes)), None
        )

    def conversions(self) -> tuple[Conversion, ...]:
        """Return all readable conversions, the best first, then those that ship."""
        brought = self.brought()
        known = {one.id for one in brought}
        return (*brought, *(one for one in shipped_conversions() if one.id not in known))

    def brought(self) -> tuple[Conversion, ...]:
        """Return those in the folder: recommended weights first, then free for commerce."""
        found = [one for file in _records(self.folder) if (one := _readable(file))]
        recommended = {card.id for card in shipped_cards() if card.recommended}
        return tuple(
            sorted(
                found, key=lambda one: (one.id not in recommended, not one.commercial_use, one.id)
            )
        )

    def home(self, conversion: Conversion) -> Path:
        """Return the folder of a conversion: this one, or that of weights that ship."""
        return SHIPPED if conversion in shipped_conversions() else self.folder

    def conversion(self, conversion_id: str) -> Conversion | None:
        """Return the conversion of this id, if there is a readable one."""
        return next((one for one in self.conversions() if one.id == conversion_id), None)

    def file_of(self, stored: StoredFile) -> Path | None:
        """Return where a file of a conversion is, None where it is not there as it was made."""
        paths = (folder / stored.file for folder in (self.folder, SHIPPED))
        return next((path for path in paths if _is(path, stored.sha256, stored.bytes)), None)

    def lacking(self, conversion: Conversion) -> list[str]:
        """Name the files of a conversion that are missing or altered.

        A checkpoint that is not there is not missed: only a GPU needs it.
        """
        files = conversion.files
        if not (self.folder / conversion.checkpoint.file).exists():
            del files["checkpoint"]
        return [file.file for file in files.values() if not self.file_of(file)]

    def add(self, file: Path, card: Card) -> Path:
        """Copy weights into the store, and their card if it does not ship; return the copy.

        All is there afterwards, or nothing. Raises ModelBrokenError where the file is not the
        card's, ModelStoreError where the store cannot be written to.
        """
        there = self.find(card)
        if there is not None and there.parent == self.folder and card in self.cards():
            return there
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest != card.sha256:
            raise ModelBrokenError(
                f"{file}: has sha256 {digest[:16]}…, {card.id} has {card.sha256[:16]}…; "
                f"get the file again"
            )
        parts = {self.folder / card.file: content}
        if card not in shipped_cards():
            parts[self.folder / f"{card.id}.toml"] = card_text(card).encode()
        with self.writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            _write_all(parts)
        return self.folder / card.file

    def problems(self) -> list[str]:
        """Read everything in the store and return what is wrong with it, one line each."""
        found = []
        cards = list(shipped_cards())
        for file in self._card_files():
            try:
                cards.append(self._own_card(file))
            except ModelCardError as error:
                found.append(str(error))
        for card in cards:
            named = self.folder / card.file
            if not card.sha256 or self.find(card):
                continue
            if named.is_file():
                found.append(f"{named}: is not what {card.id} was: get the file again")
            elif card not in shipped_cards():
                found.append(f"{named}: is missing; import it again, or remove {card.id}.toml")
        return found + self._conversion_problems()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn what the disk refuses into a ModelStoreError."""
        try:
            yield
        except OSError as error:
            raise ModelStoreError(
                f"{self.folder}: cannot be written to ({error.strerror or error}); nothing was "
                f"changed; make room or permit writing there, or name another folder in {VARIABLE}"
            ) from error

    def _conversion_problems(self) -> list[str]:
        found = []
        for file in (*_records(self.folder), *_records(SHIPPED)):
            try:
                conversion = read_conversion(file)
            except ModelCardError as error:
                found.append(str(error))
                continue
            for name in self.lacking(conversion):
                path = file.with_name(name)
                what = "is not what was made" if path.exists() else "is missing"
                mend = f"remove {file.name}, then pull or import {conversion.id} again"
                if file.parent == SHIPPED:
                    mend = "install screening again"
                found.append(f"{path}: {what}; {mend}")
        return found

    def _own_card(self, file: Path) -> Card:
        card = read_card(file)
        if card.id in {shipped.id for shipped in shipped_cards()}:
            raise ModelCardError(f"{file}: a card that ships has this name; rename the file")
        if not (card.sha256 and card.file):
            raise ModelCardError(f"{file}: file and sha256 are needed; import the weights again")
        return card

    def _card_files(self) -> list[Path]:
        return sorted(self.folder.glob("[!.]*.toml"))

    def _candidates(self, card: Card) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from sorted(self.folder.iterdir())
        yield from _packaged(card)


@lru_cache
def shipped_conversions() -> tuple[Conversion, ...]:
    """Return the conversions that ship with the package."""
    return tuple(map(read_conversion, _records(SHIPPED)))


def read_conversion(file: Path) -> Conversion:
    """Return the conversion in a file ``ID.converted.json``. Raises ModelCardError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ModelCardError(f"{file}: cannot be read ({error}); remove the file") from error
    conversion = conversion_of(str(file), text)
    if conversion.record != file.name:
        raise ModelCardError(
            f"{file}: is that of {conversion.id}; rename it to {conversion.record}"
        )
    return conversion


def _records(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"[!.]*{SUFFIX}"))


def _readable(file: Path) -> Conversion | None:
    try:
        return read_conversion(file)
    except ModelCardError:  # ``problems`` tells of it
        return None


def file_sha256(file: Path) -> str:
    """Return the hex sha256 of a file; one that was not touched since is not read twice."""
    state = file.stat()
    return _sha256(file, state.st_size, state.st_mtime_ns)


@lru_cache
def _sha256(file: Path, _size: int, _mtime_ns: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is(file: Path, sha256: str, size: int) -> bool:
    try:
        return file.is_file() and file.stat().st_size == size and file_sha256(file) == sha256
    except OSError:  # it cannot be read, so it is not to be used
        return False


def _packaged(card: Card) -> Iterator[Path]:
    """Give the file of the card's name in the installed package it names, without importing it.

    face_recognition_models cannot be imported beside a current setuptools; and of its other files
    the licence of one forbids commercial use, so that none but the card's own is touched.
    """
    try:
        known = distribution(card.package).files if card.package else None
    except PackageNotFoundError:
        return
    for file in known or ():
        if file.name == card.file:
            yield Path(str(file.locate()))


def _write_all(parts: dict[Path, bytes]) -> None:
    """Write several files, each in the place of an older one, once all are on the disk."""
    with ExitStack() as stack:
        partial = {}
        for place, content in parts.items():
            partial[place] = place.with_name(f".{place.name}.{os.getpid()}.partial")
            stack.callback(partial[place].unlink, missing_ok=True)
            with partial[place].open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for place, written in partial.items():
            written.replace(place)
