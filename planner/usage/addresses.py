"""Addresses of engines: which one, where, and with nothing in them that must stay secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from planner.errors import UsageError

EXAMPLES: Final[Mapping[str, str]] = {
    "duckdb": "duckdb",
    "spark": "spark://local[2], spark://HOST:PORT",
    "postgres": "postgres://USER@HOST:PORT/DATABASE",
    "trino": "trino://USER@HOST:PORT/CATALOG/SCHEMA",
    "bigquery": "bigquery://PROJECT/DATASET",
    "snowflake": "snowflake://USER@ACCOUNT/DATABASE/SCHEMA?warehouse=NAME",
    "athena": "athena://REGION/SCHEMA?staging=s3://BUCKET/FOLDER/",
}
"""Engine -> how its address is written."""

_SAME: Final = {"postgresql": "postgres", "pyspark": "spark"}
_SECRETS: Final[Mapping[str, str]] = {
    "postgres": "set PGPASSWORD, or write it into ~/.pgpass",
    "trino": "set TRINO_PASSWORD",
    "snowflake": "set SNOWFLAKE_PASSWORD, or add authenticator=externalbrowser",
    "bigquery": "sign in with gcloud auth application-default login",
    "athena": "set AWS_PROFILE, or the other variables of AWS",
}
_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "postgres": ("sslmode", "sslrootcert"),
    "trino": ("http_scheme",),
    "snowflake": ("warehouse", "role", "authenticator"),
    "bigquery": ("location",),
    "athena": ("staging", "workgroup"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An engine's address. scheme: of EXAMPLES. path: its parts after the host, in order. host: the master of a Spark.

    It holds no password: an address with one is refused.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    user: str | None = None
    path: tuple[str, ...] = ()
    options: Mapping[str, str]

    @property
    def shown(self) -> str:
        """The address as it may be shown and logged."""
        if self.scheme == "duckdb":
            return self.scheme
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{'/'.join((user + self.host + port, *self.path))}"


def engine_address(text: str) -> Address:
    """An address as typed. Errors: UsageError for one that is unknown, incomplete or holds a password.

    No message repeats the text, because it may hold one.
    """
    scheme, mark, rest = text.strip().partition("://")
    scheme = _SAME.get(scheme.lower(), scheme.lower())
    if scheme not in EXAMPLES:
        named = f"{scheme!r} is no engine" if re.fullmatch("[a-z0-9+_-]{1,20}", scheme) else "That is no engine"
        raise UsageError(f"{named} that a measurement can run on. Known: {'; '.join(EXAMPLES.values())}.")
    if scheme == "duckdb":
        if rest:
            raise UsageError("duckdb is embedded and has no address: write duckdb alone, or leave the engine out.")
        return Address(scheme=scheme, options={})
    if not mark or not rest:
        raise _incomplete(scheme)
    return _spark(rest) if scheme == "spark" else _database(scheme, rest)


def reads_tables(engine: str | None) -> bool:
    """Whether the sources of an engine are tables and not files. Errors: UsageError as `engine_address`."""
    return engine is not None and engine_address(engine).scheme not in ("duckdb", "spark")


def _incomplete(scheme: str) -> UsageError:
    return UsageError(f"The address of {scheme} is incomplete. Write it as {EXAMPLES[scheme]}.")


def _spark(rest: str) -> Address:
    if not re.fullmatch(r"local(\[([0-9]+|\*)\])?|[A-Za-z0-9._-]+:[0-9]{1,5}", rest):
        raise _incomplete("spark")
    return Address(scheme="spark", host=rest, options={})


def _database(scheme: str, rest: str) -> Address:
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = parts.port
    except ValueError:
        raise _incomplete(scheme) from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    allowed = _OPTIONS[scheme]
    if parts.password is not None or any(re.search("(?i)pass|token|secret|key|pwd", name) for name in options):
        raise UsageError(
            f"The address of {scheme} holds a password or a key. Addresses stand in plans, logs and messages: take it "
            f"out, change it if the file was shared, and {_SECRETS[scheme]}."
        )
    if unknown := sorted(set(options) - set(allowed)):
        raise UsageError(f"The address of {scheme} has no option {unknown[0]!r}. Known: {', '.join(allowed)}.")
    path = tuple(unquote(part) for part in parts.path.split("/") if part)
    if not parts.hostname or not _MINIMUM[scheme] <= len(path) <= 2 or parts.fragment:
        raise _incomplete(scheme)
    host = parts.netloc.rpartition("@")[2].rpartition(":")[0] if port else parts.netloc.rpartition("@")[2]
    user = None if parts.username is None else unquote(parts.username)
    return Address(scheme=scheme, host=host.strip("[]"), port=port, user=user, path=path, options=options)


_MINIMUM: Final = {"postgres": 1, "trino": 2, "bigquery": 1, "snowflake": 2, "athena": 1}
