"""What was used since signing, as the page is given it: logs, bills, outcomes, and the months tracked before.

Uploads are kept in the session's folder. The log of months beside the plan is read and never written from here: the
one that tracking adds to is a copy, which the user can take away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import streamlit as st

from planner.clock import today
from planner.errors import InputError, PlannerError
from planner.inputs import UsageInputs
from planner.tracking.months.actuals import usage_of_actuals
from planner.tracking.months.month_log import LOG_SUFFIX, append, default_log, read_log
from planner.tracking.track import log_entry, track
from planner.tracking.tracking import Tracking
from planner.ui.arriving.unmapped import in_their_names
from planner.ui.arriving.uploads import ACCEPTED, UPLOAD_MEGABYTES, Upload, stored_path, uploads_key
from planner.ui.evidence.evidence_costs import plan_file
from planner.ui.evidence.evidence_uploads import ENDINGS
from planner.ui.hosted.user_folders import check_room
from planner.ui.showing import show
from planner.ui.state.session import Loaded, Report

_LOGS: Final = [ending for ending in ACCEPTED if ending != "toml"]
_PLAN_LOG: Final = "The plan's own log, which goes on after signing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a tracking is made of. months: the log of months tracked before, with its name; own_log: the plan's own log
    counts too."""

    logs: tuple[Upload, ...]
    bills: tuple[Upload, ...]
    outcomes: tuple[Upload, ...]
    months: Upload | None
    own_log: bool

    @property
    def has_use(self) -> bool:
        """Whether anything may speak of months since signing."""
        return bool(self.logs or self.months or self.own_log)

    def key(self, current: Loaded) -> str:
        """Of the plan, of everything given, and of the day."""
        kept = () if self.months is None else (self.months,)
        uploads = [uploads_key(each) for each in (self.logs, self.bills, self.outcomes, kept)]
        return sha256(repr((current.key, uploads, self.own_log, today())).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """A tracking, and the log of months as it is after it."""

    tracking: Tracking
    log: bytes


def given_section(current: Loaded) -> Given:
    """The uploaders, and what is there already."""
    beside = _beside(current)
    logs = _uploader("Logs since signing", _LOGS, "track_logs", "read as the plan reads its own log; several together")
    own = current.plan.inputs.usage is not None and st.checkbox(
        _PLAN_LOG, key="track_own_log", help="it is read again beyond the day of signing"
    )
    with st.expander("Bills, outcomes, and months tracked before", icon=":material/attach_file:"):
        bills = _uploader(
            "Cost files", _LOGS, "track_bills", "what was billed: cost exports of the Console, or FOCUS files"
        )
        outcomes = _uploader(
            "Logged outcomes or graded answers",
            ["jsonl", "ndjson", "gz", "zst"],
            "track_outcomes",
            "escalations as they were logged, or new grades: pass rates are held against the plan's evidence",
        )
        kept = _uploader("Log of months", ["jsonl"], "track_months", f"as `planner track` keeps it: NAME{LOG_SUFFIX}")
        if beside is not None:
            instead = "The uploaded one takes its place." if kept else "It is read, and not written from here."
            show.sentence(f"Beside the plan there is {beside.name}. {instead}")
    months = kept[-1] if kept else beside
    return Given(logs=tuple(logs), bills=tuple(bills), outcomes=tuple(outcomes), months=months, own_log=bool(own))


def _uploader(label: str, endings: Sequence[str], key: str, says: str) -> list[Upload]:
    files = st.file_uploader(
        label, type=list(endings), accept_multiple_files=True, key=key, max_upload_size=UPLOAD_MEGABYTES, help=says
    )
    return [Upload(name=file.name, data=file.getvalue()) for file in files]


def _beside(current: Loaded) -> Upload | None:
    """The log of months beside the plan file that the app was started with."""
    plan = plan_file(current)
    log = None if plan is None else default_log(plan)
    if log is None or not log.is_file():
        return None
    return Upload(name=log.name, data=log.read_bytes())


def tracked(current: Loaded, given: Given, folder: Path, report: Report) -> Tracked:
    """Track the plan on the screen; folder: of the session. Errors: PlannerError, in the names that the user gave."""
    names: dict[str, Path] = {}
    try:
        for upload in (*given.logs, *given.bills):
            names[upload.name] = stored_path(upload, folder)
        for upload in given.outcomes:
            names[upload.name] = _stored_outcomes(upload, folder)
        log = folder / f"months-{given.key(current)[:12]}{LOG_SUFFIX}"
        log.write_bytes(b"" if given.months is None else given.months.data)
        if given.months is not None:
            names[given.months.name] = log
        tracking = track(
            current.plan.inputs,
            _usage(current, given, names, folder),
            log=read_log(log),
            outcomes=[names[upload.name] for upload in given.outcomes],
            on=today(),
            progress=report,
        )
        append(log, log_entry(tracking))
    except PlannerError as error:
        raise in_their_names(_without_folder(error, folder), names) from None
    return Tracked(tracking=_slim(tracking), log=log.read_bytes())


def _slim(tracking: Tracking) -> Tracking:
    """Without the paths by account, which are the most of its size and which nothing shows; a session keeps several."""
    spend = replace(tracking.signed.spend, accounts={}, signing_list_cost_usd=None, scores={})
    return replace(tracking, signed=replace(tracking.signed, spend=spend))


def _usage(current: Loaded, given: Given, names: Mapping[str, Path], folder: Path) -> UsageInputs | None:
    """Where actual usage is: what was uploaded, and the plan's own log where it counts."""
    inputs = current.plan.inputs
    own: tuple[str, ...] = ()
    if given.own_log and inputs.usage is not None:
        source = inputs.usage.source
        own = tuple(str((source.base_dir / name).absolute()) for name in source.sources)
    if not given.logs and not own:
        if given.bills:
            raise InputError("cost files need the usage that was billed: upload the logs of the same months as well")
        return None
    sources = [*own, *(str(names[upload.name].absolute()) for upload in given.logs)]
    bills = [str(names[upload.name].absolute()) for upload in given.bills]
    found = usage_of_actuals(inputs, sources, base_dir=folder, billed=bills)
    # An upload is a file, whatever the plan's own log is read by.
    return found if own else replace(found, source=replace(found.source, engine=None))


def _stored_outcomes(upload: Upload, folder: Path) -> Path:
    ending = next((one for one in sorted(ENDINGS, key=len, reverse=True) if upload.name.lower().endswith(one)), None)
    if ending is None:
        raise InputError(f"{upload.name}: give outcomes as .jsonl, also .jsonl.gz and .jsonl.zst")
    path = folder / f"outcomes-{sha256(upload.data).hexdigest()[:12]}{ending}"
    check_room(folder, len(upload.data))
    path.write_bytes(upload.data)
    return path


def _without_folder(error: PlannerError, folder: Path) -> Any:
    """Where this machine keeps a file is no concern of the browser's."""
    return type(error)(str(error).replace(f"{folder}/", ""))
