"""Files that a user uploads become the inputs of a plan: a plan file, usage logs, or both together.

Files are kept in a folder of the session under names made here. An uploaded plan may read the uploaded logs, and
the logs that the app was started with; it cannot name any other file of the machine that the app runs on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from planner.billed.records import BilledSource
from planner.errors import InputError, PlannerError
from planner.inputs import PlanInputs
from planner.named_files import NamedFiles
from planner.plan_file.loader import parse_plan
from planner.plan_file.text import with_usage_sources
from planner.plan_file.usage_keys import EXAMPLE_GONE, without_example
from planner.ui.arriving.started_folder import LOG_ENDINGS, inside, root
from planner.ui.hosted.user_folders import check_room
from planner.usage.read import UsageSource
from planner.whole_file import replacing

PLAN_ENDING: Final = ".toml"
MOST_PLAN_BYTES: Final = 1_000_000
UPLOAD_MEGABYTES: Final = 200
ACCEPTED: Final = ("toml", "csv", "jsonl", "ndjson", "json", "parquet", "gz", "gzip", "zst", "zstd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it came: the name that the browser gave, and its bytes."""

    name: str
    data: bytes

    @property
    def is_plan(self) -> bool:
        return self.name.lower().endswith(PLAN_ENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The plan to work out, and what has to be said about how it came about.

    is_file: its text is that of a plan file as it was read.
    """

    inputs: PlanInputs
    notes: tuple[str, ...] = ()
    is_file: bool = False


def uploads_key(uploads: Sequence[Upload]) -> str:
    """SHA-256 over names and bytes: equal for equal uploads in equal order."""
    digests = [sha256(upload.name.encode()).digest() + sha256(upload.data).digest() for upload in uploads]
    return sha256(b"".join(digests)).hexdigest()


def choose(uploads: Sequence[Upload], *, opening: PlanInputs, is_example: bool, folder: Path) -> Choice:
    """The inputs that uploads ask for, beside the plan that the app opened with.

    A plan file replaces the opening plan; logs replace the log or the mix of the plan. What the bundled example says
    of its own log and company is dropped for another one. Errors: InputError.
    """
    plans, logs = [u for u in uploads if u.is_plan], [u for u in uploads if not u.is_plan]
    if len(plans) > 1:
        names = " and ".join(upload.name for upload in plans)
        raise InputError(f"{names} are two plan files; upload one here, and several on the page Compare")
    if not plans:
        return _with_logs(opening, logs, folder, opening=opening, keep_selection=not is_example)
    inputs = plan_of(plans[0], folder, opening)
    if logs:
        return _with_logs(inputs, logs, folder, opening=opening, keep_selection=True)
    return Choice(inputs=at_opening_log(inputs, opening), is_file=True)


def plan_of(upload: Upload, folder: Path, opening: PlanInputs) -> PlanInputs:
    """A plan file as it was uploaded; its log is not looked for yet.

    Of evidence and the files of evaluations it may read those that the plan names that the app was started with, and
    what is below the folder that it was started with.
    """
    if len(upload.data) > MOST_PLAN_BYTES:
        raise InputError(f"{upload.name} has {len(upload.data):,} bytes; a plan file has at most {MOST_PLAN_BYTES:,}")
    try:
        text = upload.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{upload.name} is not UTF-8 text; save it as UTF-8") from None
    try:
        return parse_plan(text, base_dir=folder, files=_known_files(opening))
    except InputError as error:
        raise InputError(f"{upload.name}: {error}") from None


def _known_files(opening: PlanInputs) -> NamedFiles:
    samples = (path for item in opening.evaluations for path in item.samples)
    below = () if (started := root()) is None else (started,)
    return NamedFiles(
        base_dir=opening.files.base_dir, within=(*(item.path for item in opening.file_evidence), *samples, *below)
    )


def at_opening_log(inputs: PlanInputs, opening: PlanInputs) -> PlanInputs:
    """An uploaded plan without logs may read the log and the bill that the app was started with, what is below the
    folder that it was started with, and nothing else.

    Sources and engine are compared as written, so that a plan that was downloaded here, changed and uploaded again
    finds its log, and none that was sent in makes this machine ask another one.
    """
    if inputs.usage is None:
        return inputs
    if opening.usage is None or _where(inputs.usage.source) != _where(opening.usage.source):
        if (below := _below_started_folder(inputs)) is not None:
            return below
        named = ", ".join(inputs.usage.source.sources)
        raise InputError(
            f"usage.sources = {named}: the browser cannot see that file. Upload the log together with the plan, or "
            "start the app beside it with `planner app PLAN.toml`"
        )
    source = replace(inputs.usage.source, base_dir=opening.usage.source.base_dir)
    usage = replace(inputs.usage, source=source, billed=_at_opening_bill(inputs.usage.billed, opening))
    return replace(inputs, usage=usage, base_dir=opening.base_dir)


def _below_started_folder(inputs: PlanInputs) -> PlanInputs | None:
    """The plan where everything that it reads is below the folder of its own session, or below the one that the app was
    started with, such as one that was taken away from there; else None."""
    folders = [folder for folder in (inputs.base_dir, root()) if folder is not None]
    return next((found for folder in folders if (found := _below(folder, inputs)) is not None), None)


def _below(folder: Path, inputs: PlanInputs) -> PlanInputs | None:
    if inputs.usage is None or inputs.usage.source.engine is not None:
        return None
    source, billed = inputs.usage.source, inputs.usage.billed
    try:
        logs, bills = [tuple(str(inside(folder, name)) for name in each.sources) for each in (source, billed)]
    except PlannerError:
        return None
    usage = replace(
        inputs.usage,
        source=replace(source, sources=logs, base_dir=folder),
        billed=replace(billed, sources=bills, base_dir=folder),
    )
    return replace(inputs, usage=usage)


def _where(source: UsageSource) -> tuple[tuple[str, ...], str | None]:
    return source.sources, source.engine


def _at_opening_bill(billed: BilledSource, opening: PlanInputs) -> BilledSource:
    """Bills as a plan names them, where they are the ones that the app was started with. Errors: InputError."""
    if not billed.sources:
        return billed
    if opening.usage is None or billed.sources != opening.usage.billed.sources:
        raise InputError(
            f"usage.billed = {', '.join(billed.sources)}: the browser cannot see that file. Type the totals under "
            "[[usage.invoice]], or start the app beside it with `planner app PLAN.toml`"
        )
    return replace(billed, base_dir=opening.usage.billed.base_dir)


def _with_logs(
    inputs: PlanInputs, logs: Sequence[Upload], folder: Path, *, opening: PlanInputs, keep_selection: bool
) -> Choice:
    stored = tuple(_store(log, folder) for log in logs)
    text = with_usage_sources(inputs.text, [log.name for log in logs], keep_selection=keep_selection)
    if not keep_selection:
        text = without_example(text, [log.name for log in logs])
    changed = parse_plan(text, base_dir=folder, files=inputs.files)
    assert changed.usage is not None
    # A plan that was sent in does not make this machine ask another one.
    source = replace(changed.usage.source, sources=stored, base_dir=folder, engine=None)
    usage = replace(changed.usage, source=source, billed=_at_opening_bill(changed.usage.billed, opening))
    notes = [f"{name} is {log.name}" for name, log in zip(stored, logs, strict=True)]
    if not keep_selection:
        notes.append(EXAMPLE_GONE)
    return Choice(inputs=replace(changed, usage=usage), notes=tuple(notes))


def stored_path(upload: Upload, folder: Path) -> Path:
    """Where an upload is kept, after it was written there. Errors: InputError for an ending that no log has."""
    return folder / _store(upload, folder)


def _store(log: Upload, folder: Path) -> str:
    """Write a log under the name that it is kept under."""
    stored = _kept_name(log)
    if stored is None:
        raise InputError(
            f"{log.name}: give a .toml plan, or a log in .csv, .jsonl, .json or .parquet, also .gz or .zst"
        )
    if not log.data:
        raise InputError(f"{log.name} is empty; export the log again")
    check_room(folder, len(log.data))
    # Another tab of the same person may be reading it.
    with replacing(folder / stored, remedy="upload it again") as new:
        new.write_bytes(log.data)
    return stored


def _kept_name(log: Upload) -> str | None:
    """A name made of the log's hash; its ending, which says how to read it, is one of a fixed list; else none."""
    name = log.name.lower()
    ending = next((ending for ending in sorted(LOG_ENDINGS, key=len, reverse=True) if name.endswith(ending)), None)
    return None if ending is None else f"log-{sha256(log.data).hexdigest()[:12]}{ending}"


def kept_paths(uploads: Sequence[Upload], folder: Path) -> Mapping[str, Path]:
    """Logs among uploads by their own names: where each is kept, if it can be one."""
    return {log.name: folder / kept for log in uploads if (kept := _kept_name(log)) is not None}
