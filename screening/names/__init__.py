"""Names: which records a prompt, or the name of a model, speaks of."""

from screening.names.finder import Named, NameFinder, Said, Source

__all__ = ["NameFinder", "Named", "Said", "Source"]
