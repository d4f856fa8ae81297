"""What is to be measured: where the log is and how it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from planner.usage.readings import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSource:
    """Where the usage is and how to read it.

    sources: files, globs, folders, relative to base_dir. format: "auto" or a format's name.
    columns: canonical column -> source field ("@file" is the file's name without endings).
    constants: canonical column -> one value for every row. request_type: the field that names the request type, or how
    it is read; a path may also be a canonical column of the format, such as workspace.
    skip_bad_rows: go on without refused rows and files without records, and say so.
    engine: the address of what runs the measurement; DuckDB without one. Of a database, sources are tables and views.
    """

    sources: tuple[str, ...]
    base_dir: Path
    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    request_type: str | Reading = "request_type"
    skip_bad_rows: bool = False
    engine: str | None = None
