"""Graded answers as a file keeps them: JSON lines of who answered what, and whether the answer passed.

The order of the lines is the order in which answers count. Everything in a file is data of others: it is compared and
counted, and no text of an answer is ever shown.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

import zstandard

from planner.errors import InputError
from planner.usage.streams import chunks, compression_of
from planner.whole_file import replacing

_LONGEST_LINE: Final = 8 << 20
_MOST_BYTES: Final = 4 << 30
_MOST_ANSWERS: Final = 2_000_000
_LONGEST_NAME: Final = 1_000
_LONGEST_SHOWN: Final = 24
_EXAMPLE: Final = '{"request_type": "triage", "candidate": "claude-haiku-5-5", "id": "17", "passed": true}'


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedAnswer:
    """One graded answer of a candidate model to one request.

    reference_passed: whether the current model's own answer to the same request passed, None where it was not graded.
    cost_usd: of the answer and of its grading. Files of others may leave out what has a default.
    """

    request_type: str
    candidate: str
    id: str
    passed: bool
    reference_passed: bool | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedFiles:
    """Graded answers of files, each once, in the order of the lines. repeated: lines that said one of them again."""

    answers: tuple[GradedAnswer, ...]
    repeated: int


def read_graded(paths: Sequence[Path]) -> tuple[GradedAnswer, ...]:
    """Graded answers of files (JSON lines, plain, gzip or zstd), each once. Errors: as of `read_graded_files`."""
    return read_graded_files(paths).answers


def read_graded_files(paths: Sequence[Path]) -> GradedFiles:
    """Graded answers of files, one after the other, and how many lines repeat one.

    Errors: InputError naming file, line, key, value and remedy for what is no graded answer; naming both lines for one
    answer with two verdicts; for a file that cannot be read, and where there is no graded answer at all.
    """
    found: dict[tuple[str, str, str], GradedAnswer] = {}
    places: dict[tuple[str, str, str], str] = {}
    lines = 0
    for path in paths:
        for place, answer in _answers_in(path):
            lines += 1
            if lines > _MOST_ANSWERS:
                raise InputError(f"{place}: more than {_MOST_ANSWERS:,} graded answers; decide on fewer at a time")
            key = (answer.request_type, answer.candidate, answer.id)
            if key in found:
                answer = _same(found[key], answer, places[key], place)
            found[key] = answer
            places.setdefault(key, place)
    if not found:
        names = ", ".join(map(str, paths)) or "no file"
        raise InputError(f"{names}: no graded answer in it; give JSON lines such as {_EXAMPLE}")
    return GradedFiles(answers=tuple(found.values()), repeated=lines - len(found))


def _same(first: GradedAnswer, again: GradedAnswer, first_place: str, place: str) -> GradedAnswer:
    """One answer that is told twice: what either tells of it. Errors: InputError where they contradict each other."""
    for key in ("passed", "reference_passed"):
        old, new = getattr(first, key), getattr(again, key)
        if old is not None and new is not None and old != new:
            raise InputError(
                f"{place}: id {shown(again.id)} of {shown(again.candidate)} on {shown(again.request_type)} has "
                f"{key} = {json.dumps(new)} here and {json.dumps(old)} in {first_place}; keep the line that is right, "
                "or give the second request an id of its own"
            )
    return replace(
        first,
        reference_passed=again.reference_passed if first.reference_passed is None else first.reference_passed,
        cost_usd=again.cost_usd if first.cost_usd is None else first.cost_usd,
    )


def _answers_in(path: Path) -> Iterator[tuple[str, GradedAnswer]]:
    for place, line in objects_in(path):
        yield place, _graded_answer(line, place)


def objects_in(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each line of JSON lines, plain, gzip or zstd. Errors: InputError naming the place."""
    for number, line in _lines(path):
        place = f"{path}, line {number}"
        yield place, _parsed(line, place)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, by their number. Errors: InputError naming the file."""
    number, rest, size = 0, b"", 0
    for part in _parts(path):
        size += len(part)
        if size > _MOST_BYTES:
            raise InputError(f"{path}: more than {_MOST_BYTES >> 30} GB; leave out what is no grade, or split the file")
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            number += 1
            if text := line.strip():
                yield number, text
        if len(rest) > _LONGEST_LINE:
            raise InputError(
                f"{path}, line {number + 1}: longer than {_LONGEST_LINE >> 20} MB; write one graded answer a line, and "
                "leave out the text of the answer"
            )
    if text := rest.strip():
        yield number + 1, text


def _parts(path: Path) -> Iterator[bytes]:
    """The file's bytes without a byte-order mark."""
    begin = True
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "is not there"
            raise InputError(f"{path} {what}; name a file of graded answers")
        with path.open("rb") as stream:
            compression = compression_of(stream.read(4))
        for part in chunks(path, compression):
            yield part.removeprefix(b"\xef\xbb\xbf") if begin else part
            begin = False
    except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise InputError(f"{path}: the compressed file is damaged ({error}); make it again") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}; give a file that can") from None


