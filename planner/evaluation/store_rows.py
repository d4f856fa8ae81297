"""Answers as rows of a store, and rows of a store as answers."""

import json
import sqlite3
from decimal import Decimal
from typing import Any, Final

from planner.evaluation.evaluation import Answer
from planner.evaluation.store_file import dollars
from planner.units import TOKEN_CLASSES

ANSWER_COLUMNS: Final = (
    "key, model, served_model, content, stop_reason, "
    + ", ".join(f"{name}_tokens" for name in TOKEN_CLASSES)
    + ", cost_usd, is_batch, answered_at"
)


def insert_answer(
    connection: sqlite3.Connection, answer: Answer, request_type: str, purpose: str, cost_usd: Decimal
) -> None:
    """One answer more, unless one to its request is there. request_type, purpose: for whose question it was paid."""
    names = ANSWER_COLUMNS.replace("cost_usd", "cost_usd, request_type, purpose")
    values = (
        answer.key,
        answer.model,
        answer.served_model,
        json.dumps(answer.content, separators=(",", ":")),
        answer.stop_reason,
        *answer.tokens,
        str(cost_usd),
        request_type,
        purpose,
        int(answer.is_batch),
        answer.answered_at,
    )
    connection.execute(f"insert or ignore into answers ({names}) values ({', '.join('?' * len(values))})", values)


def _blocks(content: object) -> tuple[dict[str, Any], ...]:
    blocks = json.loads(str(content))
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise ValueError("no blocks")
    return tuple(blocks)


def answer_in(row: tuple[object, ...]) -> Answer:
    """The answer in a row of ANSWER_COLUMNS. Errors: ValueError, ArithmeticError, RecursionError where it is none."""
    key, model, served, content, stop, *rest = row
    first, second, third, fourth, fifth, cost, is_batch, at = rest
    return Answer(
        key=str(key),
        model=str(model),
        served_model=str(served),
        content=_blocks(content),
        stop_reason=str(stop),
        tokens=(int(str(first)), int(str(second)), int(str(third)), int(str(fourth)), int(str(fifth))),
        cost_usd=float(dollars(cost)),
        is_batch=bool(is_batch),
        answered_at=str(at),
    )
