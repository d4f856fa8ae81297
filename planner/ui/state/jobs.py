"""Work in the background of a session: how far it is, how it is stopped, and what came of it.

A job runs in a thread of its own, which asks nothing of Streamlit: what it makes is put where it belongs by the run of
a page that finds it ended. It is stopped where it next says how far it is; who stopped it does not wait for that. A
session that goes stops its jobs.
"""

import logging
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_hex
from threading import Event, Thread
from typing import Any, Final

import streamlit as st

from planner.errors import PlannerError

Report = Callable[[str, float], None]

PATIENCE_SECONDS = 1.0
"""How long a run of a page waits for a job that it started: most are done by then, and nothing has flickered."""

CHANGE: Final = "change"
"""The slot of what puts another plan on the screen: one at a time, the later one wins."""

_JOBS: Final = "jobs"
_POLL_SECONDS: Final = 0.05
_log = logging.getLogger(__name__)


class Cancelled(BaseException):
    """Raised in a job that was stopped, where it says how far it is; no error, so nothing on the way up mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job: what it made, or why that was refused, or the mark of a fault of ours in the server's log."""

    made: Any = None
    refused: PlannerError | None = None
    fault: str = ""


class Job:
    """One piece of work. slot: at most one runs in it. key: which one it is. what: it works out, in a few words."""

    def __init__(self, make: Callable[[Report], Any], *, slot: str, key: str, what: str, after: "Job | None") -> None:
        self.slot, self.key, self.what = slot, key, what
        self.progress: tuple[str, float] = "starting", 0.0
        self.outcome: Outcome | None = None
        self._stopped, self._ended = Event(), Event()
        Thread(target=self._work, args=(make, after), name=f"job {slot}", daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Whether there is an outcome."""
        return self._ended.is_set()

    def stop(self) -> None:
        """Ask the job to end where it next says how far it is."""
        self._stopped.set()

    def wait(self, seconds: float) -> bool:
        """Whether the job is done, after waiting for that for at most so long."""
        return self._ended.wait(seconds)

    def report(self, step: str, done: float) -> None:
        """What the work calls to say how far it is. Errors: Cancelled once the job was stopped."""
        if self._stopped.is_set():
            raise Cancelled
        self.progress = step, min(max(done, 0.0), 1.0)

    def _work(self, make: Callable[[Report], Any], after: "Job | None") -> None:
        try:
            while after is not None and not after.wait(_POLL_SECONDS):  # both would write to the same kept paths
                self.report("stopping what ran before", 0.0)
            after = None
            self.outcome = Outcome(made=make(self.report))
        except PlannerError as refused:
            self.outcome = Outcome(refused=refused)
        except Cancelled:
            pass
        except BaseException:
            fault = token_hex(4)
            _log.exception("Fault %s while working out %s", fault, self.slot)
            self.outcome = Outcome(fault=fault)
        finally:
            self._ended.set()


class _Jobs:
    """The jobs of a session by slot; they are stopped when the session lets go of them."""

    def __init__(self) -> None:
        self.running: dict[str, Job] = {}
        self.stopping: dict[str, Job] = {}
        weakref.finalize(self, _stop_all, self.running)


def _stop_all(running: dict[str, Job]) -> None:
    for job in list(running.values()):
        job.stop()


def start(slot: str, make: Callable[[Report], Any], *, key: str, what: str) -> Job:
    """The job of a slot that makes something: the one that runs, where it is the same; else another, which takes its
    place.

    make: asks nothing of Streamlit or of the session. The run waits for it for PATIENCE_SECONDS.
    """
    jobs = _jobs()
    running = jobs.running.get(slot)
    if running is None or running.key != key:
        stop(slot)
        running = Job(make, slot=slot, key=key, what=what, after=jobs.stopping.pop(slot, None))
        jobs.running[slot] = running
    running.wait(PATIENCE_SECONDS)
    return running


def job_in(slot: str) -> Job | None:
    """The job of a slot: it runs, or is done and nobody took what came of it."""
    return _jobs().running.get(slot)


def stop(slot: str) -> None:
    """Stop the job of a slot, if there is one; the slot is free at once."""
    jobs = _jobs()
    if job := jobs.running.pop(slot, None):
        job.stop()
        jobs.stopping[slot] = job


def take(slot: str) -> Outcome | None:
    """What came of the job of a slot, which is free then; None while it runs, and where there is none."""
    jobs = _jobs()
    job = jobs.running.get(slot)
    if job is None or not job.is_done:
        return None
    del jobs.running[slot]
    return job.outcome


def _jobs() -> _Jobs:
    if _JOBS not in st.session_state:
        st.session_state[_JOBS] = _Jobs()
    found: _Jobs = st.session_state[_JOBS]
    return found
