"""The keys of a store: one file beside it, for digests that cannot be guessed and signatures.

A plain digest of a short text, a name or a prompt, is found by trying texts; a keyed one is not.
"""

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from screening.approvals.errors import StoreKeyError, StoreStorageError, StoreToolsMissingError
from screening.approvals.ledger import canonical

_FORMAT = "screening keys 1"
_BACK = "put the key file that was made with the store back in its place, from a copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What digests and signatures of one store are made with.

    store: its id. public_key: hex Ed25519. secret, signing: hex, 32 random bytes each; they are
    told apart so that one who is to check digests need not be able to sign.
    """

    store: str
    public_key: str
    secret: str = field(repr=False)
    signing: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """Return new keys for a new store. Raises StoreToolsMissingError."""
        signing = secrets.token_hex(32)
        return cls(
            store=secrets.token_hex(16),
            public_key=public_key_of(signing),
            secret=secrets.token_hex(32),
            signing=signing,
        )

    def write(self, file: Path) -> None:
        """Write a new file that its owner alone may read.

        Raises StoreKeyError where one is there already, else StoreStorageError.
        """
        values = {"format": _FORMAT, **asdict(self)}
        text = json.dumps({**values, "checksum": _checksum(values)}, indent=1) + "\n"
        try:
            with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as to:
                to.write(text)
                to.flush()
                os.fsync(to.fileno())
        except FileExistsError as error:
            raise StoreKeyError(
                f"{file}: is there already, without its store: restore the store from a copy, or "
                "move the key file away to begin a new one"
            ) from error
        except OSError as error:
            raise StoreStorageError(
                f"{file}: cannot be written ({error.strerror}); choose another place, or free space"
            ) from error

    @classmethod
    def read(cls, file: Path, *, store: str, public_key: str) -> Self:
        """Return the keys of a store. Raises StoreKeyError where the file is not that."""
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise StoreKeyError(
                f"{file}: the key file of the store is not there: {_BACK}"
            ) from error
        except OSError as error:
            raise StoreKeyError(
                f"{file}: the key file of the store cannot be read ({error.strerror}); permit "
                "reading it"
            ) from error
        except ValueError as error:
            raise StoreKeyError(f"{file}: is no key file of a store: {_BACK}") from error
        if not isinstance(values, dict) or values.pop("checksum", None) != _checksum(values):
            raise StoreKeyError(f"{file}: the key file is damaged: {_BACK}")
        if values.pop("format", None) != _FORMAT:
            raise StoreKeyError(f"{file}: is of a newer version: use that version of screening")
        keys = cls(**values)
        if (keys.store, keys.public_key) != (store, public_key):
            raise StoreKeyError(
                f"{file}: is the key file of the store {keys.store}, not of {store}: {_BACK}"
            )
        return keys

    def digest(self, text: str) -> str:
        """Return 64 hex digits that stand for a text in this store, and tell nobody else it."""
        return self._keyed("digest", text)

    def particulars_digest(self, entry: str, content: str) -> str:
        """Return 64 hex digits over the particulars of one entry."""
        return self._keyed("particulars", f"{entry}\n{content}")

    def sign(self, text: str) -> str:
        """Return the hex Ed25519 signature of a text. Raises StoreToolsMissingError."""
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError as error:
            raise _no_tools() from error
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.signing))
        return key.sign(text.encode()).hex()

    def _keyed(self, purpose: str, text: str) -> str:
        secret = bytes.fromhex(self.secret)
        key = hmac.digest(secret, f"screening {purpose}".encode(), hashlib.sha256)
        # file names of any bytes carry lone surrogates
        return hmac.digest(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def public_key_of(signing: str) -> str:
    """Return the hex public key that belongs to a private one."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise _no_tools() from error
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(signing))
    return key.public_key().public_bytes_raw().hex()


def is_signed(text: str, *, signature: str, public_key: str) -> bool:
    """Tell whether a text was signed with the key that belongs to a public one.

    signature, public_key: hex. Raises StoreToolsMissingError.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise _no_tools() from error
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _checksum(values: dict[str, str]) -> str:
    return hashlib.sha256(canonical(values).encode()).hexdigest()


def _no_tools() -> StoreToolsMissingError:
    return StoreToolsMissingError(
        "the store needs software that is not installed: pip install 'screening[approvals]'"
    )
