"""XMP: properties by their namespaces, read as a stream that refuses entities."""

from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from screening.generation.reading import Reading

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_MAX_DEPTH = 40
_MAX_ELEMENTS = 20_000
_MAX_VALUES = 1000

Property = tuple[str, str, str]
"""Namespace, name and value."""


class _RefusedError(Exception):
    """XML that is not read."""


def xmp_properties(packet: bytes, reading: Reading) -> Iterator[Property]:
    """Yield each value of each property of an XMP packet, in order.

    Of a structure each field counts as a property, and of a list each item as a value. Broken XML
    ends it and is a problem; what came before is kept.
    """
    reader = _Reader()
    try:
        reader.read(packet.strip(b"\0 \t\r\n"))
    except (_RefusedError, expat.ExpatError, ValueError, RecursionError) as error:
        said = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else str(error)
        reading.problem(f"XMP: {said}")
    yield from reader.found


class _Reader:
    """Handlers of one packet."""

    def __init__(self) -> None:
        self.found: list[Property] = []
        self._path: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._elements = 0

    def read(self, packet: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._more
        parser.Parse(packet, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > _MAX_ELEMENTS or len(self._path) >= _MAX_DEPTH:
            raise _RefusedError("too many elements: the rest was not read")
        self._path.append(_split(name))
        self._text.clear()
        for key, value in attributes.items():
            space, local = _split(key)
            if space == _RDF and local == "resource":
                self._add(value)
            elif space and space != _RDF and local != "lang":
                self._keep(space, local, value)

    def _end(self, _: str) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        if text:
            self._add(text)
        self._path.pop()

    def _more(self, text: str) -> None:
        self._text.append(text)

    def _add(self, value: str) -> None:
        """Keep a value under the innermost element that is not RDF's own."""
        for space, name in reversed(self._path):
            if space != _RDF:
                self._keep(space, name, value)
                return

    def _keep(self, space: str, name: str, value: str) -> None:
        if len(self.found) >= _MAX_VALUES:
            raise _RefusedError(f"more than {_MAX_VALUES:,} values: the rest was not read")
        self.found.append((space, name, value))


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition(" ")
    return space, local


def _refuse_doctype(*_: Any) -> None:
    raise _RefusedError("declares a document type, which XMP never does: not read")
