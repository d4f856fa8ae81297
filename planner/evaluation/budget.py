"""A budget that holds while requests are in flight: what may be spent at worst is set aside before it is sent."""

import threading
from decimal import Decimal


class Ledger:
    """What a run has spent, may have spent, and may still spend, USD. Any thread may call it.

    spent: known costs. doubtful: at worst, of attempts that brought no reply. reserved: at worst, of what is in flight.
    spent + doubtful + reserved <= budget, as long as nothing costs more than was set aside for it.
    """

    def __init__(self, budget_usd: Decimal) -> None:
        self.budget_usd = budget_usd
        self.spent_usd = self.doubtful_usd = self.reserved_usd = Decimal(0)
        self._changed = threading.Condition()
        self._stopped = False

    @property
    def left_usd(self) -> Decimal:
        """What could be set aside now."""
        with self._changed:
            return self._left()

    def reserve(self, worst_usd: Decimal) -> bool:
        """Set aside what an attempt costs at worst; False where it does not fit, and after a stop.

        Where it does not fit only because of what is in flight, it waits for that: most of it comes back.
        """
        with self._changed:
            while not self._stopped and worst_usd > self._left() and self.reserved_usd > 0:
                self._changed.wait()
            if self._stopped or worst_usd > self._left():
                return False
            self.reserved_usd += worst_usd
            return True

    def settle(self, worst_usd: Decimal, cost_usd: Decimal) -> None:
        """What was set aside has become a known cost; 0 for what was refused and is not billed."""
        with self._changed:
            self.reserved_usd -= worst_usd
            self.spent_usd += cost_usd
            self._changed.notify_all()

    def doubt(self, worst_usd: Decimal) -> None:
        """What was set aside may have been spent: no reply came."""
        with self._changed:
            self.reserved_usd -= worst_usd
            self.doubtful_usd += worst_usd
            self._changed.notify_all()

    def stop(self) -> None:
        """Set nothing aside any more; whoever waits is refused."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait_for_flight(self, seconds: float) -> bool:
        """Wait until nothing is in flight; False where that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self.reserved_usd == 0, seconds)

    def _left(self) -> Decimal:
        return self.budget_usd - self.spent_usd - self.doubtful_usd - self.reserved_usd
