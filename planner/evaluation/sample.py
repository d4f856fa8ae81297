"""Samples of requests: JSON lines as people write them, and a draw that a larger one goes on from.

A sample is data: what stands in it is sent to a model, and is never followed, run or shown. Errors name file and line.
"""

import heapq
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import zstandard

from planner.errors import InputError
from planner.evaluation.evaluation import SampleRequest
from planner.evaluation.keys import canonical_json, is_nested_beyond
from planner.usage.streams import chunks, compression_of

PARAMS: Final = {
    "system": (str, list),
    "messages": (list,),
    "tools": (list,),
    "tool_choice": (dict,),
    "max_tokens": (int,),
    "stop_sequences": (list,),
    "thinking": (dict,),
    "output_config": (dict,),
    "cache_control": (dict,),
}
"""What a request of a sample may say to the Messages API, and of what kind it is."""

LONGEST_LINE_BYTES: Final = 64 << 20
"""The API takes requests of 32 MB; a longer line is something else."""

MOST_OUTPUT_TOKENS: Final = 1_000_000
"""No model writes a longer answer."""

_OTHERS: Final = ("request_type", "id", "expected", "reference")
_NEEDED: Final = ("request_type", "messages", "max_tokens")
_KIND_WORDS: Final = {str: "text", list: "a list", dict: "an object", int: "a whole number"}
_ID_DIGITS: Final = 16
_LONGEST_NAME: Final = 200


def read_sample(paths: Sequence[Path], *, request_types: Iterable[str] | None = None) -> tuple[SampleRequest, ...]:
    """The requests of files of JSON lines, plain, gzip or zstd, in their order; of these types, unless None.

    Requests without an id get one from a hash of what they ask; equal ones of them are told apart by "-2", "-3".
    Errors: InputError naming file and line for what is no request, and for two requests with one id.
    """
    wanted = None if request_types is None else frozenset(request_types)
    return tuple(item for item in requests_in(paths) if wanted is None or item.request_type in wanted)


def requests_in(paths: Sequence[Path]) -> Iterator[SampleRequest]:
    """The same one after the other, for samples that are larger than memory. Errors: as read_sample."""
    places: dict[str, str] = {}
    repeats: dict[str, int] = {}
    for path in paths:
        for number, line in _lines(path):
            place = f"{path}:{number}"
            found = _request(line, place)
            own = found.pop("id", None)
            own = _default_id(found, repeats) if own is None else own
            if own in places:
                raise InputError(f"{place}: the id {_shown(own)} is that of {places[own]} too; give each its own")
            places[own] = place
            yield SampleRequest(
                request_type=found["request_type"],
                id=own,
                params={name: found[name] for name in PARAMS if name in found},
                expected=found.get("expected"),
                has_expected="expected" in found,
                reference=found.get("reference"),
            )


def draw(requests: Iterable[SampleRequest], *, request_type: str, answers: int, seed: int) -> tuple[SampleRequest, ...]:
    """So many requests of a type in a random order that depends on seed, type and id alone, or all where there are
    fewer: the draw of 100 is the start of the draw of 200."""
    own = (item for item in requests if item.request_type == request_type)
    return tuple(heapq.nsmallest(answers, own, key=lambda item: _place_in_draw(item, seed)))


def _place_in_draw(item: SampleRequest, seed: int) -> tuple[bytes, str]:
    text = canonical_json([seed, item.request_type, item.id])
    return sha256(text.encode("utf-8", "surrogatepass")).digest(), item.id


