"""The prompts: hand-written ones, and those that templates make of names and vocabulary."""

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from prompt_corpus import variants
from prompt_corpus.sources import (
    FOLDER,
    LANGUAGES,
    PARTS,
    THIRDS,
    Name,
    Templates,
    names,
    rows,
    templates,
)
from prompt_corpus.traits import CUED, GROUPS, INNOCENT, LORAS, NAMING, PLAIN, TAGS, WHO

T = TypeVar("T")

MADE = {"en": 560, "tr": 75, "pt": 85, "ko": 90}
MADE_OTHERWISE = 125
ATTEMPTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt and the truth about it.

    ``records`` are the ids of all records it names, sorted; empty where it names nobody. ``part``
    is ``tune`` or ``report``; ``trait`` is what makes it interesting; ``hand`` says that it was
    written by hand.
    """

    text: str
    language: str
    records: tuple[str, ...]
    part: str
    trait: str
    hand: bool


@dataclass(frozen=True, slots=True)
class _Maker:
    """What prompts of one third in one language are made of, and how often each filling was."""

    language: str
    third: str
    templates: Templates
    names: dict[str, Name]
    rng: random.Random
    used: Counter[str] = field(default_factory=Counter)

    def naming(self, trait: str) -> Prompt | None:
        """Return a prompt that names something, or None where this attempt led nowhere."""
        group = self._group(trait)
        name = self._name(group)
        if name is None:
            return None
        written = self._written(name, trait)
        if written is None:
            return None
        if trait in {"lora", "hashtag"}:
            text = f"{self._innocent('plain')} {written}"
            return self._prompt(text, name.records, trait)
        records, slots = set(name.records), {"name": written}
        if group == "canvas":
            maker = self.names[name.maker]
            records.update(maker.records)
            slots["maker"] = self.rng.choice(maker.written(self.language))
        if group == "list":
            other = self._name(group)
            if other is None or other is name:
                return None
            records.update(other.records)
            slots["name2"] = self.rng.choice(other.written(self.language))
        text = self._filled(self._one(self.templates.naming[group]), slots)
        return self._prompt(self._cased(text, trait), records, trait)

    def innocent(self, trait: str) -> Prompt:
        """Return a prompt that names nobody."""
        group = (
            trait
            if trait in self.templates.innocent
            else self._one(["plain", "cue-innocent", "common-word"])
        )
        text = self._innocent(group, weighted=trait == "weights")
        if trait == "lora":
            text = f"{text} <lora:{self._one(LORAS[self.third])}:{self._one(['0.5', '0.8', '1'])}>"
        if trait == "hashtag":
            text = f"{text} {self._one(TAGS[self.third])}"
        return self._prompt(self._cased(text, trait), (), trait)

    def _group(self, trait: str) -> str:
        there = self.templates.naming
        if trait == "common-word":
            return self._one([group for group in CUED if group in there])
        if trait == "inflected":
            return self._one([group for group in there if group.startswith("inflected")])
        if trait == "underscore":
            return "tags"
        if trait in there:
            return trait
        groups = WHO if trait in {"transliterated", "reversed"} else PLAIN
        return self._one([group for group in groups if group in there])

    def _name(self, group: str) -> Name | None:
        sorts, common = GROUPS[group]
        fit = [
            name
            for name in self.names.values()
            if name.sort in sorts
            and name.third == self.third
            and (common or not name.cued)
            and name.written(self.language)
            and (group != "canvas" or self._makes(name))
            and (group != "surname" or name.surname)
        ]
        cued = [name for name in fit if name.cued]
        return self._one(cued if group in CUED and cued and self.rng.random() < 0.8 else fit)

    def _makes(self, painting: Name) -> bool:
        return bool(painting.maker and self.names[painting.maker].written(self.language))

    def _written(self, name: Name, trait: str) -> str | None:
        """Return the name as this trait has it written, or None where it cannot be."""
        plain = self._one(name.written(self.language))
        if trait in {"surname", "alias", "transliterated", "inflected"}:
            return self._other_form(name, plain, trait)
        if trait == "lora":
            return variants.lora(name.title, self.rng)
        return variants.changed(plain, trait, self.rng)

    def _other_form(self, name: Name, plain: str, trait: str) -> str | None:
        if trait == "surname":
            return name.surname or None
        if trait == "transliterated":
            forms = name.forms.get(("", trait), ())
        elif trait == "alias":
            forms = tuple(form for form in name.forms["", "name"] if form.isascii())
        elif self.language == "de":
            return plain + ("’" if plain[-1] in "sxzß" else "s")
        elif self.language == "ko":
            return plain
        else:
            forms = name.forms.get((self.language, trait), ())
        return self._one(forms) if forms else None

    def _innocent(self, group: str, *, weighted: bool = False) -> str:
        template = self._one(self.templates.innocent[group])
        slots = {}
        if weighted:
            slot = "tempting" if "{tempting}" in template else "subject"
            slots[slot] = variants.weighted(self._filling(slot), self.rng)
        return self._filled(template, slots)

    def _filled(self, template: str, slots: dict[str, str]) -> str:
        def fill(found: re.Match[str]) -> str:
            slot = found[1]
            if slot == "gen":
                return slots["name"]
            if slot == "de_name":
                return _with_de(slots["name"])
            return slots.get(slot) or self._filling(slot)

        return re.sub(r"\{(\w+)\}", fill, template)

    def _filling(self, slot: str) -> str:
        """Return what fills a slot; of what tempts, one of the phrases used least."""
        among = self.templates.slots[slot]
        if slot == "tempting":
            least = min(self.used[phrase] for phrase in among)
            among = [phrase for phrase in among if self.used[phrase] == least]
        filling = self._one(among)
        self.used[filling] += 1
        return filling

    def _cased(self, text: str, trait: str) -> str:
        match trait:
            case "lowercase":
                return text.replace("İ", "i").lower()
            case "titlecase":
                return variants.titlecase(text, self.language)
            case "uppercase":
                return variants.uppercase(text, self.language)
        return text

    def _one(self, among: Sequence[T]) -> T:
        return self.rng.choice(among)

    def _prompt(self, text: str, records: Iterable[str], trait: str) -> Prompt:
        return Prompt(
            text=text,
            language=self.language,
            records=tuple(sorted(records)),
            part=THIRDS[self.third],
            trait=trait,
            hand=False,
        )


def records_file() -> Path:
    """Return the records file whose records the prompts name."""
    return FOLDER / "records.csv"


def prompts(seed: int = 0) -> tuple[Prompt, ...]:
    """Return all prompts: both parts, hand-written ones first, sorted, no text twice.

    ``seed`` chooses what templates are filled with; hand-written prompts are always the same.
    """
    made = list(_hand_written())
    texts = {prompt.text.casefold() for prompt in made}
    known = {name.record: name for name in names()}
    for language in LANGUAGES:
        for third, own in templates(language).items():
            rng = random.Random(f"{seed}/{language}/{third}")
            maker = _Maker(language, third, own, known, rng)
            for make, traits in ((maker.naming, NAMING), (maker.innocent, INNOCENT)):
                for trait in _traits(traits, language, rng):
                    for _ in range(ATTEMPTS):
                        prompt = make(trait)
                        if prompt and prompt.text.casefold() not in texts:
                            texts.add(prompt.text.casefold())
                            made.append(prompt)
                            break
    return tuple(sorted(made, key=_order))


def digest(prompts: Iterable[Prompt]) -> str:
    """Return the SHA-256 of prompts and their truth, in hexadecimal digits."""
    lines = (
        json.dumps([p.text, p.language, p.records, p.part, p.trait, p.hand], ensure_ascii=False)
        for p in prompts
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _hand_written() -> Iterator[Prompt]:
    for row in rows("hand.csv"):
        yield Prompt(
            text=row["text"],
            language=row["language"],
            records=tuple(sorted(row["records"].split())),
            part=row["part"],
            trait=row["trait"],
            hand=True,
        )


def _traits(
    weights: dict[str, tuple[int, tuple[str, ...]]], language: str, rng: random.Random
) -> list[str]:
    """Return the traits to make in a language, each as often as its weight says."""
    here = {trait: w for trait, (w, where) in weights.items() if not where or language in where}
    return rng.choices(list(here), list(here.values()), k=MADE.get(language, MADE_OTHERWISE))


def _with_de(name: str) -> str:
    """Return a name with the French ``de`` before it."""
    return f"d'{name}" if variants.unmarked(name[0]).lower() in "aeiouy" else f"de {name}"


def _order(prompt: Prompt) -> tuple[int, bool, str, bool, str]:
    own = PARTS.index(prompt.part)
    return own, not prompt.hand, prompt.language, not prompt.records, prompt.text
