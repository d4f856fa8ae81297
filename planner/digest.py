"""A digest of values: equal for equal assumptions, so that results can be kept under it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import sha256

import numpy as np


def digest(*values: object) -> str:
    """SHA-256 of nested dataclasses, arrays, mappings, sequences and plain values, as hexadecimal digits."""
    return _Digester().of(values).hex()


@dataclass(frozen=True, slots=True)
class _Digester:
    """Digests of one call. known: dataclasses by identity, each read once, however many others it is a part of."""

    known: dict[int, bytes] = field(default_factory=dict)

    def of(self, value: object) -> bytes:
        """The digest of a value from those of its parts."""
        if id(value) in self.known:
            return self.known[id(value)]
        total = sha256()
        for part in self._parts(value):
            total.update(part)
            total.update(b"\x00")
        if is_dataclass(value):
            self.known[id(value)] = total.digest()
        return total.digest()

    def _parts(self, value: object) -> Iterator[bytes]:
        if isinstance(value, np.ndarray):
            yield f"{value.dtype} {value.shape}".encode()
            yield np.ascontiguousarray(value).tobytes()
        elif is_dataclass(value) and not isinstance(value, type):
            yield type(value).__qualname__.encode()
            for item in fields(value):
                yield item.name.encode()
                yield self.of(getattr(value, item.name))
        elif isinstance(value, Mapping):
            yield f"mapping of {len(value)}".encode()
            for pair in value.items():
                yield from map(self.of, pair)
        elif isinstance(value, tuple | list):
            yield f"sequence of {len(value)}".encode()
            yield from map(self.of, value)
        else:
            yield f"{type(value).__qualname__} {value!r}".encode()
