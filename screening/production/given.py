"""Every answer of a declaration with its place: what rules and notices go through."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from screening.production.declaration import Declaration
from screening.production.questions import Answer, Question, Stage, questions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One answer as it was given.

    key: its path, list entries counted from 1: ``tools[1].version``. pattern: the path without
    number: ``tools.version``. entry: that number, 0 outside of lists. subject: the first text of
    its list entry. value: what was said; None for a list that is missing.
    """

    key: str
    pattern: str
    entry: int
    subject: str
    value: Any
    question: Question

    @property
    def missing(self) -> bool:
        """Return whether nothing was said where something should be."""
        return not self.question.optional and self.value in {None, ""}

    @property
    def concern(self) -> int:
        """Return how far it is from the good answer, 0 for that one."""
        return self.question.concern(self.value)

    @property
    def said(self) -> str:
        """Return the answer in words; ``unsure`` to a question that was left open."""
        return str(self.value or ("not said" if self.question.kind is str else Answer.UNSURE))


def given_in(declaration: Declaration, *, missing_lists: bool = False) -> Iterator[Given]:
    """Yield every answer in the order of the file.

    missing_lists: whether a list that is not there is one answer; else it is one unknown entry.
    """
    for name, question in questions_of(declaration):
        value = getattr(declaration, name)
        if question.many and not (value is None and missing_lists):
            for number, entry in enumerate(value if value is not None else [question.kind()], 1):
                yield from _given_in(entry, f"{name}[{number}]", name, number)
        elif question.kind in {str, Stage} or question.many:
            yield Given(key=name, pattern=name, entry=0, subject="", value=value, question=question)
        else:
            yield from _given_in(value, name, name, 0)


def _given_in(group: Any, path: str, pattern: str, number: int) -> Iterator[Given]:
    asked = list(questions_of(group))
    subject = getattr(group, asked[0][0]) if number else ""
    for name, question in asked:
        yield Given(
            key=f"{path}.{name}",
            pattern=f"{pattern}.{name}",
            entry=number,
            subject=subject,
            value=getattr(group, name),
            question=question,
        )


def unanswered(declaration: Declaration) -> tuple[str, ...]:
    """Return the key paths that were not answered, in the order of the file."""
    return tuple(one.key for one in given_in(declaration, missing_lists=True) if one.missing)
