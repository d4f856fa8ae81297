"""JSON documents whose records are not one per line: lists, objects that hold lists, pretty printed or not.

A document is read element by element: an element of the outermost list of records, never the whole file, is held in
memory. What stands beside a list of records, and before it, belongs to each of them; their own names win.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import ijson

from planner.errors import UsageError
from planner.usage.elements import ELEMENT_LIMIT_CHARACTERS, BadJsonError, Record, elements, loads, twice
from planner.usage.readings import NOT_JSON
from planner.usage.streams import CHUNK_BYTES

DEPTH_LIMIT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """How a JSON file holds its records.

    rows: keys of the nested lists whose elements are the records. by_line: each line is a document of its own.
    """

    rows: tuple[str, ...]
    by_line: bool


def records(parts: Iterable[bytes], document: Document, name: str, last: Record | None = None) -> Iterator[Record]:
    """The records of a document, from its decompressed bytes. last: filled with what stands beside the last list.

    Errors: UsageError naming the file and the place for what is no JSON, is cut off, is nested too deeply, has a key
    twice in one object, or holds an element that is no object or too large.
    """
    beside = {} if last is None else last
    read = _by_line if document.by_line else _streamed
    return read(parts, document.rows, name, beside)


def says_more_follow(beside: Record) -> bool:
    """Whether a page says of itself that it is not the last one."""
    meta = beside.get("meta")
    if isinstance(meta, dict) and str(meta.get("page")).isdecimal() and str(meta.get("totalPages")).isdecimal():
        return int(meta["page"]) < int(meta["totalPages"])
    return beside.get("has_more") is True


# ---- each line a document


def _by_line(parts: Iterable[bytes], rows: tuple[str, ...], name: str, last: Record) -> Iterator[Record]:
    for number, line in enumerate(_lines(parts, name), start=1):
        if not line.strip():
            continue
        try:
            value = loads(line)
            if not isinstance(value, dict):
                raise BadJsonError("not a JSON object")
            yield from explode(value, rows)
            last.clear()
            last.update({key: each for key, each in value.items() if key not in rows})
        except BadJsonError as error:
            raise UsageError(f"{name}, line {number}: {error}. Correct or remove the line.") from None


def _lines(parts: Iterable[bytes], name: str) -> Iterator[bytes]:
    pending: list[bytes] = []
    held, number = 0, 1
    for part in parts:
        *lines, rest = part.split(b"\n")
        for line in lines:
            yield b"".join([*pending, line])
            pending, held, number = [], 0, number + 1
        pending.append(rest)
        held += len(rest)
        if held > ELEMENT_LIMIT_CHARACTERS:
            raise UsageError(
                f"{name}, line {number}: longer than {ELEMENT_LIMIT_CHARACTERS >> 20} MB: not a usage log."
            )
    yield b"".join(pending)


# ---- one document, or several, over any lines


def _streamed(parts: Iterable[bytes], rows: tuple[str, ...], name: str, last: Record) -> Iterator[Record]:
    done = 0
    try:
        for element in elements(parts, rows[0] if rows else None, last):
            yield from explode(element, rows)
            done += 1
    except BadJsonError as error:
        raise UsageError(f"{name}, after element {done}: {error}. Correct the document, or copy it again.") from None


# ---- what a document begins with


def begun(head: bytes) -> tuple[list[Any], bool]:
    """The values at the beginning of a document, the last of them as far as it goes, a top list's elements one by one;
    and whether that was read without a fault."""
    top: list[Any] = []
    try:
        _fill(iter(ijson.basic_parse(BytesIO(head), buf_size=CHUNK_BYTES, multiple_values=True)), top)
        is_sound = True
    except (ijson.JSONError, UnicodeDecodeError, BadJsonError):
        is_sound = False  # cut at the head's end, or found again, with its place, when the whole is read
    return [each for value in top for each in (value if isinstance(value, list) else [value])], is_sound


def _fill(events: Iterator[tuple[str, Any]], top: list[Any]) -> None:
    """Append JSON values to a list as they come, so that what came before a fault is there."""
    stack: list[Any] = [top]
    keys: list[str] = []
    for event, value in events:
        holder = stack[-1]
        if event == "map_key":
            if value in holder:
                raise twice(value)
            keys.append(value)
        elif event in ("end_map", "end_array"):
            stack.pop()
        else:
            each: Any = {} if event == "start_map" else [] if event == "start_array" else value
            if isinstance(holder, dict):
                holder[keys.pop()] = str(each) if event == "number" else each
            else:
                holder.append(str(each) if event == "number" else each)
            if event in ("start_map", "start_array"):
                stack.append(each)
        if len(stack) > DEPTH_LIMIT:
            raise BadJsonError("nested too deeply")


# ---- records inside elements


def explode(element: Mapping[str, Any], rows: tuple[str, ...], *, strict: bool = True) -> Iterator[Record]:
    """The records of an element: itself, or the objects of the lists nested in it, each with what stands beside.

    strict: an element of such a list that is no object is an error, and else left out.
    """
    record = {key: plain(value) for key, value in element.items()}
    if not rows:
        yield record
        return
    inner = record.pop(rows[0], None)
    for each in inner if isinstance(inner, list) else ():
        if isinstance(each, dict):
            yield from explode(record | each, rows[1:], strict=strict)
        elif strict:
            raise BadJsonError(f"an element of {rows[0]} is not a JSON object")


def plain(value: Any) -> Any:
    """A list of keys and values, as OTLP writes attributes, as an object; also one level down."""
    if isinstance(value, dict):
        return {key: _attributes(inner) for key, inner in value.items()}
    return _attributes(value)


def _attributes(value: Any) -> Any:
    if not isinstance(value, list) or not value:
        return value
    if not all(isinstance(each, dict) and "key" in each and "value" in each for each in value):
        return value
    return {str(each["key"]): _any_value(each["value"]) for each in value}


def _any_value(value: Any) -> Any:
    if isinstance(value, dict) and len(value) == 1:
        ((kind, held),) = value.items()
        if kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
            return held
    return value


# ---- fields of a record


def lookup(value: Any, path: str) -> Any:
    """What a dotted path leads to: through objects (a key may hold dots), lists by number, and JSON text; else None."""
    if isinstance(value, dict):
        if path in value:
            return value[path]
        end = path.rfind(".")
        while end > 0:
            if path[:end] in value:
                return lookup(value[path[:end]], path[end + 1 :])
            end = path.rfind(".", 0, end)
        return None
    if isinstance(value, list):
        first, _, rest = path.partition(".")
        if not first.isdecimal() or int(first) >= len(value):
            return None
        return lookup(value[int(first)], rest) if rest else value[int(first)]
    return _inside_text(value, path) if isinstance(value, str) and value.strip() else None


def _inside_text(text: str, path: str) -> Any:
    try:
        value = loads(text)
    except BadJsonError:
        return NOT_JSON
    return lookup(value, path) if isinstance(value, dict | list) else None


def as_text(value: Any) -> str | bool | None:
    """A JSON value as the text that the scan reads: objects and lists as compact JSON."""
    if value is None or isinstance(value, str | bool):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
