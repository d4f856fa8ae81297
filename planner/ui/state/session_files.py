"""Files behind the plan on the screen: a folder of the session, and how to tell that a log has changed."""

import shutil
import tempfile
import weakref
from pathlib import Path

from planner.inputs import PlanInputs
from planner.usage.addresses import reads_tables
from planner.usage.folders import PULLED_COSTS, find_files


class SessionFolder:
    """A folder that is removed when the session that holds it is dropped."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="planner-session-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def stamps(inputs: PlanInputs) -> list[tuple[str, int, int]]:
    """Size and time of every file behind a plan: its log and bill, its evidence, and the samples of its evaluations.

    So that a log that grew is measured again, and evidence that was graded anew is read again. A table has neither.
    """
    paths = [*_measured(inputs), *dict.fromkeys(item.path for item in inputs.file_evidence)]
    paths += [path for item in inputs.evaluations for path in item.samples if path.is_file()]
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.exists()]


def _measured(inputs: PlanInputs) -> list[Path]:
    """Files of the log and of the bill."""
    if inputs.usage is None or reads_tables(inputs.usage.source.engine):
        return []
    paths, _ = find_files(inputs.usage.source.sources, inputs.usage.source.base_dir)
    if inputs.usage.billed.sources:
        paths += find_files(inputs.usage.billed.sources, inputs.usage.billed.base_dir, pulled=PULLED_COSTS)[0]
    return paths
