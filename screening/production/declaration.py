"""The declaration: what a production says about its use of generative tools, as values.

Each class is one table of ``usage.toml``, each field one key of it, each question what stands above
it in the file. None, an empty text and ``unsure`` weigh the same; the first two also count as not
answered yet.
"""

from dataclasses import dataclass, field
from typing import Annotated

from screening.errors import InputInvalidError
from screening.production.questions import (
    Asked,
    Said,
    Stage,
    choice,
    entries,
    good_no,
    good_yes,
    table,
    text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Asked):
    """Who is told of every use."""

    name: Annotated[str, text("Who at the studio is the production's contact?")] = ""
    email: Annotated[str, text("Where is the contact written to?")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principles(Asked):
    """The five principles, by the ids of their clauses."""

    P1: Annotated[Said, good_yes("Do results stay clear of recognizable works of others?")] = None
    P2: Annotated[Said, good_yes("Do all tools keep nothing, reuse nothing, train on nothing?")] = (
        None
    )
    P3: Annotated[Said, good_yes("Do tools run in a secured environment wherever they can?")] = None
    P4: Annotated[Said, good_yes("Is all that is generated temporary, none of it delivered?")] = (
        None
    )
    P5: Annotated[
        Said, good_yes("Are performances and union-covered work left alone, or consented to?")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Asked):
    """One generative tool and its terms."""

    name: Annotated[str, text("What is the tool called?")] = ""
    version: Annotated[str, text("Which version or model of it?", optional=True)] = ""
    enterprise_agreement: Annotated[Said, good_yes("Is an enterprise agreement in force?")] = None
    stores_inputs: Annotated[Said, good_no("Does it keep inputs or outputs?")] = None
    trains_on_inputs: Annotated[Said, good_no("Does it train on inputs or outputs?")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Asked):
    """Material that is fed to a tool."""

    what: Annotated[str, text("What is it?")] = ""
    whose: Annotated[str, text("Whose is it?")] = ""
    cleared: Annotated[Said, good_yes("Is it owned, or cleared for this use?")] = None
    proprietary: Annotated[Said, good_no("Is it confidential or not released yet?")] = None
    personal_data: Annotated[Said, good_no("Does it hold personal data of cast or crew?")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Training(Asked):
    """Models that are made or adapted for the production."""

    others_material: Annotated[
        Said, good_no("Is a model trained or fine-tuned on material of others?")
    ] = None
    cleared: Annotated[Said, good_yes("Is that material cleared for training?")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Talent(Asked):
    """One performer who is shown, imitated or altered."""

    name: Annotated[str, text("Who is it?")] = ""
    replica: Annotated[Said, good_no("Is their likeness or voice generated?")] = None
    consent: Annotated[Said, good_yes("Is there a documented consent to exactly that?")] = None
    altered: Annotated[Said, good_no("Is their performance altered beyond the customary?")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionWork(Asked):
    """Work that union agreements cover."""

    affected: Annotated[Said, good_no("Does the use affect roles that a union covers?")] = None
    agreement: Annotated[Said, good_yes("Is that agreed with the union?")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(Asked):
    """What is generated."""

    story_relevant: Annotated[
        Said, good_no("Does the story rest on any of it, or is it seen closely?")
    ] = None
    key_elements: Annotated[
        Said, good_no("Is it main characters, key visuals or settings central to the story?")
    ] = None
    written_approval: Annotated[Said, good_yes("Are those approved in writing?")] = None
    mistaken_for_real: Annotated[
        Said, good_no("Could it be mistaken for real events, people or statements?")
    ] = None
    voices: Annotated[Said, good_no("Are voices generated?")] = None
    harms_reputation: Annotated[
        Said, good_no("Could it harm the reputation of somebody it shows?")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Asked):
    """The steps of the work, and who does them."""

    steps_declared: Annotated[
        Said, good_yes("Is every step that generates or alters declared, those of vendors too?")
    ] = None
    vendors_assessed: Annotated[
        Said, good_yes("Are all vendors among them assessed, or is there none?")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration(Asked):
    """Everything declared. A list that is None counts as one entry of which nothing is known.

    Raises InputInvalidError, also for an empty list of tools.
    """

    production: Annotated[str, text("What is the production called?")] = ""
    stage: Annotated[
        Stage | None,
        choice("How far does it go: ideation (mood boards), background (on camera), or final?"),
    ] = None
    plan: Annotated[str, text("What is made with it, and what for? A sentence or two.")] = ""
    contact: Annotated[Contact, table("Who is told of every use.", Contact)] = field(
        default_factory=Contact
    )
    principles: Annotated[
        Principles, table("The principles; no or unsure asks for approval.", Principles)
    ] = field(default_factory=Principles)
    training: Annotated[Training, table("Models that are made or adapted.", Training)] = field(
        default_factory=Training
    )
    union: Annotated[UnionWork, table("Work that unions cover.", UnionWork)] = field(
        default_factory=UnionWork
    )
    content: Annotated[Content, table("What is generated.", Content)] = field(
        default_factory=Content
    )
    pipeline: Annotated[Pipeline, table("The steps of the work.", Pipeline)] = field(
        default_factory=Pipeline
    )
    tools: Annotated[tuple[Tool, ...] | None, entries("The tools, one [[tools]] each.", Tool)] = (
        None
    )
    inputs: Annotated[
        tuple[Input, ...] | None,
        entries("What is fed to tools, one [[inputs]] each; nothing: inputs = [] on top.", Input),
    ] = None
    talent: Annotated[
        tuple[Talent, ...] | None,
        entries("Who is shown or imitated, one [[talent]] each; none: talent = [] on top.", Talent),
    ] = None

    def __post_init__(self) -> None:
        Asked.__post_init__(self)
        if self.tools == ():
            raise InputInvalidError(
                "tools is empty, expected at least one: name it, or take the key out"
            )
