"""Generation: what a generated file says of itself, from bytes that are there, never from pixels.

What tools write beside it counts as its own words.

Nothing in a file proves where it comes from: what is there was written by somebody, and what is
not there may have been taken out.
"""

from screening.generation.generation import Claim, Generation, Manifest, PromptKind
from screening.generation.read import generation_of
from screening.generation.roles import role_of
from screening.generation.sidecars import sidecars_of

__all__ = [
    "Claim",
    "Generation",
    "Manifest",
    "PromptKind",
    "generation_of",
    "role_of",
    "sidecars_of",
]
