"""The measurement gives the same on every engine: DuckDB, Spark and Postgres live, the warehouses by their query.

Spark and Postgres are started here, on this machine alone, once for the module (pytest --dist loadfile keeps it in one
worker). The oracle of each is DuckDB, whose own oracle is tests/test_usage.py.
"""

import csv
import gzip
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from glob import glob
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import exp

from planner.errors import UsageError
from planner.plan_file.loader import parse_plan
from planner.usage.addresses import EXAMPLES, engine_address, reads_tables
from planner.usage.databases import _ENGINES, database_tables
from planner.usage.dialects import ATHENA, BIGQUERY, DUCKDB, POSTGRES, SNOWFLAKE, TRINO, Dialect
from planner.usage.engines import Engine
from planner.usage.read import Usage, UsageSource, read_usage, usage_expression
from planner.usage.readings import reading

# Py4J leaves its sockets to 127.0.0.1 to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
)

EDGES = (1_000, 200_000)
COLUMNS = (
    "timestamp",
    "request_type",
    "model",
    "requests",
    "uncached_input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "output_tokens",
    "service_tier",
    "context_window",
    "billed_cost_usd",
    "request_id",
)
BAD_STAMPS = ("2026-02-30", "2025-02-29T00:00:00Z", "03/04/2026", "2026-04-03T25:00:00", "epoch", "1999-12-31", "")
BAD_COUNTS = ("1,000", "-1", "1.5", "1e99", "nan", "0x10", "12 tokens", "9007199254740992")


def canonical_log(seed: int, rows: int = 400) -> list[dict[str, str]]:
    """A log as text with every way to write a time, a count and a blank, some rows of which must be refused."""
    rng = random.Random(seed)
    return [canonical_row(rng, number) for number in range(rows)]


def canonical_row(rng: random.Random, number: int) -> dict[str, str]:
    moment = datetime(2026, 1, 30) + timedelta(microseconds=rng.randrange(40 * 86_400 * 10**6))
    stamps = (
        f"{moment.isoformat()}Z",
        moment.isoformat(" "),
        f"{moment.isoformat()}+05:30",
        f"{moment:%Y-%m-%dT%H:%M:%S}.1234567-0930",
        f"{moment:%Y-%m-%dT%H:%M}-03",
        f"{moment:%Y-%m-%d}",
        f"{moment:%Y-%m-%d} 24:00:00",
        "2024-02-29T23:59:59.999999Z",
        "2100-01-01T00:30:00+01:00",
    )
    return {
        "timestamp": rng.choice(BAD_STAMPS) if number % 41 == 7 else rng.choice(stamps),
        "request_type": rng.choice(("chat", "a b", 'q"uo,te', "", "zwei\nZeilen", "größer")),
        "model": rng.choice(("claude-opus-5-5", "claude-haiku-5-5")),
        "requests": rng.choice(("1", "1", "1", "3")),
        "uncached_input_tokens": rng.choice(BAD_COUNTS)
        if number % 43 == 9
        else rng.choice(("7", "1e3", "250000.0", "0")),
        "cache_read_tokens": rng.choice(("", "0", "55", "+6")),
        "cache_write_5m_tokens": rng.choice(("", "1200", "3.")),
        "output_tokens": str(rng.randrange(5_000)),
        "service_tier": rng.choice(("", "batch", "Standard")),
        "context_window": rng.choice(("", "0-200k", "200k-1M")),
        "billed_cost_usd": rng.choice(("", "0.1", "0.0123456", "3e-7", "-0.25")),
        "request_id": f"id-{number // 2 if number % 10 == 0 else number}",
    }


def write_csv(path: Path, rows: Sequence[Mapping[str, str]], extra: str = "") -> None:
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        out.write(extra)


def nested(row: Mapping[str, str]) -> dict[str, Any]:
    """A canonical row as a message response: numbers as numbers where they are, usage nested, blanks left out."""

    def number(text: str) -> Any:
        return int(text) if text.isdigit() and len(text) < 15 else text

    usage = {
        "input_tokens": number(row["uncached_input_tokens"]),
        "cache_creation": {"ephemeral_5m_input_tokens": number(row["cache_write_5m_tokens"].rstrip(".")) or None},
        "output_tokens": number(row["output_tokens"]),
        "service_tier": row["service_tier"],
    }
    if row["cache_read_tokens"]:
        usage["cache_read_input_tokens"] = number(row["cache_read_tokens"])
    top = {"timestamp": row["timestamp"], "model": row["model"], "request_type": row["request_type"]}
    return top | {"usage": usage, "content": "secret prompt"}


