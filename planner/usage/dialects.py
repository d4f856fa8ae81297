"""How engines that run the measurement differ: moments, numbers and JSON in text, digests. All else is the same to all.

A dialect gives Ibis expressions. DuckDB's are the fastest that it has, behind the same pattern of times.
Everywhere else text is read by regular expressions and whole-number arithmetic alone, so that no engine's own idea of a
date or of a number comes in: what is not ISO 8601 or a plain number is NULL, and so refused. Patterns hold no
backslashes, which engines take differently.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt

US_PER_SECOND: Final = 1_000_000

_UTC: Final = dt.Timestamp(timezone="UTC")
_NAIVE: Final = dt.Timestamp(scale=6)
_DAYS_TO_2000: Final = 10_957

_YEAR: Final = "(1999|20[0-9]{2}|2100)"
_DAY_OF_YEAR: Final = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_DAY: Final = "20([02468][048]|[13579][26])-02-29"
_CLOCK: Final = "(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,12})?)?|24:00(:00([.]0{1,12})?)?)"
_ZONE: Final = " ?(Z|z|UTC|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)?"
MOMENT: Final = f"({_YEAR}-{_DAY_OF_YEAR}|{_LEAP_DAY})([T ]{_CLOCK}{_ZONE})?"
"""ISO 8601 of days that the calendar has, with or without a clock and a zone. The whole text has to match."""
_UTC_SHAPES: Final = ("____-__-__T__:__:__%Z", "____-__-__T__:__:__%+00:00")
NUMBER: Final = "[+-]?([0-9]{1,40}([.][0-9]{0,40})?|[.][0-9]{1,40})([eE][+-]?[0-9]{1,2})?"
"""Plain numbers, none of them too large for a double."""

Expression = Any
One = Callable[[Expression], Expression]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one engine has to be told in its own words; every function is from Ibis expressions to one.

    name: of the Ibis backend. utc_us, naive_us: int64 microseconds since 1970 of a moment, and of a time stamp without
    a zone, which is taken as UTC. text_us, number: the same, and float64, of text; NULL where it cannot be read.
    whole: how often a positive divisor goes into an int64, towards zero, exactly.
    digest: SHA-256 of a text in hexadecimal digits. json_text: the text that a path of keys leads to in a JSON column,
    NULL where there is none.
    """

    name: str
    utc_us: One
    naive_us: One
    text_us: One
    number: One
    whole: Callable[[Expression, int], Expression]
    digest: One
    json_text: Callable[[Expression, Sequence[str]], Expression]


_STUBS: Final[dict[int, Callable[..., None]]] = {
    1: lambda a: None,
    2: lambda a, b: None,
    3: lambda a, b, c: None,
}


def _builtin(name: str, arguments: Sequence[Any], result: Any) -> Callable[..., Expression]:
    """A function that the engine has by this name, with the types of its arguments and of its result."""
    signature = (tuple(arguments), result)
    found: Callable[..., Expression] = ibis.udf.scalar.builtin(_STUBS[len(arguments)], name=name, signature=signature)
    return found


_substr = _builtin("substr", (dt.string, dt.int64, dt.int64), dt.string)
floor = _builtin("floor", (dt.float64,), dt.float64)
"""The largest whole number that is not above a double, as a double (Ibis's own is an integer and fails on infinity)."""


def _whole(number: Expression, by: int) -> Expression:
    """Exact also where engines divide doubles: of a multiple of the divisor there is nothing to round."""
    return ((number - number % by) / by).cast("int64")


def _matches(text: Expression, pattern: str) -> Expression:
    return text.re_search(f"^({pattern})$")


def _full_match(text: Expression, pattern: str) -> Expression:
    """Of Snowflake, whose own function matches the whole text."""
    return _builtin("regexp_like", (dt.string, dt.string), dt.boolean)(text, pattern)


def _cast(text: Expression, kind: str) -> Expression:
    return text.cast(kind)


def _try_cast(text: Expression, kind: str) -> Expression:
    return text.try_cast(kind)


Matches = Callable[[Expression, str], Expression]
Cast = Callable[[Expression, str], Expression]


