"""Checkpoints: how far a ledger had come, signed, to be kept where nobody changes it."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from screening.approvals.errors import CheckpointError
from screening.approvals.keys import Keys, is_signed
from screening.approvals.ledger import canonical

_FORMAT = "screening checkpoint 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The last entry of a ledger at a time.

    store: its id. seq: of the entry, 0 without any. head: its hash, the genesis without any.
    at: UTC. public_key, signature: hex Ed25519. lines: hex SHA-256 over the lines of the export
    that it ends, "" where it stands alone.
    """

    store: str
    seq: int
    head: str
    at: str
    public_key: str
    lines: str = ""
    signature: str = ""

    def __post_init__(self) -> None:
        texts = {field.name for field in fields(self)} - {"seq"}
        if any(not isinstance(getattr(self, name), str) for name in texts):
            raise CheckpointError("a checkpoint holds text, but for the number of its entry")
        if type(self.seq) is not int or self.seq < 0:
            raise CheckpointError(f"the entry of a checkpoint is {self.seq!r}, expected 0 or more")

    @classmethod
    def signed(cls, keys: Keys, **values: Any) -> Self:
        """Return a checkpoint of the store whose keys these are; values: the other fields."""
        bare = cls(store=keys.store, public_key=keys.public_key, **values)
        return cls(**{**asdict(bare), "signature": keys.sign(_signed_text(bare))})

    @classmethod
    def read(cls, file: Path) -> Self:
        """Return the checkpoint in a file, its signature checked. Raises CheckpointError."""
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise CheckpointError(f"{file}: cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise CheckpointError(f"{file}: is no checkpoint, but no text either") from error
        try:
            return cls.parse(text)
        except CheckpointError as error:
            raise CheckpointError(f"{file}: {error}") from error

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the checkpoint that a text says, its signature checked. Raises CheckpointError."""
        try:
            values = json.loads(text)
            checkpoint = {_FORMAT: cls}[values.pop("format")](**values)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                "is no checkpoint; 'screening ledger checkpoint' writes one"
            ) from error
        checkpoint.verify()
        return checkpoint

    def verify(self) -> None:
        """Raise CheckpointError where this was not signed with its key as it stands.

        Whose key it is, it cannot say of itself: compare ``public_key`` with the store's.
        """
        signed = _signed_text(self)
        if not is_signed(signed, signature=self.signature, public_key=self.public_key):
            raise CheckpointError(
                "the checkpoint is not what was signed: it was altered; use an unaltered copy"
            )

    def text(self) -> str:
        """Return this as a line of JSON, without its end."""
        return canonical({"format": _FORMAT, **asdict(self)})


def _signed_text(checkpoint: Checkpoint) -> str:
    values = {"format": _FORMAT, **asdict(checkpoint)}
    return canonical({name: value for name, value in values.items() if name != "signature"})