def write_jsonl(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    lines = [json.dumps(nested(row), ensure_ascii=number % 2 == 0) for number, row in enumerate(rows)]
    lines[5:5] = ["", '{"timestamp": "2026', "[1]"]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")


def write_parquet(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    stamps = [datetime(2026, 2, 1) + timedelta(microseconds=number * 7_777_777_777) for number in range(len(rows))]
    table = {
        "timestamp": pa.array(stamps, pa.timestamp("us", tz="UTC")),
        "model": [row["model"] for row in rows],
        "uncached_input_tokens": pa.array(range(len(rows)), pa.int64()),
        "output_tokens": pa.array([None if n % 50 == 3 else n / 2 for n in range(len(rows))], pa.float64()),
        "request_type": [row["request_type"] or None for row in rows],
    }
    pq.write_table(pa.table(table), path)
    pq.write_table(
        pa.table(table | {"timestamp": pa.array(stamps, pa.timestamp("us"))}), path.with_suffix(".naive.parquet")
    )


def used(engine: str | None, sources: Sequence[str], folder: Path, **options: Any) -> Usage:
    source = UsageSource(sources=tuple(sources), base_dir=folder, engine=engine, skip_bad_rows=True, **options)
    return read_usage(source, prompt_edges=EDGES)


def assert_same(one: Usage, other: Usage) -> None:
    """Every group, count, sum, first and last to the bit; squares of tokens pass 2**53 and add up in some order."""
    squares = [name for name in one.groups if name.startswith("square_")]
    pd.testing.assert_frame_equal(
        one.groups.drop(columns=squares), other.groups.drop(columns=squares), check_exact=True
    )
    pd.testing.assert_frame_equal(one.groups[squares], other.groups[squares], rtol=1e-12)
    assert (one.records, one.refused, one.first, one.last) == (other.records, other.refused, other.first, other.last)
    assert one.facts.duplicates == other.facts.duplicates
    assert one.facts.no_requests == other.facts.no_requests


def needs(is_there: bool, what: str) -> None:
    if not is_there:
        if os.environ.get("CI"):
            pytest.fail(f"needs {what}. CI must have it: see .ci/run.")
        pytest.skip(f"needs {what}, which this machine does not have")


# Spark


@pytest.fixture(scope="module")
def spark() -> Iterator[str]:
    """A Spark of two cores in this process. Its expressions are interpreted: compiling them takes longer than tests."""
    needs(shutil.which("java") is not None, "Java")
    from pyspark.sql import SparkSession  # noqa: PLC0415

    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield "spark://local[2]"
    session.stop()


def test_spark_measures_files_of_every_kind_as_duckdb_does(spark: str, tmp_path: Path) -> None:
    """CSV, gzip, JSON lines and Parquet at once, in names that Hadoop could take for patterns."""
    rows = [{name: text for name, text in row.items() if name != "request_id"} for row in canonical_log(1)]
    write_csv(tmp_path / "a [1]{b}+%20.csv", rows[:150], extra="too,short\n")
    write_csv(tmp_path / "b.csv.gz", rows[140:250])
    write_jsonl(tmp_path / "c.jsonl", rows[250:])
    write_parquet(tmp_path / "d.parquet", rows[:120])
    duck, other = used(None, ["."], tmp_path), used(spark, ["."], tmp_path)
    assert_same(duck, other)
    assert other.refused > 10
    assert other.refused_examples == duck.refused_examples
    assert other.sha256 == duck.sha256
    assert other.engine == "Spark at local[2]"
    assert "Measured by Spark at local[2]." in other.notes
    assert duck.engine == "DuckDB"


def test_spark_counts_a_request_once(spark: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "log.csv", canonical_log(6, rows=120))
    duck, other = used(None, ["log.csv"], tmp_path), used(spark, ["log.csv"], tmp_path)
    assert duck.facts.duplicates > 2
    assert_same(duck, other)


def test_spark_says_which_rows_it_refuses_and_takes_the_name_of_a_file(spark: str, tmp_path: Path) -> None:
    """Also a line that is too short, which DuckDB finds in its second look."""
    good = canonical_row(random.Random(3), 1) | {"timestamp": "2026-03-01", "uncached_input_tokens": "5"}
    write_csv(tmp_path / "team a.csv", [good, good | {"timestamp": "03/04/2026"}], extra="x,y\n")
    source = UsageSource(sources=("team a.csv",), base_dir=tmp_path, engine=spark)
    with pytest.raises(UsageError, match=r"2 of 3 rows cannot be read") as caught:
        read_usage(source, prompt_edges=EDGES)
    assert "team a.csv, line" in str(caught.value)
    assert "03/04/2026" in str(caught.value)
    assert "fewer columns" in str(caught.value)
    named = used(spark, ["team a.csv"], tmp_path, request_type="@file")
    assert set(named.groups["request_type"]) == {"team a"}


def test_spark_tells_of_its_progress_and_refuses_what_it_would_read_wrongly(spark: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "log.csv", canonical_log(4, rows=30))
    source = UsageSource(sources=("log.csv",), base_dir=tmp_path, engine=spark, skip_bad_rows=True)
    told: list[float] = []
    read_usage(source, prompt_edges=EDGES, progress=told.append)
    assert told[-1] == 1.0
    (tmp_path / "packed.csv").write_bytes(gzip.compress((tmp_path / "log.csv").read_bytes()))
    with pytest.raises(UsageError, match=r"packed\.csv is compressed with gzip.*Rename"):
        used(spark, ["packed.csv"], tmp_path)
    with pytest.raises(UsageError, match="in this process already"):
        used("spark://local[1]", ["log.csv"], tmp_path)


def test_spark_without_java_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(tmp_path / "log.csv", canonical_log(4, rows=3))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UsageError, match="needs Java 17 or later"):
        used("spark://local[2]", ["log.csv"], tmp_path)


# Postgres


@pytest.fixture(scope="module")
def postgres() -> Iterator[tuple[int, Path]]:
    """A server on 127.0.0.1 that logs every statement: its port, and its log.

    Its folder is none of pytest's, which are closed to the user that the server runs as where the tests run as root.
    """
    found = sorted(glob("/usr/lib/postgresql/*/bin/initdb"))  # noqa: PTH207 (absolute)
    needs(bool(found), "PostgreSQL's server")
    with tempfile.TemporaryDirectory(prefix="planner-postgres-") as folder:
        yield from served(Path(found[-1]).parent, Path(folder))


def served(programs: Path, folder: Path) -> Iterator[tuple[int, Path]]:
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to be root
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    initdb = [*as_user, str(programs / "initdb"), "-D", str(data), "-U", "planner", "--auth=trust", "-E", "UTF8"]
    subprocess.run([*initdb, "--locale=C", "--no-sync"], check=True, capture_output=True, cwd="/")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off", "log_statement=all")
    command = [*as_user, str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    log = folder / "log.txt"
    with log.open("wb") as out:
        options = [part for setting in settings for part in ("-c", setting)]
        server = subprocess.Popen([*command, *options], stdout=out, stderr=subprocess.STDOUT, cwd="/")
        try:
            wait_for(port, server)
            yield port, log
        finally:
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
            server.wait(60)


def wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    psycopg = pytest.importorskip("psycopg")
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user=planner dbname=postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    pytest.fail("the server did not answer")


def fill(port: int, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host=127.0.0.1 port={port} user=planner dbname=postgres", autocommit=True) as connection:
        declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f"CREATE TABLE {table} ({declared})")
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row[name] for name in columns])


