"""Where graded answers come from: what an evidence file says beside the counts."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How the answers of a piece of evidence were drawn, asked and graded; None for what is not said.

    verdict: by the schedule of looks, and by the comparison with the current model where a margin was set.
    answers_planned, looks, margin: that schedule and margin. only_candidate, only_reference: answers to the same
    requests where one of the two models passed and the other did not. served_model: as the replies named it.
    prompt_sha256: of what the requests have in common, sample_sha256: of the sample, seed: of its draw. judge_fnr,
    judge_fpr: errors of a grading judge against judge_labels verdicts of people. token_ratio: input tokens per token of
    the reference model on the same requests; output_ratio: output tokens likewise, after the token ratio, as a route
    takes them; both with standard errors.
    """

    verdict: Literal["pass", "fail", "undecided"] | None = None
    answers_planned: int | None = None
    looks: int | None = None
    margin: float | None = None
    only_candidate: int | None = None
    only_reference: int | None = None
    reference_model: str | None = None
    served_model: str | None = None
    prompt_sha256: str | None = None
    sample_sha256: str | None = None
    seed: int | None = None
    grader: str | None = None
    judge_model: str | None = None
    judge_fnr: float | None = None
    judge_fpr: float | None = None
    judge_labels: int | None = None
    token_ratio: float | None = None
    token_ratio_se: float | None = None
    output_ratio: float | None = None
    output_ratio_se: float | None = None
    cost_usd: float | None = None
    cost_per_answer_usd: float | None = None
