"""Paths in JSON, which cannot hold bytes that are not UTF-8."""

import base64
import os


def path_json(path: str, *, key: str = "path") -> dict[str, str]:
    """Return a path under a key, undecodable bytes replaced, and then the exact ones in base64."""
    shown = os.fsencode(path).decode("utf-8", "replace")
    if path.isascii() or shown == path:
        return {key: shown}
    return {key: shown, f"{key}_b64": base64.b64encode(os.fsencode(path)).decode()}
