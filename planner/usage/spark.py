"""Usage files as Spark reads them: the same columns as DuckDB's views, declared and never inferred."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import ibis

from planner.errors import UsageError
from planner.usage.dialects import SPARK
from planner.usage.engines import Engine, engine_errors
from planner.usage.files import LogFile
from planner.usage.views import BROKEN_LINE, FILE_COLUMN, Layout, Table, csv_name

_JOBS: Final = "commit-planner"
_SETTINGS: Final = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
_OF_SESSION: Final = {
    "spark.sql.caseSensitive": "true",
    "spark.sql.csv.parser.columnPruning.enabled": "false",  # a pruned line is not seen to be too short or too long
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
}
_JSON: Final = {"mode": "PERMISSIVE", "allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}


@contextmanager
def spark_engine(master: str, files: Sequence[LogFile]) -> Iterator[Engine]:
    """Spark with these files open, in a session of its own. A Spark that runs in this process is used and left running.

    Errors: UsageError without pyspark or Java, for a file that Spark cannot read, for a master that cannot be reached.
    """
    sessions = _sessions()
    _check_files(files)
    shown = f"Spark at {master}"
    running = sessions.getActiveSession()
    if running is not None and running.sparkContext.master != _url(master):
        raise UsageError(f"Spark runs at {running.sparkContext.master} in this process already, not at {master}.")
    builder = sessions.builder.master(_url(master)).appName(_JOBS)
    if master.startswith("local"):
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    with engine_errors(shown, ("pyspark", "py4j")):
        root = builder.getOrCreate()
        try:
            yield _engine(shown, root.newSession())
        finally:
            if running is None:
                root.stop()


def _url(master: str) -> str:
    return master if master.startswith("local") else f"spark://{master}"


def _sessions() -> Any:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415
    except ImportError:
        raise UsageError("Spark is not installed here. Install it: pip install 'commit-planner[spark]'.") from None
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        raise UsageError(
            "Spark needs Java 17 or later, and there is none here. Install it (openjdk-17-jre-headless), or set "
            "JAVA_HOME to where it is."
        )
    return SparkSession


def _check_files(files: Sequence[LogFile]) -> None:
    """Spark tells a compression by the file's name, and has no zstd without libraries of the system."""
    for file in files:
        if file.compression == "zstd":
            raise UsageError(f"{file.name} is compressed with zstd, which Spark cannot read. Use gzip.")
        is_named = file.path.suffix.lower() == ".gz"
        if is_named != (file.compression == "gzip"):
            what = "is not compressed with gzip" if is_named else "is compressed with gzip"
            raise UsageError(f"{file.name} {what}: Spark goes by the ending .gz of the name. Rename the file.")


def _engine(shown: str, session: Any) -> Engine:
    for name, value in _OF_SESSION.items():
        session.conf.set(name, value)
    connection = ibis.pyspark.connect(session)
    context = session.sparkContext
    context.setLogLevel("ERROR")

    def frame(expression: Any) -> Any:
        context.setJobGroup(_JOBS, "measure usage", interruptOnCancel=True)
        return session.sql(connection.compile(expression)).toArrow().to_pandas()

    def percent() -> float:
        tracker = context.statusTracker()
        stages = [info for stage in tracker.getActiveStageIds() if (info := tracker.getStageInfo(stage))]
        tasks = sum(stage.numTasks for stage in stages)
        return 100.0 * sum(stage.numCompletedTasks for stage in stages) / tasks if tasks else -1.0

    return Engine(
        shown=shown,
        dialect=SPARK,
        connection=connection,
        table=lambda layout, name: spark_table(session, layout, name),
        frame=frame,
        query_progress=percent,
        interrupt=lambda: context.cancelJobGroup(_JOBS),
    )


def spark_table(session: Any, layout: Layout, name: str) -> Table:
    """The layout's files as one table: CSV and JSON as text throughout, Parquet with types of its own.

    A CSV line that does not have the header's number of columns has BROKEN_LINE. CSV cells may hold line breaks, so a
    CSV file is read by one task. A line of JSON that is no object is a row without values.
    """
    paths = [_spelled(path) for path in layout.paths]
    read = {"csv": _csv, "jsonl": _json, "parquet": _parquet}[layout.kind]
    frame = read(session, layout, paths)
    frame.createOrReplaceTempView(name)
    return ibis.table(ibis.pyspark.connect(session).get_schema(name), name=name)


def _spelled(path: Path) -> str:
    """An absolute path for Hadoop, which reads some characters as patterns."""
    return "file://" + re.sub(r"([\\*?\[\]{}])", r"\\\1", str(path))


_FILE: Final = (
    "substring(url_decode(replace(_metadata.file_path, '+', '%2B')), "
    f"length(regexp_extract(_metadata.file_path, '^file:(//)?', 0)) + 1) AS `{FILE_COLUMN}`"
)


def _csv(session: Any, layout: Layout, paths: Sequence[str]) -> Any:
    names = [csv_name(index) for index in range(len(layout.fields))]
    schema = ", ".join([*(f"{name} STRING" for name in names), f"`{BROKEN_LINE}` STRING"])
    options = {"header": True, "multiLine": True, "quote": '"', "escape": '"', "mode": "PERMISSIVE"}
    options |= {"columnNameOfCorruptRecord": BROKEN_LINE, "maxCharsPerColumn": -1}
    frame = session.read.schema(schema).options(**options).csv(list(paths))
    blanks = [f"nullif({name}, '') AS {name}" for name in names]
    return frame.selectExpr(*blanks, f"`{BROKEN_LINE}` IS NOT NULL AS `{BROKEN_LINE}`", _FILE)


def _json(session: Any, layout: Layout, paths: Sequence[str]) -> Any:
    tree: dict[str, Any] = {}
    for path in layout.binding.paths:
        node = tree
        for step in layout.fields[path]:
            node = node.setdefault(step, {})
    schema = _struct(tree).replace("'", "\\'")
    options = ", ".join(f"'{name}', '{value}'" for name, value in _JSON.items())
    lines = session.read.option("lineSep", "\n").text(list(paths))
    lines = lines.selectExpr("trim('\ufeff \t\r' FROM value) AS line", _FILE).where("line <> ''")
    parsed = lines.selectExpr(f"from_json(line, '{schema}', map({options})) AS row", f"`{FILE_COLUMN}`")
    return parsed.selectExpr("row.*", f"`{FILE_COLUMN}`")


def _struct(tree: Mapping[str, Any]) -> str:
    def kind(children: Mapping[str, Any]) -> str:
        return _struct(children) if children else "STRING"

    return f"STRUCT<{', '.join(f'{_quoted(name)}: {kind(children)}' for name, children in tree.items())}>"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _parquet(session: Any, layout: Layout, paths: Sequence[str]) -> Any:
    return session.read.parquet(*paths).selectExpr("*", _FILE)
