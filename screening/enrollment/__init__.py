"""Enrollment: folders and records files into a reference index."""

from screening.enrollment.enroll import PROBLEMS, Enrolled, Outcome, enroll
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