def _default_id(found: Mapping[str, Any], repeats: dict[str, int]) -> str:
    asked = [found["request_type"], {name: found[name] for name in PARAMS if name in found}]
    digest = sha256(canonical_json(asked).encode("utf-8", "surrogatepass")).hexdigest()[:_ID_DIGITS]
    repeats[digest] = repeats.get(digest, 0) + 1
    return digest if repeats[digest] == 1 else f"{digest}-{repeats[digest]}"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number from 1, bytes) of the lines that are not blank, without a byte-order mark."""
    number = 0
    try:
        with path.open("rb") as file:
            compression = compression_of(file.read(4))
        for number, line in enumerate(_split(chunks(path, compression), path), start=1):
            text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if text.strip():
                yield number, text
    except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
        raise InputError(_unreadable(path, number, error)) from None


def _unreadable(path: Path, number: int, error: Exception) -> str:
    if number == 0 and isinstance(error, OSError) and error.strerror:
        return f"cannot read the sample {path}: {error.strerror}; correct `sample` in [[evaluation]]"
    where = f"after line {number}" if number else "from its beginning on"
    return f"{path}: the file is damaged {where} ({error or type(error).__name__}); copy it again"


def _split(parts: Iterable[bytes], path: Path) -> Iterator[bytes]:
    begun: list[bytes] = []
    size, number = 0, 1
    for part in parts:
        *lines, last = part.split(b"\n")
        for line in lines:
            yield b"".join((*begun, line))
            begun, size, number = [], 0, number + 1
        begun.append(last)
        size += len(last)
        if size > LONGEST_LINE_BYTES:
            raise InputError(
                f"{path}:{number}: the line is longer than {LONGEST_LINE_BYTES >> 20} MB; a sample is JSON lines, one "
                "request a line"
            )
    if size:
        yield b"".join(begun)


def _request(line: bytes, place: str) -> dict[str, Any]:
    found = _object(line, place)
    for name in found:
        if name not in PARAMS and name not in _OTHERS:
            near = get_close_matches(name, (*PARAMS, *_OTHERS), 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join((*_OTHERS, *PARAMS))}"
            raise InputError(f"{place}: unknown key {_shown(name)}{hint}")
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise InputError(f"{place}: the request has no {' and no '.join(missing)}")
    for name, kinds in PARAMS.items():
        if name in found and (not isinstance(found[name], kinds) or isinstance(found[name], bool)):
            raise InputError(f"{place}: {name} has to be {' or '.join(_KIND_WORDS[kind] for kind in kinds)}")
    _check_values(found, place)
    return found


def _check_values(found: Mapping[str, Any], place: str) -> None:
    if not 1 <= found["max_tokens"] <= MOST_OUTPUT_TOKENS:
        raise InputError(f"{place}: max_tokens has to be from 1 to {MOST_OUTPUT_TOKENS:,}; correct it")
    if not found["messages"] or not all(isinstance(item, dict) and "role" in item for item in found["messages"]):
        raise InputError(f"{place}: messages has to be a list of objects with role and content, at least one")
    for name in ("request_type", "id"):
        value = found.get(name, "-")
        if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME:
            raise InputError(f"{place}: {name} has to be text of 1 to {_LONGEST_NAME} characters")
    if not isinstance(found.get("reference", ""), str):
        raise InputError(
            f"{place}: reference has to be text, the current model's answer; leave it out where there is none"
        )


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: not UTF-8 at byte {error.start + 1} of the line; save the file as UTF-8") from None
    try:
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_without_doubles)
        _check_sendable(found)
    except json.JSONDecodeError as error:
        said = f"not JSON at column {error.colno} ({error.msg}); a sample is JSON lines, one request a line"
    except _UnusableError as error:
        said = str(error)
    except RecursionError:
        said = _TOO_DEEP
    except UnicodeEncodeError:
        said = "half of a character (a lone surrogate, \\ud800 to \\udfff) cannot be sent; correct the text"
    except ValueError:
        said = "a number is too large, or has too many digits"
    else:
        return found
    raise InputError(f"{place}: {said}")


_MOST_NESTED: Final = 100
_TOO_DEEP: Final = f"nested more than {_MOST_NESTED} deep"


def _check_sendable(found: Any) -> None:
    if not isinstance(found, dict):
        raise _UnusableError("not a JSON object; a sample is JSON lines, one request a line")
    if is_nested_beyond(found, _MOST_NESTED):
        raise _UnusableError(_TOO_DEEP)
    canonical_json(found).encode("utf-8")


class _UnusableError(Exception):
    """JSON that a reader takes and the API would not, or not as it was meant."""


def _no_number(text: str) -> None:
    raise _UnusableError(f"{text} is no number in JSON; write null or leave it out")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _UnusableError(f"the key {_shown(twice)} stands twice in one object")
    return found


def _shown(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:57]}...")
