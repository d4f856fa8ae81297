"""A digest of values: equal for equal assumptions, so that results can be kept under it."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256

import numpy as np


def digest(*values: object) -> str:
    """SHA-256 of nested dataclasses, arrays, mappings, sequences and plain values, as hexadecimal digits."""
    total = sha256()
    for part in _parts(values):
        total.update(part)
        total.update(b"\x00")
    return total.hexdigest()


def _parts(value: object) -> Iterator[bytes]:
    if isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__qualname__.encode()
        for item in fields(value):
            yield item.name.encode()
            yield from _parts(getattr(value, item.name))
    elif isinstance(value, Mapping):
        yield f"mapping of {len(value)}".encode()
        for key, item in value.items():
            yield from _parts(key)
            yield from _parts(item)
    elif isinstance(value, tuple | list):
        yield f"sequence of {len(value)}".encode()
        for item in value:
            yield from _parts(item)
    else:
        yield f"{type(value).__qualname__} {value!r}".encode()
