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
    """A candidate's tokens per token of the reference. prompt: the ratio of tokenizers for these requests. output:
    None where no pair of answers is there."""

    prompt: Ratio
    output: Ratio | None


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


def measured_by_answers(candidate: Mapping[str, Answer], reference: Mapping[str, Answer]) -> MeasuredTokens | None:
    """From answers of both to the same requests, by id. Cached tokens are tokens of the prompt. None without a pair."""
    ids = [name for name in candidate if name in reference]
    pairs = [(candidate[name].tokens, reference[name].tokens) for name in ids]
    prompt = ratio_of_sums([sum(y[:OUTPUT]) for y, _ in pairs], [sum(x[:OUTPUT]) for _, x in pairs])
    output = ratio_of_sums([y[OUTPUT] for y, _ in pairs], [x[OUTPUT] for _, x in pairs])
    return None if prompt is None else MeasuredTokens(prompt=prompt, output=output)


def measured_by_counts(candidate: Mapping[str, int], reference: Mapping[str, int]) -> MeasuredTokens | None:
    """From tokens of the same prompts that the count-tokens endpoint gave for both, by id. None without a pair."""
    ids = [name for name in candidate if name in reference]
    prompt = ratio_of_sums([candidate[name] for name in ids], [reference[name] for name in ids])
    return None if prompt is None else MeasuredTokens(prompt=prompt, output=None)
