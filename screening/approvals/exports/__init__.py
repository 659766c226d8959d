"""Exports: what is on record, for people who decide; every row names the entries it rests on."""

from screening.approvals.exports.binder import binder
from screening.approvals.exports.consent_package import consent_page, consent_sheet
from screening.approvals.exports.cues import cue_sheet
from screening.approvals.exports.register import register
from screening.approvals.exports.scan_report import ScanReport, read_report
from screening.approvals.exports.sheet import Sheet

__all__ = [
    "ScanReport",
    "Sheet",
    "binder",
    "consent_page",
    "consent_sheet",
    "cue_sheet",
    "read_report",
    "register",
]
