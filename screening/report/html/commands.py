"""Commands to type about a finding, quoted so that a shell passes every name on as it is."""

import os
import shlex

from screening.decision import Judged, Role
from screening.result import Screening


def commands(screening: Screening, finding: Judged) -> list[tuple[str, str]]:
    """Return what can be done about a finding, each with the command that does it.

    None for pictures in memory, and for what is on record already. What is found in an input is
    decided on that.
    """
    path = finding.input or screening.path
    if path is None or finding.standing is not None:
        return []
    about = f"{_file(path)} --record {quoted(finding.record.id)}"
    if finding.input:
        about += f" --role {Role.INPUT}"
    dismiss = ("It is none", f"screening dismiss {about} --reason …")
    submit = ("Ask for approval", f"screening submit {about}")
    return [submit, dismiss] if finding.flagged else [dismiss]


def quoted(text: str) -> str:
    """Return a text as one word of a shell, in visible characters only.

    What is not printable, bytes that are no UTF-8 too, stands escaped in ``$'…'``, which bash, zsh
    and the POSIX shell of 2024 read.
    """
    if text.isprintable():
        return shlex.quote(text)
    return f"$'{''.join(map(_escaped, text))}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(character))


def _file(path: str) -> str:
    return quoted(f"./{path}" if path.startswith("-") else path)
