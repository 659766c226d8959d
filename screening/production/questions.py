"""What can be asked in a declaration, and what answers there are."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, cast

from screening.errors import InputInvalidError


class Answer(StrEnum):
    """What can be said to a question; a guess is worse than ``unsure``."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


Said = Answer | None


class Stage(StrEnum):
    """How far what is made goes, most harmless first; not to know comes before the worst."""

    IDEATION = "ideation"
    BACKGROUND = "background"
    UNSURE = "unsure"
    FINAL = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One key of the file.

    asks: the question in words. kind: the values it takes: str, an enum, or the class of a table.
    good: the answer that raises no concern; of stages the first, of texts any. optional: whether
    nobody misses it. many: whether it is a list of such tables.
    """

    asks: str
    kind: type
    good: Answer | None = None
    optional: bool = False
    many: bool = False

    def concern(self, value: Any) -> int:
        """Return 0 for the good answer, rising: of answers to 2, of stages to 3, of texts to 1.

        No answer counts as unsure.
        """
        if self.kind is str:
            return 0 if value else 1
        if self.kind is Stage:
            return list(Stage).index(value or Stage.UNSURE)
        if value in {None, Answer.UNSURE}:
            return 1
        return 0 if value is self.good else 2


def text(asks: str, *, optional: bool = False) -> Question:
    """Return the question for a text, empty where nothing is said."""
    return Question(asks=asks, kind=str, optional=optional)


def good_yes(asks: str) -> Question:
    """Return a question to which yes raises no concern, None where nothing is said."""
    return Question(asks=asks, kind=Answer, good=Answer.YES)


def good_no(asks: str) -> Question:
    """Return a question to which no raises no concern, None where nothing is said."""
    return Question(asks=asks, kind=Answer, good=Answer.NO)


def choice(asks: str) -> Question:
    """Return the question for a stage, None where nothing is said."""
    return Question(asks=asks, kind=Stage)


def table(asks: str, kind: type) -> Question:
    """Return what heads a table of further questions."""
    return Question(asks=asks, kind=kind)


def entries(asks: str, kind: type) -> Question:
    """Return what heads a list of tables, None where nothing is said."""
    return Question(asks=asks, kind=kind, many=True)


def questions_of(kind: Any) -> Iterator[tuple[str, Question]]:
    """Yield the keys of a table, or of its class, in their order, with their questions.

    A question is the annotation of its field.
    """
    for one in fields(kind):
        yield one.name, cast("Any", one.type).__metadata__[0]


class Asked:
    """What checks the values of a table on construction. Raises InputInvalidError."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, question in questions_of(self):
            value = getattr(self, name)
            if question.many:
                whole = value is None or (
                    isinstance(value, tuple)
                    and all(isinstance(one, question.kind) for one in value)
                )
            elif question.kind in {Answer, Stage}:
                whole = value is None or isinstance(value, question.kind)
            else:
                whole = isinstance(value, question.kind)
            if not whole:
                raise InputInvalidError(f"{name} is {value!r}, expected {question.kind.__name__}")
            if isinstance(value, str) and not is_text(value):
                raise InputInvalidError(f"{name} is {value!r}, which UTF-8 cannot hold")


def is_text(value: str) -> bool:
    """Tell whether a file can hold a text: undecodable bytes of a command line it cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def one_line(value: str) -> str:
    """Return a text as part of a line: line ends and what cannot be printed are spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())
