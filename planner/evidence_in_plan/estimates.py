"""What the evaluations of a plan would ask, and what that costs: needs no key, and holds up no run."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from planner.evaluated_models import evaluated_models
from planner.evaluation.estimate import Estimate, TypicalTokens
from planner.evaluation.runs import Question, estimates, question
from planner.evaluation.store import read_store
from planner.list_cost import at_provider
from planner.prepared import Prepared
from planner.prices import PriceBook
from planner.units import OUTPUT


def plan_questions(
    prepared: Prepared, *, seed: int | None = None, answers: int | None = None, with_reference: bool = False
) -> tuple[Question, ...]:
    """Every evaluation of a plan with its draw and its models; seed and answers as the plan has them unless given.

    Errors: InputError for a sample that cannot be read, and where models are not named and do not follow from the mix;
    UnknownModelError.
    """
    found = []
    for item in prepared.inputs.evaluations:
        models = evaluated_models(item, prepared.price_book, lambda: prepared)
        found.append(
            question(
                item,
                models.candidates,
                models.reference,
                seed=prepared.inputs.seed if seed is None else seed,
                answers=answers,
                with_reference=with_reference,
            )
        )
    return tuple(found)


def asking_prices(prepared: Prepared) -> PriceBook:
    """The prices that answers are paid at: Anthropic's own, at list."""
    return at_provider(prepared.price_book, "anthropic").at_list()


def typical_tokens(prepared: Prepared, questions: Sequence[Question]) -> dict[str, TypicalTokens]:
    """Tokens of each type on its reference model, where the plan's mix has them."""
    found: dict[str, TypicalTokens] = {}
    for item in questions:
        for entry in prepared.mix.entries:
            if entry.request_type == item.evaluation.request_type and entry.model == item.reference:
                *prompt, output = map(float, entry.tokens_per_request[: OUTPUT + 1])
                found[entry.request_type] = TypicalTokens(model=item.reference, prompt=sum(prompt), output=output)
    return found


def plan_estimates(prepared: Prepared, questions: Sequence[Question], store: Path | None) -> tuple[Estimate, ...]:
    """What is still to be asked one by one, of what a store lacks, where there is one.

    Errors: PriceError for what has no price; InputError for a file that is no store.
    """
    with ExitStack() as opened:
        kept = opened.enter_context(read_store(store)) if store is not None and store.is_file() else None
        return estimates(
            questions, asking_prices(prepared), kept, in_batch=False, typical=typical_tokens(prepared, questions)
        )
