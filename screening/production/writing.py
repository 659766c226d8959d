"""The text of ``usage.toml`` and ``screening.toml``, with comments that explain every key."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from screening.errors import InputInvalidError
from screening.production.declaration import Declaration
from screening.production.questions import Answer, Question, Stage, is_text, questions_of

_HEAD = """\
# What this production declares about its use of generative tools.
# 'screening usage check' tells what it comes to. Questions take "yes", "no" or "unsure": unsure is
# an answer, it asks somebody. A key that is taken out counts as unsure and is listed as such.
"""

_CONFIG = """\
# Settings of 'screening' for this folder and all below it; options of a command win over them.

# What the production is called.
production = {production}

# The reference indexes to compare with, relative to this file: a studio's, the production's own.
# 'screening enroll' makes one.
indexes = {indexes}

# The rules by which findings become verdicts: a name, or a file like that which
# 'screening policy show' prints.
policy = "netflix-genai"

# Where decisions are put on record; the first of them makes the file, and its key beside it.
store = "approvals.db"

# What pictures are here, by folder: "generated", "reference" (pulled stills and photographs),
# "input" (fed to a generator) or "final" (to be delivered). All others count as generated.
[roles]
"references/**" = "reference"
"inputs/**" = "input"
"finals/**" = "final"
"""


def config_text(production: str, indexes: Sequence[str]) -> str:
    """Return a ``screening.toml``; indexes are paths relative to it.

    Raises InputInvalidError for names that UTF-8 cannot hold, or an index without a name.
    """
    for name in (production, *indexes):
        if not is_text(name):
            raise InputInvalidError(f"{name!r} is no name that UTF-8 can hold; choose another")
    if not all(indexes):
        raise InputInvalidError("an index has an empty name; give its path, or leave it out")
    listed = ", ".join(map(_quoted, indexes))
    return _CONFIG.format(production=_quoted(production), indexes=f"[{listed}]")


def declaration_text(declaration: Declaration) -> str:
    """Return a ``usage.toml`` that reads back as the same declaration.

    What was not answered stands there as a comment.
    """
    asked = list(questions_of(declaration))
    single = [one for one in asked if one[1].kind in {str, Stage}]
    tables = [one for one in asked if not one[1].many and one not in single]
    lists = [one for one in asked if one[1].many]
    parts = [_HEAD, *_pairs(declaration, single)]
    parts += [f"{name} = []\n" for name, _ in lists if getattr(declaration, name) == ()]
    for name, question in tables:
        group = getattr(declaration, name)
        parts.append(f"{_comment(question.asks)}[{name}]\n")
        parts += _pairs(group, list(questions_of(group)))
    for name, question in lists:
        parts += _entries(name, question, getattr(declaration, name))
    return "\n".join(parts)


def _entries(name: str, question: Question, entries: Sequence[Any] | None) -> Iterator[str]:
    """Yield the blocks of a list; where there are none, one to be filled in, as a comment."""
    yield _comment(question.asks).rstrip("\n")
    for entry in entries or ():
        yield f"[[{name}]]\n" + "".join(_pairs(entry, list(questions_of(entry))))
    if not entries:
        empty = question.kind()
        lines = "".join(
            f"#{key} = {_quoted('' if one.kind is str else Answer.UNSURE)}  # {one.asks}\n"
            for key, one in questions_of(empty)
        )
        yield f"#[[{name}]]\n{lines}"


def _pairs(group: Any, asked: Sequence[tuple[str, Question]]) -> Iterator[str]:
    for key, question in asked:
        value = getattr(group, key)
        absent = "#" if value is None else ""
        yield f"{_comment(question.asks)}{absent}{key} = {_quoted(value or _empty(value))}\n"


def _empty(value: Any) -> str:
    return Answer.UNSURE if value is None else ""


def _comment(text: str) -> str:
    return textwrap.fill(text, 98, initial_indent="# ", subsequent_indent="# ") + "\n"


def _quoted(text: str) -> str:
    """Return a text as TOML writes it: as JSON does, but that DEL is escaped too."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")
