"""The use-case matrix as a table: which answers together come to what.

Every rule holds from some concern upward, so that a worse answer never comes to less. Its first
condition is the answer that is named as the one that moved it. Source: the partner guidance on
generative AI in content production, in our own words.
"""

from dataclasses import dataclass
from enum import StrEnum

UNSURE, BAD = 1, 2
BACKGROUND, UNKNOWN, FINAL = 1, 2, 3


class Outcome(StrEnum):
    """What a declaration comes to, the least first."""

    INFORM = "inform"
    REVIEW = "review"
    APPROVAL = "approval"
    STOP = "stop"

    @property
    def rank(self) -> int:
        """Return 0 for the least, rising."""
        return list(Outcome).index(self)

    @property
    def words(self) -> str:
        """Return what is to be done."""
        return _WORDS[self]

    @property
    def clauses(self) -> tuple[str, ...]:
        """Return the clauses that ask for it, whatever the answers."""
        return {Outcome.INFORM: ("G1", "G2"), Outcome.REVIEW: ("G1",)}.get(self, ("G1", "G3"))


_WORDS = {
    Outcome.INFORM: "inform the contact",
    Outcome.REVIEW: "review by the contact first",
    Outcome.APPROVAL: "written approval first",
    Outcome.STOP: "stop: not as it is declared",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: a clause, what it comes to, and from which concerns on.

    when: key without list numbers, least concern. Conditions on one list hold for one and the same
    entry where the first is of that list, else for any. why, resolves: one sentence each.
    """

    outcome: Outcome
    clause: str
    when: tuple[tuple[str, int], ...]
    why: str
    resolves: str


def _rule(outcome: Outcome, clause: str, why: str, resolves: str, **when: int) -> Rule:
    conditions = tuple((key.replace("__", "."), least) for key, least in when.items())
    return Rule(outcome=outcome, clause=clause, when=conditions, why=why, resolves=resolves)


RULES = (
    _rule(Outcome.REVIEW, "G1",
          "Every use is reported to the production's contact, and none is named.",
          "Ask the production who its contact is.",
          contact__email=UNSURE),
    _rule(Outcome.APPROVAL, "P1",
          "It is not certain that results stay clear of works that are not the production's own.",
          "Screen the results, change what comes too close, and let the contact decide.",
          principles__P1=UNSURE),
    _rule(Outcome.APPROVAL, "P2",
          "It is not certain that all tools leave inputs and outputs alone.",
          "Read the terms of each tool, or take one that neither keeps nor trains.",
          principles__P2=UNSURE),
    _rule(Outcome.APPROVAL, "P3",
          "It is not certain that everything runs in a secured environment where it could.",
          "Move to the enterprise's environment, or tell the contact why it cannot be.",
          principles__P3=UNSURE),
    _rule(Outcome.APPROVAL, "P4",
          "What is generated may end up in what is delivered.",
          "Keep it out of deliverables, or have it approved in writing.",
          principles__P4=UNSURE),
    _rule(Outcome.APPROVAL, "P5",
          "A performance or union-covered work may be replaced without consent.",
          "Obtain the consent, or leave that use out.",
          principles__P5=UNSURE),
    _rule(Outcome.REVIEW, "F3",
          "What is seen on camera needs judgment, even in the background.",
          "Show the contact what will be seen, and how closely.",
          stage=BACKGROUND),
    _rule(Outcome.APPROVAL, "G3",
          "It is, or may become, part of final deliverables.",
          "Have it approved in writing, or say that it stays a mock-up.",
          stage=UNKNOWN),
    _rule(Outcome.APPROVAL, "F3",
          "On camera, what the story may rest on is no incidental background.",
          "Have it approved in writing, or keep it incidental.",
          content__story_relevant=UNSURE, stage=BACKGROUND),
    _rule(Outcome.REVIEW, "C1",
          "It may shape what is central to the story.",
          "Tell the contact which characters, visuals or settings these are.",
          content__key_elements=UNSURE),
    _rule(Outcome.APPROVAL, "C1",
          "What may be central to the story goes beyond ideation.",
          "Have it approved in writing before it goes on.",
          content__key_elements=UNSURE, stage=BACKGROUND),
    _rule(Outcome.STOP, "C1",
          "Final characters, key visuals or settings are generated without a written approval.",
          "Have them made by people, or obtain the approval in writing.",
          content__key_elements=BAD, content__written_approval=BAD, stage=FINAL),
    _rule(Outcome.APPROVAL, "E1",
          "It could be taken for real events, people or statements.",
          "Make it recognizable as invented, or have it approved in writing.",
          content__mistaken_for_real=UNSURE),
    _rule(Outcome.APPROVAL, "T1",
          "Generated voices need an explicit, documented consent of those they stand for.",
          "Name the performers and their consents under [[talent]] and have them approved.",
          content__voices=UNSURE),
    _rule(Outcome.REVIEW, "K1",
          "The tool is not known to be used under an enterprise agreement.",
          "Let the contact check its terms, or take a tool under such an agreement.",
          tools__enterprise_agreement=UNSURE),
    _rule(Outcome.REVIEW, "K3",
          "The tool is used without an enterprise agreement, on terms that nobody vouches for.",
          "Verify its terms, or take a tool under such an agreement.",
          tools__enterprise_agreement=BAD),
    _rule(Outcome.APPROVAL, "P2",
          "The tool may keep what goes in or comes out.",
          "Have that switched off and confirmed, or take another tool.",
          tools__stores_inputs=UNSURE),
    _rule(Outcome.APPROVAL, "P2",
          "The tool may train on what goes in or comes out.",
          "Have that switched off and confirmed, or take another tool.",
          tools__trains_on_inputs=UNSURE),
    _rule(Outcome.APPROVAL, "C2",
          "Material that may belong to others is fed to a tool.",
          "Have it cleared for this use, or leave it out.",
          inputs__cleared=UNSURE),
    _rule(Outcome.REVIEW, "D1",
          "Confidential material may leave the tools that are secured.",
          "Use it only in tools under an enterprise agreement, or let the contact decide.",
          inputs__proprietary=UNSURE, tools__enterprise_agreement=UNSURE),
    _rule(Outcome.APPROVAL, "D1",
          "Personal data of cast or crew may be fed to a tool.",
          "Leave it out, or have it approved in writing.",
          inputs__personal_data=UNSURE),
    _rule(Outcome.APPROVAL, "K2",
          "An enterprise agreement does not settle what is sensitive.",
          "Tell the contact what it is and which tool it goes to, or leave it out.",
          inputs__personal_data=UNSURE),
    _rule(Outcome.REVIEW, "D2",
          "A model may be trained on material of others.",
          "Show the contact that the clearance covers training.",
          training__others_material=UNSURE),
    _rule(Outcome.APPROVAL, "D2",
          "A model may be trained on material of others that is not cleared for it.",
          "Clear the material for training, or leave it out.",
          training__others_material=UNSURE, training__cleared=UNSURE),
    _rule(Outcome.STOP, "D2",
          "A model is trained on material of others that is not cleared for it.",
          "Clear the material for training, or do not train on it.",
          training__others_material=BAD, training__cleared=BAD),
    _rule(Outcome.APPROVAL, "T1",
          "A likeness or voice may be generated, which needs consent and a written approval.",
          "Show the documented consent, and have exactly that use approved.",
          talent__replica=UNSURE),
    _rule(Outcome.STOP, "T1",
          "A likeness or voice is generated without the performer's consent.",
          "Obtain a documented consent to exactly that use, or leave it out.",
          talent__replica=BAD, talent__consent=BAD),
    _rule(Outcome.APPROVAL, "T2",
          "A performance may be altered beyond what is customary.",
          "Have the alteration approved in writing, or keep to customary ones.",
          talent__altered=UNSURE),
    _rule(Outcome.APPROVAL, "N5",
          "It could harm the reputation of somebody it shows.",
          "Have it approved in writing and test it early, or leave it out.",
          content__harms_reputation=UNSURE),
    _rule(Outcome.REVIEW, "W1",
          "A step of the work may not be declared, and each of them has to meet the principles.",
          "Declare the tools of that step too.",
          pipeline__steps_declared=UNSURE),
    _rule(Outcome.REVIEW, "W2",
          "A vendor may not have been assessed.",
          "Let the contact assess the vendor before work begins.",
          pipeline__vendors_assessed=UNSURE),
    _rule(Outcome.APPROVAL, "E2",
          "Roles that a union covers may be affected without an agreement.",
          "Agree it with the union, or leave that use out.",
          union__affected=UNSURE, union__agreement=UNSURE),
)  # fmt: skip
