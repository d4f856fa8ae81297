"""Tokens of a candidate for the same requests, against the reference: measured by answers, or counted for prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt

from planner.evaluation.evaluation import Answer
from planner.units import OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio of sums over pairs, and its standard error; NaN where a single pair tells nothing of the spread."""

    value: float
    se: float
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTokens:
    """A candidate's tokens per token of the reference, for the same requests.

    prompt: of the prompt, which is what a plan calls token_ratio: the same text, other tokens. output: of the answers.
    length: of the answers after the token ratio, output / prompt, which is what a plan calls output_ratio. Both are
    None where no pair of answers is there.
    """

    prompt: Ratio
    output: Ratio | None
    length: Ratio | None


def ratio_of_sums(candidate: Sequence[int], reference: Sequence[int]) -> Ratio | None:
    """R = sum y / sum x over pairs, and se(R) = sqrt(n / (n - 1) sum (y - R x)^2) / sum x, by the delta method.

    None where there is no pair, or the reference has no token.
    """
    n, total = len(reference), sum(reference)
    if n == 0 or total == 0:
        return None
    ratio = sum(candidate) / total
    squares = sum((y - ratio * x) ** 2 for y, x in zip(candidate, reference, strict=True))
    return Ratio(value=ratio, se=sqrt(n / (n - 1) * squares) / total if n > 1 else nan, pairs=n)


def ratio_of_ratios(candidate: Sequence[tuple[int, int]], reference: Sequence[tuple[int, int]]) -> Ratio | None:
    """(sum y1 / sum x1) / (sum y0 / sum x0) over pairs of (0, 1), such as prompt and output, by the delta method too:

    se = R sqrt(n / (n - 1) sum (e1 / sum y1 - e0 / sum y0)^2), e = y - (sum y / sum x) x. None where a sum is 0.
    """
    parts = [_residuals([pair[place] for pair in candidate], [pair[place] for pair in reference]) for place in (0, 1)]
    if parts[0] is None or parts[1] is None:
        return None
    (base, base_errors), (top, top_errors) = parts[0], parts[1]
    n, value = len(candidate), top / base
    squares = sum((one - other) ** 2 for one, other in zip(top_errors, base_errors, strict=True))
    return Ratio(value=value, se=value * sqrt(n / (n - 1) * squares) if n > 1 else nan, pairs=n)


def _residuals(candidate: Sequence[int], reference: Sequence[int]) -> tuple[float, list[float]] | None:
    """The ratio of sums, and what each pair departs from it, as a part of the candidate's sum."""
    total, base = sum(candidate), sum(reference)
    if total == 0 or base == 0:
        return None
    ratio = total / base
    return ratio, [(y - ratio * x) / total for y, x in zip(candidate, reference, strict=True)]


def measured_by_answers(candidate: Mapping[str, Answer], reference: Mapping[str, Answer]) -> MeasuredTokens | None:
    """From answers of both to the same requests, by id. Cached tokens are tokens of the prompt. None without a pair."""
    ids = [name for name in candidate if name in reference]
    own = [(sum(candidate[name].tokens[:OUTPUT]), candidate[name].tokens[OUTPUT]) for name in ids]
    other = [(sum(reference[name].tokens[:OUTPUT]), reference[name].tokens[OUTPUT]) for name in ids]
    prompt, output = (ratio_of_sums([pair[place] for pair in own], [pair[place] for pair in other]) for place in (0, 1))
    if prompt is None:
        return None
    return MeasuredTokens(prompt=prompt, output=output, length=ratio_of_ratios(own, other))


def measured_by_counts(candidate: Mapping[str, int], reference: Mapping[str, int]) -> MeasuredTokens | None:
    """From tokens of the same prompts that the count-tokens endpoint gave for both, by id. None without a pair."""
    ids = [name for name in candidate if name in reference]
    prompt = ratio_of_sums([candidate[name] for name in ids], [reference[name] for name in ids])
    return None if prompt is None else MeasuredTokens(prompt=prompt, output=None, length=None)
