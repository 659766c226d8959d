"""Enrollment: folders and records files into a reference index."""

from screening.enrollment.enroll import enroll
from screening.enrollment.outcomes import PROBLEMS, Enrolled, Outcome
from screening.enrollment.sources import Source, folder_sources, records_sources

__all__ = [
    "PROBLEMS",
    "Enrolled",
    "Outcome",
    "Source",
    "enroll",
    "folder_sources",
    "records_sources",
]
