"""Pictures seen, found and asked about, for tests of what is on record."""

import hashlib
import io
from dataclasses import replace

from decisions import HALYARD, finding
from pictures import textured

from screening.approvals.pictures import Found, hashes_of
from screening.approvals.requests import Asked, Basis
from screening.decision import Role, judge
from screening.decision.standings import Sighted
from screening.examine import examine_bytes
from screening.images import Limits

TOP = ((0.1, 0.1), (0.6, 0.1), (0.6, 0.5), (0.1, 0.5))
BASIS = Basis(
    indexes=("0" * 32,),
    described=("works.index",),
    models=("hash: version 1",),
    policy="netflix-genai",
    context=HALYARD,
)


def file_of(image, form="PNG", **how):
    """Return the bytes of an image file."""
    stream = io.BytesIO()
    image.save(stream, form, **how)
    return stream.getvalue()


def sighted(data, *findings, role=Role.GENERATED):
    """Return what the Screener asks the desk about a file."""
    examined = examine_bytes(data, Limits())
    return Sighted(
        sha256=hashlib.sha256(data).hexdigest(),
        fingerprints=examined.fingerprints,
        findings=findings or (finding(region=TOP),),
        role=role,
    )


def found(data, one=None, path="board/a.png"):
    """Return a finding in a file, of the record "one" unless told otherwise."""
    picture = sighted(data)
    return Found.of(picture.sha256, hashes_of(picture), one or finding(region=TOP), path)


def asked(data, one=None, *, path="board/a.png", role=Role.GENERATED, basis=BASIS, **context):
    """Return a question for approval of a finding in a file."""
    one = one or finding(region=TOP)
    basis = replace(basis, context=replace(basis.context, **context))
    judged = judge(one, context=basis.context, role=role)
    return Asked.of(found(data, one, path), judged, role=role, basis=basis, by="Bo")


PICTURE = textured(7)
ORIGINAL = file_of(PICTURE)
COPY = file_of(PICTURE, "JPEG", quality=70)
OTHER = file_of(textured(8))
