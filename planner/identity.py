"""What tells one plan's figures from another's: program, plan file, prices, usage and evidence, by their hashes."""

from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import Final

from planner.digest import digest
from planner.plan import Plan
from planner.units import TOKEN_COLUMNS

PROGRAM: Final = "program"
PLAN_HASH: Final = "plan file, SHA-256"
PRICE_HASH: Final = "price data, SHA-256"
USAGE_HASH: Final = "usage measured, SHA-256"
EVIDENCE_HASH: Final = "evidence files, SHA-256"

_KEYS: Final = ("request_type", "model", "month", "requests", *TOKEN_COLUMNS)


def hashes(plan: Plan) -> tuple[tuple[str, str], ...]:
    """(label, hash) of everything that the figures are made of; evidence only where the plan names files of it."""
    inputs = plan.inputs
    found = [
        (PLAN_HASH, inputs.sha256),
        (PRICE_HASH, plan.prepared.price_book.sha256),
        (USAGE_HASH, usage_sha256(plan)),
    ]
    if inputs.file_evidence:
        found.append((EVIDENCE_HASH, digest(tuple(item.evidence for item in inputs.file_evidence))))
    return tuple(found)


def usage_sha256(plan: Plan) -> str:
    """Hash of requests and tokens by type, model and month, as measured; of a mix typed in, that there is none.

    Whatever files the same usage is read from, in whatever order, it is the same.
    """
    measured = plan.prepared.measurement
    if measured is None:
        return "none: the mix is typed into the plan, and is in its hash"
    rows = measured.rows[list(_KEYS)].itertuples(index=False)
    return sha256("\n".join(sorted("\t".join(map(str, row)) for row in rows)).encode()).hexdigest()


@cache
def program() -> str:
    """The program and its version, which is looked up in files."""
    return f"commit-planner {version('commit-planner')}"
