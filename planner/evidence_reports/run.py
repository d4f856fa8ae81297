"""What an evaluation will cost, what a run has brought, and how many tokens each model takes: tables, words, JSON."""

from collections.abc import Sequence
from decimal import Decimal
from math import floor, isfinite, log10
from pathlib import Path
from typing import Any, Final

from planner.evaluation.estimate import Estimate
from planner.evaluation.evaluation import Asked, JudgeGrader
from planner.evaluation.measured_tokens import Ratio
from planner.evaluation.runs import CandidateTokens, Question
from planner.evaluation.store import Kept
from planner.tables import Table
from planner.words import count, counted, usd

Json = dict[str, Any]

_PROMPT_WORDS: Final = {
    "count-tokens": "counted",
    "plan": "mean of the plan's mix",
    "characters": "their characters",
}
_OUTPUT_WORDS: Final = {
    "answers": "mean of answers there are",
    "plan": "mean of the plan's mix",
    "max_tokens": "max_tokens, at most",
}


def estimate_table(estimates: Sequence[Estimate]) -> Table:
    """Expected and worst cost of what is still to be asked, by type and model."""
    rows = tuple(
        (
            item.request_type,
            item.model,
            item.purpose,
            count(item.known),
            count(item.to_ask),
            money(item.expected_usd),
            money(item.worst_usd),
            count(item.prompt_tokens),
            _PROMPT_WORDS[item.prompt_from] if item.to_ask else "",
            count(item.output_tokens),
            _OUTPUT_WORDS[item.output_from] if item.to_ask else "",
        )
        for item in estimates
    )
    return Table(
        title="What is to be asked, at list prices",
        columns=(
            *("request type", "model", "as", "known", "to ask", "expected", "at worst"),
            *("prompt tokens", "prompts by", "output tokens", "output by"),
        ),
        rows=rows,
        numeric=frozenset({3, 4, 5, 6, 7, 9}),
    )


def money(value: Decimal | float) -> str:
    """Dollars with cents; small amounts to the digits that they have."""
    amount = float(value)
    if not 0 < amount < 1:
        return usd(amount, cents=True)
    return f"${amount:.{2 - floor(log10(amount))}f}"


def estimate_sentences(questions: Sequence[Question], estimates: Sequence[Estimate], *, in_batch: bool) -> list[str]:
    """What is asked, what that costs, and what the figures rest on."""
    expected, worst, to_ask = totals(estimates)
    how = "through Message Batches, at half the price" if in_batch else "one by one"
    if to_ask == 0:
        return ["Nothing is left to ask: every answer is there, refused for good, or in a batch that goes on."]
    said = [f"{counted(to_ask, 'request')} {how}: about {money(expected)} expected, {money(worst)} at worst."]
    if any(item.prompt_from == "characters" and item.to_ask for item in estimates):
        said.append(
            "Prompt tokens are guessed from characters, right to a third for English text: --count-tokens counts "
            "them with the API, for free."
        )
    if any(item.output_from == "max_tokens" and item.to_ask for item in estimates):
        said.append("Where nothing is known of the length of answers, max_tokens is expected: the most that can be.")
    said += _length_sentences(estimates)
    for item in questions:
        if len(item.sample) < item.wanted:
            said.append(
                f"'{item.evaluation.request_type}' has {counted(len(item.sample), 'request')} in its sample, the "
                f"schedule plans {count(item.wanted)}."
            )
        if isinstance(item.evaluation.grader, JudgeGrader):
            said.append(
                f"'{item.evaluation.request_type}' is graded by {item.evaluation.grader.model}, twice an answer: that "
                "is paid when it is graded, and not in these figures."
            )
    return said


def _length_sentences(estimates: Sequence[Estimate]) -> list[str]:
    """Per type whose sample has prompts of quite another length than the plan's mix, what that means."""
    found = {item.request_type: item.lengths for item in estimates if item.lengths and item.lengths.differ_much}
    return [
        f"The prompts of '{name}' in the sample have about {_about(lengths.sample)} tokens, those of the plan's mix "
        f"{_about(lengths.mix)}: if these are not the requests that the type is about, what they show does not hold "
        "for it."
        for name, lengths in found.items()
    ]


def _about(tokens: float) -> str:
    """A count to two digits: its length in characters tells no more."""
    return count(round(tokens, 1 - floor(log10(tokens)))) if tokens >= 1 else "1"


def totals(estimates: Sequence[Estimate]) -> tuple[Decimal, Decimal, int]:
    """Expected and worst cost, and requests to ask, in all."""
    return (
        sum((item.expected_usd for item in estimates), Decimal(0)),
        sum((item.worst_usd for item in estimates), Decimal(0)),
        sum(item.to_ask for item in estimates),
    )


