"""What a run of requests has come to so far, for whoever asks them: live or in batches."""

import threading
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from planner.evaluation.budget import Ledger
from planner.evaluation.evaluation import Asked, AskingLimits
from planner.evaluation.store import Store
from planner.prices import PriceBook

Progress = Callable[[str, float], None]


class RunState:
    """A run: its store, prices, limits, money, and counts of what became of its requests. Any thread may call it."""

    def __init__(self, store: Store, book: PriceBook, limits: AskingLimits, progress: Progress | None = None) -> None:
        self.store, self.book, self.limits, self.progress = store, book, limits, progress
        self.ledger = Ledger(Decimal(str(limits.budget_usd)))
        self.known = self.answered = self.left = self.waiting = 0
        self.refused: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, outcome: str, words: str = "", number: int = 1) -> None:
        """One more request of the run that was "known", "answered", "refused", "failed" or "left"."""
        with self._lock:
            if outcome in ("refused", "failed"):
                getattr(self, outcome)[words] += number
            else:
                setattr(self, outcome, getattr(self, outcome) + number)

    def asked(self) -> Asked:
        """What the run has come to."""
        with self._lock:
            return Asked(
                known=self.known,
                answered=self.answered,
                refused=dict(self.refused),
                failed=dict(self.failed),
                left=self.left,
                waiting=self.waiting,
                spent_usd=float(self.ledger.spent_usd),
                doubtful_usd=float(self.ledger.doubtful_usd),
            )
