"""What a picture is here, from what its file says."""

from screening.decision import Role
from screening.generation.generation import AI_SYSTEM, SOURCE_TYPE, TRAINED, Generation


def role_of(generation: Generation) -> Role | None:
    """Return GENERATED where the file says that a trained model made it, or a part of it.

    So do a generator's settings or name, the source types of the IPTC, and the actions of a C2PA
    manifest that is valid. A camera's name or the source type of a photograph or a screen capture
    is only a hint, as anybody can write it, and gives None, as does a file that says nothing.
    """
    if generation.tool is not None:
        return Role.GENERATED
    for claim in generation.claims:
        if claim.name == AI_SYSTEM or (claim.name == SOURCE_TYPE and claim.value in TRAINED):
            return Role.GENERATED
    manifest = generation.manifest
    if manifest and manifest.state == "valid" and not TRAINED.isdisjoint(manifest.source_types):
        return Role.GENERATED
    return None
