"""What an evaluation is expected to cost, and what it may cost at worst, before anything is spent."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from planner.evaluation.answer_cost import (
    BilledUse,
    answer_cost_usd,
    characters,
    has_sources,
    most_prompt_tokens,
    worst_cost_usd,
)
from planner.evaluation.evaluation import ModelRequest
from planner.prices import PriceBook

CHARACTERS_PER_TOKEN: Final = 4.0
"""Of English text in the older tokenizer; the newer one has as many tokens more as the price book says."""

MUCH: Final = 2.0
"""Prompts of a sample that are so many times longer or shorter than those of the plan's mix are said to be: the length
in characters tells no less than that."""

CountedFrom = Literal["count-tokens", "plan", "characters"]
LengthFrom = Literal["answers", "plan", "max_tokens"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalTokens:
    """Means of a type's requests on one model, as the plan's mix has them: tokens of the whole prompt, and output."""

    model: str
    prompt: float
    output: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What one model's answers to one type cost. Counts of requests, tokens in all, USD.

    known: answered before, refused for good, or in a batch that goes on, so free now. to_ask: the others. prompt_from:
    where the tokens of the prompts are from: counted by the endpoint; the mean of the plan's mix, unless the sample's
    differ much from it; or characters. output_from: the mean of answers that are there, that of the plan's mix, or
    max_tokens, which is more than any answer has. lengths: of the prompts against those of the plan's mix, None where
    one of the two is not known.
    """

    request_type: str
    model: str
    purpose: str
    known: int
    to_ask: int
    prompt_tokens: float
    output_tokens: float
    prompt_from: CountedFrom
    output_from: LengthFrom
    expected_usd: Decimal
    worst_usd: Decimal
    lengths: "PromptLengths | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLengths:
    """Mean tokens of a prompt on one model: in the sample, counted or by its characters, and in the plan's mix."""

    sample: float
    mix: float

    @property
    def differ_much(self) -> bool:
        """Whether the sample may not be of the requests that the plan is about."""
        return max(self.sample, self.mix) > MUCH * min(self.sample, self.mix)


def estimated(
    requests: Sequence[ModelRequest],
    book: PriceBook,
    *,
    on: date,
    in_batch: bool,
    known: Mapping[str, int],
    counted: Mapping[str, int],
    typical: TypicalTokens | None,
    settled: Collection[str] = (),
) -> Estimate:
    """Of requests of one type to one model.

    known: key -> output tokens of answers that are there. counted: key -> prompt tokens by the endpoint. settled: keys
    of requests that are not asked again all the same. typical: of the type in the plan's mix, on the model that serves
    it.

    expected = sum of the cost at list of each prompt's tokens, uncached, and of the mean output. Of a request it is
    never more than its worst: a prompt has at most the tokens that its text can have, an answer at most max_tokens.
    Errors: PriceError; UnknownModelError; InputError for a request whose cost has no bound.
    """
    to_ask = [request for request in requests if request.key not in known and request.key not in settled]
    model = requests[0].model
    lengths = _lengths(requests, book, counted, typical)
    like_mix = None if lengths is not None and lengths.differ_much else typical
    prompts, prompt_from = _prompts(to_ask, model, book, counted, like_mix)
    outputs, output_from = _outputs(to_ask, model, book, known, typical)
    expected = Decimal(0)
    for prompt, output in zip(prompts, outputs, strict=True):
        use = BilledUse(tokens=(round(prompt), 0, 0, 0, round(output)))
        expected += answer_cost_usd(use, model, book, on=on, in_batch=in_batch)
    worst = [
        worst_cost_usd(request, book, on=on, in_batch=in_batch, counted_tokens=counted.get(request.key))
        for request in to_ask
    ]
    return Estimate(
        request_type=requests[0].request_type,
        model=model,
        purpose=requests[0].purpose,
        known=len(requests) - len(to_ask),
        to_ask=len(to_ask),
        prompt_tokens=sum(prompts),
        output_tokens=sum(outputs),
        prompt_from=prompt_from,
        output_from=output_from,
        expected_usd=expected,
        worst_usd=sum(worst, Decimal(0)),
        lengths=lengths,
    )


def _prompts(
    requests: Sequence[ModelRequest],
    model: str,
    book: PriceBook,
    counted: Mapping[str, int],
    typical: TypicalTokens | None,
) -> tuple[list[float], CountedFrom]:
    if requests and all(request.key in counted for request in requests):
        found, source = [float(counted[request.key]) for request in requests], "count-tokens"
    elif typical is not None:
        found, source = [typical.prompt * book.token_ratio(typical.model, model)] * len(requests), "plan"
    else:
        found, source = _by_characters(requests, model, book), "characters"
    most = [most_prompt_tokens(request.params, counted.get(request.key)) for request in requests]
    return list(map(min, found, most)), source  # type: ignore[return-value]


def _by_characters(requests: Sequence[ModelRequest], model: str, book: PriceBook) -> list[float]:
    per_token = CHARACTERS_PER_TOKEN / (book.new_tokens_per_old if book.tokenizer(model) != "old" else 1.0)
    return [characters(request.params) / per_token for request in requests]


def _lengths(
    requests: Sequence[ModelRequest], book: PriceBook, counted: Mapping[str, int], typical: TypicalTokens | None
) -> PromptLengths | None:
    if typical is None or typical.prompt <= 0:
        return None
    model = requests[0].model
    if all(request.key in counted for request in requests):
        own = [float(counted[request.key]) for request in requests]
    elif any(has_sources(request.params) for request in requests):
        return None  # pictures and documents have no length in characters
    else:
        own = _by_characters(requests, model, book)
    return PromptLengths(sample=sum(own) / len(own), mix=typical.prompt * book.token_ratio(typical.model, model))


def _outputs(
    requests: Sequence[ModelRequest],
    model: str,
    book: PriceBook,
    known: Mapping[str, int],
    typical: TypicalTokens | None,
) -> tuple[list[float], LengthFrom]:
    most = [float(request.params["max_tokens"]) for request in requests]
    if known:
        mean, source = sum(known.values()) / len(known), "answers"
    elif typical is not None:
        mean, source = typical.output * book.token_ratio(typical.model, model), "plan"
    else:
        return most, "max_tokens"
    return [min(mean, limit) for limit in most], source  # type: ignore[return-value]
