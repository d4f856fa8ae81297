"""Graded answers as a file keeps them: JSON lines of who answered what, and whether the answer passed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedAnswer:
    """One graded answer of a candidate model to one request.

    reference_passed: whether the current model's own answer to the same request passed, None where it was not graded.
    cost_usd: of the answer and of its grading. Files of others may leave out what has a default.
    """

    request_type: str
    candidate: str
    id: str
    passed: bool
    reference_passed: bool | None = None
    cost_usd: float | None = None
