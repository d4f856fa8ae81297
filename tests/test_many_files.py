"""A folder of many files is one log, and what is asked of the engine does not grow with their number."""

from pathlib import Path

import pandas as pd
import pytest

from planner.usage import file_layouts
from planner.usage.read import UsageSource, read_usage

FILES = 120


def test_a_folder_of_many_files_is_one_log_and_each_schema_is_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(FILES):
        row = {"timestamp": f"2026-10-01T10:00:{number % 60:02d}Z", "model": "claude-opus-5-5"}
        frame = pd.DataFrame([row | {"uncached_input_tokens": number, "output_tokens": 1}])
        if number % 3 == 0:
            frame.to_csv(tmp_path / f"{number}.csv", index=False)
        elif number % 3 == 1:
            frame.to_parquet(tmp_path / f"{number}.parquet")
        else:
            frame.astype({"uncached_input_tokens": "string"}).to_parquet(tmp_path / f"{number}.parquet")
    asked: list[Path] = []

    def counting(connection: object, path: Path) -> dict[str, str]:
        asked.append(path)
        return schema(connection, path)

    schema = file_layouts.parquet_schema
    monkeypatch.setattr(file_layouts, "parquet_schema", counting)
    usage = read_usage(UsageSource(sources=(str(tmp_path),), base_dir=tmp_path), prompt_edges=())
    assert (usage.files, usage.records) == (FILES, FILES)
    assert int(usage.groups["uncached_input_tokens"].sum()) == sum(range(FILES))
    assert len(asked) == 2