def address(port: int) -> str:
    return f"postgres://planner@127.0.0.1:{port}/postgres"


def test_postgres_measures_a_table_of_text_as_duckdb_does_the_file(postgres: tuple[int, Path], tmp_path: Path) -> None:
    port, log = postgres
    rows = canonical_log(2)
    write_csv(tmp_path / "log.csv", rows)
    fill(port, "texts", dict.fromkeys(COLUMNS, "text"), [{k: v or None for k, v in row.items()} for row in rows])
    before = len(log.read_text())
    duck, other = used(None, ["log.csv"], tmp_path), used(address(port), ["public.texts"], tmp_path)
    assert_same(duck, other)
    assert other.refused > 5
    assert {bad.line for bad in other.refused_examples} == {0}
    assert all(str(bad).startswith("public.texts: ") for bad in other.refused_examples)
    ran = [line for line in log.read_text()[before:].splitlines() if 'FROM "public"."texts"' in line]
    assert len(ran) >= 1
    statements = re.findall(r"LOG:  (?:execute [^:]*|statement): (\w+)", log.read_text()[before:])
    assert not set(statements) & {"CREATE", "INSERT", "DROP", "UPDATE", "DELETE", "COPY"}
    assert used(address(port), ["public.texts"], tmp_path).sha256 == other.sha256


