"""planner measure: the request mix of a log, what is left out of it, and what could be.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.prices import ListProvider
from planner.commands.terminal import progress_bars

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE...", help="Log files, folders or globs; or one PLAN.toml for its own log."),
]
LogFormat = Annotated[str, typer.Option("--format", help="Name the format instead of recognising it.")]
RequestType = Annotated[
    list[str] | None,
    typer.Option("--request-type", help="Field that names the request type; repeated, the fields are joined."),
]
FirstOf = Annotated[
    str | None,
    typer.Option("--request-type-first", metavar="A,B", help="The first of these fields that holds something."),
]
SystemPrompt = Annotated[
    str | None, typer.Option("--system-prompt", metavar="FIELD", help="Types by digest of the system prompt.")
]
Rules = Annotated[
    list[str] | None,
    typer.Option("--rule", help="'summari*=summaries', or 'api_key:prod-*=batch': use of a pattern is of this type."),
]
Exclusions = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="'type=backfill-*,days=2026-08-03..2026-08-09,reason=load test'; repeatable."),
]
Columns = Annotated[
    list[str] | None, typer.Option("--column", help="CANONICAL=FIELD, repeatable; the field @file is the file's name.")
]
Constants = Annotated[
    list[str] | None, typer.Option("--constant", help="CANONICAL=VALUE for every row, such as model=claude-opus-5-5.")
]
FromDay = Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day that counts.")]
ToDay = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day that counts.")]
EngineAddress = Annotated[
    str | None, typer.Option("--engine", metavar="ADDRESS", help="What measures: duckdb, spark://..., postgres://...")
]
SkipBadRows = Annotated[bool, typer.Option(help="Go on past rows that must be refused; they are reported.")]
Suggest = Annotated[
    bool, typer.Option("--suggest", help="Say what could be left out or merged, with the lines for a plan file.")
]
BilledFiles = Annotated[
    list[str] | None,
    typer.Option("--billed", metavar="FILE", help="What was billed: cost files, folders or globs; repeatable."),
]
SavedMix = Annotated[Path | None, typer.Option("-o", "--output", help="Save the mix: .parquet, .csv or .jsonl.")]
TokensFlag = Annotated[bool, typer.Option("--tokens", help="Mean, spread, P50 and P95 of tokens per request.")]
QualityFlag = Annotated[bool, typer.Option("--quality", help="The quality of the data as a table.")]


def measure(
    sources: Sources,
    log_format: LogFormat = "auto",
    request_type: RequestType = None,
    request_type_first: FirstOf = None,
    system_prompt: SystemPrompt = None,
    rules: Rules = None,
    exclusions: Exclusions = None,
    columns: Columns = None,
    constants: Constants = None,
    from_day: FromDay = None,
    to_day: ToDay = None,
    provider: ListProvider = None,
    skip_bad_rows: SkipBadRows = False,
    engine: EngineAddress = None,
    suggest: Suggest = False,
    billed: BilledFiles = None,
    output: SavedMix = None,
    tokens: TokensFlag = False,
    quality: QualityFlag = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Measure the request mix of a usage log: type x model x month, priced request by request on its own day."""
    from planner.commands import measure as command  # noqa: PLC0415
    from planner.commands.measure_told import tell  # noqa: PLC0415
    from planner.commands.selection import Typed  # noqa: PLC0415

    typed = Typed(
        log_format=log_format,
        types=(request_type, request_type_first, system_prompt),
        rules=rules,
        exclusions=exclusions,
        columns=columns,
        constants=constants,
        days=(from_day, to_day),
        skip_bad_rows=skip_bad_rows,
        engine=engine,
    )
    usage, book, pinned = command.addressed(sources, typed, provider, billed or ())
    with progress_bars(quiet=quiet or as_json) as progress:
        result = command.measured(usage, book, pinned, with_tokens=tokens, output=output, progress=progress)
    tell(result, as_json=as_json, suggest=suggest, whole_quality=quality, quiet=quiet)


COMMANDS = (measure,)
