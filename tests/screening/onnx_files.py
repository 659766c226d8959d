"""ONNX files for tests, written by hand: networks without weights whose answers are known."""


def averaging(
    side: int = 8, *, batch: int = 0, inputs: int = 1, op: str = "GlobalAveragePool"
) -> bytes:
    """Return a network that gives the mean of each of the three channels, (n, 3, 1, 1).

    side: of the crops it takes; 0 for any. batch: how many at once; 0 for any number.
    inputs: of these only the first is used. op: another name is no operator at all.
    """
    shape = _dim(batch), _dim(3), _dim(side), _dim(side)
    node = _text(1, "x0") + _text(2, "y") + _text(4, op)
    graph = _part(1, node) + _text(2, "test")
    graph += b"".join(_part(11, _value(f"x{i}", shape)) for i in range(inputs))
    graph += _part(12, _value("y", (_dim(batch), _dim(3), _dim(1), _dim(1))))
    return _number(1, 8) + _part(7, graph) + _part(8, _text(1, "") + _number(2, 13))


def _value(name: str, shape: tuple[bytes, ...]) -> bytes:
    tensor = _number(1, 1) + _part(2, b"".join(_part(1, dim) for dim in shape))
    return _text(1, name) + _part(2, _part(1, tensor))


def _dim(size: int) -> bytes:
    return _number(1, size) if size else _text(2, "n")


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())


def _part(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    more, low = value >> 7, value & 0x7F
    return bytes([low | 0x80]) + _varint(more) if more else bytes([low])