def test_postgres_can_only_be_read(postgres: tuple[int, Path]) -> None:
    port, _ = postgres
    _, connect = _ENGINES["postgres"]
    connection = connect(ibis.postgres, engine_address(address(port)))
    try:
        with pytest.raises(Exception, match="read-only transaction"):
            connection.raw_sql("CREATE TABLE never (a int)")
    finally:
        connection.disconnect()


SPEND_LOGS = {
    "request_id": "text",
    "startTime": "timestamp",
    "model": "text",
    "spend": "double precision",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "metadata": "jsonb",
    "request_tags": "jsonb",
    "messages": "jsonb",
}
MAPPING = {
    "timestamp": "startTime",
    "input_tokens_including_cache": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "cache_read_tokens": "metadata.usage_object.cache_read_input_tokens",
    "cache_write_5m_tokens": "metadata.usage_object.cache_creation_input_tokens",
    "request_type": "metadata.user_api_key_alias",
    "billed_cost_usd": "spend",
}


def test_postgres_reads_typed_and_nested_columns_of_litellm(postgres: tuple[int, Path], tmp_path: Path) -> None:
    """Straight from the database of the gateway, with time stamps that have no zone, and plain Python as the oracle."""
    port, _ = postgres
    rng = random.Random(5)
    start = datetime(2026, 3, 1)
    rows = []
    for number in range(300):
        usage: dict[str, Any] = {"cache_creation_input_tokens": rng.choice((None, 3, "4"))}
        if number % 3:
            usage["cache_read_input_tokens"] = rng.randrange(9)
        metadata = {"user_api_key_alias": rng.choice(("search", "größer", None)), "usage_object": usage}
        rows.append(
            {
                "request_id": f"r{number}",
                "startTime": start + timedelta(microseconds=rng.randrange(10**12)),
                "model": "claude-opus-5-5",
                "spend": rng.randrange(10**6) / 1e6,
                "prompt_tokens": rng.randrange(20, 300_000),
                "completion_tokens": rng.randrange(900),
                "metadata": json.dumps(metadata),
                "request_tags": "[]",
                "messages": '[{"content": "secret prompt"}]',
            }
        )
    fill(port, '"LiteLLM_SpendLogs"', SPEND_LOGS, rows)
    usage_found = used(address(port), ["LiteLLM_SpendLogs"], tmp_path, columns=MAPPING, request_type="request_tags")
    groups = usage_found.groups
    written = [json.loads(row["metadata"]) for row in rows]
    reads = sum(each["usage_object"].get("cache_read_input_tokens") or 0 for each in written)
    writes = sum(int(each["usage_object"]["cache_creation_input_tokens"] or 0) for each in written)
    assert usage_found.refused == 0
    assert groups["cache_read_tokens"].sum() == reads
    assert groups["cache_write_5m_tokens"].sum() == writes
    assert groups["uncached_input_tokens"].sum() == sum(row["prompt_tokens"] for row in rows) - reads - writes
    assert groups["billed_cost_usd"].sum() == pytest.approx(sum(row["spend"] for row in rows), rel=1e-12)
    assert usage_found.first == pd.Timestamp(min(row["startTime"] for row in rows), tz="UTC")
    assert usage_found.last == pd.Timestamp(max(row["startTime"] for row in rows), tz="UTC")
    assert set(groups["request_type"]) == {"search", "größer", "untagged"}
    assert "Time stamps without a zone are taken as UTC." in usage_found.notes


