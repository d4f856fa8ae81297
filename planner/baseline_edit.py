"""A plan's baseline with what is suggested for it, and the plan's text with the suggestions that a user accepts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.baseline.alike import Alike, suggest_merges
from planner.baseline.suggestions import SuggestedExclusion, suggest_exclusions
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.measurement import Measurement
from planner.plan_file.loader import parse_plan
from planner.plan_file.usage_text import with_exclusions, with_type_rules
from planner.read_inputs import measured

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A plan's log measured, and what is suggested: exclusions are numbered from 1, merges after them."""

    inputs: PlanInputs
    measurement: Measurement
    exclusions: tuple[SuggestedExclusion, ...]
    merges: tuple[Alike, ...]


def baseline_of(inputs: PlanInputs, progress: Progress | None = None) -> Baseline:
    """Measure a plan's log and see what could be left out or merged. Errors: InputError for a plan without a log."""
    if inputs.usage is None:
        raise InputError("this plan has a typed [[mix]] and no [usage]: there is no log to have a baseline of")
    measurement = measured(inputs.usage, inputs.prices.price_book(), progress)
    return Baseline(
        inputs=inputs,
        measurement=measurement,
        exclusions=suggest_exclusions(measurement),
        merges=suggest_merges(measurement),
    )


def accepted(found: Baseline, numbers: Sequence[int], progress: Progress | None = None) -> tuple[str, Baseline]:
    """The plan's text with the suggestions of these numbers, comments and all, and the baseline that it has.

    Errors: InputError for a number that no suggestion has.
    """
    last = len(found.exclusions) + len(found.merges)
    if wrong := [number for number in numbers if not 1 <= number <= last]:
        there = f"numbers run from 1 to {last}" if last else "there is none"
        raise InputError(f"--accept {wrong[0]}: no suggestion has this number; {there}")
    chosen = sorted(set(numbers))
    n = len(found.exclusions)
    exclusions = [found.exclusions[number - 1].exclusion for number in chosen if number <= n]
    rules = [rule for number in chosen if number > n for rule in found.merges[number - n - 1].rules]
    text = with_type_rules(with_exclusions(found.inputs.text, exclusions), rules)
    return text, baseline_of(parse_plan(text, base_dir=found.inputs.base_dir, files=found.inputs.files), progress)
