"""The production's own declaration of a use, what it comes to, and whom to tell."""

from screening.production.declaration import Declaration
from screening.production.errors import DeclarationError
from screening.production.line import Declared, declared
from screening.production.notice import notice
from screening.production.questions import Answer, Stage
from screening.production.reading import DECLARATION_FILE, find_declaration, read_declaration
from screening.production.rules import Outcome
from screening.production.triage import Reason, Triage, triage

__all__ = [
    "DECLARATION_FILE",
    "Answer",
    "Declaration",
    "DeclarationError",
    "Declared",
    "Outcome",
    "Reason",
    "Stage",
    "Triage",
    "declared",
    "find_declaration",
    "notice",
    "read_declaration",
    "triage",
]
