"""The objects of a JSON document one by one, however its lines lie: only one element is held in memory."""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from planner.usage.secrets import masked

ELEMENT_LIMIT_CHARACTERS: Final = 256 << 20
"""Of one line, or of one element of the outermost list of records."""

_SPACE: Final = " \t\n\r"
_OF_NUMBERS: Final = "0123456789+-.eE"

Record = dict[str, Any]


class BadJsonError(Exception):
    """What is wrong with a document, without any of its text."""


class KeyTwiceError(BadJsonError):
    """A key that an object has twice: readers differ in which one counts."""


def _object(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise twice(next(key for key in keys if keys.count(key) > 1))
    return found


def twice(key: str) -> KeyTwiceError:
    """The error of a key that an object has twice."""
    return KeyTwiceError(f"the key {masked(key[:1000])[:60]!r} is in one object twice")


def _constant(text: str) -> Any:
    raise BadJsonError(f"{text} is not a JSON number")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=str, parse_int=str, parse_constant=_constant)
"""Numbers stay the text that they are: 1.50 and 1e400 are judged, and shown, as they were written."""


def loads(text: bytes | str) -> Any:
    """A JSON text, its numbers as text. Errors: BadJsonError, also for a key twice, NaN and Infinity."""
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise BadJsonError("JSON that is nested too deeply") from None
    except UnicodeDecodeError:
        raise BadJsonError("not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadJsonError(f"not JSON (at character {error.pos + 1})") from None


def elements(parts: Iterable[bytes], rows_key: str | None, last: Record | None = None) -> Iterator[Record]:
    """The objects of a document: its values, the elements of a list. With a rows_key one object for each element of
    the list under that key, alone in it, with what stands before it in the object; `last` is then filled with what
    stands beside the last such list. Errors: BadJsonError."""
    last = {} if last is None else last
    text = _Text(parts)
    while sign := text.next_sign():
        if sign == "[":
            for _ in _items(text):
                yield from _element(text, rows_key, last)
        else:
            yield from _element(text, rows_key, last)


def _element(text: "_Text", rows_key: str | None, last: Record) -> Iterator[Record]:
    if text.next_sign() != "{":
        raise BadJsonError("not a JSON object" if text.next_sign() else "cut off")
    if rows_key is None:
        yield text.value()
    else:
        yield from _rows_of(text, rows_key, last)


def _rows_of(text: "_Text", rows_key: str, last: Record) -> Iterator[Record]:
    beside: Record = {}
    seen: set[str] = set()
    for _ in _items(text):
        if text.next_sign() != '"':
            raise BadJsonError("not JSON" if text.next_sign() else "cut off")
        key = text.value()
        if key in seen:
            raise twice(key)
        seen.add(key)
        text.skip(":")
        if key == rows_key and text.next_sign() == "[":
            for _ in _items(text):
                yield {**beside, rows_key: [text.value()]}
        else:
            beside[key] = text.value()
    last.clear()
    last.update(beside)


def _items(text: "_Text") -> Iterator[None]:
    """Stands before each item of a list or an object in turn; who asks reads the item."""
    end = {"[": "]", "{": "}"}[text.next_sign()]
    text.at += 1
    if text.next_sign() == end:
        text.at += 1
        return
    while True:
        yield
        if text.next_sign() == end:
            text.at += 1
            return
        text.skip(",")


class _Text:
    """The text of a document as far as it was needed. at: where the next value or sign is looked for."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._is_whole = False
        self.at = 0

    def next_sign(self) -> str:
        """The next character that is no space, "" at the end."""
        while True:
            while self.at < len(self._text) and self._text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self._text):
                return self._text[self.at]
            if not self._read():
                return ""

    def skip(self, sign: str) -> None:
        """Go past a sign that has to be there."""
        found = self.next_sign()
        if found != sign:
            raise BadJsonError("not JSON" if found else "cut off")
        self.at += 1

    def value(self) -> Any:
        """The next value."""
        self.next_sign()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self.at)
            except json.JSONDecodeError as error:
                if not self._grow():
                    is_end = error.pos >= len(self._text.rstrip()) or error.msg.startswith("Unterminated")
                    raise BadJsonError("cut off" if is_end else "not JSON") from None
            except RecursionError:
                raise BadJsonError("nested too deeply") from None
            else:
                is_ended = isinstance(value, dict | list) or self._text[end:].lstrip(_OF_NUMBERS) != ""
                if is_ended or not self._grow():
                    self.at = end
                    return value

    def _grow(self) -> bool:
        """Read until twice as much is at hand: a value that is not whole may go on, also a number at the end."""
        wanted = 2 * (len(self._text) - self.at)
        if wanted > 2 * ELEMENT_LIMIT_CHARACTERS:
            raise BadJsonError(f"longer than {ELEMENT_LIMIT_CHARACTERS >> 20} million characters, or not JSON")
        has_more = self._read()
        while len(self._text) < wanted and self._read():
            pass
        return has_more

    def _read(self) -> bool:
        if self._is_whole:
            return False
        part = next(self._parts, None)
        self._is_whole = part is None
        try:
            more = self._decoder.decode(part or b"", final=self._is_whole)
        except UnicodeDecodeError:
            raise BadJsonError("not UTF-8; save the file as UTF-8") from None
        self._text, self.at = self._text[self.at :] + more, 0
        return not self._is_whole or bool(more)
