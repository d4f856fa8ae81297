"""JSON schemas that answers are checked against: whether they can be used at all."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for

from planner.errors import InputError


def check_schema(schema: Mapping[str, Any]) -> None:
    """Nothing of it is fetched. Errors: InputError for what is no JSON schema, or refers to another document."""
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        at = ".".join(map(str, error.absolute_path)) or "its top"
        raise InputError(f"no JSON schema: at {at}: {error.message[:200]}; correct it there") from None
    except RecursionError:
        raise InputError("no JSON schema: it is nested too deeply; make it flatter") from None
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
