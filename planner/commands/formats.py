"""planner formats: which usage logs can be read as they are, and what each of them lacks.

Heavy parts load inside the command, so that help is instant.
"""

from typing import TYPE_CHECKING

from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import print_json, show
from planner.tables import Table

if TYPE_CHECKING:
    from planner.usage.log_formats.log_format import LogFormat


def formats(as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """List the usage logs that are recognised by themselves, and what each of them does not say."""
    from planner.usage.log_formats.registry import FORMATS, NAMES  # noqa: PLC0415

    known = [next(each for each in FORMATS if each.name == name) for name in NAMES]
    if as_json:
        print_json({"formats": [_format_json(each) for each in known]})
    elif not quiet:
        readable, refused = [each for each in known if not each.refusal], [each for each in known if each.refusal]
        show([_table(readable), _refused_table(refused)])


def _input(known: "LogFormat") -> str:
    return "all input" if known.input_includes_cache else "uncached input"


def _table(known: "list[LogFormat]") -> Table:
    rows = tuple(
        (each.name, each.meaning, each.provider or "not said", _input(each), "; ".join(each.lacks) or "-")
        for each in known
    )
    return Table(
        title="Usage logs that are recognised by themselves",
        columns=("format", "what it is", "provider", "its input counts", "what it lacks"),
        rows=rows,
    )


def _refused_table(known: "list[LogFormat]") -> Table:
    return Table(
        title="Files that are recognised and hold no request mix",
        columns=("format", "what it is", "why"),
        rows=tuple((each.name, each.meaning, each.refusal) for each in known),
    )


def _format_json(known: "LogFormat") -> dict[str, object]:
    return {
        "name": known.name,
        "meaning": known.meaning,
        "provider": known.provider or None,
        "input_includes_cache": known.input_includes_cache,
        "columns": sorted(known.fields),
        "is_bucketed": known.is_bucketed,
        "lacks": list(known.lacks),
        "note": known.note or None,
        "refusal": known.refusal or None,
    }


COMMANDS = (formats,)
