"""The file of a store: its schema, its lock, and what is said of a file that is none."""

import fcntl
import os
import sqlite3
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from planner.errors import InputError
from planner.units import TOKEN_CLASSES

SCHEMA_VERSION: Final = 1
STORE_SUFFIX: Final = ".evidence.sqlite"
_APPLICATION_ID: Final = 0x504C4556
"""SQLite's mark of whose file it is: PLEV."""

_MODE: Final = 0o600
_MOST_USD: Final = 10**12
_ELSEWHERE: Final = "choose another place with --store"
_SCHEMA: Final = f"""
create table answers (
    key text primary key, model text not null, served_model text not null, request_type text not null,
    purpose text not null, content text not null, stop_reason text not null,
    {", ".join(f"{name}_tokens integer not null" for name in TOKEN_CLASSES)},
    cost_usd text not null, is_batch integer not null, answered_at text not null
) without rowid;
create table refusals (key text primary key, model text not null, request_type text not null, words text not null,
    refused_at text not null) without rowid;
create table attempts (id integer primary key, key text not null, worst_usd text not null, sent_at text not null,
    state text not null check (state in ('sent', 'answered', 'free', 'doubtful')));
create index attempts_open on attempts (state) where state in ('sent', 'doubtful');
create table batches (token text primary key, batch_id text unique, intended_at text not null,
    state text not null check (state in ('intended', 'submitted', 'collected', 'not submitted', 'lost'))) without rowid;
create table batch_items (token text not null references batches, custom_id text not null, key text not null,
    model text not null, request_type text not null, purpose text not null, has_hour_cache integer not null,
    worst_usd text not null, state text not null, primary key (token, custom_id)) without rowid;
create table prompt_tokens (key text primary key, tokens integer not null) without rowid;
"""


def default_store(plan: Path) -> Path:
    """Where the answers for a plan are kept unless told."""
    return plan.with_name(plan.stem + STORE_SUFFIX)


def locked(path: Path) -> int:
    """A lock beside a store that one run holds; closing it gives it back. Errors: InputError where another has it."""
    beside = path.with_name(path.name + ".lock")
    try:
        lock = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise InputError(
            f"cannot write {beside}: {error.strerror or error}; choose another place with --store"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise InputError(f"{path} is in use by another run; wait for it, or {_ELSEWHERE}") from None
    return lock


def opened(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection to a store, made where there is none unless it is only read. Errors: InputError, as open_store."""
    try:
        if read_only:
            address = f"{path.resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(address, isolation_level=None, check_same_thread=False, uri=True)
            return _checked(path, connection, read_only=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _MODE))  # before SQLite would, for the mode
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        said = getattr(error, "strerror", None) or error
        raise InputError(f"cannot open {path}: {said}; {_ELSEWHERE}") from None
    return _checked(path, connection, read_only=False)


def _checked(path: Path, connection: sqlite3.Connection, *, read_only: bool) -> sqlite3.Connection:
    """The connection itself. Errors: InputError where the file is no store of ours."""
    try:
        _prepare(path, connection, read_only=read_only)
    except sqlite3.Error as error:
        said = damaged(path, error)
    except InputError as error:
        said = str(error)
    else:
        return connection
    connection.close()
    raise InputError(said)


def _prepare(path: Path, connection: sqlite3.Connection, *, read_only: bool) -> None:
    version, whose = (connection.execute(f"pragma {name}").fetchone()[0] for name in ("user_version", "application_id"))
    tables = connection.execute("select count(*) from sqlite_master").fetchone()[0]
    if (tables or version) and whose != _APPLICATION_ID:
        raise InputError(f"{path} is a database of another program; {_ELSEWHERE}")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{path} was written by a newer version of this program (its format is {version}, this one knows "
            f"{SCHEMA_VERSION}); install that one, or {_ELSEWHERE}"
        )
    if connection.execute("pragma quick_check(1)").fetchone()[0] != "ok":
        raise InputError(damaged(path, None))
    if read_only:
        if version == 0:
            raise InputError(f"{path} holds no answers yet")
        return
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    if version == 0:
        connection.executescript(
            f"begin; {_SCHEMA} pragma application_id = {_APPLICATION_ID}; "
            f"pragma user_version = {SCHEMA_VERSION}; commit;"
        )


def dollars(cost: object) -> Decimal:
    """An amount that a store holds. Errors: ValueError, ArithmeticError for what is none."""
    found = Decimal(str(cost))
    if not 0 <= found < _MOST_USD:  # NaN raises here
        raise ValueError("no amount")
    return found


def moment(at: object) -> str:
    """A time that a store holds, as it is spelled there. Errors: ValueError for what is none, or of no time zone."""
    if datetime.fromisoformat(str(at)).tzinfo is None:
        raise ValueError("no time zone")
    return str(at)


def damaged(path: Path, error: sqlite3.Error | None) -> str:
    """What is said of a file that cannot be read as a store."""
    why = "" if error is None else f" ({error})"
    return (
        f"{path} is damaged or no store of answers{why}; move it away, or {_ELSEWHERE}. What it "
        "held is asked again then"
    )
