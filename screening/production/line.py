"""What a scan says of the declaration: one line, and what no picture can show."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.production.declaration import Declaration
from screening.production.reading import read_declaration
from screening.production.triage import Triage, triage

_TOLD = 4
"""How many reasons fit a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The declaration of a production as a scan needs it, or that there is none.

    line: what it comes to, or what to do where there is none, as one line.
    """

    line: str
    declaration: Declaration | None = None
    triage: Triage | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it under the names that reports use; outcome is null where nothing is declared."""
        return {
            "line": self.line,
            "outcome": self.triage and str(self.triage.outcome),
            "declared_not_screened": [*self.triage.declared_not_screened] if self.triage else [],
        }


def declared(path: Path) -> Declared:
    """Return what the declaration in a file comes to, whether it is there or not.

    Raises DeclarationError for a file that is there and cannot be used.
    """
    if not path.exists():
        return Declared(
            line=f"No declaration ({path.name}): run 'screening init', for every use is to be told "
            "to the contact (G1)."
        )
    declaration = read_declaration(path)
    done = triage(declaration)
    moved = list(dict.fromkeys(f"{reason.clause} {reason.answer}" for reason in done.reasons))
    more = f" and {len(moved) - _TOLD} more" if len(moved) > _TOLD else ""
    said = f" ({', '.join(moved[:_TOLD])}{more})" if moved else " (G1, G2)"
    return Declared(
        line=f"Declaration: {done.outcome.words}{said}.", declaration=declaration, triage=done
    )
