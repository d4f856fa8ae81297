"""A JSON document as a flat file of one record per line, which holds only the fields that are read: never a prompt."""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import zstandard

from planner.errors import UsageError
from planner.usage.documents import as_text, lookup, records, says_more_follow
from planner.usage.files import EXPANDED_LIMIT_BYTES, LogFile
from planner.usage.formats import Binding
from planner.usage.readings import DIGEST_DIGITS, JOINED_BY, Reading
from planner.usage.streams import chunks

_MORE: Final = "{}: its last page says that more follow, so the answer was not saved whole."
_SPACE: Final = " \t\n\r\v\f"


def flat_binding(binding: Binding) -> Binding:
    """The binding of what was written: a digest is a field of its own there."""
    fields = {
        name: Reading(paths=(_digest_field(source),)) if source.take == "digest" else source
        for name, source in binding.fields.items()
    }
    return replace(binding, fields=fields)


def write_flat(file: LogFile, binding: Binding, folder: Path) -> LogFile:
    """Write the document's records, each as one object of the fields that the binding reads, by their dotted paths.

    Errors: UsageError for a document that cannot be read to its end.
    """
    assert file.document is not None
    digests = [source for source in binding.fields.values() if source.take == "digest"]
    paths = [path for path in flat_binding(binding).paths if path not in map(_digest_field, digests)]
    target = folder / f"{file.sha256}.flat.jsonl"
    rows, last = 0, dict[str, Any]()
    try:
        with target.open("w", encoding="utf-8") as out:
            for rows, record in enumerate(records(_limited(file), file.document, file.name, last), start=1):  # noqa: B007
                out.write(json.dumps(_flat_row(record, paths, digests), separators=(",", ":")) + "\n")
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise UsageError(
            f"{file.name}: cannot be read to its end ({error}). The file is damaged or cut off: copy it again."
        ) from error
    return replace(
        file,
        path=target,
        compression="none",
        has_rows=rows > 0,
        has_byte_order_mark=False,
        document=None,
        is_flat=True,
        note=_MORE.format(file.name) if says_more_follow(last) else "",
    )


def _limited(file: LogFile) -> Iterator[bytes]:
    size = 0
    for part in chunks(file.path, file.compression):
        size += len(part)
        if size > EXPANDED_LIMIT_BYTES:
            raise UsageError(f"{file.name} expands to more than {EXPANDED_LIMIT_BYTES >> 30} GB. Split it.")
        yield part.removeprefix(b"\xef\xbb\xbf") if size == len(part) else part  # lines are decoded one by one


def _flat_row(record: Mapping[str, Any], paths: Sequence[str], digests: Sequence[Reading]) -> dict[str, Any]:
    row = {path: as_text(lookup(record, path)) for path in paths}
    row |= {_digest_field(source): _digest(record, source) for source in digests}
    return {path: value for path, value in row.items() if value is not None}


def _digest_field(source: Reading) -> str:
    return f"digest of {source.shown}"


def _digest(record: Mapping[str, Any], source: Reading) -> str | None:
    """As planner.usage.fields.read makes it."""
    values = [as_text(lookup(record, path)) for path in source.paths]
    texts = ["" if value is None else str(value).strip(_SPACE) for value in values]
    joined = JOINED_BY.join(text for text in texts if text)
    return hashlib.sha256(joined.encode(errors="surrogatepass")).hexdigest()[:DIGEST_DIGITS] if joined else None
