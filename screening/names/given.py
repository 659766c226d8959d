"""Given names: a girl called Emma is nobody's heroine. Source of the lists: Faker."""

from functools import cache
from importlib import import_module

from screening.names.folding import letters_of

LOCALES = (
    "cs_CZ", "da_DK", "de_DE", "en_GB", "en_US", "es_ES", "fi_FI", "fr_FR", "hu_HU", "it_IT",
    "nl_NL", "no_NO", "pl_PL", "pt_BR", "pt_PT", "ro_RO", "ru_RU", "sv_SE", "tr_TR", "uk_UA",
)  # fmt: skip


@cache
def given_names() -> frozenset[str]:
    """Return given names of many countries, folded."""
    found: set[str] = set()
    for locale in LOCALES:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for attribute in dir(provider):
            names = getattr(provider, attribute)
            if attribute.startswith("first_names") and not callable(names):
                found.update(letters_of(name) for name in names)
    return frozenset(found)