def test_postgres_names_what_is_missing(postgres: tuple[int, Path], tmp_path: Path) -> None:
    port, _ = postgres
    fill(port, "gateway", {"ts": "timestamptz", "n": "integer"}, [])
    with pytest.raises(UsageError, match=r"has no table or view 'gatewy'\. Did you mean 'gateway'"):
        used(address(port), ["gatewy"], tmp_path)
    with pytest.raises(UsageError, match="gateway: no column for timestamp, model"):
        used(address(port), ["gateway"], tmp_path)
    with pytest.raises(UsageError, match=r"postgres://nobody@127\.0\.0\.1:\d+/postgres says: .*nobody"):
        used(address(port).replace("planner@", "nobody@"), ["gateway"], tmp_path)


# Warehouses


WAREHOUSES = (POSTGRES, TRINO, BIGQUERY, SNOWFLAKE, ATHENA)
OF_DUCKDB = ("EPOCH_US", "TRY_CAST(", "JSON_EXTRACT_STRING", "READ_CSV", "READ_PARQUET", " // ")


class Unconnected:
    """Stands for a connection: a table, and what its backend can compile."""

    def __init__(self, table: Any, dialect: Dialect) -> None:
        self._table, self._dialect = table, dialect

    def table(self, name: str, database: object = None) -> Any:
        return self._table

    def has_operation(self, operation: type) -> bool:
        return bool(getattr(ibis, self._dialect.name).has_operation(operation))


def compiled(dialect: Dialect, schema: Mapping[str, str], columns: Mapping[str, str]) -> str:
    connection = Unconnected(ibis.table(dict(schema), name="usage_log"), dialect)
    engine = Engine(
        shown=dialect.name,
        dialect=dialect,
        connection=connection,
        table=lambda layout, name: None,
        frame=lambda expression: pd.DataFrame(),
        query_progress=lambda: -1.0,
        interrupt=lambda: None,
    )
    engine, tables = database_tables(
        engine,
        ["usage_log"],
        format="auto",
        columns=columns,
        constants={},
        request_type=reading("request_type"),
        wanted=(),
    )
    return str(ibis.to_sql(usage_expression(engine, [each.layout for each in tables], EDGES), dialect=dialect.name))


TYPED = {
    "ts": "timestamp('UTC')",
    "model": "string",
    "request_type": "string",
    "input": "int64",
    "output_tokens": "string",
    "meta": "json",
    "messages": "json",
    "spend": "float64",
}
TYPED_COLUMNS = {
    "timestamp": "ts",
    "uncached_input_tokens": "input",
    "cache_read_tokens": "meta.usage.read",
    "billed_cost_usd": "spend",
}


