"""Decision: from findings to a verdict, as a pure function."""

from screening.decision.policy import NETFLIX_GENAI, Decision, Policy, decide, policy_named
from screening.decision.verdicts import Coverage, Role, Verdict

__all__ = [
    "NETFLIX_GENAI",
    "Coverage",
    "Decision",
    "Policy",
    "Role",
    "Verdict",
    "decide",
    "policy_named",
]
