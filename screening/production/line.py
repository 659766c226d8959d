"""The one line that a scan says about the declaration."""

from pathlib import Path

from screening.production.reading import read_declaration
from screening.production.triage import triage

_TOLD = 4
"""How many reasons fit a line."""


def declaration_line(path: Path) -> str:
    """Return what the declaration in a file comes to, as one line; what to do where there is none.

    Raises DeclarationError for a file that is there and cannot be used.
    """
    if not path.exists():
        return (
            f"No declaration ({path.name}): run 'screening init', for every use is to be told "
            "to the contact (G1)."
        )
    done = triage(read_declaration(path))
    moved = list(dict.fromkeys(f"{reason.clause} {reason.answer}" for reason in done.reasons))
    more = f" and {len(moved) - _TOLD} more" if len(moved) > _TOLD else ""
    said = f" ({', '.join(moved[:_TOLD])}{more})" if moved else " (G1, G2)"
    return f"Declaration: {done.outcome.words}{said}."