@pytest.mark.parametrize("dialect", WAREHOUSES, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("stamp", ["timestamp('UTC')", "timestamp(6)", "date", "string"])
def test_every_database_gets_one_query_of_portable_sums(dialect: Dialect, stamp: str) -> None:
    text = compiled(dialect, TYPED | {"ts": stamp}, TYPED_COLUMNS)
    (tree,) = sqlglot.parse(text, dialect=dialect.name)
    assert isinstance(tree, exp.Select)
    assert {table.name for table in tree.find_all(exp.Table)} == {"usage_log"} | {
        cte.alias for cte in tree.find_all(exp.CTE)
    }
    assert list(tree.find_all(exp.Join)) == []
    assert len(list(tree.find_all(exp.Group))) == 1
    assert all(tree.find(part) for part in (exp.Count, exp.Min, exp.Max, exp.Limit))
    summed = {total.parent.alias for total in tree.find_all(exp.Sum) if isinstance(total.parent, exp.Alias)}
    assert {"uncached_input_tokens", "cache_read_tokens", "output_tokens", "square_output_tokens"} <= summed
    assert not list(tree.find_all(exp.Quantile, exp.ApproxQuantile, exp.PercentileCont, exp.PercentileDisc, exp.Median))
    assert "messages" not in text, "what is not mapped is not read"
    foreign = [
        word for word in OF_DUCKDB if word in text.upper() and not (word == "TRY_CAST(" and dialect is not POSTGRES)
    ]
    assert foreign == []


def test_text_is_read_alike_by_arithmetic_and_by_duckdb() -> None:
    """The portable readers, run by DuckDB, against its own: moments and numbers of every form, and what is none."""
    stamps = [row["timestamp"] for row in canonical_log(9, rows=600)]
    days = pd.date_range("1999-12-30", "2100-01-02", freq="37h").strftime("%Y-%m-%dT%H:%M:%S.%f-07:00")
    texts = [
        *stamps,
        *days,
        "2000-02-29",
        "2100-02-28",
        "2026-13-01",
        "2026-00-10",
        "2026-04-31",
        "2026-04-03T12",
    ]
    numbers = [*BAD_COUNTS, "7", " 8 ", "1e3", ".5", "5.", "-0", "+1", "1e", "e1", "--1", "1 2", "inf", "1" * 30]
    table = ibis.memtable({"text": [*texts, *numbers]})
    looked = table.select(
        "text",
        own=DUCKDB.text_us(table.text),
        ours=POSTGRES.text_us(table.text),
        number=DUCKDB.number(table.text),
        our_number=POSTGRES.number(table.text),
    )
    rows = ibis.duckdb.connect().to_pyarrow(looked).to_pylist()
    low, high = 946_684_800_000_000, 4_102_444_800_000_000
    for row in rows:
        own = row["own"] if row["own"] is not None and low <= row["own"] < high else None
        ours = row["ours"] if row["ours"] is not None and low <= row["ours"] < high else None
        assert ours == own, row["text"]
        plain = row["number"] if row["number"] is not None and abs(row["number"]) < 1e300 else None
        assert row["our_number"] == plain, row["text"]
    assert sum(row["ours"] is not None for row in rows) > 20_000


# Addresses


def test_addresses_are_told_apart() -> None:
    assert engine_address("spark://local[2]").host == "local[2]"
    assert engine_address("postgresql://me@db.example:5433/app").shown == "postgres://me@db.example:5433/app"
    assert engine_address("athena://eu-west-1/logs?staging=s3://b/f/").options == {"staging": "s3://b/f/"}
    assert [reads_tables(each) for each in (None, "duckdb", "spark://h:7077", "trino://u@h/c/s")] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("scheme", [name for name in EXAMPLES if name not in ("duckdb", "spark")])
def test_a_password_in_an_address_is_refused_and_not_repeated(scheme: str) -> None:
    for text in (
        f"{scheme}://me:hunter2@host/a/b",
        f"{scheme}://me@host/a/b?password=hunter2",
        f"{scheme}://h/a?api_key=hunter2",
    ):
        with pytest.raises(UsageError, match="holds a password or a key") as caught:
            engine_address(text)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mysql://host/db", "'mysql' is no engine.*Known: duckdb; spark://"),
        ("secret hunter2", "That is no engine"),
        ("postgres://host", "is incomplete. Write it as postgres://USER@HOST:PORT/DATABASE"),
        ("postgres://host:port/db", "is incomplete"),
        ("spark://yarn", "is incomplete. Write it as spark://local"),
        ("duckdb://file.db", "has no address"),
        ("postgres://h/db?optoins=x", "has no option 'optoins'"),
    ],
)
def test_an_address_that_is_none_says_how_it_is_written(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        engine_address(text)
    assert "hunter2" not in str(caught.value)


def test_a_plan_names_its_engine_and_never_a_password(tmp_path: Path) -> None:
    text = Path("data/plans/example.toml").read_text(encoding="utf-8")
    with_engine = text.replace("[usage]\n", '[usage]\nengine = "postgres://me@h/db"\n', 1)
    assert parse_plan(with_engine, base_dir=tmp_path).usage.source.engine == "postgres://me@h/db"
    with pytest.raises(UsageError, match="holds a password"):
        parse_plan(with_engine.replace("me@h", "me:hunter2@h"), base_dir=tmp_path)


def test_an_engine_that_is_not_installed_says_how(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pip install 'commit-planner\[trino\]'"):
        used("trino://me@127.0.0.1/c/s", ["t"], tmp_path)
