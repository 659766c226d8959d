"""The receipt of a purge: what went, in counts and ids that say nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a purge is made."""

    PERSON = "person"
    PRODUCTION = "production"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a purge took out, or would.

    entry: the id of the entry that says so, empty where nothing was there to be taken, or for a dry
    run. erased: entries whose particulars went, by kind. mentions: how many of them are about
    something else. indexes: records taken out, by index uuid. left: ids of records of others that
    mention a name of the person, which people have to look at; they are in no entry.
    """

    reason: Reason
    entry: str
    erased: Mapping[str, int]
    mentions: int
    indexes: Mapping[str, int]
    left: tuple[str, ...] = ()
    dry_run: bool = False

    def text(self) -> str:
        """Return it as lines for people, without any name."""
        done = "would be" if self.dry_run else "were"
        erased = ", ".join(f"{count} {kind}" for kind, count in self.erased.items()) or "none"
        lines = [
            f"Purge ({self.reason}): "
            + (f"entry {self.entry}" if self.entry else "nothing is put on record"),
            f"  entries whose particulars {done} erased: {erased}",
            f"  of these, about something else that mentions a name: {self.mentions}",
        ]
        for uuid, count in self.indexes.items():
            lines.append(f"  records that {done} taken out of index {uuid}: {count}")
        if not self.indexes:
            lines.append("  indexes: none was named")
        if self.left:
            lines.append(
                f"  records of others that mention a name, and stay: {', '.join(self.left)}; "
                "enroll them again without it, or take them out: screening index remove"
            )
        return "\n".join((*lines, "  not reached: reports, exports and copies outside"))
