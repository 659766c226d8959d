"""Decision: from findings to a verdict, as a pure function."""

from screening.decision.advice import advice
from screening.decision.clauses import CLAUSES, GUIDANCE, Clause, clause
from screening.decision.context import Context
from screening.decision.judgement import Judged, judge
from screening.decision.outcome import Decision, decide
from screening.decision.policy import Policy
from screening.decision.policy_file import NETFLIX_GENAI, policy_from, policy_named
from screening.decision.verdicts import Coverage, Role, Stage, Verdict

__all__ = [
    "CLAUSES",
    "GUIDANCE",
    "NETFLIX_GENAI",
    "Clause",
    "Context",
    "Coverage",
    "Decision",
    "Judged",
    "Policy",
    "Role",
    "Stage",
    "Verdict",
    "advice",
    "clause",
    "decide",
    "judge",
    "policy_from",
    "policy_named",
]
