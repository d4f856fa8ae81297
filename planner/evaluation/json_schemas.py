"""JSON schemas that answers are checked against: whether they can be used at all."""

from collections.abc import Iterator, Mapping
from typing import Any

from planner.errors import InputError
from planner.evaluation.graders.schemas import validator_of


def check_schema(schema: Mapping[str, Any]) -> None:
    """Nothing of it is fetched. Errors: InputError for what is no JSON schema, or refers to another document."""
    validator_of(schema)
    for reference in _references(schema):
        if not reference.startswith("#"):
            raise InputError(
                f"the JSON schema refers to '{reference[:200]}', and nothing is fetched; copy what it refers to under "
                '"$defs" and refer to it by "#/$defs/..."'
            )


def _references(node: Any) -> Iterator[str]:
    """Every $ref and $dynamicRef of a schema, also where a property happens to be called so."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _references(value)
