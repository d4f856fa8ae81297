"""Keys never reach the server's log: what looks like one is a digest there, a secret of the environment its name.

Every record is cleaned where it is made, its traceback too, so that no handler, formatter or file sees more; what
is written past logging, to standard output and error, is cleaned on its way.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping
from traceback import format_exception
from typing import Any, Final, TextIO
from urllib.parse import quote

from planner.usage.secrets import masked

_SECRET_NAME: Final = re.compile(r"(?:KEY|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIALS|WEBHOOK_URL)$", re.IGNORECASE)
_LEAST_LETTERS: Final = 8
"""A shorter value would blank out ordinary words."""

Redact = Callable[[str], str]


def redactor(environ: Mapping[str, str]) -> Redact:
    """What takes secrets out of a text: values of variables that are named as secrets, and what looks like a key."""
    named = {
        form: f"[{name}]"
        for name, value in environ.items()
        if _SECRET_NAME.search(name) and len(value.strip()) >= _LEAST_LETTERS
        for form in {value.strip(), quote(value.strip(), safe=""), repr(value.strip())[1:-1]}
    }
    found = re.compile("|".join(map(re.escape, sorted(named, key=len, reverse=True)))) if named else None

    def redact(text: str) -> str:
        known = text if found is None else found.sub(lambda match: named[match[0]], text)
        return "".join(map(masked, known.splitlines(keepends=True)))

    return redact


class RedactedStream:
    """Standard output or error, cleaned."""

    def __init__(self, stream: TextIO, redact: Redact) -> None:
        self._stream, self._redact = stream, redact

    def write(self, text: str) -> int:
        """Write a text; says that all of it was written."""
        self._stream.write(self._redact(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write several."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def redact_records(redact: Redact) -> None:
    """Clean every record of this process from now on; done once, however often it is asked for."""
    make = logging.getLogRecordFactory()
    if not getattr(make, "redacts", False):

        def made(*args: Any, **kwargs: Any) -> logging.LogRecord:
            return _cleaned(make(*args, **kwargs), redact)

        made.redacts = True  # type: ignore[attr-defined]
        logging.setLogRecordFactory(made)


def redact_streams(redact: Redact) -> None:
    """Clean what this process prints from now on: warnings, and tracebacks of threads."""
    sys.stdout, sys.stderr = RedactedStream(sys.stdout, redact), RedactedStream(sys.stderr, redact)


def _cleaned(record: logging.LogRecord, redact: Redact) -> logging.LogRecord:
    """A record that says nothing secret; one that says nothing secret by itself stays as it is."""
    try:
        said = record.getMessage()
    except (TypeError, ValueError, KeyError):  # logging itself says what is wrong with it, on standard error
        said, record.args = f"{record.msg} {record.args}", ()
        record.msg = redact(said)
    else:
        if (clean := redact(said)) != said:
            record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0] is not None:
        told = "".join(format_exception(*record.exc_info)).rstrip("\n")
        if (clean := redact(told)) != told:
            record.exc_text, record.exc_info = clean, None
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
    return record