def _text_reader(matches: Matches, cast: Cast) -> One:
    """Microseconds since 1970 of ISO 8601 text, by arithmetic.

    cast: the guard holds already; an engine that has a cast that cannot fail is given that one all the same, because
    some look at both branches of a CASE.
    """

    def digits(text: Expression, start: int, length: int) -> Expression:
        return cast(_substr(text, start, length), "int64")

    def days(text: Expression) -> Expression:
        year, month = digits(text, 1, 4), digits(text, 6, 2)
        shorter = ibis.cases((month < 3, 0), (year % 4 == 0, 1), else_=2)  # February, than one of 30 days
        of_year = _whole(month * 367 - 362, 12) - shorter + digits(text, 9, 2) - 1
        return (year - 2000) * 365 + _whole(year - 1997, 4) + of_year + _DAYS_TO_2000

    def clock(text: Expression) -> Expression:
        seconds = ibis.cases((_substr(text, 17, 1) == ":", digits(text, 18, 2)), else_=0)
        clock = digits(text, 12, 2) * 3600 + digits(text, 15, 2) * 60 + seconds
        rest = _substr(text, 17, 40)
        fraction = rest.re_replace("^:[0-9]{2}[.]?", "").re_replace("[^0-9].*$", "")
        micros = cast(_substr(fraction + "000000", 1, 6), "int64")
        return (clock - 60 * _minutes_east(rest.re_replace("^[:0-9. ]*", ""))) * US_PER_SECOND + micros

    def _minutes_east(zone: Expression) -> Expression:
        minutes = ibis.cases((zone.length() > 3, cast(zone.right(2), "int64")), else_=0)
        east = cast(_substr(zone, 2, 2), "int64") * 60 + minutes
        return ibis.cases((zone.startswith("+"), east), (zone.startswith("-"), -east), else_=0)

    def read(raw: Expression) -> Expression:
        text = raw.strip()
        of_clock = ibis.cases((text.length() > 10, clock(text)), else_=0)
        return ibis.cases((matches(text, MOMENT), days(text) * (86_400 * US_PER_SECOND) + of_clock))

    return read


def _number_reader(matches: Matches, cast: Cast) -> One:
    def read(raw: Expression) -> Expression:
        text = raw.strip()
        return ibis.cases((matches(text, NUMBER), cast(text, "float64")))

    return read


def _path(keys: Sequence[str]) -> str:
    return "$" + "".join(f'."{key}"' for key in keys)


def _text_at_path(function: str, kind: Any) -> Callable[[Expression, Sequence[str]], Expression]:
    at_path = _builtin(function, (kind, dt.string), dt.string)
    return lambda value, keys: at_path(value, _path(keys))


_epoch_us_utc = _builtin("epoch_us", (_UTC,), dt.int64)
_epoch_us_naive = _builtin("epoch_us", (_NAIVE,), dt.int64)


def _duckdb_text_us(raw: Expression) -> Expression:
    """DuckDB's cast is fast and takes more than ISO 8601: offsets of 99 hours, zones by name after a space, slashes.

    It is given what the pattern lets through. The pattern is slow, and taking spaces off slower still: most logs have a
    shape in which none of these can be, and which a cheap test tells.
    """
    text = raw.strip()
    shaped = ibis.or_(*(raw.like(shape) for shape in _UTC_SHAPES)) & ~raw.contains(" ")
    return ibis.cases(
        (shaped | _matches(raw, MOMENT), _epoch_us_utc(raw.try_cast(_UTC))),
        (_matches(text, MOMENT), _epoch_us_utc(text.try_cast(_UTC))),
    )


DUCKDB: Final = Dialect(
    name="duckdb",
    utc_us=lambda moment: _epoch_us_utc(moment.cast(_UTC)),
    naive_us=lambda moment: _epoch_us_naive(moment.cast(_NAIVE)),  # a cast to a moment asks the calendar, and is slow
    text_us=_duckdb_text_us,
    number=lambda text: text.try_cast("float64"),
    whole=_builtin("divide", (dt.int64, dt.int64), dt.int64),
    digest=lambda text: text.hexdigest("sha256"),
    json_text=_text_at_path("json_extract_string", dt.json),
)

_unix_micros = _builtin("unix_micros", (_UTC,), dt.int64)

SPARK: Final = Dialect(
    name="pyspark",
    utc_us=lambda moment: _unix_micros(moment.cast(_UTC)),
    naive_us=lambda moment: _unix_micros(moment.cast(_UTC)),  # the session's zone is UTC
    text_us=_text_reader(_matches, _try_cast),
    number=_number_reader(_matches, _try_cast),
    whole=_whole,
    digest=lambda text: text.hexdigest("sha256"),
    json_text=_text_at_path("get_json_object", dt.string),
)

_pg_part_utc = _builtin("date_part", (dt.string, _UTC), dt.float64)
_pg_part_naive = _builtin("date_part", (dt.string, _NAIVE), dt.float64)
_pg_bytes = _builtin("convert_to", (dt.string, dt.string), dt.binary)
_pg_sha256 = _builtin("sha256", (dt.binary,), dt.binary)
_pg_encode = _builtin("encode", (dt.binary, dt.string), dt.string)
_pg_key = _builtin("jsonb_extract_path", (dt.json, dt.string), dt.json)
_pg_text = _builtin("jsonb_extract_path_text", (dt.json, dt.string), dt.string)


def _postgres_us(part: Callable[..., Expression]) -> One:
    """Seconds of the minute apart, because those of the epoch are doubles, whose microseconds are not exact."""

    def read(moment: Expression) -> Expression:
        minute = part("epoch", moment.truncate("m")).cast("int64") * US_PER_SECOND
        return minute + part("microseconds", moment).cast("int64")

    return read


def _postgres_json(value: Expression, keys: Sequence[str]) -> Expression:
    for key in keys[:-1]:
        value = _pg_key(value, key)
    return _pg_text(value, keys[-1])


POSTGRES: Final = Dialect(
    name="postgres",
    utc_us=_postgres_us(_pg_part_utc),
    naive_us=lambda moment: _postgres_us(_pg_part_naive)(moment.cast(_NAIVE)),
    text_us=_text_reader(_matches, _cast),  # there is no cast that cannot fail
    number=_number_reader(_matches, _cast),
    whole=_whole,
    digest=lambda text: _pg_encode(_pg_sha256(_pg_bytes(text, "UTF8")), "hex"),
    json_text=_postgres_json,
)

_unixtime = _builtin("to_unixtime", (_UTC,), dt.float64)
_with_zone = _builtin("with_timezone", (_NAIVE, dt.string), _UTC)
_to_utf8 = _builtin("to_utf8", (dt.string,), dt.binary)
_to_hex = _builtin("to_hex", (dt.binary,), dt.string)


def _rounded_us(moment: Expression) -> Expression:
    """A double of seconds before 2100 is nearer to its own microsecond than to any other."""
    return floor(_unixtime(moment) * float(US_PER_SECOND) + 0.5).cast("int64")


def _trino(name: str) -> Dialect:
    return Dialect(
        name=name,
        utc_us=_rounded_us,
        naive_us=lambda moment: _rounded_us(_with_zone(moment.cast(_NAIVE), "UTC")),
        text_us=_text_reader(_matches, _try_cast),
        number=_number_reader(_matches, _try_cast),
        whole=_whole,
        digest=lambda text: _to_hex(_pg_sha256(_to_utf8(text))).lower(),
        json_text=_text_at_path("json_extract_scalar", dt.json),
    )


TRINO: Final = _trino("trino")
ATHENA: Final = _trino("athena")

_bigquery_hex = _builtin("to_hex", (dt.binary,), dt.string)
_bigquery_sha256 = _builtin("sha256", (dt.string,), dt.binary)

BIGQUERY: Final = Dialect(
    name="bigquery",
    utc_us=_unix_micros,
    naive_us=lambda moment: _unix_micros(moment.cast(_UTC)),
    text_us=_text_reader(_matches, _try_cast),
    number=_number_reader(_matches, _try_cast),
    whole=_whole,
    digest=lambda text: _bigquery_hex(_bigquery_sha256(text)),
    json_text=_text_at_path("json_value", dt.json),
)

_snowflake_part_utc = _builtin("date_part", (dt.string, _UTC), dt.int64)
_snowflake_part_naive = _builtin("date_part", (dt.string, _NAIVE), dt.int64)
_snowflake_sha2 = _builtin("sha2", (dt.string, dt.int64), dt.string)
_snowflake_get = _builtin("get_path", (dt.json, dt.string), dt.json)
_snowflake_text = _builtin("to_varchar", (dt.json,), dt.string)

SNOWFLAKE: Final = Dialect(
    name="snowflake",
    utc_us=lambda moment: _snowflake_part_utc("epoch_microsecond", moment),
    naive_us=lambda moment: _snowflake_part_naive("epoch_microsecond", moment.cast(_NAIVE)),
    text_us=_text_reader(_full_match, _try_cast),
    number=_number_reader(_full_match, _try_cast),
    whole=_whole,
    digest=lambda text: _snowflake_sha2(text, 256),
    json_text=lambda value, keys: _snowflake_text(_snowflake_get(value, _path(keys)[2:])),
)
