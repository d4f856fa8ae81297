"""Which models an evaluation asks, named or from the plan's mix."""

from pathlib import Path
from typing import Any

import pytest
from test_opportunities import CHAT, HAIKU, OPUS, SONNET, prepared

from planner.errors import InputError, UnknownModelError
from planner.evaluated_models import EvaluatedModels, evaluated_models
from planner.evaluation.evaluation import Evaluation, ExactGrader
from planner.prepared import Prepared


def models_of(request_type: str = "chat", *, plan: Prepared | None = None, **named: Any) -> EvaluatedModels:
    whole = plan or prepared(CHAT)
    evaluation = Evaluation(request_type=request_type, samples=(Path("/s.jsonl"),), grader=ExactGrader(), **named)
    return evaluated_models(evaluation, whole.price_book, lambda: whole)


def test_what_is_not_named_follows_from_the_mix() -> None:
    assert models_of() == EvaluatedModels(candidates=(HAIKU, SONNET), reference=OPUS)
    assert models_of(reference=SONNET) == EvaluatedModels(candidates=(HAIKU,), reference=SONNET)
    assert models_of(candidates=("haiku 5.5",)) == EvaluatedModels(candidates=(HAIKU,), reference=OPUS)


def test_a_plan_is_not_measured_where_all_models_are_named() -> None:
    book = prepared(CHAT).price_book

    def never() -> Prepared:
        raise AssertionError("the plan was prepared")

    evaluation = Evaluation(
        request_type="no type of the plan",
        samples=(Path("/s.jsonl"),),
        grader=ExactGrader(),
        candidates=(SONNET, HAIKU),
        reference=OPUS,
    )
    assert evaluated_models(evaluation, book, never) == EvaluatedModels(candidates=(SONNET, HAIKU), reference=OPUS)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"reference": HAIKU}, "no tier is cheaper than that of claude-haiku-5-5; name candidates"),
        ({"candidates": (OPUS,)}, "claude-opus-5-5 is both candidate and reference"),
        ({"candidates": (HAIKU, "haiku 5.5")}, "candidates name one model twice"),
        ({"request_type": "other"}, "the plan's mix has no such type"),
    ],
)
def test_what_cannot_be_evaluated_is_said(named: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        models_of(**named)


def test_an_unknown_model_is_named_with_its_key() -> None:
    with pytest.raises(UnknownModelError, match=r"evaluation of 'chat': candidates: .*gpt-9"):
        models_of(candidates=("gpt-9",))
    with pytest.raises(UnknownModelError, match=r"evaluation of 'chat': reference: .*gpt-9"):
        models_of(reference="gpt-9")


def test_of_several_models_that_serve_a_type_one_has_to_be_named() -> None:
    plan = prepared(CHAT, CHAT.replace(OPUS, SONNET))
    with pytest.raises(InputError, match=f"{OPUS} and {SONNET} serve it; name one of them as reference"):
        models_of(plan=plan)
