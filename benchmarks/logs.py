"""A log of any length to measure: as many rows as asked for, of the kind that the file's ending names."""

from pathlib import Path

import duckdb

from planner.units import TOKEN_COLUMNS

LOG_COLUMNS = ("timestamp", "request_type", "model", "requests", *TOKEN_COLUMNS)
_ENDINGS = {".parquet": "format parquet", ".csv": "format csv, header", ".gz": "format json, compression gzip"}


def write_log(path: Path, rows: int, columns: tuple[str, ...], *, text_times: bool = False) -> None:
    """Rows of five months, twenty types and one model; the column request_id is different in each.

    Parquet has time stamps, as what writes it gives them, unless text_times; the others have text.
    """
    moment = "timestamp '2026-06-01' + interval (i % 13000000) second"
    if text_times or path.suffix != ".parquet":
        moment = f"strftime({moment}, '%Y-%m-%dT%H:%M:%SZ')"
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"""copy (select {", ".join(columns)} from (select
              {moment} as timestamp,
              'type ' || (i % 20) as request_type, 'claude-opus-5' as model, 1 as requests,
              100 + (i * 7919) % 5000 as uncached_input_tokens, (i * 104729) % 90000 as cache_read_tokens,
              (i * 31) % 700 as cache_write_5m_tokens, 0 as cache_write_1h_tokens, 20 + i % 900 as output_tokens,
              'req_' || left(md5(i::text), 20) as request_id
            from range({rows}) as r(i))) to '{path}' ({_ENDINGS[path.suffix]})"""
        )