def _parsed(line: bytes, place: str) -> dict[str, Any]:
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise InputError(f"{place}: is not UTF-8; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{place}: no JSON ({error.msg} at character {error.pos + 1}); write one object a line, such as {_EXAMPLE}"
        ) from None
    except RecursionError:
        raise InputError(f"{place}: nested too deeply; leave out what is no grade") from None
    except ValueError as error:
        raise InputError(f"{place}: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{place}: holds {_kind(value)}; write one object a line, such as {_EXAMPLE}")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)} stands twice; keep one of them")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON; leave the key out where nothing is known")


def _graded_answer(line: dict[str, Any], place: str) -> GradedAnswer:
    cost = line.get("cost_usd")
    if cost is not None and (isinstance(cost, bool) or not isinstance(cost, int | float)):
        raise InputError(f"{place}: cost_usd = {shown(cost)}: give dollars as a number, or leave the key out")
    if cost is not None and not (0.0 <= cost < 1e9 and isfinite(cost)):
        raise InputError(f"{place}: cost_usd = {shown(cost)}: give dollars from 0 on, or leave the key out")
    passed = _boolean(line, "passed", place)
    if passed is None:
        raise InputError(f"{place}: has no passed; say true or false, and leave out the line of an answer not graded")
    return GradedAnswer(
        request_type=name_in(line, "request_type", place),
        candidate=name_in(line, "candidate", place),
        id=name_in(line, "id", place),
        passed=passed,
        reference_passed=_boolean(line, "reference_passed", place),
        cost_usd=None if cost is None else float(cost),
    )


def name_in(line: dict[str, Any], key: str, place: str) -> str:
    """A name, or a whole number that stands for one."""
    value = line.get(key)
    if value is None:
        raise InputError(f"{place}: has no {key}; a graded answer is such as {_EXAMPLE}")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{place}: {key} = {shown(value)}: give a text that is not empty")
    if len(value) > _LONGEST_NAME:
        raise InputError(f"{place}: {key} has {len(value):,} characters: give a name of at most {_LONGEST_NAME:,}")
    return value


def _boolean(line: dict[str, Any], key: str, place: str) -> bool | None:
    value = line.get(key)
    if value is None or isinstance(value, bool):
        return value
    raise InputError(f"{place}: {key} = {shown(value)}: write true or false, without quotes")


def shown(value: Any) -> str:
    """A value in an error: short ones as they are, of others their kind, because they may be an answer."""
    if isinstance(value, int | float | bool) or value is None:
        return "a long number" if isinstance(value, int) and abs(value) >= 10**20 else json.dumps(value)
    if isinstance(value, str) and len(value) <= _LONGEST_SHOWN:
        return json.dumps(value, ensure_ascii=False)
    return f"a text of {len(value):,} characters" if isinstance(value, str) else _kind(value)


def _kind(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "a text" if isinstance(value, str) else "a number, true, false or null"


def write_graded(path: Path, answers: Iterable[GradedAnswer]) -> None:
    """Write graded answers in their order, whole or not at all; compressed where the name ends in .gz or .zst.

    Errors: InputError where the file cannot be written.
    """
    text = "".join(f"{json.dumps(_line(answer), allow_nan=False)}\n" for answer in answers).encode("ascii")
    if path.suffix.lower() == ".gz":
        text = gzip.compress(text, mtime=0)  # the same answers make the same file
    elif path.suffix.lower() == ".zst":
        text = zstandard.ZstdCompressor().compress(text)
    with replacing(path, remedy="choose another name or folder") as new:
        new.write_bytes(text)


def _line(answer: GradedAnswer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "request_type": answer.request_type,
        "candidate": answer.candidate,
        "id": answer.id,
        "passed": answer.passed,
    }
    extra = {"reference_passed": answer.reference_passed, "cost_usd": answer.cost_usd}
    return found | {name: value for name, value in extra.items() if value is not None}
