"""Logs of an unknown format: what the user has to say before they can be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.errors import PlannerError
from planner.ui.arriving.uploads import Upload, stored_path
from planner.usage.files import LogFile
from planner.usage.preview import first_file
from planner.usage.proposal import propose
from planner.usage.source import UsageSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """Logs that wait to be mapped. logs: as the plan will name them -> where they are. folder: what names in messages
    are below. is_loaded: they are the log of the plan on the screen, to be read in another way."""

    logs: Mapping[str, Path]
    folder: Path
    is_loaded: bool = False

    def file(self) -> LogFile:
        """The first file with records. Errors: UsageError where there is none, or it cannot be a log."""
        return first_file(UsageSource(sources=tuple(map(str, self.logs.values())), base_dir=self.folder))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What became of logs that could not be read: they wait to be mapped. why: they could not be read as they are."""

    why: str
    logs: Unmapped


def in_their_names(error: PlannerError, logs: Mapping[str, Path]) -> PlannerError:
    """The error with the names that the user gave, in place of those that the files are kept under."""
    message = str(error)
    for name, path in logs.items():
        message = message.replace(path.name, name)
    return type(error)(message)


def unmapped_of(logs: Mapping[str, Path], folder: Path) -> Unmapped | None:
    """The logs as waiting to be mapped; None where they are of a known format, or cannot be logs at all."""
    found = Unmapped(logs=logs, folder=folder)
    try:
        proposal = propose(found.file())
    except PlannerError:
        return None
    return None if proposal.format else found


def waiting_of(uploads: Sequence[Upload], folder: Path) -> Unmapped | None:
    """Refused uploads that only lack a mapping; None where something else is wrong, or a plan is among them."""
    if any(upload.is_plan for upload in uploads):
        return None
    try:
        return unmapped_of({upload.name: stored_path(upload, folder) for upload in uploads}, folder)
    except PlannerError:
        return None