def budget_sentences(estimates: Sequence[Estimate], budget_usd: float) -> list[str]:
    """Whether a budget is enough."""
    expected, worst, to_ask = totals(estimates)
    budget = Decimal(str(budget_usd))
    if to_ask == 0 or budget >= worst:
        return []
    if budget < expected:
        return [f"A budget of {money(budget)} is less than expected: it stops the run before all is asked."]
    return [f"A budget of {money(budget)} is enough for what is expected, and stops the run where it is not."]


def asked_table(asked: Asked) -> Table:
    """What became of the requests."""
    rows = [
        ("known before", count(asked.known), ""),
        ("answered", count(asked.answered), ""),
        *(("refused", count(number), words) for words, number in asked.refused.items()),
        *(("failed, asked again next time", count(number), words) for words, number in asked.failed.items()),
        *((("not asked", count(asked.left), "budget spent, or stopped"),) if asked.left else ()),
        *((("in batches not ended yet", count(asked.waiting), ""),) if asked.waiting else ()),
    ]
    return Table(title="What was asked", columns=("", "requests", "why"), rows=tuple(rows), numeric=frozenset({1}))


def asked_sentences(asked: Asked, kept: Kept, store: Path) -> list[str]:
    """What the run brought and spent, and what to type next."""
    said = [
        f"{counted(asked.answered, 'answer')} for {money(asked.spent_usd)}; {store} holds {count(kept.answers)} in "
        f"all, for {money(kept.spent_usd)}."
    ]
    if kept.doubtful:
        said.append(
            f"{counted(kept.doubtful, 'attempt')} brought no reply and may have been billed: "
            f"{money(kept.doubtful_usd)} at worst."
        )
    if asked.left or asked.failed or asked.waiting:
        said.append("The same command goes on with what is missing, and asks nothing twice.")
    return said


def tokens_table(found: Sequence[CandidateTokens]) -> Table:
    """Tokens of each candidate per token of the reference, measured."""
    rows = tuple(
        (
            item.request_type,
            item.model,
            item.reference,
            _ratio(item.measured.prompt),
            _ratio(item.measured.output),
            _ratio(item.measured.length),
            count(item.measured.prompt.pairs),
        )
        for item in found
    )
    return Table(
        title="Tokens of the same requests, per token of the reference",
        columns=("request type", "candidate", "reference", "token_ratio", "output tokens", "output_ratio", "requests"),
        rows=rows,
        numeric=frozenset({3, 4, 5, 6}),
        note="token_ratio (of the prompt) and output_ratio (of the output, after the token ratio) as a route has them.",
    )


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return "not known"
    return f"{ratio.value:.3f} ± {ratio.se:.3f}" if isfinite(ratio.se) else f"{ratio.value:.3f}"


def estimate_json(estimates: Sequence[Estimate]) -> Json:
    """Of `planner evidence plan`, for scripts."""
    expected, worst, to_ask = totals(estimates)
    return {
        "expected_usd": float(expected),
        "worst_usd": float(worst),
        "to_ask": to_ask,
        "questions": [
            {
                "request_type": item.request_type,
                "model": item.model,
                "purpose": item.purpose,
                "known": item.known,
                "to_ask": item.to_ask,
                "prompt_tokens": item.prompt_tokens,
                "prompt_tokens_from": item.prompt_from,
                "output_tokens": item.output_tokens,
                "output_tokens_from": item.output_from,
                "expected_usd": float(item.expected_usd),
                "worst_usd": float(item.worst_usd),
                "prompt_tokens_in_sample": None if item.lengths is None else item.lengths.sample,
                "prompt_tokens_in_mix": None if item.lengths is None else item.lengths.mix,
            }
            for item in estimates
        ],
    }


def run_json(asked: Asked, kept: Kept, store: Path, tokens: Sequence[CandidateTokens]) -> Json:
    """Of `planner evidence run`, for scripts."""
    return {
        "store": str(store),
        "known": asked.known,
        "answered": asked.answered,
        "refused": dict(asked.refused),
        "failed": dict(asked.failed),
        "left": asked.left,
        "waiting": asked.waiting,
        "spent_usd": asked.spent_usd,
        "doubtful_usd": asked.doubtful_usd,
        "answers_in_store": kept.answers,
        "spent_in_store_usd": float(kept.spent_usd),
        "doubtful_in_store_usd": float(kept.doubtful_usd),
        "tokens": [
            {
                "request_type": item.request_type,
                "candidate": item.model,
                "reference": item.reference,
                "token_ratio": _ratio_json(item.measured.prompt),
                "output_tokens_ratio": _ratio_json(item.measured.output),
                "output_ratio": _ratio_json(item.measured.length),
            }
            for item in tokens
        ],
    }


def _ratio_json(ratio: Ratio | None) -> Json | None:
    if ratio is None:
        return None
    return {"value": ratio.value, "se": ratio.se if isfinite(ratio.se) else None, "requests": ratio.pairs}
