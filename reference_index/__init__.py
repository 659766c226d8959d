"""A directory of records and what is searched by: enrolled once, read by many, never half done."""

from reference_index.calibration import Calibration
from reference_index.candidates import (
    Candidate,
    FaceCandidate,
    LocalCandidate,
    LocalReference,
    VectorCandidate,
)
from reference_index.errors import IndexFormatError, RecordInvalidError, ReferenceIndexError
from reference_index.fingerprint import ISOMETRIES, Embedding, Faces, Fingerprint, LocalFeatures
from reference_index.index import ReferenceIndex
from reference_index.records import Among, Kind, PersonStatus, Record, ReferenceImage
from reference_index.verify import verify
from reference_index.writer import IndexWriter

__all__ = [
    "ISOMETRIES",
    "Among",
    "Calibration",
    "Candidate",
    "Embedding",
    "FaceCandidate",
    "Faces",
    "Fingerprint",
    "IndexFormatError",
    "IndexWriter",
    "Kind",
    "LocalCandidate",
    "LocalFeatures",
    "LocalReference",
    "PersonStatus",
    "Record",
    "RecordInvalidError",
    "ReferenceImage",
    "ReferenceIndex",
    "ReferenceIndexError",
    "VectorCandidate",
    "verify",
]
