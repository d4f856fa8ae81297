"""The day it is, from one place, so that output can be reproduced."""

import os
from datetime import UTC, date, datetime

from planner.errors import InputError


def today() -> date:
    """Today in UTC, or the day that PLANNER_TODAY names. Errors: InputError where that is no day."""
    fixed = os.environ.get("PLANNER_TODAY")
    if not fixed:
        return datetime.now(tz=UTC).date()
    try:
        return date.fromisoformat(fixed)
    except ValueError:
        raise InputError(f"PLANNER_TODAY={fixed}: give a day as YYYY-MM-DD, or unset it") from None
