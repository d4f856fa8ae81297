"""A command that is stopped says what it had done, and cleans up behind itself."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

CTRL_C: Final = 128 + signal.SIGINT
TERMINATED: Final = 128 + signal.SIGTERM


class Stopped(Exception):  # noqa: N818 (not an error)
    """A user or the system stopped a command: what it had done, and the exit code that says who."""

    def __init__(self, done: str, exit_code: int) -> None:
        super().__init__(done)
        self.exit_code = exit_code


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which would otherwise end the process before any temporary file is gone."""


@contextmanager
def saying_what_was_done(done: Callable[[], str]) -> Iterator[None]:
    """Ctrl-C and SIGTERM as Stopped with the sentence `done()`, after everything inside has been closed."""
    in_main = threading.current_thread() is threading.main_thread()  # only there can a signal be listened to
    before = signal.signal(signal.SIGTERM, _terminate) if in_main else None
    try:
        yield
    except KeyboardInterrupt as stop:
        raise Stopped(done(), TERMINATED if isinstance(stop, _Terminated) else CTRL_C) from None
    finally:
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated
