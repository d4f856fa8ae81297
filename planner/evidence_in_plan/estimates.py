"""What the evaluations of a plan would ask, and what that costs, without a key and without holding up a run."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from planner.evaluated_models import evaluated_models
from planner.evaluation.estimate import Estimate, TypicalTokens
from planner.evaluation.runs import Question, estimates, question
from planner.evaluation.store import read_store
from planner.list_cost import at_provider
from planner.prepared import Prepared
from planner.units import OUTPUT


def plan_questions(prepared: Prepared) -> tuple[Question, ...]:
    """Every evaluation of a plan with its draw and its models. Errors: InputError for a sample that cannot be read, and
    where models are not named and do not follow from the mix; UnknownModelError."""
    found = []
    for item in prepared.inputs.evaluations:
        models = evaluated_models(item, prepared.price_book, lambda: prepared)
        found.append(question(item, models.candidates, models.reference, seed=prepared.inputs.seed))
    return tuple(found)


def plan_estimates(prepared: Prepared, questions: Sequence[Question], store: Path | None) -> tuple[Estimate, ...]:
    """What is still to be asked one by one, of what a store lacks, where there is one.

    Errors: PriceError for what has no price; InputError for a file that is no store.
    """
    book = at_provider(prepared.price_book, "anthropic").at_list()
    typical = {name: tokens for item in questions for name, tokens in _typical(prepared, item)}
    with ExitStack() as opened:
        kept = opened.enter_context(read_store(store)) if store is not None and store.is_file() else None
        return estimates(questions, book, kept, in_batch=False, typical=typical)


def _typical(prepared: Prepared, item: Question) -> list[tuple[str, TypicalTokens]]:
    """Tokens of the type on the reference model, where the plan's mix has them."""
    name = item.evaluation.request_type
    own = [one for one in prepared.mix.entries if one.request_type == name and one.model == item.reference]
    tokens = [list(map(float, one.tokens_per_request[: OUTPUT + 1])) for one in own]
    return [
        (name, TypicalTokens(model=item.reference, prompt=sum(prompt), output=output)) for *prompt, output in tokens[:1]
    ]
