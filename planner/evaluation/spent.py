"""What a store says was paid, read without holding it up: a run that writes to it goes on."""

import fcntl
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from planner.errors import InputError
from planner.evaluation.store_file import damaged, dollars, opened

PURPOSES: Final = ("candidate", "reference", "judge")

_SENT: Final = "select worst_usd from attempts where state = 'sent'"
_DOUBTFUL: Final = (
    "select worst_usd from attempts where state = 'doubtful' union all select worst_usd from batch_items "
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

    doubtful: requests that were sent and brought no reply, with what they cost at worst. waiting: whose reply is still
    to come: under way, or in batches that have not ended. in_use: whether a run has the store now.
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
    """What was paid by a store; None where there is none. Errors: InputError for a file that is no store."""
    if not path.is_file():
        return None
    try:
        in_use = is_in_use(path)
        with closing(opened(path, read_only=True)) as store:
            answers = store.execute("select purpose, cost_usd from answers").fetchall()
            sent, doubtful, waiting = (
                [str(cost) for (cost,) in store.execute(sql)] for sql in (_SENT, _DOUBTFUL, _WAITING)
            )
        return Spent(
            by_purpose={name: _paid([cost for purpose, cost in answers if purpose == name]) for name in PURPOSES},
            doubtful=_paid(doubtful if in_use else [*sent, *doubtful]),
            waiting=_paid([*sent, *waiting] if in_use else waiting),
            in_use=in_use,
        )
    except sqlite3.Error as error:
        said = damaged(path, error)
    except (ArithmeticError, ValueError):  # costs that are no numbers
        said = damaged(path, None)
    raise InputError(said)


def _paid(costs: list[str]) -> Paid:
    return Paid(answers=len(costs), cost_usd=sum(map(dollars, costs), Decimal(0)))


def is_in_use(path: Path) -> bool:
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
