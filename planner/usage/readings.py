"""How one column is read from a row: from which fields, in which units. What mappings are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

FILE_STEM: Final = "@file"
"""As a path of a text column: the name of the file, without folder and endings."""

JOINED_BY: Final = " / "
DIGEST_DIGITS: Final = 8
NOT_JSON: Final = "(text that is not JSON)"
"""Stands for a field inside a text that should be JSON and is not, so that it is never taken for a blank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a canonical column is read.

    paths: fields of the source, dots into nested objects (also into JSON text). take: of several fields the "first"
    that holds something, or all "joined" with a slash; "digest": the first hexadecimal digits of the SHA-256 of the
    text, so that equal texts are told apart without being shown. units_per_unit: what a number is divided by, 100 for
    cents. epoch_units_per_second: None for ISO 8601 text, else a time stamp is a number of these since 1970. values:
    what a text of the source stands for; other texts stay as they are. ignored_prefix: a text that begins so is taken
    for blank.
    """

    paths: tuple[str, ...]
    take: Literal["first", "joined", "digest"] = "first"
    units_per_unit: float = 1.0
    epoch_units_per_second: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    ignored_prefix: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the column is one field as it stands."""
        return self == Reading(paths=self.paths[:1])

    @property
    def shown(self) -> str:
        """The fields, for messages."""
        return " or ".join(self.paths) if self.take == "first" else " and ".join(self.paths)


def reading(path: str | Reading) -> Reading:
    """A path as a reading; a reading as it is."""
    return path if isinstance(path, Reading) else Reading(paths=(path,))
