"""Make the bundled sample of requests and its graded answers. Everything in them is SYNTHETIC.

    python data/evidence/make_example.py         # writes requests.jsonl and graded.jsonl beside this file

No ticket, company or answer is real, and no model was asked: requests.jsonl shows what a sample looks like, and
graded.jsonl what graded answers look like, with as many passed as are typed in below. The same seed gives the same
bytes.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.evaluation.sample import draw, read_sample

SEED = 20261123
"""Of the plan that comes with it, so that graded answers are in the order in which that plan draws them."""

HERE = Path(__file__).resolve().parent

TRIAGE_SYSTEM = (
    "Sort the ticket into one queue: billing, technical, account or other. Answer with the name of the queue alone."
)
TRIAGE = {
    "billing": (
        "I was charged {n} times for invoice {ref}. Please refund what is too much.",
        "The invoice {ref} has the wrong tax rate, can you send it again?",
        "Our purchase order {ref} is not on the last bill, and accounting will not pay without it.",
    ),
    "technical": (
        "Since this morning the export of report {ref} stops at {n} %.",
        "The webhook for {ref} answers with error 500 about {n} times an hour.",
        "Search finds nothing in project {ref} any more, not even titles.",
    ),
    "account": (
        "Please move {n} seats from team {ref} to our new workspace.",
        "I lost my phone and cannot get the code for user {ref}.",
        "Our administrator has left. Who can give me the rights for {ref}?",
    ),
    "other": (
        "Do you have an office in Lisbon? We are {n} people and would like to visit ({ref}).",
        "Your newsletter {ref} was great, thank you!",
        "We write a study on {n} suppliers such as you. Who could answer questions ({ref})?",
    ),
}
EXTRACT_SYSTEM = "Read the invoice and answer with the total to pay, as a plain number without currency."
EXTRACT = (
    "Invoice {ref}\n{lines}\nSubtotal {subtotal:.2f}\nVAT 19 % {tax:.2f}\nThank you for your order.",
    "Reference {ref}. Positions: {lines}. Net sum {subtotal:.2f} EUR, value added tax {tax:.2f} EUR.",
)


@dataclass(frozen=True, kw_only=True)
class Graded:
    """What the synthetic grading of one candidate comes to, and what an answer of it costs at list, USD."""

    request_type: str
    candidate: str
    passed: int
    failed: int
    cost_usd: float


GRADED = (
    Graded(request_type="triage", candidate="claude-haiku-5-5", passed=188, failed=12, cost_usd=0.000019),
    Graded(request_type="extract", candidate="claude-haiku-5-5", passed=93, failed=7, cost_usd=0.000024),
    Graded(request_type="extract", candidate="claude-sonnet-5-5", passed=145, failed=5, cost_usd=0.00048),
)
REFERENCE_FAILS = 0.03
"""Share of the requests on which the current model's own answer is graded as failed."""


def requests() -> Iterator[dict[str, Any]]:
    """Tickets to sort, and invoices to read."""
    chance = random.Random(SEED)
    for number in range(1, 241):
        queue = chance.choice(list(TRIAGE))
        text = chance.choice(TRIAGE[queue]).format(n=chance.randint(2, 90), ref=_reference(chance))
        yield _request("triage", number, TRIAGE_SYSTEM, text, max_tokens=16, expected=queue)
    for number in range(1, 181):
        prices = [chance.randint(100, 90_000) / 100 for _ in range(chance.randint(2, 6))]
        lines = "; ".join(f"{chance.randint(1, 9)} x item {_reference(chance)}: {price:.2f}" for price in prices)
        subtotal = sum(prices)
        tax = round(subtotal * 0.19, 2)
        text = chance.choice(EXTRACT).format(ref=_reference(chance), lines=lines, subtotal=subtotal, tax=tax)
        yield _request("extract", number, EXTRACT_SYSTEM, text, max_tokens=64, expected=round(subtotal + tax, 2))


def _reference(chance: random.Random) -> str:
    return f"{chance.choice('ABCDEFGH')}-{chance.randint(1000, 9999)}"


def _request(
    request_type: str, number: int, system: str, text: str, *, max_tokens: int, expected: str | float
) -> dict[str, Any]:
    return {
        "request_type": request_type,
        "id": f"{request_type}-{number:03}",
        "system": system,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": max_tokens,
        "expected": expected,
    }


def graded() -> Iterator[dict[str, Any]]:
    """Graded answers of each candidate in the order in which the plan's seed draws its requests."""
    sample = read_sample([HERE / "requests.jsonl"])
    for item in GRADED:
        answers = item.passed + item.failed
        drawn = draw(sample, request_type=item.request_type, answers=answers, seed=SEED)
        chance = random.Random(f"{SEED} {item.request_type} {item.candidate}")
        failed = set(chance.sample(range(len(drawn)), item.failed))
        of_reference = random.Random(f"{SEED} {item.request_type}")
        for index, request in enumerate(drawn):
            yield {
                "request_type": item.request_type,
                "candidate": item.candidate,
                "id": request.id,
                "passed": index not in failed,
                "reference_passed": of_reference.random() >= REFERENCE_FAILS,
                "cost_usd": item.cost_usd,
            }


def main() -> None:
    """Write both files, the requests first: the graded answers are drawn from them."""
    for name, lines in (("requests.jsonl", requests), ("graded.jsonl", graded)):
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines())
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
