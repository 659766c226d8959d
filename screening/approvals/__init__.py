"""Approvals: what was declared, consented to and decided, on record and provably unaltered."""

from screening.approvals.checkpoint import Checkpoint
from screening.approvals.errors import StoreError, StoreMissingError
from screening.approvals.export import export, verify_export
from screening.approvals.judge import Problem
from screening.approvals.ledger import Entry, EntryKind
from screening.approvals.store import Store
from screening.approvals.transaction import Transaction
from screening.approvals.verify import verify

__all__ = [
    "Checkpoint",
    "Entry",
    "EntryKind",
    "Problem",
    "Store",
    "StoreError",
    "StoreMissingError",
    "Transaction",
    "export",
    "verify",
    "verify_export",
]
