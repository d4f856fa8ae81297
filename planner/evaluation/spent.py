"""What a store says was paid, read without holding it up: a run that writes to it goes on."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from planner.errors import InputError
from planner.evaluation.store import Store
from planner.evaluation.store_file import damaged, dollars

_WAIT_SECONDS: Final = 2.0
PURPOSES: Final = ("candidate", "reference", "judge")

_DOUBTFUL: Final = (
    "select worst_usd from attempts where state in ('sent', 'doubtful') union all select worst_usd from batch_items "
    "join batches using (token) where batches.state = 'lost' or batch_items.state = 'doubtful'"
)
_WAITING: Final = (
    "select worst_usd from batch_items join batches using (token) where batches.state in ('intended', 'submitted') "
    "and batch_items.state = ''"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Answers that were paid for, and what they cost, USD at list."""

    answers: int
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a store holds, runs of every day together. by_purpose: of answers, each of PURPOSES.

    doubtful: requests that were sent and have no reply, with what they cost at worst; under way where in_use, which is
    whether a run has the store now. waiting: those in batches whose results are still to come, at worst too.
    """

    by_purpose: Mapping[str, Paid]
    doubtful: Paid
    waiting: Paid
    in_use: bool

    @property
    def cost_usd(self) -> Decimal:
        """Of the answers."""
        return sum((paid.cost_usd for paid in self.by_purpose.values()), Decimal(0))


def spent_in(path: Path) -> Spent | None:
    """What was paid by a store; None where there is none. Errors: InputError for a file that is none, or is locked."""
    if not path.is_file():
        return None
    try:
        with closing(_connected(path)) as store:
            answers = store.execute("select purpose, cost_usd from answers").fetchall()
            doubtful, waiting = store.execute(_DOUBTFUL).fetchall(), store.execute(_WAITING).fetchall()
            return Spent(
                by_purpose={name: _paid([cost for purpose, cost in answers if purpose == name]) for name in PURPOSES},
                doubtful=_paid([cost for (cost,) in doubtful]),
                waiting=_paid([cost for (cost,) in waiting]),
                in_use=_is_in_use(path),
            )
    except sqlite3.Error as error:
        said = damaged(path, error)
    except (ArithmeticError, ValueError):  # costs that are no numbers
        said = damaged(path, None)
    raise InputError(said)


@contextmanager
def read_only(path: Path) -> Iterator[Store]:
    """A store to read from, while a run may have it. Errors: InputError where it cannot be opened."""
    try:
        connection = _connected(path)
    except sqlite3.Error as error:
        said = damaged(path, error)
    else:
        with closing(connection):
            yield Store(path, connection)
        return
    raise InputError(said)


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_SECONDS, check_same_thread=False
    )


def _paid(costs: list[str]) -> Paid:
    return Paid(answers=len(costs), cost_usd=sum(map(dollars, costs), Decimal(0)))


def _is_in_use(path: Path) -> bool:
    """Whether a run holds the lock beside a store; it is asked for and given back at once."""
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
